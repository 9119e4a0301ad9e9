// Which function makes which layer. A new layer is one row in options/stack.ts and one line here.

import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import type { LayerSpec, LayerType } from '../options/stack.ts';
import type { AuthoritySettings, GensioEnv } from './context.ts';
import { DrainLimit, DrainLimitAccepter, drainLimitOf } from './drain-limit.ts';
import { chardelayFilter } from './filter/chardelay.ts';
import { conaccAccepter } from './filter/conacc.ts';
import { keepopenConnector } from './filter/keepopen.ts';
import { kissFilter } from './filter/kiss.ts';
import { msgdelimFilter } from './filter/msgdelim.ts';
import { muxFilter } from './filter/mux.ts';
import { perfFilter } from './filter/perf.ts';
import { ratelimitFilter } from './filter/ratelimit.ts';
import { relpktFilter } from './filter/relpkt.ts';
import { scriptFilter } from './filter/script.ts';
import { traceFilter } from './filter/trace.ts';
import { xltFilter } from './filter/xlt.ts';
import { type Accepter, ForwardingAccepter, type Gensio } from './gensio.ts';
import { Handshakes } from './handshakes.ts';
import { announce, mdnsConnector } from './net/mdns.ts';
import { tcpAccepter, tcpConnector } from './net/tcp.ts';
import { udpAccepter, udpConnector } from './net/udp.ts';
import { unixAccepter, unixConnector } from './net/unix.ts';
import { unixdgramAccepter, unixdgramConnector } from './net/unixdgram.ts';
import { unixseqAccepter, unixseqConnector } from './net/unixseq.ts';
import { dummyAccepter, echoConnector } from './process/echo.ts';
import { fileConnector } from './process/file.ts';
import { ptyConnector } from './process/pty.ts';
import { stdioAccepter, stdioConnector } from './process/stdio.ts';
import { createDev, createSerialDev } from './serialdev/serialdev.ts';
import { hostOf } from './source.ts';
import type { AcceptedStackBuilder, LayerFactory } from './stack-builder.ts';
import { layerInfo } from './syntax/custom-layers.ts';
import { telnetClient, telnetServer } from './telnet/telnet.ts';
import { directoryAuthority } from './tls/authority.ts';
import { certauthFilter } from './tls/certauth.ts';
import { sslFilter } from './tls/tls.ts';

const FACTORIES: { readonly [T in LayerType]?: LayerFactory<T> } = {
  tcp: { accepter: tcpAccepter, connector: tcpConnector },
  serialdev: { connector: (spec, env) => createSerialDev(spec, env) },
  sdev: { connector: (spec, env) => createSerialDev(spec, env) },
  dev: { connector: createDev },
  telnet: { filter: ({ opts }, child, server, { clock }) => (server ? telnetServer : telnetClient)(child, opts, clock) },
  ssl: { filter: sslFilter },
  certauth: { filter: certauthFilter },
  udp: { accepter: udpAccepter, connector: udpConnector },
  unix: { accepter: unixAccepter, connector: unixConnector },
  unixdgram: { accepter: unixdgramAccepter, connector: unixdgramConnector },
  unixseq: { accepter: unixseqAccepter, connector: unixseqConnector },
  stdio: { accepter: stdioAccepter, connector: stdioConnector },
  pty: { connector: ptyConnector },
  file: { connector: fileConnector },
  echo: { connector: echoConnector },
  dummy: { accepter: dummyAccepter },
  conacc: { accepter: conaccAccepter },
  mdns: { connector: (spec, env, build) => mdnsConnector(spec, env, build) },
  keepopen: { connector: keepopenConnector },
  xlt: { filter: xltFilter },
  ratelimit: { filter: ratelimitFilter },
  chardelay: { filter: chardelayFilter },
  trace: { filter: traceFilter },
  perf: { filter: perfFilter },
  script: { filter: scriptFilter },
  msgdelim: { filter: msgdelimFilter },
  mux: { filter: muxFilter },
  kiss: { filter: kissFilter },
  relpkt: { filter: relpktFilter },
};

export { announce };

/** Of layers that a program brings along: their types are in no table. */
const customFactories = new Map<string, LayerFactory<LayerType>>();

/** Adds the maker of such a layer (see gensio/syntax/custom-layers.ts). Returns how to take it out. */
export function addLayerFactory(type: string, maker: LayerFactory<LayerType>): () => void {
  customFactories.set(type, maker);
  return () => customFactories.delete(type);
}

const factoryOf = (type: LayerType): LayerFactory<LayerType> | undefined =>
  ((FACTORIES as { readonly [K in LayerType]?: unknown })[type] as LayerFactory<LayerType> | undefined) ?? customFactories.get(type);

/** Puts a filter on each connection of the accepter below, and hands it on when its handshake is done. */
class FilterAccepter extends ForwardingAccepter {
  readonly type: string;
  readonly #wrap: (child: Gensio) => Gensio;
  readonly #wrapOwn: (spec: LayerSpec, child: Gensio) => Gensio;
  /** Not handed on yet. */
  readonly #pending: Handshakes;

  constructor(
    type: string,
    child: Accepter,
    wrap: (child: Gensio) => Gensio,
    wrapOwn: (spec: LayerSpec, child: Gensio) => Gensio,
    env: GensioEnv,
  ) {
    super(child);
    this.type = type;
    this.#pending = new Handshakes(env, () => `${type},${this.port() ?? ''}`);
    this.#wrap = wrap;
    this.#wrapOwn = wrapOwn;
  }
  /** Handshakes under way end here: nobody wants them any more. */
  override close(done: () => void): void {
    for (const gensio of this.#pending.drain()) gensio.abort();
    super.close(done);
  }
  override dial(spec: LayerSpec): Gensio | undefined {
    const child = 'child' in spec ? super.dial(spec.child) : undefined;
    return child && this.#wrapOwn(spec, child);
  }
  /** The error with the host that was refused, where a guard refused it. */
  #withHost(err: GensioError, child: Gensio): GensioError {
    if (!GUARDS.includes(this.type) || err.stage !== undefined) return err;
    return new GensioError(err.code, err.detail, undefined, { ...err.peer, host: hostOf(child.address()) });
  }
  accepted(child: Gensio): void {
    let gensio: Gensio;
    try {
      gensio = this.#wrap(child);
    } catch (err) {
      child.abort();
      const { code, detail } = fromSystemError(err);
      return this.up.failed(new GensioError(code, detail, 'allocating'));
    }
    this.#pending.add(gensio)?.abort();
    let lost: GensioError | undefined;
    gensio.up = {
      read: () => undefined,
      writable: () => undefined,
      closed: (err) => {
        lost = err ?? new GensioError('remclose');
        if (this.#pending.delete(gensio)) this.up.failed(this.#withHost(lost, child));
      },
    };
    gensio.open((err) => {
      if (!this.#pending.delete(gensio)) return;
      if (err !== undefined) {
        gensio.abort();
        this.up.failed(this.#withHost(err, child));
      } else if (lost === undefined) this.up.accepted(gensio);
    });
  }
}

/** Layers that decide who may come in: whom they refuse is told. */
const GUARDS: readonly string[] = ['ssl', 'certauth'];

/** Makes the layers of a stack. A layer that cannot run here is a GensioError 'notsup', thrown: check says so earlier. */
export class Builder implements AcceptedStackBuilder {
  readonly #env: GensioEnv;
  constructor(env: GensioEnv) {
    this.#env = env;
  }

  connector(spec: LayerSpec): Gensio {
    return this.#limited(spec, this.#connector(spec));
  }
  /** The layer with its drain_timeout, if it has one. */
  #limited(spec: LayerSpec, gensio: Gensio): Gensio {
    const limit = drainLimitOf(spec);
    return limit === undefined ? gensio : new DrainLimit(gensio, limit, this.#env.clock);
  }
  #connector(spec: LayerSpec): Gensio {
    const { connector, filter } = this.#maker(spec);
    if (filter !== undefined && 'child' in spec) return filter(spec as never, this.connector(spec.child), false, this.#env, this);
    if (connector === undefined) throw this.#unsupported(spec);
    return connector(spec as never, this.#env, this);
  }

  accepter(spec: LayerSpec, settings?: AuthoritySettings): Accepter {
    const env = this.#env;
    return this.#accepter(spec, settings === undefined ? env : { ...env, auth: directoryAuthority(settings, env.log) });
  }
  #accepter(spec: LayerSpec, env: GensioEnv): Accepter {
    const { accepter, filter } = this.#maker(spec);
    if (filter !== undefined && 'child' in spec) {
      return new FilterAccepter(
        spec.type,
        this.#accepter(spec.child, env),
        (child) => this.#limited(spec, filter(spec as never, child, true, env, this)),
        (own, child) => this.#limited(own, filter(own as never, child, false, env, this)),
        env,
      );
    }
    if (accepter === undefined) throw this.#unsupported(spec);
    const made = accepter(spec as never, env, this);
    const limit = drainLimitOf(spec);
    return limit === undefined ? made : new DrainLimitAccepter(made, limit, env.clock);
  }

  onAccepted(spec: LayerSpec, child: Gensio): Gensio {
    const { filter } = this.#maker(spec);
    if (filter === undefined) throw this.#unsupported(spec);
    return this.#limited(spec, filter(spec as never, child, true, this.#env, this));
  }

  #maker(spec: LayerSpec): LayerFactory<LayerType> {
    return factoryOf(spec.type) ?? {};
  }
  #unsupported(spec: LayerSpec): GensioError {
    return new GensioError('notsup', `${spec.type}: ${layerInfo(spec.type)?.unsupported ?? 'not available here'}`);
  }
}
