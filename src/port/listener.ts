// A listener that tries again: what ports, rotators and the admin port have in common.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { fromSystemError, type GensioError } from '../base/gensio-error.ts';
import type { AuthoritySettings } from '../gensio/context.ts';
import type { Accepter, Gensio } from '../gensio/gensio.ts';
import type { StackBuilder } from '../gensio/stack-builder.ts';
import type { LayerSpec } from '../options/stack.ts';

/** Who wants the connections. */
export interface ListenerUp {
  /** A connection, open. Set its up before returning. */
  accepted(gensio: Gensio): void;
  /** One connection came to nothing. */
  acceptFailed(err: GensioError): void;
  /** It listens: after the first try, or a later one. */
  listening(): void;
  /** It could not; it is tried again, unless retry was 0. */
  listenFailed(err: GensioError): void;
}

/** An accepter that is opened again until it listens. */
export class Listener {
  readonly #spec: LayerSpec;
  readonly #build: StackBuilder;
  readonly #deadlines: Deadlines;
  readonly #up: ListenerUp;
  readonly #settings: AuthoritySettings;
  readonly #retry: Deadline;
  readonly #retryMs: number;
  #accepter: Accepter | undefined;
  #state: 'off' | 'trying' | 'on' = 'off';

  /** retry: seconds until it is tried again; 0: never. settings: who may connect, for layers that ask. */
  constructor(spec: LayerSpec, retry: number, build: StackBuilder, deadlines: Deadlines, up: ListenerUp, settings: AuthoritySettings) {
    this.#settings = settings;
    this.#spec = spec;
    this.#build = build;
    this.#deadlines = deadlines;
    this.#up = up;
    this.#retryMs = retry * 1000;
    this.#retry = { due: Infinity, run: () => this.open(() => undefined) };
  }

  /** Whether it listens now. */
  get on(): boolean {
    return this.#state === 'on';
  }
  /** The port number listened on, where there is one. */
  get port(): number | undefined {
    return this.on ? this.#accepter?.port() : undefined;
  }

  /** A connection of our own: from the address listened on where its kind has none of its own. @throws GensioError */
  dial(spec: LayerSpec): Gensio {
    return (this.on ? this.#accepter?.dial?.(spec) : undefined) ?? this.#build.connector(spec);
  }

  /** done when it was tried once. */
  open(done: () => void): void {
    this.#deadlines.cancel(this.#retry);
    this.#state = 'trying';
    const failed = (err: GensioError): void => {
      if (this.#retryMs > 0) this.#deadlines.arm(this.#retry, this.#retryMs);
      this.#up.listenFailed(err);
      done();
    };
    try {
      this.#accepter ??= this.#build.accepter(this.#spec, this.#settings);
    } catch (err) {
      return failed(fromSystemError(err));
    }
    const accepter = this.#accepter;
    accepter.up = { accepted: (gensio) => handOver(gensio, () => this.#up.accepted(gensio)), failed: (err) => this.#up.acceptFailed(err) };
    accepter.listen((err) => {
      if (this.#accepter !== accepter || this.#state !== 'trying') return done();
      if (err !== undefined) return failed(err);
      this.#state = 'on';
      this.#up.listening();
      done();
    });
  }

  /** done when the address is free. Connections handed over live on. */
  close(done: () => void): void {
    this.#deadlines.cancel(this.#retry);
    this.#state = 'off';
    const accepter = this.#accepter;
    this.#accepter = undefined;
    if (accepter === undefined) done();
    else accepter.close(done);
  }
}

/** Gives a connection to who takes it. That may fail: then nobody has it, and it would stay open for good. */
export function handOver(gensio: Gensio, take: () => void): void {
  try {
    take();
  } catch (err) {
    gensio.abort();
    throw err;
  }
}
