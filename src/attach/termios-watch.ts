// Notices each tcsetattr on the slaves of our ptys, also one that changes nothing. One epoll descriptor for all of them.
//
// The kernel reports settings on the master only in packet mode with EXTPROC, which turns the line discipline off: canonical input,
// echo, ICRNL, signals. EXTPROC cannot be put on and off as settings come, either: the bit would change between a program's tcsetattr
// and the tcgetattr with which it checks the result, as stty does. But tcsetattr wakes everything that waits on the slave, whatever it
// waits for, while data only wakes those that wait for EPOLLIN or EPOLLOUT. So an edge-triggered wait for EPOLLWRNORM alone hears the
// first and not the second. A slave whose output is stopped or full is not writable, and is not heard: its owner looks for itself.
import type { Clock, Timer } from '../base/clock.ts';
import type { Libc } from '../base/libc.ts';
import { watchReadable } from '../gensio/uv-handle.ts';

const EPOLLWRNORM = 0x100;
const EPOLLET = 0x80000000;
/** How often owners are told to look where the kernel or Node cannot tell, ms. */
const LOOK_MS = 5;

/** Called for each tcsetattr, or for several at once. certain: there was one. Else nothing is known, and the owner compares. */
type TermiosListener = (certain: boolean) => void;

/** Reports tcsetattr calls on terminals. Shared by all attachments of a process; idle while it watches nothing. */
export class TermiosWatch {
  readonly #libc: Libc;
  readonly #clock: Clock;
  #epoll: number | undefined;
  /** Stops libuv from watching the epoll descriptor, and closes it. `undefined` while a timer has to do instead. */
  #close: (() => void) | undefined;
  readonly #listeners = new Map<number, TermiosListener>();
  /** Those that epoll could not take. */
  readonly #blind = new Set<number>();
  #timer: Timer | undefined;

  /** libc: of this process. clock: for where the kernel does not tell. */
  constructor(libc: Libc, clock: Clock) {
    this.#libc = libc;
    this.#clock = clock;
  }

  /** Watches a slave from now on; what was set before is not told. remove() must come before the descriptor is closed. */
  add(slave: number, listener: TermiosListener): void {
    const epoll = this.#open();
    if (epoll === undefined || this.#libc.epollAdd(epoll, slave, EPOLLWRNORM | EPOLLET) !== undefined) this.#blind.add(slave);
    // Being added is an event as well: nobody is told of that one.
    else this.poll();
    this.#listeners.set(slave, listener);
    this.#lookLater();
  }

  /** Tells no more of this slave. The last one leaves no descriptor and no timer open. */
  remove(slave: number): void {
    this.#listeners.delete(slave);
    if (!this.#blind.delete(slave) && this.#epoll !== undefined)
      this.#libc.epollSet(this.#epoll, slave, 'remove', { read: false, write: false });
    if (this.#listeners.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#close !== undefined) this.#close();
    else if (this.#epoll !== undefined) this.#libc.close(this.#epoll);
    this.#close = undefined;
    this.#epoll = undefined;
  }

  /** Tells now what happened so far: for an owner to whom the order matters. */
  poll(): void {
    if (this.#epoll === undefined) return;
    for (;;) {
      const ready = this.#libc.epollReady(this.#epoll);
      for (const { fd } of ready) this.#listeners.get(fd)?.(true);
      if (ready.length === 0 || this.#epoll === undefined) return;
    }
  }

  #open(): number | undefined {
    if (this.#epoll !== undefined) return this.#epoll;
    const epoll = this.#libc.epoll();
    if (typeof epoll !== 'number') return undefined;
    this.#epoll = epoll;
    this.#close = watchReadable(epoll, () => this.poll());
    return epoll;
  }

  #lookLater(): void {
    if (this.#timer !== undefined || (this.#blind.size === 0 && this.#close !== undefined)) return;
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#timer = undefined;
      this.poll();
      for (const slave of [...this.#blind]) this.#listeners.get(slave)?.(false);
      if (this.#listeners.size > 0) this.#lookLater();
    });
  }
}
