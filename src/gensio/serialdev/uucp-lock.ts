// UUCP lock files: one for each open device, so that programs that know the custom (minicom, pppd, ser2net) keep apart.
// Not flock, which tty.ts adds on the open device. Calls are synchronous: the directory is memory on every usual system.
// Everybody may write into that directory as a rule, so nothing in it is believed to be a file that can be read.
import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, opendirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getuid, kill, pid } from 'node:process';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import { readSmallFile, writeSmallFile } from '../../base/safe-file.ts';
import { strerror } from '../../base/strerror.ts';

/** `LCK..` and the path without a leading `/dev/`, every slash an underscore. Links are not followed. */
export const lockName = (device: string): string => `LCK..${device.replace(/^\/dev\//, '').replaceAll('/', '_')}`;

const isPtyPath = (path: string): boolean => path.startsWith('/dev/pts/') || /^\/dev\/tty[a-ep-z][0-9a-f]$/.test(path);

/**
 * Whether a device gets a lock file when nothing else was said: not `tty` itself, nor a pseudo-terminal by its own name. A link to one
 * does: other programs know it by the name of the link.
 */
export const locksByDefault = (device: string): boolean => !/(?:^|\/)tty$/.test(device) && !isPtyPath(device);

/** Whether a device is a pseudo-terminal, by its own name or through links. */
export function isPseudoTerminal(device: string): boolean {
  try {
    return isPtyPath(realpathSync(device));
  } catch {
    // Not there: opening it says so.
    return isPtyPath(device);
  }
}

/** The pid in a lock file: exactly four bytes are a number of the machine, else decimal digits; `undefined` if there is none. */
export function lockOwner(content: Buffer): number | undefined {
  if (content.length === 4) {
    const binary = new Int32Array(new Uint8Array(content).buffer)[0]!;
    return binary > 0 ? binary : undefined;
  }
  const text = /^[ \t\n\v\f\r]*\+?([0-9]+)/.exec(content.toString('latin1'));
  const owner = Number(text?.[1] ?? 0);
  return owner > 0 ? owner : undefined;
}

/** The pid in a lock file. Throws what openFile() throws. */
export const readLockOwner = (path: string): number | undefined => lockOwner(read(path));

function lives(owner: number): boolean {
  if (owner > 0x7fffffff) return false;
  try {
    kill(owner, 0);
    return true;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** A lock taken, or the leave to go on without one. */
export interface UucpLock {
  /** Removes the file if it is still the one that was made. */
  release(): void;
}
const NO_LOCK: UucpLock = { release: () => undefined };

/** A directory that cannot be written is reported once for each lock file and reason, and then no more. */
const warned = new Set<string>();
const MAX_WARNED = 4096;
/** Rounds of taking over before giving up: more than that many programs would have to fight for one device. */
const MAX_ROUNDS = 8;

/** Largest lock file, bytes: a number, and perhaps the names of a program and a user. */
const MAX_LOCK = 1024;
const read = (path: string): Buffer => readSmallFile(path, { maxBytes: MAX_LOCK });
/** A file is made, or put aside, under a name that nobody can guess, and so block. */
const temporaryIn = (dir: string): string => join(dir, `LTMP.${pid}.${randomBytes(8).toString('hex')}`);
const TEMPORARY = /^LTMP\.([0-9]{1,10})\.[0-9a-f]{1,16}$/;

const missing = (err: unknown): boolean => (err as NodeJS.ErrnoException).code === 'ENOENT';
const content = `${String(pid).padStart(10)}\n`;

/** Makes path with our pid in it, at once complete. false: it exists. Throws what else went wrong. */
function create(dir: string, path: string): boolean {
  const temporary = temporaryIn(dir);
  try {
    writeNew(temporary);
    linkSync(temporary, path);
    return true;
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw err;
    return createHere(path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The same where there are no hard links. */
function createHere(path: string): boolean {
  try {
    writeNew(path);
    return true;
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    rmSync(path, { force: true });
    throw err;
  }
}

/** A file that was not there, whole. */
const writeNew = (path: string): void => writeSmallFile(path, 'create', content, { mode: 0o644 });

/** Takes the file of a dead process away; puts it back when it turns out that somebody else was faster and it is a live one. */
function removeStale(dir: string, path: string, stale: Buffer): void {
  const aside = temporaryIn(dir);
  try {
    renameSync(path, aside);
  } catch (err) {
    if (missing(err)) return;
    throw err;
  }
  try {
    if (!read(aside).equals(stale)) linkSync(aside, path);
  } catch {
    // Somebody made a new one meanwhile: the next round reads it.
  }
  rmSync(aside, { force: true });
}

/** Directories that were cleared by this process. */
const cleared = new Set<string>();
/** How many names of a directory are looked at: anybody may fill it. */
const MAX_LOOKED = 1024;

/** Removes the temporary files of processes of this user that ended in the middle of something. Once for each directory. */
function clear(dir: string): void {
  if (cleared.has(dir)) return;
  cleared.add(dir);
  try {
    const folder = opendirSync(dir);
    try {
      for (let i = 0; i < MAX_LOOKED; i++) {
        const entry = folder.readSync();
        if (entry === null) return;
        const owner = Number(TEMPORARY.exec(entry.name)?.[1] ?? pid);
        const path = join(dir, entry.name);
        if (owner !== pid && entry.isFile() && !lives(owner) && lstatSync(path).uid === getuid?.()) rmSync(path, { force: true });
      }
    } finally {
      folder.closeSync();
    }
  } catch {
    // They are only in the way of tidiness.
  }
}

/** Files of this process in force. One with our pid that is not among them is a remnant: of a process with the same pid (as in a
 * container, where it always is the same), or one that could not be removed. */
const ours = new Set<string>();

function taken(path: string): UucpLock {
  const { ino, dev } = lstatSync(path);
  ours.add(path);
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      ours.delete(path);
      try {
        const now = lstatSync(path);
        if (now.ino === ino && now.dev === dev && read(path).equals(Buffer.from(content))) rmSync(path);
      } catch {
        // Gone, or the directory may not be written any more: nothing to do about it.
      }
    },
  };
}

/**
 * Locks a device. Without dir no lock files are made (-u). The error is 'inuse' (its owner lives, which may be this process) or
 * 'notfound' (the file there cannot be understood), and the log says which. Where the directory is missing or may not be
 * written the device is used without a lock, with a warning: ser2net 4.3.11 refuses the device.
 */
export function lockDevice(dir: string | undefined, device: string, log: Log): UucpLock | GensioError {
  if (dir === undefined) return NO_LOCK;
  const path = join(dir, lockName(device));
  const noAccess = (text: string): GensioError => {
    log.log('err', `Error accessing locks in ${dir}: ${text}`);
    return new GensioError('notfound', `${path}: ${text}`);
  };
  clear(dir);
  try {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      // First what is there: it counts also where nothing can be written.
      let there: Buffer | undefined;
      try {
        there = read(path);
      } catch (err) {
        if (!missing(err)) return noAccess(strerror(err));
      }
      if (there !== undefined) {
        const owner = lockOwner(there);
        if (owner === undefined) return noAccess('File exists');
        if (owner === pid ? ours.has(path) : lives(owner)) {
          log.log('err', `Port in use by pid ${owner}`);
          return new GensioError('inuse', `${path} is held by process ${owner}`);
        }
        removeStale(dir, path, there);
      }
      if (create(dir, path)) return taken(path);
    }
    return noAccess('File exists');
  } catch (err) {
    const text = strerror(err);
    if (!warned.has(`${path} ${text}`) && warned.size < MAX_WARNED) {
      warned.add(`${path} ${text}`);
      log.log('warning', `Unable to make lock file ${path}: ${text}; ${device} is used without (hint: make ${dir} writable, or give -u)`);
    }
    return NO_LOCK;
  }
}
