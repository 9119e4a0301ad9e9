// Unix domain sockets, stream kind: listening on a path with the rights asked for, and connecting to one.
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { listenTo, nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { applyRights } from '../../base/file-rights.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { libc } from '../../base/libc.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Accepter, AccepterUp, Gensio } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { StreamGensio } from '../stream.ts';
import { noteDescriptor } from './descriptors.ts';
import { checkPath, connectAndClear, peerAllowed } from './unix-path.ts';

type Unix = LayerOf<'unix'>;

/** New connections the kernel keeps while we are busy. */
export const BACKLOG = 128;
class UnixAccepter implements Accepter {
  readonly type = 'unix';
  up!: AccepterUp;
  readonly #spec: Unix;
  readonly #env: GensioEnv;
  #server: Server | undefined;
  /** listen() was asked for, and close() not yet. */
  #wanted = false;

  constructor(spec: Unix, env: GensioEnv) {
    this.#spec = spec;
    this.#env = env;
  }

  listen(done: (err?: GensioError) => void): void {
    const { path, opts } = this.#spec;
    const refuse = (err: GensioError): void => nextMicrotask(() => done(err));
    try {
      checkPath(path);
      if ((opts.permusers !== undefined || opts.permgrps !== undefined) && libc() === undefined) {
        throw new GensioError('notsup', 'permusers and permgrps need koffi');
      }
      if (opts.delsock) rmSync(path, { force: true });
    } catch (err) {
      return refuse(fromSystemError(err));
    }
    this.#wanted = true;
    this.#bind(path, opts, true, done);
  }
  /** mayClear: a socket that a process left behind when it was killed is removed, and it is tried once more. */
  #bind(path: string, opts: Unix['opts'], mayClear: boolean, done: (err?: GensioError) => void): void {
    const server = listenTo(createServer({ pauseOnConnect: true, allowHalfOpen: true }));
    let answered = false;
    const answer = (err?: Error): void => {
      if (answered) return;
      answered = true;
      if (err === undefined && this.#wanted) {
        this.#server = server;
        return done();
      }
      server.close();
      if (err === undefined) return done(new GensioError('localclosed'));
      if (!mayClear || (err as NodeJS.ErrnoException).code !== 'EADDRINUSE') return done(fromSystemError(err));
      connectAndClear(path, (cleared) => {
        if (!this.#wanted) done(new GensioError('localclosed'));
        else if (cleared) this.#bind(path, opts, false, done);
        else done(fromSystemError(err));
      });
    };
    server.on('error', (err) => (answered ? this.up.failed(fromSystemError(err)) : answer(err)));
    server.on('connection', (socket) => this.#connected(socket));
    server.listen({ path, backlog: BACKLOG, exclusive: true }, () => answer());
    // The path is there as soon as listen() returns; it gets its rights before anybody else runs in this process.
    if (server.listening) {
      try {
        applyRights(path, opts);
      } catch (err) {
        nextMicrotask(() => done(err as GensioError));
        answered = true;
        server.close();
      }
    }
  }
  #connected(socket: Socket): void {
    const gensio = new StreamGensio('unix', 'unix,', this.#env.clock, socket);
    noteDescriptor(gensio.fd, this.#env);
    if (peerAllowed(gensio.fd, this.#spec.opts)) return this.up.accepted(gensio);
    gensio.abort();
    this.up.failed(new GensioError('perm', 'the peer is not among permusers and permgrps'));
  }
  /** Removes the path, too. */
  close(done: () => void): void {
    const server = this.#server;
    this.#wanted = false;
    this.#server = undefined;
    server?.close();
    onImmediate(done);
  }
  port(): number | undefined {
    return undefined;
  }
}

/** A Unix stream socket at a path, with the permissions of its options. */
export const unixAccepter = (spec: Unix, env: GensioEnv): Accepter => new UnixAccepter(spec, env);

/** Connects to a Unix stream socket. */
export function unixConnector(spec: Unix, env: GensioEnv): Gensio {
  const { path } = spec;
  return new LazyConnector('unix', `unix,${path}`, (done) => {
    try {
      checkPath(path);
    } catch (err) {
      nextMicrotask(() => done(err as GensioError));
      return { cancel: () => undefined };
    }
    let cancelled = false;
    const socket = listenTo(createConnection({ path, allowHalfOpen: true }));
    socket.pause();
    const failed = (err: Error): void => {
      if (!cancelled) done(fromSystemError(err));
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.removeListener('error', failed);
      if (cancelled) socket.destroy();
      else done(undefined, new StreamGensio('unix', `unix,${path}`, env.clock, socket));
    });
    return {
      cancel: () => {
        cancelled = true;
        socket.destroy();
      },
    };
  });
}
