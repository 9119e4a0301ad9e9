// The admin port's listener and its sessions. It is told of every new configuration; what did not change stays open.
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../base/clock.ts';
import { Deadlines } from '../base/deadlines.ts';
import { type FaultDomain, nextMicrotask, runIn } from '../base/fault-domain.ts';
import { GENSIO_ERRORS, type GensioError } from '../base/gensio-error.ts';
import { type Log, logFailure } from '../base/log.ts';
import type { AdminConfig } from '../config/model.ts';
import type { Gensio, GensioUp } from '../gensio/gensio.ts';
import { knownAs } from '../gensio/syntax/stack-properties.ts';
import type { Engine } from '../port/engine.ts';
import { type FaultEnv, FaultLog } from '../port/fault-log.ts';
import { Listener, type ListenerUp } from '../port/listener.ts';
import { closeGracefully } from '../port/netcon.ts';
import type { CommandEnv } from './commands.ts';
import { LOG, TOO_MANY_SESSIONS } from './messages.ts';
import { Session } from './session.ts';

/** ser2net 4.3.11. */
const MAX_SESSIONS = 4;
/**
 * Beside these, for `ser2net status` and `health` of this machine: they say at once what they want, and do not stay. How many at once, and
 * how long one may take to say it and to end, ms.
 */
const MAX_QUERIES = 2;
const QUERY_SAID_MS = 500;
const QUERY_MS = 10_000;
/** What they say first. */
const QUERY = Buffer.from('yaml\r');
/** Seconds until an address that could not be listened on is tried again, as for ports. */
const RETRY_S = 10;

interface AdminEnv extends CommandEnv, FaultEnv {
  readonly engine: Pick<Engine, 'ports' | 'port' | 'pending' | 'builder' | 'watchUsers'>;
  readonly clock: Clock;
  readonly log: Log;
}

type Wanted = Pick<AdminConfig, 'accepter' | 'authdir' | 'pamauth'>;
const wantedOf = ({ accepter, authdir, pamauth }: AdminConfig): Wanted => ({ accepter, authdir, pamauth });

/** The admin port of a daemon. */
export class AdminServer implements FaultDomain {
  readonly #env: AdminEnv;
  readonly #deadlines: Deadlines;
  readonly #sessions = new Set<Session>();
  readonly #queries = new Set<Query>();
  readonly #faults: FaultLog;
  readonly #unwatch: () => void;
  #wanted: Wanted | undefined;
  #listener: Listener | undefined;
  #idleLimit = 0;
  #stopped = false;

  constructor(env: AdminEnv) {
    this.#env = env;
    this.#deadlines = new Deadlines(env.clock);
    this.#faults = new FaultLog('control port', env);
    this.#unwatch = env.engine.watchUsers((change, port, user) => {
      // A command that closes users is answered before they are reported, as ser2net 4.3.11 does.
      nextMicrotask(() => {
        for (const session of [...this.#sessions]) session.report(change, port, user.peer);
      });
    });
  }

  /** The port number listened on, where there is one. */
  get port(): number | undefined {
    return this.#listener?.port;
  }
  /** How many are open. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /**
   * Listens as a configuration says, from -p or a file; called before the ports of the same configuration are started, so that the
   * admin port wins an address. What cannot be opened is logged, and tried again. Sessions live on.
   */
  async apply(config: AdminConfig | undefined): Promise<void> {
    const wanted = config && wantedOf(config);
    this.#idleLimit = config?.timeout ?? 0;
    if (this.#listener?.on === true && isDeepStrictEqual(wanted, this.#wanted)) return;
    await this.#unlisten();
    this.#wanted = wanted;
    if (config === undefined || this.#stopped) return;
    const { accepter, authdir, pamauth, pos, place = '' } = config;
    if (accepter.spec === undefined) {
      // The reader of a file has reported it with its place.
      if (pos.line === 0) this.#fail(LOG.cannotAllocate(GENSIO_ERRORS[accepter.error ?? 'inval']));
      return;
    }
    const { log, engine } = this.#env;
    let told = false;
    const up: ListenerUp = {
      accepted: (gensio) => this.#accepted(gensio),
      acceptFailed: (err) => log.log('info', LOG.acceptError(err)),
      listening: () => this.#faults.works('listen on', accepter),
      listenFailed: (err) => {
        if (!told) this.#fail(`${place}${allocating(err) ? LOG.cannotAllocate(err.message) : LOG.cannotStart(err.message)}`);
        told = true;
        this.#faults.failed('listen on', accepter, err);
      },
    };
    const listener = new Listener(knownAs('ser2net-control', accepter.spec), RETRY_S, engine.builder, this.#deadlines, up, {
      authdir,
      allowedUsers: undefined,
      pamauth,
    });
    this.#listener = listener;
    await new Promise<void>((resolve) => runIn(this, () => listener.open(resolve)));
  }

  /** The session it happened in is closed by its stream; the others go on. */
  failed(err: unknown): void {
    logFailure(this.#env.log, err, LOG.failed);
  }
  #fail(text: string): void {
    this.#env.log.log('err', text);
  }

  #accepted(gensio: Gensio): void {
    const { clock } = this.#env;
    if (this.#stopped) return gensio.abort();
    if (this.#sessions.size < MAX_SESSIONS) this.#sessions.add(this.#begin(gensio, (session) => this.#sessions.delete(session)));
    else if (this.#queries.size >= MAX_QUERIES || !isLocal(gensio.address())) closeGracefully(gensio, clock, TOO_MANY_SESSIONS);
    else {
      const query: Query = new Query(gensio, clock, {
        begin: (ended) => this.#begin(gensio, ended),
        ended: () => this.#queries.delete(query),
      });
      this.#queries.add(query);
    }
  }
  #begin(gensio: Gensio, ended: (session: Session) => void): Session {
    return new Session(gensio, { ...this.#env, deadlines: this.#deadlines, idleLimit: () => this.#idleLimit, ended });
  }

  #unlisten(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    return listener === undefined ? Promise.resolve() : new Promise((resolve) => listener.close(resolve));
  }

  /** Closes listener and sessions, without a word. Resolves when the address is free. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unwatch();
    for (const session of [...this.#sessions, ...this.#queries]) session.close();
    await this.#unlisten();
  }
}

/** Whether a client is on this machine. */
const isLocal = (address: string): boolean => /^(?:ipv4,127\.|ipv6,(?:::1|::ffff:127\.[0-9.]+),|unix)/.test(address);

interface QueryEnv {
  begin(ended: () => void): Session;
  /** Once: it is over. */
  ended(): void;
}

/** A client that gets a session if it is a program that asks something, and for a short while only. */
class Query implements GensioUp {
  readonly #gensio: Gensio;
  readonly #clock: Clock;
  readonly #env: QueryEnv;
  #limit: Timer;
  #said: Buffer = Buffer.alloc(0);
  #session: Session | undefined;
  #over = false;

  constructor(gensio: Gensio, clock: Clock, env: QueryEnv) {
    this.#gensio = gensio;
    this.#clock = clock;
    this.#env = env;
    this.#limit = clock.after(QUERY_SAID_MS, () => this.#refuse());
    gensio.up = this;
    gensio.setReading(true);
  }
  read(data: Buffer): void {
    if (this.#over) return;
    const said = this.#said.length === 0 ? data : Buffer.concat([this.#said, data]);
    if (!said.subarray(0, QUERY.length).equals(QUERY.subarray(0, said.length))) return this.#refuse();
    if (said.length < QUERY.length) {
      this.#said = Buffer.from(said);
      return;
    }
    this.#limit.cancel();
    this.#limit = this.#clock.after(QUERY_MS, () => this.close());
    this.#session = this.#env.begin(() => this.#end());
    this.#session.read(said);
  }
  writable(): void {}
  closed(): void {
    this.#end();
  }
  #refuse(): void {
    this.#end();
    closeGracefully(this.#gensio, this.#clock, TOO_MANY_SESSIONS);
  }
  /** Ends it without a word. */
  close(): void {
    if (this.#session !== undefined) this.#session.close();
    else if (!this.#over) {
      this.#end();
      closeGracefully(this.#gensio, this.#clock);
    }
  }
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#limit.cancel();
    this.#env.ended();
  }
}

/** Names are looked up while the accepter is made, in the reference. */
const allocating = ({ code, stage }: GensioError): boolean =>
  stage === 'allocating' || code === 'unknownname' || code === 'namenotfound' || code === 'notsup';
