// A connection that counts as open only when the server has had the time to refuse it: over TLS the refusal of our certificate comes
// after the handshake seemed to be done.
import type { Clock, Timer } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { ForwardingGensio, type Gensio } from '../../gensio/gensio.ts';

/** How long a server that says nothing may take to refuse, ms. */
const REFUSAL_MS = 300;

/** Passes everything through. What came during open() is delivered first. */
export class ProvenConnection extends ForwardingGensio {
  override readonly type: string;
  declare protected below: Gensio;
  readonly #clock: Clock;
  #waiting: { readonly done: (err?: GensioError) => void; readonly timer: Timer } | undefined;
  #early: Buffer | undefined;
  #wanted = false;
  #heard = false;

  constructor(below: Gensio, clock: Clock) {
    super();
    this.type = below.type;
    this.below = below;
    below.up = this;
    this.#clock = clock;
  }

  /** A TLS handshake is done, and nothing has come from the server since. */
  get isUnproven(): boolean {
    return this.below.peer !== undefined && !this.#heard;
  }

  /** The server has said something: it takes us. */
  get isProven(): boolean {
    return this.#heard;
  }

  override open(done: (err?: GensioError) => void): void {
    this.below.open((err) => {
      // A client of RFC 2217 has waited for the server's word already.
      if (err !== undefined || this.below.peer === undefined || this.below.serial !== undefined) return done(err);
      this.#waiting = { done, timer: this.#clock.after(REFUSAL_MS, () => this.#opened()) };
      this.below.setReading(true);
    });
  }
  #opened(err?: GensioError): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.timer.cancel();
    if (err === undefined) this.below.setReading(false);
    waiting?.done(err);
  }

  override setReading(on: boolean): void {
    this.#wanted = on;
    if (on && this.#early !== undefined) nextMicrotask(() => this.#deliver());
    else this.below.setReading(on);
  }
  #deliver(): void {
    const early = this.#early;
    if (!this.#wanted || early === undefined) return;
    this.#early = undefined;
    this.up.read(early);
    if (this.#wanted) this.below.setReading(true);
  }

  override read(data: Buffer): void {
    this.#heard = true;
    if (this.#waiting === undefined && this.#early === undefined) return super.read(data);
    this.#early = Buffer.concat([this.#early ?? Buffer.alloc(0), data]);
    this.#opened();
  }
  override closed(err?: GensioError): void {
    if (this.#waiting !== undefined) this.#opened(err ?? new GensioError('remclose'));
    else super.closed(err);
  }
  override abort(): void {
    this.#waiting?.timer.cancel();
    this.#waiting = undefined;
    super.abort();
  }
}
