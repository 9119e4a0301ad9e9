// The layer file: reads one file and writes another. Also what stdio needs of the file system.
import { constants, fstat, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { fileCalls } from '../../base/blocking-calls.ts';
import { afterPause } from '../../base/clock.ts';
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
/** How soon a pipe or a device that was not ready is asked again, ms. */
const RETRY_MS = 20;

/** What is read and written, and how. */
interface FileStreams {
  readonly input: number | undefined;
  readonly output: number | undefined;
  /** At the end of the input: report a close, or just stop. */
  readonly endCloses: boolean;
  /** Bytes of one read. */
  readonly readbuf: number;
  /** The input is a pipe, which has no end before somebody has written into it. Default: false. */
  readonly pipe?: boolean;
}

const isAgain = (err: NodeJS.ErrnoException | null): boolean => err?.code === 'EAGAIN';

/** Two descriptors that are not watched but simply read and written, on threads (`fileCalls`). Owns both. */
export class FileGensio implements Gensio {
  readonly type: string;
  up: GensioUp = nullUp;
  readonly #address: string;
  readonly #in: number | undefined;
  readonly #out: number | undefined;
  #buffer: Buffer;
  readonly #endCloses: boolean;
  #reading = false;
  #readBusy = false;
  #delivering = false;
  /** The outcome of a read that came while reading was off. */
  #held: { readonly err: Error | null; readonly n: number } | undefined;
  #inputEnded = false;
  /** A pipe into which nobody has written. */
  #untouched: boolean;
  #queue: Buffer[] = [];
  #bytes = 0;
  #writeBusy = false;
  #full = false;
  #state: 'open' | 'closing' | 'gone' = 'open';

  constructor(type: string, address: string, { input, output, endCloses, readbuf, pipe = false }: FileStreams) {
    this.type = type;
    this.#address = address;
    this.#in = input;
    this.#out = output;
    this.#endCloses = endCloses;
    this.#untouched = pipe;
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
    fileCalls.read(this.#in, this.#buffer, (err, n) => {
      const wait = isAgain(err) || (err === null && n === 0 && this.#untouched);
      if (wait && this.#state === 'open') {
        if (isAgain(err)) this.#untouched = false;
        return afterPause(RETRY_MS, () => this.#afterRead());
      }
      this.#afterRead(wait ? undefined : { err, n });
    });
  }
  #afterRead(got?: { readonly err: Error | null; readonly n: number }): void {
    this.#readBusy = false;
    if (this.#state !== 'open') this.#settle();
    else if (got === undefined) this.#pump();
    else if (this.#reading) this.#deliver(got.err, got.n);
    else this.#held = got;
  }
  #deliver(err: Error | null, n: number): void {
    if (err !== null || n === 0) {
      this.#inputEnded = true;
      if (err !== null) this.#end(fromSystemError(err));
      else if (this.#endCloses) this.#end(new GensioError('remclose'));
      return;
    }
    this.#untouched = false;
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
    fileCalls.write(this.#out, data, (err, n) => {
      if (isAgain(err) && this.#queue.length > 0) return afterPause(RETRY_MS, () => this.#afterWrite(data, 0));
      if (err === null || isAgain(err)) return this.#afterWrite(data, n);
      this.#writeBusy = false;
      this.#queue = [];
      this.#bytes = 0;
      this.#settle();
      if (this.#state === 'open') this.#end(fromSystemError(err));
    });
  }
  #afterWrite(data: Buffer, n: number): void {
    this.#writeBusy = false;
    // Else an abort has thrown all of it away.
    if (this.#queue[0] === data) {
      this.#bytes -= n;
      if (n === data.length) this.#queue.shift();
      else this.#queue[0] = data.subarray(n);
      if (this.#queue.length > 0) return this.#write();
    }
    this.#settle();
    if (this.#state === 'open' && this.#full) {
      this.#full = false;
      this.up.writable();
    }
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
  /** The peer is over. */
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
    for (const fd of new Set([this.#in, this.#out])) if (fd !== undefined) fileCalls.close(fd);
  }
}

/** Both files, as gensio has it. */
function addressOf({ infile, outfile }: LayerOf<'file'>['opts']): string {
  const files = [infile === undefined ? [] : [`infile=${infile}`], outfile === undefined ? [] : [`outfile=${outfile}`]];
  return `file(${files.flat().join(',')})`;
}

/**
 * Opens its files at open(). What is no plain file does not hold anybody up: an output pipe that nobody reads is an error, an input pipe
 * waits for whoever writes.
 */
export const fileConnector = ({ opts }: LayerOf<'file'>): Gensio =>
  new LazyConnector('file', addressOf(opts), (done) => {
    const { O_RDONLY, O_WRONLY, O_CREAT, O_APPEND, O_TRUNC, O_NONBLOCK, O_NOCTTY } = constants;
    const { infile, outfile } = opts;
    const opened: number[] = [];
    const failed = (err: unknown): void => {
      for (const fd of opened) fileCalls.close(fd);
      done(fromSystemError(err));
    };
    const open = (path: string | undefined, flags: number, next: (fd: number | undefined) => void, mode?: number): void => {
      if (path === undefined) return next(undefined);
      const got = (err: Error | null, fd: number): void => {
        if (err !== null) return failed(err);
        opened.push(fd);
        next(fd);
      };
      fileCalls.open(path, flags | O_NONBLOCK | O_NOCTTY, got, mode);
    };
    const finish = (input: number | undefined, output: number | undefined, pipe: boolean): void =>
      done(undefined, new FileGensio('file', addressOf(opts), { input, output, endCloses: opts.readClose, readbuf: opts.readbuf, pipe }));
    const outFlags = O_WRONLY | (opts.create ? O_CREAT : 0) | (opts.append ? O_APPEND : 0) | (opts.trunc ? O_TRUNC : 0);
    const openOutput = (input: number | undefined, pipe: boolean): void =>
      open(outfile, outFlags, (output) => finish(input, output, pipe), modeOf(opts) ?? 0o666);
    nextMicrotask(() =>
      open(infile, O_RDONLY, (input) => {
        if (input === undefined) return openOutput(input, false);
        fstat(
          input,
          bind((err, stat) => (err === null ? openOutput(input, stat.isFIFO()) : failed(err))),
        );
      }),
    );
    return { cancel: () => undefined };
  });

/** How a descriptor can be read and written: watched for readiness, or just used as a file. */
export function kindOfDescriptor(fd: number): 'watched' | 'file' {
  const stat = fstatSync(fd);
  return stat.isFIFO() || stat.isSocket() || isatty(fd) ? 'watched' : 'file';
}

/**
 * Another descriptor for what an open one means, opened again where the system can: so that its being non-blocking does not
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
