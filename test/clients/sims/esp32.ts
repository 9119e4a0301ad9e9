// An ESP32 on a development board: EN and IO0 hang on RTS and DTR through two transistors. A reset with IO0 low enters the loader in ROM,
// any other one starts the application. The loader answers only at the speed it is at.
import { createHash } from 'node:crypto';
import { constants, inflateSync } from 'node:zlib';
import type { Line } from '../line.ts';

export interface Esp {
  readonly flash: Buffer;
  /** What each reset entered. */
  readonly resets: ('loader' | 'application')[];
  /** Speeds the loader was told to go to. */
  readonly speeds: number[];
}

const END = 0xc0;
const MAGIC = 0x00f01d83;
const BANNER = 'ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:';

export function esp32(line: Line): Esp {
  const esp: Esp = { flash: Buffer.alloc(4 << 20, 0xff), resets: [], speeds: [] };
  const registers = new Map([
    [0x40001000, MAGIC],
    [0x3ff5a004, 0x12345678],
    [0x3ff5a008, 0x0000c4dd],
    [0x3ff5a00c, 0x8000],
    [0x3ff5a010, 0x80],
    [0x3ff40014, 347],
    [0x3ff5f06c, 800 << 7],
  ]);
  const lines = { DTR: false, RTS: false };
  let speed = 115_200;
  let inLoader = false;
  let frame: number[] | undefined;
  let escaped = false;
  let at = 0;
  let compressed: Buffer[] = [];

  line.onSignal = (event) => {
    const [name, value] = event.split(' ') as ['DTR' | 'RTS', string];
    if (name !== 'DTR' && name !== 'RTS') return;
    const was = lines.RTS;
    lines[name] = value === 'on';
    if (name !== 'RTS' || !was || lines.RTS) return;
    inLoader = lines.DTR;
    speed = 115_200;
    frame = undefined;
    esp.resets.push(inLoader ? 'loader' : 'application');
    line.drop();
    line.send(
      `${BANNER}${inLoader ? '0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n' : '0x13 (SPI_FAST_FLASH_BOOT)\r\nHello from the application\r\n'}`,
    );
  };

  const answer = (op: number, value = 0, data: Buffer = Buffer.alloc(0), status = [0, 0, 0, 0]): void => {
    const head = Buffer.alloc(8);
    head.writeUInt8(1, 0);
    head.writeUInt8(op, 1);
    head.writeUInt16LE(data.length + status.length, 2);
    head.writeUInt32LE(value >>> 0, 4);
    const stuffed = [...head, ...data, ...status].flatMap((b) => (b === END ? [0xdb, 0xdc] : b === 0xdb ? [0xdb, 0xdd] : [b]));
    line.send(Buffer.from([END, ...stuffed, END]), speed);
  };
  const write = (data: Buffer): void => {
    data.copy(esp.flash, at);
    at += data.length;
  };
  /** The registers of the SPI controller: a user command 0x9f asks the flash chip for its identity. */
  const setRegister = (address: number, value: number): void => {
    registers.set(address, value);
    if (address !== 0x3ff42000 || (value & (1 << 18)) === 0) return;
    registers.set(0x3ff42080, ((registers.get(0x3ff42024) ?? 0) & 0xff) === 0x9f ? 0x1640ef : 0);
    registers.set(address, 0);
  };
  const packet = (p: Buffer): void => {
    if (p.length < 8 || p[0] !== 0) return;
    const [op, sum, body] = [p[1]!, p.readUInt32LE(4), p.subarray(8)];
    const payload = (): Buffer | undefined => {
      const data = body.subarray(16, 16 + body.readUInt32LE(0));
      return data.reduce((all, byte) => all ^ byte, 0xef) === (sum & 0xff) ? data : undefined;
    };
    switch (op) {
      case 0x08: // synchronize
        for (let i = 0; i < 8; i++) answer(op, 0x20120707);
        return;
      case 0x0a: // read a register
        return answer(op, registers.get(body.readUInt32LE(0)) ?? 0);
      case 0x09: // write registers
        for (let i = 0; i + 16 <= body.length; i += 16) setRegister(body.readUInt32LE(i), body.readUInt32LE(i + 4));
        return answer(op);
      case 0x02: // begin, plain
      case 0x10: // begin, compressed
        at = body.readUInt32LE(12);
        compressed = [];
        return answer(op);
      case 0x03: // a block, plain
      case 0x11: {
        // a block, compressed
        const data = payload();
        if (data === undefined) return answer(op, 0, undefined, [1, 7, 0, 0]);
        if (op === 0x03) write(data);
        else {
          compressed.push(data);
          inflateSync(Buffer.concat(compressed), { finishFlush: constants.Z_SYNC_FLUSH }).copy(esp.flash, at);
        }
        return answer(op);
      }
      case 0x13: {
        // MD5 of a part of the flash
        const from = body.readUInt32LE(0);
        const sumOf = createHash('md5').update(esp.flash.subarray(from, from + body.readUInt32LE(4)));
        return answer(op, 0, Buffer.from(sumOf.digest('hex')));
      }
      case 0x0f: // another speed
        answer(op);
        esp.speeds.push(body.readUInt32LE(0));
        line.after(5, () => {
          speed = body.readUInt32LE(0);
        });
        return;
      case 0x04:
      case 0x05:
      case 0x06:
      case 0x07:
      case 0x0b:
      case 0x0d:
      case 0x12:
        return answer(op);
      default:
        return answer(op, 0, undefined, [1, 5, 0, 0]);
    }
  };
  const byte = (b: number): void => {
    if (b === END) {
      if (frame !== undefined && frame.length > 0) packet(Buffer.from(frame));
      frame = [];
    } else if (frame === undefined) return;
    else if (escaped) frame.push(b === 0xdc ? END : 0xdb);
    else if (b !== 0xdb) frame.push(b);
    escaped = b === 0xdb;
  };
  line.onData = (data) => {
    if (inLoader && line.speed === speed) data.forEach(byte);
  };
  return esp;
}
