// The messages of gensio's channel multiplexer, version 1. The first byte of a header is the kind in its high half and the
// header's length in 32-bit words in its low half; numbers are big-endian.

/** Kinds of message: the first of either side. */
const INIT = 1;
/** Asks for a channel. */
const NEW_CHANNEL = 2;
/** Answers NEW_CHANNEL. */
const NEW_CHANNEL_RSP = 3;
/** Ends a channel. */
const CLOSE_CHANNEL = 4;
/** Data, an acknowledgement, or both. */
const DATA = 5;

/** Least header words of each kind; the most is 3. */
const WORDS = [0, 1, 2, 3, 2, 2] as const;
const MAX_HEADER = 12;
/** What a message costs of the window beyond its data: flags and length. */
export const OVERHEAD = 3;
/** Windows of this size and below are refused. */
export const MIN_WINDOW = 128;

/** Receives what MuxDecoder finds. */
export interface MuxOut {
  /** The peer's first message, with its version. */
  init(version: number): void;
  /** The service text that follows is skipped; length is its bytes. */
  newChannel(id: number, window: number, serviceLength: number): void;
  /** The answer to a channel that was asked for; error 0: accepted. */
  newChannelResponse(to: number, window: number, id: number, error: number): void;
  /** The peer ends a channel; code is gensio's error, 0 if there is none. */
  closeChannel(to: number, code: number): void;
  /** Begins a data message of length bytes; 0: it is only an acknowledgement. */
  data(to: number, ack: number, length: number): void;
  /** A part of the message begun last. */
  fragment(part: Buffer, last: boolean): void;
  /** No message can be found any more. */
  broken(why: string): void;
}

/** Any cut of the input gives the same calls, except for where fragments end. */
export class MuxDecoder {
  readonly #header = Buffer.alloc(MAX_HEADER + 2);
  #have = 0;
  #need = 1;
  #at: 'first' | 'header' | 'length' | 'service' | 'data' | 'broken' = 'first';
  #left = 0;

  /** Takes the next bytes and calls out for each message in them. */
  push(chunk: Buffer, out: MuxOut): void {
    for (let i = 0; i < chunk.length && this.#at !== 'broken'; ) {
      if (this.#at === 'data' || this.#at === 'service') {
        const part = chunk.subarray(i, i + this.#left);
        i += part.length;
        this.#left -= part.length;
        const last = this.#left === 0;
        const isData = this.#at === 'data';
        if (last) this.#restart();
        if (isData) out.fragment(part, last);
        continue;
      }
      const took = Math.min(this.#need - this.#have, chunk.length - i);
      chunk.copy(this.#header, this.#have, i, i + took);
      this.#have += took;
      i += took;
      if (this.#have === this.#need) this.#full(out);
    }
  }
  #restart(): void {
    this.#at = 'first';
    this.#have = 0;
    this.#need = 1;
  }
  #break(out: MuxOut, why: string): void {
    this.#at = 'broken';
    out.broken(why);
  }
  /** A part of the header is complete. */
  #full(out: MuxOut): void {
    const h = this.#header;
    const kind = h[0]! >> 4;
    if (this.#at === 'first') {
      const words = h[0]! & 15;
      const least = WORDS[kind];
      if (least === undefined || least === 0) return this.#break(out, 'msgid out of range');
      if (words < least || words * 4 > MAX_HEADER) return this.#break(out, 'Invalid header size');
      this.#at = 'header';
      this.#need = words * 4;
    } else if (this.#at === 'header') {
      if (kind === NEW_CHANNEL || kind === DATA) {
        this.#at = 'length';
        this.#need += 2;
        return;
      }
      this.#restart();
      if (kind === INIT) out.init(h[2]!);
      else if (kind === NEW_CHANNEL_RSP)
        out.newChannelResponse(h.readUInt16BE(2), h.readUInt32BE(4), h.readUInt16BE(8), h.readUInt16BE(10));
      else out.closeChannel(h.readUInt16BE(2), h.readUInt16BE(4));
    } else {
      const [id, number, length] = [h.readUInt16BE(2), h.readUInt32BE(4), h.readUInt16BE(this.#need - 2)];
      this.#left = length;
      if (length === 0) this.#restart();
      else this.#at = kind === DATA ? 'data' : 'service';
      if (kind === DATA) out.data(id, number, length);
      else out.newChannel(id, number, length);
    }
  }
}

const u16 = (n: number): readonly number[] => [(n >> 8) & 0xff, n & 0xff];
const u32 = (n: number): readonly number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];

/** The first message of either side: version 1. */
export const initMessage = (): Buffer => Buffer.from([(INIT << 4) | 1, 0, 1, 0]);
/** Asks for a channel: its number here, how many bytes may be sent to it, and the service wanted. */
export const newChannelMessage = (id: number, window: number, service: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(NEW_CHANNEL << 4) | 2, 0, ...u16(id), ...u32(window), ...u16(service.length)]), service]);
/** Answers that; error 0 accepts. */
export const newChannelResponse = (to: number, window: number, id: number, error: number): Buffer =>
  Buffer.from([(NEW_CHANNEL_RSP << 4) | 3, 0, ...u16(to), ...u32(window), ...u16(id), ...u16(error)]);
/** Ends the channel that has this number at the peer. */
export const closeMessage = (to: number): Buffer => Buffer.from([(CLOSE_CHANNEL << 4) | 2, 0, ...u16(to), 0, 0, 0, 0]);
/** data may be empty: only an acknowledgement. */
export const dataMessage = (to: number, ack: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(DATA << 4) | 2, 0, ...u16(to), ...u32(ack), ...u16(data.length)]), data]);
