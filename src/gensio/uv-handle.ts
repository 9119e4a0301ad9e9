// Bytes in and out of a descriptor or an accepted socket, without a stream object between. All that uses interfaces of Node which
// are not documented stands in one file, this: the libuv handle of a socket, for reading, writing, stopping, listening. Where they
// are missing (checked once), the documented ones do the same work: tty.ReadStream for a descriptor, 'data' events for a socket.
// Closing, ends and errors always go through the socket. Why: "Data path" in src/README.md.
// Long because nothing else may know that handle.
import { type Server, Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import { getSystemErrorName } from 'node:util';
import { bind, currentDomain, enterDomain, leaveDomain, listenTo, onImmediate, reportFault } from '../base/fault-domain.ts';
import { libc } from '../base/libc.ts';
import type { GensioUp } from './gensio.ts';
import { PtyMasterWriter } from './pty-master-writer.ts';

/** Biggest piece read from a terminal: its line discipline never has more. */
export const TTY_READ = 4096;
/** Biggest piece read from a socket. Memory is taken from the system only as far as pieces fill it. */
export const SOCKET_READ = 65536;

/** What a ByteStream tells its owner. */
export interface ByteStreamUp extends Pick<GensioUp, 'read' | 'writable'> {
  /** The peer will send no more. */
  ended(): void;
  /** Once, last; the descriptor is closed. */
  gone(err?: Error): void;
}

/** The descriptor of a server that listens; `undefined` where Node does not tell. */
export const descriptorOf = (server: Server): number | undefined => {
  const fd = (server as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
  return fd !== undefined && fd >= 0 ? fd : undefined;
};

/** A write under way; buffer keeps its data alive. */
interface WriteReq {
  buffer?: Buffer;
  oncomplete?: (status: number) => void;
}
interface Handle {
  open?(fd: number): number;
  close(done?: () => void): void;
  /** Known to the socket's own code, which must agree. */
  reading?: boolean;
  readStart(): number;
  readStop(): number;
  /** Reads into this one from now on. */
  useUserBuffer(buffer: Buffer): void;
  /** A negative number is an error of libuv. */
  writeBuffer(req: WriteReq, data: Buffer): number;
  readonly fd?: number;
  /** Bytes that a write has left over. */
  readonly writeQueueSize?: number;
}
/** A pipe handle that listens. */
interface ListeningHandle extends Handle {
  /** A negative number is an error of libuv. */
  listen?(backlog: number): number;
  onconnection?: (status: number, client: Handle | undefined) => void;
}
/** A pipe handle that was given an empty buffer only tells that there is something to read. */
interface WatchingHandle extends Handle {
  onread: () => void;
}
interface SocketInside {
  _handle: Handle | null;
}
interface InsideOptions {
  handle?: Handle;
  manualStart?: boolean;
  allowHalfOpen?: boolean;
  highWaterMark?: number;
  onread?: { buffer: Uint8Array; callback(n: number, buffer: Uint8Array): boolean };
}
const InsideSocket = Socket as unknown as new (options: InsideOptions) => Socket;
const InsideReadStream = ReadStream as unknown as new (fd: number, options: InsideOptions) => Socket;

/** What is found inside of Node. */
interface NodeInternals {
  /** libuv's pipe handle, which reads and writes any pollable descriptor. */
  readonly Pipe: new (
    kind: number,
  ) => Handle;
  readonly WriteReq: new () => WriteReq;
  /** What the last call of any handle left; at LAST_ASYNC whether a write is under way. */
  readonly state: Int32Array;
  readonly LAST_ASYNC: number;
  /** For the next write. One that has put everything out at once has not used it. */
  req: WriteReq;
}
const UV_EINVAL = -22;

/** `process.binding`, which the documentation knows only as something not to be used. */
type Bindings = (name: string) => Record<string, unknown>;

function probeInternals(): NodeInternals | undefined {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    const binding = (process as unknown as { binding: Bindings }).binding.bind(process) as Bindings;
    const { WriteWrap: WriteReq, streamBaseState: state, kLastWriteWasAsync: LAST_ASYNC } = binding('stream_wrap');
    const { Pipe } = binding('pipe_wrap');
    const wanted: readonly (keyof Handle)[] = ['open', 'close', 'readStart', 'readStop', 'useUserBuffer', 'writeBuffer', 'writeQueueSize'];
    if (typeof Pipe !== 'function' || !wanted.every((name) => name in Pipe.prototype)) return undefined;
    if (typeof WriteReq !== 'function' || !(state instanceof Int32Array) || typeof LAST_ASYNC !== 'number') return undefined;
    const Req = WriteReq as NodeInternals['WriteReq'];
    return { Pipe: Pipe as NodeInternals['Pipe'], WriteReq: Req, state, LAST_ASYNC, req: new Req() };
  } catch {
    return undefined;
  } finally {
    if (noDeprecation === undefined) delete process.noDeprecation;
    else process.noDeprecation = noDeprecation;
  }
}

/** false: not there, or not to be used. */
let found: NodeInternals | undefined | false;
function internals(): NodeInternals | undefined {
  found ??= probeInternals() ?? false;
  return found || undefined;
}

/** Tests: true makes everything use the documented interfaces. */
export function forcePublicInterfaces(on: boolean): void {
  found = on ? false : undefined;
}

const systemError = (errno: number, syscall: string): Error => {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
};

/** A connected socket of a kind Node has no class for, as one of Node's, not read from. `undefined` if Node's internals are not as expected. */
export function socketOfDescriptor(fd: number): Socket | undefined {
  const direct = internals();
  if (direct === undefined) return undefined;
  const handle = new direct.Pipe(0);
  if (handle.open!(fd) !== 0) return undefined;
  return new InsideSocket({ handle, manualStart: true, allowHalfOpen: true });
}

/**
 * Listens on a bound socket of a kind Node has no class for; gives how to stop. Throws what listen(2) says. It owns the descriptor, also
 * when it throws. `undefined` if Node's internals are not as expected: the descriptor is still the caller's.
 */
export function listenOnDescriptor(
  fd: number,
  backlog: number,
  up: { connected(socket: Socket): void; failed(err: Error): void },
): (() => void) | undefined {
  const direct = internals();
  if (direct === undefined || !('listen' in direct.Pipe.prototype)) return undefined;
  const handle: ListeningHandle = new direct.Pipe(1);
  if (handle.open!(fd) !== 0) return undefined;
  handle.onconnection = bind((status: number, client: Handle | undefined) => {
    if (client === undefined) up.failed(systemError(status, 'accept'));
    else up.connected(new InsideSocket({ handle: client, manualStart: true, allowHalfOpen: true }));
  });
  const code = handle.listen!(backlog);
  if (code === 0) return () => handle.close();
  handle.close();
  throw systemError(code, 'listen');
}

/**
 * Calls ready() again and again while the descriptor is readable, which is not read here; gives how to stop, which closes it.
 * `undefined` if Node's internals are not as expected: the descriptor is still the caller's.
 */
export function watchReadable(fd: number, ready: () => void): (() => void) | undefined {
  const direct = internals();
  if (direct === undefined) return undefined;
  const handle = new direct.Pipe(0) as WatchingHandle;
  if (handle.open!(fd) !== 0) return undefined;
  handle.useUserBuffer(Buffer.alloc(0));
  // What comes is UV_ENOBUFS: there is no room in an empty buffer.
  handle.onread = ready;
  handle.readStart();
  return () => handle.close();
}

const spare = new Map<number, Buffer[]>();
/** Buffers kept for the next connection; more than that go back to the system. */
const MAX_SPARE = 32;
const takeBuffer = (size: number): Buffer => spare.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
function giveBuffer(buffer: Buffer): void {
  const same = spare.get(buffer.length) ?? [];
  if (same.length < MAX_SPARE) same.push(buffer);
  spare.set(buffer.length, same);
}

/** One descriptor's bytes. Reading is off at first. Owns the descriptor and closes it. */
export class ByteStream {
  /** Its owner. */
  up: ByteStreamUp;
  readonly #socket: Socket;
  /** Both set: bytes go through the handle; else through the socket. */
  readonly #handle: Handle | undefined;
  readonly #direct: NodeInternals | undefined;
  /** Instead of the socket's own writing. */
  #master: PtyMasterWriter | undefined;
  #buffer: Buffer | undefined;
  /** The part of the buffer that was handed up last: pieces often have the same length. */
  #piece: Buffer;
  #reading = false;
  /** What was handed up last is still in use above: reading was turned off meanwhile. */
  #borrowed = false;
  /** The peer sends no more. */
  #ended = false;
  /** Came although reading was off; waits. */
  #held: Buffer | undefined;
  #full = false;
  /** Writes under way. */
  #pending = 0;
  /** end() was called; with what is to be done when all is written. */
  #ending = false;
  #flushed: (() => void) | undefined;
  readonly #onWritten = bind((status: number): void => this.#written(status));
  /** Whose failure it is when something above throws; the stream ends then. */
  readonly #owner = currentDomain();

  /** make: the socket, which gives what it reads to onread, or else has 'data' events (own false). */
  private constructor(
    up: ByteStreamUp,
    make: (onread: NonNullable<InsideOptions['onread']>) => { socket: Socket; own: boolean },
    size: number,
    direct: NodeInternals | undefined,
  ) {
    this.up = up;
    this.#buffer = takeBuffer(size);
    const buffer = this.#buffer;
    this.#piece = buffer;
    const callback = (n: number): boolean => {
      const whole = this.#buffer!;
      if (n !== this.#piece.length) this.#piece = n === whole.length ? whole : whole.subarray(0, n);
      // Without the handle there is no other buffer to be read into: see detachBuffer().
      return this.#guardedRead(this.#handle === undefined ? Buffer.from(this.#piece) : this.#piece);
    };
    const { socket, own } = make({ buffer, callback });
    this.#socket = listenTo(socket);
    this.#direct = direct;
    this.#handle = direct === undefined ? undefined : ((socket as unknown as SocketInside)._handle ?? undefined);
    if (!own) {
      socket.pause();
      socket.on('data', (data: Buffer) => {
        if (!this.#guardedRead(data)) socket.pause();
      });
    }
    let failed: Error | undefined;
    socket.on('error', (err) => {
      failed = err;
    });
    socket.on('end', () => {
      this.#ended = true;
      this.up.ended();
    });
    socket.on('drain', () => this.#drained());
    socket.on('close', () => {
      if (this.#buffer !== undefined && !this.#borrowed) giveBuffer(this.#buffer);
      this.#buffer = undefined;
      this.up.gone(failed);
    });
  }

  /** Takes over an open descriptor of a terminal, pipe or the like (not a plain file). Throws when it cannot be watched. */
  static ofDescriptor(fd: number, up: ByteStreamUp): ByteStream {
    const direct = internals();
    const options = { manualStart: true, allowHalfOpen: true, highWaterMark: 1 };
    const stream = new ByteStream(
      up,
      (onread) => {
        if (direct === undefined) return { socket: new InsideReadStream(fd, { ...options, onread }), own: true };
        const handle = new direct.Pipe(0);
        const code = handle.open!(fd);
        if (code !== 0) throw Object.assign(new Error(`cannot watch descriptor ${fd}`), { errno: code, code: 'EINVAL' });
        return { socket: new InsideSocket({ ...options, handle, onread }), own: true };
      },
      TTY_READ,
      direct,
    );
    if (direct === undefined && typeof libc()?.ptyNumber(fd) === 'number') stream.#master = stream.#masterWriter(fd);
    return stream;
  }

  /** Takes over a connected socket, which must not have been read from (pauseOnConnect). */
  static ofSocket(socket: Socket, up: ByteStreamUp): ByteStream {
    const old = socket as unknown as SocketInside;
    const handle = old._handle;
    const direct = handle === null ? undefined : internals();
    return new ByteStream(
      up,
      (onread) => {
        if (direct === undefined || handle === null) return { socket, own: false };
        old._handle = null;
        // The pipe of a program reads from the start.
        if (handle.reading) {
          handle.reading = false;
          handle.readStop();
        }
        return { socket: new InsideSocket({ handle, manualStart: true, allowHalfOpen: true, highWaterMark: 1, onread }), own: true };
      },
      SOCKET_READ,
      direct,
    );
  }

  // ---- Reading ----

  /** #onRead() on behalf of the owner. */
  #guardedRead(data: Buffer): boolean {
    const before = enterDomain(this.#owner);
    try {
      return this.#onRead(data);
    } catch (err) {
      // Who knows what was done with it before.
      this.#borrowed = true;
      if (this.#owner !== undefined) this.destroy();
      reportFault(this.#owner, err);
      return false;
    } finally {
      leaveDomain(before);
    }
  }
  /** Gives whether more is welcome. */
  #onRead(data: Buffer): boolean {
    if (!this.#reading) {
      // Node reads once more when its reading is switched on and off again in one turn.
      this.#held = data;
      return false;
    }
    this.#handUp(data);
    // The handle was stopped already.
    return this.#handle !== undefined || this.#reading;
  }
  #handUp(data: Buffer): void {
    this.up.read(data);
    if (!this.#reading) this.#borrowed = true;
  }
  #release(): void {
    const held = this.#held;
    if (!this.#reading || held === undefined || this.#socket.destroyed) return;
    this.#held = undefined;
    this.#handUp(held);
    if (this.#reading) this.#readOn();
  }

  /** As {@link Gensio.setReading}. */
  setReading(on: boolean): void {
    if (this.#reading === on) return;
    this.#reading = on;
    if (on) this.#borrowed = false;
    if (this.#socket.destroyed) return;
    if (on && this.#held !== undefined) onImmediate(() => this.#release());
    else if (on) this.#readOn();
    else if (this.#handle === undefined) this.#socket.pause();
    else {
      this.#handle.reading = false;
      this.#handle.readStop();
    }
  }
  #readOn(): void {
    const handle = this.#handle;
    if (handle === undefined) this.#socket.resume();
    else if (!this.#ended) {
      handle.reading = true;
      const code = handle.readStart();
      if (code < 0) this.#fail(code, 'read');
    }
  }

  /** Before reading is turned on although what was handed up last is still in use: that stays as it is, another buffer is read into. */
  detachBuffer(): void {
    // Without the handle every piece is a copy.
    if (!this.#borrowed || this.#handle === undefined || this.#buffer === undefined) return;
    this.#borrowed = false;
    this.#buffer = takeBuffer(this.#buffer.length);
    this.#piece = this.#buffer;
    this.#handle.useUserBuffer(this.#buffer);
  }

  // ---- Writing ----

  /** As Gensio.write. */
  write(data: Buffer): boolean {
    const handle = this.#handle;
    const socket = this.#socket;
    if (socket.destroyed || this.#ending) return true;
    if (this.#master !== undefined) return this.#writeMaster(this.#master, data);
    if (handle === undefined) {
      socket.write(data);
      if (socket.writableLength !== 0) this.#full = true;
      return !this.#full;
    }
    if (data.length === 0) return !this.#full;
    const direct = this.#direct!;
    const { req } = direct;
    const code = handle.writeBuffer(req, data);
    if (code === 0 && direct.state[direct.LAST_ASYNC] === 0) return !this.#full;
    direct.req = new direct.WriteReq();
    if (code < 0) {
      this.#fail(code, 'write');
      return true;
    }
    req.buffer = data;
    req.oncomplete = this.#onWritten;
    this.#pending++;
    this.#full = true;
    return false;
  }
  #masterWriter(fd: number): PtyMasterWriter {
    return new PtyMasterWriter(
      fd,
      bind((err) => this.#written(err?.errno ?? 0)),
    );
  }
  #writeMaster(master: PtyMasterWriter, data: Buffer): boolean {
    if (data.length === 0) return !this.#full;
    try {
      if (master.write(data)) return true;
    } catch (err) {
      this.#fail((err as NodeJS.ErrnoException).errno ?? UV_EINVAL, 'write');
      return true;
    }
    this.#pending = 1;
    this.#full = true;
    return false;
  }
  #written(status: number): void {
    this.#pending--;
    if (this.#socket.destroyed) return;
    if (status < 0) return this.#fail(status, 'write');
    if (this.#pending > 0) return;
    this.#drained();
    if (this.#pending > 0) return;
    const flushed = this.#flushed;
    this.#flushed = undefined;
    flushed?.();
  }
  #drained(): void {
    if (!this.#full || this.#socket.writableLength !== 0) return;
    this.#full = false;
    this.up.writable();
  }
  #fail(errno: number, syscall: string): void {
    this.#master?.stop();
    this.#socket.destroy(systemError(errno, syscall));
  }

  /** Bytes written that the system has not taken. */
  bufferedBytes(): number {
    if (this.#master !== undefined) return this.#master.bufferedBytes;
    return this.#handle === undefined ? this.#socket.writableLength : this.remainingBytes();
  }

  /** The same, but counted down while a big piece goes out little by little: for seeing whether anything moves. */
  remainingBytes(): number {
    if (this.#master !== undefined) return this.#master.bufferedBytes;
    return (this.#socket as unknown as SocketInside)._handle?.writeQueueSize ?? this.#socket.writableLength;
  }

  // ---- The end ----

  /** What was written goes out, then the peer is told that no more comes; sent is called then, or when that fails. */
  end(sent: () => void): void {
    const socket = this.#socket;
    if (socket.destroyed) return sent();
    this.#ending = true;
    socket.once('close', sent);
    const finish = (): void => {
      socket.end(
        bind(() => {
          socket.removeListener('close', sent);
          sent();
        }),
      );
    };
    if (this.#pending === 0) return finish();
    const before = this.#flushed;
    this.#flushed = () => {
      before?.();
      finish();
    };
  }

  /** Closes at once; gone() follows. */
  destroy(): void {
    this.#master?.stop();
    this.#socket.destroy();
  }

  /** The descriptor, for ioctl and socket options; undefined when closed or not known. */
  get fd(): number | undefined {
    const fd = (this.#socket as unknown as SocketInside)._handle?.fd;
    return fd !== undefined && fd >= 0 ? fd : undefined;
  }
}
