// Tells when sockets that Node has no class for can be read or written. They are in one epoll descriptor of ours, and libuv watches
// that: it is readable while one of them is ready. Nothing is polled, and no thread waits.

import { bind } from '../../base/fault-domain.ts';
import { libc } from '../../base/libc.ts';
import { watchReadable } from '../uv-handle.ts';

/** What a descriptor is waited for, or ready for. */
interface Readiness {
  readonly read: boolean;
  readonly write: boolean;
}
/** One descriptor that is watched. */
export interface Watched {
  /** What to wait for from now on; told in each turn while it holds. The first call may throw: the system watches too much already. */
  want(what: Readiness): void;
  /** Before the descriptor is closed. Nothing is told any more. */
  stop(): void;
}

type Ready = (is: Readiness) => void;
/** There only while something is watched: a program that waits for nothing may end. */
interface Pool {
  readonly epoll: number;
  readonly watched: Map<number, Ready>;
  /** Closes the epoll descriptor. */
  close(): void;
}
let pool: Pool | undefined;

function openPool(): Pool | undefined {
  const c = libc();
  const epoll = c?.epoll();
  if (c === undefined || typeof epoll !== 'number') return undefined;
  const watched: Pool['watched'] = new Map();
  const close = watchReadable(epoll, () => {
    // A number may have got another owner in here, who then looks in vain.
    for (const { fd, read, write } of c.epollReady(epoll)) watched.get(fd)?.({ read, write });
  });
  if (close !== undefined) return { epoll, watched, close };
  c.close(epoll);
  return undefined;
}

/**
 * Watches a descriptor that does not block. ready may be called although there is nothing.
 * `undefined` if koffi or the internals of Node that this needs are missing, or the system has no descriptor left.
 */
export function watchDescriptor(fd: number, ready: Ready): Watched | undefined {
  pool ??= openPool();
  const mine = pool;
  if (mine === undefined) return undefined;
  const told = bind(ready);
  let is: Readiness | undefined;
  mine.watched.set(fd, told);
  const want = (what: Readiness): void => {
    if (mine.watched.get(fd) !== told || (is?.read === what.read && is.write === what.write)) return;
    const err = libc()?.epollSet(mine.epoll, fd, is === undefined ? 'add' : 'change', what);
    if (err !== undefined) throw err;
    is = what;
  };
  return {
    want,
    stop() {
      if (mine.watched.get(fd) !== told) return;
      if (is !== undefined) libc()?.epollSet(mine.epoll, fd, 'remove', is);
      mine.watched.delete(fd);
      if (mine.watched.size > 0) return;
      mine.close();
      pool = undefined;
    },
  };
}
