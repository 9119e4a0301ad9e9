// Opens a device file without ever holding up the event loop, and without letting one that hangs hold up others.
import { blockingCalls } from '../../base/blocking-calls.ts';
import type { Clock } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';

/** A driver answers at once; one that waits (for its last close, for a bus) gets this long. */
const OPEN_LIMIT_MS = 10_000;

/** Devices whose open has not come back although nobody waits for it any more: each one holds a thread, and must not get a second. */
const stuck = new Set<string>();

/** done once, later, with the descriptor or why not: 'timedout' when the driver does not answer. flags as open(2) takes them; no NUL in path. */
export function openDevice(path: string, flags: number, clock: Clock, done: (got: number | GensioError) => void): void {
  if (stuck.has(path)) {
    const err = new GensioError('timedout', `${path} is still being opened`);
    nextMicrotask(() => done(err));
    return;
  }
  let late = false;
  const timer = clock.after(OPEN_LIMIT_MS, () => {
    late = true;
    stuck.add(path);
    done(new GensioError('timedout', `opening ${path} takes too long`));
  });
  blockingCalls.open(path, flags, (err, fd) => {
    timer.cancel();
    if (late) {
      stuck.delete(path);
      if (err === null) blockingCalls.close(fd);
    } else done(err === null ? fd : fromSystemError(err));
  });
}
