// Setting requests of RFC 2217 on an open line: what is done and what is answered. Answers are the values as asked for, not read
// back from the device, as ser2net 4.3.11 gives them. A device without modem lines (a pty, many USB modules) answers DTR and RTS
// as if it had them, and a break that is off is answered so: else clients such as pyserial give up.
import { SystemError } from '../../base/libc.ts';
import { PARITY_OF, type Queue, type SerialItem, type SerialSetting, type SerialState } from '../../base/serial.ts';
import type { Parity } from '../../options/serialdev.ts';
import type { LineRate, SerialAnswer, SerialControl } from '../gensio.ts';
import { TIOCM } from './modemstate.ts';
import type { Terminal } from './terminal.ts';
import type { LineSettings } from './termios.ts';

const MAX_SPEED = 0xffffffff;
const LETTERS = Object.keys(PARITY_OF) as Parity[];
const TIOCM_OF = { dtr: TIOCM.DTR, rts: TIOCM.RTS } as const;

/** The control of an open device. */
export class LineControl implements SerialControl {
  readonly #terminal: () => Terminal | undefined;
  readonly #watchErrors: (on: boolean) => void;
  #settings: LineSettings;
  #breaking = false;
  /** What was asked of lines the device does not have. */
  readonly #missing = { dtr: true, rts: true };

  /**
   * terminal: the open device; `undefined` while there is none, and then nothing is answered. settings: those of the configuration.
   * watchErrors: begins to report breaks and errors, or ends it.
   */
  constructor(settings: LineSettings, terminal: () => Terminal | undefined, watchErrors: (on: boolean) => void = () => undefined) {
    this.#settings = settings;
    this.#terminal = terminal;
    this.#watchErrors = watchErrors;
  }

  /** As last asked for. */
  get settings(): LineSettings {
    return this.#settings;
  }
  rate(): LineRate {
    const { speed, databits, stopbits, parity } = this.#settings;
    return { bps: speed, databits, stopbits, parity: parity !== 'N' };
  }

  get<K extends SerialItem>(item: K, done: SerialAnswer<K>): void {
    const terminal = this.#terminal();
    done(terminal && (this.#now(terminal, item) as SerialState[K] | null));
  }
  #now(terminal: Terminal, item: SerialItem): SerialState[SerialItem] | null {
    const { speed, databits, parity, stopbits, rtscts, xonxoff } = this.#settings;
    switch (item) {
      case 'speed':
        return speed;
      case 'databits':
        return databits;
      case 'parity':
        return PARITY_OF[parity];
      case 'stopbits':
        return stopbits;
      case 'flow':
        return rtscts ? 'rtscts' : xonxoff ? 'xonxoff' : 'none';
      case 'inboundFlow':
        // What ser2net 4.3.11 says of XON/XOFF.
        return xonxoff ? 'rtscts' : 'none';
      case 'break':
        return this.#breaking;
      case 'dtr':
      case 'rts': {
        const now = terminal.lines();
        if (!(now instanceof SystemError)) return (now & TIOCM_OF[item]) !== 0;
        return now.code === 'ENOTTY' ? this.#missing[item] : null;
      }
      default:
        return item satisfies never;
    }
  }

  set<K extends SerialItem>(item: K, value: SerialState[K], done: SerialAnswer<K>): void {
    const terminal = this.#terminal();
    if (terminal === undefined || !this.#take(terminal, { item, value } as SerialSetting)) done(undefined);
    else if (item === 'inboundFlow') this.get(item, done);
    else done(value);
  }
  /** false: it could not be done. */
  #take(terminal: Terminal, request: SerialSetting): boolean {
    const { item, value } = request;
    switch (item) {
      case 'speed':
        return value > 0 && value <= MAX_SPEED && this.#change(terminal, { speed: value });
      case 'databits':
        return (value === 5 || value === 6 || value === 7 || value === 8) && this.#change(terminal, { databits: value });
      case 'parity': {
        const parity = LETTERS.find((letter) => PARITY_OF[letter] === value);
        return parity !== undefined && this.#change(terminal, { parity });
      }
      case 'stopbits':
        return (value === 1 || value === 2) && this.#change(terminal, { stopbits: value });
      case 'flow':
        return this.#change(terminal, { xonxoff: value === 'xonxoff', rtscts: value === 'rtscts' });
      case 'inboundFlow':
        return true;
      case 'break': {
        const done = isDone(terminal.setBreak(value === true));
        if (done) this.#breaking = value === true;
        return done;
      }
      case 'dtr':
      case 'rts': {
        const err = terminal.setLine(item, value === true);
        if (err?.code === 'ENOTTY') this.#missing[item] = value === true;
        return isDone(err);
      }
      default:
        return item satisfies never;
    }
  }
  #change(terminal: Terminal, change: Partial<LineSettings>): boolean {
    if (Object.entries(change).every(([name, value]) => this.#settings[name as keyof LineSettings] === value)) return true;
    const settings = { ...this.#settings, ...change };
    if (terminal.change(settings) !== undefined) return false;
    this.#settings = settings;
    return true;
  }

  watchErrors(on: boolean): void {
    this.#watchErrors(on);
  }
  sendBreak(): void {
    this.#terminal()?.timedBreak();
  }
  purge(queue: Queue): void {
    this.#terminal()?.purge(queue === 'input' ? 'input' : 'both');
  }
}

/** What a device does not have counts as done. */
const isDone = (err: SystemError | undefined): boolean => err === undefined || err.code === 'ENOTTY';
