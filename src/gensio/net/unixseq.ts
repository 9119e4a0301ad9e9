// Unix domain sockets that keep messages apart (SOCK_SEQPACKET): each write is one message, each message one read. Node has no class
// for them: the C library makes the socket, and libuv's pipe handle does the rest. Otherwise as unix.ts.
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { applyRights } from '../../base/file-rights.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { libc, SystemError } from '../../base/libc.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Accepter, AccepterUp, Gensio } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { StreamGensio } from '../stream.ts';
import { listenOnDescriptor, SOCKET_READ, socketOfDescriptor } from '../uv-handle.ts';
import { noteDescriptor } from './descriptors.ts';
import { BACKLOG } from './unix.ts';
import { checkPath, clearLeftOver, peerAllowed } from './unix-path.ts';

type UnixSeq = LayerOf<'unixseq'>;

/** Biggest message: what the reader has room for. More at once becomes several. */
const MAX_MESSAGE = SOCKET_READ;
const NOT_HERE = 'unixseq needs koffi and the usual insides of Node.js';

class SeqGensio extends StreamGensio {
  constructor(address: string, env: GensioEnv, socket: Socket) {
    super('unixseq', address, env.clock, socket);
  }
  override write(data: Buffer): boolean {
    let more = true;
    for (let at = 0; at < data.length; at += MAX_MESSAGE) more = super.write(data.subarray(at, at + MAX_MESSAGE));
    return more;
  }
}

/** A descriptor. Throws a GensioError. */
function openSocket(path: string, how: 'bind' | 'connect'): number {
  const c = libc();
  if (c === undefined) throw new GensioError('notsup', NOT_HERE);
  const fd = c.openSequenced(path, how);
  if (fd instanceof SystemError) throw fromSystemError(fd);
  return fd;
}

class UnixSeqAccepter implements Accepter {
  readonly type = 'unixseq';
  up!: AccepterUp;
  readonly #spec: UnixSeq;
  readonly #env: GensioEnv;
  #stop: (() => void) | undefined;

  constructor(spec: UnixSeq, env: GensioEnv) {
    this.#spec = spec;
    this.#env = env;
  }

  listen(done: (err?: GensioError) => void): void {
    const { path, opts } = this.#spec;
    try {
      checkPath(path);
      if (opts.delsock) rmSync(path, { force: true });
      const fd = this.#bind(path);
      try {
        this.#listenOn(fd);
      } catch (err) {
        rmSync(path, { force: true });
        throw err;
      }
      nextMicrotask(() => done());
    } catch (err) {
      nextMicrotask(() => done(fromSystemError(err)));
    }
  }
  /** Owns the descriptor; has closed it when it throws. */
  #listenOn(fd: number): void {
    const { path, opts } = this.#spec;
    try {
      // Nobody can connect before listen(2), so nobody does with other rights.
      applyRights(path, opts);
    } catch (err) {
      libc()?.close(fd);
      throw err;
    }
    this.#stop = listenOnDescriptor(fd, BACKLOG, {
      connected: (socket) => this.#connected(socket),
      failed: (err) => this.up.failed(fromSystemError(err)),
    });
    if (this.#stop !== undefined) return;
    libc()?.close(fd);
    throw new GensioError('notsup', NOT_HERE);
  }
  #bind(path: string): number {
    try {
      return openSocket(path, 'bind');
    } catch (err) {
      if ((err as GensioError).code !== 'addrinuse' || !clearLeftOver(path, libc()?.openSequenced(path, 'connect'))) throw err;
      return openSocket(path, 'bind');
    }
  }
  #connected(socket: Socket): void {
    const gensio = new SeqGensio('unix,', this.#env, socket);
    noteDescriptor(gensio.fd, this.#env);
    if (peerAllowed(gensio.fd, this.#spec.opts)) return this.up.accepted(gensio);
    gensio.abort();
    this.up.failed(new GensioError('perm', 'the peer is not among permusers and permgrps'));
  }
  /** Removes the path, too. */
  close(done: () => void): void {
    if (this.#stop !== undefined) {
      this.#stop();
      rmSync(this.#spec.path, { force: true });
    }
    this.#stop = undefined;
    onImmediate(done);
  }
  port(): number | undefined {
    return undefined;
  }
}

/** A socket of SOCK_SEQPACKET at a path. listen() fails with notsup without koffi. */
export const unixseqAccepter = (spec: UnixSeq, env: GensioEnv): Accepter => new UnixSeqAccepter(spec, env);

/** Connects to a socket of SOCK_SEQPACKET. open() fails with notsup without koffi. */
export function unixseqConnector(spec: UnixSeq, env: GensioEnv): Gensio {
  const address = `unix,${spec.path}`;
  return new LazyConnector('unixseq', address, (done) => {
    const attempt = (): void => {
      try {
        checkPath(spec.path);
        const fd = openSocket(spec.path, 'connect');
        const socket = socketOfDescriptor(fd);
        if (socket !== undefined) return done(undefined, new SeqGensio(address, env, socket));
        libc()?.close(fd);
        done(new GensioError('notsup', NOT_HERE));
      } catch (err) {
        done(fromSystemError(err));
      }
    };
    // It connects or fails at once; the answer must come later.
    nextMicrotask(attempt);
    return { cancel: () => undefined };
  });
}
