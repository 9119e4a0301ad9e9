// Terminal settings as the kernel has them: struct termios2 and the older struct termios (asm-generic/termbits.h). Makes no call.
import { endianness } from 'node:os';

/** struct termios2 of linux/termbits.h. cc has 19 characters; speeds are plain numbers, in force when BOTHER stands in cflag. */
export interface Termios {
  /** Input modes, as in termios(3). */
  iflag: number;
  /** Output modes. */
  oflag: number;
  /** Control modes. */
  cflag: number;
  /** Local modes. */
  lflag: number;
  /** The number of the line discipline. */
  line: number;
  /** Control characters. */
  readonly cc: Uint8Array;
  /** Input speed in bits per second. */
  ispeed: number;
  /** Output speed in bits per second. */
  ospeed: number;
}

/** The bits of cflag that hold the output speed. */
export const CBAUD = 0o10017;
/** In place of the bits of a speed: the speed stands beside them as a number. */
export const BOTHER = 0o10000;

/** Speeds with a constant of their own, which other programs read back; the rest goes through BOTHER. */
const SPEEDS: ReadonlyMap<number, number> = new Map([
  ...[50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400].map((bps, i) => [bps, i + 1] as const),
  ...[57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000].map(
    (bps, i) => [bps, 0o10001 + i] as const,
  ),
]);

/** The bits of cflag for a speed; the speed itself must stand beside them all the same. 0: hang up. */
export const speedBits = (speed: number): number => (speed === 0 ? 0 : (SPEEDS.get(speed) ?? BOTHER));

/** Whether the speed in cflag is one that the old struct termios can hold. */
export const isStandardSpeed = (cflag: number): boolean => (cflag & CBAUD) !== BOTHER;

/** The speed that bits of cflag stand for; 0 if they stand for none. */
function speedOf(cflag: number): number {
  for (const [speed, bits] of SPEEDS) if (bits === (cflag & CBAUD)) return speed;
  return 0;
}

/** A word of a struct, in the byte order of this machine. */
export function u32(data: Buffer, word: number): number {
  return endianness() === 'LE' ? data.readUInt32LE(word * 4) : data.readUInt32BE(word * 4);
}
/** Puts a word into a struct, in the byte order of this machine. */
export function putU32(data: Buffer, word: number, value: number): void {
  if (endianness() === 'LE') data.writeUInt32LE(value >>> 0, word * 4);
  else data.writeUInt32BE(value >>> 0, word * 4);
}

/** Reads a struct termios2, or a struct termios, which ends before the speeds, with zeros after it. iflag oflag cflag lflag (words), line (byte), cc (19 bytes), ispeed ospeed (words). */
export function decodeTermios(data: Buffer): Termios {
  const cflag = u32(data, 2);
  return {
    iflag: u32(data, 0),
    oflag: u32(data, 1),
    cflag,
    lflag: u32(data, 3),
    line: data[16]!,
    cc: Uint8Array.from(data.subarray(17, 36)),
    ispeed: u32(data, 9) || speedOf(cflag),
    ospeed: u32(data, 10) || speedOf(cflag),
  };
}
/** Writes a struct termios2, whose first 36 bytes are a struct termios. */
export function encodeTermios(t: Termios, data: Buffer): void {
  [t.iflag, t.oflag, t.cflag, t.lflag].forEach((word, i) => {
    putU32(data, i, word);
  });
  data[16] = t.line;
  data.fill(0, 17, 36);
  data.set(t.cc.subarray(0, 19), 17);
  putU32(data, 9, t.ispeed);
  putU32(data, 10, t.ospeed);
}
