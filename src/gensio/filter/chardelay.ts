// The filter chardelay: gathers what is written, and sends it after a silence, at the latest after a while, when there is
// enough of it, or when a certain text was written.
import type { Clock, Timer } from '../../base/clock.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Gensio } from '../gensio.ts';
import { QueuedFilter } from '../queued-filter.ts';

class CharDelay extends QueuedFilter {
  readonly type = 'chardelay';
  readonly #clock: Clock;
  readonly #min: number;
  readonly #max: number;
  readonly #enough: number;
  readonly #sendon: readonly Buffer[];
  /** The last bytes written, one less than the longest sendon has: a text may come in pieces. */
  #tail: Buffer = Buffer.alloc(0);
  readonly #keep: number;
  #timer: Timer | undefined;
  #deadline = 0;
  #ready = false;

  constructor({ opts }: LayerOf<'chardelay'>, child: Gensio, clock: Clock) {
    super(child);
    this.#clock = clock;
    this.#min = opts.minDelay;
    this.#max = Math.max(opts.maxDelay, opts.minDelay);
    this.#enough = Math.max(1, opts.writebuf);
    const texts = (opts.sendon ?? '').split(' ').filter((text) => text !== '');
    this.#sendon = texts.map((text) => Buffer.from(text, 'latin1'));
    this.#keep = Math.max(0, ...this.#sendon.map((text) => text.length - 1));
  }
  override write(data: Buffer): boolean {
    if (this.isClosed || data.length === 0) return true;
    const now = this.#clock.now();
    if (this.bytes === 0) this.#deadline = now + this.#max;
    if (this.bytes + data.length >= this.#enough || this.#matches(data)) this.#ready = true;
    const taken = this.add(data, true);
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.bytes > 0 && !this.#ready) this.#arm(Math.min(this.#min, this.#deadline - now));
    return taken;
  }
  #matches(data: Buffer): boolean {
    if (this.#sendon.length === 0) return false;
    const tail = this.#tail.length;
    const seen = tail === 0 ? data : Buffer.concat([this.#tail, data]);
    if (this.#keep > 0) this.#tail = Buffer.from(seen.subarray(Math.max(0, seen.length - this.#keep)));
    // A match that ends in the tail was seen before.
    return this.#sendon.some((text) => seen.includes(text, Math.max(0, tail - text.length + 1)));
  }
  #arm(ms: number): void {
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#ready = true;
      this.pump();
      this.maybeFinish();
    });
  }
  protected pump(): void {
    if (!this.#ready || this.childFull || this.bytes === 0) return;
    this.#ready = false;
    this.send(this.take(this.bytes));
  }
  protected flushNow(): void {
    this.#ready = true;
    this.pump();
  }
  protected stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** Makes the layer `chardelay` on a child. */
export const chardelayFilter = (spec: LayerOf<'chardelay'>, child: Gensio, _server: boolean, env: GensioEnv): Gensio =>
  new CharDelay(spec, child, env.clock);
