// The daemon under test: its process, its configuration file, what it holds, and what it says.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from './limits.ts';
import type { Holdings } from './probe.ts';

const MAIN = join(import.meta.dirname, '../../src/main.js');
const PROBE = join(import.meta.dirname, 'probe.js');
/** Where lock files of devices are. */
export const LOCKS = '/var/lock';
/** Of the clock in /proc: a hundred a second on every machine. */
const TICK_MS = 10;
/** What the daemon says when something is wrong with itself. */
const BROKEN = /Internal error|an observer failed|MaxListenersExceeded|Warning:/;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface SubjectOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Where it works; a new directory when not given. */
  readonly dir?: string;
  /** More of the command line. */
  readonly words?: readonly string[];
  /** In front of the command: a program that starts it. */
  readonly through?: readonly string[];
  /** It is not watched for failures of its own: they are wanted. */
  readonly broken?: true;
}

export class Subject {
  readonly dir: string;
  readonly file: string;
  readonly #options: SubjectOptions;
  #child: ChildProcess | undefined;
  #said = '';
  /** Characters it said before those. */
  #forgotten = 0;
  /** Its exit code, or the signal that ended it; undefined: it runs. */
  exit: number | string | undefined;

  constructor(options: SubjectOptions = {}) {
    this.dir = options.dir ?? mkdtempSync(join(tmpdir(), 'torture-'));
    this.file = join(this.dir, 'ser2net.yaml');
    this.#options = options;
  }

  /** A path in the directory of the run. */
  path(name: string): string {
    return join(this.dir, name);
  }
  get pid(): number {
    return this.#child?.pid ?? 0;
  }
  /** The end of what it said on stderr. */
  get said(): string {
    return this.#said;
  }
  /** A place in what it says, for saidSince(). */
  get saidSoFar(): number {
    return this.#forgotten + this.#said.length;
  }
  saidSince(place: number): string {
    return this.#said.slice(Math.max(0, place - this.#forgotten));
  }
  get alive(): boolean {
    return this.#child !== undefined && this.exit === undefined;
  }

  /** In one step, so that a reload sees the old or the new one. */
  configure(text: string): void {
    writeFileSync(`${this.file}.new`, text);
    renameSync(`${this.file}.new`, this.file);
  }

  async start(more: readonly string[] = []): Promise<void> {
    this.exit = undefined;
    this.#said = '';
    this.#forgotten = 0;
    const { env, words = [], through = [] } = this.#options;
    const command = [
      ...through,
      process.execPath,
      '--expose-gc',
      '--import',
      pathToFileURL(PROBE).href,
      MAIN,
      '-d',
      '-r',
      '-c',
      this.file,
      ...words,
      ...more,
    ];
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ...env } });
    this.#child = child;
    running.add(child);
    let out = '';
    child.stdout!.on('data', (data: Buffer) => {
      out += data.toString();
    });
    child.stderr!.on('data', (data: Buffer) => {
      const all = this.#said + data.toString();
      this.#said = all.slice(-200_000);
      this.#forgotten += all.length - this.#said.length;
    });
    child.on('exit', (code, signal) => {
      this.exit = code ?? signal ?? 'gone';
      running.delete(child);
    });
    child.on('error', () => undefined);
    await until(
      () => `the daemon to start: ${this.said}`,
      () => out.includes('Ready') || !this.alive,
    );
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
  async stop(): Promise<void> {
    this.kill('SIGTERM');
    await until('the daemon to end', () => !this.alive);
  }
  /** Ends it whatever it does, and removes the directory, and the lock files that such an end leaves. */
  remove(): void {
    if (this.alive) this.kill('SIGKILL');
    for (const name of this.locks()) rmSync(join(LOCKS, name), { force: true });
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** What is wrong with the process itself. */
  problem(): string | undefined {
    if (!this.alive) return `the daemon ended with ${this.exit}: ${this.said.slice(-3000)}`;
    if (this.#options.broken === true) return undefined;
    const found = BROKEN.exec(this.said);
    return found === null ? undefined : `the daemon says: ${this.said.slice(Math.max(0, found.index - 200), found.index + 2000)}`;
  }

  /** Open descriptors by kind: `socket 12`, `/dev/pts 3`. */
  descriptors(): Map<string, number> {
    const kinds = new Map<string, number>();
    const folder = `/proc/${this.pid}/fd`;
    for (const fd of list(folder)) {
      let to = '';
      try {
        to = readlinkSync(join(folder, fd));
      } catch {
        continue;
      }
      const kind = to.replace(/:?\[[0-9]+\]$/, '').replace(/^\/dev\/pts\/[0-9]+.*/, '/dev/pts');
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    return kinds;
  }
  /** Processor time it has used, in ms. */
  cpu(): number {
    const words = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(words[11]) + Number(words[12])) * TICK_MS;
  }
  /** Lock files of devices below the directory of the run. */
  locks(): string[] {
    const mark = this.dir.replaceAll('/', '_');
    return list(LOCKS).filter((name) => name.includes(mark));
  }
  async holdings(): Promise<Holdings> {
    const child = this.#child!;
    let got: Holdings | undefined;
    child.once('message', (message) => {
      got = message as Holdings;
    });
    child.send('tell');
    await until('the daemon to tell what it holds', () => got !== undefined || !this.alive);
    if (got === undefined) throw new Error(this.problem());
    return got;
  }
}

const list = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

/** Whether somebody listens there. */
export function listens(place: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(typeof place === 'number' ? { port: place, host: '127.0.0.1' } : { path: place });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** A stretch of count free TCP ports below those the system gives to clients. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const base = 12_000 + Math.floor(Math.random() * (30_000 - 12_000 - count));
    const used = await Promise.all(Array.from({ length: count }, (_, i) => listens(base + i)));
    if (!used.includes(true)) return base;
  }
  throw new Error(`no ${count} free ports in a row`);
}
