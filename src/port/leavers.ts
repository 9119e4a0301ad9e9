// Users that leave while the device takes nothing: they are not read then, so their leaving would not be noticed.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import type { Gensio } from '../gensio/gensio.ts';

/** How often to look. */
const LOOK_MS = 1000;

export class LeaverWatch {
  readonly #deadlines: Deadlines;
  readonly #users: Iterable<{ readonly gensio: Gensio }>;
  readonly #look: Deadline;

  constructor(deadlines: Deadlines, users: Iterable<{ readonly gensio: Gensio }>) {
    this.#deadlines = deadlines;
    this.#users = users;
    this.#look = { due: Infinity, run: () => this.#find() };
  }

  /** The device takes nothing: nobody is read, but for those that have closed already, whose rest is bounded by the kernel. */
  block(): void {
    for (const { gensio } of this.#users) if (gensio.hungUp?.() !== true) gensio.setReading(false);
    if (this.#look.due === Infinity) this.#deadlines.arm(this.#look, LOOK_MS);
  }
  /** The device takes data again, or the session is over. */
  stop(): void {
    this.#deadlines.cancel(this.#look);
  }

  #find(): void {
    for (const { gensio } of this.#users) if (gensio.hungUp?.() === true) gensio.setReading(true);
    this.#deadlines.arm(this.#look, LOOK_MS);
  }
}
