// Long work in short pieces, so that whatever else there is to do comes in between.
import type { Clock } from './clock.ts';
import { onImmediate } from './fault-domain.ts';

/** How long a piece may take, ms. */
const PIECE_MS = 4;

/** Work that may be interrupted wherever it yields; it gives its result at the end. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Says when it is the turn of others. */
export class Slices {
  readonly #clock: Clock;
  #end: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#end = clock.now() + PIECE_MS;
  }
  /** A piece has taken its time: await next() before going on. */
  get isUp(): boolean {
    return this.#clock.now() >= this.#end;
  }
  /** Resolves in a later turn of the event loop, where the next piece begins. */
  next(): Promise<void> {
    return new Promise((resolve) => this.after(resolve));
  }
  /** Calls the next piece in a later turn of the event loop. */
  after(piece: () => void): void {
    onImmediate(() => {
      this.#end = this.#clock.now() + PIECE_MS;
      piece();
    });
  }
}

/** All of it at once. Throws what the work throws. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A piece of it in each turn of the event loop. Rejects with what the work throws. */
export async function inSlices<T>(steps: Steps<T>, clock: Clock): Promise<T> {
  for (const slices = new Slices(clock); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (slices.isUp) await slices.next();
  }
}

/** The same, and `done` is called with the result: before this returns if all of it takes no longer than a piece. */
export function runInSlices<T>(steps: Steps<T>, clock: Clock, done: (result: T) => void): void {
  const slices = new Slices(clock);
  const piece = (): void => {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return done(step.value);
      if (slices.isUp) return slices.after(piece);
    }
  };
  piece();
}
