// drain_timeout: how long the end of a connection may take to send what was written.
import type { Clock, Timer } from '../base/clock.ts';
import type { GensioError } from '../base/gensio-error.ts';
import type { LayerSpec } from '../options/stack.ts';
import { type Accepter, ForwardingAccepter, ForwardingGensio, type Gensio } from './gensio.ts';

/** The limit of a layer that leaves it to this file, ms; `undefined` if there is none. telnet keeps its own. */
export function drainLimitOf(spec: LayerSpec): number | undefined {
  const { opts, type } = spec;
  return 'drainTimeout' in opts && opts.drainTimeout >= 0 && type !== 'telnet' ? opts.drainTimeout : undefined;
}

/** Passes everything through. An orderly close becomes an abort if something is still to be written after the time. */
export class DrainLimit extends ForwardingGensio {
  override readonly type: string;
  declare protected below: Gensio;
  readonly #limit: number;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  /** limit: ms. */
  constructor(below: Gensio, limit: number, clock: Clock) {
    super();
    this.type = below.type;
    this.below = below;
    this.#limit = limit;
    this.#clock = clock;
    below.up = this;
  }

  override close(): void {
    if (this.#limit === 0) return this.#isDrained() ? this.below.close() : this.below.abort();
    this.#timer ??= this.#clock.after(this.#limit, () => {
      if (!this.#isDrained()) this.below.abort();
    });
    this.below.close();
  }
  #isDrained(): boolean {
    return this.below.bufferedBytes() === 0;
  }
  override closed(err?: GensioError): void {
    this.#timer?.cancel();
    super.closed(err);
  }
}

/** An accepter whose connections have the limit. */
export class DrainLimitAccepter extends ForwardingAccepter {
  readonly type: string;
  readonly #limit: number;
  readonly #clock: Clock;

  constructor(child: Accepter, limit: number, clock: Clock) {
    super(child);
    this.type = child.type;
    this.#limit = limit;
    this.#clock = clock;
  }
  accepted(gensio: Gensio): void {
    this.up.accepted(new DrainLimit(gensio, this.#limit, this.#clock));
  }
}
