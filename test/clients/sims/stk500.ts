// An Arduino Uno with the Optiboot boot loader (STK500 version 1, ATmega328P). It is in the loader after DTR went on; on a line without
// modem lines always.
import type { Line } from '../line.ts';

export interface Uno {
  readonly flash: Buffer;
  resets: number;
}

const SYNC_CRC_EOP = 0x20;
const [INSYNC, OK, NOSYNC] = [0x14, 0x10, 0x15];
/** Bytes of a command with its end. */
const LENGTHS: Readonly<Record<number, number>> = { 48: 2, 49: 2, 65: 3, 66: 22, 69: 7, 80: 2, 81: 2, 82: 2, 85: 4, 86: 6, 116: 5, 117: 2 };

export function uno(line: Line, hasDtr: boolean): Uno {
  const board: Uno = { flash: Buffer.alloc(32_768, 0xff), resets: 0 };
  let loader = !hasDtr;
  let got = Buffer.alloc(0);
  let address = 0;
  const ok = (...body: number[]): void => line.send(Buffer.from([INSYNC, ...body, OK]), 115_200);
  const command = (f: Buffer): void => {
    const size = f.length > 3 ? f.readUInt16BE(1) : 0;
    switch (f[0]) {
      case 0x41: // a parameter: version 4.4
        return ok(f[1] === 0x81 || f[1] === 0x82 ? 4 : 3);
      case 0x75: // signature
        return ok(0x1e, 0x95, 0x0f);
      case 0x55: // address, in words
        address = f.readUInt16LE(1) * 2;
        return ok();
      case 0x64: // write a page
        if (f[3] === 0x46) f.copy(board.flash, address, 4, 4 + size);
        return ok();
      case 0x74: // read a page
        return ok(...(f[3] === 0x46 ? board.flash.subarray(address, address + size) : Buffer.alloc(size, 0xff)));
      case 0x56: // universal
        return ok(0);
      case 0x51: // leave
        ok();
        loader = !hasDtr;
        return;
      default:
        return ok();
    }
  };
  const step = (): boolean => {
    const length = got[0] === 0x64 ? (got.length < 4 ? Infinity : 5 + got.readUInt16BE(1)) : LENGTHS[got[0] ?? 0];
    if (length === undefined) {
      got = got.subarray(1);
      return got.length > 0;
    }
    if (got.length < length) return false;
    const f = got.subarray(0, length);
    got = got.subarray(length);
    if (f[length - 1] === SYNC_CRC_EOP) command(f);
    else line.send(Buffer.from([NOSYNC]));
    return got.length > 0;
  };
  line.onSignal = (event) => {
    if (event !== 'DTR on') return;
    board.resets++;
    loader = true;
    got = Buffer.alloc(0);
  };
  line.onData = (data) => {
    if (!loader) return;
    got = Buffer.concat([got, data]);
    while (step());
  };
  return board;
}
