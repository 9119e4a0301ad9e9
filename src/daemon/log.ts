// The daemon's log: syslog through /dev/log, a copy on stderr (-d), or JSON lines through pino. Never waits: what a receiver does
// not take at once is dropped and counted. Only this file imports pino, and only when JSON is asked for.

import type { Clock } from '../base/clock.ts';
import { type Libc, SystemError } from '../base/libc.ts';
import type { Log, LogLevel } from '../base/log.ts';
import { MONTHS, twoDigits, withoutControls } from '../base/text.ts';
import { withoutSecrets } from '../options/secrets.ts';

/** Levels from the gravest on, with syslog's severity. */
const SEVERITY: Readonly<Record<LogLevel, number>> = { err: 3, warning: 4, notice: 5, info: 6, debug: 7 };

/** Syslog's facilities that ser2net uses, as the upper part of a priority. */
const FACILITY = { user: 1 << 3, daemon: 3 << 3 } as const;

type Fields = Readonly<Record<string, string | number | boolean>>;

/** Longest text of one message, in characters; the rest is cut. */
const MAX_TEXT = 8192;

/** `Nov  2 09:05:01`, local time: the stamp of RFC 3164 s.4.1.2. */
export function stamp(at: Date): string {
  const day = String(at.getDate()).padStart(2, ' ');
  return `${MONTHS[at.getMonth()]} ${day} ${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}:${twoDigits(at.getSeconds())}`;
}

/** How a character that would act on the terminal or the line is spelled out: `\x1b`, `\u202e`, `\u{e0001}`. A tab stays. */
function spelledOut(char: string): string {
  const code = char.codePointAt(0)!;
  if (char === '\t') return char;
  const digits = code.toString(16);
  return code < 0x80 ? `\\x${digits.padStart(2, '0')}` : code < 0x10000 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
}

/** One line of bounded length: line ends at the end go, other control characters are spelled out, so that nobody can forge a line. */
export function oneLine(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
  return withoutControls(cut.replace(/[\r\n]+$/, ''), spelledOut);
}

/** Where syslog lines go. 'busy': the receiver is behind; 'gone': nobody is there. */
interface SyslogTarget {
  send(line: Buffer): 'sent' | 'busy' | 'gone';
  close(): void;
}

/** A unix datagram socket such as /dev/log; connects when first needed, and again when the receiver was restarted. */
export class DatagramTarget implements SyslogTarget {
  readonly #libc: () => Libc | undefined;
  readonly #path: string;
  #fd: number | undefined;
  /** libc is asked at the first message: loading it takes time that most runs can save. */
  constructor(libc: () => Libc | undefined, path = '/dev/log') {
    this.#libc = libc;
    this.#path = path;
  }
  send(line: Buffer): 'sent' | 'busy' | 'gone' {
    const c = this.#libc();
    if (c === undefined) return 'gone';
    for (let tries = 0; tries < 2; tries++) {
      if (this.#fd === undefined) {
        const fd = c.connectDatagram(this.#path);
        if (fd instanceof SystemError) return 'gone';
        this.#fd = fd;
      }
      const err = c.sendDatagram(this.#fd, line);
      if (err === undefined) return 'sent';
      if (err.code === 'EAGAIN' || err.code === 'ENOBUFS' || err.code === 'EMSGSIZE') return 'busy';
      this.close();
    }
    return 'gone';
  }
  close(): void {
    if (this.#fd !== undefined) this.#libc()?.close(this.#fd);
    this.#fd = undefined;
  }
}

/** Where the log goes. */
export interface LogOptions {
  /** For the time in lines. */
  readonly clock: Clock;
  /** Of this process. */
  readonly pid: number;
  /** Messages less grave than this are left out. */
  readonly level: LogLevel;
  /** The socket of syslog. */
  readonly syslog: SyslogTarget;
  /** Gets a copy of each message, with line end. Takes it at once or drops it. */
  readonly copy?: (line: string) => void;
  /** Gets the message when syslog cannot be reached and there is no copy. */
  readonly fallback?: (line: string) => void;
  /** Gets each message as one line of JSON; see jsonSink(). */
  readonly json?: (level: LogLevel, text: string, fields: Fields | undefined) => void;
}

/** The log of a process. Passwords are masked in every line. */
export class DaemonLog implements Log {
  readonly #options: LogOptions;
  /** identify() was called. */
  #known = false;
  #lost = 0;
  #attached = true;
  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** From now on syslog lines are `daemon` and have the pid: ser2net 4.3.11 is `user` without one until it calls openlog, and for ever with -n. */
  identify(): void {
    this.#known = true;
  }

  /** Only syslog from now on: stderr is gone. */
  detach(): void {
    this.#attached = false;
  }

  log(level: LogLevel, text: string, fields?: Fields): void {
    if (SEVERITY[level] <= SEVERITY[this.#options.level]) this.#emit(level, text, fields, true);
  }

  /** Like log(), whatever the level in force: ser2net 4.3.11 filters only what its library says. */
  announce(level: LogLevel, text: string): void {
    this.#emit(level, text, undefined, true);
  }

  /** Like announce(), for what the caller also prints itself: not on stderr for want of syslog. Whether syslog took it. */
  record(level: LogLevel, text: string): boolean {
    return this.#emit(level, text, undefined, false);
  }

  /** Nothing is logged to syslog any more. */
  close(): void {
    this.#options.syslog.close();
  }

  #emit(level: LogLevel, text: string, fields: Fields | undefined, fallback: boolean): boolean {
    const { pid, copy, json, clock } = this.#options;
    const line = oneLine(withoutSecrets(text));
    const [facility, tag] = this.#known ? [FACILITY.daemon, `ser2net[${pid}]`] : [FACILITY.user, 'ser2net'];
    const head = `<${facility | SEVERITY[level]}>${stamp(clock.wall())} ${tag}: `;
    const reached = this.#send(head, line);
    if (!this.#attached) return reached;
    if (json !== undefined) json(level, line, fields);
    else if (copy !== undefined) copy(`ser2net[${pid}]: ${line}\n`);
    else if (!reached && fallback) this.#options.fallback?.(`ser2net[${pid}]: ${line}\n`);
    return reached;
  }

  /** Whether somebody is there to take it. */
  #send(head: string, line: string): boolean {
    const { syslog } = this.#options;
    if (this.#lost > 0) {
      const told = syslog.send(Buffer.from(`${head}${this.#lost} log messages were lost`));
      if (told === 'sent') this.#lost = 0;
    }
    const result = syslog.send(Buffer.from(head + line));
    if (result === 'busy') this.#lost++;
    return result !== 'gone';
  }
}

/** Writes JSON lines through pino: time, level (ser2net's names), pid, msg and the fields of each message. */
export async function jsonSink(write: (line: string) => void, pid: number): Promise<NonNullable<LogOptions['json']>> {
  const { pino } = await import('pino');
  const logger = pino(
    {
      level: 'debug',
      customLevels: { debug: 20, info: 30, notice: 35, warning: 40, err: 50 },
      useOnlyCustomLevels: true,
      base: { name: 'ser2net', pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return (level, text, fields) => {
    logger[level](fields === undefined ? {} : { ...fields }, text);
  };
}
