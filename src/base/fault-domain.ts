// On whose behalf code runs. What it throws although it never should is told to its owner, who ends and starts anew; nobody else is
// touched. Whatever calls in from outside (a stream, a timer, an event) remembers the owner of the moment when it was set up.
import type { EventEmitter } from 'node:events';

/** Something that ends by itself when its code fails unexpectedly, such as a port. */
export interface FaultDomain {
  /** An unexpected failure in code that ran on its behalf. Must not throw. */
  failed(err: unknown): void;
}

let current: FaultDomain | undefined;

/** Who runs now; undefined: nobody in particular, and what is thrown goes on up. */
export const currentDomain = (): FaultDomain | undefined => current;

/** From here on the owner runs; gives who did before, for leave(). For paths where a closure for runAs() costs too much. */
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

/** The listeners of an emitter, those of Node included, run on behalf of who runs now. Once for each emitter. */
export function bindEvents(emitter: EventEmitter): void {
  const owner = current;
  if (owner === undefined) return;
  const emit = emitter.emit;
  emitter.emit = (...args: Parameters<typeof emit>): boolean => {
    let heard = false;
    runIn(owner, () => {
      heard = emit.apply(emitter, args);
    });
    return heard;
  };
}

/** When the call that is under way has returned: a microtask. */
export const nextMicrotask = (run: () => void): void => queueMicrotask(bind(run));

/** In the next turn of the event loop. */
export const onImmediate = (run: () => void): void => void setImmediate(bind(run));
