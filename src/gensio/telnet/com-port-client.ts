// RFC 2217 as the end that wants to drive a serial port elsewhere: requests go out, answers of the server find the request they belong
// to. Sends no masks, no signature and nothing of its own (ser2net 4.3.11).
import type { Clock, Timer } from '../../base/clock.ts';
import type { GensioEvent, SerialControl, SerialSetting } from '../gensio.ts';
import { comPortMessage, REPLY, SETTING_CODES, SETTINGS, settingBytes, speedOfCisco } from './com-port.ts';
import { BRK, COM_PORT_COMMANDS as C, IAC } from './names.ts';

/** How long an answer may take before the request counts as answered with nothing (gensio 2.6.2). */
const ANSWER_MS = 5000;
/** Requests that may wait for answers at a time; more are dropped. */
const MAX_REQUESTS = 256;

/** Values of one kind: a request with one of them is answered with one of them. */
interface Range {
  readonly min: number;
  readonly max: number;
}
/** SET-CONTROL is five settings in one: outbound flow, break, DTR, RTS, inbound flow. */
const RANGES: Readonly<Record<SerialSetting, readonly Range[]>> = {
  baudrate: [{ min: 0, max: 0xffffffff }],
  datasize: [{ min: 0, max: 8 }],
  parity: [{ min: 0, max: 5 }],
  stopsize: [{ min: 0, max: 3 }],
  control: [
    { min: 0, max: 3 },
    { min: 4, max: 6 },
    { min: 7, max: 9 },
    { min: 10, max: 12 },
    { min: 13, max: 19 },
  ],
};
const LINE_ON = { dtr: 8, rts: 11 } as const;

interface Request {
  readonly setting: SerialSetting;
  readonly range: Range;
  readonly due: number;
  readonly done: (value: number | undefined) => void;
}

export interface ComPortClientOut {
  send(bytes: Buffer): void;
  emit(event: GensioEvent): void;
}

export class ComPortClient implements SerialControl {
  readonly #out: ComPortClientOut;
  readonly #clock: Clock;
  /** In the order they were sent, which is the order they come due. */
  #waiting: Request[] = [];
  #timer: Timer | undefined;
  /** The server sent a speed in one byte, as Cisco IOS does: it gets them so. */
  #cisco = false;
  /** The server agreed to COM-PORT-OPTION; while it has not, requests are dropped and nobody is answered. */
  agreed = false;

  constructor(out: ComPortClientOut, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
  }

  request(setting: SerialSetting, value: number, done: (value: number | undefined) => void): void {
    const range = RANGES[setting].find(({ min, max }) => value >= min && value <= max);
    if (!this.agreed || range === undefined || this.#waiting.length >= MAX_REQUESTS) {
      done(undefined);
      return;
    }
    this.#waiting.push({ setting, range, due: this.#clock.now() + ANSWER_MS, done });
    this.#timer ??= this.#clock.after(ANSWER_MS, () => this.#expire());
    this.#out.send(comPortMessage(SETTING_CODES[setting], settingBytes(setting, value, this.#cisco)));
  }

  sendBreak(): void {
    this.#out.send(Buffer.of(IAC, BRK));
  }

  purge(which: number): void {
    if (this.agreed) this.#out.send(comPortMessage(C['PURGE-DATA'], [which & 255]));
  }

  setLine(line: 'dtr' | 'rts', on: boolean): boolean {
    if (!this.agreed) return false;
    this.request('control', on ? LINE_ON[line] : LINE_ON[line] + 1, () => undefined);
    return true;
  }

  /** What the server sent, from its option byte on. */
  received(bytes: Buffer): void {
    const code = (bytes[1] ?? 0) - REPLY;
    const value = bytes[2];
    if (code < 0 || value === undefined) return;
    if (code === C['NOTIFY-MODEMSTATE']) this.#out.emit({ on: 'modemstate', state: value });
    else if (code === C['NOTIFY-LINESTATE']) this.#out.emit({ on: 'linestate', state: value });
    else if (code !== C['SET-BAUDRATE']) this.#answer(SETTINGS[code], value);
    else if (bytes.length >= 6) this.#answer('baudrate', bytes.readUInt32BE(2));
    else {
      this.#cisco = true;
      this.#answer('baudrate', speedOfCisco(value));
    }
  }

  /** Finishes the oldest request it can belong to; one that belongs to none (late, twice) is dropped. */
  #answer(setting: SerialSetting | undefined, value: number): void {
    const at = this.#waiting.findIndex((r) => r.setting === setting && value >= r.range.min && value <= r.range.max);
    if (at < 0) return;
    const [request] = this.#waiting.splice(at, 1);
    if (this.#waiting.length === 0) this.#stopTimer();
    request!.done(value);
  }

  /** The lowest value of its kind stands for no answer: 0, or for a line its question (ser2net 4.3.11). */
  #expire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const next = this.#waiting.findIndex((r) => r.due > now);
    const late = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next);
    const first = this.#waiting[0];
    if (first !== undefined) this.#timer = this.#clock.after(first.due - now, () => this.#expire());
    for (const { done, range } of late) done(range.min);
  }

  /** The connection is gone: what waits gets no value. */
  closed(): void {
    this.agreed = false;
    this.#stopTimer();
    for (const { done } of this.#waiting.splice(0)) done(undefined);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
