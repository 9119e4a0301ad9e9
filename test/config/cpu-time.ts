// Time a piece of work takes of the processor: what a limit can be put on while other tests run beside it.

/** Milliseconds of processor time. */
export function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
