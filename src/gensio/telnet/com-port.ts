// RFC 2217 as the end with the serial port (an access server): requests of the far end become events, answers go out with code + 100.
// Which values a device takes is not known here: the device decides, and who gives no answer sends none.
import type { ComPort, GensioEvent, SerialSetting } from '../gensio.ts';
import { subnegotiation } from './codec.ts';
import { COM_PORT_COMMANDS as C, COM_PORT_OPTION } from './names.ts';

/** A server's codes are so much higher than a client's. */
export const REPLY = 100;
/** Codes 1 to 5. */
export const SETTING_CODES: Readonly<Record<SerialSetting, number>> = {
  baudrate: C['SET-BAUDRATE'],
  datasize: C['SET-DATASIZE'],
  parity: C['SET-PARITY'],
  stopsize: C['SET-STOPSIZE'],
  control: C['SET-CONTROL'],
};
/** The setting of a client's code 1 to 5; undefined for the others. */
export const SETTINGS: readonly (SerialSetting | undefined)[] = [undefined, 'baudrate', 'datasize', 'parity', 'stopsize', 'control'];

/** The one-byte speeds of Cisco IOS, which some clients and servers send in SET-BAUDRATE. The place is the byte; 0: no such speed. */
const CISCO_SPEEDS: readonly number[] = [0, 0, 0, 300, 600, 1200, 2400, 4800, 9600, 0, 19200, 0, 38400, 57600, 115200, 230400];
/** Bits per second; 0 for bytes outside the table. */
export const speedOfCisco = (byte: number): number => CISCO_SPEEDS[byte] ?? 0;
/** The byte for a speed; 0 for speeds outside the table. */
export const ciscoOfSpeed = (speed: number): number => (speed === 0 ? 0 : Math.max(CISCO_SPEEDS.indexOf(speed), 0));

/** The value bytes of a setting: four for a speed (or one, as Cisco has it), one for the rest. */
export function settingBytes(setting: SerialSetting, value: number, cisco: boolean): number[] {
  if (setting !== 'baudrate') return [value & 255];
  return cisco ? [ciscoOfSpeed(value)] : [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** One COM-PORT-OPTION subnegotiation, ready for the wire. */
export const comPortMessage = (code: number, value: readonly number[]): Buffer =>
  subnegotiation(COM_PORT_OPTION, Uint8Array.of(code, ...value));

/** SIGNATURE texts are cut to this many bytes (gensio 2.6.2: a buffer of 256 with option and code). */
const MAX_SIGNATURE = 254;
/** The bits of modem state that say what changed. */
const CHANGES = 0x0f;

export interface ComPortOut {
  /** bytes for the far end, complete with IAC SB and IAC SE. */
  send(bytes: Buffer): void;
  /** false: the far end does not read. What nobody asked for on this connection is put by then, newest state only. */
  room(): boolean;
  emit(event: GensioEvent): void;
}

export class ComPortServer implements ComPort {
  readonly #out: ComPortOut;
  /** The far end sent a speed in one byte: from now on it gets them so. */
  #cisco = false;
  #met = false;
  /** Put by while there is no room. */
  readonly #late = new Map<SerialSetting, number>();
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
    else if (code === C['FLOWCONTROL-SUSPEND']) this.#out.emit({ on: 'serial', setting: 'control', value: 1 });
    else if (code === C['FLOWCONTROL-RESUME']) this.#out.emit({ on: 'serial', setting: 'control', value: 0 });
    else if (value === undefined) return;
    else if (code === C['SET-BAUDRATE']) this.#out.emit({ on: 'serial', setting: 'baudrate', value: this.#speed(bytes) });
    else if (code === C['SET-LINESTATE-MASK']) this.#out.emit({ on: 'linestate-mask', mask: value });
    else if (code === C['SET-MODEMSTATE-MASK']) this.#out.emit({ on: 'modemstate-mask', mask: value });
    else if (code === C['PURGE-DATA']) this.#purge(value);
    else {
      const setting = SETTINGS[code];
      if (setting !== undefined) this.#out.emit({ on: 'serial', setting, value });
    }
  }

  #speed(bytes: Buffer): number {
    if (bytes.length >= 6) return bytes.readUInt32BE(2);
    this.#cisco = true;
    return speedOfCisco(bytes[2]!);
  }

  /** Answered with the same byte, whatever it is. */
  #purge(which: number): void {
    if (which >= 1 && which <= 3) this.#out.emit({ on: 'purge', which });
    this.#send(C['PURGE-DATA'], [which]);
  }

  reply(setting: SerialSetting, value: number): void {
    if (this.#out.room()) this.#send(SETTING_CODES[setting], settingBytes(setting, value, this.#cisco));
    else this.#late.set(setting, value);
  }

  signature(text: Buffer): void {
    if (this.#out.room()) this.#send(C.SIGNATURE, [...text.subarray(0, MAX_SIGNATURE)]);
  }

  modemstate(state: number): void {
    if (this.#out.room()) this.#send(C['NOTIFY-MODEMSTATE'], [state & 255]);
    else this.#lateModemstate = state | ((this.#lateModemstate ?? 0) & CHANGES);
  }

  linestate(state: number): void {
    if (this.#out.room()) this.#send(C['NOTIFY-LINESTATE'], [state & 255]);
    else this.#lateLinestate = state | (this.#lateLinestate ?? 0);
  }

  /** There is room again: sends what was put by. */
  drained(): void {
    for (const [setting, value] of this.#late) this.#send(SETTING_CODES[setting], settingBytes(setting, value, this.#cisco));
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
