// Waiting, for runs that last: torture, faults, load.
export { LIMIT_MS, until } from '../rig/wait.ts';

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
