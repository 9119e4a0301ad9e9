// What the sections of this program add to one port: doors beside its accepter, rights, the right to write, and the escape keys.
import { isDeepStrictEqual } from 'node:util';
import { escapesOf, expandDevstr } from '../../config/devstr.ts';
import type { DoorOptions, PortOptions } from '../../options/sections/port.ts';
import { BesideUser } from '../beside-user.ts';
import { ALL_RIGHTS, type Rights, type Visitor } from '../door.ts';
import type { UserView } from '../events.ts';
import type { Netcon } from '../netcon.ts';
import type { Access, PortPart, RoomPort } from '../port-room.ts';
import { type DoorEnv, DoorListener, rightsFor } from './door-listener.ts';
import { ESCAPE_HELP, type EscapeCommand, EscapeKeys, shownKeys } from './escape.ts';
import { LOG, TOLD } from './messages.ts';
import { WriterRule } from './writer-rule.ts';

/** Commands carried out of one piece of input: nobody types more of them at once. */
const MAX_COMMANDS = 32;

/** What is known of one user. */
interface UserState {
  readonly keys: EscapeKeys | undefined;
  /** It has been told that what it sends is dropped. */
  told: boolean;
  /** It has said that it only watches. */
  watching: boolean;
}

/** What is added to one port. */
export class PortDoors implements PortPart, Access {
  readonly #port: RoomPort;
  readonly #env: DoorEnv;
  readonly #rule: WriterRule<Netcon>;
  readonly #states = new Map<Netcon, UserState>();
  #options: PortOptions | undefined;
  #doors: DoorListener[] = [];
  #started = false;

  constructor(port: RoomPort, env: DoorEnv) {
    this.#port = port;
    this.#env = env;
    this.#rule = new WriterRule<Netcon>(
      env.deadlines,
      { canBeAsked: (user) => user.showsText, now: () => env.clock.now() },
      {
        moved: (from, to, by) => this.#moved(from, to, by),
        asked: (holder, by, seconds) => {
          this.#say(holder, TOLD.asked(nameOf(by), seconds, this.#keysOf(holder, 's')));
          this.#say(by, TOLD.asks(nameOf(holder), seconds));
          this.#log(LOG.asked(port.name, fullNameOf(by), fullNameOf(holder)));
        },
        refused: (by, holder, why) => {
          const text = why === 'being-asked' ? TOLD.beingAsked : TOLD[why];
          this.#say(by, text(nameOf(holder)));
        },
      },
    );
  }

  /** Puts another section in force; `undefined`: there is none. Doors that stay the same keep listening, and whoever is there stays. */
  apply(options: PortOptions | undefined): void {
    if (isDeepStrictEqual(options, this.#options)) return;
    this.#options = options;
    if (options?.writers !== 'one') this.#rule.give(undefined, '');
    const before = this.#doors;
    this.#doors = (options?.doors ?? []).filter(({ accepter }) => accepter !== undefined).map((door) => this.#door(door, before));
    for (const gone of before.filter((door) => !this.#doors.includes(door))) {
      for (const user of this.#port.users) if (gone.has(user.door)) this.#port.disconnectUser(user, 'its door is closed');
      gone.close(() => undefined);
    }
    if (this.#started) for (const door of this.#doors) if (!before.includes(door)) door.open(() => undefined);
    this.#port.access = options === undefined ? undefined : this;
  }
  #door(options: DoorOptions, before: readonly DoorListener[]): DoorListener {
    const same = before.find(({ text }) => text === options.accepter!.text);
    same?.change(options);
    return same ?? new DoorListener(this.#port, options, this.#env);
  }

  // ---- As a part of the port ----

  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const door of this.#doors) door.open(() => undefined);
  }
  stop(done: () => void): void {
    this.#started = false;
    this.#rule.stop();
    let left = this.#doors.length;
    if (left === 0) return done();
    for (const door of this.#doors) door.close(() => --left === 0 && done());
  }
  /** The port numbers its doors listen on, in order; `undefined` where there is none. */
  get listeningPorts(): readonly (number | undefined)[] {
    return this.#doors.map((door) => door.port);
  }

  // ---- As who decides ----

  rightsOf(visitor: Visitor): Rights {
    const rights = this.#options?.rights;
    return rights === undefined ? ALL_RIGHTS : rightsFor(rights, visitor);
  }
  get oneWriter(): boolean {
    return this.#options?.writers === 'one';
  }
  get writer(): UserView | undefined {
    return this.#rule.holder;
  }
  giveWriter(to: UserView | undefined, by: string): void {
    const user = to === undefined ? undefined : [...this.#states.keys()].find((each) => each === to);
    if (user !== undefined) this.#stateOf(user).watching = false;
    if (to === undefined || user !== undefined) this.#rule.give(user, by);
  }
  mayRequest(user: Netcon): boolean {
    if (!this.oneWriter) return true;
    const { holder } = this.#rule;
    return user.rights.write && (holder === undefined || holder === user);
  }
  joined(user: Netcon): void {
    this.#stateOf(user);
    if (this.#doorOf(user)?.options.replay === true) this.#replay(user);
  }
  /** What is known of a user, who may have been there before anything was decided here. */
  #stateOf(user: Netcon): UserState {
    let state = this.#states.get(user);
    if (state === undefined) {
      const written = this.#doorOf(user)?.options.escape;
      const keys = written === undefined ? undefined : this.#bytes(written);
      state = { keys: keys === undefined || keys.length === 0 ? undefined : new EscapeKeys(keys), told: false, watching: false };
      this.#states.set(user, state);
    }
    return state;
  }
  left(user: Netcon): void {
    this.#states.delete(user);
    this.#rule.releases(user);
  }
  input(user: Netcon, data: Buffer): Buffer | undefined {
    const state = this.#stateOf(user);
    if (state.keys === undefined) return this.#maySend(user, state) ? data : undefined;
    const runs: Buffer[] = [];
    let commands = 0;
    state.keys.push(
      data,
      (run) => {
        // The right is asked for with the first of it, not with a key that takes or gives it back afterwards.
        if (this.#maySend(user, state)) runs.push(run);
      },
      (command) => {
        if (++commands <= MAX_COMMANDS) this.#command(user, state, command);
      },
    );
    if (runs.length === 0) return undefined;
    return runs.length === 1 ? runs[0] : Buffer.concat(runs);
  }

  #maySend(user: Netcon, state: UserState): boolean {
    const refuse = (text: string): false => {
      if (!state.told) this.#say(user, text);
      state.told = true;
      return false;
    };
    if (!user.rights.write) return refuse(TOLD.watchesOnly);
    if (state.watching) return refuse(TOLD.spying(this.#keysOf(user, 'f') ?? ''));
    if (!this.oneWriter || this.#rule.sends(user)) return true;
    return refuse(TOLD.watches(nameOf(this.#rule.holder!), this.#keysOf(user, 'f')));
  }

  // ---- Escape keys ----

  #command(user: Netcon, state: UserState, command: EscapeCommand): void {
    const say = (text: string): void => this.#say(user, text);
    switch (command) {
      case 'leave':
        this.#port.disconnectUser(user, 'left by a key');
        return;
      case 'who':
        return say(`\r\n${this.#port.users.map((each) => this.#whoLine(each, each === user)).join('')}`);
      case 'take':
        if (!user.rights.write) return say(TOLD.watchesOnly);
        state.watching = false;
        state.told = false;
        if (!this.oneWriter || this.#rule.holder === user) return say(TOLD.writes);
        return this.#rule.wants(user, this.#options?.takeover ?? 'ask');
      case 'watch':
        state.watching = true;
        state.told = false;
        if (this.#rule.holder !== user) return say(TOLD.spying(this.#keysOf(user, 'f') ?? ''));
        return this.#rule.releases(user);
      case 'replay':
        if (this.#port.history === undefined || !user.rights.read) return say(TOLD.noHistory);
        return this.#replay(user);
      case 'break':
        if (!user.rights.control || !this.mayRequest(user)) return say(TOLD.noBreak);
        this.#port.userEvent(user, { on: 'break' });
        return say(TOLD.breakSent);
      case 'help':
        return say(`\r\n${ESCAPE_HELP.map(([key, what]) => ` ${this.#keysOf(user, key) ?? key}  ${what}\r\n`).join('')}`);
      default:
        return say(TOLD.unknownKey(this.#keysOf(user, '')?.trim() ?? ''));
    }
  }
  #whoLine(user: UserView, self: boolean): string {
    const { read, write, control } = user.rights;
    const rights = [read && 'read', write && 'write', control && 'control'].filter((each) => each !== false).join(', ');
    const marks = [user === this.#rule.holder && 'writes', self && 'you'].filter((each) => each !== false).join(', ');
    return ` ${fullNameOf(user)}  ${user.door.kind}  ${rights}${marks === '' ? '' : `  (${marks})`}\r\n`;
  }
  #replay(user: Netcon): void {
    const { history } = this.#port;
    if (history !== undefined && user.rights.read && user instanceof BesideUser) user.sayAll(history.recent());
  }
  /** How a user types a key of ours; `undefined` if it has no escape keys. */
  #keysOf(user: UserView, key: string): string | undefined {
    const written = this.#doorOf(user)?.options.escape;
    return written === undefined ? undefined : `${shownKeys(this.#bytes(written))} ${key}`;
  }

  #doorOf(user: UserView): DoorListener | undefined {
    return this.#doors.find((door) => door.has(user.door));
  }
  #bytes(text: string): Buffer {
    return expandDevstr(text, { ...escapesOf(this.#port.config), serialText: '', peer: '', now: this.#env.clock.wall() });
  }

  // ---- Telling ----

  #moved(from: Netcon | undefined, to: Netcon | undefined, by: string | undefined): void {
    const { name } = this.#port;
    const state = to && this.#states.get(to);
    if (state !== undefined) state.told = false;
    if (to !== undefined && from === undefined && by === undefined) return this.#log(LOG.writes(name, fullNameOf(to)), 'info');
    if (from !== undefined && to === undefined && by === undefined) {
      this.#log(LOG.freed(name, fullNameOf(from)), 'info');
      return this.#say(from, TOLD.gaveUp);
    }
    if (to !== undefined) this.#say(to, TOLD.writes);
    if (from !== undefined && to !== undefined) this.#say(from, TOLD.gave(nameOf(to)));
    if (from !== undefined && to === undefined && by !== '') this.#say(from, TOLD.lost(by!));
    const gone = from === undefined ? '' : fullNameOf(from);
    if (to === undefined) {
      if (by !== '') this.#log(LOG.takenAway(name, gone, by!));
    } else if (by === undefined) this.#log(LOG.tookOver(name, fullNameOf(to), gone));
    else this.#log(LOG.given(name, fullNameOf(to), gone, by));
  }

  /** Shows a line to a user who reads what it is sent; programs are told nothing among their data. */
  #say(user: Netcon, text: string): void {
    if (!user.showsText || !this.#states.has(user)) return;
    const bytes = Buffer.from(text);
    if (user instanceof BesideUser) user.say(bytes);
    else user.write(bytes);
  }
  #log(text: string, level: 'notice' | 'info' = 'notice'): void {
    this.#env.log.log(level, text, { port: this.#port.name });
  }
}

/** Who it is, for people: the name it has proved, or its address. */
const nameOf = ({ user, peer }: UserView): string => user ?? (peer === '' ? 'somebody' : peer);
/** The same with both. */
const fullNameOf = ({ user, peer }: UserView): string => (user === undefined ? peer || 'a user without address' : `${user} (${peer})`);
