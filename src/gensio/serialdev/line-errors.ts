// Breaks and errors of reception, as NOTIFY-LINESTATE (RFC 2217) tells them. The drivers of serial ports count them (TIOCGICOUNT); the
// counts are looked at while somebody has asked for them, and not at all otherwise. No byte of data is touched: PARMRK, which marks the
// place in the data, would have to be searched for in each byte.
import type { Clock, Timer } from '../../base/clock.ts';
import { type LineErrorCounts, SystemError } from '../../base/libc.ts';
import { LINE_BITS } from '../../base/serial.ts';

/** How often the counts are looked at, ms. */
const LOOK_MS = 100;

/** A device under watch, from now until stop(). What was counted before is not told. */
export class LineErrorWatch {
  readonly #clock: Clock;
  readonly #look: () => LineErrorCounts | SystemError;
  readonly #report: (state: number) => void;
  #before: LineErrorCounts | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  /** look: the counts, or why there are none, which ends the watch. report: LINE_BITS of what was counted since the look before. */
  constructor(clock: Clock, look: () => LineErrorCounts | SystemError, report: (state: number) => void) {
    this.#clock = clock;
    this.#look = look;
    this.#report = report;
    this.#again();
  }
  /** Ends the watch. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #again(): void {
    const now = this.#look();
    if (now instanceof SystemError) return;
    const before = this.#before;
    this.#before = now;
    const names = Object.keys(LINE_BITS) as (keyof typeof LINE_BITS)[];
    const state = before === undefined ? 0 : names.reduce((bits, name) => (now[name] === before[name] ? bits : bits | LINE_BITS[name]), 0);
    if (state !== 0) this.#report(state);
    if (!this.#stopped) this.#timer = this.#clock.after(LOOK_MS, () => this.#again());
  }
}
