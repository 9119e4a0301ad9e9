// Bytes that both ends of a measurement know: one random block over and over, from a place of its own for each stream. The length of
// the block is prime, so that a piece lost, repeated or moved cannot go unseen. As load.c has it.
const PERIOD = 1_048_573;
/** Longest piece next() gives and wrong() compares at once. */
export const LONGEST = 65_536;

const block = Buffer.allocUnsafe(PERIOD + LONGEST);
let x = 88172645;
for (let i = 0; i < PERIOD; i++) {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  block[i] = x;
}
block.copy(block, PERIOD, 0, LONGEST);

export class Pattern {
  #at: number;
  /** Bytes taken or compared so far. */
  count = 0;
  constructor(seed: number) {
    this.#at = (seed * 104_729) % PERIOD;
  }
  /** The next n bytes, at most LONGEST; not to be written into. */
  next(n: number): Buffer {
    const bytes = block.subarray(this.#at, this.#at + n);
    this.#at = (this.#at + n) % PERIOD;
    this.count += n;
    return bytes;
  }
  /** data is not what comes next. */
  differs(data: Buffer): boolean {
    for (let i = 0; i < data.length; i += LONGEST) {
      const piece = data.subarray(i, i + LONGEST);
      if (!this.next(piece.length).equals(piece)) return true;
    }
    return false;
  }
}
