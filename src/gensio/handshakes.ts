// The connections of one accepter that have not finished their handshake: so many at once and no more, whoever sends them.
import type { Timer } from '../base/clock.ts';
import type { GensioEnv } from './context.ts';
import type { Gensio } from './gensio.ts';
import { sourceOf } from './source.ts';

/** Handshakes under way at once on one layer of one accepter. */
export const MAX_HANDSHAKES = 128;
/** How often the log tells of those given up, ms. */
const TELL_MS = 10_000;

/** A set of connections in which one too many takes the place of the oldest from the host that has most. */
export class Handshakes {
  readonly #env: Pick<GensioEnv, 'clock' | 'log'>;
  readonly #where: () => string;
  readonly #hosts = new Map<string, Set<Gensio>>();
  readonly #hostOf = new Map<Gensio, string>();
  /** Given up and not told yet. */
  #untold = 0;
  #timer: Timer | undefined;

  /** where: what they knock at, for the log. */
  constructor(env: Pick<GensioEnv, 'clock' | 'log'>, where: () => string) {
    this.#env = env;
    this.#where = where;
  }

  /** Gives the one that has to go for it, already taken out. */
  add(gensio: Gensio): Gensio | undefined {
    const victim = this.#hostOf.size < MAX_HANDSHAKES ? undefined : this.#oldestOfMost();
    if (victim !== undefined) {
      this.delete(victim);
      this.#tell();
    }
    const host = sourceOf(gensio.address());
    this.#hostOf.set(gensio, host);
    const same = this.#hosts.get(host);
    if (same === undefined) this.#hosts.set(host, new Set([gensio]));
    else same.add(gensio);
    return victim;
  }
  /** Gives whether it was in. */
  delete(gensio: Gensio): boolean {
    const host = this.#hostOf.get(gensio);
    if (host === undefined) return false;
    this.#hostOf.delete(gensio);
    const same = this.#hosts.get(host);
    same?.delete(gensio);
    if (same?.size === 0) this.#hosts.delete(host);
    return true;
  }
  /** Takes all out and gives them. */
  drain(): Gensio[] {
    const all = [...this.#hostOf.keys()];
    this.#hostOf.clear();
    this.#hosts.clear();
    return all;
  }

  /** A host with few handshakes is not made to pay for one with many; when all have as many, the first that came pays. */
  #oldestOfMost(): Gensio | undefined {
    let most: Set<Gensio> | undefined;
    for (const same of this.#hosts.values()) if (same.size > (most?.size ?? 0)) most = same;
    return most?.values().next().value;
  }

  /** The first at once, then their number now and then. */
  #tell(): void {
    if (this.#timer !== undefined) {
      this.#untold++;
      return;
    }
    this.#env.log.log('warning', `${this.#where()}: more than ${MAX_HANDSHAKES} handshakes at once, giving up the oldest`);
    this.#wait();
  }
  #wait(): void {
    this.#timer = this.#env.clock.after(TELL_MS, () => {
      this.#timer = undefined;
      if (this.#untold === 0) return;
      this.#env.log.log('warning', `${this.#where()}: gave up ${this.#untold} more handshakes in ${TELL_MS / 1000} s`);
      this.#untold = 0;
      this.#wait();
    });
  }
}
