// Finds a byte string in a stream cut anywhere: sendon and closeon. Unlike ser2net 4.3.11 it also finds `ab` in `aab`.

/** Looks for one pattern in a stream, over the cuts between buffers. */
export class Matcher {
  readonly #pattern: Buffer;
  /** How far to fall back after a mismatch at each position (Knuth, Morris, Pratt). */
  readonly #fall: readonly number[];
  #at = 0;

  /** `undefined` if there is nothing to find. */
  static of(pattern: Buffer | undefined): Matcher | undefined {
    return pattern === undefined || pattern.length === 0 ? undefined : new Matcher(pattern);
  }
  /** pattern: at least one byte. */
  constructor(pattern: Buffer) {
    this.#pattern = pattern;
    const fall = [0];
    for (let i = 1, k = 0; i < pattern.length; i++) {
      while (k > 0 && pattern[i] !== pattern[k]) k = fall[k - 1]!;
      if (pattern[i] === pattern[k]) k++;
      fall.push(k);
    }
    this.#fall = fall;
  }

  /** The offset after the first match in data from offset on; -1: none yet, what looks like a beginning is remembered. */
  find(data: Buffer, offset = 0): number {
    const pattern = this.#pattern;
    for (let i = offset; i < data.length; i++) {
      if (this.#at === 0) {
        i = data.indexOf(pattern[0]!, i);
        if (i < 0) return -1;
      }
      while (this.#at > 0 && data[i] !== pattern[this.#at]) this.#at = this.#fall[this.#at - 1]!;
      if (data[i] === pattern[this.#at]) this.#at++;
      if (this.#at === pattern.length) {
        this.#at = 0;
        return i + 1;
      }
    }
    return -1;
  }

  /** Forgets a beginning: a new session. */
  reset(): void {
    this.#at = 0;
  }
}
