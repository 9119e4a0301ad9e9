// A clock that stands still until a test advances it.
import type { Clock, Timer } from '../../src/base/clock.ts';

interface Waiting {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #start: number;
  readonly #waiting = new Set<Waiting>();
  /** start: the date and time that wall() gives at first. */
  constructor(start = new Date('2024-01-02T03:04:05.000Z')) {
    this.#start = start.getTime();
  }
  now(): number {
    return this.#now;
  }
  wall(): Date {
    return new Date(this.#start + this.#now);
  }
  after(ms: number, run: () => void): Timer {
    const timer: Waiting = { at: this.#now + Math.max(ms, 0), order: this.#order++, run };
    this.#waiting.add(timer);
    return { cancel: () => void this.#waiting.delete(timer) };
  }
  /** Lets ms pass: runs what comes due in order of time, also what is started meanwhile and comes due within ms. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
      this.#waiting.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
  /** Timers that have not run: 0 when nothing was forgotten. */
  get timers(): number {
    return this.#waiting.size;
  }
  /** Milliseconds until the next timer; undefined when there is none. */
  get next(): number | undefined {
    const next = this.#next();
    return next && next.at - this.#now;
  }
  #next(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const w of this.#waiting) if (first === undefined || w.at < first.at || (w.at === first.at && w.order < first.order)) first = w;
    return first;
  }
}
