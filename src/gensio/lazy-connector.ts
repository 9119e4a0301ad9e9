// A connector that has nothing below it until it is opened: it makes its connection, then passes everything through.

import { nextMicrotask } from '../base/fault-domain.ts';
import { GensioError } from '../base/gensio-error.ts';
import { type ComPort, type Gensio, type GensioEvent, type GensioUp, nullUp, type SerialControl } from './gensio.ts';

/** Makes the connection. Returns a way to give up while it is being made. */
export type Connect = (done: (err: GensioError | undefined, gensio?: Gensio) => void) => { cancel(): void };

export class LazyConnector implements Gensio, GensioUp {
  readonly type: string;
  up: GensioUp = nullUp;
  readonly #idleAddress: string;
  readonly #connect: Connect;
  #inner: Gensio | undefined;
  #attempt: { cancel(): void } | undefined;
  #ended = false;

  /** idleAddress: what address() says before the connection is there. */
  constructor(type: string, idleAddress: string, connect: Connect) {
    this.type = type;
    this.#idleAddress = idleAddress;
    this.#connect = connect;
  }

  open(done: (err?: GensioError) => void): void {
    this.#attempt = this.#connect((err, inner) => {
      this.#attempt = undefined;
      if (this.#ended) {
        inner?.abort();
        return;
      }
      if (inner === undefined) return done(err ?? new GensioError('oserr'));
      this.#inner = inner;
      inner.up = this;
      done();
    });
  }

  write(data: Buffer): boolean {
    return this.#inner?.write(data) ?? true;
  }
  setReading(on: boolean): void {
    this.#inner?.setReading(on);
  }
  detachBuffer(): void {
    this.#inner?.detachBuffer?.();
  }
  close(): void {
    if (this.#inner !== undefined) this.#inner.close();
    else this.#giveUp();
  }
  abort(): void {
    if (this.#inner !== undefined) this.#inner.abort();
    else this.#giveUp();
  }
  #giveUp(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#attempt?.cancel();
    nextMicrotask(() => this.up.closed());
  }
  bufferedBytes(): number {
    return this.#inner?.bufferedBytes() ?? 0;
  }
  peerClosed(): boolean {
    return this.#inner?.peerClosed?.() ?? false;
  }
  kernelBytes(): number {
    return this.#inner?.kernelBytes?.() ?? 0;
  }
  address(): string {
    return this.#inner?.address() ?? this.#idleAddress;
  }
  get serial(): SerialControl | undefined {
    return this.#inner?.serial;
  }
  get comPort(): ComPort | undefined {
    return this.#inner?.comPort;
  }

  read(data: Buffer): void {
    this.up.read(data);
  }
  writable(): void {
    this.up.writable();
  }
  closed(err?: GensioError): void {
    this.up.closed(err);
  }
  event(event: GensioEvent): void {
    this.up.event?.(event);
  }
}
