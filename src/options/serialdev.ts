// The options of the serialdev layer: those in parentheses, and the line parameters after the device.
import { bool, cNumber, type Kind, maybe, size, str } from './kind.ts';
import { type DefaultKey, row } from './row.ts';

/** A count of 10 ms steps, or off for no limit. */
const steps: Kind<number | 'off'> = {
  name: 'off|n',
  parse: (text) => {
    const n = text === 'off' ? 'off' : cNumber(text);
    return n === undefined || (n !== 'off' && n < 0) ? { expected: 'off or a number of hundredths of a second' } : { ok: n };
  },
  print: String,
};

/** The options of the layer serialdev, in parentheses after its name. */
export const SERIALDEV = {
  readbuf: row({ yaml: 'readbuf', kind: size, def: 1024, since: '1.0', doc: 'Ignored; accepted so that existing files still load.' }),
  drainTime: row({
    yaml: 'drain_time',
    kind: steps,
    def: 'off',
    since: '2.3.3',
    defaultKey: { name: 'drain_time', min: -1, max: 0x7fffffff },
    doc: 'At close, wait at most this many hundredths of a second for the output to drain.',
  }),
  charDrainWait: row({
    yaml: 'char_drain_wait',
    kind: steps,
    def: 50,
    since: '2.3.3',
    defaultKey: { name: 'char_drain_wait', min: -1, max: 0x7fffffff },
    doc: 'At close, stop waiting after this many hundredths of a second in which nothing went out.',
  }),
  nouucplock: row({
    yaml: 'nouucplock',
    kind: maybe(bool),
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'nouucplock' },
    doc: 'Create no UUCP lock file for the device; false creates one even for a pseudo-terminal.',
  }),
  uucplock: row({
    yaml: 'uucplock',
    kind: maybe(bool),
    def: undefined,
    since: '2.7.0',
    defaultKey: { name: 'uucplock' },
    doc: 'Create a UUCP lock file for the device.',
  }),
  flock: row({
    yaml: 'flock',
    kind: bool,
    def: true,
    since: '2.7.0',
    defaultKey: { name: 'flock' },
    doc: 'Lock the open device with flock and exclusive mode. A pseudo-terminal is never locked so unless this is given.',
  }),
  custspeed: row({
    yaml: 'custspeed',
    kind: bool,
    def: false,
    since: '1.3.2',
    defaultKey: { name: 'custspeed' },
    doc: 'Ignored; accepted so that existing files still load.',
  }),
  wronly: row({ yaml: 'wronly', kind: bool, def: false, since: '2.6.7', doc: 'Open for writing only.' }),
  rdonly: row({ yaml: 'rdonly', kind: bool, def: false, since: '2.6.7', doc: 'Open for reading only.' }),
} as const;

/** None, even, odd, mark, space, as a line is written: `9600n81`. */
export type Parity = 'N' | 'E' | 'O' | 'M' | 'S';

/** Speed and frame; what is not written is not there. */
export interface LineSpeed {
  /** Bits a second, 10 or more. */
  readonly speed?: number;
  /** Absent if not written. */
  readonly parity?: Parity;
  /** Bits per character. */
  readonly databits?: 5 | 6 | 7 | 8;
  /** Stop bits. */
  readonly stopbits?: 1 | 2;
}

/** `9600`, `9600n81` and all between. */
const lineSpeed: Kind<LineSpeed> = {
  name: 'speed[neoms[5-8[12]]]',
  parse: (text) => {
    const m = /^([0-9]+)(?:([neoms])(?:([5-8])([12])?)?)?$/i.exec(text);
    if (m === null || Number(m[1]) < 10 || Number(m[1]) > 0x7fffffff) return { expected: 'a speed such as 9600 or 9600n81' };
    return {
      ok: {
        speed: Number(m[1]),
        ...(m[2] !== undefined && { parity: m[2].toUpperCase() as Parity }),
        ...(m[3] !== undefined && { databits: Number(m[3]) as 5 | 6 | 7 | 8 }),
        ...(m[4] !== undefined && { stopbits: Number(m[4]) as 1 | 2 }),
      },
    };
  },
  print: ({ speed, parity, databits, stopbits }) => [speed, parity, databits, stopbits].join(''),
};

const word = (yaml: string, since: string, doc: string, defaultKey: DefaultKey<boolean> = { name: yaml }) =>
  row({ conf: yaml, yaml, kind: bool, def: false, since, defaultKey, doc });
const modemLine = (yaml: 'dtr' | 'rts', doc: string) => row({ conf: yaml, yaml, kind: maybe(bool), def: undefined, since: '2.2.5', doc });

/** What may follow a device, separated by commas. The speed is a word of its own, or has its name before it. */
export const LINE = {
  speed: row({
    conf: 'speed',
    yaml: 'speed',
    kind: lineSpeed,
    def: { speed: 9600, parity: 'N', databits: 8, stopbits: 1 },
    since: '1.0',
    defaultKey: { name: 'speed' },
    doc: 'Bits per second, optionally followed by parity (none, even, odd, mark, space), data bits and stop bits. May be given without its name.',
  }),
  xonxoff: word('xonxoff', '1.0', 'Flow control by XON and XOFF characters.'),
  rtscts: word('rtscts', '1.0', 'Flow control by the lines RTS and CTS.'),
  local: word('local', '1.0', 'Ignore the modem lines (CLOCAL).'),
  hangupWhenDone: word('hangup-when-done', '1.0', 'Drop the modem lines when the device is closed.', {
    name: 'hangup_when_done',
    alias: 'hangup-when-done',
  }),
  nobreak: word('nobreak', '1.0', 'Do not clear a break at opening, for drivers that cannot.'),
  wronly: row({ conf: 'wronly', yaml: 'wronly', kind: bool, def: false, since: '1.0', doc: 'Open for writing only, as for a printer.' }),
  dtr: modemLine('dtr', 'State of DTR after the device was opened. Default: left alone.'),
  rts: modemLine('rts', 'State of RTS, as dtr.'),
  rs485: row({
    conf: 'rs485',
    yaml: 'rs485',
    kind: str,
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'rs485' },
    doc: 'RS-485: delay before and after sending in ms, then words of rts_on_send, rts_after_send, rx_during_tx, terminate_bus, all separated by colons, as in 1:1:rts_on_send.',
  }),
} as const;

/** What the words after the device ask of the line. `undefined` leaves a thing as found. */
export interface SerialLine {
  /** Bits a second, 10 or more. */
  readonly speed: number;
  /** None, even, odd, mark or space. */
  readonly parity: Parity;
  /** Bits per character. */
  readonly databits: 5 | 6 | 7 | 8;
  /** Stop bits. */
  readonly stopbits: 1 | 2;
  /** Flow control by XON and XOFF, in both directions. */
  readonly xonxoff: boolean;
  /** Flow control by RTS and CTS. */
  readonly rtscts: boolean;
  /** CLOCAL: do not look at the modem lines. */
  readonly local: boolean;
  /** HUPCL: DTR and RTS are dropped when the device is closed. */
  readonly hangupWhenDone: boolean;
  /** A break is not cleared when the device is opened. */
  readonly nobreak: boolean;
  /** dtr= and rts= in the order given. */
  readonly lines: readonly { readonly line: 'dtr' | 'rts'; readonly on: boolean }[];
  /** `before:after[:word...]`, checked when the device is opened. */
  readonly rs485: string | undefined;
  /** The device is opened for writing only. */
  readonly wronly: boolean;
}
