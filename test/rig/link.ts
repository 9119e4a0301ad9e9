// Two layers in memory joined back to back: what one end writes the other reads, with a limit on what is on its way.
import { GensioError } from '../../src/base/gensio-error.ts';
import { type Gensio, type GensioUp, nullUp } from '../../src/gensio/gensio.ts';

class LinkEnd implements Gensio {
  readonly type = 'link';
  up: GensioUp = nullUp;
  far!: LinkEnd;
  readonly #limit: number;
  readonly #cut: number;
  /** On its way to this end. */
  #coming: Buffer[] = [];
  #comingBytes = 0;
  /** The peer was told false. */
  #stopped = false;
  #reading = false;
  #farClosed = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #scheduled = false;

  constructor(limit: number, cut: number) {
    this.#limit = limit;
    this.#cut = cut;
  }
  open(done: (err?: GensioError) => void): void {
    queueMicrotask(() => done());
  }
  write(data: Buffer): boolean {
    return this.#state === 'open' && this.far.#state === 'open' ? this.far.#take(data) : true;
  }
  setReading(on: boolean): void {
    this.#reading = on;
    if (on) this.#schedule();
  }
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#drop();
    setImmediate(() => this.#finishClose());
  }
  abort(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.#drop();
    this.far.#coming = [];
    this.far.#comingBytes = 0;
    setImmediate(() => this.#finishClose());
  }
  /** What was written goes out first: waits until the peer has it. */
  #finishClose(): void {
    if (this.#state === 'closed') return;
    if (this.far.#state === 'open' && this.far.#coming.length > 0) {
      setImmediate(() => this.#finishClose());
      return;
    }
    this.#state = 'closed';
    this.up.closed();
    this.far.#farClosed = true;
    this.far.#schedule();
  }
  #drop(): void {
    this.#coming = [];
    this.#comingBytes = 0;
  }
  bufferedBytes(): number {
    return this.far.#comingBytes;
  }
  address(): string {
    return 'link';
  }

  #take(data: Buffer): boolean {
    const copy = Buffer.from(data);
    for (let i = 0; i < copy.length; i += this.#cut) this.#coming.push(copy.subarray(i, i + this.#cut));
    this.#comingBytes += data.length;
    this.#schedule();
    this.#stopped = this.#comingBytes > this.#limit;
    return !this.#stopped;
  }
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#deliver());
  }
  #deliver(): void {
    this.#scheduled = false;
    for (let n = 0; n < 64 && this.#reading && this.#state === 'open' && this.#coming.length > 0; n++) {
      const data = this.#coming.shift()!;
      this.#comingBytes -= data.length;
      this.up.read(data);
    }
    if (this.#stopped && this.#comingBytes === 0) {
      this.#stopped = false;
      if (this.far.#state === 'open') this.far.up.writable();
    }
    if (this.#state !== 'open' || !this.#reading) return;
    if (this.#coming.length > 0) this.#schedule();
    else if (this.#farClosed) {
      this.#state = 'closed';
      this.up.closed(new GensioError('remclose'));
    }
  }
}

/** Both ends, open, reading off. limit: bytes on the way from which write() gives false. cut: biggest piece that arrives at once. */
export function linkPair(limit = 65536, cut = 65536): readonly [Gensio, Gensio] {
  const a = new LinkEnd(limit, cut);
  const b = new LinkEnd(limit, cut);
  a.far = b;
  b.far = a;
  return [a, b];
}
