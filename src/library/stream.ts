// A gensio stack as a Node stream: what openGensio() gives.
import { Duplex } from 'node:stream';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { onImmediate } from '../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import type { Gensio, GensioEvent, Peer } from '../gensio/gensio.ts';
import { GensioSerial } from './serial.ts';

/** Bytes read ahead of who reads the stream. */
const READ_AHEAD = 65536;
/** How long closing in an orderly way may take before the connection is cut. */
const CLOSE_LIMIT_MS = 5000;

type Callback = (err?: Error | null) => void;

/**
 * Data is Buffers both ways, with backpressure. end() sends what was written and closes; destroy() closes at once. The end of the
 * peer is the end of the stream; a failure is an 'error' with a GensioError. Some data is read ahead, so that answers about the
 * serial port and its events arrive although nobody reads; with 64 KiB unread they wait, too.
 */
export class GensioStream extends Duplex {
  /** Control of the serial port at the other end; `undefined` if there is none, or it cannot be controlled (no rfc2217). */
  readonly serial: GensioSerial | undefined;
  readonly #gensio: Gensio;
  readonly #clock: Clock;
  #blocked: Callback | undefined;
  #closing: Callback | undefined;
  #limit: Timer | undefined;
  #over = false;
  #failure: GensioError | undefined;
  /** Why it is over. */
  #why: GensioError | undefined;

  /** gensio is open. Programs get a stream from openGensio(). */
  constructor(gensio: Gensio, clock: Clock = systemClock) {
    super({ readableHighWaterMark: READ_AHEAD, allowHalfOpen: false });
    this.#gensio = gensio;
    this.#clock = clock;
    this.serial = gensio.serial === undefined ? undefined : new GensioSerial(gensio.serial, () => this.#end());
    gensio.up = {
      read: (data) => {
        // The buffer is borrowed, the stream keeps it: a copy.
        if (!this.push(Buffer.from(data))) gensio.setReading(false);
      },
      writable: () => this.#unblock(),
      closed: (err) => this.#closed(err),
      event: (event: GensioEvent) => this.serial?.received(event),
    };
    this.read(0);
  }

  /** The peer: `ipv4,127.0.0.1,2000`, or a device with its line. */
  get address(): string {
    return this.#gensio.address();
  }
  /** Who the peer is, where it had to show that. */
  get peer(): Peer | undefined {
    return this.#gensio.peer;
  }
  /** Bytes written that have not left this process. */
  get queued(): number {
    return this.writableLength + this.#gensio.bufferedBytes();
  }

  #unblock(err?: Error): void {
    const callback = this.#blocked;
    this.#blocked = undefined;
    callback?.(err);
  }

  #closed(err: GensioError | undefined): void {
    this.#over = true;
    this.#limit?.cancel();
    const failure = err === undefined || err.code === 'remclose' ? undefined : err;
    this.#unblock(failure);
    const closing = this.#closing;
    this.#why = failure ?? new GensioError(closing === undefined ? 'remclose' : 'localclosed');
    this.#closing = undefined;
    if (closing !== undefined) closing();
    if (this.destroyed) return;
    this.#failure = failure;
    // Whoever has just been given the stream gets the time to listen.
    if (failure !== undefined) onImmediate(() => this.destroy(failure));
    else this.push(null);
  }

  /** Why nothing can be asked of the peer any more. */
  #end(): GensioError | undefined {
    if (this.#why !== undefined) return this.#why;
    if (this.writableEnded || this.destroyed) return new GensioError('localclosed');
    return this.#gensio.peerClosed?.() === true ? new GensioError('remclose') : undefined;
  }

  override _read(): void {
    if (!this.#over) this.#gensio.setReading(true);
  }
  override _write(data: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    if (this.#over) callback(this.#failure ?? new GensioError('remclose'));
    else if (this.#gensio.write(data)) callback();
    else this.#blocked = callback;
  }
  override _final(callback: Callback): void {
    this.#close(callback);
  }
  override _destroy(err: Error | null, callback: Callback): void {
    if (this.#over) return callback(err);
    this.#closing = () => callback(err);
    this.#limit?.cancel();
    this.#gensio.abort();
  }
  /** In an orderly way, within a limit. */
  #close(callback: Callback): void {
    if (this.#over) return callback();
    this.#closing = callback;
    this.#limit = this.#clock.after(CLOSE_LIMIT_MS, () => this.#gensio.abort());
    this.#gensio.close();
  }
}

interface OpenSettings {
  /** Gives up while connecting. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

/** Opens a gensio and makes a stream of it. @throws GensioError, or the signal's reason */
export function openStream(gensio: Gensio, { signal, clock = systemClock }: OpenSettings): Promise<GensioStream> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      gensio.abort();
      reject(signal!.reason as Error);
    };
    if (signal?.aborted === true) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    gensio.open((err) => {
      signal?.removeEventListener('abort', abort);
      if (err !== undefined) {
        gensio.abort();
        reject(fromSystemError(err));
      } else if (signal?.aborted !== true) resolve(new GensioStream(gensio, clock));
    });
  });
}
