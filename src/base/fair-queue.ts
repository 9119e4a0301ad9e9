// Work that takes long, so much of it at once and no more. Sources take turns, so none of them can keep the others waiting; and who
// does not want it any more is dropped.
import { bind } from './fault-domain.ts';

/** Limits of a queue. All count pieces of work. */
export interface QueueLimits {
  /** Under way at once. */
  readonly atOnce: number;
  /** Of these for one source. */
  readonly atOncePerSource: number;
  /** Waiting for one source. */
  readonly waitingPerSource: number;
  /** Waiting in all. */
  readonly waiting: number;
}

type Start = (finished: () => void) => void;

/** Work that is done a few pieces at a time; sources take turns. */
export class FairQueue {
  readonly #limits: QueueLimits;
  /** In the order of their turns. */
  readonly #waiting = new Map<string, Set<Start>>();
  readonly #running = new Map<string, number>();
  #atWork = 0;
  #count = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /**
   * Starts the work when it is its turn, perhaps before this returns. `start` must call its argument once, when the work is over,
   * even if nobody wants its result any more.
   * Gives a function that drops work that has not been started; `undefined` if so much waits already that it is not taken.
   */
  run(source: string, start: Start): (() => void) | undefined {
    const mine = this.#waiting.get(source) ?? new Set<Start>();
    const waits = mine.size > 0 || !this.#mayStart(source);
    if (waits && (mine.size >= this.#limits.waitingPerSource || this.#count >= this.#limits.waiting)) return undefined;
    const work = bind(start);
    mine.add(work);
    this.#count++;
    this.#waiting.set(source, mine);
    this.#next();
    return () => this.#take(source, work);
  }

  #mayStart(source: string): boolean {
    return this.#atWork < this.#limits.atOnce && (this.#running.get(source) ?? 0) < this.#limits.atOncePerSource;
  }
  /** Takes it out of those that wait, if it is there. */
  #take(source: string, work: Start): void {
    const mine = this.#waiting.get(source);
    if (mine?.delete(work) !== true) return;
    this.#count--;
    if (mine.size === 0) this.#waiting.delete(source);
  }
  #next(): void {
    while (this.#atWork < this.#limits.atOnce) {
      const [source] = [...this.#waiting.keys()].filter((each) => this.#mayStart(each));
      const [work] = source === undefined ? [] : (this.#waiting.get(source) ?? []);
      if (source === undefined || work === undefined) return;
      this.#take(source, work);
      const rest = this.#waiting.get(source);
      if (rest !== undefined) {
        // The others come before its next one.
        this.#waiting.delete(source);
        this.#waiting.set(source, rest);
      }
      this.#start(source, work);
    }
  }
  #start(source: string, work: Start): void {
    this.#atWork++;
    this.#running.set(source, (this.#running.get(source) ?? 0) + 1);
    let over = false;
    work(() => {
      if (over) return;
      over = true;
      this.#atWork--;
      const left = this.#running.get(source)! - 1;
      if (left === 0) this.#running.delete(source);
      else this.#running.set(source, left);
      this.#next();
    });
  }
}
