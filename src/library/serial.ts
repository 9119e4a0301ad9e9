// Control of the serial port at the other end of a stream, in words instead of RFC 2217's numbers.
import { EventEmitter } from 'node:events';
import { GensioError } from '../base/gensio-error.ts';
import type { GensioEvent, SerialControl, SerialSetting } from '../gensio/gensio.ts';
import { type LineState, lineState, type ModemState, modemState } from './modem-state.ts';

export type SerialParity = 'none' | 'odd' | 'even' | 'mark' | 'space';
export type SerialFlow = 'none' | 'xonxoff' | 'rtscts';

/** How a line is set. */
export interface SerialSettings {
  /** Bits a second. */
  readonly speed: number;
  readonly databits: 5 | 6 | 7 | 8;
  readonly parity: SerialParity;
  readonly stopbits: 1 | 1.5 | 2;
  readonly flow: SerialFlow;
}

/** Lines this end drives. */
export interface SerialLines {
  readonly dtr: boolean;
  readonly rts: boolean;
  /** A break is being sent. */
  readonly break: boolean;
}

export interface SerialEvents {
  modemstate: [state: ModemState];
  linestate: [state: LineState];
}

type Words<T> = readonly (readonly [number, T])[];
// The values of RFC 2217 section 3.
const PARITIES: Words<SerialParity> = [
  [1, 'none'],
  [2, 'odd'],
  [3, 'even'],
  [4, 'mark'],
  [5, 'space'],
];
const STOPBITS: Words<SerialSettings['stopbits']> = [
  [1, 1],
  [2, 2],
  [3, 1.5],
];
const FLOWS: Words<SerialFlow> = [
  [1, 'none'],
  [2, 'xonxoff'],
  [3, 'rtscts'],
];
const BITS: Words<SerialSettings['databits']> = [
  [5, 5],
  [6, 6],
  [7, 7],
  [8, 8],
];
/** SET-CONTROL: ask; the next value is on, the one behind it off. */
const LINE_BASE: Readonly<Record<keyof SerialLines, number>> = { break: 4, dtr: 7, rts: 10 };
const PURGE = { input: 1, output: 2, both: 3 } as const;

function word<T>(words: Words<T>, value: number): T {
  const found = words.find(([number]) => number === value);
  if (found === undefined) throw new GensioError('protoerr', `the far end answered with ${value}`);
  return found[1];
}
const numberOf = <T>(words: Words<T>, value: T): number => words.find(([, each]) => each === value)?.[0] ?? -1;

/** The serial port at the far end. Requests are answered one after the other; each may take up to five seconds. */
export class GensioSerial extends EventEmitter<SerialEvents> {
  readonly #control: SerialControl;
  #modem: ModemState | undefined;

  /** Programs get one from a stream. */
  constructor(control: SerialControl) {
    super();
    this.#control = control;
  }

  /** What the far end reported last; undefined: nothing yet. */
  get modemState(): ModemState | undefined {
    return this.#modem;
  }

  /** The settings in force. @throws GensioError timedout: no answer; notsup: it cannot be asked */
  async get(): Promise<SerialSettings> {
    const [speed, databits, parity, stopbits, flow] = await Promise.all([
      this.#ask('baudrate', 0, 0),
      this.#ask('datasize', 0, 0),
      this.#ask('parity', 0, 0),
      this.#ask('stopsize', 0, 0),
      this.#ask('control', 0, 0),
    ]);
    return {
      speed,
      databits: word(BITS, databits),
      parity: word(PARITIES, parity),
      stopbits: word(STOPBITS, stopbits),
      flow: word(FLOWS, flow),
    };
  }

  /**
   * Changes what is given and leaves the rest. @throws GensioError timedout: no answer; notsup: it cannot be asked; outofrange: the
   * far end has another value in force than the one asked for; inval: no such value
   */
  async set({ speed, databits, parity, stopbits, flow }: Partial<SerialSettings>): Promise<void> {
    await Promise.all([
      speed !== undefined && this.#change('baudrate', speed),
      databits !== undefined && this.#change('datasize', numberOf(BITS, databits)),
      parity !== undefined && this.#change('parity', numberOf(PARITIES, parity)),
      stopbits !== undefined && this.#change('stopsize', numberOf(STOPBITS, stopbits)),
      flow !== undefined && this.#change('control', numberOf(FLOWS, flow)),
    ]);
  }

  /** DTR, RTS and break as they are driven. @throws GensioError as get() */
  async getLines(): Promise<SerialLines> {
    const ask = async (line: keyof SerialLines): Promise<boolean> => {
      const base = LINE_BASE[line];
      return (await this.#ask('control', base, base)) === base + 1;
    };
    const [dtr, rts, brk] = await Promise.all([ask('dtr'), ask('rts'), ask('break')]);
    return { dtr, rts, break: brk };
  }

  /** Drives lines, in the order dtr, rts, break. @throws GensioError as set() */
  async setLines(lines: Partial<SerialLines>): Promise<void> {
    const names = ['dtr', 'rts', 'break'] as const;
    await Promise.all(
      names.map((name) => {
        const on = lines[name];
        return on === undefined ? undefined : this.#change('control', LINE_BASE[name] + (on ? 1 : 2));
      }),
    );
  }

  /** A break of the usual length. */
  sendBreak(): void {
    this.#control.sendBreak();
  }

  /** Throws away what waits in the queues of the far end. */
  purge(which: 'input' | 'output' | 'both' = 'both'): void {
    this.#control.purge(PURGE[which]);
  }

  /** Programs have no need of it: the stream hands in what its layers say. */
  received(event: GensioEvent): void {
    if (event.on === 'modemstate') {
      this.#modem = modemState(event.state);
      this.emit('modemstate', this.#modem);
    } else if (event.on === 'linestate') this.emit('linestate', lineState(event.state));
  }

  /** none: the value that stands for no answer. */
  #ask(setting: SerialSetting, value: number, none: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#control.request(setting, value, (answer) => {
        if (answer === undefined) reject(new GensioError('notsup', `the far end cannot be asked for the ${setting}`));
        else if (answer === none) reject(new GensioError('timedout', `no answer about the ${setting}`));
        else resolve(answer);
      });
    });
  }

  async #change(setting: SerialSetting, value: number): Promise<void> {
    if (!Number.isInteger(value) || value < 1) throw new GensioError('inval', `not a ${setting}`);
    const none = setting !== 'control' ? 0 : value < 4 ? 0 : value < 7 ? 4 : value < 10 ? 7 : 10;
    const answer = await this.#ask(setting, value, none);
    if (answer !== value) throw new GensioError('outofrange', `the far end has ${setting} ${answer}, not ${value}`);
  }
}
