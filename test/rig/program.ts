// Another program at the peer of a test: whether it is there, what it reads and prints, and a talk with it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Gensio } from '../../src/gensio/gensio.ts';
import { RecordingUp, until } from '../compliance/recording-up.ts';

/** Why a test with this program is skipped; false: it is there. */
export const missing = (program: string): string | false =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0 && `${program} is not installed`;

/** A process with this number is there. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export interface Program {
  /** Standard output and error together. */
  out(): string;
  write(text: string): void;
  end(): void;
  readonly child: ChildProcess;
}

/** Runs it. It is killed when the test ends. */
export function program(t: { after(f: () => void): void }, command: string, ...args: string[]): Program {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  const add = (data: Buffer): void => {
    out += data.toString('latin1');
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  child.stdin.on('error', () => undefined);
  t.after(() => void child.kill('SIGKILL'));
  return { out: () => out, write: (text) => void child.stdin.write(text, 'latin1'), end: () => void child.stdin.end(), child };
}

/** A line each way between a layer of ours and the program; then one of them leaves, and the layer ends as it should. */
export async function talk(gensio: Gensio, far: Program, leaves: 'we' | 'they', line = 'hello\n'): Promise<void> {
  const recorder = new RecordingUp();
  gensio.up = recorder;
  gensio.setReading(true);
  far.write(line);
  await until(
    () => recorder.text() === line,
    () => `${recorder.length} bytes; it says ${far.out().slice(0, 200)}`,
  );
  gensio.write(Buffer.from(`back ${line}`));
  await until(
    () => far.out().endsWith(`back ${line}`),
    () => `${far.out().length} bytes at the program: ${far.out().slice(0, 200)}`,
  );
  if (leaves === 'we') gensio.close();
  else far.end();
  await until(() => recorder.closes === 1, 'closed()');
  assert.equal(recorder.error?.code, leaves === 'we' ? undefined : 'remclose');
}
