// Connect back: when the device says something, the port calls its users. The device is open all the time; what it said is
// kept until everyone called has answered, and is offered again after a pause when somebody did not.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { fromSystemError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import type { ConnectionConfig } from '../config/model.ts';
import type { Gensio } from '../gensio/gensio.ts';
import type { StackBuilder } from '../gensio/stack-builder.ts';
import { parseRemaddr, type RemoteAddr } from '../gensio/syntax/net-addr.ts';
import { bottomOf, mapBottom } from '../gensio/syntax/stack.ts';
import { protocolLayer } from '../gensio/syntax/stack-properties.ts';
import type { LayerSpec } from '../options/stack.ts';
import { type Door, openDoor, RAW } from './door.ts';
import { LOG } from './messages.ts';

interface ConnbackEnv {
  readonly log: Log;
  readonly deadlines: Deadlines;
  readonly builder: StackBuilder;
}

/** What connect back does to its port. */
export interface ConnbackUp {
  occupied(place: number): boolean;
  /** A connection that was made for a place. */
  enter(door: Door, gensio: Gensio, place: number): void;
  /** All are there: this goes to them. */
  deliver(data: Buffer): void;
  /** It is time to open the device again. */
  reopen(): void;
}

/** Device data kept while calling; the device is not read then, so more than a few reads never come. */
const MAX_KEPT = 65536;

/** The accepter's stack with its bottom replaced by an address to call. */
function callStack(spec: LayerSpec, target: RemoteAddr): LayerSpec | undefined {
  const addrs = target.hosts.map(({ family, host, port }) => ({ family, host, port: String(port) }));
  return 'addrs' in bottomOf(spec)! ? mapBottom(spec, (bottom) => ({ ...bottom, addrs }) as LayerSpec) : undefined;
}

export class Connback {
  readonly #config: ConnectionConfig;
  readonly #env: ConnbackEnv;
  readonly #port: ConnbackUp;
  readonly #targets: readonly RemoteAddr[];
  readonly #calls = new Set<Gensio>();
  readonly #pause: Deadline;
  readonly #reopen: Deadline;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #failed = false;

  private constructor(config: ConnectionConfig, env: ConnbackEnv, port: ConnbackUp, targets: readonly RemoteAddr[]) {
    this.#config = config;
    this.#env = env;
    this.#port = port;
    this.#targets = targets;
    this.#pause = { due: Infinity, run: () => this.#call() };
    this.#reopen = { due: Infinity, run: () => port.reopen() };
  }

  /** undefined: the connection calls nobody. */
  static of(config: ConnectionConfig, env: ConnbackEnv, port: ConnbackUp): Connback | undefined {
    const { connback, remaddr, maxConnections } = config.options;
    const parse = (text: string): RemoteAddr[] => {
      const got = parseRemaddr(text);
      if ('ok' in got) return [got.ok];
      env.log.log('err', LOG.connbackAllocate(config.name, text, got.detail));
      return [];
    };
    const targets = [...(connback ?? []).flatMap(parse), ...(remaddr ?? []).filter((a) => a.startsWith('!')).flatMap(parse)];
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

  #callOne(target: RemoteAddr, place: number): void {
    const { accepter, name } = this.#config;
    const spec = accepter.spec === undefined ? undefined : callStack(accepter.spec, target);
    let gensio: Gensio;
    try {
      if (spec === undefined) throw new Error('the accepter has no address to replace');
      gensio = this.#env.builder.connector(spec);
    } catch (err) {
      this.#failed = true;
      this.#env.log.log('err', LOG.connbackAllocate(name, target.text, fromSystemError(err).message));
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
