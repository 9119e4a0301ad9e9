// Another program at the far end of a test: whether it is there, and what it reads and prints.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Why a test with this program is skipped; false: it is there. */
export const missing = (program: string): string | false =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0 && `${program} is not installed`;

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
