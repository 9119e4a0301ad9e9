// Unix domain sockets, stream kind: listening on a path with the rights asked for, and connecting to one.
import { chmodSync, chownSync, lstatSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { bindEvents, nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { libc, SystemError } from '../../base/libc.ts';
import { readSmallFile } from '../../base/safe-file.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Accepter, AccepterUp, Gensio } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { StreamGensio } from '../stream.ts';
import { noteDescriptor } from './descriptors.ts';

type Unix = LayerOf<'unix'>;
type Rights = Pick<Unix['opts'], 'umode' | 'gmode' | 'omode' | 'perm' | 'owner' | 'group'>;

/** Newcomers the kernel keeps while we are busy. */
export const BACKLOG = 128;
/** Largest passwd or group read, bytes. */
const MAX_ACCOUNTS = 1 << 24;
/** sizeof(sun_path) without the end of the string. */
const MAX_PATH = 107;

/** Throws a GensioError when a path cannot be that of a socket. */
export function checkPath(path: string): void {
  if (path === '') throw new GensioError('notfound', 'a path is missing');
  if (Buffer.byteLength(path) > MAX_PATH) throw new GensioError('toobig', `a path may have ${MAX_PATH} bytes`);
}

/** A line of passwd or group by its name: `name:x:id:...`. A number is itself. */
function idOf(name: string, file: '/etc/passwd' | '/etc/group'): number {
  if (/^[0-9]+$/.test(name)) return Number(name);
  const line = readLines(file).find((l) => l.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2]);
  if (line === undefined || !Number.isInteger(id))
    throw new GensioError('notfound', `no ${file === '/etc/passwd' ? 'user' : 'group'} '${name}'`);
  return id;
}
function readLines(file: string): string[] {
  try {
    return readSmallFile(file, { links: true, maxBytes: MAX_ACCOUNTS }).toString('utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * The rights options ask for, as one mode; undefined when none of them was given. Parts not given are open to reading and
 * writing once one is, as gensio does; the umask plays no part.
 */
export function modeOf({ perm, umode, gmode, omode }: Rights): number | undefined {
  if (perm !== undefined) return perm;
  if (umode === undefined && gmode === undefined && omode === undefined) return undefined;
  return ((umode ?? 6) << 6) | ((gmode ?? 6) << 3) | (omode ?? 6);
}

/** Gives a file the mode and the owner asked for. Throws a GensioError. */
export function applyRights(path: string, rights: Rights): void {
  const mode = modeOf(rights);
  try {
    const uid = rights.owner === undefined ? -1 : idOf(rights.owner, '/etc/passwd');
    const gid = rights.group === undefined ? -1 : idOf(rights.group, '/etc/group');
    if (mode !== undefined) chmodSync(path, mode);
    if (uid !== -1 || gid !== -1) chownSync(path, uid === -1 ? 0xffffffff : uid, gid === -1 ? 0xffffffff : gid);
  } catch (err) {
    throw fromSystemError(err);
  }
}

/** Whether the process at the other end may connect: by user, by its group, or by a group its user is listed in. */
export function peerAllowed(fd: number | undefined, { permusers, permgrps }: Unix['opts']): boolean {
  if (permusers === undefined && permgrps === undefined) return true;
  const peer = fd === undefined ? undefined : libc()?.peerCredentials(fd);
  if (peer === undefined || peer instanceof SystemError) return false;
  const { uid, gid } = peer;
  const is = (name: string, id: number, file: '/etc/passwd' | '/etc/group'): boolean => {
    try {
      return idOf(name, file) === id;
    } catch {
      return false;
    }
  };
  if (permusers?.some((name) => is(name, uid, '/etc/passwd'))) return true;
  if (permgrps?.some((name) => is(name, gid, '/etc/group'))) return true;
  const user = readLines('/etc/passwd')
    .find((l) => Number(l.split(':')[2]) === uid && l.includes(':'))
    ?.split(':')[0];
  return (
    user !== undefined &&
    readLines('/etc/group').some((line) => {
      const [name = '', , , members = ''] = line.split(':');
      return permgrps?.includes(name) === true && members.split(',').includes(user);
    })
  );
}

/**
 * Removes a socket that a process left behind when it was killed: its connections are refused. code: how connecting failed. Gives
 * whether it was one; one that is listened on, and what is no socket, stays.
 */
function removeRefused(path: string, code: string | undefined): boolean {
  if (code !== 'ECONNREFUSED') return false;
  try {
    if (!lstatSync(path).isSocket()) return false;
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}
/** As removeRefused(). probe: what an attempt to connect gave, which is closed. */
export function clearLeftOver(path: string, probe: number | SystemError | undefined): boolean {
  if (typeof probe === 'number') libc()?.close(probe);
  return probe instanceof SystemError && removeRefused(path, probe.code);
}
/** As removeRefused(), with an attempt to connect of its own. */
function connectAndClear(path: string, done: (cleared: boolean) => void): void {
  const probe = createConnection({ path });
  bindEvents(probe);
  probe.once('connect', () => {
    probe.destroy();
    done(false);
  });
  probe.once('error', (err) => done(removeRefused(path, (err as NodeJS.ErrnoException).code)));
}

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
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    bindEvents(server);
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

export const unixAccepter = (spec: Unix, env: GensioEnv): Accepter => new UnixAccepter(spec, env);

export function unixConnector(spec: Unix, env: GensioEnv): Gensio {
  const { path } = spec;
  return new LazyConnector('unix', `unix,${path}`, (done) => {
    if (path === '' || Buffer.byteLength(path) > MAX_PATH) {
      nextMicrotask(() => done(new GensioError(path === '' ? 'notfound' : 'toobig')));
      return { cancel: () => undefined };
    }
    let cancelled = false;
    const socket = createConnection({ path, allowHalfOpen: true });
    bindEvents(socket);
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
