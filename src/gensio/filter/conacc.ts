// The accepter conacc: opens its stack as a connector, presents it as an accepted connection, and opens it again when it ends.
import type { Timer } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { type Accepter, type AccepterUp, ForwardingGensio, type Gensio } from '../gensio.ts';
import type { StackBuilder } from '../stack-builder.ts';

/** A connection that ends sooner than this is not opened again before it has passed: no storm against a peer that hangs up. */
const SHORT_LIFE_MS = 250;

/** Passes everything through and tells when it is over. */
class Watched extends ForwardingGensio {
  readonly type = 'conacc';
  readonly #ended: () => void;
  constructor(child: Gensio, ended: () => void) {
    super();
    this.below = child;
    child.up = this;
    this.#ended = ended;
  }
  override closed(err?: GensioError): void {
    super.closed(err);
    this.#ended();
  }
}

class ConnectingAccepter implements Accepter {
  readonly type = 'conacc';
  up!: AccepterUp;
  readonly #spec: LayerOf<'conacc'>;
  readonly #env: GensioEnv;
  readonly #build: StackBuilder;
  #listening = false;
  #opening: Gensio | undefined;
  #retry: Timer | undefined;

  constructor(spec: LayerOf<'conacc'>, env: GensioEnv, build: StackBuilder) {
    this.#spec = spec;
    this.#env = env;
    this.#build = build;
  }
  listen(done: (err?: GensioError) => void): void {
    this.#listening = true;
    nextMicrotask(() => {
      done();
      if (this.#listening && this.#opening === undefined) this.#open();
    });
  }
  #open(): void {
    this.#retry = undefined;
    const gone = (err: GensioError): void => {
      this.#opening = undefined;
      if (!this.#listening) return;
      this.up.failed(new GensioError(err.code, err.detail, 'opening'));
      // Without retry-time a failed open is the last one, as in gensio.
      if (this.#spec.opts.retryTime > 0) this.#later(this.#spec.opts.retryTime);
    };
    let child: Gensio;
    try {
      child = this.#build.connector(this.#spec.child);
    } catch (err) {
      return gone(fromSystemError(err));
    }
    const since = this.#env.clock.now();
    const watched: Watched = new Watched(child, () => {
      if (this.#opening === watched) gone(new GensioError('remclose'));
      else if (this.#listening) this.#later(Math.max(0, SHORT_LIFE_MS - (this.#env.clock.now() - since)));
    });
    this.#opening = watched;
    watched.open((err) => {
      if (this.#opening !== watched) return;
      if (err !== undefined) return gone(err);
      this.#opening = undefined;
      this.up.accepted(watched);
    });
  }
  #later(ms: number): void {
    this.#retry?.cancel();
    this.#retry = this.#env.clock.after(ms, () => this.#open());
  }
  /** A connection handed over lives on. */
  close(done: () => void): void {
    this.#listening = false;
    this.#retry?.cancel();
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.abort();
    nextMicrotask(done);
  }
  port(): number | undefined {
    return undefined;
  }
}

/** Makes the layer `conacc`: an accepter whose only connection is a connector that it opens. */
export const conaccAccepter = (spec: LayerOf<'conacc'>, env: GensioEnv, build: StackBuilder): Accepter =>
  new ConnectingAccepter(spec, env, build);
