// A pty pair for tests: the slave's path for what is tested, the master as the peer of the line.
// A pty keeps cs8 -parenb whatever is asked of it and has no modem lines: fake-device.ts is for those.
import { closeSync, constants, openSync } from 'node:fs';
import { type Libc, libc, SystemError } from '../../src/base/libc.ts';
import type { Termios } from '../../src/base/termios.ts';
import { ByteStream, type ByteStreamUp } from '../../src/gensio/uv-handle.ts';
import { LIMIT_MS } from './wait.ts';

export { LIMIT_MS, until } from './wait.ts';

/** The C library, which these tests cannot do without. */
export function needLibc(): Libc {
  const c = libc();
  if (c === undefined) throw new Error('koffi is not installed: npm ci');
  return c;
}

/** Gives the value or throws the error. */
export function must<T>(value: T | SystemError): T {
  if (value instanceof SystemError) throw value;
  return value;
}

/** The peer of the line. Reads all the time unless told otherwise. */
export class PtyMaster implements ByteStreamUp {
  readonly fd: number;
  /** Everything that came and was not taken. */
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes ever received. */
  received = 0;
  /** When set, what comes is handed to it at once (lent for the call) instead of being kept. */
  onData: ((data: Buffer) => void) | undefined;
  /** Set when every user of the slave has gone (or the master was closed). */
  isGone = false;
  readonly #bytes: ByteStream;
  #waiting: (() => void)[] = [];

  constructor(fd: number) {
    this.fd = fd;
    this.#bytes = ByteStream.ofDescriptor(fd, this);
    this.#bytes.setReading(true);
  }
  read(data: Buffer): void {
    if (this.onData !== undefined) {
      this.received += data.length;
      this.onData(data);
      return;
    }
    this.#chunks.push(Buffer.from(data));
    this.#length += data.length;
    this.received += data.length;
    this.#wake();
  }
  writable(): void {
    this.#wake();
  }
  ended(): void {
    this.#wake();
  }
  gone(): void {
    this.isGone = true;
    this.#wake();
  }
  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  /** Sends to the slave. Resolves when the kernel has all of it, which needs somebody who reads there when it is much. */
  async write(data: Buffer | string): Promise<void> {
    if (this.#bytes.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data))) return;
    await this.#when('the slave to take what was written', () => this.#bytes.bufferedBytes() === 0, 30_000);
  }
  /** false: takes nothing from the slave any more, so that its writers block. */
  setReading(on: boolean): void {
    this.#bytes.setReading(on);
  }
  /** What came so far, without taking it. */
  peek(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
  /** Takes all that came so far. */
  take(): Buffer {
    const all = this.peek();
    this.#chunks = [];
    this.#length = 0;
    return all;
  }
  /** Waits for that many bytes and takes exactly those. */
  async takeBytes(count: number, limitMs = LIMIT_MS): Promise<Buffer> {
    await this.#when(`${count} bytes from the slave`, () => this.#length >= count, limitMs);
    const all = this.peek();
    this.#chunks = count === all.length ? [] : [all.subarray(count)];
    this.#length -= count;
    return all.subarray(0, count);
  }
  /** Waits for a text (latin1) and takes everything up to its end. */
  async takeUntil(text: string, limitMs = LIMIT_MS): Promise<Buffer> {
    const wanted = Buffer.from(text, 'latin1');
    await this.#when(`'${text}' from the slave`, () => this.peek().includes(wanted), limitMs);
    return this.takeBytes(this.peek().indexOf(wanted) + wanted.length);
  }
  /** Waits until the master is closed, by either side. */
  waitGone(): Promise<void> {
    return this.#when('the end of the master', () => this.isGone, LIMIT_MS);
  }
  async #when(what: string, holds: () => boolean, limitMs: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, limitMs);
    try {
      while (!holds()) {
        if (late || this.isGone)
          throw new Error(
            `${late ? `waited ${limitMs} ms for` : 'the pty ended, waiting for'} ${what}; got '${this.peek().toString('latin1').slice(-200)}'`,
          );
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }
  /** Hangs up: what is open on the slave sees its end. */
  close(): void {
    this.#bytes.destroy();
  }
}

export interface Pty {
  readonly master: PtyMaster;
  /** The slave: `/dev/pts/N`. */
  readonly path: string;
  /** The rig's own descriptor of the slave; undefined when keepOpen was false. */
  readonly slave: number | undefined;
  /** The settings of the slave as the kernel has them. */
  settings(): Termios;
  /** Closes both ends. */
  close(): Promise<void>;
}

/**
 * A new pair. keepOpen (the default) holds the slave open, so that users of it may come and go; without it the master ends
 * when the first user leaves. raw: no echo and no line discipline from the start (else as the kernel makes it: a terminal).
 */
export function openPty(options: { readonly keepOpen?: boolean; readonly raw?: boolean } = {}): Pty {
  const c = needLibc();
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const fd = openSync('/dev/ptmx', flags);
  must(c.unlockPty(fd));
  const path = `/dev/pts/${must(c.ptyNumber(fd))}`;
  const slave = (options.keepOpen ?? true) ? openSync(path, flags) : undefined;
  if (options.raw) {
    // The settings of the pair: the master may ask for them too.
    const t = must(c.getTermios(fd));
    must(c.setTermios(fd, { ...t, iflag: 0, oflag: 0, lflag: 0 }));
  }
  const master = new PtyMaster(fd);
  let closed = false;
  return {
    master,
    path,
    slave,
    settings: () => must(c.getTermios(slave ?? fd)),
    close: async () => {
      if (closed) return;
      closed = true;
      if (slave !== undefined) closeSync(slave);
      if (master.isGone) return;
      master.close();
      await master.waitGone();
    },
  };
}
