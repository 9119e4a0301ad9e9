// Between the settings of a pseudo-terminal and those RFC 2217 knows. Pure. A pty carries speed, stop bits and flow control; the
// kernel refuses parity and 7 bits on it, and hears nothing of breaks and modem lines.

import { PARITY_OF, type SerialFlow, type SerialSetting } from '../base/serial.ts';
import { speedBits, type Termios } from '../base/termios.ts';
import { TERMIOS } from '../gensio/serialdev/termios.ts';
import type { LineWish, TargetOptions } from '../options/attach.ts';

/** Line settings. `undefined`: left as the server has it. */
export interface Line {
  /** Bits a second; 0: hang up (B0). */
  readonly speed: number | undefined;
  /** 5 to 8. */
  readonly databits: number | undefined;
  /** A letter, as in `9600n81`. */
  readonly parity: LineWish['parity'];
  /** 1 or 2. */
  readonly stopbits: 1 | 2 | undefined;
  /** Flow control. */
  readonly flow: SerialFlow | undefined;
  /** XOFF is sent to the device, although it is not obeyed (IXOFF without IXON). */
  readonly inboundXoff: boolean;
}

/** Nothing is wanted. */
export const NO_LINE: Line = {
  speed: undefined,
  databits: undefined,
  parity: undefined,
  stopbits: undefined,
  flow: undefined,
  inboundXoff: false,
};

/** What options ask for. */
export const lineOfOptions = ({ speed, flow }: Pick<TargetOptions, 'speed' | 'flow'>): Line => ({
  ...NO_LINE,
  ...(speed !== undefined && speed),
  flow,
});

/** What an application set, on top of what options say about the rest. */
export function lineOfTermios(termios: Termios, rest: Line): Line {
  const xonxoff = (termios.iflag & TERMIOS.IXON) !== 0;
  return {
    ...rest,
    speed: termios.ospeed,
    stopbits: (termios.cflag & TERMIOS.CSTOPB) !== 0 ? 2 : 1,
    flow: (termios.cflag & TERMIOS.CRTSCTS) !== 0 ? 'rtscts' : xonxoff ? 'xonxoff' : 'none',
    inboundXoff: !xonxoff && (termios.iflag & TERMIOS.IXOFF) !== 0,
  };
}

/** Settings a raw pty begins with: no processing of any kind, and the line of the options where it can show it. */
export function firstTermios(now: Termios, line: Line): Termios {
  const raw = { ...now, iflag: 0, oflag: 0, lflag: 0 };
  if (line.flow === 'xonxoff') raw.iflag = TERMIOS.IXON | TERMIOS.IXOFF;
  if (line.flow === 'rtscts') raw.cflag |= TERMIOS.CRTSCTS;
  if (line.stopbits === 2) raw.cflag |= TERMIOS.CSTOPB;
  return line.speed === undefined ? raw : withSpeed(raw, line.speed);
}

/** The same without XON/XOFF of the output; `undefined` if there is none. */
export const withoutXonxoff = (termios: Termios): Termios | undefined =>
  (termios.iflag & TERMIOS.IXON) === 0 ? undefined : { ...termios, iflag: termios.iflag & ~TERMIOS.IXON };

/** A speed with a B constant gets it: nothing else is understood by stty, and a pty keeps what it is given. */
export const withSpeed = (termios: Termios, speed: number): Termios => ({
  ...termios,
  cflag: ((termios.cflag & ~(TERMIOS.CBAUD | TERMIOS.CIBAUD)) | speedBits(speed)) >>> 0,
  ispeed: speed,
  ospeed: speed,
});

/** One request to the server: what is to be set, and its name for people. */
export type LineRequest = SerialSetting & { readonly text: string };

const FLOW_NAMES = { none: 'no flow control', xonxoff: 'XON/XOFF', rtscts: 'RTS/CTS' } as const;

/** A request to turn DTR or RTS on or off. */
export const controlLine = (item: 'dtr' | 'rts', on: boolean): LineRequest => ({
  item,
  value: on,
  text: `${item.toUpperCase()} ${on ? 'on' : 'off'}`,
});

/** What to request of the server to get from one line to another; before is `undefined` if nothing was requested yet. */
export function requestsFor(line: Line, before: Line | undefined): LineRequest[] {
  const out: LineRequest[] = [];
  const { speed, databits, parity, stopbits, flow, inboundXoff } = line;
  // B0 drops the lines and leaves the speed, as the kernel's serial drivers do.
  if (speed === 0) {
    if (before?.speed !== 0) out.push(controlLine('dtr', false), controlLine('rts', false));
  } else {
    if (before?.speed === 0) out.push(controlLine('dtr', true), controlLine('rts', true));
    if (speed !== undefined && speed !== before?.speed) out.push({ item: 'speed', value: speed, text: `speed ${speed}` });
  }
  if (databits !== undefined && databits !== before?.databits) {
    out.push({ item: 'databits', value: databits, text: `${databits} data bits` });
  }
  if (parity !== undefined && parity !== before?.parity) {
    const value = PARITY_OF[parity];
    out.push({ item: 'parity', value, text: value === 'none' ? 'no parity' : `${value} parity` });
  }
  if (stopbits !== undefined && stopbits !== before?.stopbits) {
    out.push({ item: 'stopbits', value: stopbits, text: `${stopbits} stop bit${stopbits === 1 ? '' : 's'}` });
  }
  if (flow !== undefined && (flow !== before?.flow || (before.inboundXoff && !inboundXoff))) {
    out.push({ item: 'flow', value: flow, text: FLOW_NAMES[flow] });
  }
  if (inboundXoff && (before?.inboundXoff !== true || flow !== before.flow)) {
    out.push({ item: 'inboundFlow', value: 'xonxoff', text: 'inbound XON/XOFF' });
  }
  return out;
}

/** Whether an answer is what was asked for: a speed may be off by what dividers of a clock make of it. */
export const isHonoured = ({ item, value }: LineRequest, answer: LineRequest['value']): boolean =>
  item === 'speed' ? Math.abs(Number(answer) - value) <= value * 0.03 : answer === value;
