// The ways into a port. Everything that enters one, whatever it is, is a user that came through a door.
import type { Gensio } from '../gensio/gensio.ts';

/** What users may do who come through a door. */
export interface Rights {
  /** They get what the device sends. */
  readonly read: boolean;
  /** What they send goes to the device. */
  readonly write: boolean;
  /** They may change the serial line and its modem lines, send a break and purge. Without it they may still ask. */
  readonly control: boolean;
}

/** Everything. */
export const ALL_RIGHTS: Rights = { read: true, write: true, control: true };

/** Who comes through a door. */
export interface Visitor {
  /** The peer's address as ser2net prints it, `ipv4,127.0.0.1,1234`; '' if it has none. */
  readonly address: string;
  /** The name it has proved to have; `undefined` if nobody asked, or nothing was proved. */
  readonly user: string | undefined;
}

/** One way into a port. */
export interface Door {
  /** The protocol spoken with those who come through it, such as `telnet`; `raw` for plain bytes. */
  readonly kind: string;
  /** The most that anyone who comes through it may do. */
  readonly rights: Rights;
  /** What a visitor may do; absent: the same for everyone. */
  rightsOf?(visitor: Visitor): Rights;
  /** People type here, whatever the protocol is: text for them may stand among the data. */
  readonly forPeople?: boolean | undefined;
  /** It stands beside the accepter of its connection; absent: whoever comes has a place of the connection itself. */
  readonly beside?: BesideRules;
  /** Who is at the other end of a connection that came through it. */
  who(gensio: Gensio): Visitor;
}

/** What holds for a door beside the accepter, whose users take no place of the connection and make nobody wait. */
export interface BesideRules {
  /** Users at once. */
  readonly maxConnections: number;
  /** Seconds without traffic until a user is disconnected; 0 for never. */
  readonly timeout: number;
  /** How far a user may fall behind the device, in bytes. */
  readonly behind: number;
  /** What becomes of one that has: it is told how many bytes it has missed, or closed. `undefined`: told if it shows text. */
  readonly gap: 'tell' | 'disconnect' | undefined;
  /** Whether this address may connect. */
  allows(address: string): boolean;
}

/** Whether these are no rights at all. */
export const isNothing = ({ read, write, control }: Rights): boolean => !read && !write && !control;

/** The kind of a door whose connections are plain bytes. */
export const RAW = 'raw';

/** A door with all rights for connections that say themselves who they are: of an accepter, a rotator, or made by connect back. */
export const openDoor = (kind: string): Door => ({
  kind,
  rights: ALL_RIGHTS,
  who: (gensio) => {
    const { peer } = gensio;
    return { address: gensio.address(), user: peer?.authenticated === true ? peer.user : undefined };
  },
});
