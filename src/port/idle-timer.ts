// The timeout of users: ser2net looks once a second, counted from when there is somebody to look at.
import type { Deadline, Deadlines } from '../base/deadlines.ts';

/** One who may be silent too long. */
export interface IdleUser {
  /** Looks left. */
  idle: number;
  /** It sent something since the last look. */
  active: boolean;
  /** Something was written to it since the last look. */
  wrote: boolean;
}

const TICK_MS = 1000;

export class IdleTimer<T extends IdleUser> {
  readonly #deadlines: Deadlines;
  readonly #users: Iterable<T>;
  readonly #timeout: (user: T) => number;
  readonly #stuck: (user: T) => boolean;
  readonly #expired: (user: T) => void;
  readonly #tick: Deadline;

  /** timeout in seconds, 0 for never; stuck: what was written to it does not count; expired takes the user out of users. */
  constructor(
    deadlines: Deadlines,
    users: Iterable<T>,
    timeout: (user: T) => number,
    stuck: (user: T) => boolean,
    expired: (user: T) => void,
  ) {
    this.#stuck = stuck;
    this.#deadlines = deadlines;
    this.#users = users;
    this.#timeout = timeout;
    this.#expired = expired;
    this.#tick = { due: Infinity, run: () => this.#look() };
  }

  /** There may be somebody to look at. A user closed at tick N+1 after it was active has a timeout of N. */
  start(): void {
    if (this.#tick.due !== Infinity) return;
    for (const user of this.#users) {
      if (this.#timeout(user) === 0) continue;
      this.#deadlines.arm(this.#tick, TICK_MS);
      return;
    }
  }
  stop(): void {
    this.#deadlines.cancel(this.#tick);
  }

  #look(): void {
    for (const user of [...this.#users]) {
      const timeout = this.#timeout(user);
      if (timeout === 0) continue;
      if (user.active || (user.wrote && !this.#stuck(user))) user.idle = timeout;
      user.active = false;
      user.wrote = false;
      if (--user.idle < 0) this.#expired(user);
    }
    this.start();
  }
}
