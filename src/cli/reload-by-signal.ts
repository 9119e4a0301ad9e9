// `ser2net reload --pid-file FILE`: SIGHUP to the process of a pid file, and the outcome from it (daemon/reload-answer.ts). It needs no
// control port; the systemd unit's ExecReload is this.
import { rmSync } from 'node:fs';
import { afterPause } from '../base/clock.ts';
import { type Libc, libc, SystemError, unixAddress } from '../base/libc.ts';
import { strerror } from '../base/strerror.ts';
import { waiterOf } from '../daemon/reload-answer.ts';
import { runningProcess } from './health.ts';
import type { SubcommandIo } from './subcommand.ts';

/** How often the socket is looked at, ms. */
const LOOK = 20;
/** How long a reload may take, ms. */
const LIMIT = 300_000;
const MAX_ANSWER = 65_536;

/** A socket that the answer comes to; one that a program left which is gone is taken over. */
function listen(c: Libc, path: string): number | SystemError {
  const fd = c.datagramSocket();
  const address = unixAddress(path);
  if (fd instanceof SystemError || address === undefined) return fd;
  let err = c.bindUnix(fd, address);
  if (err?.code === 'EADDRINUSE') {
    const other = c.connectDatagram(path);
    if (other instanceof SystemError && other.code === 'ECONNREFUSED') {
      rmSync(path, { force: true });
      err = c.bindUnix(fd, address);
    } else if (!(other instanceof SystemError)) c.close(other);
  }
  if (err !== undefined) c.close(fd);
  return err ?? fd;
}

/** 0: in force, problems of single items are told; 1: refused, or there is no such daemon. */
export async function reloadBySignal(pidFile: string, io: SubcommandIo): Promise<number> {
  const fail = (why: string): number => {
    io.err(`ser2net reload: ${why}\n`);
    return 1;
  };
  const found = runningProcess(pidFile);
  if ('trouble' in found) return fail(found.trouble);
  const { pid } = found;
  const c = libc();
  const path = waiterOf(pidFile);
  const fd = c === undefined ? undefined : listen(c, path);
  if (fd instanceof SystemError) {
    return fail(fd.code === 'EADDRINUSE' ? `another reload waits at ${path}` : `${path}: ${strerror(fd)}`);
  }
  try {
    process.kill(pid, 'SIGHUP');
    if (c === undefined || fd === undefined) {
      io.out('asked to reload; its log tells the outcome\n');
      return 0;
    }
    const answer = await waitFor(c, fd, pidFile);
    if (answer === undefined) return fail('the daemon ended, or did not answer; its log tells more');
    const [outcome, ...problems] = answer.split('\n');
    for (const problem of problems) if (problem !== '') io.err(`${problem}\n`);
    if (outcome !== 'done') return fail('the configuration was refused and nothing was changed');
    io.out('reloaded\n');
    return 0;
  } catch (err) {
    return fail(`process ${pid}: ${strerror(err)}`);
  } finally {
    if (c !== undefined && fd !== undefined) {
      c.close(fd);
      rmSync(path, { force: true });
    }
  }
}

/** The message; `undefined` if none comes while the process lives, or for too long. */
async function waitFor(c: Libc, fd: number, pidFile: string): Promise<string | undefined> {
  const into = Buffer.alloc(MAX_ANSWER);
  for (let waited = 0; waited < LIMIT; waited += LOOK) {
    const got = c.receiveFrom(fd, into);
    if (!(got instanceof SystemError)) return into.toString('utf8', 0, got.length);
    if ('trouble' in runningProcess(pidFile)) return undefined;
    await new Promise<void>((resolve) => afterPause(LOOK, resolve));
  }
  return undefined;
}
