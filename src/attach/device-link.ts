// The name of an attached device: a symbolic link to the slave of its pty. Made in one step; what was there before is replaced only
// when it is ours: a link to a pty that is gone, or one that a dead process of ours made, according to a record.
import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import { readSmallFile, writeSmallFile } from '../base/safe-file.ts';

/** What links need to know about this process. */
export interface LinkEnv {
  /** Where records are kept; created if missing. `undefined`: there are none, and only dangling links are replaced. */
  readonly stateDir: string | undefined;
  /** Of this process. */
  readonly pid: number;
}

/** Largest record, bytes: a path, and some numbers. */
const MAX_FILE = 16_384;
const PTS = /^\/dev\/pts\/[0-9]+$/;

/** When a process was started, in ticks: with its number it names one process for good. `undefined` if there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    // The name may contain spaces and parentheses; the start is the 20th field after it.
    return /.*\) (?:\S+ ){19}(\S+)/s.exec(readSmallFile(`/proc/${pid}/stat`, { maxBytes: MAX_FILE }).toString('latin1'))?.[1];
  } catch {
    return undefined;
  }
}

/** One symbolic link. */
export class DeviceLink {
  /** Of the link. */
  readonly path: string;
  readonly #env: LinkEnv;
  #slave: string | undefined;

  /** path is absolute. */
  constructor(path: string, env: LinkEnv) {
    this.path = path;
    this.#env = env;
  }

  get #record(): string | undefined {
    const { stateDir } = this.#env;
    return stateDir === undefined ? undefined : join(stateDir, encodeURIComponent(this.path).replaceAll('.', '%2E'));
  }

  /** Points the link to a slave, creating or replacing it. @throws GensioError `exists` or `inuse`: something else is there. */
  point(slave: string): void {
    try {
      this.#claim();
      this.#write(slave);
      this.#link(slave);
      this.#slave = slave;
    } catch (err) {
      throw fromSystemError(err);
    }
  }

  /** In one step: there is never a moment without a link. */
  #link(slave: string): void {
    const folder = dirname(this.path);
    const temporary = join(folder, `.${this.#env.pid}-${slave.slice(slave.lastIndexOf('/') + 1)}.ser2net`);
    try {
      rmSync(temporary, { force: true });
      symlinkSync(slave, temporary);
      renameSync(temporary, this.path);
    } catch (err) {
      rmSync(temporary, { force: true });
      if (this.#slave === undefined && this.#record !== undefined) rmSync(this.#record, { force: true });
      const { code } = err as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw new GensioError('notfound', `there is no directory ${folder}`);
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') throw new GensioError('perm', `no right to make a link in ${folder}`);
      throw err;
    }
  }

  /** Throws unless the name is free or ours. */
  #claim(): void {
    const { path } = this;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isSymbolicLink()) throw new GensioError('exists', `${path} is there already and is no link`);
    const target = readlinkSync(path);
    if (target === this.#slave) return;
    if (!PTS.test(target)) throw new GensioError('exists', `${path} is a link to ${target}, which is no pseudo-terminal`);
    const owner = this.#owner(target);
    if (owner === 'alive') throw new GensioError('inuse', `${path} is the device of another ser2net`);
    if (owner === 'gone' || !existsSync(target)) return;
    throw new GensioError('exists', `${path} is a link to ${target}, which another program may be using`);
  }

  /** What the record says about a link to that pty. */
  #owner(target: string): 'alive' | 'gone' | 'unknown' {
    const record = this.#record;
    if (record === undefined) return 'unknown';
    try {
      const [path, slave, pid, start] = readSmallFile(record, { maxBytes: MAX_FILE }).toString('utf8').split('\n');
      if (path !== this.path || slave !== target) return 'unknown';
      return startOf(Number(pid)) === start && Number(pid) !== this.#env.pid ? 'alive' : 'gone';
    } catch {
      return 'unknown';
    }
  }

  #write(slave: string): void {
    const record = this.#record;
    if (record === undefined) return;
    const { pid } = this.#env;
    try {
      mkdirSync(dirname(record), { recursive: true, mode: 0o755 });
      writeSmallFile(record, 'replace', `${this.path}\n${slave}\n${pid}\n${startOf(pid) ?? ''}\n`, { mode: 0o644 });
    } catch {
      // Without a record the link of a dead process is replaced only when its pty is gone: nothing else is lost.
    }
  }

  /** Removes the link, unless it is no longer ours. */
  remove(): void {
    if (this.#slave === undefined) return;
    try {
      if (readlinkSync(this.path) === this.#slave) rmSync(this.path, { force: true });
      const record = this.#record;
      if (record !== undefined) rmSync(record, { force: true });
    } catch {
      // It is gone already.
    }
    this.#slave = undefined;
  }
}
