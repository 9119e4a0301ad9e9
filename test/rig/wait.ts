// Waiting in tests: for what must come, with a limit, and for proof that nothing else does. No test waits a fixed time; timers of
// tests are only here and in the rigs beside it.

/** How long anything may take before it counts as not happening, ms: the machine may be busy with other things. */
export const LIMIT_MS = 20_000;
/** The condition is looked at this often on successive turns of the loop, before timers space the looks out. */
const TURNS = 20;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const textOf = (what: string | (() => string)): string => (typeof what === 'string' ? what : what());

/** Resolves when the condition holds; rejects, with what was waited for, after the limit in ms. */
export async function until(what: string | (() => string), holds: () => boolean | Promise<boolean>, limit = LIMIT_MS): Promise<void> {
  const end = performance.now() + limit;
  for (let look = 0; !(await holds()); look++) {
    if (performance.now() > end) throw new Error(`waited ${limit} ms for ${textOf(what)}`);
    await (look < TURNS ? turn() : pause(Math.min(10, 1 + (look - TURNS) / 10)));
  }
}

/** Resolves when a value has been the same for so many looks, 2 ms apart: whatever was moving has come to rest. */
export async function stands(what: string, value: () => number, looks = 40): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  let [last, same] = [value(), 0];
  while (same < looks) {
    if (performance.now() > end) throw new Error(`after ${LIMIT_MS} ms ${what} is still changing`);
    await pause(2);
    const now = value();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}

/** Lets everything happen that is ready: for "and nothing else comes". */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await turn();
}

/** Calls run every ms; the function given back ends that. */
export function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms);
  return () => clearInterval(timer);
}
