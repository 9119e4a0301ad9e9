// Calls that may never come back: opens and closes of devices, whose drivers may let them wait, and files on disks that do not answer.
// Node.js makes such calls on four threads that it shares with passwords and names, and waits for at its end; so no more than three are
// there at once. When those take long, further calls go to threads of their own, one at a time each and a few at most. A healthy
// program never has one.
import { close, open, read, write } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { systemClock, type Timer } from './clock.ts';
import { bind, onImmediate } from './fault-domain.ts';

/** A call that takes longer lets others go to a thread of their own, ms. */
const SLOW_MS = 100;
/** A thread that has had nothing to do for so long ends, ms. */
const IDLE_MS = 10_000;

/** Why a call failed: `code` is the name of errno. */
type CallError = NodeJS.ErrnoException;
type Call =
  | { readonly op: 'open'; readonly path: string; readonly flags: number; readonly mode: number | undefined }
  | { readonly op: 'close'; readonly fd: number }
  | { readonly op: 'read' | 'write'; readonly fd: number; readonly data: Buffer };
/** What comes of a call: a descriptor or a number of bytes. */
type Done = (err: CallError | null, result: number) => void;
interface Job {
  readonly call: Call;
  readonly done: Done;
}
interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
  idle: Timer | undefined;
}
type Answer =
  | { readonly result: number; readonly data?: Uint8Array }
  | { readonly code: string; readonly errno: number; readonly syscall: string; readonly message: string };

/** What a thread runs: one call a message. Descriptors belong to the process, not to the thread. */
const THREAD = `
const { parentPort } = require('node:worker_threads');
const fs = require('node:fs');
const CALLS = {
  open: ({ path, flags, mode }) => ({ result: fs.openSync(path, flags, mode) }),
  close: ({ fd }) => (fs.closeSync(fd), { result: 0 }),
  write: ({ fd, data }) => ({ result: fs.writeSync(fd, data) }),
  read: ({ fd, length }) => {
    const data = new Uint8Array(length);
    const result = fs.readSync(fd, data);
    return { result, data: data.slice(0, result) };
  },
};
parentPort.on('message', (call) => {
  try {
    parentPort.postMessage(CALLS[call.op](call));
  } catch ({ code, errno, syscall, message }) {
    parentPort.postMessage({ code, errno, syscall, message });
  }
});`;

/** How many calls of a kind are at work at once. */
interface CallLimits {
  /** On the threads that Node.js has, of which there are four. */
  readonly shared: number;
  /** On threads of our own; each can be held by one call that hangs. */
  readonly threads: number;
}

/** The calls of one kind. */
export class BlockingCalls {
  readonly #limits: CallLimits;
  readonly #waiting: Job[] = [];
  readonly #threads = new Set<Thread>();
  #shared = 0;
  /** Some call has come back since the last look. */
  #moved = false;
  #look: Timer | undefined;

  constructor(limits: CallLimits) {
    this.#limits = limits;
  }

  /** Calls that have not come back. */
  get pending(): number {
    return this.#waiting.length + this.#shared + [...this.#threads].filter(({ job }) => job !== undefined).length;
  }
  /** Threads of our own there are now. */
  get threads(): number {
    return this.#threads.size;
  }

  /** open(2); `done` is called later, with errno's error or the descriptor. `mode`: the permission bits of a file that is made. */
  open(path: string, flags: number, done: (err: CallError | null, fd: number) => void, mode?: number): void {
    this.#add({ call: { op: 'open', path, flags, mode }, done: bind(done) });
  }
  /** close(2); `done` is called when it is over, with errno's error if it failed. */
  close(fd: number, done: (err: CallError | null) => void = () => undefined): void {
    this.#add({ call: { op: 'close', fd }, done: bind(done) });
  }
  /** write(2) at the file's own position; the buffer must not change until `done` is called, with how many bytes were written. */
  write(fd: number, data: Buffer, done: (err: CallError | null, written: number) => void): void {
    this.#add({ call: { op: 'write', fd, data }, done: bind(done) });
  }
  /** read(2) at the file's own position into the buffer, which nobody looks at until `done` is called, with how many bytes came. */
  read(fd: number, data: Buffer, done: (err: CallError | null, count: number) => void): void {
    this.#add({ call: { op: 'read', fd, data }, done: bind(done) });
  }

  #add(job: Job): void {
    this.#waiting.push(job);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#shared < this.#limits.shared) this.#share(this.#waiting.shift()!);
    for (const thread of this.#threads) {
      if (this.#waiting.length > 0 && thread.job === undefined) this.#give(thread, this.#waiting.shift()!);
    }
    if (this.#waiting.length === 0 || this.#look !== undefined) return;
    this.#moved = false;
    // In the check phase: calls that came back while this process was busy itself have been told by then.
    this.#look = systemClock.after(SLOW_MS, () => onImmediate(() => this.#grow()));
  }

  /** One more thread, if those at work have been so for all of the time: many calls that are quick need none. */
  #grow(): void {
    this.#look = undefined;
    if (!this.#moved && this.#waiting.length > 0 && this.#threads.size < this.#limits.threads) {
      this.#give(this.#start(), this.#waiting.shift()!);
    }
    this.#dispatch();
  }

  #share({ call, done }: Job): void {
    this.#shared++;
    const over = (err: CallError | null, result = 0): void => {
      this.#shared--;
      this.#moved = true;
      done(err, result);
      this.#dispatch();
    };
    if (call.op === 'open') open(call.path, call.flags, call.mode, over);
    else if (call.op === 'close') close(call.fd, (err) => over(err ?? null));
    else if (call.op === 'write') write(call.fd, call.data, over);
    else read(call.fd, call.data, 0, call.data.length, null, over);
  }

  #give(thread: Thread, job: Job): void {
    thread.idle?.cancel();
    thread.job = job;
    const { call } = job;
    thread.worker.postMessage(call.op === 'read' ? { op: 'read', fd: call.fd, length: call.data.length } : call);
  }

  #start(): Thread {
    const worker = new Worker(THREAD, {
      eval: true,
      trackUnmanagedFds: false,
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
    });
    const thread: Thread = { worker, job: undefined, idle: undefined };
    this.#threads.add(thread);
    const over: Done = (err, result) => {
      const job = thread.job;
      thread.job = undefined;
      this.#moved = true;
      job?.done(err, result);
    };
    worker.unref();
    worker.on('message', (answer: Answer) => {
      if ('result' in answer) {
        if (answer.data !== undefined && thread.job?.call.op === 'read') thread.job.call.data.set(answer.data);
        over(null, answer.result);
      } else over(Object.assign(new Error(answer.message), answer), 0);
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

/** Those on devices. */
export const blockingCalls = new BlockingCalls({ shared: 2, threads: 8 });
/** Those on files: disks that hang leave devices alone, and devices them. */
export const fileCalls = new BlockingCalls({ shared: 1, threads: 4 });
/** Calls of this process that have not come back. */
export const callsPending = (): number => blockingCalls.pending + fileCalls.pending;
