// Writes to the master of a pseudo-terminal, for uv-handle.ts where Node's documented interfaces are all there is. Their own way to write to
// one would try again and again until an application makes room, and nothing else would run; here it is tried again a little later.
import { writeSync } from 'node:fs';
import { systemClock, type Timer } from '../base/clock.ts';

/** How soon a full terminal is tried again, ms. */
const AGAIN_MS = 5;

/** A queue of bytes in front of a pseudo-terminal's master that does not block. */
export class PtyMasterWriter {
  readonly #fd: number;
  readonly #done: (err?: NodeJS.ErrnoException) => void;
  #rest: Buffer | undefined;
  #timer: Timer | undefined;

  /** fd does not block. done comes after each write() that gave false, when everything is written or with what went wrong. */
  constructor(fd: number, done: (err?: NodeJS.ErrnoException) => void) {
    this.#fd = fd;
    this.#done = done;
  }

  /** Takes all of it, and keeps the buffer when that gives false. @throws what write(2) failed with */
  write(data: Buffer): boolean {
    if (this.#rest !== undefined) {
      this.#rest = Buffer.concat([this.#rest, data]);
      return false;
    }
    this.#rest = data;
    this.#handOn();
    if (this.#rest === undefined) return true;
    this.#later();
    return false;
  }
  #handOn(): void {
    for (let rest = this.#rest; rest !== undefined; rest = this.#rest) {
      let n: number;
      try {
        n = writeSync(this.#fd, rest);
      } catch (err) {
        if ((err as NodeJS.ErrnoException).code === 'EAGAIN') return;
        throw err;
      }
      this.#rest = n < rest.length ? rest.subarray(n) : undefined;
    }
  }
  #later(): void {
    this.#timer = systemClock.after(AGAIN_MS, () => {
      try {
        this.#handOn();
      } catch (err) {
        this.stop();
        return this.#done(err as NodeJS.ErrnoException);
      }
      if (this.#rest === undefined) this.#done();
      else this.#later();
    });
  }

  /** Bytes that the terminal has not taken yet. */
  get bufferedBytes(): number {
    return this.#rest?.length ?? 0;
  }
  /** Before the descriptor is closed. */
  stop(): void {
    this.#timer?.cancel();
    this.#rest = undefined;
  }
}
