// UDP made to look like connections: a peer's address is the connection. Nothing on the wire opens or closes one, nothing is
// acknowledged, and what nobody reads is dropped, as the kernel would.
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { bind, listenTo, nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { builtInServices } from '../../base/services.ts';
import type { LayerOf, LayerSpec, NetAddr } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { type Accepter, type AccepterUp, type Gensio, type GensioUp, nullUp } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { type Endpoint, printAddress, resolve, resolveLocal } from './resolve.ts';

type Udp = LayerOf<'udp'>;

/** Biggest payload of a datagram over IPv4. */
const MAX_DATAGRAM = 65507;
/** Bytes waiting for a reader before further datagrams are dropped. */
const MAX_UNREAD = 262_144;
/** Bytes the kernel has not taken before write() gives false. */
const MAX_UNSENT = 65_536;
/** Peers of one accepter; datagrams of more are dropped. */
const MAX_PEERS = 1024;

/** What a connection needs of the socket it shares. */
interface SharedSocket {
  send(data: Buffer, port: number, host: string, done: (err: Error | null) => void): void;
  release(gensio: UdpGensio): void;
}

class UdpGensio implements Gensio {
  readonly type = 'udp';
  readonly connectionless = true;
  up: GensioUp = nullUp;
  readonly host: string;
  readonly port: number;
  readonly #carrier: SharedSocket;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #queued = 0;
  #full = false;
  #reading = false;
  #pumping = false;
  #state: 'open' | 'closing' | 'gone' = 'open';

  constructor(host: string, port: number, carrier: SharedSocket) {
    this.host = host;
    this.port = port;
    this.#carrier = carrier;
  }

  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => done());
  }

  /** A datagram came. */
  datagram(data: Buffer): void {
    if (this.#state !== 'open' || data.length === 0) return;
    if (this.#reading && this.#unread.length === 0 && !this.#pumping) {
      this.up.read(data);
      return;
    }
    if (this.#unreadBytes + data.length > MAX_UNREAD) return;
    this.#unread.push(data);
    this.#unreadBytes += data.length;
  }
  setReading(on: boolean): void {
    this.#reading = on;
    if (!on || this.#unread.length === 0 || this.#pumping) return;
    this.#pumping = true;
    onImmediate(() => {
      while (this.#reading && this.#state === 'open' && this.#unread.length > 0) {
        const data = this.#unread.shift()!;
        this.#unreadBytes -= data.length;
        this.up.read(data);
      }
      this.#pumping = false;
      // Reading went off and on again in there.
      if (this.#reading && this.#unread.length > 0) this.setReading(true);
    });
  }

  write(data: Buffer): boolean {
    if (this.#state !== 'open' || data.length === 0) return true;
    for (let at = 0; at < data.length; at += MAX_DATAGRAM) {
      // A copy: the kernel may take it later, and the caller may use its buffer again at once.
      const piece = Buffer.from(data.subarray(at, at + MAX_DATAGRAM));
      this.#queued += piece.length;
      this.#carrier.send(piece, this.port, this.host, () => this.#sent(piece.length));
    }
    if (this.#queued <= MAX_UNSENT) return true;
    this.#full = true;
    return false;
  }
  /** A datagram that could not be sent is lost, like any other. */
  #sent(bytes: number): void {
    this.#queued -= bytes;
    if (this.#queued > 0) return;
    if (this.#state === 'closing') this.#end();
    else if (this.#full && this.#state === 'open') {
      this.#full = false;
      this.up.writable();
    }
  }
  bufferedBytes(): number {
    return this.#queued;
  }
  address(): string {
    return printAddress(this.host, this.port);
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    if (this.#queued === 0) nextMicrotask(() => this.#end());
  }
  abort(): void {
    if (this.#state === 'gone') return;
    this.#state = 'closing';
    nextMicrotask(() => this.#end());
  }
  #end(err?: GensioError): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#unread = [];
    this.#carrier.release(this);
    this.up.closed(err);
  }
  /** The socket below failed. */
  fail(err: GensioError): void {
    this.#end(this.#state === 'closing' ? undefined : err);
  }
}

/** A number stays, a service name is looked up as UDP's. */
const withUdpPorts = (addrs: readonly NetAddr[]): NetAddr[] =>
  addrs.map((a) => {
    const port = /^[0-9]+$/.test(a.port) ? undefined : builtInServices(a.port, 'udp');
    return port === undefined ? a : { ...a, port: String(port) };
  });

/** Addresses are numbers by now: no resolver between write() and the wire. */
const numeric = (host: string, ...rest: unknown[]): void => {
  const done = rest.at(-1) as (err: null, address: string, family: number) => void;
  done(null, host, isIP(host) === 6 ? 6 : 4);
};
const newSocket = (family: 4 | 6, reuseAddr: boolean, ipv6Only: boolean): Socket =>
  createSocket({ type: family === 6 ? 'udp6' : 'udp4', reuseAddr, ipv6Only, lookup: numeric as never });

/** One listening socket of an accepter, and the peers that came to it. Lives until nobody listens and no peer is left. */
class Hub implements SharedSocket {
  readonly socket: Socket;
  readonly #peers = new Map<string, UdpGensio>();
  readonly #accepted: (gensio: UdpGensio) => void;
  #listening = true;

  constructor(socket: Socket, accepted: (gensio: UdpGensio) => void, failed: (err: GensioError) => void) {
    this.socket = listenTo(socket);
    this.#accepted = accepted;
    this.socket.on('message', (data, from) => this.#message(data, from.address, from.port));
    this.socket.on('error', (err) => failed(fromSystemError(err)));
  }
  #message(data: Buffer, host: string, port: number): void {
    // gensio 2.6.2 ignores an empty datagram, and so makes no connection of one.
    if (data.length === 0) return;
    const key = `${host} ${port}`;
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      if (!this.#listening || this.#peers.size >= MAX_PEERS) return;
      peer = new UdpGensio(host, port, this);
      this.#peers.set(key, peer);
      peer.datagram(data);
      this.#accepted(peer);
    } else peer.datagram(data);
  }
  /** A peer that has not sent anything yet; `undefined` if it is there already. */
  peer(host: string, port: number): UdpGensio | undefined {
    const key = `${host} ${port}`;
    if (this.#peers.has(key)) return undefined;
    const peer = new UdpGensio(host, port, this);
    this.#peers.set(key, peer);
    return peer;
  }
  send(data: Buffer, port: number, host: string, done: (err: Error | null) => void): void {
    this.socket.send(data, port, host, bind(done));
  }
  release(gensio: UdpGensio): void {
    const key = `${gensio.host} ${gensio.port}`;
    if (this.#peers.get(key) === gensio) this.#peers.delete(key);
    this.#closeIfIdle();
  }
  stop(): void {
    this.#listening = false;
    this.#closeIfIdle();
  }
  #closeIfIdle(): void {
    if (this.#listening || this.#peers.size > 0) return;
    this.#listening = true;
    this.socket.close();
  }
}

class UdpAccepter implements Accepter {
  readonly type = 'udp';
  up!: AccepterUp;
  readonly #spec: Udp;
  #hubs: Hub[] = [];
  #closing = false;

  constructor(spec: Udp) {
    this.#spec = spec;
  }
  listen(done: (err?: GensioError) => void): void {
    this.#closing = false;
    resolve(withUdpPorts(this.#spec.addrs), 'accepter', (err, endpoints) => {
      if (this.#closing) return done(new GensioError('localclosed'));
      if (err !== undefined) return done(err);
      this.#bind(endpoints, 0, undefined, done);
    });
  }
  /** One address after the other; one this machine lacks is left out when another works. */
  #bind(endpoints: readonly Endpoint[], i: number, missing: GensioError | undefined, done: (err?: GensioError) => void): void {
    const endpoint = endpoints[i];
    if (endpoint === undefined) return done(this.#hubs.length === 0 ? (missing ?? new GensioError('notfound')) : undefined);
    const { host, family, v6only } = endpoint;
    const socket = listenTo(newSocket(family, this.#spec.opts.reuseaddr, v6only));
    socket.once('error', (err) => {
      socket.close();
      const code = (err as NodeJS.ErrnoException).code;
      const lacking = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
      if (lacking && host === '::' && !v6only) {
        return this.#bind([{ ...endpoint, host: '0.0.0.0', family: 4 }, ...endpoints.slice(i + 1)], 0, missing, done);
      }
      if (lacking) return this.#bind(endpoints, i + 1, fromSystemError(err), done);
      this.close(() => done(fromSystemError(err)));
    });
    socket.bind({ address: host, port: endpoint.port === 0 ? (this.port() ?? 0) : endpoint.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      const hub = new Hub(
        socket,
        (gensio) => this.up.accepted(gensio),
        (err) => this.up.failed(err),
      );
      if (this.#closing) {
        hub.stop();
        return done(new GensioError('localclosed'));
      }
      this.#hubs.push(hub);
      this.#bind(endpoints, i + 1, missing, done);
    });
  }
  close(done: () => void): void {
    this.#closing = true;
    const hubs = this.#hubs;
    this.#hubs = [];
    // Where peers are left the address stays taken until the last one is closed: their answers must come from it.
    for (const hub of hubs) hub.stop();
    onImmediate(done);
  }
  /** From the first socket of the same family, as gensio 2.6.2 does; the answers come there. */
  dial(spec: LayerSpec): Gensio | undefined {
    if (spec.type !== 'udp') return undefined;
    return new LazyConnector('udp', '', (done) => {
      let cancelled = false;
      resolve(withUdpPorts(spec.addrs), 'connector', (err, [endpoint]) => {
        if (cancelled) return;
        if (err !== undefined || endpoint === undefined) return done(err ?? new GensioError('notfound'));
        const hub = this.#hubs.find(({ socket }) => (socket.address().family === 'IPv6' ? 6 : 4) === endpoint.family);
        if (hub === undefined) return done(new GensioError('inval'));
        const peer = hub.peer(endpoint.host, endpoint.port);
        done(peer === undefined ? new GensioError('exists') : undefined, peer);
      });
      return {
        cancel: () => {
          cancelled = true;
        },
      };
    });
  }
  port(): number | undefined {
    return this.#hubs[0]?.socket.address().port;
  }
}

/** Makes each sender a connection of its own. */
export const udpAccepter = (spec: Udp): Accepter => new UdpAccepter(spec);

/** Sends to the first address the name has. Where the answers must come from is checked here, unless nocon. */
export function udpConnector(spec: Udp, _env: GensioEnv): Gensio {
  const { opts } = spec;
  const first = spec.addrs[0];
  const idle = first === undefined ? '' : printAddress(first.host ?? '::1', Number(first.port) || 0);
  return new LazyConnector('udp', idle, (done) => {
    let cancelled = false;
    let socket: Socket | undefined;
    const start = ({ host, port, family }: Endpoint, local: { readonly host: string; readonly port: number } | undefined): void => {
      const made = listenTo(newSocket(family, opts.reuseaddr, false));
      socket = made;
      const gensio = new UdpGensio(host, port, {
        send: (data, toPort, toHost, sent) => made.send(data, toPort, toHost, bind(sent)),
        release: () => made.close(),
      });
      const failed = (err: Error): void => {
        if (cancelled) return;
        made.close();
        done(fromSystemError(err));
      };
      made.once('error', failed);
      made.bind({ ...(local !== undefined && { address: local.host, port: local.port }), exclusive: true }, () => {
        if (cancelled) return;
        try {
          for (const group of opts.mcast ?? []) made.addMembership(group.replace(/^ipv[46],/, ''));
          if (opts.mloop !== undefined) made.setMulticastLoopback(opts.mloop);
          if (opts.mttl !== 1) made.setMulticastTTL(opts.mttl);
        } catch (err) {
          return failed(err as Error);
        }
        made.removeListener('error', failed);
        made.on('error', (err) => gensio.fail(fromSystemError(err)));
        made.on('message', (data, from) => {
          if (opts.nocon || (from.port === port && from.address === host)) gensio.datagram(data);
        });
        done(undefined, gensio);
      });
    };
    resolve(withUdpPorts(spec.addrs), 'connector', (err, [endpoint]) => {
      if (cancelled) return;
      if (err !== undefined || endpoint === undefined) return done(err ?? new GensioError('notfound'));
      resolveLocal(opts.laddr, endpoint.family, (err, local) => {
        if (cancelled) return;
        if (err !== undefined) done(err);
        else start(endpoint, local);
      });
    });
    return {
      cancel: () => {
        cancelled = true;
        socket?.close();
      },
    };
  });
}
