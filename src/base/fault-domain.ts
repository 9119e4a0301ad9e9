// On whose behalf code runs. What it throws although it never should is told to its owner, who ends and starts again; nobody else is
// touched. Whatever calls in from outside remembers the owner of the moment when it was set up: bytes (gensio/uv-handle.ts), timers
// (clock.ts), events (listenTo), callbacks of Node (bind), later turns of the loop. test/confinement.test.ts looks for other ways in.
import type { EventEmitter } from 'node:events';

/** Something that ends by itself when its code fails unexpectedly, such as a port. */
export interface FaultDomain {
  /** An unexpected failure in code that ran on its behalf. Must not throw. */
  failed(err: unknown): void;
}

let current: FaultDomain | undefined;

/** Who runs now; `undefined` for nobody in particular: what is thrown goes on up. */
export const currentDomain = (): FaultDomain | undefined => current;

/** From here on the owner runs; gives who did before, for leaveDomain(). For paths where a closure for runIn() costs too much. */
export function enterDomain(owner: FaultDomain | undefined): FaultDomain | undefined {
  const before = current;
  current = owner;
  return before;
}
/** Ends what enterDomain() began; before is what that returned. */
export function leaveDomain(before: FaultDomain | undefined): void {
  current = before;
}

/** Tells the owner of a failure; thrown on when there is none. */
export function reportFault(owner: FaultDomain | undefined, err: unknown): void {
  if (owner === undefined) throw err;
  owner.failed(err);
}

/** Runs on behalf of an owner. Does not throw when there is one. */
export function runIn(owner: FaultDomain | undefined, run: () => void): void {
  const before = enterDomain(owner);
  try {
    run();
  } catch (err) {
    reportFault(owner, err);
  } finally {
    leaveDomain(before);
  }
}

/** The same function, for whoever calls it later from outside: runs on behalf of who runs now. */
export function bind<A extends readonly unknown[]>(run: (...args: A) => void): (...args: A) => void {
  const owner = current;
  return owner === undefined ? run : (...args) => runIn(owner, () => run(...args));
}

/** The emitter, whose listeners run from now on, those of Node included, on behalf of who runs now. Once for each emitter. */
export function listenTo<E extends EventEmitter>(emitter: E): E {
  const owner = current;
  if (owner === undefined) return emitter;
  const emit = emitter.emit;
  emitter.emit = (...args: Parameters<typeof emit>): boolean => {
    let heard = false;
    runIn(owner, () => {
      heard = emit.apply(emitter, args);
    });
    return heard;
  };
  return emitter;
}

/** When the call that is under way has returned: a microtask. */
export const nextMicrotask = (run: () => void): void => queueMicrotask(bind(run));

/** In the next turn of the event loop. */
export const onImmediate = (run: () => void): void => void setImmediate(bind(run));
