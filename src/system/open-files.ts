// Who holds a device or a socket, as far as this user may see: open descriptors of /proc, advisory locks, UUCP lock files.
import { basename, join, resolve } from 'node:path';
import { DEFAULT_FILES } from '../config/source.ts';
import { lockName, readLockOwner } from '../gensio/serialdev/uucp-lock.ts';
import { deviceFacts, finalName, type HostPaths, listDir, readLink, readText } from './host.ts';

/** A process that uses a device or a socket. */
export interface Holder {
  /** Its process number. */
  readonly pid: number;
  /** Its short name; empty when that cannot be known. */
  readonly name: string;
  /** By what sign: it has it open, has locked it, or is named by a lock file. */
  readonly how: 'open' | 'lock' | 'lock file';
  /** For a lock file: its path. */
  readonly file?: string;
}

/** Finds the processes that use devices and sockets. What /proc says is read once. */
export class OpenFiles {
  readonly #host: HostPaths;
  /** What processes have open (as their links say), and who has it; read once. */
  #open: ReadonlyMap<string, readonly number[]> | undefined;
  /** Advisory locks: `major:minor:inode` and who holds it. */
  #locks: ReadonlyMap<string, number> | undefined;

  constructor(host: HostPaths) {
    this.#host = host;
  }

  /** Who has a device, under any of its names; each process once, by the strongest sign. */
  findProcessesUsing(path: string): Holder[] {
    const real = finalName(this.#host, path) ?? path;
    const found = new Map<number, Holder>();
    const add = (pid: number, how: Holder['how'], file?: string): void => {
      if (!found.has(pid)) found.set(pid, { pid, name: this.nameOf(pid), how, ...(file !== undefined && { file }) });
    };
    for (const pid of this.#openers(real)) add(pid, 'open');
    const lock = this.#lockOn(path);
    if (lock !== undefined) add(lock, 'lock');
    for (const name of new Set([path, real])) {
      const file = join(this.#host.locks, lockName(name));
      const owner = this.#lockFileOwner(file);
      if (owner !== undefined) add(owner, 'lock file', file);
    }
    return [...found.values()];
  }

  /** Who has a socket, by its inode. */
  findProcessesWithSocket(inode: string): Holder[] {
    return this.#openers(`socket:[${inode}]`).map((pid) => ({ pid, name: this.nameOf(pid), how: 'open' }));
  }

  /** The short name of a process; empty if it is gone. */
  nameOf(pid: number): string {
    return readText(join(this.#host.proc, String(pid), 'comm')) ?? '';
  }

  /** Whether a process is a ser2net that was given this configuration: it may well have what the configuration names. */
  serves(pid: number, file: string | undefined): boolean {
    if (!/^ser2net/.test(this.nameOf(pid))) return false;
    const dir = join(this.#host.proc, String(pid));
    // Our own daemon shows its command as one text with spaces.
    const words = (readText(join(dir, 'cmdline')) ?? '').split(/[\0 ]+/);
    const given = words.flatMap((word, i) => (word === '-c' ? [words[i + 1] ?? ''] : [])).at(-1);
    const wanted: readonly string[] = file === undefined ? DEFAULT_FILES : [resolve(file)];
    if (given === undefined) return DEFAULT_FILES.some((each) => wanted.includes(each));
    const cwd = readLink(join(dir, 'cwd'));
    // In the background it has left the directory its words count from.
    if (!given.startsWith('/') && (cwd === undefined || cwd === '/')) return wanted.some((each) => basename(each) === basename(given));
    return wanted.includes(resolve(cwd ?? '/', given));
  }

  #openers(target: string): readonly number[] {
    this.#open ??= this.#readOpen();
    return this.#open.get(target) ?? [];
  }

  #readOpen(): Map<string, number[]> {
    const out = new Map<string, number[]>();
    for (const name of listDir(this.#host.proc)) {
      if (!/^[0-9]+$/.test(name)) continue;
      const dir = join(this.#host.proc, name, 'fd');
      for (const fd of listDir(dir)) {
        const target = readLink(join(dir, fd));
        if (target === undefined || !/^\/dev\/|^socket:/.test(target)) continue;
        const pids = out.get(target) ?? [];
        if (pids.at(-1) !== Number(name)) pids.push(Number(name));
        out.set(target, pids);
      }
    }
    return out;
  }

  #lockOn(path: string): number | undefined {
    this.#locks ??= new Map(
      (readText(join(this.#host.proc, 'locks')) ?? '').split('\n').flatMap((line) => {
        const m = /^\d+: (?:FLOCK|POSIX|OFDLCK) +\S+ +\S+ (\d+) ([0-9a-f]+:[0-9a-f]+:\d+) /.exec(line);
        return m === null ? [] : [[m[2]!, Number(m[1])] as const];
      }),
    );
    if (this.#locks.size === 0) return undefined;
    try {
      return this.#locks.get(deviceFacts(this.#host, path)?.lockId ?? '');
    } catch {
      return undefined;
    }
  }

  /** The process a lock file names, if it lives. */
  #lockFileOwner(file: string): number | undefined {
    try {
      const owner = readLockOwner(file);
      return owner !== undefined && readText(join(this.#host.proc, String(owner), 'stat')) !== undefined ? owner : undefined;
    } catch {
      return undefined;
    }
  }
}

/** `picocom (process 123)`, `process 123, by its lock file /var/lock/LCK..ttyS0`. */
export function describeHolder({ pid, name, how, file }: Holder): string {
  const who = name === '' ? `process ${pid}` : `${name} (process ${pid})`;
  return how === 'lock file' ? `${who}, with lock file ${file}` : how === 'lock' ? `${who}, with a lock on it` : who;
}
