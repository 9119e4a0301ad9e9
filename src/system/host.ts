// This machine as far as looking at devices goes: where its views of the kernel are, and what a name in /dev stands for. Nothing is
// opened: opening a serial port moves its lines.
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isPtyMajor, LOCK_DIR, majorOf, minorOf } from '../base/devices.ts';

/** Where to look; tests have trees of their own. */
export interface HostPaths {
  /** In place of /sys. */
  readonly sys: string;
  /** In place of /dev. */
  readonly dev: string;
  /** In place of /proc. */
  readonly proc: string;
  /** Where UUCP lock files go. */
  readonly locks: string;
}

/** The real paths. */
export const THIS_HOST: HostPaths = { sys: '/sys', dev: '/dev', proc: '/proc', locks: LOCK_DIR };

/** The real path of something under /dev; other paths are themselves. */
export const realPlace = (host: HostPaths, path: string): string => (path.startsWith('/dev/') ? join(host.dev, path.slice(5)) : path);

/** The content of a file without whitespace around it; `undefined` if it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Names in a directory, sorted; none when it cannot be read. */
export function listDir(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** Where a link leads, as it is written; `undefined` if it is none. */
export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The path a name under /dev ends at, links followed: `/dev/ttyUSB0` for a name in /dev/serial/by-id. */
export function finalName(host: HostPaths, path: string): string | undefined {
  try {
    const real = realpathSync(realPlace(host, path));
    const root = realpathSync(host.dev);
    return real.startsWith(`${root}/`) ? `/dev/${real.slice(root.length + 1)}` : real;
  } catch {
    return undefined;
  }
}

/** What there is by a name. tty: undefined where that cannot be known. */
export interface DeviceFacts {
  /** It is a character device. */
  readonly character: boolean;
  /** It is a directory. */
  readonly directory: boolean;
  /** It is a terminal; `undefined` if that cannot be known. */
  readonly tty: boolean | undefined;
  /** Type and permissions, as stat(2) gives them. */
  readonly mode: number;
  /** The number of the owner. */
  readonly uid: number;
  /** The number of the group. */
  readonly gid: number;
  /** `major:minor:inode` of the file, as /proc/locks has it. */
  readonly lockId: string;
}

const hex2 = (n: number): string => n.toString(16).padStart(2, '0');

/** `undefined` if there is nothing. @throws what else went wrong (EACCES, ELOOP, ENOTDIR) */
export function deviceFacts(host: HostPaths, path: string): DeviceFacts | undefined {
  const stat = statSync(realPlace(host, path), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const character = stat.isCharacterDevice();
  return {
    character,
    directory: stat.isDirectory(),
    tty: character ? isTty(host, majorOf(stat.rdev), minorOf(stat.rdev)) : false,
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    lockId: `${hex2(majorOf(stat.dev))}:${hex2(minorOf(stat.dev))}:${stat.ino}`,
  };
}

/** Whether a device number is a terminal's: those of pseudo-terminals are not in /sys. */
function isTty(host: HostPaths, maj: number, min: number): boolean | undefined {
  if (isPtyMajor(maj) || maj === 3) return true;
  const subsystem = readLink(join(host.sys, 'dev/char', `${maj}:${min}`, 'subsystem'));
  if (subsystem !== undefined) return basename(subsystem) === 'tty';
  return lstatSync(join(host.sys, 'dev/char'), { throwIfNoEntry: false }) === undefined ? undefined : false;
}
