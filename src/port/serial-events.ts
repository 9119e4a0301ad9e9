// RFC 2217 between the users of a port and its device: whose request it is, what is done, who is answered.
import { LINE_BITS, MODEM_CHANGES, type SerialItem, type SerialSetting, type SerialState } from '../base/serial.ts';
import type { GensioEvent, SerialControl } from '../gensio/gensio.ts';
import type { ConnectionOptions } from '../options/connection.ts';
import type { Netcon } from './netcon.ts';

/** Told where neither the configuration nor -s gives one, ser2net 4.3.11. */
const DEFAULT_SIGNATURE = 'ser2net';

const LINE_ERRORS = Object.values(LINE_BITS).reduce((all, bit) => all | bit, 0);

/** Of a port's options. */
type SerialOptions = Pick<ConnectionOptions, 'signature' | 'telnetBrkOnSync'>;

/** The requests of users and the states of the device, between the two. */
export class SerialEvents {
  readonly #users: Iterable<Netcon>;
  readonly #lineChanged: (setting: SerialSetting | undefined) => void;
  /** As the device reported them last, with their change bits. */
  #modemstate = 0;
  #linestate = 0;
  /** The device reports breaks and errors, because a user wants them. */
  #watching = false;

  /**
   * lineChanged: a client changed a setting, and it has this value now; the line's speed may be another. `undefined`: it was asked for,
   * and nobody knows what became of it.
   */
  constructor(users: Iterable<Netcon>, lineChanged: (setting: SerialSetting | undefined) => void) {
    this.#users = users;
    this.#lineChanged = lineChanged;
  }

  /**
   * From a user. Answers to settings go to every user, also to those that did not ask (ser2net 4.3.11). A user without the right of
   * control, which may is whether it has it now, is answered with what is in force, and changes nothing. serial: of the open device; `undefined` while there is none, or
   * if it is not a serial line.
   */
  fromUser(user: Netcon, event: GensioEvent, serial: SerialControl | undefined, options: SerialOptions, may = true): void {
    const { comPort } = user.gensio;
    const control = user.rights.control && may;
    switch (event.on) {
      case 'serial': {
        const { item, value } = event;
        const answer = (now: SerialState[SerialItem] | null | undefined): void => {
          if (now === undefined) return;
          if (control && value !== undefined) this.#lineChanged(now === null ? undefined : ({ item, value: now } as SerialSetting));
          if (value !== undefined && !control) return comPort?.reply(item, now);
          for (const other of this.#users) other.gensio.comPort?.reply(item, now);
        };
        if (value === undefined || !control) serial?.get(item, answer);
        else serial?.set(item, value, answer);
        break;
      }
      case 'purge':
        if (control) serial?.purge(event.queue);
        break;
      case 'modemstate-mask':
        user.modemMask = event.mask;
        comPort?.modemstate(this.#modemstate & event.mask);
        break;
      case 'linestate-mask':
        user.lineMask = event.mask;
        comPort?.linestate(this.#linestate & event.mask);
        this.update(serial);
        break;
      case 'signature':
        comPort?.signature(Buffer.from(options.signature ?? DEFAULT_SIGNATURE, 'utf8'));
        break;
      case 'break':
        if (control) serial?.sendBreak();
        break;
      case 'sync':
        if (control && options.telnetBrkOnSync) serial?.sendBreak();
        break;
      case 'modemstate':
      case 'linestate':
        break;
      default:
        event satisfies never;
    }
  }

  /** Who wants to hear of breaks and errors may have changed. serial: of the open device; `undefined` while there is none. */
  update(serial: SerialControl | undefined): void {
    const wanted = serial !== undefined && [...this.#users].some(({ lineMask }) => (lineMask & LINE_ERRORS) !== 0);
    if (wanted === this.#watching) return;
    this.#watching = wanted;
    serial?.watchErrors?.(wanted);
  }

  /** From the device: a state goes to each user whose mask has a line that changed. */
  fromDevice(event: GensioEvent): void {
    if (event.on === 'modemstate') {
      this.#modemstate = event.state;
      for (const { gensio, modemMask } of this.#users) {
        if ((event.state & MODEM_CHANGES & modemMask) !== 0) gensio.comPort?.modemstate(event.state & modemMask);
      }
    } else if (event.on === 'linestate') {
      this.#linestate = event.state;
      for (const { gensio, lineMask } of this.#users) {
        if ((event.state & lineMask) !== 0) gensio.comPort?.linestate(event.state & lineMask);
      }
    }
  }
}
