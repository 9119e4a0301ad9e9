// Two layers in memory, each the peer of the other: what one writes the other reads, in its own time, with back-pressure.
import { GensioError } from '../../src/base/gensio-error.ts';
import { type Gensio, type GensioUp, nullUp } from '../../src/gensio/gensio.ts';

export class LinkedGensio implements Gensio {
  readonly type = 'linked';
  up: GensioUp = nullUp;
  /** The other end. */
  far!: LinkedGensio;
  /** Cuts what goes up into pieces of at most this many bytes. */
  pieces = 65536;
  /** Everything ever written to it, when keep is on. */
  readonly written: Buffer[] = [];
  keep = false;
  readonly #limit: number;
  #queue: Buffer[] = [];
  #bytes = 0;
  #reading = false;
  #full = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #farClosed = false;
  #scheduled = false;
  /** What was handed up last. As soon as it is not borrowed any more it is written over, as a buffer that is read into again. */
  #borrowed: Buffer | undefined;
  #handing = false;

  constructor(limit: number) {
    this.#limit = limit;
  }
  open(done: (err?: GensioError) => void): void {
    queueMicrotask(() => done());
  }
  write(data: Buffer): boolean {
    if (this.#state !== 'open' || data.length === 0) return true;
    if (this.keep) this.written.push(Buffer.from(data));
    this.far.#arrive(Buffer.from(data));
    if (this.far.#bytes <= this.#limit) return true;
    this.#full = true;
    return false;
  }
  setReading(on: boolean): void {
    this.#reading = on;
    if (!on) return;
    if (!this.#handing) this.#takeBack();
    this.#schedule();
  }
  detachBuffer(): void {
    this.#borrowed = undefined;
  }
  #takeBack(): void {
    this.#borrowed?.fill(0xee);
    this.#borrowed = undefined;
  }
  bufferedBytes(): number {
    return this.far.#bytes;
  }
  address(): string {
    return 'linked';
  }
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.far.#schedule();
    this.#schedule();
  }
  abort(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    if (!this.#farClosed) {
      this.far.#queue = [];
      this.far.#bytes = 0;
    }
    this.far.#schedule();
    this.#schedule();
  }

  #arrive(data: Buffer): void {
    if (this.#state !== 'open') return;
    this.#queue.push(data);
    this.#bytes += data.length;
    this.#schedule();
  }
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }
  #turn(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'closing') {
      if (this.far.#state === 'open' && this.far.#bytes > 0) return this.#schedule();
      this.#state = 'closed';
      this.far.#farClosed = true;
      this.far.#schedule();
      this.up.closed();
      return;
    }
    while (this.#reading && this.#state === 'open' && this.#queue.length > 0) {
      const head = this.#queue[0]!;
      const piece = head.subarray(0, this.pieces);
      if (piece.length === head.length) this.#queue.shift();
      else this.#queue[0] = head.subarray(piece.length);
      this.#bytes -= piece.length;
      this.#borrowed = piece;
      this.#handing = true;
      this.up.read(piece);
      this.#handing = false;
      if (this.#reading) this.#takeBack();
    }
    if (this.far.#full && this.#bytes === 0) {
      this.far.#full = false;
      if (this.far.#state === 'open') this.far.up.writable();
    }
    if (this.#farClosed && this.#state === 'open' && this.#reading && this.#queue.length === 0) {
      this.#state = 'closed';
      this.up.closed(new GensioError('remclose'));
    }
  }
}

/** A pair, open. limit: bytes one end takes before its write() gives false. */
export function linkedPair(limit = 65536): readonly [LinkedGensio, LinkedGensio] {
  const [a, b] = [new LinkedGensio(limit), new LinkedGensio(limit)];
  a.far = b;
  b.far = a;
  return [a, b];
}
