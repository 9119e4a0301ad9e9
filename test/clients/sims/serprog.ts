// flashrom's serial programmer with a Winbond W25Q80 (1 MiB) on its SPI bus.
import type { Line } from '../line.ts';

const [ACK, NAK] = [0x06, 0x15];

/** The chip: what an SPI transfer gives back. */
function w25q80(flash: Buffer): (write: Buffer, count: number) => Buffer {
  let writable = false;
  return (write, count) => {
    const out = Buffer.alloc(count);
    const at = write.length >= 4 ? write.readUIntBE(1, 3) : 0;
    switch (write[0]) {
      case 0x9f:
        Buffer.from([0xef, 0x40, 0x14]).copy(out);
        break;
      case 0x03:
        flash.copy(out, 0, at, at + count);
        break;
      case 0x05:
        out.fill(writable ? 2 : 0);
        break;
      case 0x06:
        writable = true;
        break;
      case 0x02:
        for (let i = 4; i < write.length; i++) flash[at + i - 4]! &= write[i]!;
        writable = false;
        break;
      case 0x20:
        flash.fill(0xff, at & ~0xfff, (at & ~0xfff) + 4096);
        writable = false;
        break;
      case 0xd8:
        flash.fill(0xff, at & ~0xffff, (at & ~0xffff) + 65_536);
        writable = false;
        break;
      case 0xc7:
      case 0x60:
        flash.fill(0xff);
        writable = false;
        break;
    }
    return out;
  };
}

export function serprog(line: Line): { readonly flash: Buffer } {
  const flash = Buffer.alloc(1 << 20, 0xff);
  const transfer = w25q80(flash);
  let got = Buffer.alloc(0);
  /** Length of a command with its parameters; undefined: more must come first. */
  const lengthOf = (): number | undefined => {
    if (got[0] === 0x13) return got.length < 7 ? undefined : 7 + got.readUIntLE(1, 3);
    return { 14: 5, 18: 2, 20: 5, 21: 2 }[got[0]!] ?? 1;
  };
  const reply = (f: Buffer): number[] => {
    switch (f[0]) {
      case 0x00: // nop
        return [ACK];
      case 0x01: // version of the interface
        return [ACK, 1, 0];
      case 0x02: {
        // which commands there are
        const map = Buffer.alloc(32);
        for (const c of [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x08, 0x10, 0x11, 0x12, 0x13, 0x14]) map[c >> 3]! |= 1 << (c & 7);
        return [ACK, ...map];
      }
      case 0x03: // name
        return [ACK, ...Buffer.from('ser2net-test'.padEnd(16, '\0'))];
      case 0x04: // size of the serial buffer
        return [ACK, 0xff, 0xff];
      case 0x05: // buses: SPI
        return [ACK, 8];
      case 0x08: // longest write
      case 0x11: // longest read
        return [ACK, 0, 0, 1];
      case 0x10: // synchronize
        return [NAK, ACK];
      case 0x12:
        return [ACK];
      case 0x13:
        return [ACK, ...transfer(f.subarray(7), f.readUIntLE(4, 3))];
      case 0x14: // clock: what was asked for
        return [ACK, ...f.subarray(1)];
      default:
        return [NAK];
    }
  };
  line.onData = (data) => {
    got = Buffer.concat([got, data]);
    for (let n = lengthOf(); got.length > 0 && n !== undefined && got.length >= n; n = lengthOf()) {
      const f = got.subarray(0, n);
      got = got.subarray(n);
      line.send(Buffer.from(reply(f)));
    }
  };
  return { flash };
}
