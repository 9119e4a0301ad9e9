// A file that is only appended to: traces. A slow, full or hanging disk costs what was to be written, and never holds anybody up.
import { fileCalls } from './blocking-calls.ts';
import { openFileLater } from './safe-file.ts';

/** Bytes kept for a disk that does not keep up; more are dropped, and the loss is written down when there is room. */
const MAX_QUEUED = 1 << 20;
/** Names of the process's own output, which stays open. These links are not followed but meant. */
const OWN_OUTPUT: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);

/** What was being done when it failed. */
export type AppendStep = 'open' | 'write';

/** How a file is opened. */
interface AppendOptions {
  /** A file that is to be closed first, because it may be the same. */
  readonly before?: AppendFile | undefined;
  /** What it held is removed. Default: false. */
  readonly empty?: boolean;
  /** The permission bits of a file that is made, before the umask. Default: 0600. */
  readonly mode?: number;
  /** Called once when it is open. */
  readonly opened?: () => void;
}

/** Appends to a regular file, in order. Errors go to `failed`, once each kind of trouble; writing goes on when the disk lets it. */
export class AppendFile {
  /** The file's name, as opened; a descriptor that is not closed at the end. */
  readonly target: string | number;
  readonly #failed: (err: NodeJS.ErrnoException, what: AppendStep) => void;
  readonly #own: number | undefined;
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

  /** A pipe, a device, a link or a file with several names is refused as an error of `open`. */
  constructor(target: string | number, failed: (err: NodeJS.ErrnoException, what: AppendStep) => void, options: AppendOptions = {}) {
    this.target = target;
    this.#own = typeof target === 'number' ? target : OWN_OUTPUT.get(target);
    this.#failed = failed;
    this.done = new Promise((resolve) => {
      this.#done = resolve;
    });
    if (options.before === undefined) this.#open(options);
    else void options.before.done.then(() => this.#open(options));
  }

  #open({ empty, mode, opened }: AppendOptions): void {
    const got = (err: Error | null, fd?: number): void => {
      if (err !== null || fd === undefined) {
        if (err !== null) this.#failed(err, 'open');
        this.#state = 'closed';
        this.#queue = [];
        this.#done();
        return;
      }
      this.#fd = fd;
      this.#state = 'idle';
      opened?.();
      this.#next();
    };
    if (this.#own !== undefined) got(null, this.#own);
    else openFileLater(this.target as string, empty === true ? 'replace' : 'append', mode === undefined ? {} : { mode }, got);
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
    fileCalls.write(this.#fd!, data, (err, n) => {
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
    if (this.#fd !== undefined && this.#own === undefined) fileCalls.close(this.#fd);
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
