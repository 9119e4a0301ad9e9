// All ports and rotators of a configuration, and the way from one configuration to the next.
//
// A reload compares by name. A connection that did not change keeps its listener and its users. One that did gets its new
// settings at once when nobody uses it; while somebody does, it stops listening and changes when the last user leaves.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import { Deadlines } from '../base/deadlines.ts';
import { type Log, logFailure } from '../base/log.ts';
import { Slices } from '../base/slices.ts';
import type { Config, ConnectionConfig } from '../config/model.ts';
import type { GensioEnv } from '../gensio/context.ts';
import { announce, Builder } from '../gensio/registry.ts';
import type { AcceptedStackBuilder, StackBuilder } from '../gensio/stack-builder.ts';
import type { ObserverFactory, UserView } from './events.ts';
import type { FaultEnv } from './fault-log.ts';
import { LOG, REASON } from './messages.ts';
import { Port, type PortEnv } from './port.ts';
import type { PortRoom } from './port-room.ts';
import { Rotator } from './rotator.ts';

interface EngineEnv {
  readonly clock: Clock;
  readonly log: Log;
  /** Who has a device or an address, for the log; see FaultEnv. */
  readonly whoHas?: FaultEnv['whoHas'];
  /** What layers need besides clock and log. */
  readonly gensio: Omit<GensioEnv, 'clock' | 'log'>;
  /** Traces, LEDs, logs: made again for each port and configuration. */
  readonly observers?: readonly ObserverFactory[];
  /** Makes the layers; the registry's builder when not given. */
  readonly builder?: AcceptedStackBuilder;
}

/** What becomes of a port whose configuration changed while it is in use. */
export type Pending = 'reconfigured' | 'deleted';

/** A user was given a place at a port, or left it. A device that cannot be opened gives both. */
export type UserChange = 'connected' | 'disconnected';
type UserWatcher = (change: UserChange, port: Port, user: UserView) => void;

/** From the end of a port that failed to its new start: a failure that comes back at once must not keep the daemon busy. */
const RESTART_MS = 1000;
/** stop() does not wait longer than this for anybody. */
const STOP_LIMIT_MS = 5000;

const same = (a: ConnectionConfig, b: ConnectionConfig): boolean => {
  const { pos: _a, ...restA } = a;
  const { pos: _b, ...restB } = b;
  return isDeepStrictEqual(restA, restB);
};

/** Both strings mean something: without that a port does not listen. */
const usable = ({ accepter, connector }: ConnectionConfig): boolean => accepter.spec !== undefined && connector.spec !== undefined;

/** What differs between two settings of a port leaves its listener alone. */
const sameListener = (a: ConnectionConfig, b: ConnectionConfig): boolean => usable(a) && usable(b) && a.accepter.text === b.accepter.text;

/** Runs the ports and rotators of one configuration after the other. */
export class Engine {
  readonly #env: EngineEnv;
  readonly #portEnv: PortEnv;
  readonly #builder: AcceptedStackBuilder;
  readonly #deadlines: Deadlines;
  #ports: Port[] = [];
  /** Ports removed while in use, and ports to be changed: what to do when they are at rest. */
  readonly #pending = new Map<Port, ConnectionConfig | 'deleted'>();
  #rotators: Rotator[] = [];
  readonly #userWatchers = new Set<UserWatcher>();
  readonly #rooms: PortRoom[] = [];
  #stopped = false;

  constructor(env: EngineEnv) {
    this.#env = env;
    this.#deadlines = new Deadlines(env.clock);
    this.#builder = env.builder ?? new Builder({ ...env.gensio, clock: env.clock, log: env.log });
    this.#portEnv = {
      clock: env.clock,
      deadlines: this.#deadlines,
      log: env.log,
      builder: this.#builder,
      announce,
      ...(env.whoHas !== undefined && { whoHas: env.whoHas }),
      observers: env.observers ?? [],
      deviceInUse: (connector, besides) => this.#ports.some((p) => p !== besides && p.inUse && p.config.connector.text === connector),
      idle: (port) => this.#portIdle(port),
      failed: (port, err) => this.#failed(port, err),
      userChanged: (change, port, user) => {
        for (const watcher of this.#userWatchers) watcher(change, port, user);
      },
    };
  }

  /** Makes layers as the ports do; for the admin port. */
  get builder(): StackBuilder {
    return this.#builder;
  }
  /** In the order of the configuration; ports that were removed and are still in use come last. */
  get ports(): readonly Port[] {
    return this.#ports;
  }
  /** The port of that name; `undefined` if there is none. */
  port(name: string): Port | undefined {
    return this.#ports.find((p) => p.name === name);
  }
  /** Tells of every user of every port that comes or goes; for the admin port. Returns how to end that. */
  watchUsers(watcher: UserWatcher): () => void {
    this.#userWatchers.add(watcher);
    return () => this.#userWatchers.delete(watcher);
  }
  /** Adds what a room has to each port, those there are and those to come. */
  addRoom(room: PortRoom): void {
    this.#rooms.push(room);
    for (const port of this.#ports) port.furnish(room);
  }
  #make(config: ConnectionConfig): Port {
    const port = new Port(config, this.#portEnv);
    for (const room of this.#rooms) port.furnish(room);
    return port;
  }
  /** All waits of the ports. */
  get deadlines(): Deadlines {
    return this.#deadlines;
  }
  /** What a reload has in store for a port in use. */
  pending(port: Port): Pending | undefined {
    const next = this.#pending.get(port);
    return next === undefined ? undefined : next === 'deleted' ? 'deleted' : 'reconfigured';
  }

  /**
   * Puts a configuration in force: the first time everything starts; later only what differs changes.
   * Resolves when each listener was tried. Never rejects: what fails is logged, and tried again. Others come in between.
   */
  async apply(config: Config): Promise<void> {
    await this.#all(this.#rotators, (r, done) => r.close(done));
    const slices = new Slices(this.#env.clock);
    // What takes long and changes nothing comes first.
    const known = new Map(this.#ports.map((p) => [p.name, p]));
    const made = new Map<ConnectionConfig, Port>();
    const compared = new Map<ConnectionConfig, { readonly is: ConnectionConfig; readonly same: boolean; readonly keeps: boolean }>();
    for (const wanted of config.connections) {
      if (slices.isUp) await slices.next();
      const is = known.get(wanted.name)?.config;
      if (is === undefined) made.set(wanted, this.#make(wanted));
      else compared.set(wanted, { is, same: same(is, wanted), keeps: sameListener(is, wanted) });
    }
    // After each wait: a stop may have come meanwhile.
    if (this.#stopped) return;
    // Also those that were to go when their last user leaves: a name that is back is the same port.
    const before = new Map(this.#ports.map((p) => [p.name, p]));
    const next: Port[] = [];
    const changed: Port[] = [];
    /** Those of the changed ones whose listener stays open. */
    const kept = new Set<Port>();
    const starting: Port[] = [];
    const idle = (p: Port): boolean => !p.inUse;
    for (const wanted of config.connections) {
      const port = before.get(wanted.name);
      before.delete(wanted.name);
      if (port === undefined) {
        const fresh = made.get(wanted) ?? this.#make(wanted);
        next.push(fresh);
        starting.push(fresh);
        continue;
      }
      next.push(port);
      const look = compared.get(wanted);
      // Not if it has changed meanwhile.
      const is = look?.is === port.config ? look : undefined;
      if (is?.same === true && port.timeout === wanted.timeout && port.enabled === wanted.enable) {
        if (this.#pending.delete(port)) starting.push(port);
        continue;
      }
      this.#pending.set(port, wanted);
      changed.push(port);
      if (is?.keeps === true && idle(port) && port.enabled && wanted.enable) kept.add(port);
    }
    for (const port of before.values()) this.#pending.set(port, 'deleted');
    const removed = [...before.values()];
    this.#ports = [...next, ...removed];

    // Old listeners go before new ones come, so that ports can swap addresses.
    await this.#all([...changed.filter((p) => !kept.has(p)), ...removed], (p, done) => p.unlisten(done));
    if (this.#stopped) return;
    for (const port of changed) {
      const wanted = this.#pending.get(port);
      if (wanted === undefined || wanted === 'deleted') continue;
      if (!wanted.enable) port.closeSession(REASON.adminDisable);
    }
    for (const port of removed) if (!idle(port)) port.removeWhenIdle();
    for (const port of [...changed, ...removed]) {
      if (slices.isUp) await slices.next();
      if (this.#stopped) return;
      if (idle(port)) this.#settle(port, kept.has(port), false);
      // Somebody has come meanwhile.
      else if (kept.has(port)) port.unlisten(() => undefined);
    }
    const there = new Set(this.#ports);
    starting.push(...changed.filter((p) => !kept.has(p) && idle(p) && there.has(p)));
    this.#rotators = config.rotators.map(
      (r) => new Rotator(r, { ...this.#portEnv, builder: this.#builder, port: (name) => this.port(name) }),
    );
    await this.#all(this.#rotators, (r, done) => r.listen(done));
    if (this.#stopped) return;
    await this.#all(starting, (p, done) => (this.#stopped ? done() : p.listen(done)));
  }
  /** Calls each, and resolves when each has said done. */
  async #all<T>(things: readonly T[], call: (thing: T, done: () => void) => void): Promise<void> {
    const slices = new Slices(this.#env.clock);
    const ends: Promise<void>[] = [];
    for (const thing of things) {
      if (slices.isUp) await slices.next();
      ends.push(new Promise((resolve) => call(thing, resolve)));
    }
    await Promise.all(ends);
  }

  /** Puts in force what a reload wanted of a port that is not in use. */
  #settle(port: Port, keepListener: boolean, listen: boolean): void {
    const wanted = this.#pending.get(port);
    if (wanted === undefined) return;
    this.#pending.delete(port);
    if (wanted === 'deleted') {
      this.#ports = this.#ports.filter((p) => p !== port);
      // Who still waits for a place is turned away.
      port.setEnabled(false, () => undefined);
      return;
    }
    port.replace(wanted, keepListener);
    if (listen && !this.#stopped) port.listen(() => undefined);
  }

  #portIdle(port: Port): void {
    if (!port.inUse) this.#settle(port, false, true);
  }

  /**
   * A port's own code failed where it never should: that is logged with its place, the port with all it has is ended, and a new one
   * takes its place. The others do not notice.
   */
  #failed(port: Port, err: unknown): void {
    const { log, clock } = this.#env;
    logFailure(log, err, (stack) => LOG.failed(port.name, stack), { port: port.name });
    const at = this.#ports.indexOf(port);
    const wanted = this.#pending.get(port);
    this.#pending.delete(port);
    const { enabled } = port;
    if (at < 0 || wanted === 'deleted' || this.#stopped) {
      if (wanted === 'deleted') this.#ports = this.#ports.filter((p) => p !== port);
      return port.destroy(() => undefined);
    }
    let next: Port;
    try {
      next = this.#make(wanted ?? port.config);
    } catch (again) {
      logFailure(log, again, (stack) => LOG.failedOn(`port ${port.name}, which stays closed`, stack), { port: port.name });
      return port.destroy(() => undefined);
    }
    if (wanted === undefined && !enabled) next.setEnabled(false, () => undefined);
    this.#ports = this.#ports.with(at, next);
    const start = (): void => {
      if (!this.#stopped && this.#ports.includes(next) && next.idle) next.listen(() => undefined);
    };
    port.destroy(() => clock.after(RESTART_MS, start));
  }

  /** Closes everything: listeners first, then sessions with their last words. Resolves when done, within some seconds. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#all(this.#rotators, (r, done) => r.close(done));
    await this.#all(this.#ports, (p, done) => p.unlisten(done));
    const ended = this.#all(this.#ports, (p, done) => p.setEnabled(false, done, REASON.shutdown));
    await Promise.race([ended, new Promise<void>((resolve) => this.#env.clock.after(STOP_LIMIT_MS, resolve))]);
  }
}

/** Names in a summary; of more only the number is told. */
const MAX_NAMED = 5;

/** How many ports listen, and which of those that should do not: `3 of 5 ports listen; not listening: a, b; 1 disabled`. */
export function summaryOf(ports: readonly Pick<Port, 'name' | 'enabled' | 'state'>[]): string {
  const wanted = ports.filter((port) => port.enabled);
  const missing = wanted.filter((port) => !port.state.listening).map((port) => port.name);
  const count = `${ports.length} ${ports.length === 1 ? 'port' : 'ports'}`;
  const off = ports.length - wanted.length;
  const named = missing.length > MAX_NAMED ? [...missing.slice(0, MAX_NAMED), `${missing.length - MAX_NAMED} more`] : missing;
  return [
    missing.length + off === 0 ? `${count}, all listening` : `${wanted.length - missing.length} of ${count} listening`,
    ...(missing.length === 0 ? [] : [`not listening: ${named.join(', ')}`]),
    ...(off === 0 ? [] : [`${off} disabled`]),
  ].join('; ');
}
