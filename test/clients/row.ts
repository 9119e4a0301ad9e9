// A row of the table: a program that other people wrote, the way it reaches the device, and what must be true then.
import type { Trial } from './trial.ts';

export interface Row {
  /** For `npm run clients -- NAME`: the program, and the way where it has several rows. Unique. */
  readonly name: string;
  /** As the table names it. */
  readonly program: string;
  /** How it reaches the device, as the table says it: `TCP`, `RFC 2217`, `attached device`. */
  readonly way: string;
  /** What the row checks, at the device and at the program. */
  readonly must: string;
  /** What has to be there. The first package gives the version in the table. */
  readonly needs: Needs;
  /** Longest time the row may take, in seconds. Default 30. */
  readonly seconds?: number;
  /** What goes wrong with the other servers, in the words of the table. */
  readonly fails?: Partial<Record<Exclude<Column, 'this'>, string>>;
  /** Throws when something that must be true is not. */
  run(t: Trial): Promise<void>;
}

export interface Needs {
  /** Programs to be found on PATH, in /usr/sbin or in /lib/nut. */
  readonly commands?: readonly string[];
  /** Modules of Python. */
  readonly python?: readonly string[];
  /** Debian's packages that `--install` asks for. */
  readonly debian?: readonly string[];
  /** Debian's packages that are only unpacked, as they cannot be installed beside others of this list. */
  readonly unpacked?: readonly string[];
  /** npm packages with version, kept in a folder outside the repository. */
  readonly npm?: readonly string[];
  /** A device with modem lines: needs a C compiler for the preloaded library. */
  readonly modem?: boolean;
}

/** The programs a row is tried with: this daemon, the original, socat. */
export type Column = 'this' | 'ser2net' | 'socat';

/** Thrown where a server has no such thing at all: socat has no telnet. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}
