// A rotator: one listener that hands each client to the next free port of a list.
import type { Clock } from '../base/clock.ts';
import type { Deadlines } from '../base/deadlines.ts';
import { type FaultDomain, runIn } from '../base/fault-domain.ts';
import { type Log, logFailure } from '../base/log.ts';
import type { RotatorConfig } from '../config/model.ts';
import { type Gensio, nullUp } from '../gensio/gensio.ts';
import type { AcceptedStackBuilder } from '../gensio/stack-builder.ts';
import { protocolLayer } from '../gensio/syntax/stack-properties.ts';
import type { LayerSpec } from '../options/stack.ts';
import { type Door, openDoor, RAW } from './door.ts';
import { type FaultEnv, FaultLog } from './fault-log.ts';
import { Listener } from './listener.ts';
import { LOG, REFUSAL } from './messages.ts';
import { closeGracefully } from './netcon.ts';
import type { Port } from './port.ts';

interface RotatorEnv extends FaultEnv {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Log;
  readonly builder: AcceptedStackBuilder;
  port(name: string): Port | undefined;
}

/** Runs one rotator. */
export class Rotator implements FaultDomain {
  /** What it was made from. */
  readonly config: RotatorConfig;
  readonly #env: RotatorEnv;
  readonly #listener: Listener | undefined;
  #next = 0;

  constructor(config: RotatorConfig, env: RotatorEnv) {
    this.config = config;
    this.#env = env;
    const { accepter, options, name } = config;
    let [before, after] = config.place ?? [LOG.rotatorFailed, ''];
    const log = (text: string): void => env.log.log('err', text);
    const faults = new FaultLog(name, env);
    this.#listener =
      accepter.spec &&
      new Listener(
        accepter.spec,
        Math.max(1, options.accepterRetryTime),
        env.builder,
        env.deadlines,
        {
          accepted: (gensio) => this.#accepted(gensio),
          acceptFailed: (err) => log(LOG.acceptError(name, err)),
          listening: () => faults.works('listen on', accepter),
          listenFailed: (err) => {
            log(`${before}${err.message}${after}`);
            faults.failed('listen on', accepter, err);
            [before, after] = [LOG.rotatorFailed, ''];
          },
        },
        { authdir: options.authdir ?? '', allowedUsers: options.allowedUsers, pamauth: options.pamauth },
      );
  }

  /** done when it was tried; a failure is logged and tried again every accepter-retry-time. */
  listen(done: () => void): void {
    if (this.#listener === undefined) done();
    else runIn(this, () => this.#listener?.open(done));
  }
  /** The connection it happened on is closed by its stream or its listener; the rotator goes on. */
  failed(err: unknown): void {
    logFailure(this.#env.log, err, (stack) => LOG.failedOn(`rotator ${this.config.name}`, stack));
  }
  /** Stops listening; done when the address is free. */
  close(done: () => void): void {
    if (this.#listener === undefined) done();
    else this.#listener.close(done);
  }

  #accepted(gensio: Gensio): void {
    const { connections, accepter } = this.config;
    for (let i = 0; i < connections.length; i++) {
      const at = (this.#next + i) % connections.length;
      const port = this.#env.port(connections[at]!);
      const own = protocolLayer(accepter.spec);
      const put = own === undefined ? protocolLayer(port?.config.accepter.spec) : undefined;
      const door = openDoor((own ?? put)?.type ?? RAW);
      if (port?.couldTake(door, gensio) !== true) continue;
      this.#next = at + 1;
      if (put === undefined) port.enter(door, gensio);
      else this.#withProtocol(port, door, put, gensio);
      return;
    }
    closeGracefully(gensio, this.#env.clock, REFUSAL.noFreePort);
  }

  /** A port that speaks telnet to its own clients does so here, too; in ser2net 4.3.11 such clients get raw bytes. */
  #withProtocol(port: Port, door: Door, protocol: LayerSpec, child: Gensio): void {
    const gensio = this.#env.builder.onAccepted(protocol, child);
    let gone = false;
    gensio.up = {
      ...nullUp,
      closed: () => {
        gone = true;
      },
    };
    gensio.open((err) => {
      if (err !== undefined) gensio.abort();
      else if (!gone) port.enter(door, gensio);
    });
  }
}
