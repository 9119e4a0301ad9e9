// UUCP lock files: one for each open device, so that programs that know the custom (minicom, pppd, ser2net) keep apart.
// Not flock, which tty.ts adds on the open device. Calls are synchronous: the directory is memory on every usual system.
import { linkSync, lstatSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill, pid } from 'node:process';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import { strerror } from '../../base/strerror.ts';

/** `LCK..` and the path without a leading `/dev/`, every slash an underscore. Links are not followed. */
export const lockName = (device: string): string => `LCK..${device.replace(/^\/dev\//, '').replaceAll('/', '_')}`;

/**
 * Whether a device gets a lock file when nothing else was said: not `tty` itself, no pseudo-terminal. Links are always followed
 * (ser2net 4.3.11 follows them only when no parameter stands behind the device).
 */
export function locksByDefault(device: string): boolean {
  if (/(?:^|\/)tty$/.test(device)) return false;
  let real = device;
  try {
    real = realpathSync(device);
  } catch {
    // Not there: opening it says so.
  }
  return !real.startsWith('/dev/pts/') && !/^\/dev\/tty[a-ep-z][0-9a-f]$/.test(real);
}

/** The pid in a lock file: exactly four bytes are a number of the machine, else decimal digits; undefined: none to be found. */
export function lockOwner(content: Buffer): number | undefined {
  if (content.length === 4) {
    const binary = new Int32Array(new Uint8Array(content).buffer)[0]!;
    return binary > 0 ? binary : undefined;
  }
  const text = /^[ \t\n\v\f\r]*\+?([0-9]+)/.exec(content.toString('latin1'));
  const owner = Number(text?.[1] ?? 0);
  return owner > 0 ? owner : undefined;
}

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
let serial = 0;
/** Rounds of taking over before giving up: more than that many programs would have to fight for one device. */
const MAX_ROUNDS = 8;

const missing = (err: unknown): boolean => (err as NodeJS.ErrnoException).code === 'ENOENT';
const content = `${String(pid).padStart(10)}\n`;

/** Makes path with our pid in it, at once complete. false: it exists. Throws what else went wrong. */
function create(dir: string, path: string): boolean {
  const temporary = join(dir, `LTMP.${pid}.${++serial}`);
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
const writeNew = (path: string): void => writeFileSync(path, content, { flag: 'wx', mode: 0o644 });

/** Takes the file of a dead process away; puts it back when it turns out that somebody else was faster and it is a live one. */
function removeStale(dir: string, path: string, stale: Buffer): void {
  const aside = join(dir, `LTMP.${pid}.${++serial}`);
  try {
    renameSync(path, aside);
  } catch (err) {
    if (missing(err)) return;
    throw err;
  }
  try {
    if (!readFileSync(aside).equals(stale)) linkSync(aside, path);
  } catch {
    // Somebody made a new one meanwhile: the next round reads it.
  }
  rmSync(aside, { force: true });
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
        if (now.ino === ino && now.dev === dev && readFileSync(path, 'latin1') === content) rmSync(path);
      } catch {
        // Gone, or the directory may not be written any more: nothing to do about it.
      }
    },
  };
}

/**
 * Locks a device. dir undefined: no lock files are made (-u). The error is 'inuse' (its owner lives, which may be this process) or
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
  try {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      // First what is there: it counts also where nothing can be written.
      let there: Buffer | undefined;
      try {
        there = readFileSync(path);
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
