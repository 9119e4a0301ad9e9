// Opens files that others may have put there: a pipe, a device or a file without end is refused, and no open waits for anybody.
import {
  closeSync,
  constants,
  fstat,
  fstatSync,
  ftruncate,
  ftruncateSync,
  openSync,
  readSync,
  type Stats,
  writeFile,
  writeFileSync,
} from 'node:fs';
import { platform } from 'node:process';
import { fileCalls } from './blocking-calls.ts';
import { bind } from './fault-domain.ts';

/**
 * What a file is opened for:
 * - `read`
 * - `change`: writing into one that exists, from its beginning
 * - `create`: writing a new one; it is an error (EEXIST) if anything of that name exists
 * - `append`: writing at its end; it is made if it does not exist
 * - `replace`: writing, after what it held was removed; it is made if it does not exist
 */
export type FileUse = 'read' | 'change' | 'create' | 'append' | 'replace';

/** What is accepted. */
export interface FileRules {
  /** Whether the name itself may be a symbolic link. Links among the folders above it are always followed. Default: false. */
  readonly links?: boolean;
  /** The largest size, in bytes. Default: any. */
  readonly maxBytes?: number;
  /** The permission bits of a file that is made, before the umask. Default: 0600. */
  readonly mode?: number;
}

/** A file that can be opened, but must not be. `message` says why, as in `not a regular file`. */
class UnsafeFileError extends Error {
  /** The same for all of them. */
  readonly code = 'EUNSAFE';
}

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NONBLOCK, O_NOFOLLOW } = constants;
/** Names a file without opening it, so that no device notices. Linux only, where it has this value on every machine Node.js runs on. */
const O_PATH = platform === 'linux' ? 0o10000000 : 0;

const FLAGS: Readonly<Record<FileUse, number>> = {
  read: O_RDONLY,
  change: O_WRONLY,
  create: O_WRONLY | O_CREAT | O_EXCL,
  append: O_WRONLY | O_APPEND,
  replace: O_WRONLY,
};
const makes = (use: FileUse): boolean => use === 'append' || use === 'replace';
const isCode = (err: unknown, ...codes: readonly string[]): boolean => codes.includes((err as NodeJS.ErrnoException).code ?? '');

/** Throws an UnsafeFileError for what the rules do not accept. */
function check(stat: Stats, use: FileUse, { maxBytes }: FileRules): void {
  if (stat.isSymbolicLink()) throw new UnsafeFileError('a symbolic link');
  if (stat.isDirectory()) throw Object.assign(new Error('Is a directory'), { code: 'EISDIR' });
  if (!stat.isFile()) throw new UnsafeFileError('not a regular file');
  // Another name of it may be a file that means a lot to somebody.
  if (use !== 'read' && stat.nlink > 1) throw new UnsafeFileError('a file with several names (hard links)');
  if (maxBytes !== undefined && stat.size > maxBytes) throw new UnsafeFileError(`${stat.size} bytes, more than the ${maxBytes} expected`);
}

const nofollow = ({ links }: FileRules): number => (links === true ? 0 : O_NOFOLLOW);
/** Opened without asking first, it may turn out to be a link, a pipe without reader or a device without driver. */
function explained(err: unknown, rules: FileRules): unknown {
  if (isCode(err, 'ENXIO')) return new UnsafeFileError('not a regular file');
  return isCode(err, 'ELOOP') && rules.links !== true ? new UnsafeFileError('a symbolic link') : err;
}
const viaProc = (fd: number): string => `/proc/self/fd/${fd}`;

/** What of a name in use may have changed before it could be opened is tried again this often. */
const TRIES = 8;

/**
 * Opens a regular file, and nothing else. Never waits for a reader, a writer or a device.
 * Gives the descriptor, which the caller closes. Throws an UnsafeFileError, or what the system says.
 */
export function openFile(path: string, use: FileUse, rules: FileRules = {}): number {
  const mode = rules.mode ?? 0o600;
  if (use === 'create') return openSync(path, FLAGS.create, mode);
  for (let left = TRIES; ; left--) {
    try {
      return openExisting(path, use, rules);
    } catch (err) {
      if (!makes(use) || !isCode(err, 'ENOENT') || left === 0) throw err;
    }
    try {
      return openSync(path, FLAGS[use] | O_CREAT | O_EXCL, mode);
    } catch (err) {
      if (!isCode(err, 'EEXIST') || left === 0) throw err;
    }
  }
}

function openExisting(path: string, use: FileUse, rules: FileRules): number {
  const probe = O_PATH === 0 ? undefined : openSync(path, O_PATH | nofollow(rules));
  try {
    let fd: number | undefined;
    if (probe !== undefined) {
      check(fstatSync(probe), use, rules);
      try {
        fd = openSync(viaProc(probe), FLAGS[use] | O_NONBLOCK);
      } catch (err) {
        if (!isCode(err, 'ENOENT', 'ENOTDIR')) throw err;
        // No /proc here.
      }
    }
    try {
      fd ??= openSync(path, FLAGS[use] | O_NONBLOCK | nofollow(rules));
    } catch (err) {
      throw explained(err, rules);
    }
    try {
      check(fstatSync(fd), use, rules);
      if (use === 'replace') ftruncateSync(fd);
      return fd;
    } catch (err) {
      closeSync(fd);
      throw err;
    }
  } finally {
    if (probe !== undefined) closeSync(probe);
  }
}

/** Receives a descriptor, or why there is none. */
type Opened = (err: Error | null, fd?: number) => void;

/** The same on a thread (`fileCalls`), where the file system may be slow. `opened` is called once, not before this returns. */
export function openFileLater(path: string, use: FileUse, rules: FileRules, opened: Opened): void {
  const done = bind(opened);
  const mode = rules.mode ?? 0o600;
  if (use === 'create') return fileCalls.open(path, FLAGS.create, done, mode);
  const round = (left: number): void => {
    openExistingLater(path, use, rules, (err, fd) => {
      if (err === null || !makes(use) || !isCode(err, 'ENOENT') || left === 0) return done(err, fd);
      const made: Opened = (err, fd) => {
        if (err !== null && isCode(err, 'EEXIST') && left > 0) return round(left - 1);
        done(err, fd);
      };
      fileCalls.open(path, FLAGS[use] | O_CREAT | O_EXCL, made, mode);
    });
  };
  round(TRIES);
}

function openExistingLater(path: string, use: FileUse, rules: FileRules, done: Opened): void {
  /** Gives up a descriptor before saying why. */
  const giveUp = (fd: number, err: Error): void => fileCalls.close(fd, () => done(err));
  const verify = (fd: number, next: () => void): void =>
    fstat(fd, (err, stat) => {
      if (err !== null) return giveUp(fd, err);
      try {
        check(stat, use, rules);
      } catch (err) {
        return giveUp(fd, err as Error);
      }
      next();
    });
  const opened: Opened = (err, fd) => {
    if (err !== null || fd === undefined) return done(explained(err, rules) as Error);
    verify(fd, () => {
      if (use !== 'replace') return done(null, fd);
      ftruncate(fd, (err) => (err === null ? done(null, fd) : giveUp(fd, err)));
    });
  };
  const directly = (): void => fileCalls.open(path, FLAGS[use] | O_NONBLOCK | nofollow(rules), opened);
  if (O_PATH === 0) return directly();
  fileCalls.open(path, O_PATH | nofollow(rules), (err, probe) => {
    if (err !== null) return done(err);
    verify(probe, () => {
      fileCalls.open(viaProc(probe), FLAGS[use] | O_NONBLOCK, (err, fd) => {
        fileCalls.close(probe, () => {
          if (err !== null && isCode(err, 'ENOENT', 'ENOTDIR')) directly();
          else opened(err, fd);
        });
      });
    });
  });
}

/** Rules that say how much is read. */
type ReadRules = FileRules & { readonly maxBytes: number };

const tooMuch = (maxBytes: number): UnsafeFileError => new UnsafeFileError(`more than the ${maxBytes} bytes expected`);
/** How much is asked for at once, bytes. Files of /proc and /sys do not tell their size. */
const CHUNK = 16384;

/** The whole of a file. Throws an UnsafeFileError, also when it is larger than `maxBytes`, or what the system says. */
export function readSmallFile(path: string, rules: ReadRules): Buffer {
  const fd = openFile(path, 'read', rules);
  try {
    const chunks: Buffer[] = [];
    for (let length = 0; ; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, rules.maxBytes + 1));
      const n = readSync(fd, chunk);
      if (n === 0) return Buffer.concat(chunks, length);
      length += n;
      if (length > rules.maxBytes) throw tooMuch(rules.maxBytes);
      chunks.push(chunk.subarray(0, n));
    }
  } finally {
    closeSync(fd);
  }
}

/** The same on a thread of the pool. `done` is called once, not before this returns. */
export function readSmallFileLater(path: string, rules: ReadRules, done: (err: Error | null, content?: Buffer) => void): void {
  openFileLater(path, 'read', rules, (err, fd) => {
    if (err !== null || fd === undefined) return done(err);
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (err: Error | null): void =>
      fileCalls.close(fd, () => (err === null ? done(null, Buffer.concat(chunks, length)) : done(err)));
    const more = (): void => {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, rules.maxBytes + 1));
      fileCalls.read(fd, chunk, (err, n) => {
        if (err !== null || n === 0) return end(err);
        length += n;
        if (length > rules.maxBytes) return end(tooMuch(rules.maxBytes));
        chunks.push(chunk.subarray(0, n));
        more();
      });
    };
    more();
  });
}

/** Writes the whole of a small file. Throws an UnsafeFileError, or what the system says. */
export function writeSmallFile(path: string, use: Exclude<FileUse, 'read'>, content: string, rules: FileRules = {}): void {
  const fd = openFile(path, use, rules);
  try {
    writeFileSync(fd, content);
  } finally {
    closeSync(fd);
  }
}

/** The same on a thread of the pool. `done` is called once, not before this returns. */
export function writeSmallFileLater(path: string, use: Exclude<FileUse, 'read'>, content: string, done: (err: Error | null) => void): void {
  openFileLater(path, use, {}, (err, fd) => {
    if (err !== null || fd === undefined) return done(err);
    writeFile(fd, content, (failed) => fileCalls.close(fd, (err) => done(failed ?? err)));
  });
}
