// Who may come in. decideAdmission() is the only place that admits anyone to a port, through whichever door.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { nameLookup } from '../base/name-lookup.ts';
import { type Gensio, nullUp } from '../gensio/gensio.ts';
import { hostAndPort } from '../gensio/source.ts';
import { matches, namesIn, parseRemaddr, type RemoteAddr } from '../gensio/syntax/net-addr.ts';
import { type Door, isNothing, type Rights } from './door.ts';
import { REFUSAL } from './messages.ts';

/** What is known about a port and the connection that wants to enter it. */
export interface AdmissionContext {
  /** The port is in service. */
  readonly enabled: boolean;
  /** Its last session is being closed. */
  readonly closing: boolean;
  /** The peer's address is in the remaddr list. */
  readonly allowed: boolean;
  /** The option. */
  readonly kickolduser: boolean;
  /** Places in order: who has each; reserved ones are for connect back. */
  readonly places: readonly ('free' | 'taken' | 'reserved')[];
  /** Connect back has made this connection, for this place. `undefined` if it came by itself. */
  readonly called: number | undefined;
  /** Whether the peer of some user has closed, and that was not read yet. Asked only if there is no place. */
  leaving(): boolean;
  /** Another port has the same device open. */
  readonly deviceInUse: boolean;
  /** A connect-back port whose device is not open. */
  readonly deviceMissing: boolean;
  /** The device has to be closed and opened again between the last user and the next one. */
  readonly reopens: boolean;
  /** What its door, or its name at the door, allows. */
  readonly rights: Rights;
}

/** What becomes of a connection. */
export type Admission =
  /** It is told this text, and closed. */
  | { readonly say: string }
  /** It gets this place, with these rights; a user that has the place goes. */
  | { readonly take: number; readonly rights: Rights }
  /** The user in this place goes; then ask again. */
  | { readonly kick: number }
  /** Ask again when the port is closed, or a user has left. */
  | 'wait';

/** Decides in the order in which ser2net 4.3.11 asks. Pure. */
export function decideAdmission(context: AdmissionContext): Admission {
  const { enabled, closing, places, called, rights } = context;
  if (!enabled) return { say: closing ? REFUSAL.closing : REFUSAL.disabled };
  const take = (place: number): Admission => ({ take: place, rights });
  if (called !== undefined && !closing) return take(called);
  if (!context.allowed) return { say: REFUSAL.address };
  if (isNothing(rights)) return { say: REFUSAL.noRights };
  if (closing) return 'wait';
  if (context.deviceMissing) return { say: REFUSAL.deviceFailed };
  const free = places.indexOf('free');
  const last = context.kickolduser ? places.lastIndexOf('taken') : -1;
  // A user that disconnects and connects again at once may be seen in the other order: they are two events.
  if (free < 0 && last < 0) return context.leaving() ? 'wait' : { say: REFUSAL.inUse };
  if (context.deviceInUse) return { say: REFUSAL.deviceInUse };
  if (free >= 0) return take(free);
  return context.reopens ? { kick: last } : take(last);
}

/** The list of addresses that may connect. Names in it are looked up when the list is made. */
export class RemoteAddresses {
  readonly #list: readonly RemoteAddr[];
  readonly #names = new Map<string, readonly string[]>();

  /** texts: as the configuration has them, already checked; one that cannot be parsed admits nobody. */
  constructor(texts: readonly string[]) {
    this.#list = texts.flatMap((text) => {
      const got = parseRemaddr(text);
      return 'ok' in got ? [got.ok] : [];
    });
    for (const name of this.#list.flatMap(namesIn)) {
      nameLookup.addresses(name, 0, (_err, found) =>
        this.#names.set(
          name,
          found.map((f) => f.address),
        ),
      );
    }
  }

  /** address: as gensio prints it, `ipv4,127.0.0.1,1234`. An empty list admits everyone; a peer without address passes no other. */
  allows(address: string): boolean {
    if (this.#list.length === 0) return true;
    const peer = hostAndPort(address);
    return peer !== undefined && this.#list.some((remote) => matches(remote, peer.host, peer.port, (name) => this.#names.get(name) ?? []));
  }
}

/** More than these are closed. */
const MAX_PENDING = 64;
/** How long they wait for a user whose end is known and does not get through: a layer may hold back what comes before it. */
const LEAVE_LIMIT_MS = 4000;

/** A connection that waits to be admitted. */
interface Pending {
  readonly gensio: Gensio;
  readonly door: Door;
}

/** New connections that wait at a port: for the end of the session before, or for a user to leave whose peer has closed. */
export class PendingConnections {
  readonly #deadlines: Deadlines;
  readonly #limit: Deadline;
  #waiting: readonly Pending[] = [];

  /** late: nobody left in time. */
  constructor(deadlines: Deadlines, late: () => void) {
    this.#deadlines = deadlines;
    this.#limit = { due: Infinity, run: late };
  }

  /** One that is closed by its peer is forgotten. limited: it waits for a user, who may not leave; the end of a session comes surely. */
  add(pending: Pending, limited: boolean): void {
    const { gensio } = pending;
    if (this.#waiting.length >= MAX_PENDING) return gensio.abort();
    const leave = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== pending);
    };
    gensio.up = { ...nullUp, closed: leave };
    this.#waiting = [...this.#waiting, pending];
    if (limited && this.#limit.due === Infinity) this.#deadlines.arm(this.#limit, LEAVE_LIMIT_MS);
  }

  /** All of them, which wait no longer. */
  takeAll(): readonly Pending[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#deadlines.cancel(this.#limit);
    return waiting;
  }
}
