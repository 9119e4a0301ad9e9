// The admin port's listener and its sessions. It is told of every new configuration; what did not change stays open.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import { Deadlines } from '../base/deadlines.ts';
import { type FaultDomain, nextMicrotask, runIn } from '../base/fault-domain.ts';
import { GENSIO_ERRORS, type GensioError } from '../base/gensio-error.ts';
import { type Log, logFailure } from '../base/log.ts';
import type { AdminConfig } from '../config/model.ts';
import type { Gensio } from '../gensio/gensio.ts';
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
  readonly #faults: FaultLog;
  readonly #unwatch: () => void;
  #wanted: Wanted | undefined;
  #listener: Listener | undefined;
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
    if (this.#sessions.size >= MAX_SESSIONS) return closeGracefully(gensio, clock, TOO_MANY_SESSIONS);
    this.#sessions.add(new Session(gensio, { ...this.#env, ended: (session) => this.#sessions.delete(session) }));
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
    for (const session of [...this.#sessions]) session.close();
    await this.#unlisten();
  }
}

/** Names are looked up while the accepter is made, in the reference. */
const allocating = ({ code, stage }: GensioError): boolean =>
  stage === 'allocating' || code === 'unknownname' || code === 'namenotfound' || code === 'notsup';
