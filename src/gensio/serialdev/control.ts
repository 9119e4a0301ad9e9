// Setting requests of RFC 2217 on an open line: what is done and what is answered. Answers are the values as asked for, not read
// back from the device, as ser2net 4.3.11 gives them. A device without modem lines (a pty, many USB modules) answers DTR and RTS
// as if it had them, and a break that is off is answered so: else clients such as pyserial give up.
import { SystemError } from '../../base/libc.ts';
import type { Parity } from '../../options/serialdev.ts';
import type { LineRate, SerialControl, SerialSetting } from '../gensio.ts';
import { TIOCM } from './modemstate.ts';
import type { Terminal } from './terminal.ts';
import type { LineSettings } from './termios.ts';

/** SET-PARITY 1 to 5. */
const PARITIES: readonly Parity[] = ['N', 'O', 'E', 'M', 'S'];
/** SET-CONTROL, RFC 2217 s.3. */
const FLOW_ASK = 0;
const FLOW_NONE = 1;
const FLOW_XON = 2;
const FLOW_HARDWARE = 3;
const BREAK_ASK = 4;
const BREAK_ON = 5;
const BREAK_OFF = 6;
const DTR_ASK = 7;
const RTS_ASK = 10;
const INBOUND_FIRST = 13;
const INBOUND_NONE = 14;
const INBOUND_LAST = 19;
const INBOUND_DTR = 16;
const MAX_SPEED = 0xffffffff;

export class LineControl implements SerialControl {
  readonly #terminal: () => Terminal | undefined;
  #settings: LineSettings;
  #breaking = false;
  /** What was asked of lines the device does not have. */
  readonly #missing = { dtr: true, rts: true };

  /** terminal: the open device; undefined while there is none, and then nothing is answered. settings: those of the configuration. */
  constructor(settings: LineSettings, terminal: () => Terminal | undefined) {
    this.#settings = settings;
    this.#terminal = terminal;
  }

  /** As last asked for. */
  get settings(): LineSettings {
    return this.#settings;
  }
  rate(): LineRate {
    const { speed, databits, stopbits, parity } = this.#settings;
    return { bps: speed, databits, stopbits, parity: parity !== 'N' };
  }

  request(setting: SerialSetting, value: number, done: (value: number | undefined) => void): void {
    const terminal = this.#terminal();
    done(terminal && this.#answer(terminal, setting, value));
  }
  #answer(terminal: Terminal, setting: SerialSetting, value: number): number | undefined {
    const s = this.#settings;
    switch (setting) {
      case 'baudrate':
        if (value === 0) return s.speed;
        return value > 0 && value <= MAX_SPEED ? this.#change(terminal, { speed: value }, value) : undefined;
      case 'datasize':
        if (value === 0) return s.databits;
        return value === 5 || value === 6 || value === 7 || value === 8 ? this.#change(terminal, { databits: value }, value) : undefined;
      case 'parity': {
        if (value === 0) return PARITIES.indexOf(s.parity) + 1;
        const parity = PARITIES[value - 1];
        return parity && this.#change(terminal, { parity }, value);
      }
      case 'stopsize':
        if (value === 0) return s.stopbits;
        return value === 1 || value === 2 ? this.#change(terminal, { stopbits: value }, value) : undefined;
      case 'control':
        return this.#control(terminal, value);
      default:
        return setting satisfies never;
    }
  }
  #change(terminal: Terminal, change: Partial<LineSettings>, answer: number): number | undefined {
    const settings = { ...this.#settings, ...change };
    if (terminal.change(settings) !== undefined) return undefined;
    this.#settings = settings;
    return answer;
  }

  #control(terminal: Terminal, value: number): number | undefined {
    const { rtscts, xonxoff } = this.#settings;
    switch (value) {
      case FLOW_ASK:
        return rtscts ? FLOW_HARDWARE : xonxoff ? FLOW_XON : FLOW_NONE;
      case FLOW_NONE:
      case FLOW_XON:
      case FLOW_HARDWARE:
        return this.#change(terminal, { xonxoff: value === FLOW_XON, rtscts: value === FLOW_HARDWARE }, value);
      case BREAK_ASK:
        return this.#breaking ? BREAK_ON : BREAK_OFF;
      case BREAK_ON:
      case BREAK_OFF: {
        const err = terminal.setBreak(value === BREAK_ON);
        if (err !== undefined && err.code !== 'ENOTTY') return undefined;
        this.#breaking = value === BREAK_ON;
        return value;
      }
      case DTR_ASK:
      case DTR_ASK + 1:
      case DTR_ASK + 2:
        return this.#line(terminal, 'dtr', value, DTR_ASK, TIOCM.DTR);
      case RTS_ASK:
      case RTS_ASK + 1:
      case RTS_ASK + 2:
        return this.#line(terminal, 'rts', value, RTS_ASK, TIOCM.RTS);
      default:
        if (value < INBOUND_FIRST || value > INBOUND_LAST) return undefined;
        return xonxoff ? INBOUND_DTR : INBOUND_NONE;
    }
  }
  /** ask: base; on: base + 1, off: base + 2. */
  #line(terminal: Terminal, line: 'dtr' | 'rts', value: number, base: number, bit: number): number | undefined {
    const state = (on: boolean): number => base + (on ? 1 : 2);
    if (value !== base) {
      const err = terminal.setLine(line, value === base + 1);
      if (err?.code === 'ENOTTY') this.#missing[line] = value === base + 1;
      return err === undefined || err.code === 'ENOTTY' ? value : undefined;
    }
    const now = terminal.lines();
    if (!(now instanceof SystemError)) return state((now & bit) !== 0);
    return now.code === 'ENOTTY' ? state(this.#missing[line]) : base;
  }

  sendBreak(): void {
    this.#terminal()?.timedBreak();
  }
  purge(which: number): void {
    if (which === 1) this.#terminal()?.purge('in');
    else if (which === 2 || which === 3) this.#terminal()?.purge('both');
  }
  setLine(line: 'dtr' | 'rts', on: boolean): boolean {
    const terminal = this.#terminal();
    return terminal !== undefined && terminal.setLine(line, on) === undefined;
  }
}
