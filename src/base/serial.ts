// A serial port in plain words: what can be asked and set, its lines, queues and states. The numbers RFC 2217 has for them are known
// to gensio/telnet/com-port.ts alone, termios's to gensio/serialdev/termios.ts.

/** Parity of each character. */
export type SerialParity = 'none' | 'odd' | 'even' | 'mark' | 'space';
/** Flow control. */
export type SerialFlow = 'none' | 'xonxoff' | 'rtscts';

/** How a line is set. */
export interface SerialSettings {
  /** Bits per second, 1 to 4294967295. */
  readonly speed: number;
  /** Data bits per character. */
  readonly databits: 5 | 6 | 7 | 8;
  /** The parity bit of each character. */
  readonly parity: SerialParity;
  /** Stop bits after each character. */
  readonly stopbits: 1 | 1.5 | 2;
  /** Flow control of what is sent, and of what is received unless that is set by itself. */
  readonly flow: SerialFlow;
}

/** Lines this end drives; true is on. */
export interface SerialLines {
  /** Data terminal ready. */
  readonly dtr: boolean;
  /** Request to send. */
  readonly rts: boolean;
  /** A break is being sent. */
  readonly break: boolean;
}

/** Everything of a serial port that can be asked and set, one by one. */
export interface SerialState extends Omit<SerialSettings, 'databits'>, SerialLines {
  /** Data bits as asked for, which may be a number no port has: then there is no answer. */
  readonly databits: number;
  /** Flow control of what is received. */
  readonly inboundFlow: SerialFlow | 'dcd' | 'dtr' | 'dsr';
}
/** One of them. */
export type SerialItem = keyof SerialState;
/** One of them with a value. */
export type SerialSetting = { readonly [K in SerialItem]: { readonly item: K; readonly value: SerialState[K] } }[SerialItem];
/** Sets one of them; a value `undefined` asks for the one in force. */
export type SerialRequest = SerialSetting | { readonly item: SerialItem; readonly value: undefined };
/** The parity of each letter in ser2net's line settings. */
export const PARITY_OF = { N: 'none', O: 'odd', E: 'even', M: 'mark', S: 'space' } as const satisfies Readonly<
  Record<string, SerialParity>
>;

/** A queue of the device: what came in, what is to go out, or both. */
export type Queue = 'input' | 'output' | 'both';

/** The modem lines a device reports. */
export type ModemLine = 'cts' | 'dsr' | 'ri' | 'cd';
/** Their bits in a modem state: those of a UART's modem status register. The same bits four lower say which of them changed. */
export const MODEM_BITS = { cts: 0x10, dsr: 0x20, ri: 0x40, cd: 0x80 } as const satisfies Readonly<Record<ModemLine, number>>;
/** The bits of a modem state that say what changed. */
export const MODEM_CHANGES = 0x0f;
const MODEM_LINES = ['cts', 'dsr', 'ri', 'cd'] as const;

/** The lines a device reports: true is on. */
export interface ModemState {
  /** Clear to send. */
  readonly cts: boolean;
  /** Data set ready. */
  readonly dsr: boolean;
  /** Ring indicator. */
  readonly ri: boolean;
  /** Carrier detect. */
  readonly cd: boolean;
  /** Those that changed since the report before. */
  readonly changed: readonly ModemLine[];
}
/** A modem state by name. */
export const modemState = (bits: number): ModemState => ({
  cts: (bits & MODEM_BITS.cts) !== 0,
  dsr: (bits & MODEM_BITS.dsr) !== 0,
  ri: (bits & MODEM_BITS.ri) !== 0,
  cd: (bits & MODEM_BITS.cd) !== 0,
  changed: MODEM_LINES.filter((line) => (bits & (MODEM_BITS[line] >> 4)) !== 0),
});

/** Errors on the line since the report before, and a break that was received. */
export interface LineState {
  /** Characters were lost because nobody took them in time. */
  readonly overrun: boolean;
  /** A character had the wrong parity. */
  readonly parity: boolean;
  /** A character had no stop bit. */
  readonly framing: boolean;
  /** A break was received. */
  readonly break: boolean;
}
/** Their bits in a line state: those of a UART's line status register. */
export const LINE_BITS = { overrun: 0x02, parity: 0x04, framing: 0x08, break: 0x10 } as const satisfies Readonly<
  Record<keyof LineState, number>
>;
/** A line state by name. */
export const lineState = (bits: number): LineState => ({
  overrun: (bits & LINE_BITS.overrun) !== 0,
  parity: (bits & LINE_BITS.parity) !== 0,
  framing: (bits & LINE_BITS.framing) !== 0,
  break: (bits & LINE_BITS.break) !== 0,
});
