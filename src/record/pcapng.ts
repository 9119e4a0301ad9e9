// Recordings as Wireshark reads them: pcapng with link type 250, RTAC serial. Each packet has a header of its own with the time, what
// happened and the lines. Blocks are written little-endian; readers take both orders.

/** The link type of interfaces whose packets are events of a serial line. */
export const LINKTYPE_SERIAL = 250;

/** What a packet tells. `tx` is what clients sent to the device, `rx` what the device said. */
export const EVENT = {
  /** A line, or a setting, changed. */
  status: 0,
  /** Data for the device. */
  tx: 1,
  /** Data from the device. */
  rx: 2,
  txEnd: 3,
  rxEnd: 4,
  /** Bytes are missing here; a comment says how many. */
  lost: 5,
  /** The recording was ended in an orderly way. */
  complete: 6,
  framing: 7,
  parity: 8,
  break: 9,
  overflow: 10,
} as const;

/** The lines' bits in a packet; a set bit is a line that is on, whatever voltage that is. */
export const LINE = { cts: 0x01, dcd: 0x02, dsr: 0x04, rts: 0x08, dtr: 0x10, ring: 0x20 } as const;

/** One event of a serial line. */
export interface SerialPacket {
  /** Microseconds since the start of 1970 (UTC), 0 to 2^53 - 1; seconds beyond 2106 do not fit the form. */
  readonly time: number;
  /** One of EVENT. */
  readonly event: number;
  /** The lines that are on: bits of LINE. */
  readonly lines: number;
  /** The bytes, for `tx` and `rx`; else empty. */
  readonly data: Buffer;
  /** Text for people; `undefined` if there is none. */
  readonly comment?: string | undefined;
}

/** Types of blocks, and what identifies a section. */
export const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
/** The byte-order magic of a section header. */
export const MAGIC = 0x1a2b3c4d;
/** The bytes of an event before its data. */
export const SERIAL_HEADER = 12;
/** The codes of options. */
export const OPTION = { end: 0, comment: 1, name: 2, description: 3, application: 4, resolution: 9 } as const;

const MILLION = 1_000_000;
const TWO32 = 2 ** 32;
/** The longest option, bytes: its length has 16 bits. */
const MAX_OPTION = 0xffff;
/** What is around the data of a packet: the block's type, length, interface, time and two lengths, and the length again. */
const AROUND_PACKET = 28 + 4;

const padded = (length: number): number => (length + 3) & ~3;

/** As UTF-8, no longer than an option may be; it is cut between characters. */
function optionText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= MAX_OPTION) return bytes;
  let end = MAX_OPTION;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** The bytes a block has for these options, with the end of the list. */
const optionsSize = (options: readonly Option[]): number =>
  options.length === 0 ? 0 : options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4);

type Option = readonly [code: number, value: Buffer];

function writeOptions(into: Buffer, at: number, options: readonly Option[]): number {
  if (options.length === 0) return at;
  for (const [code, value] of options) {
    into.writeUInt16LE(code, at);
    into.writeUInt16LE(value.length, at + 2);
    const end = at + 4 + value.length;
    value.copy(into, at + 4);
    at += 4 + padded(value.length);
    into.fill(0, end, at);
  }
  into.writeUInt32LE(OPTION.end, at);
  return at + 4;
}

function block(type: number, body: Buffer, options: readonly Option[]): Buffer {
  const size = 12 + body.length + optionsSize(options);
  const out = Buffer.allocUnsafe(size);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(size, 4);
  body.copy(out, 8);
  writeOptions(out, 8 + body.length, options);
  out.writeUInt32LE(size, size - 4);
  return out;
}

/** A new section with one interface: the port. A file may have any number of them, one after the other. */
export function sectionHeader(port: string, description: string, application: string): Buffer {
  const section = Buffer.alloc(16);
  section.writeUInt32LE(MAGIC, 0);
  section.writeUInt16LE(1, 4);
  // The length of the section is not known: -1.
  section.fill(0xff, 8);
  const iface = Buffer.alloc(8);
  iface.writeUInt16LE(LINKTYPE_SERIAL, 0);
  return Buffer.concat([
    block(BLOCK.section, section, [[OPTION.application, optionText(application)]]),
    block(BLOCK.interface, iface, [
      [OPTION.name, optionText(port)],
      [OPTION.description, optionText(description)],
    ]),
  ]);
}

/** The bytes that writePacket() writes for so many bytes of data without a comment. */
export const packetSize = (length: number): number => AROUND_PACKET + padded(SERIAL_HEADER + length);

/** The bytes of a buffer as numbers. */
export const viewOf = (buffer: Buffer): DataView => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);

/** A buffer and its view, which writes numbers faster. */
interface Target {
  readonly buffer: Buffer;
  readonly view: DataView;
}

/**
 * Writes a packet without a comment at a place in a buffer that has room for packetSize() bytes, and returns where it ends. The path of
 * all data: it allocates nothing.
 */
export function writePacket(into: Target, at: number, time: number, event: number, lines: number, data: Buffer): number {
  const end = at + packetSize(data.length);
  writeHead(into, at, time, event, lines, data, end - at);
  into.view.setUint32(end - 4, end - at, true);
  return end;
}

/** Everything before options; size: of the whole block. */
function writeHead({ buffer, view }: Target, at: number, time: number, event: number, lines: number, data: Buffer, size: number): void {
  const length = SERIAL_HEADER + data.length;
  const high = Math.floor(time / TWO32);
  const seconds = Math.floor(time / MILLION);
  view.setUint32(at, BLOCK.packet, true);
  view.setUint32(at + 4, size, true);
  view.setUint32(at + 8, 0, true);
  view.setUint32(at + 12, high, true);
  view.setUint32(at + 16, time - high * TWO32, true);
  view.setUint32(at + 20, length, true);
  view.setUint32(at + 24, length, true);
  view.setUint32(at + 28, seconds % TWO32);
  view.setUint32(at + 32, time - seconds * MILLION);
  // The padding; what of it is not is written over.
  view.setUint32(at + 24 + padded(length), 0);
  view.setUint32(at + 36, (event << 24) | (lines << 16));
  buffer.set(data, at + 40);
}

/** One packet as a block of its own, with its comment. */
export function packetBlock({ time, event, lines, data, comment }: SerialPacket): Buffer {
  if (comment === undefined) {
    const out = Buffer.allocUnsafe(packetSize(data.length));
    writePacket({ buffer: out, view: viewOf(out) }, 0, time, event, lines, data);
    return out;
  }
  const options: Option[] = [[OPTION.comment, optionText(comment)]];
  const size = packetSize(data.length) + optionsSize(options);
  const out = Buffer.alloc(size);
  writeHead({ buffer: out, view: viewOf(out) }, 0, time, event, lines, data, size);
  writeOptions(out, 28 + padded(SERIAL_HEADER + data.length), options);
  out.writeUInt32LE(size, size - 4);
  return out;
}
