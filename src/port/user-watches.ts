// Watches over the users of a port, on deadlines: who is silent too long, who holds the others up, and who leaves unnoticed.
import type { Clock } from '../base/clock.ts';
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import type { Gensio } from '../gensio/gensio.ts';

/** How often users are looked at for their timeout; ser2net's tick. */
const TICK_MS = 1000;

/** A user that may be silent too long. */
export interface IdleUser {
  /** Looks left. */
  idle: number;
  /** It sent something since the last look. */
  active: boolean;
  /** Something was written to it since the last look. */
  wrote: boolean;
  /** It takes nothing now, and so holds the others up. */
  readonly full: boolean;
}

/** The port, as the timeout of its users sees it. */
interface IdlePort<T> {
  /** Seconds; 0 for never. */
  timeoutOf(user: T): number;
  /** What was written to the user does not count. */
  isStuck(user: T): boolean;
  /** Takes the user out of users. */
  timedOut(user: T): void;
}

/** The timeout of users: ser2net looks once a second, counted from when there is somebody to look at. */
export class IdleTimer<T extends IdleUser> {
  readonly #deadlines: Deadlines;
  readonly #users: Iterable<T>;
  readonly #port: IdlePort<T>;
  readonly #tick: Deadline = { due: Infinity, run: () => this.#look() };

  constructor(deadlines: Deadlines, users: Iterable<T>, port: IdlePort<T>) {
    this.#deadlines = deadlines;
    this.#users = users;
    this.#port = port;
  }

  /** There may be somebody to look at. A user closed at tick N+1 after it was active has a timeout of N. */
  start(): void {
    if (this.#tick.due !== Infinity) return;
    for (const user of this.#users) if (this.#port.timeoutOf(user) !== 0) return this.#deadlines.arm(this.#tick, TICK_MS);
  }
  /** Looks no more. */
  stop(): void {
    this.#deadlines.cancel(this.#tick);
  }

  #look(): void {
    const users = [...this.#users];
    const heldUp = users.some(({ full }) => full) && users.some(({ full }) => !full);
    for (const user of users) {
      const timeout = this.#port.timeoutOf(user);
      if (timeout === 0) continue;
      if (user.active || (user.wrote && !this.#port.isStuck(user))) user.idle = timeout;
      user.active = false;
      user.wrote = false;
      // Nothing comes for a user while another one takes nothing: that one's time runs, not this one's.
      if (heldUp && !user.full) continue;
      if (--user.idle < 0) this.#port.timedOut(user);
    }
    this.start();
  }
}

/** A user that may take nothing. */
export interface SlowUser {
  /** It takes nothing now. */
  readonly full: boolean;
  /** Since when it is full, in the clock's ms. */
  readonly fullSince: number;
  /** Its door; users of those beside the accepter hold nobody up, and nobody is cut for their sake. */
  readonly door: { readonly beside?: unknown };
}

/** The port, as the limit on slow users sees it. */
interface SlowPort<T> {
  /** Seconds; 0 for no limit. */
  limit(): number;
  /** Takes these out of users. */
  cut(stuck: readonly T[]): void;
}

/**
 * Users that hold others up. All users of a port get the same data, so the device waits for the slowest: for a while, then the slow
 * one is closed. When everybody is stuck nobody is: that is flow control.
 */
export class SlowConsumerTimer<T extends SlowUser> {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #users: ReadonlySet<T>;
  readonly #port: SlowPort<T>;
  readonly #look: Deadline = { due: Infinity, run: () => this.#judge() };

  constructor(clock: Clock, deadlines: Deadlines, users: ReadonlySet<T>, port: SlowPort<T>) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#users = users;
    this.#port = port;
  }

  /** Somebody is full. */
  start(): void {
    const limit = this.#port.limit();
    if (limit > 0 && this.#users.size > 1 && this.#look.due === Infinity) this.#deadlines.arm(this.#look, limit * 1000);
  }
  /** Looks no more. */
  stop(): void {
    this.#deadlines.cancel(this.#look);
  }

  #judge(): void {
    const users = [...this.#users].filter(({ door }) => door.beside === undefined);
    const since = this.#clock.now() - this.#port.limit() * 1000 + 1;
    const stuck = users.filter((user) => user.full && user.fullSince <= since);
    if (stuck.length > 0 && stuck.length < users.length) this.#port.cut(stuck);
    if ([...this.#users].some((user) => user.full)) this.start();
  }
}

/** How often to look, and when for the first time: a device that is merely slower than the network is not worth a look. */
const LOOK_MS = 1000;
const FIRST_MS = 50;

/** Users that leave while the device takes nothing: they are not read then, so their leaving would not be noticed. */
export class HalfCloseWatch {
  readonly #deadlines: Deadlines;
  readonly #users: Iterable<{ readonly gensio: Gensio }>;
  readonly #look: Deadline = { due: Infinity, run: () => this.#find() };
  /** Have closed: they are read all the same, what they still have is bounded by the kernel. */
  readonly #leaving = new WeakSet<Gensio>();

  constructor(deadlines: Deadlines, users: Iterable<{ readonly gensio: Gensio }>) {
    this.#deadlines = deadlines;
    this.#users = users;
  }

  /** The device takes nothing: nobody is read, but for those that are known to have closed. */
  block(): void {
    for (const { gensio } of this.#users) if (!this.#leaving.has(gensio)) gensio.setReading(false);
    if (this.#look.due === Infinity) this.#deadlines.arm(this.#look, FIRST_MS);
  }
  /** The device takes data again, or the session is over. */
  stop(): void {
    this.#deadlines.cancel(this.#look);
  }

  #find(): void {
    for (const { gensio } of this.#users) {
      if (gensio.peerClosed?.() !== true) continue;
      this.#leaving.add(gensio);
      gensio.setReading(true);
    }
    this.#deadlines.arm(this.#look, LOOK_MS);
  }
}
