// A connector that has nothing below it until it is opened: it makes its connection, then passes everything through.

import { nextMicrotask } from '../base/fault-domain.ts';
import { GensioError } from '../base/gensio-error.ts';
import { ForwardingGensio, type Gensio } from './gensio.ts';

/** Makes the connection. Returns a way to give up while it is being made. */
type Connect = (done: (err: GensioError | undefined, gensio?: Gensio) => void) => { cancel(): void };

/** A connector whose layer below comes into being when it is opened. */
export class LazyConnector extends ForwardingGensio {
  readonly type: string;
  readonly #idleAddress: string;
  readonly #connect: Connect;
  #attempt: { cancel(): void } | undefined;
  #ended = false;

  /** idleAddress: what address() says before the connection is there. */
  constructor(type: string, idleAddress: string, connect: Connect) {
    super();
    this.type = type;
    this.#idleAddress = idleAddress;
    this.#connect = connect;
  }

  override open(done: (err?: GensioError) => void): void {
    this.#attempt = this.#connect((err, inner) => {
      this.#attempt = undefined;
      if (this.#ended) {
        inner?.abort();
        return;
      }
      if (inner === undefined) return done(err ?? new GensioError('oserr'));
      this.below = inner;
      inner.up = this;
      done();
    });
  }

  override close(): void {
    if (this.below !== undefined) this.below.close();
    else this.#giveUp();
  }
  override abort(): void {
    if (this.below !== undefined) this.below.abort();
    else this.#giveUp();
  }
  #giveUp(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#attempt?.cancel();
    nextMicrotask(() => this.up.closed());
  }
  override address(): string {
    return this.below?.address() ?? this.#idleAddress;
  }
}
