// Where a configuration comes from: a file, standard input, -Y strings or -C lines. The only reader of files in config/; what it
// needs of the system comes in through Files, so that tests run without a disk.
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { findUser } from '../base/accounts.ts';
import type { Diag } from '../base/diag.ts';
import { decodeFile } from '../base/raw-text.ts';
import { strerror } from '../base/strerror.ts';

/** Why a file could not be read, in the system's words: `No such file or directory`. */
export interface FileProblem {
  /** `No such file or directory` */
  readonly reason: string;
}

/** The file system and the environment, as far as reading a configuration goes. */
export interface Files {
  /** All of a file; a file larger than MAX_FILE is a problem. */
  read(path: string): Buffer | FileProblem;
  /** Names in a directory; `undefined` if there is no such directory. */
  list(dir: string): readonly string[] | undefined;
  /** Whether there is anything at a path. */
  exists(path: string): boolean;
  /** Whether the group or everyone may write a file, or make files in a folder. Not there: nobody else may. */
  othersMayWrite?(path: string): boolean;
  /** An environment variable. */
  variable(name: string): string | undefined;
  /** Home directory of a user; '' for the one running this. */
  home(user: string): string | undefined;
}

/** Bytes in one file. */
export const MAX_FILE = 16 * 1024 * 1024;

const IS_DIRECTORY = strerror({ code: 'EISDIR' });

/** Reads to the end, at most MAX_FILE; works on pipes and on files that tell no size. */
function readAll(path: string): Buffer | FileProblem {
  const fd = openSync(path, 'r');
  try {
    if (fstatSync(fd).isDirectory()) return { reason: IS_DIRECTORY };
    const chunks: Buffer[] = [];
    for (let total = 0; ; ) {
      const chunk = Buffer.allocUnsafe(65536);
      const n = readSync(fd, chunk, 0, chunk.length, null);
      if (n === 0) return Buffer.concat(chunks);
      total += n;
      if (total > MAX_FILE) return { reason: `File is larger than ${MAX_FILE} bytes` };
      chunks.push(chunk.subarray(0, n));
    }
  } finally {
    closeSync(fd);
  }
}

/** The real file system, with the variables given. */
export const diskFiles = (variables: Readonly<Record<string, string | undefined>>): Files => ({
  read: (path) => {
    try {
      return readAll(path);
    } catch (err) {
      return { reason: strerror(err) };
    }
  },
  list: (dir) => {
    try {
      return readdirSync(dir);
    } catch {
      return undefined;
    }
  },
  exists: (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
  othersMayWrite: (path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o022) !== 0,
  variable: (name) => variables[name],
  home: (user) => {
    return user === '' ? variables.HOME : findUser(user)?.home;
  },
});

/** What the command line says about where to read. */
export interface SourceArgs {
  /** -c, the last one. `-` is standard input. */
  readonly file: string | undefined;
  /** -C, in order. */
  readonly lines: readonly string[];
  /** -Y, in order. */
  readonly strings: readonly string[];
  /** Reads standard input to its end. */
  readonly stdin?: () => Buffer;
}

/** Files looked for when nothing says otherwise, in this order. */
export const DEFAULT_FILES = ['/etc/ser2net/ser2net.yaml', '/etc/ser2net.conf'] as const;

/** What is to be read, and by which reader. */
export interface Source {
  /** Which reader is to read it. */
  readonly format: 'yaml' | 'conf';
  /** For messages: as given to -c, `<stdin>` or `<cmdline>`. */
  readonly file: string;
  /** All of it; empty if there are only -C lines. */
  readonly bytes: Buffer;
  /** -C lines, read before the file; classic only. */
  readonly lines: readonly string[];
  /** A classic file was opened: ser2net 4.3.11 warns about the old format on stderr. */
  readonly oldFormat: boolean;
  /** What was noticed while choosing the reader. */
  readonly diags: readonly Diag[];
  /** Where includes are read from. */
  readonly files: Files;
}

/** Nothing can be read, and the daemon ends with status 1. text: the line of 4.3.11. stderr: whether it goes there as well as to the log. */
interface SourceFailure {
  readonly failed: string;
  /** Why no file could be opened, in the words of the system; `undefined` if the command itself is wrong. */
  readonly reason?: string;
  readonly stderr: boolean;
  /** As in Source. */
  readonly oldFormat?: boolean;
}

/**
 * Chooses what to read and reads it: the file, then the -Y strings, as one text, which is what the manual of ser2net says (4.3.11
 * reads only the last of them). The file is read again on each call, so a reload calls it with the same arguments.
 */
export function readSource(args: SourceArgs, files: Files): Source | SourceFailure {
  const { lines, strings } = args;
  if (lines.length > 0 && strings.length > 0) return { failed: 'You cannot mix yaml and old config lines.', stderr: true };
  const base = { lines: [] as readonly string[], oldFormat: false, diags: [] as readonly Diag[], files };
  if (args.file === undefined && strings.length > 0) {
    return { ...base, format: 'yaml' as const, file: '<cmdline>', bytes: Buffer.from(joinStrings(strings)) };
  }
  if (args.file === undefined && lines.length > 0)
    return { ...base, format: 'conf' as const, file: '<cmdline>', bytes: Buffer.alloc(0), lines };
  const opened = args.file === '-' ? { file: '<stdin>', bytes: args.stdin?.() ?? Buffer.alloc(0) } : open(args.file, files);
  if ('failed' in opened) return opened;
  const chosen: ReturnType<typeof formatOf> = args.file === '-' ? { format: 'yaml', diags: [] } : formatOf(opened.file, opened.bytes);
  if (chosen.format === 'yaml' && lines.length > 0) {
    return { failed: 'You cannot mix old style config lines and a yaml config file.', stderr: true };
  }
  const oldFormat = chosen.format === 'conf';
  if (oldFormat && strings.length > 0) {
    // The file was opened before that is noticed, ser2net 4.3.11.
    return { failed: 'You cannot mix yaml config lines and an old style config file.', stderr: true, oldFormat };
  }
  const bytes = strings.length > 0 ? Buffer.concat([opened.bytes, Buffer.from(`\n${joinStrings(strings)}`)]) : opened.bytes;
  const unread = opened.problem === undefined ? [] : [unreadable(opened.file, opened.problem)];
  return { ...base, ...opened, ...chosen, bytes, lines, oldFormat, diags: [...chosen.diags, ...unread] };
}

interface Opened {
  readonly file: string;
  readonly bytes: Buffer;
  /** It is there, but has no text: a directory. */
  readonly problem?: string;
}

function open(file: string | undefined, files: Files): Opened | SourceFailure {
  let reason = '';
  for (const path of file === undefined ? DEFAULT_FILES : [file]) {
    const got = files.read(path);
    if (Buffer.isBuffer(got)) return { file: path, bytes: got };
    // ser2net can open a directory, finds no line in it, and runs without ports.
    if (got.reason === IS_DIRECTORY) return { file: path, bytes: Buffer.alloc(0), problem: got.reason };
    reason = got.reason;
  }
  const names = file === undefined ? `'${DEFAULT_FILES[0]}' or old one '${DEFAULT_FILES[1]}'` : `'${file}'`;
  return { failed: `Unable to open config file ${names}: ${reason}`, reason, stderr: false };
}

const warning = (file: string, text: string, hint?: string): Diag => ({
  code: 'questionable',
  severity: 'warning',
  pos: { file, line: 1, col: 1, len: 0 },
  text,
  ...(hint !== undefined && { hint }),
});

const unreadable = (file: string, reason: string): Diag => ({
  code: 'include',
  severity: 'error',
  pos: { file, line: 0, col: 0, len: 0 },
  text: `'${file}' cannot be read: ${reason}`,
});

/** A first entry that only YAML has: a document start, or a section name with a value after a space, or a mapping on the next lines. */
const YAML_START =
  /^(?:---(?:\s|$)|(?:define|connection|rotator|led|admin|default|delete_default|include|defines|connections|rotators|leds|admins|defaults|delete_defaults)[ \t]*:(?:[ \t]+[&"'{A-Za-z0-9/~*]|[ \t]*$))/;

/** YAML when the name ends in .yaml or the first line begins with %YAML (ser2net 4.3.11), or when its content is plainly YAML. */
export function formatOf(file: string, bytes: Buffer): { readonly format: 'yaml' | 'conf'; readonly diags: readonly Diag[] } {
  if (file.endsWith('.yaml') || bytes.subarray(0, 5).toString('latin1') === '%YAML') return { format: 'yaml', diags: [] };
  const start = decodeFile(bytes.subarray(0, 65536)).replace(/^\ufeff/, '');
  if (start.startsWith('%YAML')) return { format: 'yaml', diags: [] };
  const first = start.split(/\r?\n/).find((line) => !/^\s*(?:#|$)/.test(line));
  if (first === undefined || !(first.startsWith('%YAML') || YAML_START.test(first))) return { format: 'conf', diags: [] };
  const text = 'this file is read as YAML because of its content; ser2net 4.3 goes by the name';
  return { format: 'yaml', diags: [warning(file, text, "name it .yaml, or put a first line '%YAML 1.1' and a line '---'")] };
}

/**
 * One YAML text from -Y arguments: a line end after each, and every # outside quotes a line end. Quotes are tracked across
 * arguments as ser2net does, without knowing YAML.
 */
export function joinStrings(strings: readonly string[]): string {
  let quote = '';
  let escaped = false;
  let out = '';
  for (const text of strings) {
    for (const c of text) {
      if ((c === "'" || c === '"') && !(quote === '"' && escaped)) {
        if (quote === c) quote = '';
        else if (quote === '') quote = c;
      }
      out += c === '#' && quote === '' ? '\n' : c;
      escaped = c === '\\' && !escaped;
    }
    if (text !== '') out += '\n';
  }
  return out;
}
