// What something may add to a port beyond what its connection says: more doors, rights, a history. A port asks who was added and knows
// nothing about it; without anything added all of this is absent.
import type { Gensio, GensioEvent } from '../gensio/gensio.ts';
import type { Door, Rights, Visitor } from './door.ts';
import type { PortObserver, PortView, UserView } from './events.ts';
import type { Netcon } from './netcon.ts';

/** Something that may add a part to each port. */
export interface PortRoom {
  /** Called once for each port, before it listens. `undefined`: nothing is added. */
  attach(port: RoomPort): PortPart | undefined;
}

/** What was added to one port. */
export interface PortPart {
  /** The port listens from now on, or tries to; its configuration may be another one than before. */
  start(): void;
  /** It does not any more: for good, or until start(). Users stay. done once nothing of this part holds an address or the device. */
  stop(done: () => void): void;
}

/** A port, as what was added to it sees it. */
export interface RoomPort extends PortView {
  /** Its name in the configuration. */
  readonly name: string;
  /** Whether its device is open. */
  readonly isOpen: boolean;
  /** Everyone who has a place, through whichever door. */
  readonly users: readonly UserView[];
  /** Who may do what, where that is not everyone everything; `undefined`: it is. Users are judged again when it is set. */
  access: Access | undefined;
  /** What the device said before; `undefined` if nobody remembers it. */
  history: History | undefined;
  /** A connection has come through a door. */
  enter(door: Door, gensio: Gensio): void;
  /** Takes one user out, whose last bytes still go out. false: it is none of this port. */
  disconnectUser(user: UserView, why?: LeaveReason): boolean;
  /** Lets users have the rights that access gives them now; those without any are closed. */
  judgeAgain(): void;
  /** Does for a user what it would have asked for itself. */
  userEvent(user: Netcon, event: GensioEvent): void;
  /** Keeps the device open while the port is in service, also without users. Returns how to end that. */
  hold(): () => void;
  /** Adds an observer that stays when the configuration changes. Returns how to take it out. */
  watch(observer: PortObserver): () => void;
}

/** Why something that was added lets a user go. */
export type LeaveReason = 'left by a key' | 'fell behind' | 'no rights any more' | 'its door is closed';

/** Decides what users may do. */
export interface Access {
  /** What those may do who come through a door that has no rights of its own. */
  rightsOf(visitor: Visitor): Rights;
  /** What of the bytes of a user goes to the device; `undefined` for nothing. The buffer is only borrowed. */
  input(user: Netcon, data: Buffer): Buffer | undefined;
  /** Whether a user who has the right of control may use it now. */
  mayRequest(user: Netcon): boolean;
  /** A user is there, and gets what the device sends from now on. */
  joined(user: Netcon): void;
  /** It has left. */
  left(user: Netcon): void;
  /** Whether one user at a time may send to the device. */
  readonly oneWriter: boolean;
  /** Who has the right to write; `undefined` if nobody has it. */
  readonly writer: UserView | undefined;
  /** Gives the right to write to one of the users, or takes it away from whoever has it. by: who wants that, for people. */
  giveWriter(to: UserView | undefined, by: string): void;
}

/** What the device said before. */
export interface History {
  /** The bytes, in order, up to those that users have been sent now. Whoever gets them may keep them. */
  recent(): Iterable<Buffer>;
}
