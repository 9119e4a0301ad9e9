// How long to wait before the next attempt: twice as long each time, up to a limit, shortened at random by up to half, so that
// a hundred devices do not come back to a restarted server in the same instant.

/** The delays. */
interface BackoffOptions {
  /** The first delay, ms; at least 10. */
  readonly first: number;
  /** The longest, ms; at least 10. */
  readonly max: number;
  /** A random number from 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The delays between attempts. */
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
  /** The next delay is the first one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
