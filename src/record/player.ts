// Plays a recording: what a device said, at the times at which it said it. Every piece has a time of its own, counted from the start, so
// that what is late is not late for good.
import type { Clock, Timer } from '../base/clock.ts';
import { onImmediate } from '../base/fault-domain.ts';

/** A piece of what is played. */
export interface Piece {
  /** Microseconds; only differences count, and a time before the last one counts as the same. */
  readonly time: number;
  /** What was said. */
  readonly data: Buffer;
}

/** Where it is played. */
interface PlayerUp {
  /** As Gensio.write: false means to wait for Player.writable(). */
  write(data: Buffer): boolean;
  /** All of it was played. */
  done(): void;
}

/** How it is played. */
interface PlayerOptions {
  /** Without pauses, as fast as it is taken. */
  readonly fullSpeed: boolean;
  /** Does nothing for so many milliseconds, fewer than two, as exactly as it can. */
  readonly sleep: (ms: number) => void;
}

/** Timers run up to a millisecond late: they are set so much earlier, ms. */
const EARLY_MS = 1;
/** Pieces at once before others may run. */
const AT_ONCE = 64;

/** Sleeps on the spot, to fractions of a millisecond; timers only know whole ones. */
export function sleepExactly(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** One run through a recording. */
export class Player {
  readonly #next: () => Piece | undefined;
  readonly #up: PlayerUp;
  readonly #clock: Clock;
  readonly #options: PlayerOptions;
  #piece: Piece | undefined;
  /** When it is to be played, in the clock's ms. */
  #due = 0;
  #lastTime: number | undefined;
  #full = false;
  #timer: Timer | undefined;
  #state: 'waiting' | 'playing' | 'over' = 'waiting';

  /** next: gives the pieces one after the other, and `undefined` at the end. */
  constructor(next: () => Piece | undefined, up: PlayerUp, clock: Clock, options: PlayerOptions) {
    this.#next = next;
    this.#up = up;
    this.#clock = clock;
    this.#options = options;
  }

  /** Plays the first piece now. A second call does nothing. */
  start(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'playing';
    this.#due = this.#clock.now();
    this.#play();
  }
  /** There is room again after write() gave false. */
  writable(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#play();
  }
  /** Nothing more is played. */
  stop(): void {
    this.#state = 'over';
    this.#timer?.cancel();
  }

  #play(): void {
    for (let left = AT_ONCE; this.#state === 'playing' && !this.#full; left--) {
      const piece = this.#piece ?? this.#take();
      if (piece === undefined) {
        this.#state = 'over';
        return this.#up.done();
      }
      const wait = this.#options.fullSpeed ? 0 : this.#due - this.#clock.now();
      if (wait >= 2 * EARLY_MS) {
        this.#timer = this.#clock.after(Math.floor(wait - EARLY_MS), () => this.#play());
        return;
      }
      // Each sleep lets others run afterwards.
      if (left <= 0) return onImmediate(() => this.#play());
      if (wait > 0) {
        this.#options.sleep(wait);
        left = Math.min(left, 1);
      }
      this.#piece = undefined;
      if (!this.#up.write(piece.data)) this.#full = true;
    }
  }
  #take(): Piece | undefined {
    const piece = this.#next();
    if (piece === undefined) return undefined;
    this.#due += Math.max(0, piece.time - (this.#lastTime ?? piece.time)) / 1000;
    this.#lastTime = piece.time;
    this.#piece = piece;
    return piece;
  }
}
