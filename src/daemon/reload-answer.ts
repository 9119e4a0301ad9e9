// The outcome of a reload for a program that asked for it by SIGHUP and waits: `ser2net reload --pid-file FILE`, which the systemd unit
// runs. It makes a datagram socket beside the pid file, where only those can who may write there, and gets one message.
import { existsSync } from 'node:fs';
import type { ReloadOutcome } from '../admin/commands.ts';
import { type Libc, SystemError } from '../base/libc.ts';

/** The socket of who waits, for a daemon with that pid file. */
export const waiterOf = (pidFile: string): string => `${pidFile}.reload`;

/** Longest text of the problems, in characters: a datagram has an end. */
const MAX_TEXT = 30_000;

/** To be called when the reload is asked for; gives what to call with its outcome. Nobody may wait, which costs nothing. */
export function reloadWaiter(libc: () => Libc | undefined, pidFile: string | undefined): (outcome: ReloadOutcome) => void {
  // The C library is not loaded for a signal that nobody waits for.
  if (pidFile === undefined || !existsSync(waiterOf(pidFile))) return () => undefined;
  const c = libc();
  const fd = c?.connectDatagram(waiterOf(pidFile));
  if (c === undefined || fd === undefined || fd instanceof SystemError) return () => undefined;
  return ({ ok, problems, unreadable }) => {
    const text = [...problems, ...(unreadable === undefined ? [] : [unreadable])].join('\n').slice(0, MAX_TEXT);
    c.sendDatagram(fd, Buffer.from(`${ok ? 'done' : 'refused'}\n${text}`));
    c.close(fd);
  };
}
