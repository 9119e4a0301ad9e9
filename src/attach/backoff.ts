// How long to wait before the next attempt: twice as long each time, up to a limit, with up to half of it left off at random, so that
// a hundred devices do not come back to a restarted server in the same instant.

export interface BackoffOptions {
  /** ms */
  readonly first: number;
  readonly max: number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;
  constructor(options: BackoffOptions) {
    this.#options = options;
  }
  /** The wait before the next attempt, ms. A retry-time of 0 still leaves the rest of the program some time. */
  next(): number {
    const { first, max, random } = this.#options;
    const whole = Math.min(Math.max(first, 10) * 2 ** Math.min(this.#attempts, 30), Math.max(max, 10));
    this.#attempts++;
    return whole * (1 - random() / 2);
  }
  /** All is well: the next trouble begins with the first wait. */
  reset(): void {
    this.#attempts = 0;
  }
}
