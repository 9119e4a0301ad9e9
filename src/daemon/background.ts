// Leaving the foreground. Node cannot fork, so the command starts itself again in a session of its own, waits until that process
// has read its configuration and tried all listeners, and ends with what it reports. The waiting process does nothing else.
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import type { TextSink } from '../system/text-sink.ts';
import { v8Flags } from './v8-flags.ts';

/** Set for the process in the background, to the pid of the one that waits for it. */
const VARIABLE = 'SER2NET_BACKGROUND';
/** Descriptors of the process in the background: the caller's stderr, and where the exit code is reported. 0 to 2 are /dev/null. */
const CALLER_STDERR = 3;
const REPORT = 4;

/** The side of the process in the background. */
export interface Background {
  /** The caller's stderr, until finish(). */
  readonly stderr: TextSink;
  /** Lets the waiting process end with this code, and gives up the caller's stderr and directory. */
  finish(code: number): void;
}

/** Defined in a process that was started by startInBackground(). Forgets the sign, so that children don't take it for theirs. */
export function joinBackground(env: NodeJS.ProcessEnv, ppid: number): Background | undefined {
  const parent = env[VARIABLE];
  delete env[VARIABLE];
  if (parent === undefined || Number(parent) !== ppid) return undefined;
  let open = true;
  return {
    stderr(text) {
      try {
        if (open) writeSync(CALLER_STDERR, text);
      } catch {
        // The caller does not want to hear it.
      }
    },
    finish(code) {
      if (!open) return;
      open = false;
      process.chdir('/');
      try {
        // The caller may wait for the end of its stderr: that comes first.
        closeSync(CALLER_STDERR);
        writeSync(REPORT, `${code}\n`);
        closeSync(REPORT);
      } catch {
        // EPIPE: nobody waits any more.
      }
    },
  };
}

/** After standard input was read as a configuration: /dev/null takes its place. */
export function dropStdin(): void {
  closeSync(0);
  openSync('/dev/null', 'r');
}

interface StartOptions {
  /** The words this process was started with, after the node program: script and arguments. */
  readonly words: readonly string[];
  /** The configuration comes from standard input. */
  readonly needsStdin: boolean;
  readonly stderr: TextSink;
}

/** Gives the exit code for this process: 0 when the daemon runs. */
export function startInBackground({ words, needsStdin, stderr }: StartOptions): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...v8Flags(process.versions.node), ...process.execArgv, ...words], {
      detached: true,
      stdio: [needsStdin ? 'inherit' : 'ignore', 'ignore', 'ignore', 2, 'pipe'],
      env: { ...process.env, [VARIABLE]: String(process.pid) },
    });
    let report = '';
    const pipe = child.stdio[REPORT];
    child.on('error', (err) => {
      stderr(`ser2net: cannot start in the background: ${err.message}\n`);
      resolve(1);
    });
    if (child.pid === undefined) return;
    pipe?.on('data', (data: Buffer) => {
      report += data.toString('latin1');
      if (report.includes('\n')) resolve(Number.parseInt(report, 10));
    });
    pipe?.on('error', () => undefined);
    // After the pipe is closed, too: without a report this is a death before it was made.
    child.on('close', (code, signal) => {
      if (report.includes('\n')) return;
      stderr(`ser2net: the daemon exited before it was ready (${signal ?? `status ${code}`})\n`);
      resolve(code || 1);
    });
    // Who gives up waiting does not want the daemon.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        child.kill('SIGTERM');
        resolve(128 + constants.signals[signal]);
      });
    }
  });
}
