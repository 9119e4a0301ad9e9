// Connect back: when the device says something, the port calls its users. The device is open all the time; what it said is
// kept until everyone called has answered, and is offered again after a pause when somebody did not.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import type { ConnectionConfig } from '../config/model.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { callStack } from '../gensio/syntax/call-back.ts';
import { protocolLayer } from '../gensio/syntax/stack-properties.ts';
import type { LayerSpec } from '../options/stack.ts';
import { type Door, openDoor, RAW } from './door.ts';
import { LOG } from './messages.ts';

interface ConnbackEnv {
  readonly log: Log;
  readonly deadlines: Deadlines;
}

/** What connect back does to its port. */
interface ConnbackUp {
  occupied(place: number): boolean;
  /** Makes a connection, from what is listened on where that can be. @throws GensioError */
  connect(spec: LayerSpec): Gensio;
  /** A connection that was made for a place. */
  enter(door: Door, gensio: Gensio, place: number): void;
  /** All are there: this goes to them. */
  deliver(data: Buffer): void;
  /** It is time to open the device again. */
  reopen(): void;
}

/** Device data kept while calling; the device is not read then, so more than a few reads never come. */
const MAX_KEPT = 65536;

/** Calls the users of a port when its device says something. */
export class Connback {
  readonly #config: ConnectionConfig;
  readonly #env: ConnbackEnv;
  readonly #port: ConnbackUp;
  /** The addresses to call, as written, by place. */
  readonly #targets: readonly string[];
  readonly #calls = new Set<Gensio>();
  readonly #pause: Deadline;
  readonly #reopen: Deadline;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #failed = false;

  private constructor(config: ConnectionConfig, env: ConnbackEnv, port: ConnbackUp, targets: readonly string[]) {
    this.#config = config;
    this.#env = env;
    this.#port = port;
    this.#targets = targets;
    this.#pause = { due: Infinity, run: () => this.#call() };
    this.#reopen = { due: Infinity, run: () => port.reopen() };
  }

  /** `undefined` if the connection calls nobody. */
  static of(config: ConnectionConfig, env: ConnbackEnv, port: ConnbackUp): Connback | undefined {
    const { connback, remaddr, maxConnections } = config.options;
    const targets = [...(connback ?? []), ...(remaddr ?? []).filter((each) => each.startsWith('!')).map((each) => each.slice(1))];
    if (targets.length === 0) return undefined;
    const places = Math.max(1, maxConnections);
    if (targets.length > places) env.log.log('err', LOG.tooManyConnback);
    return new Connback(config, env, port, targets.slice(0, places));
  }

  /** The place is kept for somebody to be called. */
  reserves(place: number): boolean {
    return place < this.#targets.length;
  }

  /** Calls are under way, or a pause after a failed one: the device is not to be read. */
  get calling(): boolean {
    return this.#calls.size > 0 || this.#pause.due !== Infinity;
  }

  /** Opens the device again after connector-retry-time. */
  reopenLater(): void {
    const { connectorRetryTime } = this.#config.options;
    if (this.#reopen.due === Infinity) this.#env.deadlines.arm(this.#reopen, Math.max(1, connectorRetryTime) * 1000);
  }

  /** Takes what the device said if somebody has to be called first. */
  wants(data: Buffer): boolean {
    const missing = this.#targets.some((_, place) => !this.#port.occupied(place));
    if (!missing && !this.calling) return false;
    if (this.#keptBytes + data.length <= MAX_KEPT) {
      this.#kept.push(Buffer.from(data));
      this.#keptBytes += data.length;
    }
    if (!this.calling) this.#call();
    return true;
  }

  #call(): void {
    this.#failed = false;
    for (const [place, target] of this.#targets.entries()) {
      if (!this.#port.occupied(place)) this.#callOne(target, place);
    }
    this.#answered();
  }

  #callOne(target: string, place: number): void {
    const { accepter, name } = this.#config;
    let gensio: Gensio;
    try {
      const got = accepter.spec && callStack(accepter.spec, target);
      if (got === undefined || 'error' in got) throw new GensioError(got?.error ?? 'notsup', got?.detail);
      gensio = this.#port.connect(got.ok);
    } catch (err) {
      this.#failed = true;
      this.#env.log.log('err', LOG.connbackAllocate(name, target, fromSystemError(err).message));
      return;
    }
    this.#calls.add(gensio);
    gensio.open((err) => {
      if (!this.#calls.delete(gensio)) return gensio.abort();
      if (err === undefined) this.#port.enter(openDoor(protocolLayer(accepter.spec)?.type ?? RAW), gensio, place);
      else {
        this.#failed = true;
        gensio.abort();
      }
      this.#answered();
    });
  }

  #answered(): void {
    if (this.#calls.size > 0) return;
    if (this.#failed) {
      this.#env.deadlines.arm(this.#pause, Math.max(1, this.#config.options.accepterRetryTime) * 1000);
      return;
    }
    const kept = Buffer.concat(this.#kept);
    this.#forget();
    this.#port.deliver(kept);
  }

  #forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** The session is over: nobody is called, and the device stays closed. */
  stop(): void {
    this.#env.deadlines.cancel(this.#pause);
    this.#env.deadlines.cancel(this.#reopen);
    for (const gensio of this.#calls) gensio.abort();
    this.#calls.clear();
    this.#forget();
  }
}
