// The layer ssl: TLS in either role on top of any other layer, with Node's TLS in between.
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket, TLSSocket as TlsSocket } from 'node:tls';
import type { Timer } from '../../base/clock.ts';
import { listenTo, nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { Cancel, GensioEnv } from '../context.ts';
import { ForwardingGensio, type Gensio, type Peer } from '../gensio.ts';
import { sourceOf } from '../source.ts';
import { authoritiesOf, credentials } from './credentials.ts';
import { GensioDuplex } from './duplex.ts';
import { type Handshake, isMisnamed, userInQuestion, type VerifyError, verdict } from './verdict.ts';

type Ssl = LayerOf<'ssl'>;

/** How long a connection that is over for us may take to send its last words. */
const FAREWELL_MS = 2000;

/** `error:0A00009C:SSL routines::http request`, as OpenSSL 3 prints it without a function name. */
function sslError(err: Error): string | undefined {
  const m = /error:([0-9A-F]+):([^:]*):[^:]*:([^:]*)/.exec(err.message);
  return m === null ? undefined : `error:${m[1]}:${m[2]}::${m[3]}`;
}

class TlsGensio extends ForwardingGensio {
  readonly type = 'ssl';
  readonly #spec: Ssl;
  declare protected below: Gensio;
  #peer: Peer | undefined;
  readonly #server: boolean;
  readonly #env: GensioEnv;
  #state: 'idle' | 'opening' | 'open' | 'closing' | 'gone' = 'idle';
  #socket: TLSSocket | undefined;
  #done: ((err?: GensioError) => void) | undefined;
  #timer: Timer | undefined;
  /** Stops looking for certificates. */
  #cancel: Cancel | undefined;
  #childOver = false;
  #childError: GensioError | undefined;
  #full = false;

  constructor(spec: Ssl, child: Gensio, server: boolean, env: GensioEnv) {
    super();
    this.#spec = spec;
    this.below = child;
    this.#server = server;
    this.#env = env;
  }

  // Opening.

  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#state === 'open') return nextMicrotask(() => done());
    this.#state = 'opening';
    this.#done = done;
    this.below.up = { read: () => undefined, writable: () => undefined, closed: (err) => this.#childClosed(err) };
    this.#timer = this.#env.clock.after(this.#spec.opts.conTimeout, () => this.#fail(new GensioError('timedout')));
    this.below.open((err) => {
      if (this.#state !== 'opening') return;
      if (err === undefined) this.#handshake();
      else this.#fail(err);
    });
  }

  #handshake(): void {
    const { opts } = this.#spec;
    const context = credentials(opts, this.#server, this.#env.clock.now(), this.#env.log);
    if (context instanceof GensioError)
      return this.#fail(new GensioError(context.code, context.detail, this.#server ? 'allocating' : undefined));
    const duplex = new GensioDuplex(
      this.below,
      (err) => this.#childClosed(err),
      (event) => {
        if (this.#state === 'open') this.up.event?.(event);
      },
    );
    // The certificate is judged by verdict(), after the handshake, and so is the host name.
    const name = opts.serverName;
    const socket = this.#server
      ? new TlsSocket(duplex, {
          isServer: true,
          secureContext: context,
          requestCert: opts.clientauth || opts.allow !== undefined,
          rejectUnauthorized: false,
        })
      : connect({
          socket: duplex,
          secureContext: context,
          rejectUnauthorized: false,
          checkServerIdentity: () => undefined,
          ...(name !== undefined && isIP(name) === 0 && { servername: name }),
        });
    this.#socket = listenTo(socket);
    // As soon as reading flows nothing is kept back; so it must not flow by itself.
    socket.pause();
    socket.on('error', (err) => this.#failed(err));
    // A server's socket that no tls.Server made tells errors of its own only this way.
    socket.on('_tlsError', (err: Error) => this.#failed(err));
    socket.once(this.#server ? 'secure' : 'secureConnect', () => this.#secured());
    socket.on('data', (data: Buffer) => {
      if (this.#state === 'open') this.up.read(data);
    });
    socket.on('drain', () => {
      if (this.#state !== 'open' || !this.#full) return;
      this.#full = false;
      this.up.writable();
    });
    socket.on('end', () => this.#ended());
    socket.on('close', () => {
      if (this.#state === 'opening') this.#fail(this.#childError ?? new GensioError('remclose'));
      else this.#ended();
    });
  }

  /** A server's socket has no `authorized`; the question it would ask is this one. No answer counts as a bad one. */
  #verifyError(): VerifyError | undefined {
    const inside = this.#socket as unknown as { ssl?: { verifyError?(): VerifyError | null } };
    if (typeof inside.ssl?.verifyError !== 'function') return { code: 'UNKNOWN', message: 'not verified' };
    const problem = inside.ssl.verifyError() ?? undefined;
    // Node 24 appends advice on its own options to OpenSSL's words.
    return problem && { code: problem.code, message: problem.message.replace(/; if the root CA .*/, '') };
  }

  #secured(): void {
    if (this.#state !== 'opening') return;
    const cert = this.#socket?.getPeerX509Certificate() ?? undefined;
    const handshake = { cert, problem: this.#verifyError(), server: this.#server };
    const { auth } = this.#env;
    const { opts } = this.#spec;
    if (isMisnamed(opts, handshake)) return this.#conclude(handshake, opts.CA === undefined ? [] : authoritiesOf(opts.CA));
    const user = userInQuestion(opts, handshake);
    if (user === undefined || auth === undefined) this.#conclude(handshake, []);
    else this.#cancel = auth.certificates(user, sourceOf(this.address()), (known) => this.#conclude(handshake, known));
  }
  #conclude(handshake: Handshake, known: readonly X509Certificate[]): void {
    if (this.#state !== 'opening') return;
    const { auth, log, clock } = this.#env;
    const peer = verdict(this.#spec.opts, handshake, known, auth, log, clock.wall());
    if (peer instanceof GensioError) return this.#fail(peer);
    this.#peer = peer;
    this.#timer?.cancel();
    this.#state = 'open';
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  /** Ends a handshake. */
  #fail(err: GensioError): void {
    if (this.#state !== 'opening') return;
    this.#timer?.cancel();
    this.#cancel?.();
    this.#state = 'gone';
    const done = this.#done;
    this.#done = undefined;
    this.#drop();
    done?.(err);
  }

  #failed(err: Error): void {
    const text = sslError(err);
    if (text !== undefined && (this.#state === 'opening' || this.#state === 'open'))
      this.#env.log.log('err', `ssl: Failed SSL read: ${text}`);
    const why = text !== undefined ? new GensioError('protoerr', text) : (this.#childError ?? fromSystemError(err));
    if (this.#state === 'opening') return this.#fail(why);
    if (this.#state === 'open') {
      this.#state = 'gone';
      this.#drop();
      this.up.closed(why);
    } else if (this.#state === 'closing') this.#drop();
  }

  /** At once, without a word. */
  #drop(): void {
    this.#socket?.destroy();
    this.below.abort();
  }

  // Open.

  override write(data: Buffer): boolean {
    const socket = this.#socket;
    if (this.#state !== 'open' || socket === undefined) return true;
    // TLS takes a first write whole before it returns; what waits after one is kept by the stream, and so must be our own.
    const taken = socket.write(socket.writableLength === 0 ? data : Buffer.from(data));
    if (!taken) this.#full = true;
    return taken;
  }
  override setReading(on: boolean): void {
    if (this.#state !== 'open') return;
    if (on) this.#socket?.resume();
    else this.#socket?.pause();
  }
  override bufferedBytes(): number {
    return Math.max(this.#socket?.writableLength ?? 0, this.below.bufferedBytes());
  }
  /** Also while something is still to be read before its end. */
  override peerClosed(): boolean {
    return this.#childOver || super.peerClosed();
  }
  /** Every buffer passed up is a new one. */
  override detachBuffer(): void {}
  override get peer(): Peer | undefined {
    return this.#peer;
  }

  // The end.

  override close(): void {
    if (this.#state === 'opening' || this.#state === 'idle') return this.abort();
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    if (this.#childOver) return this.#over();
    // What still comes is read and thrown away; it may hold the peer's half of the farewell.
    this.#socket?.resume();
    this.#socket?.end();
  }
  override abort(): void {
    if (this.#state === 'gone') return;
    const before = this.#state;
    this.#timer?.cancel();
    this.#cancel?.();
    this.#done = undefined;
    this.#state = 'closing';
    this.#socket?.destroy();
    if (this.#childOver) return this.#over();
    this.below.abort();
    // A child that was never opened does not say that it closed.
    if (before === 'idle') this.#over();
  }
  /** Not before the call that led here returns. */
  #over(): void {
    nextMicrotask(() => {
      if (this.#state !== 'closing') return;
      this.#state = 'gone';
      this.up.closed();
    });
  }

  /** The peer said its last: everything it sent has been read. Ours goes out in the background. */
  #ended(): void {
    if (this.#state !== 'open') return;
    this.#state = 'gone';
    if (!this.#childOver) this.#env.clock.after(FAREWELL_MS, () => this.#drop());
    this.#socket?.end();
    this.up.closed(this.#childError ?? new GensioError('remclose'));
  }

  #childClosed(err: GensioError | undefined): void {
    this.#childOver = true;
    this.#childError = err;
    switch (this.#state) {
      case 'opening':
        // The end of the stream tells TLS, which may have an alert to report first.
        if (this.#socket === undefined) this.#fail(err ?? new GensioError('remclose'));
        else onImmediate(() => this.#fail(err ?? new GensioError('remclose')));
        break;
      case 'open':
        if (err === undefined || err.code === 'remclose') break;
        this.#state = 'gone';
        this.#socket?.destroy();
        this.up.closed(err);
        break;
      case 'closing':
        this.#state = 'gone';
        this.#socket?.destroy();
        this.up.closed();
        break;
      case 'gone':
        this.#socket?.destroy();
        break;
      case 'idle':
        break;
      default:
        this.#state satisfies never;
    }
  }
}

/**
 * Makes the layer. A connector's files are read here, as ser2net does with its configuration: throws the GensioError
 * certnotfound, keynotfound or keyinvalid. An accepter's are read for each connection, and open() tells.
 */
export function sslFilter(spec: Ssl, child: Gensio, server: boolean, env: GensioEnv): Gensio {
  const isServer = spec.opts.mode === undefined ? server : spec.opts.mode === 'server';
  if (!server) {
    const context = credentials(spec.opts, isServer, env.clock.now(), env.log);
    if (context instanceof GensioError) throw context;
  }
  return new TlsGensio(spec, child, isServer, env);
}
