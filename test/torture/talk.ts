// What is sent through the daemon, and the proof that it came: each talk is a header and numbered bytes, so that a byte lost,
// doubled or out of order is seen at once, wherever the stream is cut.
import { Random } from './random.ts';

const PERIOD = 65_521;
/** Biggest piece compared at once. */
const PIECE = 65_536;
/** Every stretch of a few bytes stands here once. */
// The byte that a header begins with stands nowhere else.
const TABLE = Buffer.from(new Random(4711).bytes(PERIOD).map((b) => (b === 1 ? 3 : b)));
const LONG = Buffer.concat([TABLE, TABLE, TABLE.subarray(0, PIECE)]);
const HEADER = /^\x01T([KR])([0-9a-f]{8})\x02/;
const HEADER_LENGTH = 12;
const START = Buffer.from('\x01T');

/** One sender's bytes to one or more receivers. */
export class Talk {
  readonly id: number;
  readonly name: string;
  /** Bytes sent behind the header. */
  sent = 0;
  constructor(id: number, name: string) {
    this.id = id;
    this.name = name;
  }
  get header(): Buffer {
    return Buffer.from(`\x01TK${this.id.toString(16).padStart(8, '0')}\x02`);
  }
  /** What stands where it goes on after somebody else has spoken on the same line. */
  get resumption(): Buffer {
    return Buffer.from(`\x01TR${this.id.toString(16).padStart(8, '0')}\x02`);
  }
  /** The bytes from a place on. */
  bytes(from: number, length: number): Buffer {
    const start = (this.id * 7919 + from) % PERIOD;
    if (length <= PIECE) return LONG.subarray(start, start + length);
    return Buffer.concat([LONG.subarray(start, start + PIECE), this.bytes(from + PIECE, length - PIECE)]);
  }
  /** The next bytes to be sent, counted as sent. */
  next(length: number): Buffer {
    const bytes = this.bytes(this.sent, length);
    this.sent += length;
    return bytes;
  }
}

/** How many bytes at the start of data are what the talk has at this place. */
function matching(talk: Talk, from: number, data: Buffer): number {
  const wanted = talk.bytes(from, Math.min(data.length, PIECE));
  const part = data.subarray(0, wanted.length);
  if (part.equals(wanted)) return part.length;
  let n = 0;
  while (part[n] === wanted[n]) n++;
  return n;
}

/** One end that hears talks. What is no talk may stand before one, and nowhere else, unless a rule says so. */
export class Receiver {
  readonly #name: string;
  readonly #talks = new Map<number, { readonly talk: Talk; got: number }>();
  /** Texts that may stand behind a talk: last words of the daemon. */
  readonly #lastWords: RegExp | undefined;
  #current: { readonly talk: Talk; got: number } | undefined;
  #held: Buffer = Buffer.alloc(0);
  /** What stood outside of talks, shortened. */
  text = '';
  /** The first thing that was wrong. */
  problem: string | undefined;

  constructor(name: string, lastWords?: RegExp) {
    this.#name = name;
    this.#lastWords = lastWords;
  }

  expect(talk: Talk): void {
    this.#talks.set(talk.id, { talk, got: -1 });
  }
  forget(talk: Talk): void {
    this.#talks.delete(talk.id);
  }
  /** Bytes of a talk that came; -1: not even its header. */
  got(talk: Talk): number {
    return this.#talks.get(talk.id)?.got ?? -1;
  }
  complete(talk: Talk): boolean {
    return this.got(talk) === talk.sent;
  }

  feed(chunk: Buffer): void {
    let data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    while (data.length > 0 && this.problem === undefined) {
      if (this.#current !== undefined) {
        const n = matching(this.#current.talk, this.#current.got, data);
        this.#current.got += n;
        data = data.subarray(n);
        if (this.#current.got > this.#current.talk.sent) this.#wrong(data, 'more than was sent');
        if (n > 0) continue;
      }
      const rest = this.#headerOrText(data);
      if (rest === undefined) {
        this.#held = Buffer.from(data);
        return;
      }
      data = rest;
    }
  }

  /** What is left behind a header, or behind a text before one; undefined: more is needed to know. */
  #headerOrText(data: Buffer): Buffer | undefined {
    if (data.length < HEADER_LENGTH && START.subarray(0, data.length).equals(data.subarray(0, START.length))) return undefined;
    const found = HEADER.exec(data.toString('latin1', 0, HEADER_LENGTH));
    if (found !== null) {
      const entry = this.#talks.get(Number.parseInt(found[2]!, 16));
      const begins = found[1] === 'K';
      if (begins && entry !== undefined && entry.got >= 0) this.#wrong(data, `talk ${entry.talk.name} begins a second time`);
      // A talk nobody expects any more: of a session that was given up. Its bytes are text.
      this.#current = entry;
      if (begins && entry !== undefined) entry.got = 0;
      return data.subarray(HEADER_LENGTH);
    }
    if (this.#current !== undefined) {
      const text = data.toString('latin1');
      if (this.#lastWords === undefined || !this.#lastWords.test(text)) {
        this.#wrong(data, `talk ${this.#current.talk.name} goes on wrong at ${this.#current.got} of ${this.#current.talk.sent}`);
        return Buffer.alloc(0);
      }
      this.#current = undefined;
    }
    const next = data.indexOf(START, 1);
    const end = next < 0 ? data.length : next;
    this.text = (this.text + data.toString('latin1', 0, end)).slice(-2000);
    return data.subarray(end);
  }

  #wrong(data: Buffer, what: string): void {
    this.problem ??= `${this.#name}: ${what}; then ${data.length} bytes: ${data
      .subarray(0, 48)
      .toString('latin1')
      .replace(/[^ -~]/g, '.')} (${data.subarray(0, 24).toString('hex')})`;
  }
}
