// RFC 2217 as the end with the serial port (an access server): requests of the peer become events, answers go out with code + 100.
// Which values a device takes is not known here: the device decides, and who gives no answer sends none.
import { MODEM_CHANGES, type Queue, type SerialItem, type SerialRequest, type SerialState } from '../../base/serial.ts';
import type { ComPort, GensioEvent } from '../gensio.ts';
import { subnegotiation } from './codec.ts';
import { COM_PORT_COMMANDS as C, COM_PORT_OPTION } from './names.ts';

/** A server's codes are so much higher than a client's. */
export const REPLY = 100 as const;
/** PURGE-DATA 1 to 3. */
const QUEUES: readonly (Queue | undefined)[] = [undefined, 'input', 'output', 'both'];
/** The value of PURGE-DATA for a queue. */
export const purgeNumber = (queue: Queue): number => QUEUES.indexOf(queue);

/** How an item of the serial port is asked for and set. */
interface Numbers {
  /** A client's code. */
  readonly code: number;
  /** Asks, and in an answer says that there is none. SET-CONTROL is five settings in one: this is how they are told apart. */
  readonly ask: number;
  /** The values from ask + 1 on. Absent: the number itself, up to max. */
  readonly words?: readonly (string | number | boolean)[];
  readonly max?: number;
}
const ON_OFF = [true, false];
const NUMBERS: Readonly<Record<SerialItem, Numbers>> = {
  speed: { code: C['SET-BAUDRATE'], ask: 0, max: 0xffffffff },
  databits: { code: C['SET-DATASIZE'], ask: 0, max: 8 },
  parity: { code: C['SET-PARITY'], ask: 0, words: ['none', 'odd', 'even', 'mark', 'space'] },
  stopbits: { code: C['SET-STOPSIZE'], ask: 0, words: [1, 2, 1.5] },
  flow: { code: C['SET-CONTROL'], ask: 0, words: ['none', 'xonxoff', 'rtscts'] },
  break: { code: C['SET-CONTROL'], ask: 4, words: ON_OFF },
  dtr: { code: C['SET-CONTROL'], ask: 7, words: ON_OFF },
  rts: { code: C['SET-CONTROL'], ask: 10, words: ON_OFF },
  inboundFlow: { code: C['SET-CONTROL'], ask: 13, words: ['none', 'xonxoff', 'rtscts', 'dcd', 'dtr', 'dsr'] },
};
const ITEMS = Object.entries(NUMBERS) as (readonly [SerialItem, Numbers])[];
const last = ({ ask, words, max }: Numbers): number => max ?? ask + (words?.length ?? 0);

/** What a client's code 1 to 5 with a value asks for, or what the answer to it says; `undefined` if there is no such thing. */
export function readSetting(code: number, value: number): SerialRequest | undefined {
  for (const [item, numbers] of ITEMS) {
    if (numbers.code !== code || value < numbers.ask || value > last(numbers)) continue;
    const said = value === numbers.ask ? undefined : numbers.words === undefined ? value : numbers.words[value - numbers.ask - 1];
    return { item, value: said } as SerialRequest;
  }
  return undefined;
}
/** The number that says so; `undefined` and `null`: the asking one. -1 if there is none. */
function settingNumber(item: SerialItem, value: SerialState[SerialItem] | null | undefined): number {
  const numbers = NUMBERS[item];
  const { ask, words } = numbers;
  if (value === undefined || value === null) return ask;
  const n = words === undefined ? Number(value) : ask + 1 + words.indexOf(value);
  return n > ask && n <= last(numbers) ? n : -1;
}

/** The one-byte speeds of Cisco IOS, which some clients and servers send in SET-BAUDRATE. The place is the byte; 0: no such speed. */
const CISCO_SPEEDS: readonly number[] = [0, 0, 0, 300, 600, 1200, 2400, 4800, 9600, 0, 19200, 0, 38400, 57600, 115200, 230400];
/** Bits per second; 0 for bytes outside the table. */
export const speedOfCisco = (byte: number): number => CISCO_SPEEDS[byte] ?? 0;
/** The byte for a speed; 0 for speeds outside the table. */
export const ciscoOfSpeed = (speed: number): number => (speed === 0 ? 0 : Math.max(CISCO_SPEEDS.indexOf(speed), 0));

/** One COM-PORT-OPTION subnegotiation, ready for the wire. */
export const comPortMessage = (code: number, value: readonly number[]): Buffer =>
  subnegotiation(COM_PORT_OPTION, Uint8Array.of(code, ...value));

/**
 * The message that asks for an item, sets it, or with REPLY answers about it. cisco: speeds in one byte. `undefined` if RFC 2217 has no
 * number for the value.
 */
export function settingMessage(
  item: SerialItem,
  value: SerialState[SerialItem] | null | undefined,
  cisco: boolean,
  reply: 0 | typeof REPLY = 0,
): Buffer | undefined {
  const n = settingNumber(item, value);
  if (n < 0) return undefined;
  const code = NUMBERS[item].code + reply;
  if (item !== 'speed') return comPortMessage(code, [n]);
  return comPortMessage(code, cisco ? [ciscoOfSpeed(n)] : [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
}

/** SIGNATURE texts are cut to this many bytes (gensio 2.6.2: a buffer of 256 with option and code). */
const MAX_SIGNATURE = 254;

interface ComPortOut {
  /** bytes for the peer, complete with IAC SB and IAC SE. */
  send(bytes: Buffer): void;
  /** false: the peer does not read. What nobody asked for on this connection is put by then, newest state only. */
  room(): boolean;
  emit(event: GensioEvent): void;
}

/** RFC 2217 on the access server's side: reads a client's requests, and writes answers and notifications. */
export class ComPortServer implements ComPort {
  readonly #out: ComPortOut;
  /** The peer sent a speed in one byte: from now on it gets them so. */
  #cisco = false;
  #met = false;
  /** Put by while there is no room. */
  readonly #late = new Map<SerialItem, SerialState[SerialItem] | null>();
  #lateModemstate: number | undefined;
  #lateLinestate: number | undefined;

  constructor(out: ComPortOut) {
    this.#out = out;
  }

  /** A WILL COM-PORT-OPTION was agreed to: the first of a connection asks for a report of the modem state. */
  agreed(): void {
    if (this.#met) return;
    this.#met = true;
    this.#out.emit({ on: 'modemstate-mask', mask: 255 });
  }

  /** A request, from its option byte on; one that is too short or unknown gets no answer. Nothing asks whether the option was agreed. */
  received(bytes: Buffer): void {
    const code = bytes[1];
    const value = bytes[2];
    if (code === undefined) return;
    if (code === C.SIGNATURE) this.#out.emit({ on: 'signature' });
    // suspend and resume do not hold data back: ser2net 4.3.11 takes them for "set" and "ask" of the flow control
    else if (code === C['FLOWCONTROL-SUSPEND']) this.#out.emit({ on: 'serial', item: 'flow', value: 'none' });
    else if (code === C['FLOWCONTROL-RESUME']) this.#out.emit({ on: 'serial', item: 'flow', value: undefined });
    else if (value === undefined) return;
    else if (code === C['SET-LINESTATE-MASK']) this.#out.emit({ on: 'linestate-mask', mask: value });
    else if (code === C['SET-MODEMSTATE-MASK']) this.#out.emit({ on: 'modemstate-mask', mask: value });
    else if (code === C['PURGE-DATA']) this.#purge(value);
    else {
      const request = readSetting(code, code === C['SET-BAUDRATE'] ? this.#speed(bytes) : value);
      if (request !== undefined) this.#out.emit({ on: 'serial', ...request });
    }
  }

  #speed(bytes: Buffer): number {
    if (bytes.length >= 6) return bytes.readUInt32BE(2);
    this.#cisco = true;
    return speedOfCisco(bytes[2]!);
  }

  /** Answered with the same byte, whatever it is. */
  #purge(which: number): void {
    const queue = QUEUES[which];
    if (queue !== undefined) this.#out.emit({ on: 'purge', queue });
    this.#send(C['PURGE-DATA'], [which]);
  }

  reply<K extends SerialItem>(item: K, value: SerialState[K] | null): void {
    if (this.#out.room()) this.#answer(item, value);
    else this.#late.set(item, value);
  }
  #answer(item: SerialItem, value: SerialState[SerialItem] | null): void {
    const message = settingMessage(item, value, this.#cisco, REPLY);
    if (message !== undefined) this.#out.send(message);
  }

  signature(text: Buffer): void {
    if (this.#out.room()) this.#send(C.SIGNATURE, [...text.subarray(0, MAX_SIGNATURE)]);
  }

  modemstate(state: number): void {
    if (this.#out.room()) this.#send(C['NOTIFY-MODEMSTATE'], [state & 255]);
    else this.#lateModemstate = state | ((this.#lateModemstate ?? 0) & MODEM_CHANGES);
  }

  linestate(state: number): void {
    if (this.#out.room()) this.#send(C['NOTIFY-LINESTATE'], [state & 255]);
    else this.#lateLinestate = state | (this.#lateLinestate ?? 0);
  }

  /** There is room again: sends what was put by. */
  drained(): void {
    for (const [item, value] of this.#late) this.#answer(item, value);
    this.#late.clear();
    if (this.#lateModemstate !== undefined) this.#send(C['NOTIFY-MODEMSTATE'], [this.#lateModemstate & 255]);
    if (this.#lateLinestate !== undefined) this.#send(C['NOTIFY-LINESTATE'], [this.#lateLinestate & 255]);
    this.#lateModemstate = undefined;
    this.#lateLinestate = undefined;
  }

  #send(code: number, value: readonly number[]): void {
    this.#out.send(comPortMessage(code + REPLY, value));
  }
}
