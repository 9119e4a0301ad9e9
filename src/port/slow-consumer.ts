// Users that hold others up. All users of a port get the same data, so the device waits for the slowest: for a while, then the
// slow one is closed. When everybody is stuck nobody is: that is flow control.
import type { Clock } from '../base/clock.ts';
import type { Deadline, Deadlines } from '../base/deadlines.ts';

/** One who may take nothing. */
export interface Consumer {
  readonly full: boolean;
  /** Since when it is full, in the clock's ms. */
  readonly fullSince: number;
}

export class SlowConsumerTimer<T extends Consumer> {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #users: ReadonlySet<T>;
  /** Seconds; 0: never. */
  readonly #limit: () => number;
  readonly #cut: (stuck: readonly T[]) => void;
  readonly #look: Deadline;

  /** cut takes the stuck ones out of users. */
  constructor(clock: Clock, deadlines: Deadlines, users: ReadonlySet<T>, limit: () => number, cut: (stuck: readonly T[]) => void) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#users = users;
    this.#limit = limit;
    this.#cut = cut;
    this.#look = { due: Infinity, run: () => this.#judge() };
  }

  /** Somebody is full. */
  start(): void {
    const seconds = this.#limit();
    if (seconds > 0 && this.#users.size > 1 && this.#look.due === Infinity) this.#deadlines.arm(this.#look, seconds * 1000);
  }
  stop(): void {
    this.#deadlines.cancel(this.#look);
  }

  #judge(): void {
    const since = this.#clock.now() - this.#limit() * 1000 + 1;
    const stuck = [...this.#users].filter((user) => user.full && user.fullSince <= since);
    if (stuck.length > 0 && stuck.length < this.#users.size) this.#cut(stuck);
    if ([...this.#users].some((user) => user.full)) this.start();
  }
}
