// A chip's JTAG port, driven by the characters of OpenOCD's remote_bitbang: one TAP with an instruction register of 5 bits, IDCODE,
// BYPASS, and a data register of 32 bits that keeps what is written to it.
import type { Line } from '../line.ts';

export const IDCODE = 0x1b900f0f;
/** The instruction that selects the data register. */
export const DATA = 0x08;

/** Where TMS 0 and TMS 1 lead from each state. */
const NEXT = {
  reset: ['idle', 'reset'],
  idle: ['idle', 'selectDr'],
  selectDr: ['captureDr', 'selectIr'],
  captureDr: ['shiftDr', 'exit1Dr'],
  shiftDr: ['shiftDr', 'exit1Dr'],
  exit1Dr: ['pauseDr', 'updateDr'],
  pauseDr: ['pauseDr', 'exit2Dr'],
  exit2Dr: ['shiftDr', 'updateDr'],
  updateDr: ['idle', 'selectDr'],
  selectIr: ['captureIr', 'reset'],
  captureIr: ['shiftIr', 'exit1Ir'],
  shiftIr: ['shiftIr', 'exit1Ir'],
  exit1Ir: ['pauseIr', 'updateIr'],
  pauseIr: ['pauseIr', 'exit2Ir'],
  exit2Ir: ['shiftIr', 'updateIr'],
  updateIr: ['idle', 'selectDr'],
} as const;
const IR_BITS = 5;
const IR_IDCODE = 1;

export interface Tap {
  /** The data register. */
  data: number;
  /** Edges of the clock. */
  clocks: number;
  /** The program said that it leaves. */
  left: boolean;
}

export function tap(line: Line): Tap {
  const seen: Tap = { data: 0x12345678, clocks: 0, left: false };
  let state: keyof typeof NEXT = 'reset';
  let instruction = IR_IDCODE;
  let bits = 0;
  let shift = 0;
  let clock = false;
  let out = 0;

  const edge = (tms: 0 | 1, tdi: number): void => {
    seen.clocks++;
    if (state === 'captureIr') [shift, bits] = [1, IR_BITS];
    if (state === 'captureDr' && instruction === IR_IDCODE) [shift, bits] = [IDCODE, 32];
    else if (state === 'captureDr' && instruction === DATA) [shift, bits] = [seen.data, 32];
    else if (state === 'captureDr') [shift, bits] = [0, 1];
    if (state === 'shiftDr' || state === 'shiftIr') shift = ((shift >>> 1) | (tdi << (bits - 1))) >>> 0;
    state = NEXT[state][tms];
    if (state === 'reset') instruction = IR_IDCODE;
    if (state === 'updateIr') instruction = shift;
    if (state === 'updateDr' && instruction === DATA) seen.data = shift;
  };
  line.onData = (data) => {
    let answer = '';
    for (const byte of data) {
      const char = String.fromCharCode(byte);
      if (char >= '0' && char <= '7') {
        const value = byte & 7;
        const rising = !clock && (value & 4) !== 0;
        // The output changes on the falling edge.
        if (clock && (value & 4) === 0) out = shift & 1;
        clock = (value & 4) !== 0;
        if (rising) edge(((value >> 1) & 1) as 0 | 1, value & 1);
      } else if (char === 'R') answer += out;
      else if (char === 'Q') seen.left = true;
    }
    if (answer !== '') line.send(answer);
  };
  return seen;
}
