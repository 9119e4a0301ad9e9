// One Unix datagram socket and its peers: each address that something comes from is a connection of its own. As udp.ts, but
// nothing is lost: what nobody reads holds back the senders, and what a receiver has no room for waits until it has.

import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { type Libc, SystemError, type UnixAddress } from '../../base/libc.ts';
import { type Gensio, type GensioUp, nullUp } from '../gensio.ts';
import { type Watched, watchDescriptor } from './readiness.ts';

/** Biggest message sent; more at once becomes several. gensio reads no more of one. */
const MAX_SENT = 65_536;
/** Biggest message read, more than the system lets anybody send unless told otherwise. The end of a bigger one is lost. */
const MAX_READ = 262_144;
/** Peers of one socket; messages of more are dropped. */
const MAX_PEERS = 1024;
/** Peers looked after when a new connection comes. */
const MAX_LOOKS = 16;
/** Messages read before others get their turn. */
const MAX_IN_A_ROW = 32;

/** What is read goes here first, and then into a buffer of its own size. */
let room: Buffer | undefined;

/** `unix,/path`, `unix,@abstract`, or `unix,` for a sender without a name. Names come from anybody: no control characters. */
export function printUnixAddress(address: UnixAddress): string {
  const [first] = address.subarray(2);
  const name = first === 0 ? `@${address.toString('utf8', 3)}` : address.toString('utf8', 2);
  return `unix,${name.replace(/\0$/, '').replace(/[\0-\x1f\x7f-\x9f]/g, '?')}`;
}

/** A connection to one peer. */
class DgramGensio implements Gensio {
  readonly type = 'unixdgram';
  up: GensioUp = nullUp;
  readonly remote: UnixAddress;
  readonly #hub: DgramHub;
  /** Came while nobody read. */
  #held: Buffer | undefined;
  #handing = false;
  #reading = false;
  #queued: Buffer[] = [];
  #state: 'open' | 'closing' | 'lost' | 'gone' = 'open';

  constructor(remote: UnixAddress, hub: DgramHub) {
    this.remote = remote;
    this.#hub = hub;
  }
  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => done());
  }

  /** A message came. false: it waits, and no other may come until hub.resume(). */
  message(data: Buffer): boolean {
    if (this.#state !== 'open') return true;
    if (this.#reading && this.#held === undefined) {
      this.up.read(data);
      return true;
    }
    this.#held = data;
    return false;
  }
  setReading(on: boolean): void {
    this.#reading = on;
    if (!on || this.#held === undefined || this.#handing) return;
    this.#handing = true;
    onImmediate(() => {
      this.#handing = false;
      const data = this.#held;
      if (!this.#reading || this.#state !== 'open' || data === undefined) return;
      this.#held = undefined;
      this.#hub.resume(this);
      this.up.read(data);
    });
  }

  write(data: Buffer): boolean {
    if (this.#state !== 'open') return true;
    const before = this.#queued.length;
    for (let at = 0; at < data.length; at += MAX_SENT) this.#queued.push(data.subarray(at, at + MAX_SENT));
    if (before === 0) this.#send();
    return this.#queued.length === 0;
  }
  /** As much as the peer takes. */
  #send(): void {
    for (let data = this.#queued[0]; data !== undefined; data = this.#queued[0]) {
      const err =
        this.remote.length > 0 ? this.#hub.send(data, this.remote) : new GensioError('inval', 'the peer has no name to be answered at');
      if (err === 'full') return this.#hub.awaitRoom(this);
      if (err !== undefined) return this.lose(err);
      this.#queued.shift();
    }
  }
  /** The peer, or the system, takes messages again. */
  hasRoom(): void {
    if (this.#queued.length === 0) return;
    this.#send();
    if (this.#queued.length > 0) return;
    if (this.#state === 'closing') this.#end();
    else if (this.#state === 'open') this.up.writable();
  }
  bufferedBytes(): number {
    return this.#queued.reduce((bytes, data) => bytes + data.length, 0);
  }
  address(): string {
    return printUnixAddress(this.remote);
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    // It may take long until the peer has room; others must be heard meanwhile.
    this.#held = undefined;
    this.#hub.resume(this);
    if (this.#queued.length === 0) nextMicrotask(() => this.#end());
  }
  abort(): void {
    if (this.#state === 'gone') return;
    this.#state = 'closing';
    nextMicrotask(() => this.#end());
  }
  /** Nothing can be sent to the peer any more. closed() follows. */
  lose(err: GensioError): void {
    const why = this.#state === 'open' ? err : undefined;
    this.#queued = [];
    this.#state = 'lost';
    nextMicrotask(() => this.#end(why));
  }
  /** The peer has closed its socket. */
  left(): void {
    this.#end(this.#state === 'open' ? new GensioError('remclose') : undefined);
  }
  #end(err?: GensioError): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#queued = [];
    this.#held = undefined;
    this.#hub.release(this);
    this.up.closed(err);
  }
}

/** Who made the socket. */
export interface DgramHubUp {
  /** Absent: messages of strangers are dropped. */
  accepted?(gensio: DgramGensio): void;
  /** Once, last: the descriptor is closed. */
  closed(): void;
}

/** Lives until nobody listens and no peer is left. */
export class DgramHub {
  readonly #c: Libc;
  readonly #fd: number;
  readonly #up: DgramHubUp;
  #watch!: Watched;
  readonly #peers = new Map<string, DgramGensio>();
  /** Whom to look after next. */
  #round = this.#peers.values();
  /** Gets what comes from anybody. */
  #nocon: DgramGensio | undefined;
  /** Holds a message that is not read: no more are taken, from nobody, as they stand in one queue. */
  #holder: DgramGensio | undefined;
  /** Wait until the system has sent enough of what this socket gave it. */
  readonly #waiting = new Set<DgramGensio>();
  /** Wait for room at their peer: how to stop it. */
  readonly #probes = new Map<DgramGensio, () => void>();
  #listening: boolean;
  #closed = false;

  private constructor(c: Libc, fd: number, up: DgramHubUp) {
    this.#c = c;
    this.#fd = fd;
    this.#up = up;
    this.#listening = up.accepted !== undefined;
  }
  /** On a bound socket that does not block; owns it then. `undefined` if nothing can watch descriptors. Throws when there is no more room. */
  static of(c: Libc, fd: number, up: DgramHubUp): DgramHub | undefined {
    const hub = new DgramHub(c, fd, up);
    const watch = watchDescriptor(fd, ({ read, write }) => {
      if (write) hub.#systemHasRoom();
      if (read) hub.#receive();
    });
    if (watch === undefined) return undefined;
    hub.#watch = watch;
    try {
      hub.#update();
    } catch (err) {
      watch.stop();
      throw err;
    }
    return hub;
  }

  /** A connection to a peer that has not sent anything yet. nocon: it gets what comes from anybody. */
  connect(to: UnixAddress, nocon: boolean): DgramGensio {
    const gensio = this.#add(to);
    if (nocon) this.#nocon = gensio;
    this.#update();
    return gensio;
  }
  #add(address: UnixAddress): DgramGensio {
    const gensio = new DgramGensio(address, this);
    this.#peers.set(address.toString('latin1'), gensio);
    return gensio;
  }
  #update(): void {
    if (this.#closed) return;
    const read = this.#holder === undefined && (this.#listening || this.#peers.size > 0);
    this.#watch.want({ read, write: this.#waiting.size > 0 });
  }

  // ---- Reading ----

  #receive(): void {
    room ??= Buffer.allocUnsafeSlow(MAX_READ);
    for (let i = 0; i < MAX_IN_A_ROW && this.#holder === undefined && !this.#closed; i++) {
      const got = this.#c.receiveFrom(this.#fd, room);
      if (got instanceof SystemError) break;
      // gensio ignores an empty one, and so makes no connection of it.
      if (got.length > 0) this.#take(Buffer.from(room.subarray(0, got.length)), got.from);
    }
    this.#update();
  }
  #take(data: Buffer, from: UnixAddress): void {
    const known = this.#nocon ?? this.#peers.get(from.toString('latin1'));
    if (known === undefined) {
      if (this.#up.accepted === undefined) return;
      this.#dropGone();
      if (!this.#listening || this.#peers.size >= MAX_PEERS) return;
    }
    const gensio = known ?? this.#add(from);
    if (!gensio.message(data)) this.#holder = gensio;
    if (known === undefined) this.#up.accepted?.(gensio);
  }
  /** Nothing says that a peer closed its socket. Its place is to be free when another one comes; where there are many, soon after. */
  #dropGone(): void {
    for (let looks = Math.min(this.#peers.size, MAX_LOOKS); looks > 0; looks--) {
      let next = this.#round.next();
      if (next.done) {
        this.#round = this.#peers.values();
        next = this.#round.next();
      }
      const gensio = next.value;
      if (gensio === undefined || gensio.remote.length === 0) continue;
      const probe = this.#c.connectDatagram(gensio.remote);
      if (typeof probe === 'number') this.#c.close(probe);
      else if (probe.code === 'ECONNREFUSED' || probe.code === 'ENOENT') gensio.left();
    }
  }
  /** The message that was held is read. */
  resume(gensio: DgramGensio): void {
    if (this.#holder !== gensio) return;
    this.#holder = undefined;
    this.#update();
  }

  // ---- Writing ----

  /** Sends one message to a peer: `full` if there is no room for it now, or what else went wrong. */
  send(data: Buffer, to: UnixAddress): GensioError | 'full' | undefined {
    const err = this.#c.sendTo(this.#fd, data, to);
    return err === undefined ? undefined : err.code === 'EAGAIN' ? 'full' : fromSystemError(err);
  }
  /**
   * send() gave 'full': hasRoom() is called when it is worth another attempt. Either the peer has as many messages as it may keep: then
   * a socket connected to it can be written to when it has read one. Or the system holds enough from our socket: then that one can be.
   * A peer that is connected to our socket refuses others with EPERM, and for it only the second is possible. The send buffer is one for
   * all peers: those that never read can fill it, and then everybody waits for them.
   */
  awaitRoom(gensio: DgramGensio): void {
    this.#probes.get(gensio)?.();
    const probe = this.#c.connectDatagram(gensio.remote);
    if (probe instanceof SystemError && probe.code !== 'EPERM') return gensio.lose(fromSystemError(probe));
    if (typeof probe === 'number' && !this.#c.writable(probe)) return this.#awaitPeer(gensio, probe);
    if (typeof probe === 'number') this.#c.close(probe);
    this.#waiting.add(gensio);
    this.#update();
  }
  #awaitPeer(gensio: DgramGensio, probe: number): void {
    const stop = (): void => {
      this.#probes.delete(gensio);
      watch.stop();
      this.#c.close(probe);
    };
    // There as long as our socket is watched.
    const watch = watchDescriptor(probe, () => {
      stop();
      gensio.hasRoom();
    })!;
    this.#probes.set(gensio, stop);
    try {
      watch.want({ read: false, write: true });
    } catch (err) {
      stop();
      gensio.lose(fromSystemError(err));
    }
  }
  #systemHasRoom(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const gensio of waiting) gensio.hasRoom();
    this.#update();
  }

  // ---- The end ----

  /** A connection has ended. */
  release(gensio: DgramGensio): void {
    const key = gensio.remote.toString('latin1');
    if (this.#peers.get(key) === gensio) this.#peers.delete(key);
    if (this.#nocon === gensio) this.#nocon = undefined;
    if (this.#holder === gensio) this.#holder = undefined;
    this.#waiting.delete(gensio);
    this.#probes.get(gensio)?.();
    this.#closeIfIdle();
  }
  /** New connections are not taken any more. */
  stop(): void {
    this.#listening = false;
    this.#closeIfIdle();
  }
  #closeIfIdle(): void {
    if (this.#closed || this.#listening || this.#peers.size > 0) return this.#update();
    this.#closed = true;
    this.#watch.stop();
    this.#c.close(this.#fd);
    this.#up.closed();
  }
}
