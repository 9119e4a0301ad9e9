// Waiting for a condition, with a limit.

/** How long anything may take before it counts as not happening, ms: this machine may be busy with other things. */
export const LIMIT_MS = 20_000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when the condition holds; rejects, with what was waited for, after the limit. */
export async function until(what: string | (() => string), holds: () => boolean | Promise<boolean>, limit = LIMIT_MS): Promise<void> {
  const end = performance.now() + limit;
  for (let wait = 1; !(await holds()); wait = Math.min(20, wait * 2)) {
    if (performance.now() > end) throw new Error(`waited ${limit} ms for ${typeof what === 'string' ? what : what()}`);
    await pause(wait);
  }
}
