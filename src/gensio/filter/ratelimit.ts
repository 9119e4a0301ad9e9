// The filter ratelimit: after each write of so many bytes, a pause. Reading is not limited.
import type { Clock, Timer } from '../../base/clock.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Gensio } from '../gensio.ts';
import { QueuedFilter } from '../queued-filter.ts';

class RateLimit extends QueuedFilter {
  readonly type = 'ratelimit';
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #length: number;
  #timer: Timer | undefined;
  /** When the next piece may go, ms of the clock. */
  #next = 0;

  constructor(delay: number, length: number, child: Gensio, clock: Clock) {
    super(child);
    this.#delay = delay;
    this.#length = Math.max(1, length);
    this.#clock = clock;
  }
  override write(data: Buffer): boolean {
    if (this.isClosed || data.length === 0) return true;
    return this.add(data, false);
  }
  protected pump(): void {
    if (this.#timer !== undefined) return;
    const now = this.#clock.now();
    // A timer is never early and often late: what is due by now goes at once, but silence earns nothing.
    if (this.#next < now - 20) this.#next = now;
    while (this.bytes > 0 && !this.childFull && this.#next <= now) {
      this.send(this.take(this.#length));
      this.#next += this.#delay;
    }
    if (this.bytes > 0 && !this.childFull) {
      this.#timer = this.#clock.after(this.#next - now, () => {
        this.#timer = undefined;
        this.pump();
        this.maybeFinish();
      });
    }
  }
  protected flushNow(): void {
    // The rate is the point: what is left goes out at it.
  }
  protected stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** Throws the GensioError inval without xmit_delay. */
export function ratelimitFilter({ opts }: LayerOf<'ratelimit'>, child: Gensio, _server: boolean, env: GensioEnv): Gensio {
  if (opts.xmitDelay === undefined) throw new GensioError('inval', 'ratelimit needs xmit_delay');
  return new RateLimit(opts.xmitDelay, opts.xmitLen, child, env.clock);
}
