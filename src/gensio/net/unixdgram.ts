// Unix datagram sockets: listening on a path with the rights asked for, and sending to one. Node has no class for them: the C library
// makes the socket, dgram-hub.ts makes connections of it.
import { fchmodSync, lstatSync, rmSync } from 'node:fs';
import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { applyRights, modeOf } from '../../base/file-rights.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { type Libc, libc, SystemError, type UnixAddress, unixAddress } from '../../base/libc.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { Accepter, AccepterUp, Gensio } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { DgramHub, type DgramHubUp } from './datagram-demux.ts';
import { checkPath, clearLeftOver } from './unix-path.ts';

type UnixDgram = LayerOf<'unixdgram'>;

const NOT_HERE = 'unixdgram needs koffi and the usual insides of Node.js';

/** Throws a GensioError when a path cannot be that of a socket. An @ in front is part of a file's name, as to gensio. */
function addressOf(path: string): UnixAddress {
  checkPath(path);
  const address = unixAddress(path.startsWith('@') ? `./${path}` : path);
  if (address === undefined) throw new GensioError('inval', 'this cannot be the path of a socket');
  return address;
}

/** Binds a socket to a path and gives that the rights asked for. Returns how to remove it. Throws. */
function bindPath(c: Libc, fd: number, path: string, opts: UnixDgram['opts']): () => void {
  const address = addressOf(path);
  if (opts.delsock) rmSync(path, { force: true });
  // The path begins with the rights of the descriptor: until its own are set nobody may send.
  if (modeOf(opts) !== undefined) fchmodSync(fd, 0);
  let err = c.bindUnix(fd, address);
  if (err?.code === 'EADDRINUSE' && clearLeftOver(path, c.connectDatagram(address))) err = c.bindUnix(fd, address);
  if (err !== undefined) throw err;
  const { ino } = lstatSync(path);
  const remove = (): void => {
    // Not what another process has put there since.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
  try {
    applyRights(path, opts);
  } catch (err) {
    remove();
    throw err;
  }
  return remove;
}

/** A bound socket; without a path it gets an abstract name, so that it can be answered. Throws a GensioError. */
function openHub(path: string | undefined, opts: UnixDgram['opts'], accepted?: DgramHubUp['accepted']): DgramHub {
  const c = libc();
  if (c === undefined) throw new GensioError('notsup', NOT_HERE);
  const fd = c.datagramSocket();
  if (fd instanceof SystemError) throw fromSystemError(fd);
  let remove = (): void => undefined;
  try {
    if (path !== undefined) remove = bindPath(c, fd, path, opts);
    else {
      const err = c.bindUnix(fd, undefined);
      if (err !== undefined) throw err;
    }
    const hub = DgramHub.of(c, fd, { ...(accepted !== undefined && { accepted }), closed: () => remove() });
    if (hub === undefined) throw new GensioError('notsup', NOT_HERE);
    return hub;
  } catch (err) {
    c.close(fd);
    remove();
    throw fromSystemError(err);
  }
}

class UnixDgramAccepter implements Accepter {
  readonly type = 'unixdgram';
  up!: AccepterUp;
  readonly #spec: UnixDgram;
  #hub: DgramHub | undefined;

  constructor(spec: UnixDgram) {
    this.#spec = spec;
  }
  listen(done: (err?: GensioError) => void): void {
    try {
      this.#hub = openHub(this.#spec.path, this.#spec.opts, (gensio) => this.up.accepted(gensio));
      nextMicrotask(() => done());
    } catch (err) {
      nextMicrotask(() => done(err as GensioError));
    }
  }
  /** The path goes when no peer is left: until then answers come from it. */
  close(done: () => void): void {
    this.#hub?.stop();
    this.#hub = undefined;
    onImmediate(done);
  }
  port(): number | undefined {
    return undefined;
  }
}

/** Makes each sender a connection of its own. */
export const unixdgramAccepter = (spec: UnixDgram): Accepter => new UnixDgramAccepter(spec);

/** Whether somebody receives there shows when something is sent, as with gensio. */
export const unixdgramConnector = ({ path, opts }: UnixDgram): Gensio =>
  new LazyConnector('unixdgram', `unix,${path}`, (done) => {
    nextMicrotask(() => {
      try {
        const to = addressOf(path);
        done(undefined, openHub(opts.laddr, opts).connect(to, opts.nocon));
      } catch (err) {
        done(err as GensioError);
      }
    });
    return { cancel: () => undefined };
  });
