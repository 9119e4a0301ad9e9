// Reads recordings back, piece by piece: sections in either byte order, with or without what other programs add. A block that is torn
// off at the end, as after kill -9, is not there.
import { BLOCK, LINKTYPE_SERIAL, MAGIC, OPTION, SERIAL_HEADER, type SerialPacket } from './pcapng.ts';

/** A packet and where it is from. */
export interface RecordedPacket extends SerialPacket {
  /** The name of its interface: the port; '' if it has none. */
  readonly port: string;
}

/** The content is not a recording. `message` says what is wrong, and at which byte. */
export class PcapngError extends Error {}

/** The longest block that is believed, bytes. */
const MAX_BLOCK = 16 << 20;

interface Interface {
  readonly linktype: number;
  readonly name: string;
}

/** Takes a file in pieces of any size, and gives its packets of serial lines. */
export class PcapngReader {
  #rest: Buffer = Buffer.alloc(0);
  #at = 0;
  /** `undefined` before the first section. */
  #little: boolean | undefined;
  #interfaces: Interface[] = [];
  /** Packets of other kinds of interfaces, which were left out. */
  skipped = 0;

  /** Where the whole blocks read so far end, bytes from the start. */
  get wholeUpTo(): number {
    return this.#at;
  }

  /** The packets that are whole with this piece. @throws PcapngError */
  push(piece: Buffer): RecordedPacket[] {
    const data = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const found: RecordedPacket[] = [];
    let at = 0;
    for (;;) {
      const size = this.#blockSize(data, at);
      if (size === undefined || at + size > data.length) break;
      const body = data.subarray(at, at + size);
      if (this.#u32(body, size - 4) !== size) throw this.#wrong('the two lengths of a block differ');
      const packet = this.#block(body);
      if (packet !== undefined) found.push(packet);
      at += size;
      this.#at += size;
    }
    this.#rest = Buffer.from(data.subarray(at));
    return found;
  }

  /** Of the block that begins there; `undefined` while that cannot be told. */
  #blockSize(data: Buffer, at: number): number | undefined {
    if (data.length < at + 4) return undefined;
    // The type of a section header is the same in both orders.
    const isSection = data.readUInt32LE(at) === BLOCK.section;
    if (!isSection && this.#little === undefined) throw this.#wrong('not a pcapng file');
    if (data.length < at + (isSection ? 12 : 8)) return undefined;
    if (isSection) {
      const magic = data.readUInt32LE(at + 8);
      if (magic !== MAGIC && data.readUInt32BE(at + 8) !== MAGIC) throw this.#wrong('a section header without its magic number');
      this.#little = magic === MAGIC;
    }
    const size = this.#u32(data, at + 4);
    if (size < (isSection ? 28 : 12) || size % 4 !== 0 || size > MAX_BLOCK) throw this.#wrong(`a block of ${size} bytes`);
    return size;
  }

  #block(block: Buffer): RecordedPacket | undefined {
    switch (this.#u32(block, 0)) {
      case BLOCK.section: {
        if (this.#u16(block, 12) !== 1) throw this.#wrong(`version ${this.#u16(block, 12)} of pcapng`);
        this.#interfaces = [];
        return undefined;
      }
      case BLOCK.interface: {
        if (block.length < 20) throw this.#wrong('an interface that is too short');
        const name = this.#option(block, 16, OPTION.name) ?? '';
        this.#interfaces.push({ linktype: this.#u16(block, 8), name });
        return undefined;
      }
      case BLOCK.packet:
        return this.#packet(block);
      default:
        return undefined;
    }
  }

  #packet(block: Buffer): RecordedPacket | undefined {
    const captured = block.length < 32 ? Infinity : this.#u32(block, 20);
    if (captured > block.length - 32) throw this.#wrong('a packet longer than its block');
    const iface = this.#interfaces[this.#u32(block, 8)];
    if (iface === undefined) throw this.#wrong('a packet of an interface that is not described');
    if (iface.linktype !== LINKTYPE_SERIAL || captured < SERIAL_HEADER) {
      this.skipped++;
      return undefined;
    }
    const comment = this.#option(block, 28 + ((captured + 3) & ~3), OPTION.comment);
    return {
      port: iface.name,
      time: block.readUInt32BE(28) * 1_000_000 + block.readUInt32BE(32),
      event: block[36]!,
      lines: block[37]!,
      data: Buffer.from(block.subarray(28 + SERIAL_HEADER, 28 + captured)),
      ...(comment !== undefined && { comment }),
    };
  }

  /** The first option of that code in a block whose options begin there; `undefined` if it has none. */
  #option(block: Buffer, at: number, wanted: number): string | undefined {
    while (at + 4 <= block.length - 4) {
      const code = this.#u16(block, at);
      const length = this.#u16(block, at + 2);
      if (code === OPTION.end || at + 4 + length > block.length - 4) return undefined;
      if (code === wanted) return block.toString('utf8', at + 4, at + 4 + length);
      at += 4 + ((length + 3) & ~3);
    }
    return undefined;
  }

  #u16(data: Buffer, at: number): number {
    return this.#little === true ? data.readUInt16LE(at) : data.readUInt16BE(at);
  }
  #u32(data: Buffer, at: number): number {
    return this.#little === true ? data.readUInt32LE(at) : data.readUInt32BE(at);
  }
  #wrong(what: string): PcapngError {
    return new PcapngError(`${what}, at byte ${this.#at}`);
  }
}
