// One trace file: appended to behind the session's back, so that a slow or full disk never holds data up.
import { close, open, write } from 'node:fs';

/** Bytes kept for a disk that does not keep up; more are dropped, and the loss is written down when there is room. */
const MAX_QUEUED = 1 << 20;

/** Appends to a file. Errors go to failed, once each kind of trouble; writing goes on when the disk lets it. */
export class TraceFile {
  /** The file's name, as opened. */
  readonly path: string;
  readonly #failed: (err: NodeJS.ErrnoException, what: 'open' | 'write') => void;
  #fd: number | undefined;
  #state: 'opening' | 'idle' | 'writing' | 'closed' = 'opening';
  #ending = false;
  #queue: Buffer[] = [];
  #queued = 0;
  #lost = 0;
  #complained = false;
  /** Resolves when everything is written and the file is closed, after end(). */
  readonly done: Promise<void>;
  #done!: () => void;

  /** before: a file that is to be done first, for it may be the same. */
  constructor(path: string, failed: (err: NodeJS.ErrnoException, what: 'open' | 'write') => void, before?: TraceFile) {
    this.path = path;
    this.#failed = failed;
    this.done = new Promise((resolve) => {
      this.#done = resolve;
    });
    if (before === undefined) this.#open();
    else void before.done.then(() => this.#open());
  }

  #open(): void {
    open(this.path, 'a', 0o600, (err, fd) => {
      if (err !== null) {
        this.#failed(err, 'open');
        this.#state = 'closed';
        this.#queue = [];
        this.#done();
        return;
      }
      this.#fd = fd;
      this.#state = 'idle';
      this.#next();
    });
  }

  /** Takes data as its own. */
  append(data: Buffer): void {
    if (this.#state === 'closed') return;
    if (this.#queued + data.length > MAX_QUEUED) {
      this.#lost += data.length;
      return;
    }
    this.#queue.push(data);
    this.#queued += data.length;
    this.#next();
  }

  #next(): void {
    if (this.#state !== 'idle' || this.#fd === undefined) return;
    if (this.#queue.length === 0) {
      if (this.#ending) this.#close();
      return;
    }
    const data = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue);
    this.#queue = [];
    this.#write(data);
  }

  #write(data: Buffer): void {
    this.#state = 'writing';
    write(this.#fd!, data, (err, n) => {
      if (err !== null) {
        if (!this.#complained) this.#failed(err, 'write');
        this.#complained = true;
        this.#lost += data.length;
      } else if (n < data.length) {
        this.#queued -= Math.min(this.#queued, n);
        return this.#write(data.subarray(n));
      }
      this.#queued -= Math.min(this.#queued, data.length);
      this.#state = 'idle';
      if (err === null && this.#lost > 0) {
        this.#queue.unshift(Buffer.from(`\n[${this.#lost} bytes lost]\n`));
        this.#lost = 0;
        this.#complained = false;
      }
      this.#next();
    });
  }

  #close(): void {
    if (this.#fd !== undefined) close(this.#fd, () => undefined);
    this.#fd = undefined;
    this.#state = 'closed';
    this.#done();
  }

  /** What was appended is still written, then the file is closed. */
  end(): void {
    this.#ending = true;
    this.#next();
  }
}
