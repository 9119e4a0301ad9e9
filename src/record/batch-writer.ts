// Writes to one file in batches, off the data path: what is appended is gathered, and goes out together at a tick. A slow or full disk
// costs what does not fit into the queue, which is counted and told; nothing waits for it.
import { ftruncate, write, writev } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { fileCalls } from '../base/blocking-calls.ts';
import { inTurn } from './folder-turns.ts';
import type { Room } from './form.ts';
import { viewOf } from './pcapng.ts';

const writeOne = promisify(write);
const writeMany = promisify(writev);
const closeFile = (fd: number): Promise<void> => new Promise((done) => fileCalls.close(fd, () => done()));
const truncate = promisify(ftruncate);

/** Bytes in one buffer. At 921600 baud a tick's data fit into one. */
const CHUNK = 16384;
/** Bytes that wait for the disk; more are dropped. */
export const MAX_QUEUED = 1 << 20;

const NOTHING = Buffer.alloc(0);

/** A file to write to. */
export interface OpenFile {
  /** Open for appending; who closes it is said where it is given. */
  readonly fd: number;
  /** Where it was found, or made. */
  readonly path: string;
  /** Bytes in it. */
  readonly size: number;
}

/** What a writer asks its owner. Both may fail with an error of the system. */
interface WriterUp {
  /** Gives the file to write to now, and what it begins with. */
  open(): Promise<{ readonly file: OpenFile; readonly head: Buffer }>;
  /** What tells in the file that so many bytes of data are missing there. */
  gap(bytes: number): Buffer;
  /** The file could not be opened or written to; told each time. */
  failed(err: unknown, what: 'open' | 'write', path: string | undefined): void;
  /** It can be written to again, after it failed; so many bytes of data were lost meanwhile. */
  works(path: string, lost: number): void;
}

/** Something to do between what was appended before and after. */
type Order = { readonly order: () => Promise<void> };
/** Whole records only, so that the file is whole after each write; data: how many bytes of the line they have. */
interface Chunk {
  readonly buffer: Buffer;
  readonly view: DataView;
  used: number;
  data: number;
}

const chunkOf = (buffer: Buffer): Chunk => ({ buffer, view: viewOf(buffer), used: 0, data: 0 });
/** In use before anything is appended; nothing fits into it. */
const EMPTY = chunkOf(NOTHING);

/** Gathers what is appended and writes it when told to. */
export class BatchWriter implements Room {
  readonly #up: WriterUp;
  #chunk = EMPTY;
  #spare: Chunk | undefined;
  readonly #queue: (Chunk | Order)[] = [];
  #queued = 0;
  #file: OpenFile | undefined;
  /** Bytes in the file that are good. */
  #size = 0;
  /** What the file, or our part of it, begins with is written. */
  #begun = false;
  #running: Promise<void> | undefined;
  /** Data that could not be written. */
  #lost = 0;
  #failing = false;

  constructor(up: WriterUp) {
    this.#up = up;
  }

  get buffer(): Buffer {
    return this.#chunk.buffer;
  }
  get view(): DataView {
    return this.#chunk.view;
  }
  reserve(size: number): number {
    if (this.#chunk.used + size > this.#chunk.buffer.length) this.#renew(size);
    const at = this.#chunk.used;
    this.#chunk.used += size;
    this.#queued += size;
    return at;
  }
  /** What was reserved last has so many bytes of the line, which count as lost if it cannot be written. */
  holds(data: number): void {
    this.#chunk.data += data;
  }
  /** Appends a copy. */
  append(bytes: Buffer): void {
    const at = this.reserve(bytes.length);
    bytes.copy(this.buffer, at);
  }

  /** So much waits for the disk that no more is taken. */
  get full(): boolean {
    return this.#queued >= MAX_QUEUED;
  }
  /** Bytes appended that are not in the file. */
  get queued(): number {
    return this.#queued;
  }
  /** Bytes in the file, and on their way there. 0 while none is open. */
  get size(): number {
    return this.#size + this.#queued;
  }
  /** The file in use. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  #renew(size: number): void {
    this.#push();
    const spare = size <= CHUNK ? this.#spare : undefined;
    if (spare !== undefined) this.#spare = undefined;
    this.#chunk = spare ?? chunkOf(Buffer.allocUnsafeSlow(Math.max(CHUNK, size)));
  }
  #push(): void {
    if (this.#chunk.used === 0) return;
    this.#queue.push(this.#chunk);
    this.#chunk = EMPTY;
  }

  /** Runs between what was appended so far and what comes. Its failure is told as one of opening. */
  between(order: () => Promise<void>): void {
    this.#push();
    this.#queue.push({ order });
    this.flush();
  }

  /** Writes what there is, unless that is going on. */
  flush(): void {
    this.#push();
    if (this.#running !== undefined || this.#queue.length === 0) return;
    this.#running = this.#run()
      .catch((err: unknown) => this.#up.failed(err, 'write', this.path))
      .then(() => {
        this.#running = undefined;
        if (this.#queue.length > 0) this.flush();
      });
  }
  /** Resolves when everything so far was written, or given up. */
  async written(): Promise<void> {
    this.flush();
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const [first] = this.#queue as [Chunk | Order];
      if ('order' in first) {
        this.#queue.shift();
        await first.order().catch((err: unknown) => this.#fail(err, 'open'));
        continue;
      }
      const chunks: Chunk[] = [];
      for (let next = this.#queue[0]; next !== undefined && 'buffer' in next; next = this.#queue[0]) {
        chunks.push(next);
        this.#queue.shift();
      }
      await this.#out(chunks);
    }
  }

  async #out(chunks: readonly Chunk[]): Promise<void> {
    const bytes = chunks.reduce((sum, { used }) => sum + used, 0);
    const data = chunks.reduce((sum, chunk) => sum + chunk.data, 0);
    try {
      const head = this.#file === undefined ? await this.#open() : undefined;
      const { fd, path } = this.#file!;
      const parts = chunks.map(({ buffer, used }) => (used === buffer.length ? buffer : buffer.subarray(0, used)));
      if (this.#lost > 0) parts.unshift(this.#up.gap(this.#lost));
      if (head !== undefined) parts.unshift(head);
      await inTurn(dirname(path), () => writeAll(fd, parts));
      this.#begun = true;
      this.#size += parts.reduce((sum, { length }) => sum + length, 0);
      if (this.#failing) this.#up.works(path, this.#lost);
      this.#failing = false;
      this.#lost = 0;
    } catch (err) {
      this.#lost += data;
      await this.#fail(err, this.#file === undefined ? 'open' : 'write');
    }
    this.#queued -= bytes;
    const free = this.#spare === undefined ? chunks.find(({ buffer }) => buffer.length === CHUNK) : undefined;
    if (free !== undefined) this.#spare = Object.assign(free, { used: 0, data: 0 });
  }

  async #open(): Promise<Buffer> {
    const { file, head } = await this.#up.open();
    this.#file = file;
    this.#begun = false;
    this.#size = file.size;
    return head;
  }

  /** What is torn at the end of the file is taken off, or the file is given up. */
  async #fail(err: unknown, what: 'open' | 'write'): Promise<void> {
    this.#failing = true;
    this.#up.failed(err, what, this.#file?.path);
    if (this.#file === undefined) return;
    try {
      await truncate(this.#file.fd, this.#size);
      if (!this.#begun) await this.close();
    } catch {
      await this.close();
    }
  }

  /** Closes the file; what is appended later goes to the one that is opened then. To be called from an order. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#size = 0;
    if (file !== undefined) await closeFile(file.fd);
  }
}

/** Writes all of it at the end of the file. */
async function writeAll(fd: number, parts: readonly Buffer[]): Promise<void> {
  const { bytesWritten } = parts.length === 1 ? await writeOne(fd, parts[0]!) : await writeMany(fd, parts);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytesWritten === length) return;
  const rest = Buffer.concat(parts);
  for (let at = bytesWritten; at < length; ) {
    const more = await writeOne(fd, rest.subarray(at));
    if (more.bytesWritten === 0) throw Object.assign(new Error('No space left on device'), { code: 'ENOSPC' });
    at += more.bytesWritten;
  }
}
