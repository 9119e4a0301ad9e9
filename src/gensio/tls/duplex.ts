// A child layer as the stream Node's TLS wants below it. The only stream made here: everything above it is a Gensio again.
import { Duplex } from 'node:stream';
import type { GensioError } from '../../base/gensio-error.ts';
import type { Gensio, GensioEvent } from '../gensio.ts';

/** Encrypted bytes kept for TLS before the child is told to stop. */
const READ_AHEAD = 32768;

/**
 * The child must be open. event gets what it says besides data. ended is called when it has closed; an orderly end reaches the stream as its end, so that what
 * came before is still read.
 */
export class GensioDuplex extends Duplex {
  readonly #child: Gensio;
  #waiting: ((err?: Error) => void) | undefined;
  #finished = false;
  #over = false;

  constructor(child: Gensio, ended: (err: GensioError | undefined) => void, event: (event: GensioEvent) => void) {
    super({ readableHighWaterMark: READ_AHEAD, autoDestroy: false, emitClose: true });
    this.#child = child;
    child.up = {
      read: (data) => {
        // The buffer is borrowed, the stream keeps it: a copy.
        if (!this.push(Buffer.from(data))) child.setReading(false);
      },
      writable: () => this.#taken(),
      event,
      closed: (err) => {
        this.#over = true;
        if (!this.destroyed) this.push(null);
        this.#taken();
        ended(err);
      },
    };
  }

  #taken(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
  #send(data: Buffer, callback: (err?: Error | null) => void): void {
    if (this.#over || this.#child.write(data)) callback();
    else this.#waiting = callback;
  }

  override _read(): void {
    if (!this.#over) this.#child.setReading(true);
  }
  override _write(data: Buffer, _encoding: BufferEncoding, callback: (err?: Error | null) => void): void {
    this.#send(data, callback);
  }
  override _writev(chunks: { chunk: Buffer }[], callback: (err?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  }
  override _final(callback: (err?: Error | null) => void): void {
    this.#finished = true;
    callback();
    this.#child.close();
  }
  override _destroy(err: Error | null, callback: (err?: Error | null) => void): void {
    callback(err);
    // After an orderly end the child still has last words to send.
    if (!this.#finished) this.#child.abort();
  }
}
