// Line settings as struct termios2 has them: numbers of asm-generic/termbits.h, and what ser2net's raw mode is. Opens nothing.
import { BOTHER, CBAUD, speedBits, type Termios } from '../../base/termios.ts';
import type { Parity, SerialLine } from '../../options/serialdev.ts';

/** What can be set on an open line. */
export interface LineSettings
  extends Pick<SerialLine, 'databits' | 'stopbits' | 'parity' | 'xonxoff' | 'rtscts' | 'local' | 'hangupWhenDone'> {
  /** Bits a second, 1 to 2^32-1. */
  readonly speed: number;
}

const PARENB = 0o400;
const PARODD = 0o1000;
const CMSPAR = 0o10000000000;
/** Bits of the four flags of struct termios: asm-generic/termbits.h. */
export const TERMIOS = {
  IGNBRK: 0o1,
  IXON: 0o2000,
  IXOFF: 0o10000,
  OPOST_ONLCR: 0o5,
  /** ISIG ICANON ECHO ECHOE ECHOK ECHONL ECHOCTL ECHOPRT ECHOKE IEXTEN */
  COOKED: 0o107173,
  EXTPROC: 0o200000,
  CBAUD,
  BOTHER,
  /** The input speed's bits; 0: as the output speed. */
  CIBAUD: CBAUD * 0x10000,
  CSIZE: 0o60,
  CSTOPB: 0o100,
  CREAD: 0o200,
  PARENB,
  PARODD,
  HUPCL: 0o2000,
  CLOCAL: 0o4000,
  CMSPAR,
  CRTSCTS: 0o20000000000,
} as const;
const { IGNBRK, IXON, IXOFF, OPOST_ONLCR, COOKED, CIBAUD, CSIZE, CSTOPB, CREAD, HUPCL, CLOCAL, CRTSCTS } = TERMIOS;
/** Everything of cflag that the settings decide. */
const DECIDED = CBAUD | CIBAUD | CSIZE | CSTOPB | PARENB | PARODD | HUPCL | CLOCAL | CMSPAR | CRTSCTS;

const VMIN = 6;
const VSTART = 8;
const VSTOP = 9;
const XON = 17;
const XOFF = 19;

const PARITY: Readonly<Record<Parity, number>> = {
  N: 0,
  E: PARENB,
  O: PARENB | PARODD,
  M: PARENB | PARODD | CMSPAR,
  S: PARENB | CMSPAR,
};
const SIZES = { 5: 0, 6: 0o20, 7: 0o40, 8: 0o60 } as const;

/** Puts the settings into a terminal's own: CMSPAR goes when the parity is not mark or space (4.3.11 never clears it). */
export function withSettings(t: Termios, s: LineSettings): Termios {
  const cflag =
    (t.cflag & ~DECIDED) |
    speedBits(s.speed) |
    SIZES[s.databits] |
    PARITY[s.parity] |
    (s.stopbits === 2 ? CSTOPB : 0) |
    (s.rtscts ? CRTSCTS : 0) |
    (s.local ? CLOCAL : 0) |
    (s.hangupWhenDone ? HUPCL : 0);
  return {
    ...t,
    iflag: ((t.iflag & ~(IXON | IXOFF)) | (s.xonxoff ? IXON | IXOFF : 0)) >>> 0,
    cflag: cflag >>> 0,
    ispeed: s.speed,
    ospeed: s.speed,
  };
}

/** ser2net's raw mode with the settings in it, made from what was found. */
export function rawMode(found: Termios, settings: LineSettings): Termios {
  const cc = new Uint8Array(19);
  cc[VMIN] = 1;
  cc[VSTART] = XON;
  cc[VSTOP] = XOFF;
  const raw: Termios = {
    ...found,
    iflag: IGNBRK,
    oflag: (found.oflag & ~OPOST_ONLCR) >>> 0,
    cflag: (found.cflag | CREAD) >>> 0,
    lflag: (found.lflag & ~COOKED) >>> 0,
    cc,
  };
  return withSettings(raw, settings);
}

/** What is put back at the end: as found, but a wanted hang-up stays so that the lines drop (4.3.11 forgets it). */
export const atClose = (found: Termios, hangup: boolean): Termios => (hangup ? { ...found, cflag: (found.cflag | HUPCL) >>> 0 } : found);

/** `9600N81,XONXOFF,RTSCTS,CLOCAL,HANGUP_WHEN_DONE`: the middle of a device's address. */
export const printSettings = (s: LineSettings): string =>
  `${s.speed}${s.parity}${s.databits}${s.stopbits}` +
  `${s.xonxoff ? ',XONXOFF' : ''}${s.rtscts ? ',RTSCTS' : ''}${s.local ? ',CLOCAL' : ''}${s.hangupWhenDone ? ',HANGUP_WHEN_DONE' : ''}`;
