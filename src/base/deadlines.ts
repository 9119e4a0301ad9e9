// Many short waits on one timer. Moving a deadline is an assignment: what is pushed back all the time costs nothing.
import type { Clock, Timer } from './clock.ts';

/** One wait. due is in the clock's milliseconds, Infinity while nothing is waited for. */
export interface Deadline {
  due: number;
  readonly run: () => void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #armed = new Set<Deadline>();
  #timer: Timer | undefined;
  #timerDue = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs the deadline's function once, ms from now; a deadline already waiting is moved. */
  arm(deadline: Deadline, ms: number): void {
    deadline.due = this.#clock.now() + ms;
    this.#armed.add(deadline);
    if (deadline.due < this.#timerDue) this.#wakeAt(deadline.due);
  }

  cancel(deadline: Deadline): void {
    deadline.due = Infinity;
    this.#armed.delete(deadline);
  }

  #wakeAt(due: number): void {
    this.#timer?.cancel();
    this.#timerDue = due;
    this.#timer = this.#clock.after(due - this.#clock.now(), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerDue = Infinity;
    // Half a millisecond of grace: timers run in whole ones, and waking again for the rest would cost more than it gives.
    const now = this.#clock.now() + 0.5;
    let earliest = Infinity;
    for (const deadline of [...this.#armed]) {
      if (deadline.due > now) {
        earliest = Math.min(earliest, deadline.due);
        continue;
      }
      this.cancel(deadline);
      deadline.run();
    }
    if (earliest < this.#timerDue) this.#wakeAt(earliest);
  }
}
