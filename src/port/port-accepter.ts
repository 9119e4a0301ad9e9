// The accepter side of a port: listens, tries again where it cannot, keeps why, and is announced while it listens. Knows nothing
// of users.
import type { Deadlines } from '../base/deadlines.ts';
import type { GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import type { ConnectionConfig } from '../config/model.ts';
import type { Gensio } from '../gensio/gensio.ts';
import type { Announce, StackBuilder } from '../gensio/stack-builder.ts';
import { protocolLayer } from '../gensio/syntax/stack-properties.ts';
import { shownStack } from '../options/secrets.ts';
import type { LayerSpec } from '../options/stack.ts';
import { Announcer } from './announcer.ts';
import { type Door, openDoor, RAW } from './door.ts';
import type { FaultLog } from './fault-log.ts';
import { Listener, type ListenerUp } from './listener.ts';
import { LOG } from './messages.ts';

/** What the accepter does to its port. */
export interface PortAccepterUp {
  /** In force now; its accepter means something when open() is called. */
  readonly config: ConnectionConfig;
  /** A connection has come through a door. */
  enter(door: Door, gensio: Gensio): void;
  /** It listens now. */
  listening(): void;
  /** It cannot listen, or no longer does. */
  notListening(): void;
}

interface AccepterEnv {
  readonly deadlines: Deadlines;
  readonly log: Log;
  readonly builder: StackBuilder;
  readonly announce: Announce;
}

/** The listener of a port, and what it tells of itself. */
export class PortAccepter implements ListenerUp {
  readonly #up: PortAccepterUp;
  readonly #env: AccepterEnv;
  readonly #faults: FaultLog;
  readonly #announcer: Announcer;
  #listener: Listener | undefined;
  #door = openDoor(RAW);
  #failure: string | undefined;

  constructor(up: PortAccepterUp, env: AccepterEnv, faults: FaultLog) {
    this.#up = up;
    this.#env = env;
    this.#faults = faults;
    this.#announcer = new Announcer(env);
  }

  /** Whether it listens now. */
  get on(): boolean {
    return this.#listener?.on === true;
  }
  /** It neither listens nor tries to. */
  get idle(): boolean {
    return this.#listener === undefined;
  }
  /** The port number listened on, where there is one. */
  get port(): number | undefined {
    return this.#listener?.port;
  }
  /** Why it did not listen when it was tried last, as the log has it; `undefined` if it did. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** done when it was tried once. A failure is logged and tried again every accepter-retry-time. */
  open(done: () => void): void {
    const { accepter, options } = this.#up.config;
    const { builder, deadlines } = this.#env;
    this.#door = openDoor(protocolLayer(accepter.spec)?.type ?? RAW);
    const { authdir = '', allowedUsers, pamauth } = options;
    this.#listener ??= new Listener(accepter.spec!, Math.max(1, options.accepterRetryTime), builder, deadlines, this, {
      authdir,
      allowedUsers,
      pamauth,
    });
    this.#listener.open(done);
  }
  /** As Listener.dial. */
  dial(spec: LayerSpec): Gensio {
    return this.#listener?.dial(spec) ?? this.#env.builder.connector(spec);
  }
  /** done when the address is free. */
  close(done: () => void): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#announcer.stop();
    if (listener === undefined) done();
    else listener.close(done);
  }
  /** Announces it as the configuration says now. */
  announce(): void {
    this.#announcer.start(this.#up.config, this.port);
  }

  // From the listener.
  accepted(gensio: Gensio): void {
    this.#up.enter(this.#door, gensio);
  }
  acceptFailed(err: GensioError): void {
    this.#log(LOG.acceptError(this.#up.config.name, err));
    // What went wrong with a client is in that line; the rest is a matter of this machine.
    if (err.errno !== undefined) this.#faults.failed('accept a connection on', this.#up.config.accepter, err);
  }
  listening(): void {
    this.#failure = undefined;
    this.#faults.works('listen on', this.#up.config.accepter);
    this.announce();
    this.#up.listening();
  }
  listenFailed(err: GensioError): void {
    const { name, accepter } = this.#up.config;
    const text = err.code === 'notsup' && err.detail !== undefined ? `${err.message}: ${err.detail}` : err.message;
    const named = err.code === 'unknownname' || err.code === 'namenotfound';
    this.#failure = named ? LOG.accepterInvalid(shownStack(accepter), text) : LOG.listenFailed(name, text);
    this.#log(this.#failure);
    this.#faults.failed('listen on', accepter, err);
    this.#up.notListening();
  }
  #log(text: string): void {
    this.#env.log.log('err', text, { port: this.#up.config.name });
  }
}
