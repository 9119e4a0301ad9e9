// The layer file: reads one file and writes another. Also what stdio needs of the file system.
import { close, closeSync, constants, fstatSync, openSync, read, write } from 'node:fs';
import { isatty } from 'node:tty';
import { bind, nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { modeOf } from '../../base/file-rights.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { libc, SystemError } from '../../base/libc.ts';
import type { LayerOf } from '../../options/stack.ts';
import { type Gensio, type GensioUp, nullUp } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';

/** Bounds of one read. */
const MIN_READ = 16;
const MAX_READ = 65_536;

/** Two descriptors that are not watched but simply read and written, on Node's threads. Owns both. */
export class FileGensio implements Gensio {
  readonly type: string;
  up: GensioUp = nullUp;
  readonly #address: string;
  readonly #in: number | undefined;
  readonly #out: number | undefined;
  #buffer: Buffer;
  /** At the end of the input: report a close, or just stop. */
  readonly #endCloses: boolean;
  #reading = false;
  #readBusy = false;
  #delivering = false;
  /** The outcome of a read that came while reading was off. */
  #held: { readonly err: Error | null; readonly n: number } | undefined;
  #inputEnded = false;
  #queue: Buffer[] = [];
  #bytes = 0;
  #writeBusy = false;
  #full = false;
  #state: 'open' | 'closing' | 'gone' = 'open';

  constructor(type: string, address: string, input: number | undefined, output: number | undefined, endCloses: boolean, readbuf: number) {
    this.type = type;
    this.#address = address;
    this.#in = input;
    this.#out = output;
    this.#endCloses = endCloses;
    this.#buffer = Buffer.allocUnsafe(Math.min(Math.max(readbuf, MIN_READ), MAX_READ));
  }
  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => {
      if (this.#state === 'open') done();
    });
  }

  setReading(on: boolean): void {
    this.#reading = on;
    if (this.#held === undefined) this.#pump();
    else if (on) onImmediate(() => this.#pump());
  }
  detachBuffer(): void {
    // Neither what a thread reads into nor what waits to be handed up was borrowed.
    if (!this.#readBusy && this.#held === undefined) this.#buffer = Buffer.allocUnsafe(this.#buffer.length);
  }
  /** Reads on, unless something was read already. The buffer is borrowed while reading is off, so nothing is read into it then. */
  #pump(): void {
    if (!this.#reading || this.#delivering || this.#inputEnded || this.#state !== 'open' || this.#in === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) return this.#deliver(held.err, held.n);
    if (this.#readBusy) return;
    this.#readBusy = true;
    read(
      this.#in,
      this.#buffer,
      0,
      this.#buffer.length,
      null,
      bind((err, n) => {
        this.#readBusy = false;
        if (this.#state !== 'open') this.#settle();
        else if (this.#reading) this.#deliver(err, n);
        else this.#held = { err, n };
      }),
    );
  }
  #deliver(err: Error | null, n: number): void {
    if (err !== null || n === 0) {
      this.#inputEnded = true;
      if (err !== null) this.#end(fromSystemError(err));
      else if (this.#endCloses) this.#end(new GensioError('remclose'));
      return;
    }
    this.#delivering = true;
    this.up.read(n === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, n));
    this.#delivering = false;
    this.#pump();
  }

  write(data: Buffer): boolean {
    if (this.#state !== 'open' || this.#out === undefined || data.length === 0) return true;
    this.#queue.push(data);
    this.#bytes += data.length;
    this.#full = true;
    this.#write();
    return false;
  }
  #write(): void {
    const data = this.#queue[0];
    if (this.#writeBusy || data === undefined || this.#out === undefined) return;
    this.#writeBusy = true;
    write(
      this.#out,
      data,
      bind((err, n) => {
        this.#writeBusy = false;
        if (err !== null) {
          this.#queue = [];
          this.#bytes = 0;
          this.#settle();
          if (this.#state === 'open') this.#end(fromSystemError(err));
          return;
        }
        this.#bytes -= n;
        if (n === data.length) this.#queue.shift();
        else this.#queue[0] = data.subarray(n);
        if (this.#queue.length > 0) return this.#write();
        this.#settle();
        if (this.#state === 'open' && this.#full) {
          this.#full = false;
          this.up.writable();
        }
      }),
    );
  }
  bufferedBytes(): number {
    return this.#bytes;
  }
  address(): string {
    return this.#address;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    onImmediate(() => this.#settle());
  }
  abort(): void {
    if (this.#state === 'gone') return;
    this.#state = 'closing';
    this.#queue = [];
    this.#bytes = 0;
    onImmediate(() => this.#over());
  }
  /** Closing, and everything is written. */
  #settle(): void {
    if (this.#state === 'closing' && !this.#writeBusy && this.#queue.length === 0) this.#over();
    else if (this.#state === 'gone') this.#closeFiles();
  }
  #over(): void {
    if (this.#state !== 'closing') return;
    this.#state = 'gone';
    this.#closeFiles();
    this.up.closed();
  }
  /** The far end is over. */
  protected finish(err: GensioError): void {
    if (this.#state === 'open') this.#end(err);
  }
  #end(err: GensioError): void {
    this.#state = 'gone';
    this.#closeFiles();
    this.up.closed(err);
  }
  #filesOpen = true;
  /** Not while a thread is using them. */
  #closeFiles(): void {
    if (!this.#filesOpen || this.#readBusy || this.#writeBusy) return;
    this.#filesOpen = false;
    for (const fd of new Set([this.#in, this.#out])) if (fd !== undefined) close(fd, () => undefined);
  }
}

/** Both files, as gensio has it. */
function addressOf({ infile, outfile }: LayerOf<'file'>['opts']): string {
  const files = [infile === undefined ? [] : [`infile=${infile}`], outfile === undefined ? [] : [`outfile=${outfile}`]];
  return `file(${files.flat().join(',')})`;
}

/** Opens the files of the options. Throws a GensioError. */
function openFiles({ opts }: LayerOf<'file'>): FileGensio {
  let input: number | undefined;
  try {
    if (opts.infile !== undefined) input = openSync(opts.infile, 'r');
    let output: number | undefined;
    if (opts.outfile !== undefined) {
      const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC } = constants;
      const flags = O_WRONLY | (opts.create ? O_CREAT : 0) | (opts.append ? O_APPEND : 0) | (opts.trunc ? O_TRUNC : 0);
      output = openSync(opts.outfile, flags, modeOf(opts) ?? 0o666);
    }
    return new FileGensio('file', addressOf(opts), input, output, opts.readClose, opts.readbuf);
  } catch (err) {
    if (input !== undefined) closeSync(input);
    throw fromSystemError(err);
  }
}

/** Opens its files at open(). */
export const fileConnector = (spec: LayerOf<'file'>): Gensio =>
  new LazyConnector('file', addressOf(spec.opts), (done) => {
    nextMicrotask(() => {
      let file: FileGensio;
      try {
        file = openFiles(spec);
      } catch (err) {
        return done(err as GensioError);
      }
      done(undefined, file);
    });
    return { cancel: () => undefined };
  });

/** How a descriptor can be read and written: watched for readiness, or just used as a file. */
export function kindOfDescriptor(fd: number): 'watched' | 'file' {
  const stat = fstatSync(fd);
  return stat.isFIFO() || stat.isSocket() || isatty(fd) ? 'watched' : 'file';
}

/**
 * Another descriptor for what an open one means, opened anew where the system can: so that its being non-blocking does not
 * touch the others that use it. Throws a GensioError.
 */
export function openAgain(fd: number, how: 'r' | 'w', waits = false): number {
  const { O_RDONLY, O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;
  try {
    // A plain file's place is shared with the others, so that nobody writes over anybody.
    if (kindOfDescriptor(fd) === 'file') throw new GensioError('notsup');
    return openSync(`/proc/self/fd/${fd}`, (how === 'r' ? O_RDONLY : O_WRONLY) | O_NOCTTY | (waits ? 0 : O_NONBLOCK));
  } catch {
    const copy = libc()?.dup(fd);
    if (copy === undefined || copy instanceof SystemError) throw new GensioError('oserr', `descriptor ${fd} cannot be used`);
    return copy;
  }
}

/** The controlling terminal. Throws a GensioError. */
export function openTerminal(): number {
  try {
    return openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (err) {
    throw fromSystemError(err);
  }
}

/** Bytes that wait for a slow disk before further ones are dropped. */
const MAX_UNWRITTEN = 1 << 20;

/** Appends to a file, in order, without anybody waiting for it. What cannot be written is dropped. */
export class AppendSink {
  readonly #fd: number;
  readonly #own: boolean;
  #queue: Buffer[] = [];
  #bytes = 0;
  #busy = false;
  #closed = false;

  /** target: a path, or 1 or 2 for the daemon's own output, which stays open. Throws what the system says. */
  constructor(target: string | 1 | 2, truncate = false) {
    this.#own = typeof target === 'string';
    this.#fd = typeof target === 'string' ? openSync(target, truncate ? 'w' : 'a', 0o666) : target;
  }
  /** The buffer must not be changed afterwards. */
  write(data: Buffer): void {
    if (this.#closed || this.#bytes + data.length > MAX_UNWRITTEN) return;
    this.#queue.push(data);
    this.#bytes += data.length;
    this.#next();
  }
  #next(): void {
    if (this.#busy) return;
    if (this.#queue.length === 0) {
      if (this.#closed && this.#own) close(this.#fd, () => undefined);
      return;
    }
    this.#busy = true;
    const data = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue);
    write(
      this.#fd,
      data,
      bind((err, n) => {
        this.#busy = false;
        const left = err !== null || n === data.length ? 0 : data.length - n;
        // More may have come meanwhile; it stands behind what was joined.
        const added = this.#queue.slice(this.#taken);
        this.#queue = left === 0 ? added : [data.subarray(n), ...added];
        this.#bytes = this.#queue.reduce((sum, b) => sum + b.length, 0);
        this.#next();
      }),
    );
    this.#taken = this.#queue.length;
  }
  #taken = 0;
  /** What was written is still written. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#next();
  }
}
