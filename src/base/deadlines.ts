// Many short waits on one timer. Moving a deadline is an assignment: what is pushed back all the time costs nothing.
import type { Clock, Timer } from './clock.ts';
import { currentDomain, enterDomain, type FaultDomain, leaveDomain, runIn } from './fault-domain.ts';

/** One wait. due is in the clock's milliseconds, Infinity while nothing is waited for. */
export interface Deadline {
  /** When it runs. It may be moved to a later time by assigning to it. */
  due: number;
  /** Called when it is due. */
  readonly run: () => void;
  /** Who armed it last. */
  owner?: FaultDomain | undefined;
}

/** All waits that share one timer. */
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
    deadline.owner = currentDomain();
    this.#armed.add(deadline);
    if (deadline.due < this.#timerDue) this.#wakeAt(deadline.due);
  }

  /** It does not run; harmless if it is not waiting. */
  cancel(deadline: Deadline): void {
    deadline.due = Infinity;
    this.#armed.delete(deadline);
  }

  #wakeAt(due: number): void {
    this.#timer?.cancel();
    this.#timerDue = due;
    // On behalf of nobody: what it wakes belongs to many.
    const before = enterDomain(undefined);
    this.#timer = this.#clock.after(due - this.#clock.now(), () => this.#fire());
    leaveDomain(before);
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerDue = Infinity;
    // Half a millisecond of grace: timers run in whole ones, and waking again for the rest would cost more than it gives.
    const now = this.#clock.now() + 0.5;
    let earliest = Infinity;
    try {
      for (const deadline of [...this.#armed]) {
        // One that ran may have cancelled or moved another.
        if (deadline.due > now) continue;
        this.cancel(deadline);
        runIn(deadline.owner, deadline.run);
      }
    } finally {
      for (const { due } of this.#armed) earliest = Math.min(earliest, due);
      if (earliest < this.#timerDue) this.#wakeAt(earliest);
    }
  }
}
