// Random numbers that a seed gives again: each step of a run has its own, so that what one step drew does not shift the next.

export class Random {
  #state: number;
  /** The same words give the same numbers. */
  constructor(...words: readonly number[]) {
    this.#state = 0x9e3779b9;
    for (const word of words) {
      this.#state = Math.imul(this.#state ^ (word >>> 0), 0x85ebca6b) >>> 0;
      this.#next();
    }
  }
  /** mulberry32: 32 bits. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  /** From 0 to below n. */
  below(n: number): number {
    return this.#next() % n;
  }
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }
  /** true so many times in a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(things: readonly T[]): T {
    return things[this.below(things.length)]!;
  }
  bytes(length: number): Buffer {
    const out = Buffer.alloc(length);
    for (let i = 0; i < length; i++) out[i] = this.#next() & 0xff;
    return out;
  }
}
