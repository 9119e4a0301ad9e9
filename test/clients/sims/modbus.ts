// A Modbus RTU slave with address 1 and 200 holding registers: a frame ends after 3.5 characters of silence, and answers leave byte by byte.
// It counts frames that came with a gap of more than 1.5 characters inside, which a strict slave throws away.
import type { Line } from '../line.ts';

export interface ModbusSlave {
  readonly registers: Uint16Array;
  /** Good frames, frames with a wrong checksum, gaps inside frames. */
  readonly seen: { good: number; bad: number; gaps: number };
}

const BITS_PER_CHARACTER = 10;
/** Below this the clock of a program is not to be trusted, ms. */
const SHORTEST_END_MS = 4;

export function crc16(bytes: Buffer, start: number, polynomial: number): number {
  let crc = start;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ polynomial : crc >> 1;
  }
  return crc;
}
const modbusCrc = (frame: Buffer): number => crc16(frame, 0xffff, 0xa001);

export function modbusSlave(line: Line, speed = 9600): ModbusSlave {
  const registers = Uint16Array.from({ length: 200 }, (_, i) => 1000 + i);
  const seen = { good: 0, bad: 0, gaps: 0 };
  const characterMs = (BITS_PER_CHARACTER * 1000) / speed;
  let frame = Buffer.alloc(0);
  let last = 0;

  const answer = (body: number[]): void => {
    const reply = Buffer.from([1, ...body, 0, 0]);
    reply.writeUInt16LE(modbusCrc(reply.subarray(0, -2)), reply.length - 2);
    line.send(reply, speed);
  };
  const request = (f: Buffer): void => {
    const [fn, at, value] = [f[1]!, f.readUInt16BE(2), f.readUInt16BE(4)];
    if (fn === 3 || fn === 4) {
      const words = Array.from({ length: value }, (_, i) => registers[(at + i) % registers.length]!);
      return answer([fn, 2 * value, ...words.flatMap((w) => [w >> 8, w & 255])]);
    }
    if (fn === 6) registers[at % registers.length] = value;
    else if (fn === 16) for (let i = 0; i < value; i++) registers[(at + i) % registers.length] = f.readUInt16BE(7 + 2 * i);
    else return answer([fn | 0x80, 1]);
    answer([...f.subarray(1, 6)]);
  };
  const end = (at: number): void => {
    if (at !== last) return;
    const f = frame;
    frame = Buffer.alloc(0);
    if (f.length < 4 || modbusCrc(f.subarray(0, -2)) !== f.readUInt16LE(f.length - 2)) {
      seen.bad++;
      return;
    }
    seen.good++;
    if (f[0] === 1) request(f);
  };
  line.onData = (data) => {
    const now = performance.now();
    if (frame.length > 0 && now - last > 1.5 * characterMs) seen.gaps++;
    frame = Buffer.concat([frame, data]);
    last = now;
    line.after(Math.max(3.5 * characterMs, SHORTEST_END_MS), () => end(now));
  };
  return { registers, seen };
}
