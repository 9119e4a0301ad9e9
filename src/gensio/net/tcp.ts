// TCP: listening on every address of a list, and connecting to the first that answers.
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { listenTo, onImmediate } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { libc } from '../../base/libc.ts';
import type { LayerOf, NetAddr } from '../../options/stack.ts';
import type { GensioEnv, HostRules, KeptListeners } from '../context.ts';
import { type Accepter, type AccepterUp, type Gensio, nullUp } from '../gensio.ts';
import { Handshakes } from '../handshakes.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { StreamGensio } from '../stream.ts';
import { descriptorOf } from '../uv-handle.ts';
import { noteDescriptor } from './descriptors.ts';
import { HostsFiles, plainAddress } from './hosts-files.ts';
import { type Endpoint, portNumber, printAddress, resolve, resolveLocal } from './resolve.ts';

type Tcp = LayerOf<'tcp'>;

/** New connections the kernel keeps while we are busy. */
const BACKLOG = 128;
/** Whom hosts.allow and hosts.deny name when they mean us. */
const DAEMON = 'ser2net';
const DENIED = Buffer.from('Access denied\r\n');
const HOSTS = new HostsFiles();

/**
 * What Node has no call for: the knobs of keepalive, and urgent bytes in their place. Node would throw an urgent byte away, and with
 * it the second half of a telnet Synch (IAC DM), so that the byte after it were taken for a command.
 */
function tune(fd: number | undefined, opts: Tcp['opts']): void {
  if (fd !== undefined) libc()?.setTcp(fd, 'oobinline', 1);
  const wanted = { keepidle: opts.keepidle, keepintvl: opts.keepintvl, keepcnt: opts.keepcnt, userTimeout: opts.userTimeout };
  for (const [knob, value] of Object.entries(wanted) as [keyof typeof wanted, number | undefined][]) {
    if (value !== undefined && fd !== undefined) libc()?.setTcp(fd, knob, Math.ceil(value));
  }
}

function prepare(socket: Socket, opts: Tcp['opts'], env: GensioEnv): StreamGensio {
  socket.setNoDelay(opts.nodelay !== false);
  if (opts.keepalive) socket.setKeepAlive(true);
  const gensio = new StreamGensio('tcp', printAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0), env.clock, socket);
  tune(gensio.fd, opts);
  return gensio;
}

class TcpAccepter implements Accepter {
  readonly type = 'tcp';
  up!: AccepterUp;
  readonly #spec: Tcp;
  readonly #env: GensioEnv;
  #servers: Server[] = [];
  #closing = false;
  readonly #hosts: HostRules;
  /** Whose names are being looked for. */
  readonly #held: Handshakes;

  constructor(spec: Tcp, env: GensioEnv) {
    this.#spec = spec;
    this.#env = env;
    this.#hosts = env.hosts ?? HOSTS;
    this.#held = new Handshakes(env, () => `tcp,${this.port() ?? ''}`);
  }

  listen(done: (err?: GensioError) => void): void {
    this.#closing = false;
    resolve(this.#spec.addrs, 'accepter', (err, endpoints) => {
      if (this.#closing) return done(new GensioError('localclosed'));
      if (err !== undefined) return done(err);
      this.#listenOn(endpoints, 0, undefined, done);
    });
  }

  /** One address after the other; a name whose IPv6 (or IPv4) form this machine lacks is served on the others. */
  #listenOn(endpoints: readonly Endpoint[], i: number, missing: GensioError | undefined, done: (err?: GensioError) => void): void {
    const endpoint = endpoints[i];
    if (endpoint === undefined) return done(this.#servers.length === 0 ? (missing ?? new GensioError('notfound')) : undefined);
    const server = listenTo(createServer({ pauseOnConnect: true, allowHalfOpen: true }));
    const failed = (err: Error): void => {
      const code = (err as NodeJS.ErrnoException).code;
      if (endpoint.host === '::' && !endpoint.v6only && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) {
        return this.#listenOn([{ ...endpoint, host: '0.0.0.0', family: 4 }, ...endpoints.slice(i + 1)], 0, missing, done);
      }
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return this.#listenOn(endpoints, i + 1, fromSystemError(err), done);
      this.close(() => done(fromSystemError(err)));
    };
    server.once('error', failed);
    const port = endpoint.port === 0 ? (this.port() ?? 0) : endpoint.port;
    const kept = this.#env.listeners?.take(endpoint.host, port);
    const where = kept === undefined ? { host: endpoint.host, port, ipv6Only: endpoint.v6only } : { fd: kept };
    server.listen({ ...where, backlog: BACKLOG, exclusive: true }, () => {
      server.removeListener('error', failed);
      server.on('error', (err) => this.up.failed(fromSystemError(err)));
      server.on('connection', (socket) => this.#connected(socket));
      if (this.#closing) {
        server.close();
        return done(new GensioError('localclosed'));
      }
      this.#servers.push(server);
      if (this.#env.listeners !== undefined) this.#keep(server, this.#env.listeners);
      this.#listenOn(endpoints, i + 1, missing, done);
    });
  }

  /** Has a copy of the socket kept for the next process, until it is closed here. */
  #keep(server: Server, listeners: KeptListeners): void {
    const { address, port } = server.address() as AddressInfo;
    const fd = descriptorOf(server);
    if (fd !== undefined) listeners.keep(address, port, fd);
  }

  #connected(socket: Socket): void {
    // A peer that is gone again has no address any more; a wildcard socket would print it as nothing.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const { tcpd, tcpdname: daemon = DAEMON } = this.#spec.opts;
    // Asked for now: the socket loses its handle.
    const visitor = { daemon, address: plainAddress(socket.remoteAddress), server: plainAddress(socket.localAddress ?? '') };
    const gensio = prepare(socket, this.#spec.opts, this.#env);
    noteDescriptor(gensio.fd, this.#env);
    if (tcpd === 'off') return this.up.accepted(gensio);
    let answered = false;
    this.#hosts.ask(visitor, this.#env, (passes) => {
      const held = this.#held.delete(gensio);
      // It has gone, or had to go, while its name was looked for.
      if (answered && !held) return;
      answered = true;
      if (passes) this.up.accepted(gensio);
      else this.#refuse(gensio, tcpd !== 'on');
    });
    if (answered) return;
    answered = true;
    gensio.up = { ...nullUp, closed: () => this.#held.delete(gensio) };
    this.#held.add(gensio)?.abort();
  }
  #refuse(gensio: Gensio, tell: boolean): void {
    this.#env.log.log('info', `Error accepting net gensio: tcpd check failed: ${gensio.address()}`);
    gensio.up = nullUp;
    if (tell) gensio.write(DENIED);
    gensio.close();
  }

  close(done: () => void): void {
    this.#closing = true;
    for (const gensio of this.#held.drain()) gensio.abort();
    const servers = this.#servers;
    this.#servers = [];
    // Not waiting for connections: the address is free as soon as the handle is closed, and they live on.
    for (const server of servers) {
      const { address, port } = server.address() as AddressInfo;
      // Before the descriptor is another's.
      this.#env.listeners?.drop(address, port);
      server.close();
    }
    onImmediate(done);
  }

  port(): number | undefined {
    const address = this.#servers[0]?.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }
}

/** Listens on every address the list resolves to, or on none. */
export const tcpAccepter = (spec: Tcp, env: GensioEnv): Accepter => new TcpAccepter(spec, env);

/** `ipv4,host,port` of an address that was not resolved yet. */
function idleAddress([first]: readonly NetAddr[]): string {
  if (first === undefined) return '';
  return printAddress(first.host ?? '::1', portNumber(first.port) ?? 0);
}

/** Tries each address until one answers; the last failure is the one told. */
export function tcpConnector(spec: Tcp, env: GensioEnv): Gensio {
  return new LazyConnector('tcp', idleAddress(spec.addrs), (done) => {
    let socket: Socket | undefined;
    let cancelled = false;
    const attempt = (endpoints: readonly Endpoint[], i: number, last: GensioError): void => {
      const endpoint = endpoints[i];
      if (endpoint === undefined) return done(last);
      resolveLocal(spec.opts.laddr, endpoint.family, (err, local) => {
        if (cancelled) return;
        const failed = (err: Error): void => attempt(endpoints, i + 1, fromSystemError(err));
        if (err !== undefined) return failed(err);
        const attempted = listenTo(
          createConnection({
            host: endpoint.host,
            port: endpoint.port,
            family: endpoint.family,
            allowHalfOpen: true,
            ...(local !== undefined && { localAddress: local.host, localPort: local.port }),
          }),
        );
        socket = attempted;
        attempted.pause();
        attempted.once('error', failed);
        attempted.once('connect', () => {
          attempted.removeAllListeners('error');
          if (cancelled) attempted.destroy();
          else {
            const gensio = prepare(attempted, spec.opts, env);
            if (env.tcpAhead !== undefined && gensio.fd !== undefined) libc()?.setTcp(gensio.fd, 'notsentLowat', env.tcpAhead);
            done(undefined, gensio);
          }
        });
      });
    };
    resolve(spec.addrs, 'connector', (err, endpoints) => {
      if (err !== undefined) done(err);
      else if (!cancelled) attempt(endpoints, 0, new GensioError('notfound'));
    });
    return {
      cancel: () => {
        cancelled = true;
        socket?.destroy();
      },
    };
  });
}
