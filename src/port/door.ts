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
interface Visitor {
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
  /** Who is at the other end of a connection that came through it. */
  who(gensio: Gensio): Visitor;
}

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
