// RFC 2217 between the users of a port and its device: whose request it is, what is done, who is answered.
import type { GensioEvent, SerialControl } from '../gensio/gensio.ts';
import type { Netcon } from './netcon.ts';

/** What the exchange needs of its port. */
export interface SerialPort {
  /** Of the open device; undefined while there is none, or when it is not a serial line. */
  readonly serial: SerialControl | undefined;
  readonly users: Iterable<Netcon>;
  readonly signature: string;
  /** A Synch sends a break. */
  readonly breakOnSync: boolean;
  /** A client changed a setting; the line's speed may be another now. */
  lineChanged(): void;
}

export class SerialEvents {
  readonly #port: SerialPort;
  /** As the device reported them last, with their change bits. */
  #modemstate = 0;
  #linestate = 0;

  constructor(port: SerialPort) {
    this.#port = port;
  }

  /** From a user. Answers to settings go to every user, also to those that did not ask (ser2net 4.3.11). */
  fromUser(user: Netcon, event: GensioEvent): void {
    const { serial, users, signature, breakOnSync } = this.#port;
    const { comPort } = user.gensio;
    switch (event.on) {
      case 'serial':
        serial?.request(event.setting, event.value, (value) => {
          if (value === undefined) return;
          if (event.value !== 0) this.#port.lineChanged();
          for (const other of users) other.gensio.comPort?.reply(event.setting, value);
        });
        break;
      case 'purge':
        serial?.purge(event.which);
        break;
      case 'modemstate-mask':
        user.modemMask = event.mask;
        comPort?.modemstate(this.#modemstate & event.mask);
        break;
      case 'linestate-mask':
        user.lineMask = event.mask;
        comPort?.linestate(this.#linestate & event.mask);
        break;
      case 'signature':
        comPort?.signature(Buffer.from(signature, 'utf8'));
        break;
      case 'break':
        serial?.sendBreak();
        break;
      case 'sync':
        if (breakOnSync) serial?.sendBreak();
        break;
      case 'modemstate':
      case 'linestate':
        break;
      default:
        event satisfies never;
    }
  }

  /** From the device: a state goes to each user whose mask has a line that changed. */
  fromDevice(event: GensioEvent): void {
    if (event.on === 'modemstate') {
      this.#modemstate = event.state;
      for (const { gensio, modemMask } of this.#port.users) {
        if ((event.state & 0x0f & modemMask) !== 0) gensio.comPort?.modemstate(event.state & modemMask);
      }
    } else if (event.on === 'linestate') {
      this.#linestate = event.state;
      for (const { gensio, lineMask } of this.#port.users) {
        if ((event.state & lineMask) !== 0) gensio.comPort?.linestate(event.state & lineMask);
      }
    }
  }
}
