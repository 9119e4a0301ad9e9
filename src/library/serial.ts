// Control of the serial port at the other end of a stream, in words instead of RFC 2217's numbers.
import { EventEmitter } from 'node:events';
import { nextMicrotask } from '../base/fault-domain.ts';
import { GensioError } from '../base/gensio-error.ts';
import {
  type LineState,
  lineState,
  type ModemState,
  modemState,
  type Queue,
  type SerialItem,
  type SerialLines,
  type SerialSettings,
  type SerialState,
} from '../base/serial.ts';
import type { GensioEvent, SerialAnswer, SerialControl } from '../gensio/gensio.ts';

/** What a serial port tells by itself. */
export interface SerialEvents {
  /** A modem line has changed. */
  modemstate: [state: ModemState];
  /** A break, or an error of reception. */
  linestate: [state: LineState];
}

const SIZES = [5, 6, 7, 8] as const;

/** The serial port at the peer. Requests are answered one after the other; each may take up to five seconds. */
export class GensioSerial extends EventEmitter<SerialEvents> {
  readonly #control: SerialControl;
  readonly #end: () => GensioError | undefined;
  #modem: ModemState | undefined;

  /** Programs get one from a stream. end: why nothing can be asked any more; `undefined` while something can. */
  constructor(control: SerialControl, end: () => GensioError | undefined = () => undefined) {
    super();
    this.#control = control;
    this.#end = end;
  }

  /** What the server reported last; `undefined` before its first report. */
  get modemState(): ModemState | undefined {
    return this.#modem;
  }

  /**
   * The settings in force. @throws GensioError timedout: no answer; notsup: it cannot be asked; localclosed, remclose or what went wrong:
   * the stream is over, or ends before the answer
   */
  async get(): Promise<SerialSettings> {
    const [speed, size, parity, stopbits, flow] = await Promise.all([
      this.#get('speed'),
      this.#get('databits'),
      this.#get('parity'),
      this.#get('stopbits'),
      this.#get('flow'),
    ]);
    const databits = SIZES.find((n) => n === size);
    if (databits === undefined) throw new GensioError('protoerr', `the server answered with ${size} data bits`);
    return { speed, databits, parity, stopbits, flow };
  }

  /**
   * Changes what is given and leaves the rest. @throws GensioError timedout: no answer; notsup: it cannot be asked; outofrange: the
   * server has another value in force than the one asked for; inval: no such value
   */
  async set(settings: Partial<SerialSettings>): Promise<void> {
    await this.#setAll(['speed', 'databits', 'parity', 'stopbits', 'flow'], settings);
  }

  /** DTR, RTS and break as they are driven. @throws GensioError as get() */
  async getLines(): Promise<SerialLines> {
    const [dtr, rts, brk] = await Promise.all([this.#get('dtr'), this.#get('rts'), this.#get('break')]);
    return { dtr, rts, break: brk };
  }

  /** Drives lines, in the order dtr, rts, break. @throws GensioError as set() */
  async setLines(lines: Partial<SerialLines>): Promise<void> {
    await this.#setAll(['dtr', 'rts', 'break'], lines);
  }

  /** A break of the usual length. */
  sendBreak(): void {
    this.#control.sendBreak();
  }

  /** Throws away what waits in the queues of the peer. */
  purge(queue: Queue = 'both'): void {
    this.#control.purge(queue);
  }

  /** Programs have no need of it: the stream hands in what its layers say. */
  received(event: GensioEvent): void {
    if (event.on === 'modemstate') {
      this.#modem = modemState(event.state);
      this.emit('modemstate', this.#modem);
    } else if (event.on === 'linestate') this.emit('linestate', lineState(event.state));
  }

  #get<K extends SerialItem>(item: K): Promise<SerialState[K]> {
    return this.#answer(item, (answered) => this.#control.get(item, answered));
  }
  async #setAll<K extends SerialItem>(items: readonly K[], values: { readonly [I in K]?: SerialState[I] | undefined }): Promise<void> {
    await Promise.all(
      items.map(async (item) => {
        const value = values[item];
        if (value === undefined) return;
        if (!isPossible(item, value)) throw new GensioError('inval', `no ${item} is ${String(value)}`);
        const now = await this.#answer(item, (answered) => this.#control.set(item, value, answered));
        // ser2net 4.3.11 answers that the break is on, always.
        if (now !== value && item !== 'break')
          throw new GensioError('outofrange', `the server has ${item} ${String(now)}, not ${String(value)}`);
      }),
    );
  }
  #answer<K extends SerialItem>(item: K, ask: (answered: SerialAnswer<K>) => void): Promise<SerialState[K]> {
    return new Promise((resolve, reject) => {
      const over = this.#end();
      if (over !== undefined) return reject(over);
      const refuse = (): void => reject(this.#end() ?? new GensioError('notsup', `the server cannot be asked for the ${item}`));
      let asking = true;
      ask((value) => {
        // Not at once: the connection may be lost, of which its stream hears next.
        if (value === undefined) asking ? refuse() : nextMicrotask(refuse);
        else if (value === null) reject(new GensioError('timedout', `no answer about the ${item}`));
        else resolve(value);
      });
      asking = false;
    });
  }
}

/** Programs may not be typed: words that do not exist, and numbers that no port has. */
const WORDS: Partial<Record<SerialItem, readonly unknown[]>> = {
  databits: SIZES,
  parity: ['none', 'odd', 'even', 'mark', 'space'],
  stopbits: [1, 1.5, 2],
  flow: ['none', 'xonxoff', 'rtscts'],
};
const isPossible = (item: SerialItem, value: unknown): boolean =>
  item === 'speed' ? Number.isInteger(value) && Number(value) >= 1 : (WORDS[item]?.includes(value) ?? typeof value === 'boolean');
