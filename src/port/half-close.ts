// Users that leave while the device takes nothing: they are not read then, so their leaving would not be noticed.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import type { Gensio } from '../gensio/gensio.ts';

/** How often to look, and when for the first time: a device that is merely slower than the network is not worth a look. */
const LOOK_MS = 1000;
const FIRST_MS = 50;

export class HalfCloseWatch {
  readonly #deadlines: Deadlines;
  readonly #users: Iterable<{ readonly gensio: Gensio }>;
  readonly #look: Deadline;
  /** Have closed: they are read all the same, what they still have is bounded by the kernel. */
  readonly #leaving = new WeakSet<Gensio>();

  constructor(deadlines: Deadlines, users: Iterable<{ readonly gensio: Gensio }>) {
    this.#deadlines = deadlines;
    this.#users = users;
    this.#look = { due: Infinity, run: () => this.#find() };
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
