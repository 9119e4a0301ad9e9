// What the command line asks of the daemon, as a value.
import type { LogLevel } from '../base/log.ts';

/** What the daemon was asked to be. Paths are as given: they count from the directory the command was given in. */
export interface RunOptions {
  /** The name the program was called by, for messages. */
  readonly argv0: string;
  /** -c; `-` is standard input. */
  readonly file: string | undefined;
  /** -C as a directory: its ser2net.yaml is the default file, and keys and users are looked for there. */
  readonly directory: string | undefined;
  /** -Y or -C texts in order. */
  readonly strings: { readonly kind: 'yaml' | 'conf'; readonly texts: readonly string[] } | undefined;
  /** -p */
  readonly admin: string | undefined;
  /** -P */
  readonly pidFile: string | undefined;
  /** -n or -d */
  readonly foreground: boolean;
  /** -d: the log also goes to stderr. */
  readonly debug: boolean;
  /** --log-level, or -l. */
  readonly level: LogLevel;
  /** --log-format */
  readonly logFormat: 'text' | 'json';
  /** Off with -u. */
  readonly uucpLocks: boolean;
  /** -s */
  readonly signature: string | undefined;
  /** -r */
  readonly sayReady: boolean;
  /** -a */
  readonly authdir: string | undefined;
  /** -A */
  readonly authdirAdmin: string | undefined;
}

/** A command without any flags. */
export const noFlags = (argv0: string): RunOptions => ({
  argv0,
  file: undefined,
  directory: undefined,
  strings: undefined,
  admin: undefined,
  pidFile: undefined,
  foreground: false,
  debug: false,
  level: 'notice',
  logFormat: 'text',
  uucpLocks: true,
  signature: undefined,
  sayReady: false,
  authdir: undefined,
  authdirAdmin: undefined,
});
