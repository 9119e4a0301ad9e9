// Bytes in and out of a descriptor or an accepted socket, without a stream object between. The only file that uses
// interfaces of Node that are not documented: the libuv handle of a socket. Where they are missing (checked once), the
// documented ones do the same work: tty.ReadStream for a descriptor, 'data' events for a socket. Why: "Data path" in src/README.md.
import { createConnection, Socket } from 'node:net';
import { ReadStream } from 'node:tty';

/** Biggest piece read from a terminal: its line discipline never has more. */
export const TTY_READ = 4096;
/** Biggest piece read from a socket. */
export const SOCKET_READ = 16384;

/** What a ByteStream tells its owner; read() lends its buffer as GensioUp.read does. */
export interface ByteStreamUp {
  read(data: Buffer): void;
  writable(): void;
  /** The far end will send no more. */
  ended(): void;
  /** Once, last; the descriptor is closed. */
  gone(err?: Error): void;
}

interface Handle {
  open?(fd: number): number;
  close(done?: () => void): void;
  readStop?(): number;
  reading?: boolean;
  readonly fd?: number;
  readonly writeQueueSize?: number;
}
type HandleMaker = new (kind: number) => Handle;
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

let Pipe: HandleMaker | undefined | false;
/** The constructor of libuv's pipe handle, which reads and writes any pollable descriptor. */
function pipeMaker(): HandleMaker | undefined {
  if (Pipe === undefined) {
    const probe = createConnection({ path: '\0ser2net-handle-probe' });
    probe.on('error', () => undefined);
    const handle = (probe as unknown as SocketInside)._handle;
    const maker = handle?.constructor as HandleMaker | undefined;
    Pipe = maker !== undefined && typeof maker.prototype.open === 'function' ? maker : false;
    probe.destroy();
  }
  return Pipe || undefined;
}

/** Tests: true makes everything use the documented interfaces. */
export function forcePublicInterfaces(on: boolean): void {
  Pipe = on ? false : undefined;
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
  up: ByteStreamUp;
  readonly #socket: Socket;
  readonly #own: boolean;
  #reading = false;
  #full = false;
  #buffer: Buffer | undefined;

  /** made: the socket and whether it calls #onRead through onread (else by 'data' events). */
  private constructor(
    up: ByteStreamUp,
    make: (onread: NonNullable<InsideOptions['onread']>) => { socket: Socket; own: boolean },
    size: number,
  ) {
    this.up = up;
    this.#buffer = takeBuffer(size);
    const buffer = this.#buffer;
    const { socket, own } = make({ buffer, callback: (n) => this.#onRead(n === buffer.length ? buffer : buffer.subarray(0, n)) });
    this.#socket = socket;
    this.#own = own;
    if (!own) {
      socket.pause();
      socket.on('data', (data: Buffer) => {
        if (!this.#onRead(data)) socket.pause();
      });
    }
    let failed: Error | undefined;
    socket.on('error', (err) => {
      failed = err;
    });
    socket.on('end', () => this.up.ended());
    socket.on('drain', () => {
      if (!this.#full || socket.writableLength !== 0) return;
      this.#full = false;
      this.up.writable();
    });
    socket.on('close', () => {
      if (this.#buffer !== undefined) giveBuffer(this.#buffer);
      this.#buffer = undefined;
      this.up.gone(failed);
    });
  }

  #onRead(data: Buffer): boolean {
    this.up.read(data);
    return this.#reading;
  }

  /** Takes over an open descriptor of a terminal, pipe or the like (not a plain file). Throws when it cannot be watched. */
  static ofDescriptor(fd: number, up: ByteStreamUp, size = TTY_READ): ByteStream {
    const Maker = pipeMaker();
    const options = { manualStart: true, allowHalfOpen: true, highWaterMark: 1 };
    return new ByteStream(
      up,
      (onread) => {
        if (Maker === undefined) return { socket: new InsideReadStream(fd, { ...options, onread }), own: true };
        const handle = new Maker(0);
        const code = handle.open!(fd);
        if (code !== 0) throw Object.assign(new Error(`cannot watch descriptor ${fd}`), { errno: code, code: 'EINVAL' });
        return { socket: new InsideSocket({ ...options, handle, onread }), own: true };
      },
      size,
    );
  }

  /** Takes over a connected socket, which must not have been read from (pauseOnConnect). */
  static ofSocket(socket: Socket, up: ByteStreamUp, size = SOCKET_READ): ByteStream {
    const inside = socket as unknown as SocketInside;
    const usable = pipeMaker() !== undefined && inside._handle !== null;
    return new ByteStream(
      up,
      (onread) => {
        if (!usable) return { socket, own: false };
        const handle = inside._handle as Handle;
        inside._handle = null;
        // The pipe of a program reads from the start.
        if (handle.reading) {
          handle.reading = false;
          handle.readStop?.();
        }
        return { socket: new InsideSocket({ handle, manualStart: true, allowHalfOpen: true, highWaterMark: 1, onread }), own: true };
      },
      size,
    );
  }

  /** As Gensio.write. */
  write(data: Buffer): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    this.#socket.write(data);
    if (this.#socket.writableLength === 0) return true;
    this.#full = true;
    return false;
  }

  setReading(on: boolean): void {
    if (this.#reading === on) return;
    this.#reading = on;
    if (on) this.#socket.resume();
    else if (!this.#own || !this.#socket.destroyed) this.#socket.pause();
  }

  /** Bytes written that the system has not taken. */
  queued(): number {
    return this.#socket.writableLength;
  }

  /** The same, but counted down while a big piece goes out little by little: for seeing whether anything moves. */
  unsent(): number {
    return (this.#socket as unknown as SocketInside)._handle?.writeQueueSize ?? this.#socket.writableLength;
  }

  /** What was written goes out, then the far end is told that no more comes; sent is called then, or when that fails. */
  end(sent: () => void): void {
    if (this.#socket.destroyed) return sent();
    this.#socket.once('close', sent);
    this.#socket.end(() => {
      this.#socket.removeListener('close', sent);
      sent();
    });
  }

  /** Closes at once; gone() follows. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** The descriptor, for ioctl and socket options; undefined when closed or not known. */
  get fd(): number | undefined {
    const fd = (this.#socket as unknown as SocketInside)._handle?.fd;
    return fd !== undefined && fd >= 0 ? fd : undefined;
  }
}
