// The rules of a unix socket's path, for all three kinds: what a path may be, who may connect, and the socket that was left behind there.
import { lstatSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { findGroup, findUser, groupId, userId } from '../../base/accounts.ts';
import { listenTo } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { libc, SystemError } from '../../base/libc.ts';
import type { LayerOf } from '../../options/stack.ts';

/** sizeof(sun_path) without the end of the string. */
const MAX_PATH = 107;

/** Throws a GensioError when a path cannot be that of a socket. */
export function checkPath(path: string): void {
  if (path === '') throw new GensioError('notfound', 'a path is missing');
  if (Buffer.byteLength(path) > MAX_PATH) throw new GensioError('toobig', `a path may have ${MAX_PATH} bytes`);
}

const is = (idOf: (name: string) => number, name: string, id: number): boolean => {
  try {
    return idOf(name) === id;
  } catch {
    return false;
  }
};

/** Whether the process at the other end may connect: by user, by its group, or by a group its user is listed in. */
export function peerAllowed(fd: number | undefined, { permusers, permgrps }: LayerOf<'unix'>['opts']): boolean {
  if (permusers === undefined && permgrps === undefined) return true;
  const peer = fd === undefined ? undefined : libc()?.peerCredentials(fd);
  if (peer === undefined || peer instanceof SystemError) return false;
  if (permusers?.some((name) => is(userId, name, peer.uid))) return true;
  if (permgrps === undefined) return false;
  if (permgrps.some((name) => is(groupId, name, peer.gid))) return true;
  const user = findUser(peer.uid)?.name;
  return user !== undefined && permgrps.some((name) => findGroup(name)?.members.includes(user));
}

/**
 * Removes a socket that a process left behind when it was killed: its connections are refused. code: how connecting failed. Gives
 * whether it was one; one that is listened on, and what is no socket, stays.
 */
function removeRefused(path: string, code: string | undefined): boolean {
  if (code !== 'ECONNREFUSED') return false;
  try {
    if (!lstatSync(path).isSocket()) return false;
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}
/** As removeRefused(). probe: what an attempt to connect gave, which is closed. */
export function clearLeftOver(path: string, probe: number | SystemError | undefined): boolean {
  if (typeof probe === 'number') libc()?.close(probe);
  return probe instanceof SystemError && removeRefused(path, probe.code);
}
/** As removeRefused(), with an attempt to connect of its own. */
export function connectAndClear(path: string, done: (cleared: boolean) => void): void {
  const probe = listenTo(createConnection({ path }));
  probe.once('connect', () => {
    probe.destroy();
    done(false);
  });
  probe.once('error', (err) => done(removeRefused(path, (err as NodeJS.ErrnoException).code)));
}
