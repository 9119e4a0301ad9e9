// A port and a serial device reduced to what RFC 2217 sees of them, as ser2net 4.3.11 has them: for tests of the telnet layer alone.
import type { Queue, SerialItem, SerialState } from '../../../src/base/serial.ts';
import type { Gensio, GensioEvent, GensioUp, SerialControl } from '../../../src/gensio/gensio.ts';
import { NumberedControl, type Setting } from '../../rig/numbers.ts';

const LINES = { CTS: 0x10, DSR: 0x20, RI: 0x40, CD: 0x80 } as const;
export type Line = keyof typeof LINES;

/** Settings in memory; with modem lines, or like a pty without. */
export class ModelDevice extends NumberedControl {
  readonly #hasLines: boolean;
  /** The line below, written down: break, purge input. */
  readonly calls: string[] = [];
  onState: ((state: number) => void) | undefined;
  #speed = 9600;
  #datasize = 8;
  #parity = 1;
  #markOrSpace = false;
  #stopsize = 1;
  #flow = 1;
  #breakAnswer: 5 | 6;
  #dtr = true;
  #rts = true;
  #lines = 0;

  constructor(hasLines: boolean, nobreak: boolean) {
    super();
    this.#hasLines = hasLines;
    this.#breakAnswer = nobreak ? 6 : 5;
  }
  protected request(setting: Setting, value: number, done: (value: number | undefined) => void): void {
    done(this.#take(setting, value));
  }
  #take(setting: Setting, value: number): number | undefined {
    switch (setting) {
      case 'baudrate':
        if (value !== 0) this.#speed = value;
        return this.#speed;
      case 'datasize':
        if (value !== 0 && (value < 5 || value > 8)) return undefined;
        if (value !== 0) this.#datasize = value;
        return this.#datasize;
      case 'parity':
        if (value > 5) return undefined;
        if (value >= 4) this.#markOrSpace = true;
        if (value !== 0) this.#parity = value > 3 ? value - 2 : value;
        return this.#markOrSpace && this.#parity > 1 ? this.#parity + 2 : this.#parity;
      case 'stopsize':
        if (value > 2) return undefined;
        if (value !== 0) this.#stopsize = value;
        return this.#stopsize;
      case 'control':
        return this.#control(value);
    }
  }
  #control(value: number): number | undefined {
    if (value <= 3) {
      if (value !== 0) this.#flow = value;
      return this.#flow;
    }
    if (value <= 6) {
      if (value !== 4) this.#breakAnswer = 5;
      return this.#breakAnswer;
    }
    if (value <= 12) {
      const dtr = value <= 9;
      const ask = dtr ? 7 : 10;
      if (!this.#hasLines) return value === ask ? ask : undefined;
      if (value !== ask && dtr) this.#dtr = value === 8;
      if (value !== ask && !dtr) this.#rts = value === 11;
      return ask + ((dtr ? this.#dtr : this.#rts) ? 1 : 2);
    }
    return value > 19 ? undefined : this.#flow === 2 ? 16 : 14;
  }
  sendBreak(): void {
    this.calls.push('break');
  }
  purge(queue: Queue): void {
    this.calls.push(`purge ${queue}`);
  }
  /** The lines that are on from now on; the device sees it at once. */
  setLines(names: readonly Line[]): void {
    const now = names.reduce((bits, name) => bits | LINES[name], 0);
    const changed = (now ^ this.#lines) >> 4;
    this.#lines = now;
    if (changed !== 0) this.onState?.(now | changed);
  }
}

interface Client {
  readonly net: Gensio;
  mask: number;
}

/** What ser2net makes of the events of its clients and its device. */
export class ModelPort {
  readonly #clients = new Set<Client>();
  #dev: Gensio | undefined;
  #serial: SerialControl | undefined;
  #state = 0;

  /** Clients' data goes to dev, dev's data to all clients; reading starts on both sides. */
  open(dev: Gensio | undefined, serial: SerialControl | undefined): void {
    this.#dev = dev;
    this.#serial = serial;
    dev?.setReading(true);
    for (const { net } of this.#clients) net.setReading(true);
  }
  /** Before open() clients wait. */
  accepted(net: Gensio): void {
    const client: Client = { net, mask: 0 };
    this.#clients.add(client);
    net.up = {
      read: (data) => void this.#dev?.write(Buffer.from(data)),
      writable: () => undefined,
      closed: () => void this.#clients.delete(client),
      event: (event) => this.#fromClient(client, event),
    };
    if (this.#dev !== undefined) net.setReading(true);
  }
  readonly devUp: GensioUp = {
    read: (data) => {
      for (const { net } of this.#clients) net.write(Buffer.from(data));
    },
    writable: () => undefined,
    closed: () => {
      for (const { net } of this.#clients) net.close();
    },
    event: (event) => {
      if (event.on === 'modemstate') this.modemstate(event.state);
    },
  };
  modemstate(state: number): void {
    this.#state = state;
    for (const { net, mask } of this.#clients) if ((state & mask & 0x0f) !== 0) net.comPort?.modemstate(state & mask);
  }
  #fromClient(client: Client, event: GensioEvent): void {
    const { comPort } = client.net;
    if (event.on === 'serial') {
      const { item, value } = event;
      const answer = (now: SerialState[SerialItem] | null | undefined): void => {
        if (now !== undefined) for (const { net } of this.#clients) net.comPort?.reply(item, now);
      };
      if (value === undefined) this.#serial?.get(item, answer);
      else this.#serial?.set(item, value, answer);
    } else if (event.on === 'purge') this.#serial?.purge(event.queue);
    else if (event.on === 'break') this.#serial?.sendBreak();
    else if (event.on === 'signature') comPort?.signature(Buffer.from('ser2net'));
    else if (event.on === 'linestate-mask') comPort?.linestate(0);
    else if (event.on === 'modemstate-mask') {
      client.mask = event.mask;
      comPort?.modemstate(this.#state & event.mask);
    }
  }
}
