// Device to network: gathers input for a moment (chardelay), then hands it to every user. The device is read only while
// every user takes what it gets.
import type { Clock } from '../base/clock.ts';
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import type { LineRate } from '../gensio/gensio.ts';
import type { Matcher } from './match.ts';

/** One that gets the device's data. */
interface Consumer {
  /** As Gensio.write. */
  write(data: Buffer): boolean;
  readonly full: boolean;
}

/** How input is gathered. */
export interface FanOutOptions {
  /** Input is sent on without waiting when there is this much. */
  readonly bufsize: number;
  /** The first byte waits no longer than this, in ms. */
  readonly maxDelay: number;
  /** Input is sent on without waiting when this has come; `undefined` for nothing. */
  readonly sendon: Matcher | undefined;
}

/** The rate that ser2net assumes if it does not know better, which in 4.3.11 is always. */
export const DEFAULT_RATE: LineRate = { bps: 9600, databits: 8, stopbits: 1, parity: false };

/** The options of that name. */
interface DelayOptions {
  readonly chardelay: boolean;
  /** Tenths of a character. */
  readonly chardelayScale: number;
  /** Microseconds. */
  readonly chardelayMin: number;
}

/** Milliseconds without further input until what there is is sent; 0 for at once. ser2net's formula, with the line's real speed. */
export function charDelay(options: DelayOptions, rate: LineRate): number {
  if (!options.chardelay) return 0;
  const bits = 1 + rate.databits + rate.stopbits + (rate.parity ? 1 : 0);
  const us = Math.floor((bits * 100000 * options.chardelayScale) / Math.max(1, rate.bps));
  return Math.max(us, options.chardelayMin) / 1000;
}

/** A read may be as long as this; the gathering buffer has room for one on top of bufsize. */
const ROOM = 4096;

/** Passes input of the device to every user. */
export class FanOut {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #consumers: Iterable<Consumer>;
  readonly #options: FanOutOptions;
  readonly #deadline: Deadline;
  /** ms to wait for more input; 0: never. Follows the line's speed. */
  delay = 0;
  /** How often a buffer was passed to the users. */
  round = 0;
  #buffer: Buffer | undefined;
  #used = 0;
  /** When the first byte in the buffer must be gone, in the clock's ms. */
  #latest = 0;

  constructor(clock: Clock, deadlines: Deadlines, consumers: Iterable<Consumer>, options: FanOutOptions) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#consumers = consumers;
    this.#options = options;
    this.#deadline = { due: Infinity, run: () => this.flush() };
  }

  /** Takes a piece from the device, which is only borrowed. */
  push(data: Buffer): void {
    const { sendon, bufsize, maxDelay } = this.#options;
    if (sendon !== undefined) {
      let from = 0;
      for (let to = sendon.find(data); to > 0; to = sendon.find(data, to)) from = to;
      if (from > 0) {
        this.#gather(data.subarray(0, from));
        this.flush();
        if (from === data.length) return;
        data = data.subarray(from);
      }
    }
    if (this.#used === 0 && (this.delay === 0 || data.length >= bufsize)) {
      this.#send(data);
      return;
    }
    this.#gather(data);
    if (this.#used >= bufsize || this.delay === 0) return this.flush();
    const now = this.#clock.now();
    if (this.#deadline.due === Infinity) this.#latest = now + maxDelay;
    this.#deadlines.arm(this.#deadline, Math.max(0, Math.min(this.delay, this.#latest - now)));
  }

  #gather(data: Buffer): void {
    const buffer = this.#buffer ?? Buffer.allocUnsafeSlow(Math.min(this.#options.bufsize, 65536) + ROOM);
    this.#buffer = buffer;
    if (this.#used + data.length > buffer.length) {
      this.flush();
      if (data.length > ROOM) return this.#send(data);
      this.#gather(data);
      return;
    }
    data.copy(buffer, this.#used);
    this.#used += data.length;
  }

  /** Sends what was gathered. */
  flush(): void {
    if (this.#used === 0) return;
    this.#deadlines.cancel(this.#deadline);
    const out = this.#buffer!.subarray(0, this.#used);
    this.#used = 0;
    this.#send(out);
    // Somebody still holds it: gather into another one.
    if (this.full) this.#buffer = undefined;
  }

  #send(data: Buffer): void {
    this.round++;
    for (const consumer of this.#consumers) consumer.write(data);
  }

  /** A user does not take more for now: the device is not to be read. */
  get full(): boolean {
    for (const consumer of this.#consumers) if (consumer.full) return true;
    return false;
  }

  /** Drops what was gathered: nobody is there to get it. */
  drop(): void {
    this.#used = 0;
    this.#deadlines.cancel(this.#deadline);
  }
}
