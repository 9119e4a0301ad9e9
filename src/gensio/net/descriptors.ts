// Says in time that file descriptors run out. When there is none left libuv closes new connections itself, and nobody is told; but the
// system gives the lowest number that is free, so the number of a connection just accepted shows how many there are.
// The soft limit is not raised here: Node.js does that when it starts.
import type { Log } from '../../base/log.ts';
import { readSmallFile } from '../../base/safe-file.ts';
import type { GensioEnv } from '../context.ts';

/** Said when fewer than this are left: a new connection may take some more for its device. */
const RESERVE = 8;
/** How often the limit is looked at, and how often it is told, ms. */
const LOOK_MS = 1000;
const TELL_MS = 60_000;

interface Watch {
  limit: number;
  looked: number;
  told: number;
}
/** One for all accepters that share a log. */
const watches = new WeakMap<Log, Watch>();

/** The soft limit of this process; Infinity where it is not known. */
function descriptorLimit(): number {
  try {
    const limits = readSmallFile('/proc/self/limits', { maxBytes: 16_384 }).toString('latin1');
    return Number(/^Max open files\s+([0-9]+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** To be called with the descriptor of each connection that was accepted. limit: for tests. */
export function noteDescriptor(fd: number | undefined, { clock, log }: Pick<GensioEnv, 'clock' | 'log'>, limit = descriptorLimit): void {
  if (fd === undefined) return;
  const now = clock.now();
  let watch = watches.get(log);
  if (watch === undefined) {
    watch = { limit: limit(), looked: now, told: Number.NEGATIVE_INFINITY };
    watches.set(log, watch);
  } else if (now - watch.looked >= LOOK_MS) {
    watch.limit = limit();
    watch.looked = now;
  }
  if (fd < watch.limit - RESERVE || now - watch.told < TELL_MS) return;
  watch.told = now;
  const used = `${fd + 1} of ${watch.limit} are in use`;
  log.log('err', `accept: too many open files: ${used}, new connections are closed when none is left (raise LimitNOFILE= or ulimit -Hn)`);
}
