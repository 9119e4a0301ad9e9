// A layer in memory: records what is written to it, and is fed, filled, drained and closed by the test.
import assert from 'node:assert/strict';
import type { GensioError } from '../../src/base/gensio-error.ts';
import {
  type ComPort,
  type Gensio,
  type GensioEvent,
  type GensioUp,
  nullUp,
  type Peer,
  type SerialControl,
} from '../../src/gensio/gensio.ts';

export interface FakeGensioOptions {
  readonly type?: string;
  readonly address?: string;
  /** How open() ends: by itself in the next microtask, or when the test calls opened(). */
  readonly open?: 'auto' | 'manual';
  /** What close() does: closed() follows in the next microtask, or when the test calls end(). */
  readonly close?: 'auto' | 'manual';
  readonly serial?: SerialControl;
  readonly comPort?: ComPort;
  readonly peer?: Peer;
}

export class FakeGensio implements Gensio {
  readonly type: string;
  up: GensioUp = nullUp;
  readonly serial: SerialControl | undefined;
  readonly comPort: ComPort | undefined;
  readonly peer: Peer | undefined;
  /** Copies of what was written, one for each write(). */
  readonly writes: Buffer[] = [];
  /** What setReading() said last. */
  reading = false;
  /** While true write() gives false; drain() ends it. */
  full = false;
  /** Calls seen, in order: open, close, abort, reading on, reading off. */
  readonly calls: string[] = [];
  /** What bufferedBytes() answers. */
  queuedBytes = 0;
  readonly #address: string;
  readonly #autoOpen: boolean;
  readonly #autoClose: boolean;
  #held: Buffer[] = [];
  #feeding = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #opening: ((err?: GensioError) => void) | undefined;
  #writing = false;

  constructor(options: FakeGensioOptions = {}) {
    this.type = options.type ?? 'fake';
    this.#address = options.address ?? 'ipv4,127.0.0.1,1234';
    this.#autoOpen = options.open !== 'manual';
    this.#autoClose = options.close !== 'manual';
    this.serial = options.serial;
    this.comPort = options.comPort;
    this.peer = options.peer;
  }

  // The layer above calls these.

  open(done: (err?: GensioError) => void): void {
    this.calls.push('open');
    this.#opening = done;
    if (this.#autoOpen) queueMicrotask(() => this.opened());
  }
  write(data: Buffer): boolean {
    assert.ok(!this.#writing, 'write() inside write()');
    this.#writing = true;
    this.writes.push(Buffer.from(data));
    this.#writing = false;
    return !this.full;
  }
  setReading(on: boolean): void {
    if (on !== this.reading) this.calls.push(on ? 'reading on' : 'reading off');
    this.reading = on;
    if (on && this.#held.length > 0 && !this.#feeding) queueMicrotask(() => this.#deliver());
  }
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.calls.push('close');
    if (this.#autoClose) queueMicrotask(() => this.end());
  }
  abort(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.calls.push('abort');
    if (this.#autoClose) queueMicrotask(() => this.end());
  }
  bufferedBytes(): number {
    return this.queuedBytes;
  }
  address(): string {
    return this.#address;
  }

  // The test calls these.

  /** Ends an open(): with err it failed. Does nothing when none waits. */
  opened(err?: GensioError): void {
    const done = this.#opening;
    this.#opening = undefined;
    done?.(err);
  }
  /** Data from the peer: given up at once while reading is on, kept until then otherwise. */
  feed(data: Buffer | string): void {
    assert.notEqual(this.#state, 'closed', 'feed() after closed()');
    this.#held.push(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
    this.#deliver();
  }
  /** Takes data again, and says so. */
  drain(): void {
    this.full = false;
    this.up.writable();
  }
  /** The end: by the peer, or after close(). What was fed and not read is lost. Does nothing the second time. */
  end(err?: GensioError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#held = [];
    this.up.closed(err);
  }
  /** Something besides data from the peer. */
  emit(event: GensioEvent): void {
    this.up.event?.(event);
  }
  /** All that was written since the last take(), joined. */
  take(): Buffer {
    return Buffer.concat(this.writes.splice(0));
  }
  /** Fed and not read yet, in bytes. */
  get unread(): number {
    return this.#held.reduce((n, b) => n + b.length, 0);
  }
  get state(): 'open' | 'closing' | 'closed' {
    return this.#state;
  }

  #deliver(): void {
    if (this.#feeding) return;
    this.#feeding = true;
    try {
      while (this.reading && this.#held.length > 0) this.up.read(this.#held.shift()!);
    } finally {
      this.#feeding = false;
    }
  }
}

/** The far side of a FakeGensio: what a port would hear, written down. */
export class RecordingUp implements GensioUp {
  readonly reads: Buffer[] = [];
  readonly events: GensioEvent[] = [];
  /** How often writable() was called. */
  writables = 0;
  /** undefined: not closed; { err } afterwards. */
  end: { readonly err: GensioError | undefined } | undefined;
  read(data: Buffer): void {
    assert.equal(this.end, undefined, 'read() after closed()');
    this.reads.push(Buffer.from(data));
  }
  writable(): void {
    assert.equal(this.end, undefined, 'writable() after closed()');
    this.writables++;
  }
  closed(err?: GensioError): void {
    assert.equal(this.end, undefined, 'closed() twice');
    this.end = { err };
  }
  event(event: GensioEvent): void {
    assert.equal(this.end, undefined, 'event() after closed()');
    this.events.push(event);
  }
  /** All data read since the last take(), joined. */
  take(): Buffer {
    return Buffer.concat(this.reads.splice(0));
  }
}
