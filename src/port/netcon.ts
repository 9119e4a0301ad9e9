// One user of a port: its place, its counters, and what its connection says, handed on to the port.
import type { Clock } from '../base/clock.ts';
import { enterDomain, type FaultDomain, leaveDomain, reportFault, runIn } from '../base/fault-domain.ts';
import type { GensioError } from '../base/gensio-error.ts';
import { type Gensio, type GensioEvent, type GensioUp, nullUp } from '../gensio/gensio.ts';
import { type Door, RAW, type Rights } from './door.ts';
import type { UserView } from './events.ts';

/** How long the last bytes to a user that was closed may take before they are given up. */
const LINGER_MS = 4000;

/** What a user's connection does to its port, which is the owner of what happens then: it may come through a rotator. */
export interface NetconUp extends FaultDomain {
  /** Data from the user; borrowed as in GensioUp.read. */
  fromUser(user: Netcon, data: Buffer): void;
  /** It takes more, after write() gave false. */
  userWritable(user: Netcon): void;
  /** Once, last; it has left. */
  userClosed(user: Netcon, err: GensioError | undefined): void;
  /** What it says besides data. */
  userEvent(user: Netcon, event: GensioEvent): void;
  /** It has fallen so far behind that it is not to stay. */
  userBehind(user: Netcon): void;
  /** Counts what is passed to users: within one of these all get the same buffer. */
  readonly round: number;
}

/** One user, from its admission to its end. */
export class Netcon implements GensioUp, UserView {
  /** Its connection. */
  readonly gensio: Gensio;
  readonly door: Door;
  rights: Rights;
  readonly peer: string;
  readonly user: string | undefined;
  readonly since: number;
  readonly #port: NetconUp;
  readonly #clock: Clock;
  bytesIn = 0;
  bytesOut = 0;
  /** It takes no more until it says writable. */
  full = false;
  /** Since when, in the clock's ms. */
  fullSince = 0;
  /** SET-MODEMSTATE-MASK; 0 until the client offers COM-PORT-OPTION. */
  modemMask = 0;
  /** SET-LINESTATE-MASK; 0 at first. */
  lineMask = 0;
  /** It has made use of RFC 2217: a program, which text among its data would disturb. */
  usesComPort = false;
  /** Looks of the idle watch left before it is closed. */
  idle = 0;
  /** Something was read from it, or written to it, since the last look. */
  active = false;
  /** Something was written to it since the last look: that counts as activity unless it is stuck. */
  wrote = false;
  /** Expanded when it connected, sent when the device is open. */
  banner: Buffer | undefined;
  /** Made by connect back: its address in the list; its place is kept for it. */
  readonly target: number | undefined;

  /** rights: what it was admitted with. target: see there. */
  constructor(gensio: Gensio, door: Door, rights: Rights, port: NetconUp, clock: Clock, target?: number) {
    const { address, user } = door.who(gensio);
    this.gensio = gensio;
    this.door = door;
    this.rights = rights;
    this.peer = address;
    this.user = user;
    this.since = clock.now();
    this.#port = port;
    this.#clock = clock;
    this.target = target;
    gensio.up = this;
  }

  /** Text for people may stand among its data: it speaks telnet, or the like, and is no program that drives RFC 2217. */
  get showsText(): boolean {
    return this.door.forPeople ?? (this.door.kind !== RAW && !this.usesComPort);
  }

  /** As Gensio.write, and counts. One that may not read gets nothing. */
  write(data: Buffer): boolean {
    if (!this.rights.read) return true;
    this.bytesOut += data.length;
    if (this.gensio.write(data)) {
      this.wrote = true;
      return !this.full;
    }
    if (!this.full) this.fullSince = this.#clock.now();
    this.full = true;
    return false;
  }

  read(data: Buffer): void {
    this.bytesIn += data.length;
    this.active = true;
    const before = enterDomain(this.#port);
    try {
      this.#port.fromUser(this, data);
    } catch (err) {
      reportFault(this.#port, err);
    } finally {
      leaveDomain(before);
    }
  }
  writable(): void {
    this.full = false;
    this.wrote = true;
    runIn(this.#port, () => this.#port.userWritable(this));
  }
  closed(err?: GensioError): void {
    runIn(this.#port, () => this.#port.userClosed(this, err));
  }
  event(event: GensioEvent): void {
    if (event.on !== 'break' && event.on !== 'sync') this.usesComPort = true;
    runIn(this.#port, () => this.#port.userEvent(this, event));
  }

  /** The port is done with it: what was written still goes out, for a while. Nothing is heard of it any more. */
  closeGracefully(): void {
    closeGracefully(this.gensio, this.#clock);
  }
}

/**
 * Closes a connection without caring for it any longer. finalMessage is sent before, but not where connections are datagrams: whoever
 * their address was forged from has not asked for it, and two ports could tell each other for ever.
 */
export function closeGracefully(gensio: Gensio, clock: Clock, finalMessage?: string): void {
  const limit = clock.after(LINGER_MS, () => gensio.abort());
  gensio.up = { ...nullUp, closed: () => limit.cancel() };
  if (finalMessage !== undefined && gensio.connectionless !== true) gensio.write(Buffer.from(finalMessage, 'latin1'));
  gensio.close();
}
