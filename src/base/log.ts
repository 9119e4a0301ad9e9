// What every part may say to the log; where it goes is the daemon's business.

/** Levels of syslog that ser2net uses. */
export type LogLevel = 'err' | 'warning' | 'notice' | 'info' | 'debug';

/**
 * text is what ser2net's syslog line says, without its tag; one line, no line end.
 * fields are for structured logs only (peer, bytes, duration, ...).
 */
export interface Log {
  log(level: LogLevel, text: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
}

/** Swallows everything. */
export const noLog: Log = { log: () => undefined };
