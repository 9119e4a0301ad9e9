// The files of one recording on the disk: opened safely, continued where they exist, renamed when they are done, and removed when there
// are more than are to be kept. Everything runs on threads of the pool.
import { fstat, ftruncate, lstat, mkdir, read, rename, stat, unlink } from 'node:fs';
import { promisify } from 'node:util';
import { fileCalls } from '../base/blocking-calls.ts';
import { type Clock, dateAt } from '../base/clock.ts';
import { openFileLater } from '../base/safe-file.ts';
import type { OpenFile } from './batch-writer.ts';
import { type IndexEntry, readIndex, writeIndex } from './file-index.ts';
import { doneName, type FileNames } from './file-names.ts';
import { inTurn } from './folder-turns.ts';
import { BLOCK } from './pcapng.ts';
import { PcapngError, PcapngReader } from './pcapng-reader.ts';

const closeFile = (fd: number): Promise<void> => new Promise((done) => fileCalls.close(fd, () => done()));
const statFd = promisify(fstat);
const truncate = promisify(ftruncate);
const statLink = promisify(lstat);
const statPath = promisify(stat);
const makeFolder = promisify(mkdir);
const move = promisify(rename);
const remove = promisify(unlink);
const openLater = promisify(openFileLater);
const readAt = promisify(read);

const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;
const OTHERS_WRITE = 0o002;
/** How much of a file is looked at at once, bytes. */
const WINDOW = 65536;

/** A folder or file that must not be used as it is. `message` says why. */
class RecordingError extends Error {}

const isMissing = (err: unknown): boolean => (err as NodeJS.ErrnoException).code === 'ENOENT';

/** A file that is being written. */
interface CurrentFile extends OpenFile {
  /** When it was begun, perhaps by an earlier run; milliseconds since 1970. */
  readonly begun: number;
  /** It had something in it already. */
  readonly continued: boolean;
}

/** All files of one recording. */
export class RecordingFiles {
  readonly #names: FileNames;
  readonly #keep: number | undefined;
  readonly #clock: Clock;
  /** The paths that recordings write now, of all ports. */
  readonly #inUse: Map<string, RecordingFiles>;
  #index: IndexEntry[] | undefined;
  #current: CurrentFile | undefined;

  /** keep: how many files that are done stay; `undefined` for all. inUse: one map for all recordings. */
  constructor(names: FileNames, keep: number | undefined, clock: Clock, inUse: Map<string, RecordingFiles>) {
    this.#names = names;
    this.#keep = keep;
    this.#clock = clock;
    this.#inUse = inUse;
  }

  #pathOf(name: string): string {
    return this.#names.folder === '/' ? `/${name}` : `${this.#names.folder}/${name}`;
  }

  /** Opens the file of this time, or that of a name given before. @throws RecordingError, UnsafeFileError, or what the system says */
  open(name?: string): Promise<CurrentFile> {
    return inTurn(this.#names.folder, () => this.#open(name ?? this.#names.at(this.#clock.wall())));
  }
  async #open(name: string): Promise<CurrentFile> {
    await this.#checkFolder();
    this.#index ??= await readIndex(this.#pathOf(this.#names.index));
    const path = this.#pathOf(name);
    const other = this.#inUse.get(path);
    if (other !== undefined && other !== this) throw new RecordingError('another port records to it');
    const fd = (await openLater(path, 'append', { mode: FILE_MODE }))!;
    try {
      const size = name.endsWith('.pcapng') ? await continuePcapng(path, fd) : (await statFd(fd)).size;
      const known = this.#index.find((entry) => entry.name === name);
      const begun = size > 0 && known !== undefined ? known.begun : this.#clock.wall().getTime();
      this.#index = [...this.#index.filter((entry) => entry.name !== name), { name, begun }];
      await this.#saveIndex(name);
      this.#inUse.set(path, this);
      this.#current = { fd, path, size, begun, continued: size > 0 };
      return this.#current;
    } catch (err) {
      await closeFile(fd);
      throw err;
    }
  }

  /** The name of the file in use: for opening it again after somebody moved it away. */
  get currentName(): string | undefined {
    return this.#current?.path.slice(this.#current.path.lastIndexOf('/') + 1);
  }

  /** The file in use was closed. rotate: the next one begins; one that would have the same name gets another first. */
  closed(rotate: boolean): Promise<void> {
    return inTurn(this.#names.folder, () => this.#closed(rotate));
  }
  async #closed(rotate: boolean): Promise<void> {
    const current = this.#current;
    const name = this.currentName;
    this.#current = undefined;
    if (current === undefined || name === undefined) return;
    this.#inUse.delete(current.path);
    if (!rotate || this.#names.at(this.#clock.wall()) !== name) return;
    for (let n = 0; ; n++) {
      const done = doneName(name, dateAt(current.begun), n);
      const path = this.#pathOf(done);
      const taken = await statLink(path).then(
        () => true,
        (err: unknown) => {
          if (isMissing(err)) return false;
          throw err;
        },
      );
      if (taken) continue;
      await move(current.path, path);
      this.#index = this.#index?.map((entry) => (entry.name === name ? { ...entry, name: done } : entry));
      return;
    }
  }

  async #checkFolder(): Promise<void> {
    const { folder } = this.#names;
    await makeFolder(folder, { recursive: true, mode: FOLDER_MODE });
    const { mode } = await statPath(folder);
    if ((mode & OTHERS_WRITE) !== 0) throw new RecordingError(`others may write to ${folder} (mode ${(mode & 0o7777).toString(8)})`);
  }

  /** Removes what is too much, and writes the list. current: the file that does not count. */
  async #saveIndex(current: string): Promise<void> {
    let index = this.#index!;
    const done = index.filter(({ name }) => name !== current);
    const excess = this.#keep === undefined ? [] : done.slice(0, Math.max(0, done.length - this.#keep));
    for (const { name } of excess) {
      try {
        // Only ever a file: whoever put something else in its place keeps it.
        if ((await statLink(this.#pathOf(name))).isFile()) await remove(this.#pathOf(name));
      } catch (err) {
        if (!isMissing(err)) throw err;
      }
      index = index.filter((entry) => entry.name !== name);
    }
    this.#index = index;
    await writeIndex(this.#pathOf(this.#names.index), index);
  }
}

/** Makes a file end after its last whole block, and gives its size. @throws RecordingError if it is no recording */
async function continuePcapng(path: string, fd: number): Promise<number> {
  const { size } = await statFd(fd);
  if (size === 0) return 0;
  const reading = (await openLater(path, 'read', {}))!;
  try {
    const whole = (await endsWhole(reading, size)) ? size : await wholeLength(reading, size);
    if (whole < size) await truncate(fd, whole);
    return whole;
  } catch (err) {
    if (err instanceof PcapngError) throw new RecordingError(`it exists and cannot be continued: ${err.message}`);
    throw err;
  } finally {
    await closeFile(reading);
  }
}

/** Whether the file begins with a section and its last block is a packet that ends where the file does: as after an orderly end. */
async function endsWhole(fd: number, size: number): Promise<boolean> {
  if (size < 64) return false;
  const head = Buffer.alloc(4);
  const tail = Buffer.alloc(4);
  await readAt(fd, head, 0, 4, 0);
  await readAt(fd, tail, 0, 4, size - 4);
  const length = tail.readUInt32LE(0);
  if (head.readUInt32LE(0) !== BLOCK.section || length < 44 || length % 4 !== 0 || length > Math.min(size, WINDOW)) return false;
  const block = Buffer.alloc(length);
  await readAt(fd, block, 0, length, size - length);
  return block.readUInt32LE(0) === BLOCK.packet && block.readUInt32LE(4) === length && block.readUInt32LE(20) <= length - 32;
}

/** Up to where its blocks are whole, from the start. @throws PcapngError */
async function wholeLength(fd: number, size: number): Promise<number> {
  const reader = new PcapngReader();
  for (let at = 0; at < size; ) {
    const window = Buffer.alloc(Math.min(WINDOW, size - at));
    const { bytesRead } = await readAt(fd, window, 0, window.length, at);
    if (bytesRead === 0) break;
    reader.push(window.subarray(0, bytesRead));
    at += bytesRead;
  }
  return reader.wholeUpTo;
}
