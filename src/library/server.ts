// An engine in the process of a program: the connections and rotators of a configuration, with traces and LEDs, told of by events.
import { EventEmitter } from 'node:events';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { type Log, type LogLevel, noLog } from '../base/log.ts';
import { type ModemState, modemState } from '../base/serial.ts';
import type { Config } from '../config/model.ts';
import { Leds } from '../observe/led.ts';
import { sessionLog } from '../observe/session-log.ts';
import { Traces } from '../observe/trace.ts';
import { Engine } from '../port/engine.ts';
import type { ObserverFactory, PortObserver, UserView } from '../port/events.ts';
import { REASON } from '../port/messages.ts';
import type { Port } from '../port/port.ts';
import { layerEnv, type OpenOptions } from './open.ts';

/** Bytes since the server was started. */
export interface PortCounters {
  /** Read from the device, whether or not a user got them. */
  readonly fromDevice: number;
  /** Written to the device. */
  readonly toDevice: number;
}

/** A client of a port, and what it has moved. */
export interface ServerUser {
  /** `ipv4,127.0.0.1,40000` */
  readonly peer: string;
  /** Bytes it has sent. */
  readonly bytesIn: number;
  /** Bytes that were sent to it. */
  readonly bytesOut: number;
}

/** A port as it is at the moment it is asked for. */
export interface ServerPort {
  /** Name of its connection in the configuration. */
  readonly name: string;
  /** `closed`: disabled, or cannot listen. `not-started`: its accepter or connector cannot be parsed. `unconnected`: listens. */
  readonly state: 'closed' | 'not-started' | 'unconnected' | 'opening' | 'open' | 'closing';
  /** False after `setEnabled(name, false)`, or with `enable: off`. */
  readonly enabled: boolean;
  /** The port number listened on, for `tcp,localhost,0`; undefined while it does not listen, or where there are no numbers. */
  readonly listening: number | undefined;
  /** Why it does not listen although it should; it is tried again. */
  readonly failure: string | undefined;
  /** Those connected now. */
  readonly users: readonly ServerUser[];
  /** Bytes since the server was started. */
  readonly counters: PortCounters;
  /** The device with its line: `/dev/ttyS0,9600N81,CLOCAL RTSHI DTRHI`. */
  readonly device: string;
  /** What the device reported last; `undefined` if nothing, or if it has no such lines. */
  readonly modemState: ModemState | undefined;
}

/** A failure of a port: it goes on, and tries again where that makes sense. */
export class PortError extends Error {
  override readonly name = 'PortError';
  /** Name of its connection; `undefined` if it is not of one port. */
  readonly port: string | undefined;
  constructor(port: string | undefined, message: string) {
    super(message);
    this.port = port;
  }
}

/** What a server tells of its ports, by the name of the connection. */
export interface ServerEvents {
  /** A user was given a place at a port. */
  connect: [event: { readonly port: string; readonly peer: string }];
  /** It left. reason as in trace files: `network read close`, `timeout`, ... */
  disconnect: [
    event: { readonly port: string; readonly peer: string; readonly reason: string; readonly bytesIn: number; readonly bytesOut: number },
  ];
  /** The device was opened for a user, or to connect back. */
  deviceOpen: [event: { readonly port: string }];
  /** The device was closed. reason as in trace files. */
  deviceClose: [event: { readonly port: string; readonly reason: string }];
  /** Every countersEvery ms, for each port whose counters changed. */
  counters: [event: { readonly port: string } & PortCounters];
  /** A modem line of the device has changed. */
  modemstate: [event: { readonly port: string; readonly state: ModemState }];
  /** Not thrown when nobody listens, unlike other emitters' errors. */
  error: [error: PortError];
}

/** Options of `createServer()`. */
export interface ServerOptions extends Pick<OpenOptions, 'lockDir' | 'clock'> {
  /** Everything the daemon would log. Default: nobody hears it. */
  readonly log?: Log;
  /** ms between counters events; 0, the default: none. */
  readonly countersEvery?: number;
}

/** What is kept for one port name as long as the server runs. */
interface Tally {
  fromDevice: number;
  toDevice: number;
  /** Told by the last counters event. */
  told: number;
  modemState: ModemState | undefined;
}

/** Runs the connections and rotators of a configuration in this process. Made by `createServer()`. */
export class Ser2netServer extends EventEmitter<ServerEvents> {
  readonly #engine: Engine;
  readonly #leds: Leds;
  readonly #traces: Traces;
  readonly #clock: Clock;
  readonly #every: number;
  readonly #tallies = new Map<string, Tally>();
  /** Why a user left, from when it is known to when it is told. */
  readonly #reasons = new WeakMap<UserView, string>();
  #config: Config;
  /** One configuration after the other. */
  #turn: Promise<void> = Promise.resolve();
  #state: 'new' | 'running' | 'stopped' = 'new';
  #tick: Timer | undefined;

  /** Programs use createServer(). */
  constructor(config: Config, { log = noLog, clock = systemClock, lockDir, countersEvery = 0 }: ServerOptions = {}) {
    super();
    this.#config = config;
    this.#clock = clock;
    this.#every = countersEvery;
    const heard: Log = {
      log: (level, text, fields) => {
        log.log(level, text, fields);
        this.#heard(level, text, fields);
      },
    };
    this.#leds = new Leds(heard);
    this.#traces = new Traces(clock, heard);
    this.#engine = new Engine({
      clock,
      log: heard,
      gensio: layerEnv({ ...(lockDir !== undefined && { lockDir }) }),
      observers: [this.#observe, this.#traces.observers, this.#leds.observers, sessionLog(clock, heard)],
    });
    this.#engine.watchUsers((change, port, user) => this.#userChanged(change === 'connected', port, user));
  }

  /** Resolves when every listener was tried: ports say whether they listen. One that could not is tried again. */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error('a server is started once');
    this.#state = 'running';
    await this.#apply();
    this.#schedule();
  }

  /** Puts another configuration in force. What did not change keeps its listener and its users. Trace files are opened again. */
  async reload(config: Config): Promise<void> {
    if (this.#state !== 'running') throw new Error('the server is not running');
    this.#config = config;
    this.#traces.reopen();
    await this.#apply();
  }

  /** Closes everything: users get what was on its way. Resolves within some seconds. The server cannot be started again. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#tick?.cancel();
    await this.#engine.stop();
    await this.#traces.written();
    this.#leds.apply([]);
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#config;
  }
  /** In the order of the configuration. */
  get ports(): readonly ServerPort[] {
    return this.#engine.ports.map((port) => this.#view(port));
  }
  /** One port as it is now; `undefined` if no connection has that name. */
  port(name: string): ServerPort | undefined {
    const port = this.#engine.port(name);
    return port && this.#view(port);
  }
  /** Takes a port out of service, which ends its users, or puts it back. @throws RangeError: there is no such port */
  setEnabled(name: string, on: boolean): Promise<void> {
    const port = this.#need(name);
    return new Promise((resolve) => port.setEnabled(on, resolve));
  }
  /** Ends the users of a port; it goes on listening. @throws RangeError: there is no such port */
  disconnect(name: string): Promise<void> {
    const port = this.#need(name);
    return new Promise((resolve) => port.closeSession(REASON.adminDisconnect, resolve));
  }

  #apply(): Promise<void> {
    const run = this.#turn.then(() => this.#putInForce());
    this.#turn = run.catch(() => undefined);
    return run;
  }
  async #putInForce(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#leds.apply(this.#config.leds);
    await this.#engine.apply(this.#config);
    const names = new Set(this.#engine.ports.map(({ name }) => name));
    for (const name of this.#tallies.keys()) if (!names.has(name)) this.#tallies.delete(name);
  }
  #need(name: string): Port {
    const port = this.#engine.port(name);
    if (port === undefined) throw new RangeError(`there is no port '${name}'`);
    return port;
  }
  #tally(name: string): Tally {
    const known = this.#tallies.get(name) ?? { fromDevice: 0, toDevice: 0, told: 0, modemState: undefined };
    this.#tallies.set(name, known);
    return known;
  }
  #view(port: Port): ServerPort {
    const { fromDevice, toDevice, modemState: state } = this.#tally(port.name);
    return {
      name: port.name,
      state: port.state.at,
      enabled: port.enabled,
      listening: port.listeningPort(),
      failure: port.failure,
      users: port.users.map(({ peer, bytesIn, bytesOut }) => ({ peer, bytesIn, bytesOut })),
      counters: { fromDevice, toDevice },
      device: port.device?.address() ?? '',
      modemState: state,
    };
  }

  readonly #observe: ObserverFactory = ({ config: { name: port } }) => {
    const tally = this.#tally(port);
    const observer: PortObserver = {
      opened: () => this.emit('deviceOpen', { port }),
      closed: (reason) => this.emit('deviceClose', { port, reason: reason.trim() }),
      userLeft: (user, reason) => this.#reasons.set(user, reason.trim()),
      fromDevice: (data) => {
        tally.fromDevice += data.length;
      },
      toDevice: (data) => {
        tally.toDevice += data.length;
      },
      deviceEvent: (event) => {
        if (event.on !== 'modemstate') return;
        tally.modemState = modemState(event.state);
        this.emit('modemstate', { port, state: tally.modemState });
      },
    };
    return [observer];
  };

  #userChanged(connected: boolean, { name: port }: Port, user: UserView): void {
    const { peer, bytesIn, bytesOut } = user;
    if (connected) this.emit('connect', { port, peer });
    else this.emit('disconnect', { port, peer, reason: this.#reasons.get(user) ?? REASON.openFailure, bytesIn, bytesOut });
  }

  #heard(level: LogLevel, text: string, fields: Readonly<Record<string, string | number | boolean>> | undefined): void {
    if (level !== 'err' || this.listenerCount('error') === 0) return;
    const port = fields?.port;
    this.emit('error', new PortError(typeof port === 'string' ? port : undefined, text));
  }

  #schedule(): void {
    if (this.#every <= 0 || this.#state !== 'running') return;
    this.#tick = this.#clock.after(this.#every, () => {
      for (const { name: port } of this.#engine.ports) {
        const tally = this.#tally(port);
        const { fromDevice, toDevice, told } = tally;
        if (fromDevice + toDevice === told) continue;
        tally.told = fromDevice + toDevice;
        this.emit('counters', { port, fromDevice, toDevice });
      }
      this.#schedule();
    });
  }
}

/**
 * A server for a configuration of readConfig(); nothing is opened until start(). The admin port of the configuration is not opened:
 * the program has its place. Attachments are not made either.
 */
export const createServer = (config: Config, options: ServerOptions = {}): Ser2netServer => new Ser2netServer(config, options);
