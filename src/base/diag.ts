// Problems with what the user wrote. A parser collects them and never throws for bad input.

/** Every kind of problem, with what it means; the code is stable, the text of a problem is not. */
export const DIAG = {
  syntax: 'The file is not well formed; what follows was not read.',
  'unknown-section': 'The name is not a section of the file.',
  'unknown-key': 'The name is not a key of its section.',
  'unknown-option': 'The name is not in the option table.',
  'bad-value': 'The value does not fit its kind.',
  'missing-key': 'A section lacks a key it needs.',
  'duplicate-key': 'A key that may be given once was given again.',
  'duplicate-name': 'Two things of one kind have the same name; the first stays.',
  'missing-name': 'A section that needs a name (an anchor) has none.',
  'unknown-alias': 'An alias names nothing defined before it.',
  'bad-accepter': 'The accepter string cannot be used.',
  'bad-connector': 'The connector string cannot be used.',
  'bad-default': 'A default cannot be set.',
  'bad-address': 'A network address cannot be used.',
  'bad-line': 'A line of a classic file cannot be understood.',
  'bad-escape': 'A character escape is wrong.',
  'not-found': 'Something named here does not exist.',
  include: 'A file named here cannot be read.',
  limit: 'A limit that protects the reader was reached.',
  'old-spelling': 'A spelling of an older version, which is taken as it was meant there.',
  'duplicate-listener': 'Two listeners want the same address.',
  'duplicate-device': 'Two connections name the same device.',
  'no-device': 'A device is not there, or is no device.',
  'no-access': 'The user who checks may not use something the configuration names.',
  'device-busy': 'Another program holds a device.',
  'lock-dir': 'No lock files can be made.',
  'port-busy': 'An address to listen on cannot be had now.',
  'other-version': 'The version of ser2net that `--for` names refuses this, or does not know it.',
  questionable: 'Legal, but probably not what was meant.',
} as const;

/** The code of a problem: a key of DIAG, which has its meaning. */
export type DiagCode = keyof typeof DIAG;

/** line and col count from 1; len is in characters. Line 0: the place is not known. */
export interface Pos {
  /** As it was named; empty for the command line. */
  readonly file: string;
  /** From 1; 0 if the place is not known. */
  readonly line: number;
  /** From 1, in characters. */
  readonly col: number;
  /** In characters; 0 for a point. */
  readonly len: number;
}

/** A problem in a configuration. */
export interface Diag {
  /** Its kind, which stays the same between versions. */
  readonly code: DiagCode;
  /** An error costs something, such as the connection it is in; a warning does not. */
  readonly severity: 'error' | 'warning';
  /** Where it is. */
  readonly pos: Pos;
  /** What is wrong, in one sentence. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string;
  /**
   * The line ser2net 4.3.11 prints for this problem at startup and reload, where it prints one:
   * complete with its file and place for YAML, `... on line N` for classic files.
   */
  readonly classic?: string;
  /** Found by reading on after a problem at which ser2net 4.3.11 leaves the section, the line or the whole file. */
  readonly further?: true;
  /** Whether `classic` begins with a place in a YAML file. */
  readonly placed?: boolean;
}

/** One problem as people read it: place, severity, text, code, and a hint on a line of its own. */
export const formatDiag = ({ code, severity, pos, text, hint }: Diag): string =>
  `${pos.file}:${pos.line}:${pos.col}: ${severity}: ${text} [${code}]${hint === undefined ? '' : `\n  hint: ${hint}`}`;
