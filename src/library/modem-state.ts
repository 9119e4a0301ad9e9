// Modem and line states as RFC 2217 numbers them, by name.

export type ModemLine = 'cts' | 'dsr' | 'ri' | 'cd';

/** The lines a device reports: true is on. */
export interface ModemState {
  readonly cts: boolean;
  readonly dsr: boolean;
  readonly ri: boolean;
  readonly cd: boolean;
  /** Those that changed since the report before. */
  readonly changed: readonly ModemLine[];
}

/** Errors on the line since the report before, and a break that was received. */
export interface LineState {
  readonly overrun: boolean;
  readonly parity: boolean;
  readonly framing: boolean;
  readonly break: boolean;
}

const LINES: readonly ModemLine[] = ['cts', 'dsr', 'ri', 'cd'];

/** From the byte of NOTIFY-MODEMSTATE: states in the high four bits, changes in the low four. */
export const modemState = (byte: number): ModemState => ({
  cts: (byte & 0x10) !== 0,
  dsr: (byte & 0x20) !== 0,
  ri: (byte & 0x40) !== 0,
  cd: (byte & 0x80) !== 0,
  changed: LINES.filter((_, bit) => (byte & (1 << bit)) !== 0),
});

/** From the byte of NOTIFY-LINESTATE. */
export const lineState = (byte: number): LineState => ({
  overrun: (byte & 0x02) !== 0,
  parity: (byte & 0x04) !== 0,
  framing: (byte & 0x08) !== 0,
  break: (byte & 0x10) !== 0,
});
