// The two things every test of a layer needs: somebody above it who writes down what comes, and a far end to talk to.
import type { Duplex } from 'node:stream';
import type { GensioError } from '../../src/base/gensio-error.ts';
import type { Gensio, GensioEvent, GensioUp } from '../../src/gensio/gensio.ts';
import * as wait from '../rig/wait.ts';

export { settle } from '../rig/wait.ts';

/** Waits until the condition holds; what says in the failure what was awaited. */
export const until = (condition: () => boolean, what: string | (() => string), limit?: number): Promise<void> =>
  wait.until(what, condition, limit);

/** Above a layer: keeps what came, and the broken rules of the contract. */
export class RecordingUp implements GensioUp {
  readonly chunks: Buffer[] = [];
  readonly events: GensioEvent[] = [];
  readonly broken: string[] = [];
  writables = 0;
  closes = 0;
  error: GensioError | undefined;
  onRead: ((data: Buffer) => void) | undefined;
  onWritable: (() => void) | undefined;
  onClosed: (() => void) | undefined;
  #quiet = false;
  #bytes = 0;

  /** Calls f, in which nothing may be called up. */
  during<T>(f: () => T): T {
    this.#quiet = true;
    try {
      return f();
    } finally {
      this.#quiet = false;
    }
  }
  #called(name: string): void {
    if (this.closes > 0) this.broken.push(`${name} after closed()`);
    if (this.#quiet) this.broken.push(`${name} before a call down returned`);
  }
  read(data: Buffer): void {
    this.#called('read');
    if (data.length === 0) this.broken.push('read of nothing');
    this.chunks.push(Buffer.from(data));
    this.#bytes += data.length;
    this.onRead?.(data);
  }
  writable(): void {
    this.#called('writable');
    this.writables++;
    this.onWritable?.();
  }
  closed(err?: GensioError): void {
    this.#called('closed');
    this.closes++;
    this.error = err;
    this.onClosed?.();
  }
  event(event: GensioEvent): void {
    this.#called('event');
    this.events.push(event);
  }
  get length(): number {
    return this.#bytes;
  }
  data(): Buffer {
    return Buffer.concat(this.chunks);
  }
  text(): string {
    return this.data().toString('latin1');
  }
  clear(): void {
    this.chunks.length = 0;
    this.#bytes = 0;
  }
}

/** open() as a promise; the error, or undefined. Checks that done comes once and not before open() returns. */
export function opened(gensio: Gensio): Promise<GensioError | undefined> {
  return new Promise((resolve, reject) => {
    let returned = false;
    let times = 0;
    gensio.open((err) => {
      if (!returned) reject(new Error('done before open() returned'));
      if (++times > 1) reject(new Error('done a second time'));
      setImmediate(() => resolve(err));
    });
    returned = true;
  });
}

/** The other end of a layer, as a test plays it. */
export interface FarEnd {
  send(data: Buffer): void;
  /** Bytes sent that this end still holds because nobody takes them. */
  unsent(): number;
  received(): Buffer;
  receivedBytes(): number;
  setReading(on: boolean): void;
  close(): void;
  /** It noticed that the layer closed. */
  closed(): boolean;
}

/** A far end on a socket or any other stream. */
export function farStream(stream: Duplex): FarEnd {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let closed = false;
  stream.on('data', (data: Buffer) => {
    chunks.push(data);
    bytes += data.length;
  });
  stream.on('error', () => undefined);
  stream.on('end', () => {
    closed = true;
  });
  stream.on('close', () => {
    closed = true;
  });
  return {
    send: (data) => void stream.write(data),
    unsent: () => stream.writableLength,
    received: () => Buffer.concat(chunks),
    receivedBytes: () => bytes,
    setReading: (on) => void (on ? stream.resume() : stream.pause()),
    close: () => void stream.end(),
    closed: () => closed,
  };
}

/** A far end that is a layer itself, open: for pairs of the same kind. */
export function farGensio(gensio: Gensio): FarEnd & { readonly recorder: RecordingUp } {
  const recorder = new RecordingUp();
  const waiting: Buffer[] = [];
  let full = false;
  let unsent = 0;
  let closing = false;
  const more = (): void => {
    while (!full && waiting.length > 0 && recorder.closes === 0) {
      const data = waiting.shift()!;
      full = !gensio.write(data);
      unsent -= data.length;
    }
    if (closing && waiting.length === 0) gensio.close();
  };
  recorder.onWritable = () => {
    full = false;
    more();
  };
  gensio.up = recorder;
  gensio.setReading(true);
  return {
    recorder,
    send: (data) => {
      waiting.push(data);
      unsent += data.length;
      more();
    },
    unsent: () => unsent + (full ? gensio.bufferedBytes() : 0),
    received: () => recorder.data(),
    receivedBytes: () => recorder.length,
    setReading: (on) => gensio.setReading(on),
    close: () => {
      closing = true;
      more();
    },
    closed: () => recorder.closes > 0,
  };
}
