// The filter msgdelim: messages on a stream. FE 01 parts them, FE in a message is FE 00, two bytes of CRC end each.
// Bad messages are dropped without a word: relpkt above, or nobody, asks for them again.
import type { Clock } from '../../base/clock.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Gensio } from '../gensio.ts';
import { PacketFilter } from '../packet-filter.ts';

const COMMAND = 0xfe;
const SEPARATOR = Buffer.from([COMMAND, 1]);
const CRC_BYTES = 2;

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, n) => {
  let crc = n << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});
/** CRC-16 with polynomial 1021 and start 0, high bit first. Of a message and its own CRC it is 0. */
export function crc16(data: Buffer): number {
  let crc = 0;
  for (const byte of data) crc = ((crc << 8) ^ CRC_TABLE[((crc >> 8) ^ byte) & 0xff]!) & 0xffff;
  return crc;
}

/** One message with its CRC and the separator after it. */
export function encodeMessage(message: Buffer, withCrc: boolean): Buffer {
  const crc = withCrc ? crc16(message) : 0;
  const body = withCrc ? Buffer.concat([message, Buffer.from([crc >> 8, crc & 0xff])]) : message;
  const out = Buffer.allocUnsafe(body.length * 2 + SEPARATOR.length);
  let n = 0;
  for (const byte of body) {
    out[n++] = byte;
    if (byte === COMMAND) out[n++] = 0;
  }
  n += SEPARATOR.copy(out, n);
  return out.subarray(0, n);
}

/** Any cut of the input gives the same messages. */
export class MessageDecoder {
  readonly #message: Buffer;
  readonly #withCrc: boolean;
  #length = 0;
  #command = false;
  /** Inside a message: after a separator, and nothing was wrong since. */
  #inside = false;

  /** max: bytes of a message with its CRC; longer ones are dropped. */
  constructor(max: number, withCrc: boolean) {
    this.#message = Buffer.alloc(max);
    this.#withCrc = withCrc;
  }
  /** Takes the next bytes. Any cut of the input gives the same messages. */
  push(chunk: Buffer, message: (data: Buffer) => void): void {
    for (const byte of chunk) {
      if (this.#command) {
        this.#command = false;
        if (byte === 0) this.#keep(COMMAND);
        else if (byte === 1) this.#separator(message);
        else this.#inside = false;
      } else if (byte === COMMAND) this.#command = true;
      else this.#keep(byte);
    }
  }
  #keep(byte: number): void {
    if (!this.#inside) return;
    if (this.#length < this.#message.length) this.#message[this.#length++] = byte;
    else this.#inside = false;
  }
  #separator(message: (data: Buffer) => void): void {
    const extra = this.#withCrc ? CRC_BYTES : 0;
    const whole = this.#message.subarray(0, this.#length);
    if (this.#inside && this.#length > extra && (!this.#withCrc || crc16(whole) === 0)) {
      message(Buffer.from(whole.subarray(0, this.#length - extra)));
    }
    this.#length = 0;
    this.#inside = true;
  }
}

class MsgDelim extends PacketFilter {
  readonly type = 'msgdelim';
  readonly #decoder: MessageDecoder;
  readonly #crc: boolean;
  readonly #max: number;
  #started = false;

  constructor({ opts }: LayerOf<'msgdelim'>, child: Gensio, clock: Clock) {
    super(child, clock);
    this.#crc = opts.crc;
    this.#max = Math.min(Math.max(opts.writebuf, 1), 65_536);
    // gensio counts the CRC among the bytes of readbuf and yet takes messages of that size: room for both.
    this.#decoder = new MessageDecoder(Math.min(Math.max(opts.readbuf, 1), 65_536) + CRC_BYTES, opts.crc);
  }
  protected decode(data: Buffer): void {
    this.#decoder.push(data, (message) => this.deliver(message));
  }
  /** More than a message takes becomes several. */
  protected encode(data: Buffer): Buffer {
    const parts: Buffer[] = this.#started ? [] : [SEPARATOR];
    this.#started = true;
    for (let at = 0; at < data.length; at += this.#max) parts.push(encodeMessage(data.subarray(at, at + this.#max), this.#crc));
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
  override write(data: Buffer): boolean {
    return this.silent || data.length === 0 || super.write(data);
  }
}

/** Makes the layer `msgdelim` on a child. */
export const msgdelimFilter = (spec: LayerOf<'msgdelim'>, child: Gensio, _server: boolean, { clock }: GensioEnv): Gensio =>
  new MsgDelim(spec, child, clock);
