// What applications wrote while there was no connection: copies, up to a limit.

/** So many pieces become one. */
const MANY = 64;

/** A queue of bytes with a limit. */
export class WriteQueue {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  /** The last pieces, not joined yet: single bytes would cost more than they weigh. */
  #small: Buffer[] = [];
  #bytes = 0;
  /** limit: in bytes; the piece that reaches it is still taken whole. */
  constructor(limit: number) {
    this.#limit = limit;
  }
  /** Keeps a copy. Returns false if it is full now. */
  put(data: Buffer): boolean {
    this.#small.push(Buffer.from(data));
    this.#bytes += data.length;
    if (this.#small.length >= MANY) this.#join();
    return !this.full;
  }
  /** Whether the limit is reached. */
  get full(): boolean {
    return this.#bytes >= this.#limit;
  }
  /** Bytes in it. */
  get bytes(): number {
    return this.#bytes;
  }
  /** Empties it. All of it in order; `undefined` if there is none. */
  take(): Buffer | undefined {
    if (this.#bytes === 0) return undefined;
    this.#join();
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.clear();
    return all;
  }
  #join(): void {
    if (this.#small.length > 0) this.#chunks.push(this.#small.length === 1 ? this.#small[0]! : Buffer.concat(this.#small));
    this.#small = [];
  }
  /** Discards everything. */
  clear(): void {
    this.#chunks = [];
    this.#small = [];
    this.#bytes = 0;
  }
}
