// `ser2net console` with a terminal of its own, for tests.
import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { openPty } from '../rig/pty.ts';
import { MAIN } from './command-rig.ts';

/** The command with a terminal of its own as its standard streams. */
export function atTerminal(t: TestContext, words: readonly string[], cwd?: string) {
  const pty = openPty();
  const child = spawn(process.execPath, [MAIN, 'console', ...words], { cwd, stdio: [pty.slave!, pty.slave!, pty.slave!] });
  const ended = new Promise<number | string>((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal ?? 'none')));
  t.after(async () => {
    child.kill('SIGKILL');
    await pty.close();
  });
  return { pty, child, ended };
}
