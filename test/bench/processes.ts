// Processes under measurement: started, asked how they do (Linux /proc), and always ended, also when the bench itself is.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from './programs.ts';

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

/** The promise, or undefined after ms. */
async function atMost<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), ms);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(timer);
  return first;
}

export class Running {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #lines: AsyncIterator<string> | undefined;

  /** talks: it is told and says lines; otherwise it is silent. */
  constructor({ file, args }: Command, talks: boolean) {
    const child = spawn(file, args, { stdio: talks ? ['pipe', 'pipe', 'inherit'] : 'ignore' });
    this.#child = child;
    running.add(child);
    this.#gone = new Promise((done) => {
      child.once('error', () => done());
      child.once('exit', () => done());
    });
    void this.#gone.then(() => running.delete(child));
    child.stdin?.on('error', () => undefined);
    this.#lines = child.stdout === null ? undefined : createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }
  get pid(): number {
    return this.#child.pid ?? 0;
  }
  /** The next line it says; '' when it ends, or says nothing for so long. */
  async line(ms: number): Promise<string> {
    const next = this.#lines === undefined ? undefined : await atMost(ms, this.#lines.next());
    return next?.done === false ? next.value : '';
  }
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }
  /** Asks it to end, and ends it when it does not. */
  async stop(patience = 5000): Promise<void> {
    if (this.#child.pid === undefined || !running.has(this.#child)) return;
    for (const child of childrenOf(this.pid)) {
      try {
        process.kill(child, 'SIGTERM');
      } catch {
        // Gone meanwhile.
      }
    }
    this.#child.kill('SIGTERM');
    await atMost(patience, this.#gone);
    if (running.has(this.#child)) this.#child.kill('SIGKILL');
    await atMost(2000, this.#gone);
  }
}

const text = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};
const list = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
const childrenOf = (pid: number): number[] => text(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);

/** CPU seconds of a process, its threads and its children. */
export function cpuOf(pid: number): number {
  const threads = list(`/proc/${pid}/task`).map((t) => Number(text(`/proc/${pid}/task/${t}/schedstat`).split(' ')[0]) / 1e9);
  return [...threads, ...childrenOf(pid).map(cpuOf)].reduce((a, b) => a + b, 0);
}
/** Resident memory of a process and its children, in MB. */
export const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+([0-9]+)/.exec(text(`/proc/${pid}/status`))?.[1] ?? 0) / 1024 + childrenOf(pid).reduce((sum, c) => sum + rssOf(c), 0);
/** Open descriptors of a process. */
export const descriptorsOf = (pid: number): number => list(`/proc/${pid}/fd`).length;

/** TCP ports of this machine in state LISTEN. */
export function listening(): Set<number> {
  const ports = new Set<number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const m of text(file).matchAll(/^\s*[0-9]+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /gm)) {
      ports.add(Number.parseInt(m[1]!, 16));
    }
  }
  return ports;
}

/** The first of count free ports in a row, below those the system gives to clients. */
export function freeBase(count: number): number {
  const used = listening();
  const room = 30_000 - count;
  for (let tries = 0; tries < 1000; tries++) {
    const base = 18_000 + Math.floor(Math.random() * (room - 18_000));
    if (Array.from({ length: count }, (_, i) => base + i).every((p) => !used.has(p))) return base;
  }
  throw new Error(`no ${count} free ports in a row`);
}
