// What every part may say to the log; where it goes is the daemon's business.

/** Levels of syslog that ser2net uses. */
export type LogLevel = 'err' | 'warning' | 'notice' | 'info' | 'debug';

/**
 * text is what ser2net's syslog line says, without its tag; one line, no line end.
 * fields are for structured logs only (peer, bytes, duration, ...).
 */
export interface Log {
  /** Writes one line. */
  log(level: LogLevel, text: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
}

/** A failure of our own with where it was, one line of the log for each line of it. */
export function logFailure(log: Log, err: unknown, say: (stack: string) => string, fields?: Parameters<Log['log']>[2]): void {
  const stack = err instanceof Error ? (err.stack ?? err.message) : String(err);
  for (const line of say(stack).split('\n')) log.log('err', line, fields);
}

/** Swallows everything. */
export const noLog: Log = { log: () => undefined };
