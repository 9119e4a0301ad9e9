// One connection of the configuration at work. step() (state.ts) and decideAdmission() (admission.ts) decide; this file does it. Bytes go
// straight through: user.read -> device.write, device.read -> FanOut -> users.
// Long because all meet here: the accepter, the users, the device, the watches over them, the admin port and a reload; what each of
// these is by itself has a file of its own.
import type { Clock } from '../base/clock.ts';
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { type FaultDomain, runIn } from '../base/fault-domain.ts';
import { GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import { tracePoints } from '../base/trace-points.ts';
import { escapesOf, expandDevstr } from '../config/devstr.ts';
import type { ConnectionConfig } from '../config/model.ts';
import { type Gensio, type GensioEvent, nullUp } from '../gensio/gensio.ts';
import type { Announce, StackBuilder } from '../gensio/stack-builder.ts';
import { serialLineOf, withSerialLine } from '../gensio/syntax/stack-properties.ts';
import type { SerialLine } from '../options/serialdev.ts';
import { type Admission, type AdmissionContext, decideAdmission, PendingConnections, RemoteAddresses } from './admission.ts';
import { BesideUser } from './beside-user.ts';
import { Connback } from './connback.ts';
import { type Door, isNothing, type Rights } from './door.ts';
import type { ObserverFactory, PortObserver, PortView, UserView } from './events.ts';
import { charDelay, DEFAULT_RATE, FanOut } from './fan-out.ts';
import { type Fault, type FaultEnv, FaultLog } from './fault-log.ts';
import { handOver } from './listener.ts';
import { Matcher } from './match.ts';
import { LOG, REASON, REFUSAL, type Reason } from './messages.ts';
import { closeGracefully, Netcon, type NetconUp } from './netcon.ts';
import { Observers } from './observers.ts';
import { PortAccepter, type PortAccepterUp } from './port-accepter.ts';
import { askLine, type DeviceUp, PortDevice } from './port-device.ts';
import type { Access, History, LeaveReason, PortPart, PortRoom, RoomPort } from './port-room.ts';
import { SerialEvents } from './serial-events.ts';
import { type Effect, INITIAL, inUse, type PortEvent, type PortState, step, traceStep } from './state.ts';
import { HalfCloseWatch, IdleTimer, SlowConsumerTimer } from './user-watches.ts';

/** What a port needs of the engine it belongs to. */
export interface PortEnv extends FaultEnv {
  readonly clock: Clock;
  /** For all its waits. */
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** Makes its listener and device. */
  readonly builder: StackBuilder;
  /** Tells the network of it. */
  readonly announce: Announce;
  /** Asked for observers each time the port is configured. */
  readonly observers: readonly ObserverFactory[];
  /** Another port than this one has a device open that was written just so. */
  deviceInUse(connector: string, besides: Port): boolean;
  /** The port is at rest: nobody uses it. A changed configuration can be put in force. */
  idle(port: Port): void;
  /** An unexpected failure in the port's code: it is to be replaced. */
  failed?(port: Port, err: unknown): void;
  /** A user was given a place, or left it. */
  userChanged?(change: 'connected' | 'disconnected', port: Port, user: UserView): void;
}

/** Users a port has room for, whatever max-connections says. */
const MAX_PLACES = 65536;

/** A configured connection: listens, opens its device for those who come, and moves bytes between them. */
export class Port implements NetconUp, DeviceUp, PortAccepterUp, PortView, FaultDomain, RoomPort {
  config: ConnectionConfig;
  readonly #env: PortEnv;
  #state: PortState = INITIAL;
  /** Seconds; the admin port can change it. */
  #timeout = 0;
  readonly #faults: FaultLog;
  readonly #accepter: PortAccepter;
  #device!: PortDevice;
  #places: (Netcon | undefined)[] = [];
  readonly #users = new Set<Netcon>();
  readonly #pending: PendingConnections;
  #fanOut!: FanOut;
  #closeon: Matcher | undefined;
  #remaddr!: RemoteAddresses;
  #connback: Connback | undefined;
  readonly #observers: Observers;
  readonly #halfClose: HalfCloseWatch;
  readonly #slow: SlowConsumerTimer<Netcon>;
  readonly #idle: IdleTimer<Netcon>;
  readonly #serial: SerialEvents;
  /** Users that came through doors beside the accepter, greeted or waiting for the device to be open. */
  readonly #beside = new Set<Netcon>();
  readonly #parts: PortPart[] = [];
  #access: Access | undefined;
  /** What those that were added remember of the device. */
  history: History | undefined;
  /** How many want the device open also without users, and the wait for the next try. */
  #holds = 0;
  readonly #reopen: Deadline = { due: Infinity, run: () => void this.#go({ on: 'reopen' }) };
  /** Of the sessions that are over; `sessions` counts the one at work, too. */
  readonly #past = { read: 0, written: 0, sessions: 0 };
  /** What waits for the device to be closed. */
  #whenClosed: (() => void)[] = [];

  constructor(config: ConnectionConfig, env: PortEnv) {
    const { deadlines } = env;
    const users = this.#users;
    this.#env = env;
    this.config = config;
    this.#faults = new FaultLog(config.name, env);
    this.#accepter = new PortAccepter(this, env, this.#faults);
    this.#pending = new PendingConnections(deadlines, () => this.#servePending(false));
    this.#observers = new Observers(config.name, env.log);
    this.#halfClose = new HalfCloseWatch(deadlines, users);
    this.#slow = new SlowConsumerTimer(env.clock, deadlines, users, {
      limit: () => this.config.options.slowUserTimeout,
      cut: (stuck) => this.#cutSlow(stuck),
    });
    this.#idle = new IdleTimer(deadlines, users, {
      timeoutOf: (user) => this.#timeoutOf(user),
      isStuck: (user) => this.config.options.timeoutOnOsQueue && (user.gensio.kernelBytes?.() ?? 0) > 0,
      timedOut: (user) => {
        this.#dropUser(user, REASON.timeout);
        this.#afterLeave();
      },
    });
    this.#serial = new SerialEvents(users, (setting) => {
      this.#device.lineChanged = true;
      this.#updateCharDelay();
      if (setting !== undefined) this.#observers.tell((o) => o.settingChanged?.(setting));
    });
    this.#configure();
  }

  /** Puts the configuration in force, but for listeners and sessions. */
  #configure(): void {
    const { options, enable, timeout, accepter, connector } = this.config;
    this.#timeout = timeout;
    this.#device = new PortDevice(this, this.#env);
    this.#fanOut = new FanOut(this.#env.clock, this.#env.deadlines, this.#users, {
      bufsize: Math.max(2, options.devToNetBufsize),
      maxDelay: options.chardelayMax / 1000,
      sendon: Matcher.of(this.#expand(options.sendon)),
    });
    this.#places = new Array(Math.min(MAX_PLACES, Math.max(1, options.maxConnections))).fill(undefined);
    this.#closeon = Matcher.of(this.#expand(options.closeon));
    this.#remaddr = new RemoteAddresses(options.remaddr ?? []);
    this.#connback = Connback.of(this.config, this.#env, {
      occupied: (place) => this.#places[place] !== undefined,
      connect: (spec) => this.#accepter.dial(spec),
      enter: (door, gensio, place) => this.#enter(door, gensio, { called: place }),
      deliver: (data) => this.#deliver(data),
      reopen: () => this.#go({ on: 'reopen' }),
    });
    this.#observers.renew(this.#env.observers.flatMap((make) => make(this)));
    this.#go({
      on: 'configured',
      enabled: enable,
      usable: accepter.spec !== undefined && connector.spec !== undefined,
      held: this.#connback !== undefined || this.#holds > 0,
    });
  }

  // ---- What was added ----

  /** Adds what a room has for this port. */
  furnish(room: PortRoom): void {
    const part = room.attach(this);
    if (part === undefined) return;
    this.#parts.push(part);
    if (!this.#accepter.idle) part.start();
  }
  get access(): Access | undefined {
    return this.#access;
  }
  set access(access: Access | undefined) {
    this.#access = access;
    this.judgeAgain();
  }
  judgeAgain(): void {
    for (const user of this.#seated) {
      user.rights = this.#rightsOf(user.door, user.gensio, user.target !== undefined);
      if (isNothing(user.rights)) this.disconnectUser(user, 'no rights any more');
    }
  }
  hold(): () => void {
    const change = (by: 1 | -1): void => {
      this.#holds += by;
      const held = this.#connback !== undefined || this.#holds > 0;
      if (held !== this.#state.held) runIn(this, () => void this.#go({ on: 'hold', held, users: this.#seated.length }));
    };
    let over = false;
    change(1);
    return () => {
      if (!over) change(-1);
      over = true;
    };
  }

  /** Its name in the configuration. */
  get name(): string {
    return this.config.name;
  }
  /** Where it is; see state.ts. */
  get state(): PortState {
    return this.#state;
  }
  /** Whether it is in service. */
  get enabled(): boolean {
    return this.#state.enabled;
  }
  /** Somebody or something has the device. */
  get inUse(): boolean {
    return inUse(this.#state);
  }
  /** It neither listens nor tries to, and is not in use. */
  get idle(): boolean {
    return this.#accepter.idle && !this.inUse;
  }

  // ---- Listening ----

  /** Tries to listen; done when that was tried. A failure is logged and tried again every accepter-retry-time. */
  listen(done: () => void): void {
    if (!this.#go({ on: 'start' }, done).some((effect) => effect.do === 'open-accepter')) return done();
    for (const part of this.#parts) part.start();
  }
  listening(): void {
    this.#go({ on: 'listening' });
  }
  notListening(): void {
    this.#go({ on: 'not-listening' });
  }
  /** Stops listening; users stay. done when the address is free. */
  unlisten(done: () => void): void {
    this.notListening();
    const stops = [...this.#parts.map((part) => (next: () => void) => part.stop(next)), (next: () => void) => this.#accepter.close(next)];
    let left = stops.length;
    const stopped = (): void => {
      if (--left === 0) done();
    };
    for (const stop of stops) stop(stopped);
  }
  /** The configuration no longer has it: it closes with its last user, or now if it has none. listen() takes that back. */
  removeWhenIdle(): void {
    runIn(this, () => void this.#go({ on: 'remove-when-idle', users: this.#seated.length }));
  }
  /** The port number listened on; `undefined` if there is none. */
  listeningPort(): number | undefined {
    return this.#accepter.port;
  }

  // ---- Users ----

  /** Who has a place: greeted, or waiting for the device to be open. */
  get #seated(): readonly Netcon[] {
    const main = this.#places.filter((user) => user !== undefined);
    return this.#beside.size === 0 ? main : [...main, ...this.#beside];
  }

  /** A connection that came through a door: it becomes a user, waits to be one, or is told why not and closed. */
  enter(door: Door, gensio: Gensio): void {
    runIn(this, () => handOver(gensio, () => this.#enter(door, gensio)));
  }
  #enter(door: Door, gensio: Gensio, more: Partial<AdmissionContext> = {}): void {
    const rights = this.#rightsOf(door, gensio, more.called !== undefined);
    const admission = this.#admission(door, gensio.address(), { rights, ...more });
    if (admission === 'wait') return this.#pending.add({ gensio, door }, this.#state.at !== 'closing');
    if ('say' in admission) return closeGracefully(gensio, this.#env.clock, admission.say);
    const place = 'take' in admission ? admission.take : admission.kick;
    if (door.beside !== undefined && 'take' in admission)
      return this.#join(new BesideUser(gensio, door, admission.rights, this, this.#env.clock), -1);
    const old = this.#places[place];
    if (old !== undefined) this.#dropUser(old, REASON.kicked);
    if ('kick' in admission) {
      this.#afterLeave();
      return this.#enter(door, gensio);
    }
    this.#join(new Netcon(gensio, door, admission.rights, this, this.#env.clock, more.called), place);
  }
  /** What would become of a connection; more: what is known otherwise about it. */
  #admission({ rights, beside }: Door, address: string, more: Partial<AdmissionContext>): Admission {
    const { options, connector } = this.config;
    if (beside !== undefined) {
      const users = [...this.#beside].filter((user) => user.door.beside === beside);
      const places = Array.from({ length: beside.maxConnections }, (_, i) => (i < users.length ? 'taken' : 'free') as 'taken' | 'free');
      const leaving = (): boolean => users.some((user) => user.gensio.peerClosed?.() === true);
      more = { leaving, ...more, allowed: beside.allows(address), kickolduser: false, places, reopens: false };
    }
    return decideAdmission({
      enabled: this.enabled,
      closing: this.#state.at === 'closing',
      allowed: this.#remaddr.allows(address),
      kickolduser: options.kickolduser,
      places: this.#places.map((user, i) => (this.#connback?.reserves(i) ? 'reserved' : user === undefined ? 'free' : 'taken')),
      called: undefined,
      leaving: () => this.#seated.some((user) => user.gensio.peerClosed?.() === true),
      deviceInUse: !this.inUse && this.#env.deviceInUse(connector.text, this),
      deviceMissing: this.#connback !== undefined && this.#state.at !== 'open',
      // A line that was changed, or strings to be sent, want the device closed and opened; else it is just handed over.
      reopens: this.#users.size === 1 && (this.#device.lineChanged || options.openstr !== undefined || options.closestr !== undefined),
      rights,
      ...more,
    });
  }
  #rightsOf(door: Door, gensio: Gensio, called: boolean): Rights {
    if (door.rightsOf !== undefined) return door.rightsOf(door.who(gensio));
    return door.beside !== undefined || called ? door.rights : (this.#access?.rightsOf(door.who(gensio)) ?? door.rights);
  }
  /** Whether a rotator's connection could have a place at once, without anybody leaving for it. */
  couldTake(door: Door, gensio: Gensio): boolean {
    const rights = this.#rightsOf(door, gensio, false);
    const admission = this.#admission(door, gensio.address(), { rights, kickolduser: false, leaving: () => false, deviceMissing: false });
    return this.#state.usable && typeof admission === 'object' && 'take' in admission;
  }
  /** patient: a connection may go on waiting for a user that is leaving. */
  #servePending(patient = true): void {
    for (const { door, gensio } of this.#pending.takeAll()) {
      runIn(this, () => handOver(gensio, () => this.#enter(door, gensio, patient ? {} : { leaving: () => false })));
    }
  }

  /** place: -1 for a user beside those of the connection, which gets no banner of it. */
  #join(user: Netcon, place: number): void {
    if (place < 0) this.#beside.add(user);
    else this.#places[place] = user;
    this.#env.userChanged?.('connected', this, user);
    if (place >= 0) user.banner = this.#expand(this.config.options.banner, user.peer);
    user.idle = this.#timeoutOf(user);
    if (this.#state.at === 'open') this.#greet(user);
    else this.#go({ on: 'joined' });
  }

  /** Seconds. */
  #timeoutOf(user: Netcon): number {
    if (user.door.beside !== undefined) return user.door.beside.timeout;
    return (user.target !== undefined ? this.config.options.connbackTimeout : undefined) ?? this.#timeout;
  }

  /** The device is open: the user gets its banner, and data flows. */
  #greet(user: Netcon): void {
    // Whoever comes gets either the history or the live bytes of what was gathered: it goes out to the others first.
    if (this.#access !== undefined) this.#fanOut.flush();
    this.#users.add(user);
    this.#observers.tell((o) => o.userJoined?.(user));
    if (user.banner !== undefined && user.banner.length > 0) user.write(user.banner);
    this.#access?.joined(user);
    user.gensio.setReading(!this.#device.full);
    this.#idle.start();
    this.#updateFlowControl();
  }

  /** Takes a user out. Its last bytes still go out. */
  #dropUser(user: Netcon, why: Reason | LeaveReason): void {
    this.#forget(user, why);
    user.closeGracefully();
  }
  #forget(user: Netcon, why: Reason | LeaveReason): void {
    const place = this.#places.indexOf(user);
    if (place >= 0) this.#places[place] = undefined;
    const seated = this.#beside.delete(user) || place >= 0;
    // Its last bytes may still be on their way out while the device is read for the others.
    if (user.full) this.#device.detachBuffer();
    if (this.#users.delete(user)) this.#observers.tell((o) => o.userLeft?.(user, why));
    this.#access?.left(user);
    if (seated) this.#env.userChanged?.('disconnected', this, user);
    this.#serial.update(this.#state.at === 'open' ? this.#device.gensio?.serial : undefined);
  }
  #afterLeave(): void {
    this.#updateFlowControl();
    this.#go({ on: 'left', users: this.#seated.length });
    if (this.#state.at !== 'closing') this.#servePending();
  }

  fromUser(user: Netcon, data: Buffer): void {
    if (this.#access !== undefined) {
      const input = this.#access.input(user, data);
      if (input === undefined) return;
      data = input;
    } else if (!user.rights.write) return;
    const { noAccToCon } = this.config.options;
    if (noAccToCon) return;
    if (this.#observers.any) this.#observers.tell((o) => o.toDevice?.(data));
    this.#toDevice(data);
  }
  userWritable(): void {
    this.#updateFlowControl();
  }
  userClosed(user: Netcon, err: GensioError | undefined): void {
    const plain = err === undefined || err.code === 'remclose';
    if (!plain) this.#log(LOG.netReadError(this.name, err.message));
    this.#forget(user, plain ? REASON.netClosed : REASON.netReadError);
    this.#afterLeave();
  }

  userEvent(user: Netcon, event: GensioEvent): void {
    const serial = this.#state.at === 'open' ? this.#device.gensio?.serial : undefined;
    this.#serial.fromUser(user, event, serial, this.config.options, this.#access?.mayRequest(user));
  }
  userBehind(user: Netcon): void {
    this.#log(LOG.fellBehind(this.name, user.peer, user.door.beside?.behind ?? 0));
    this.disconnectUser(user, 'fell behind');
  }
  /** As FanOut has it. */
  get round(): number {
    return this.#fanOut.round;
  }

  // ---- The device ----

  deviceOpened(err?: GensioError): void {
    if (this.#state.at !== 'opening') return;
    if (err === undefined) {
      this.#faults.works('open', this.config.connector);
      return void this.#go({ on: 'device-open' });
    }
    this.#faults.failed('open', this.config.connector, err);
    if (this.#connback !== undefined) this.#log(LOG.enableFailed(this.name, err.message));
    this.#go({ on: 'device-failed', reason: err.message });
  }

  #beginSession(): void {
    this.#past.sessions++;
    this.#closeon?.reset();
    this.#updateCharDelay();
    this.#observers.tell((o) => o.opened?.());
    const openstr = this.#expand(this.config.options.openstr);
    if (openstr !== undefined && openstr.length > 0) this.#toDevice(openstr);
    for (const user of this.#seated) this.#greet(user);
    this.#serial.update(this.#device.gensio?.serial);
    this.#updateFlowControl();
  }

  /** Lets the device be read exactly while every user takes what it gets, and nothing is being called back. */
  #updateFlowControl(): void {
    if (this.#fanOut.full) this.#slow.start();
    if (this.#state.at === 'open') this.#device.setReading(!this.#fanOut.full && this.#connback?.calling !== true);
  }

  #cutSlow(stuck: readonly Netcon[]): void {
    for (const user of stuck) {
      this.#log(LOG.slowUser(this.name, user.peer, this.config.options.slowUserTimeout));
      user.gensio.abort();
      this.#dropUser(user, REASON.slow);
    }
    this.#afterLeave();
  }

  #updateCharDelay(): void {
    this.#fanOut.delay = charDelay(this.config.options, this.#device.gensio?.serial?.rate?.() ?? DEFAULT_RATE);
  }

  fromDevice(data: Buffer): void {
    if (this.config.options.noConToAcc) return;
    if (this.#connback?.wants(data)) return this.#updateFlowControl();
    const end = this.#closeon === undefined ? -1 : this.#closeon.find(data);
    // A copy: a user that is slow still sends from it when the device is read on, to be closed or by connect back.
    if (end > 0) data = Buffer.from(this.#fanOut.delay === 0 ? data.subarray(0, end) : data);
    this.#device.read += data.length;
    if (this.#observers.any) this.#observers.tell((o) => o.fromDevice?.(data));
    this.#fanOut.push(data);
    if (end > 0) {
      this.#fanOut.flush();
      for (const user of [...this.#users]) if (user.door.beside === undefined) this.#dropUser(user, REASON.portClosing);
      return this.#afterLeave();
    }
    if (this.#fanOut.full) this.#updateFlowControl();
  }

  /** Connect back is done: what the device said goes to everyone that is connected. */
  #deliver(data: Buffer): void {
    this.#device.read += data.length;
    if (this.#observers.any) this.#observers.tell((o) => o.fromDevice?.(data));
    this.#fanOut.push(data);
    this.#updateFlowControl();
  }

  #toDevice(data: Buffer): void {
    if (!this.#device.write(data)) this.#halfClose.block();
  }
  deviceWritable(): void {
    this.#halfClose.stop();
    if (this.#state.at === 'open') for (const user of this.#users) user.gensio.setReading(true);
  }

  deviceEvent(event: GensioEvent): void {
    if (this.#observers.any) this.#observers.tell((o) => o.deviceEvent?.(event));
    this.#serial.fromDevice(event);
  }

  deviceClosed(err: GensioError | undefined): void {
    if (this.#state.at === 'open') {
      const reason = err ?? new GensioError('remclose');
      this.#log(LOG.devReadError(this.name, reason.message));
      this.#fanOut.flush();
      this.#go({ on: 'device-lost' });
    }
    this.#go({ on: 'device-closed' });
  }

  // ---- Ending a session ----

  /** Closes the session, if there is one; done when the device is closed. */
  closeSession(why: Reason, done: () => void = () => undefined): void {
    if (!this.inUse) return done();
    this.#whenClosed.push(done);
    runIn(this, () => void this.#go({ on: 'close', why }));
  }

  /** Whether its device is open. */
  get isOpen(): boolean {
    return this.#state.at === 'open';
  }
  /** Disconnects one user. false: it is none of this port. */
  disconnectUser(user: UserView, why: LeaveReason | typeof REASON.adminDisconnect = REASON.adminDisconnect): boolean {
    const seated = this.#seated.find((each) => each === user);
    if (seated === undefined) return false;
    runIn(this, () => {
      this.#dropUser(seated, why);
      this.#afterLeave();
    });
    return true;
  }

  /** Something in this port's code went wrong that never should: the engine ends it and puts a new one in its place. */
  failed(err: unknown): void {
    if (this.#env.failed === undefined) throw err;
    this.#env.failed(this, err);
  }
  /** Cuts everything off, each thing whatever became of the others; the port is not used again. done when its address is free. */
  destroy(done: () => void): void {
    this.#go({ on: 'destroy' });
    this.#accepter.close(done);
  }
  #cutOff(): void {
    const leaving = [...this.#seated, ...this.#users];
    const waiting = this.#whenClosed;
    this.#whenClosed = [];
    const steps: (() => void)[] = [
      ...[...leaving, ...this.#pending.takeAll()].map(
        ({ gensio }) =>
          () =>
            cutOff(gensio),
      ),
      () => this.#device.gensio !== undefined && cutOff(this.#device.gensio),
      () => this.#idle.stop(),
      () => this.#halfClose.stop(),
      () => this.#slow.stop(),
      () => this.#fanOut.drop(),
      () => this.#connback?.stop(),
      ...this.#parts.map((part) => () => part.stop(() => undefined)),
      () => this.#env.deadlines.cancel(this.#reopen),
      () => this.#observers.tell((o) => o.closed?.(REASON.portClosing)),
      ...leaving.map((user) => () => this.#env.userChanged?.('disconnected', this, user)),
      ...waiting,
    ];
    for (const step of steps) {
      try {
        step();
      } catch {
        // What caused all this was told; what follows from it helps nobody.
      }
    }
  }

  #endSession(why: Reason): void {
    this.#idle.stop();
    this.#halfClose.stop();
    this.#slow.stop();
    this.#connback?.stop();
    this.#fanOut.flush();
    this.#observers.tell((o) => o.closed?.(why));
    for (const user of this.#seated) this.#dropUser(user, REASON.portClosing);
    this.#fanOut.drop();
  }

  #closestr(): Buffer | undefined {
    const closestr = this.#expand(this.config.options.closestr);
    return closestr !== undefined && closestr.length > 0 ? closestr : undefined;
  }

  #onDeviceClosed(): void {
    this.#past.read += this.#device.read;
    this.#past.written += this.#device.written;
    this.#device.reset();
    const waiting = this.#whenClosed;
    this.#whenClosed = [];
    for (const done of waiting) done();
    this.#env.idle(this);
  }

  // ---- For the admin port and reload ----

  /** Seconds of silence after which a user is disconnected; 0 for never. */
  get timeout(): number {
    return this.#timeout;
  }
  /** Changes it until the next reload, and begins it again for all users. */
  changeTimeout(seconds: number): void {
    this.#timeout = seconds;
    for (const user of this.#users) user.idle = this.#timeoutOf(user);
    this.#idle.start();
  }
  /** Takes the port out of service or puts it back; done when that is through. why: what its users and observers hear. */
  setEnabled(on: boolean, done: () => void, why: Reason = REASON.adminDisable): void {
    this.#go({ on: on ? 'enable' : 'disable' });
    if (on) return this.listen(done);
    this.unlisten(() => this.closeSession(why, done));
  }
  /** Puts another configuration in force; only while the port is not in use. keepListener: the accepter is the same. */
  replace(config: ConnectionConfig, keepListener: boolean): void {
    this.config = config;
    this.#connback?.stop();
    this.#configure();
    if (keepListener) this.#accepter.announce();
  }
  /** Those that have a place. */
  get users(): readonly UserView[] {
    return this.#seated;
  }
  /** The connector that is open, or was last; `undefined` before that. */
  get device(): Gensio | undefined {
    return this.#device.gensio;
  }
  /** Bytes read from and written to the device since it was opened. */
  get counters(): { readonly read: number; readonly written: number } {
    return { read: this.#device.read, written: this.#device.written };
  }
  /** Since the daemon started: bytes from the device and to it, and how often it was opened. */
  get totals(): { readonly read: number; readonly written: number; readonly sessions: number } {
    const { read, written, sessions } = this.#past;
    return { read: read + this.#device.read, written: written + this.#device.written, sessions };
  }
  /** What failed last at this port; `undefined` if nothing has. */
  get lastFault(): Fault | undefined {
    return this.#faults.last;
  }
  /** The last attempt to open the device failed. */
  get cannotOpen(): boolean {
    return this.#faults.isBroken('open');
  }
  /** What blocks: the device takes nothing, or a user does not. */
  get blocked(): { readonly toDevice: boolean; readonly toNet: boolean } {
    return { toDevice: this.#device.full, toNet: this.#fanOut.full };
  }
  /** Why it does not listen although it should, as the log has it; undefined while it does. */
  get failure(): string | undefined {
    return this.#accepter.failure;
  }
  /** The settings of the device's serial line when it is opened; `undefined` if the connector does not end in a serial device. */
  get line(): SerialLine | undefined {
    return serialLineOf(this.config.connector.spec);
  }
  /** Changes the line until the next configuration: at each opening, and an open one at once as far as it can be asked. */
  changeLine(line: SerialLine): void {
    const { connector } = this.config;
    if (connector.spec === undefined) return;
    this.config = { ...this.config, connector: { ...connector, spec: withSerialLine(connector.spec, line) } };
    if (!this.inUse) this.#device.renew();
    else if (this.#state.at === 'open') {
      const serial = this.#device.gensio?.serial;
      if (serial !== undefined) askLine(serial, line);
      this.#updateCharDelay();
    }
  }
  /** Adds an observer for as long as it likes (monitors), also when the configuration changes. Returns how to take it out. */
  watch(observer: PortObserver): () => void {
    return this.#observers.watch(observer);
  }
  firstPeer(): string {
    return this.#places.find((user) => user !== undefined)?.peer ?? '';
  }
  lineText(): string {
    const text = this.#device.gensio?.address() ?? '';
    return /,[^ ]*/.exec(text)?.[0] ?? '';
  }

  // ---- Inside ----

  #log(text: string): void {
    this.#env.log.log('err', text, { port: this.name });
  }

  #expand(text: string | undefined, peer?: string): Buffer | undefined {
    if (text === undefined) return undefined;
    return expandDevstr(text, {
      ...escapesOf(this.config),
      serialText: this.lineText(),
      peer: peer ?? this.firstPeer(),
      now: this.#env.clock.wall(),
    });
  }

  /** done: for open-accepter. Returns what was done. */
  #go(event: PortEvent, done: () => void = () => undefined): readonly Effect[] {
    const [next, effects] = step(this.#state, event);
    tracePoints.port?.(`${this.name}: ${traceStep(this.#state, event, next, effects)}`);
    this.#state = next;
    for (const effect of effects) this.#run(effect, done);
    return effects;
  }
  #run(effect: Effect, done: () => void): void {
    switch (effect.do) {
      case 'open-accepter':
        return runIn(this, () => this.#accepter.open(done));
      case 'open-device':
        return this.#device.open();
      case 'begin-session':
        return this.#beginSession();
      case 'fail-users':
        for (const user of this.#seated) {
          this.#forget(user, REASON.openFailure);
          closeGracefully(user.gensio, this.#env.clock, REFUSAL.openFailure(effect.reason));
        }
        return;
      case 'end-session':
        return this.#endSession(effect.why);
      case 'close-device': {
        const closestr = this.#closestr();
        if (closestr !== undefined) this.#toDevice(closestr);
        return this.#device.close();
      }
      case 'report-lost':
        if (this.#closestr() !== undefined) this.#log(LOG.devWriteClosed(this.name, new GensioError('notready').message));
        return;
      case 'reopen-later':
        if (this.#connback !== undefined) return this.#connback.reopenLater();
        return this.#env.deadlines.arm(this.#reopen, Math.max(1, this.config.options.connectorRetryTime) * 1000);
      case 'stop-calls':
        this.#env.deadlines.cancel(this.#reopen);
        return this.#connback?.stop();
      case 'idle':
        return this.#onDeviceClosed();
      case 'serve-waiting':
        return this.#servePending();
      case 'cut-off':
        return this.#cutOff();
      default:
        effect satisfies never;
    }
  }
}

const cutOff = (gensio: Gensio): void => {
  gensio.up = nullUp;
  gensio.abort();
};
