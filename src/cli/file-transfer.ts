// Files over the line of a terminal client: by XMODEM, YMODEM or ZMODEM, which sz and rz of the package lrzsz speak.
import { spawn } from 'node:child_process';
import { basename, dirname, resolve } from 'node:path';
import type { Transfer, TransferRequest, TransferUp } from '../attach/console/transfer.ts';
import { strerror } from '../base/strerror.ts';

/** What ends a transfer at the other side: CAN, several times, and the BS that take them away again on a screen. */
const CANCEL = Buffer.from([...Array<number>(8).fill(0x18), ...Array<number>(10).fill(0x08)]);

const PROTOCOL = { x: '--xmodem', y: '--ymodem', z: '--zmodem' } as const;

/** Starts sz or rz. What it says for people is told when it fails. */
export function startTransfer({ send, protocol, file }: TransferRequest, up: TransferUp): Transfer {
  const program = send ? 'sz' : 'rz';
  // Only XMODEM tells no name; rz takes no path, and with --protect overwrites nothing.
  const receives = protocol === 'x' ? ['--', basename(file)] : ['--protect'];
  const words = [PROTOCOL[protocol], '--binary', ...(send ? ['--', file] : receives)];
  const child = spawn(program, words, { stdio: 'pipe', ...(!send && protocol === 'x' && { cwd: dirname(resolve(file)) }) });
  let said = '';
  let over = false;
  const end = (problem: string | undefined): void => {
    if (over) return;
    over = true;
    up.ended(problem);
  };
  child.stdin.on('error', () => undefined);
  child.stdin.on('drain', () => up.drained());
  child.stdout.on('data', (data: Buffer) => {
    if (!up.write(data)) child.stdout.pause();
  });
  child.stderr.on('data', (data: Buffer) => {
    said = (said + data.toString('latin1')).slice(-2000);
  });
  child.on('error', (err: NodeJS.ErrnoException) => {
    end(err.code === 'ENOENT' ? `${program} is not installed (package lrzsz)` : strerror(err));
  });
  child.on('close', (code) => {
    const last = said
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !/^(?:Bytes|Transfer|Sending|Receiving|Retry)/.test(line));
    end(code === 0 ? undefined : (last.at(-1) ?? `${program} ended with status ${code}`));
  });
  return {
    read: (data) => child.stdin.write(Buffer.from(data)),
    writable: () => void child.stdout.resume(),
    cancel: () => {
      up.write(CANCEL);
      child.kill('SIGTERM');
      end('cancelled');
    },
  };
}
