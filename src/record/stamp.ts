// Times of what is kept: microseconds since 1970, fine enough to tell two bytes of a fast line apart.
import type { Clock } from '../base/clock.ts';

/** A difference to the time of day above this is a jump of it, ms; below, it is the coarseness of the clock. */
const JUMP_MS = 5;

/** The time of day in microseconds. It goes forward with the fine clock, and jumps where the time of day does. */
export class Stamp {
  readonly #clock: Clock;
  /** From the fine clock to the time of day, ms. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.wall().getTime() - clock.now();
  }

  /** Microseconds since 1970; costs next to nothing. */
  now(): number {
    return Math.round((this.#clock.now() + this.#offset) * 1000);
  }
  /** Looks whether the time of day has jumped; to be called now and then. */
  sync(): void {
    const offset = this.#clock.wall().getTime() - this.#clock.now();
    if (Math.abs(offset - this.#offset) > JUMP_MS) this.#offset = offset;
  }
}
