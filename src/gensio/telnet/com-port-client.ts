// RFC 2217 as the end that wants to drive a serial port elsewhere: requests go out, answers of the server find the request they belong
// to. Sends no masks, no signature and nothing of its own (ser2net 4.3.11).
import type { Clock, Timer } from '../../base/clock.ts';
import type { Queue, SerialItem, SerialState } from '../../base/serial.ts';
import type { GensioEvent, SerialAnswer, SerialControl } from '../gensio.ts';
import { comPortMessage, purgeNumber, REPLY, readSetting, settingMessage, speedOfCisco } from './com-port.ts';
import { BRK, COM_PORT_COMMANDS as C, IAC } from './names.ts';

/** How long an answer may take before the request counts as answered with nothing (gensio 2.6.2). */
const ANSWER_MS = 5000;
/** Requests that may wait for answers at a time; more are dropped. */
const MAX_REQUESTS = 256;

interface Request {
  readonly item: SerialItem;
  readonly due: number;
  readonly done: SerialAnswer<SerialItem>;
}

interface ComPortClientOut {
  send(bytes: Buffer): void;
  emit(event: GensioEvent): void;
}

/** Control of a serial port through RFC 2217, on the client's side. Each request is answered, at the latest after its time limit. */
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

  get<K extends SerialItem>(item: K, done: SerialAnswer<K>): void {
    this.#request(item, undefined, done as SerialAnswer<SerialItem>);
  }
  set<K extends SerialItem>(item: K, value: SerialState[K], done: SerialAnswer<K>): void {
    this.#request(item, value, done as SerialAnswer<SerialItem>);
  }
  #request(item: SerialItem, value: SerialState[SerialItem] | undefined, done: SerialAnswer<SerialItem>): void {
    const message = settingMessage(item, value, this.#cisco);
    if (!this.agreed || message === undefined || this.#waiting.length >= MAX_REQUESTS) return done(undefined);
    this.#waiting.push({ item, due: this.#clock.now() + ANSWER_MS, done });
    this.#timer ??= this.#clock.after(ANSWER_MS, () => this.#expire());
    this.#out.send(message);
  }

  sendBreak(): void {
    this.#out.send(Buffer.of(IAC, BRK));
  }

  purge(queue: Queue): void {
    if (this.agreed) this.#out.send(comPortMessage(C['PURGE-DATA'], [purgeNumber(queue)]));
  }

  /** What the server sent, from its option byte on. */
  received(bytes: Buffer): void {
    const code = (bytes[1] ?? 0) - REPLY;
    const value = bytes[2];
    if (code < 0 || value === undefined) return;
    if (code === C['NOTIFY-MODEMSTATE']) this.#out.emit({ on: 'modemstate', state: value });
    else if (code === C['NOTIFY-LINESTATE']) this.#out.emit({ on: 'linestate', state: value });
    else if (code !== C['SET-BAUDRATE']) this.#answer(code, value);
    else if (bytes.length >= 6) this.#answer(code, bytes.readUInt32BE(2));
    else {
      this.#cisco = true;
      this.#answer(code, speedOfCisco(value));
    }
  }

  /** Finishes the oldest request it can belong to; one that belongs to none (late, twice) is dropped. */
  #answer(code: number, value: number): void {
    const said = readSetting(code, value);
    const at = said === undefined ? -1 : this.#waiting.findIndex(({ item }) => item === said.item);
    if (at < 0) return;
    const [request] = this.#waiting.splice(at, 1);
    if (this.#waiting.length === 0) this.#stopTimer();
    request!.done(said!.value ?? null);
  }

  /** Clients get the asking value for an answer that did not come (ser2net 4.3.11). */
  #expire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const next = this.#waiting.findIndex((r) => r.due > now);
    const late = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next);
    const first = this.#waiting[0];
    if (first !== undefined) this.#timer = this.#clock.after(first.due - now, () => this.#expire());
    for (const { done } of late) done(null);
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
