// A serial line with a simulated device at its end: a pty whose slave the server opens. What the device does is a function of sims/,
// which sets onData. Modem lines come from the preloaded library of compat/ where a row asks for them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openPty, type Pty } from '../rig/pty.ts';

/** The last bytes of one direction, for the report of a failed row. */
export class Tail {
  static readonly #KEPT = 256;
  #bytes: Buffer = Buffer.alloc(0);
  /** Bytes ever. */
  count = 0;
  add(data: Buffer): void {
    this.count += data.length;
    const all = Buffer.concat([this.#bytes, data.subarray(-Tail.#KEPT)]);
    this.#bytes = all.subarray(-Tail.#KEPT);
  }
  bytes(): Buffer {
    return this.#bytes;
  }
}

/** Bits of one character on the line, for pacing: start, eight data, stop. */
const BITS = 10;
/** How often the record of the modem lines is looked at, ms. */
const LOOK_MS = 2;

export class Line {
  readonly path: string;
  /** What the device got and sent. */
  readonly got = new Tail();
  readonly sent = new Tail();
  /** Called with what arrives at the device; the buffer is its own. */
  onData: (data: Buffer) => void = () => undefined;
  /** Called for each change of an output line and each break: `DTR on`, `RTS off`, `timed break`. Only with modem lines. */
  onSignal: (event: string) => void = () => undefined;
  /** The speed in force when data came last; 0: none came. A program may put the old one back when it ends. */
  heardAt = 0;
  /** The speeds in force when the device sent something. */
  readonly sentAt = new Set<number>();
  readonly #pty: Pty;
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting: Buffer = Buffer.alloc(0);
  #pacing = false;

  /** modem: the folder of the preloaded library, which then gives this line modem lines. */
  constructor(modem?: string) {
    this.#pty = openPty({ raw: true });
    this.path = this.#pty.path;
    this.#pty.master.onData = (data) => {
      this.got.add(data);
      this.heardAt = this.speed;
      this.onData(Buffer.from(data));
    };
    if (modem !== undefined) this.#watch(join(modem, basename(this.path)));
  }

  /** bitsPerSecond: one character after the other at that speed; 0: all at once. */
  send(data: Buffer | string, bitsPerSecond = 0): void {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    if (bitsPerSecond === 0 && !this.#pacing) return this.#put(bytes);
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    if (!this.#pacing) this.#pace(performance.now(), 0, bitsPerSecond);
  }
  #put(bytes: Buffer): void {
    this.sent.add(bytes);
    this.sentAt.add(this.speed);
    // The end of the row may close the line under a device that is still sending.
    void this.#pty.master.write(bytes).catch(() => undefined);
  }
  #pace(began: number, done: number, speed: number): void {
    const due = Math.floor(((performance.now() - began) * speed) / BITS / 1000) + 1 - done;
    const now = this.#waiting.subarray(0, due);
    this.#waiting = this.#waiting.subarray(now.length);
    if (now.length > 0) this.#put(now);
    this.#pacing = this.#waiting.length > 0;
    if (this.#pacing) this.after(1, () => this.#pace(began, done + now.length, speed));
  }
  /** What is not sent yet is dropped, as by a reset. */
  drop(): void {
    this.#waiting = Buffer.alloc(0);
  }

  /** Runs once, unless the line is closed before. */
  after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }
  /** Runs again and again until the line is closed. */
  every(ms: number, run: () => void): void {
    this.after(ms, () => {
      run();
      this.every(ms, run);
    });
  }

  /** The speed that the server set, in bits per second. */
  get speed(): number {
    return this.#pty.settings().ospeed;
  }
  /** Throws unless data came last at this speed. */
  mustHaveHeardAt(speed: number): void {
    assert.equal(this.heardAt, speed, `at the device the speed was ${this.heardAt}, not ${speed}`);
  }
  /** The settings in force. */
  settings(): ReturnType<Pty['settings']> {
    return this.#pty.settings();
  }

  #watch(stem: string): void {
    writeFileSync(`${stem}.lines`, 'CTS DSR CD\n');
    let seen = 0;
    this.every(LOOK_MS, () => {
      const lines = existsSync(`${stem}.events`) ? readFileSync(`${stem}.events`, 'latin1').split('\n').slice(0, -1) : [];
      for (const line of lines.slice(seen)) this.onSignal(line);
      seen = lines.length;
    });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#pacing = true; // nothing is sent any more
    this.onData = () => undefined;
    await this.#pty.close();
  }
}
