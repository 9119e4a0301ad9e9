// Time as the rest of the program sees it. Tests hand in a clock of their own and advance it by hand.
import { bind } from './fault-domain.ts';

/** A timer that has not run yet; cancel() is harmless when it has. */
export interface Timer {
  /** From now on it does not run. */
  cancel(): void;
}

/** Where the program gets its time from. */
export interface Clock {
  /** Milliseconds that only go forward; for measuring. */
  now(): number;
  /** The date and time of day, which may jump; for showing. */
  wall(): Date;
  /** Calls run once, at least ms milliseconds from now. Does not keep the process alive on its own. */
  after(ms: number, run: () => void): Timer;
}

/** The longest wait setTimeout takes; longer ones are cut to it (24 days). */
const MAX_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => new Date(),
  after: (ms, run) => {
    const timer = setTimeout(bind(run), Math.min(Math.max(ms, 0), MAX_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The date and time so many milliseconds after the start of 1970 (UTC). */
export const dateAt = (ms: number): Date => new Date(ms);

/** Calls run after so many milliseconds, which keeps the process alive: for what must go on whether or not anything else happens. */
export const afterPause = (ms: number, run: () => void): void => void setTimeout(bind(run), ms);
