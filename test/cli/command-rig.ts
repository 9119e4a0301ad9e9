// Runs the built command as users do: a child process whose output, end and open port a test can wait for.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { LIMIT_MS, until } from '../rig/wait.ts';

export { until } from '../rig/wait.ts';

/** The built command. */
export const MAIN = join(import.meta.dirname, '../../src/main.js');

export interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Exit code, or the signal it died of, when all its output has been read. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** What a failed test left running must not keep the next one, or the runner, waiting. */
const children = new Set<ChildProcess>();
const directories: string[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const dir of directories) {
    for (const name of readdirSync(dir).filter((file) => file.endsWith('.pid'))) {
      const pid = Number(readFileSync(join(dir, name), 'latin1'));
      if (processState(pid)?.comm === 'ser2net') process.kill(pid, 'SIGKILL');
    }
    rmSync(dir, { recursive: true, force: true });
  }
});

export function start(
  words: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; script?: string; stdin?: string } = {},
): Running {
  const child = spawn(process.execPath, [options.script ?? MAIN, ...words], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  children.add(child);
  child.on('exit', () => children.delete(child));
  let out = '';
  let err = '';
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
    err += data.toString();
  });
  if (options.stdin !== undefined) child.stdin?.end(options.stdin);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    // Not 'exit', which may come before the last output.
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  return { child, out: () => out, err: () => err, ended };
}

/** Runs to the end of the process and of its output. */
export async function run(
  words: readonly string[],
  options: Parameters<typeof start>[1] = {},
): Promise<{ code: number | string; out: string; err: string }> {
  const running = start(words, options);
  const code = await running.ended;
  return { code, out: running.out(), err: running.err() };
}

/** A directory that goes at the end, with the daemons whose pid files are in it. */
export function makeDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'daemon-'));
  directories.push(dir);
  return dir;
}

/** What a client hears when it says this; waits until it has heard enough, or the end. */
export function talk(port: number, say: string, enough: (heard: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    let heard = Buffer.alloc(0);
    const done = (): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('connect', () => socket.write(say, 'latin1'));
    socket.on('data', (data) => {
      heard = Buffer.concat([heard, data]);
      if (enough(heard)) done();
    });
    socket.on('error', reject);
    socket.on('close', done);
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`heard only ${JSON.stringify(heard.toString('latin1'))}`)));
  });
}

/** Whether somebody listens there. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Waits until somebody listens there, or nobody does. */
export const untilListens = (port: number, wanted = true): Promise<void> =>
  until(`${port} ${wanted ? 'to listen' : 'not to listen'}`, async () => (await listens(port)) === wanted);

/** Of /proc/PID/stat: name, state, parent, session, and the clock ticks of processor time it has used. */
export function processState(pid: number): { comm: string; state: string; ppid: number; session: number; ticks: number } | undefined {
  if (!existsSync(`/proc/${pid}/stat`)) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', ppid, , session] = fields;
  return {
    comm: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    state,
    ppid: Number(ppid),
    session: Number(session),
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}

/** Waits until the process has ended, reaped or not. */
export function untilGone(pid: number): Promise<void> {
  return until(`process ${pid} ends`, () => {
    const state = processState(pid)?.state;
    return state === undefined || state === 'Z' || state === 'X';
  });
}
