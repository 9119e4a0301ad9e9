// What serialdev.ts needs of an open device: bytes both ways, and the line when it has one. tty.ts, char-device.ts and
// node-serialport.ts are the three ways to get it. Also the wait for output at close, which all of them share.
import { constants } from 'node:os';
import type { Clock, Timer } from '../../base/clock.ts';
import type { GensioError } from '../../base/gensio-error.ts';
import { type LineErrorCounts, SystemError } from '../../base/libc.ts';
import type { Gensio, GensioUp } from '../gensio.ts';
import type { LineSettings } from './termios.ts';

/** What a device tells its owner. */
export interface TerminalUp extends Pick<GensioUp, 'read' | 'writable'> {
  /** Once: it hung up, was pulled out or failed. close(false) is still to be called. */
  lost(err: GensioError): void;
}

/** Moving bytes, as a gensio does it. */
export interface ByteFlow extends Required<Pick<Gensio, 'write' | 'setReading' | 'detachBuffer' | 'bufferedBytes'>> {}

/** An open device. Calls give their error back and never wait. */
export interface Terminal extends ByteFlow {
  /** Everything at once; nothing is flushed (but in node-serialport.ts). */
  change(settings: LineSettings): SystemError | undefined;
  /** TIOCM bits. */
  lines(): number | SystemError;
  /** Breaks and errors the driver has counted. Absent where that cannot be asked. */
  lineErrors?(): LineErrorCounts | SystemError;
  /** Drives DTR or RTS. */
  setLine(line: 'dtr' | 'rts', on: boolean): SystemError | undefined;
  /** Turns a break on or off. */
  setBreak(on: boolean): SystemError | undefined;
  /** A break of a quarter of a second, begun at once. */
  timedBreak(): void;
  /** Throws away what waits in the queues of the device. */
  purge(queue: 'input' | 'both'): void;
  /** Once. wait: output first goes out, within the limits of the options. Puts back what was found; done when it is closed. */
  close(wait: boolean, done: () => void): void;
  /** Ends the wait of close(true). */
  endDrain(): void;
}

/** The error of a device that has no such thing. */
export const notATerminal = (call: string): SystemError => new SystemError(constants.errno.ENOTTY, call);

/** How long output may take at close, in milliseconds: in all, and without anything moving. Infinity: no limit. */
export interface DrainLimits {
  /** In all. */
  readonly totalMs: number;
  /** Since the last byte went out. */
  readonly idleMs: number;
}

/** How often the queues are looked at, as ser2net does. */
const LOOK_MS = 10;

/** Waits until nothing is left, nothing moves any more, or the time is up; then calls done, at once when there is no need to wait. empty: nothing is left. */
export class Drain {
  readonly #clock: Clock;
  readonly #limits: DrainLimits;
  readonly #left: () => readonly number[];
  readonly #began: number;
  #done: ((empty: boolean) => void) | undefined;
  #timer: Timer | undefined;
  #before = '';
  #moved: number;

  /** left: counts of what is still there, all 0 when nothing is; any change of any of them is movement. */
  constructor(clock: Clock, limits: DrainLimits, left: () => readonly number[], done: (empty: boolean) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#left = left;
    this.#done = done;
    this.#began = clock.now();
    this.#moved = this.#began;
    this.#look();
  }

  #look(): void {
    const left = this.#left();
    const now = this.#clock.now();
    if (left.join() !== this.#before) this.#moved = now;
    this.#before = left.join();
    if (left.every((count) => count === 0)) this.#end(true);
    else if (now - this.#moved >= this.#limits.idleMs || now - this.#began >= this.#limits.totalMs) {
      this.stop();
    } else this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
  }

  /** Waits no longer. Harmless when it is over. */
  stop(): void {
    this.#end(false);
  }
  #end(empty: boolean): void {
    this.#timer?.cancel();
    const done = this.#done;
    this.#done = undefined;
    done?.(empty);
  }
}
