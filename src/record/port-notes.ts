// What happens at a port, as events of a serial line with text for people: what recordings and captures write down.
import { lineState, MODEM_BITS, modemState, type SerialSetting } from '../base/serial.ts';
import type { GensioEvent } from '../gensio/gensio.ts';
import type { RecordDirection } from '../options/sections/record.ts';
import type { PortObserver, PortView, UserView } from '../port/events.ts';
import { EVENT, LINE } from './pcapng.ts';

/** Lines by their bits in a modem state. */
const LINES = [
  [MODEM_BITS.cts, LINE.cts],
  [MODEM_BITS.cd, LINE.dcd],
  [MODEM_BITS.dsr, LINE.dsr],
  [MODEM_BITS.ri, LINE.ring],
] as const;
/** What a line state tells, one by one. */
const ERRORS = [
  ['overrun', EVENT.overflow, 'overrun'],
  ['parity', EVENT.parity, 'parity error'],
  ['framing', EVENT.framing, 'framing error'],
  ['break', EVENT.break, 'break received'],
] as const;

/** Bits of LINE for a modem state; RTS and DTR, which it does not have, are as they were. */
export const linesOf = (state: number, before: number): number =>
  LINES.reduce((lines, [bit, line]) => ((state & bit) !== 0 ? lines | line : lines), before & (LINE.rts | LINE.dtr));

/** Watches a port for whoever writes down what happens there. */
export abstract class PortNotes implements PortObserver {
  readonly #port: PortView;
  readonly #device: boolean;
  readonly #client: boolean;
  /** Bits of LINE, as far as is known. RTS and DTR are known when a client has changed them. */
  protected lines = 0;

  /** directions: whose bytes are wanted. */
  constructor(port: PortView, directions: readonly RecordDirection[]) {
    this.#port = port;
    this.#device = directions.includes('device');
    this.#client = directions.includes('client');
  }

  /** Takes bytes, which are only borrowed. */
  protected abstract data(direction: RecordDirection, data: Buffer): void;
  /** Takes an event (one of EVENT) with text for people. */
  protected abstract note(event: number, text: string): void;

  opened(): void {
    this.lines = 0;
    this.note(EVENT.status, `device opened${this.#port.lineText().replace(/^,/, ', ')}`);
  }
  closed(reason: string): void {
    this.note(EVENT.status, `device closed: ${reason}`);
  }
  userJoined(user: UserView): void {
    this.note(EVENT.status, `connected: ${nameOf(user)}`);
  }
  userLeft(user: UserView, reason: string): void {
    this.note(EVENT.status, `disconnected: ${nameOf(user)}: ${reason}`);
  }
  fromDevice(data: Buffer): void {
    if (this.#device) this.data('device', data);
  }
  toDevice(data: Buffer): void {
    if (this.#client) this.data('client', data);
  }
  settingChanged({ item, value }: SerialSetting): void {
    if (item === 'dtr' || item === 'rts') this.lines = value === true ? this.lines | LINE[item] : this.lines & ~LINE[item];
    this.note(EVENT.status, `${item} ${value === true ? 'on' : value === false ? 'off' : String(value)}`);
  }
  deviceEvent(event: GensioEvent): void {
    if (event.on === 'modemstate') {
      this.lines = linesOf(event.state, this.lines);
      this.note(EVENT.status, modemText(event.state));
    } else if (event.on === 'linestate') for (const [what, text] of errorsOf(event.state)) this.note(what, text);
  }
}

/** The lines of a modem state that changed, for people: `cts on, cd off`. */
export function modemText(state: number): string {
  const { changed, ...lines } = modemState(state);
  return changed.map((line) => `${line} ${lines[line] ? 'on' : 'off'}`).join(', ') || 'modem lines';
}
/** What a line state tells: an event of EVENT, and text for people. */
export function errorsOf(bits: number): (readonly [event: number, text: string])[] {
  const state = lineState(bits);
  return ERRORS.flatMap(([name, event, text]) => (state[name] ? [[event, text] as const] : []));
}

const nameOf = ({ peer, user }: UserView): string => {
  const where = peer === '' ? 'somebody' : peer;
  return user === undefined ? where : `${user} (${where})`;
};
