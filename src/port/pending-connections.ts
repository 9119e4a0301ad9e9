// Newcomers that wait at one port: for the end of the session before, or for a user to leave whose far end has closed.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { type Gensio, nullUp } from '../gensio/gensio.ts';

/** More than these are closed. */
const MAX_WAITING = 64;
/** How long they wait for a user whose end is known and does not get through: a layer may hold back what comes before it. */
const LEAVE_LIMIT_MS = 4000;

export class PendingConnections {
  readonly #deadlines: Deadlines;
  readonly #limit: Deadline;
  #waiting: readonly Gensio[] = [];

  /** late: nobody left in time. */
  constructor(deadlines: Deadlines, late: () => void) {
    this.#deadlines = deadlines;
    this.#limit = { due: Infinity, run: late };
  }

  /** One that goes away by itself is forgotten. limited: it waits for a user, who may not leave; the end of a session comes surely. */
  add(gensio: Gensio, limited: boolean): void {
    if (this.#waiting.length >= MAX_WAITING) return gensio.abort();
    const leave = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== gensio);
    };
    gensio.up = { ...nullUp, closed: leave };
    this.#waiting = [...this.#waiting, gensio];
    if (limited && this.#limit.due === Infinity) this.#deadlines.arm(this.#limit, LEAVE_LIMIT_MS);
  }

  /** Empties the room. */
  takeAll(): readonly Gensio[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#deadlines.cancel(this.#limit);
    return waiting;
  }
}
