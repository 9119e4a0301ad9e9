// What the device of a port said last: its bytes in a ring, when they came, and the events of the line between them. What clients sent
// is never here.
import type { GensioEvent } from '../gensio/gensio.ts';

/** A piece of what was said, in order. */
export type Said =
  /** Bytes that came at about the same time. The buffer is a copy. */
  | { readonly time: number; readonly data: Buffer }
  /** An event of the line that came between them. */
  | { readonly time: number; readonly event: LineEvent };

/** What a device reports besides data. */
export type LineEvent = Extract<GensioEvent, { on: 'modemstate' | 'linestate' }>;

/** What a reader of the ring gets. */
interface HistoryPiece {
  /** Bytes before the data that are not kept any more: the reader was too slow. */
  readonly lost: number;
  /** A view into the ring, good until something is added; empty when there is nothing. */
  readonly data: Buffer;
  /** The position after it. */
  readonly next: number;
}

/** Events that are kept, whatever the size. */
const MAX_EVENTS = 512;
/** Bytes of the ring for each time that is kept, and the most of them. */
const BYTES_PER_MARK = 64;
const MAX_MARKS = 4096;
const MIN_MARKS = 16;
/** Bytes that come within this many microseconds have one time. */
const SAME_TIME = 1000;

/** A ring of bounded size. Positions count the bytes of the device since the start. */
export class History {
  readonly #size: number;
  #ring: Buffer | undefined;
  #end = 0;
  /** Where the bytes of each time begin, and the times in microseconds since 1970; both in order. */
  #marks: { readonly at: number; readonly time: number }[] = [];
  readonly #maxMarks: number;
  #events: { readonly at: number; readonly time: number; readonly event: LineEvent }[] = [];

  /** size: the bytes kept, 1 or more. */
  constructor(size: number) {
    this.#size = size;
    this.#maxMarks = Math.max(MIN_MARKS, Math.min(MAX_MARKS, Math.floor(size / BYTES_PER_MARK)));
  }

  /** Where the oldest byte kept is. */
  get start(): number {
    return Math.max(0, this.#end - this.#size);
  }
  /** Where the next byte will be: all that were ever added. */
  get end(): number {
    return this.#end;
  }

  /** Adds a copy of what came from the device at a time, in microseconds since 1970. */
  push(data: Buffer, time: number): void {
    if (data.length === 0) return;
    const last = this.#marks.at(-1);
    if (last === undefined || time - last.time >= SAME_TIME || time < last.time) this.#mark(time);
    this.#ring ??= Buffer.allocUnsafeSlow(this.#size);
    const kept = data.length > this.#size ? data.subarray(data.length - this.#size) : data;
    this.#end += data.length;
    const at = (this.#end - kept.length) % this.#size;
    const first = kept.copy(this.#ring, at);
    if (first < kept.length) kept.copy(this.#ring, 0, first);
  }

  #mark(time: number): void {
    if (this.#marks.length >= this.#maxMarks) {
      // Times of bytes that are gone; where that is not enough, every second one of the others.
      const from = this.#markOf(this.start);
      const rest = this.#marks.slice(from);
      this.#marks = rest.length > this.#maxMarks / 2 ? rest.filter((_, i) => i % 2 === 0) : rest;
    }
    this.#marks.push({ at: this.#end, time });
  }
  /** The index of the time of the byte there; 0 if there is none. */
  #markOf(at: number): number {
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#marks[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Adds an event of the line at a time, in microseconds since 1970. */
  note(event: LineEvent, time: number): void {
    if (this.#events.length >= MAX_EVENTS) this.#events = this.#events.slice(MAX_EVENTS / 2);
    this.#events.push({ at: this.#end, time, event });
  }

  /** Up to so many bytes from a position; fewer at the end, and where the ring begins again. */
  read(from: number, max: number): HistoryPiece {
    const start = Math.max(from, this.start);
    const at = start % this.#size;
    const length = Math.max(0, Math.min(max, this.#end - start, this.#size - at));
    const data = this.#ring?.subarray(at, at + length) ?? Buffer.alloc(0);
    return { lost: start - from, data, next: start + length };
  }

  /** Copies of what is kept from one position to another, with the times and events. Default: all. */
  said(from = this.start, to = this.#end): Said[] {
    const begin = Math.max(from, this.start);
    const last = Math.min(to, this.#end);
    const found: Said[] = [];
    // An event stands before the byte at its place; those after the last byte belong to the end.
    const events = this.#events.filter(({ at }) => at >= begin && (at < last || (at === last && last === this.#end)));
    let next = 0;
    const bytes = (at: number, end: number, time: number): void => {
      const parts: Buffer[] = [];
      while (at < end) {
        const { data, next } = this.read(at, end - at);
        parts.push(data);
        at = next;
      }
      if (parts.length > 0) found.push({ time, data: Buffer.concat(parts) });
    };
    for (let i = this.#markOf(begin); i < this.#marks.length && this.#marks[i]!.at < last; i++) {
      const { time } = this.#marks[i]!;
      let at = Math.max(begin, this.#marks[i]!.at);
      const end = Math.min(this.#marks[i + 1]?.at ?? last, last);
      for (; next < events.length && events[next]!.at < end; next++) {
        bytes(at, events[next]!.at, time);
        at = Math.max(at, events[next]!.at);
        found.push({ time: events[next]!.time, event: events[next]!.event });
      }
      bytes(at, end, time);
    }
    for (const { time, event } of events.slice(next)) found.push({ time, event });
    return found;
  }
}
