// RFC 2217's numbers in tests: a serial port asked by them, as clients ask, and one that answers by them, as ser2net does.
import type { Queue, SerialItem, SerialState } from '../../src/base/serial.ts';
import type { GensioEvent, SerialAnswer, SerialControl } from '../../src/gensio/gensio.ts';
import { REPLY, readSetting, settingMessage } from '../../src/gensio/telnet/com-port.ts';

/** The names of the commands SET-BAUDRATE to SET-CONTROL. */
export const SETTINGS = ['baudrate', 'datasize', 'parity', 'stopsize', 'control'] as const;
export type Setting = (typeof SETTINGS)[number];

/** A setting and its number, from what goes over the wire. */
function numbers(item: SerialItem, value: SerialState[SerialItem] | null | undefined): readonly [Setting, number] | undefined {
  const bytes = settingMessage(item, value, false, REPLY);
  if (bytes === undefined) return undefined;
  // IAC SB option code value... IAC SE, with each IAC of the value doubled.
  const plain = [...bytes.subarray(4, -2)].filter(
    (byte, i, all) => byte !== 255 || all.slice(0, i).filter((b) => b === 255).length % 2 === 0,
  );
  return [SETTINGS[bytes[3]! - REPLY - 1]!, plain.reduce((n, byte) => n * 256 + byte, 0)];
}

/** Asks a port with a number of the RFC; done as the number of the answer. `undefined`: no answer, or there is no such number. */
export function ask(serial: SerialControl, setting: Setting, value: number, done: (answer: number | undefined) => void): void {
  const request = readSetting(SETTINGS.indexOf(setting) + 1, value);
  if (request === undefined) return done(undefined);
  const { item } = request;
  const answered: SerialAnswer<SerialItem> = (now) => done(now === undefined ? undefined : numbers(item, now)?.[1]);
  if (request.value === undefined) serial.get(item, answered);
  else serial.set(request.item, request.value, answered);
}

/** A request as it comes from a client. */
export const requested = (setting: Setting, value: number): GensioEvent => ({
  on: 'serial',
  ...readSetting(SETTINGS.indexOf(setting) + 1, value)!,
});

/** A port that is asked and answers in numbers. */
export abstract class NumberedControl implements SerialControl {
  protected abstract request(setting: Setting, value: number, done: (value: number | undefined) => void): void;
  abstract sendBreak(): void;
  abstract purge(queue: Queue): void;
  get<K extends SerialItem>(item: K, done: SerialAnswer<K>): void {
    this.#ask(item, undefined, done as SerialAnswer<SerialItem>);
  }
  set<K extends SerialItem>(item: K, value: SerialState[K], done: SerialAnswer<K>): void {
    this.#ask(item, value, done as SerialAnswer<SerialItem>);
  }
  #ask(item: SerialItem, value: SerialState[SerialItem] | undefined, done: SerialAnswer<SerialItem>): void {
    const asked = numbers(item, value);
    if (asked === undefined) return done(undefined);
    const [setting, number] = asked;
    this.request(setting, number, (answer) => {
      const said = answer === undefined ? undefined : readSetting(SETTINGS.indexOf(setting) + 1, answer);
      done(said === undefined ? undefined : (said.value ?? null));
    });
  }
}
