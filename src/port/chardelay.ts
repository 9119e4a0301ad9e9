// How long input from the device waits for more of it.
import type { LineRate } from '../gensio/gensio.ts';
import type { ConnectionOptions } from '../options/connection.ts';

/** What ser2net reckons with when it does not know better, which in 4.3.11 is always. */
export const DEFAULT_RATE: LineRate = { bps: 9600, databits: 8, stopbits: 1, parity: false };

type DelayOptions = Pick<ConnectionOptions, 'chardelay' | 'chardelayScale' | 'chardelayMin'>;

/** Milliseconds without further input before what there is goes out; 0: at once. Ser2net's formula, with the line's real speed. */
export function charDelay(options: DelayOptions, rate: LineRate): number {
  if (!options.chardelay) return 0;
  const bits = 1 + rate.databits + rate.stopbits + (rate.parity ? 1 : 0);
  const us = Math.floor((bits * 100000 * options.chardelayScale) / Math.max(1, rate.bps));
  return Math.max(us, options.chardelayMin) / 1000;
}
