// Loaded into the daemon under test ahead of it: counts timers, and tells the test what the process holds when asked.

/** What a process holds. */
export interface Holdings {
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  /** Timers that have neither run nor been cancelled. */
  readonly timers: number;
  readonly handles: Readonly<Record<string, number>>;
}

const live = new Set<unknown>();
const { setTimeout: set, clearTimeout: clear } = globalThis;
globalThis.setTimeout = ((run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
  const timer = set(
    (...given: unknown[]) => {
      live.delete(timer);
      run(...given);
    },
    ms,
    ...args,
  );
  live.add(timer);
  return timer;
}) as typeof setTimeout;
globalThis.clearTimeout = ((timer) => {
  live.delete(timer);
  clear(timer);
}) as typeof clearTimeout;

process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  process.send?.({ heap: heapUsed, external, rss, timers: live.size, handles } satisfies Holdings);
});
process.channel?.unref();
