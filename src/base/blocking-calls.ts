// Opens and closes of devices, whose drivers may let them wait for ever. Node.js makes such calls on four threads that it shares with
// passwords, names and files, and waits for at its end; so no more than two are there at once. When those take long, further calls
// go to threads of their own, one at a time each and a few at most. A healthy program never has one.
import { close, open } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { systemClock, type Timer } from './clock.ts';
import { bind } from './fault-domain.ts';

/** Calls at once on the threads that Node.js has; half of them. */
const SHARED = 2;
/** A call that takes longer lets others go to a thread of their own, ms. */
const SLOW_MS = 100;
/** Threads of our own; each can be held by one device that hangs. */
const MAX_THREADS = 8;
/** A thread that has had nothing to do for so long ends, ms. */
const IDLE_MS = 30_000;

/** Why a call failed: `code` is the name of errno. */
type CallError = NodeJS.ErrnoException;
type Call = { readonly op: 'open'; readonly path: string; readonly flags: number } | { readonly op: 'close'; readonly fd: number };
interface Job {
  readonly call: Call;
  readonly done: (err: CallError | null, fd: number) => void;
}
interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  idle: Timer | undefined;
}
type Answer =
  | { readonly fd: number }
  | { readonly code: string; readonly errno: number; readonly syscall: string; readonly message: string };

/** What a thread runs: one call a message. Descriptors belong to the process, not to the thread. */
const THREAD = `
const { parentPort } = require('node:worker_threads');
const fs = require('node:fs');
parentPort.on('message', (call) => {
  try {
    parentPort.postMessage({ fd: call.op === 'open' ? fs.openSync(call.path, call.flags) : (fs.closeSync(call.fd), 0) });
  } catch ({ code, errno, syscall, message }) {
    parentPort.postMessage({ code, errno, syscall, message });
  }
});`;

/** The calls of a process. */
export class BlockingCalls {
  readonly #waiting: Job[] = [];
  readonly #threads = new Set<Thread>();
  #shared = 0;
  #look: Timer | undefined;

  /** Calls that have not come back. */
  get pending(): number {
    return this.#waiting.length + this.#shared + [...this.#threads].filter(({ job }) => job !== undefined).length;
  }
  /** Threads of our own there are now. */
  get threads(): number {
    return this.#threads.size;
  }

  /** open(2); `done` is called later, with errno's error or the descriptor. */
  open(path: string, flags: number, done: (err: CallError | null, fd: number) => void): void {
    this.#add({ call: { op: 'open', path, flags }, done: bind(done) });
  }
  /** close(2); `done` is called when it is over, with errno's error if it failed. */
  close(fd: number, done: (err: CallError | null) => void = () => undefined): void {
    this.#add({ call: { op: 'close', fd }, done: bind(done) });
  }

  #add(job: Job): void {
    this.#waiting.push(job);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#shared < SHARED) this.#share(this.#waiting.shift()!);
    for (const thread of this.#threads) {
      if (this.#waiting.length > 0 && thread.job === undefined) this.#give(thread, this.#waiting.shift()!);
    }
    if (this.#waiting.length === 0 || this.#look !== undefined) return;
    this.#look = systemClock.after(SLOW_MS, () => {
      this.#look = undefined;
      // What waits has waited for all of that time, so every call at work is a slow one, or they are many: one more thread.
      if (this.#waiting.length > 0 && this.#threads.size < MAX_THREADS) this.#give(this.#start(), this.#waiting.shift()!);
      this.#dispatch();
    });
  }

  #share({ call, done }: Job): void {
    this.#shared++;
    const over = (err: CallError | null, fd = 0): void => {
      this.#shared--;
      done(err, fd);
      this.#dispatch();
    };
    if (call.op === 'open') open(call.path, call.flags, over);
    else close(call.fd, (err) => over(err ?? null));
  }

  #give(thread: Thread, job: Job): void {
    thread.idle?.cancel();
    thread.job = job;
    thread.worker.postMessage(job.call);
  }

  #start(): Thread {
    const worker = new Worker(THREAD, {
      eval: true,
      trackUnmanagedFds: false,
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
    });
    const thread: Thread = { worker, job: undefined, idle: undefined };
    this.#threads.add(thread);
    const over = (err: CallError | null, fd: number): void => {
      const job = thread.job;
      thread.job = undefined;
      job?.done(err, fd);
    };
    worker.unref();
    worker.on('message', (answer: Answer) => {
      if ('fd' in answer) over(null, answer.fd);
      else over(Object.assign(new Error(answer.message), answer), 0);
      this.#dispatch();
      if (thread.job === undefined) thread.idle = systemClock.after(IDLE_MS, () => void worker.terminate());
    });
    worker.on('error', (err) => over(err as CallError, 0));
    worker.on('exit', () => {
      this.#threads.delete(thread);
      if (thread.job !== undefined) over(Object.assign(new Error('the thread has ended'), { code: 'EIO' }), 0);
    });
    return thread;
  }
}

/** Those of this process. */
export const blockingCalls = new BlockingCalls();
