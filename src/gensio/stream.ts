// A Gensio whose bytes are a ByteStream: the base of tcp, unix and whatever else is a connected socket.

import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { nextMicrotask } from '../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import { libc } from '../base/libc.ts';
import { type Gensio, type GensioUp, nullUp } from './gensio.ts';
import { ByteStream, type ByteStreamUp } from './uv-handle.ts';

/** How long a closed connection still takes what the peer sends, so that a reset does not destroy our last words. */
const LINGER_MS = 1000;

/** An open connection. address is what address() says. */
export class StreamGensio implements Gensio, ByteStreamUp {
  readonly type: string;
  up: GensioUp = nullUp;
  readonly #address: string;
  readonly #clock: Clock;
  protected readonly bytes: ByteStream;
  #state: 'open' | 'closing' | 'lingering' | 'gone' = 'open';
  #linger: Timer | undefined;
  /** peerClosed() was true: from now on buffers belong to the receiver, none is borrowed. */
  #owned = false;

  constructor(type: string, address: string, clock: Clock, socket: Socket) {
    this.type = type;
    this.#address = address;
    this.#clock = clock;
    this.bytes = ByteStream.ofSocket(socket, this);
  }

  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => done());
  }
  write(data: Buffer): boolean {
    return this.#state === 'open' ? this.bytes.write(data) : true;
  }
  setReading(on: boolean): void {
    if (this.#state === 'open') this.bytes.setReading(on);
  }
  detachBuffer(): void {
    this.bytes.detachBuffer();
  }
  bufferedBytes(): number {
    return this.bytes.bufferedBytes();
  }
  peerClosed(): boolean {
    const { fd } = this;
    if (fd === undefined || libc()?.hungUp(fd) !== true) return false;
    this.#owned = true;
    this.bytes.detachBuffer();
    return true;
  }
  kernelBytes(): number {
    const { fd } = this;
    const n = fd === undefined ? 0 : libc()?.outputQueued(fd);
    return typeof n === 'number' ? n : 0;
  }
  address(): string {
    return this.#address;
  }
  /** The descriptor, for socket options. */
  get fd(): number | undefined {
    return this.bytes.fd;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.bytes.setReading(false);
    this.bytes.end(() => {
      if (this.#state !== 'closing') return;
      this.#state = 'lingering';
      this.#linger = this.#clock.after(LINGER_MS, () => this.bytes.destroy());
      this.bytes.detachBuffer();
      this.bytes.setReading(true);
      this.up.closed();
    });
  }

  abort(): void {
    if (this.#state === 'open') this.#state = 'closing';
    this.bytes.destroy();
  }

  read(data: Buffer): void {
    if (this.#state === 'open') this.up.read(this.#owned ? Buffer.from(data) : data);
  }
  writable(): void {
    if (this.#state === 'open') this.up.writable();
  }
  ended(): void {
    if (this.#state === 'open') {
      this.#state = 'lingering';
      this.#linger = this.#clock.after(LINGER_MS, () => this.bytes.destroy());
      this.up.closed(new GensioError('remclose'));
    }
    if (this.#state === 'lingering') this.bytes.end(() => this.bytes.destroy());
  }
  gone(err?: Error): void {
    this.#linger?.cancel();
    const before = this.#state;
    this.#state = 'gone';
    if (before === 'open' || before === 'closing') this.up.closed(err === undefined ? undefined : fromSystemError(err));
  }
}
