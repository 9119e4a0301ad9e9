// The filter mux: one channel of gensio's multiplexer. A peer that asks for more channels is told that there are none:
// a port of ser2net has no use for them.

import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { GENSIO_ERRORS, GensioError, type GensioErrorCode } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Gensio } from '../gensio.ts';
import { PacketFilter } from '../packet-filter.ts';
import {
  closeMessage,
  dataMessage,
  initMessage,
  MIN_WINDOW,
  MuxDecoder,
  type MuxOut,
  newChannelMessage,
  newChannelResponse,
  OVERHEAD,
} from './mux-codec.ts';

/** Our only channel. */
const CHANNEL = 0;
/** gensio's number for notsup, in answers to further channels. */
const NOT_SUPPORTED = 2;
/** Handshake time: a peer that says nothing does not keep its place for ever. */
const HANDSHAKE_MS = 60_000;
const MAX_SERVICE = 1024;
/** Refusals of further channels that may wait for a peer that does not read. */
const MAX_REFUSALS = 64;

class Mux extends PacketFilter implements MuxOut {
  readonly type = 'mux';
  readonly #server: boolean;
  readonly #log: Log;
  readonly #env: GensioEnv;
  readonly #service: Buffer;
  readonly #decoder = new MuxDecoder();
  #state: 'idle' | 'wait-init' | 'wait-channel' | 'open' | 'draining' | 'wait-close' | 'over' = 'idle';
  #done: ((err?: GensioError) => void) | undefined;
  #timer: { cancel(): void } | undefined;
  #remote = 0;

  // Sending.
  #window = 0;
  /** Bytes on their way, counted as the peer counts them. */
  #unacked = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  readonly #maxWaiting: number;
  #full = false;
  #childFull = false;
  /** Further channels refused since the child was full. */
  #refusals = 0;

  // Receiving.
  readonly #room: number;
  /** Bytes received and not acknowledged. */
  #held = 0;
  /** Taken by the one above, and to be acknowledged. */
  #taken = 0;
  #ackSoon = false;
  /** The fragments that end a message: taking one acknowledges the message's overhead, too. */
  readonly #lasts = new WeakSet<Buffer>();

  constructor({ opts }: LayerOf<'mux'>, child: Gensio, server: boolean, env: GensioEnv) {
    super(child, env.clock);
    this.#server = server;
    this.#env = env;
    this.#log = env.log;
    this.#service = Buffer.from(opts.service ?? '', 'latin1').subarray(0, MAX_SERVICE);
    this.#room = Math.min(Math.max(opts.readbuf, MIN_WINDOW + 1), 1 << 24);
    this.#maxWaiting = Math.min(Math.max(opts.writebuf, 1), 1 << 20);
  }

  // Opening.

  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#state === 'open') return nextMicrotask(() => done());
    this.#done = done;
    super.open((err) => {
      if (this.#state !== 'idle') return;
      if (err !== undefined) return this.#fail(err);
      this.#state = 'wait-init';
      this.#timer = this.#env.clock.after(HANDSHAKE_MS, () => this.#fail(new GensioError('timedout')));
      this.child.setReading(true);
      this.#put(initMessage());
    });
  }
  init(_version: number): void {
    if (this.#state !== 'wait-init') return this.broken('Init when already initialized');
    this.#state = 'wait-channel';
    if (this.#server) return;
    this.#unacked = this.#service.length;
    this.#put(newChannelMessage(CHANNEL, this.#room, this.#service));
  }
  newChannel(id: number, window: number): void {
    if (this.#state === 'idle' || this.#state === 'wait-init') return this.broken('Not initialized');
    if (this.#server && this.#state === 'wait-channel') {
      if (window <= MIN_WINDOW) return this.broken('Invalid send window size');
      this.#remote = id;
      this.#window = window;
      this.#put(newChannelResponse(id, this.#room, CHANNEL, 0));
      this.#opened();
    } else if (this.#state !== 'over') {
      if (this.#childFull && ++this.#refusals > MAX_REFUSALS) return this.broken('Too many channels asked for');
      this.#put(newChannelResponse(id, this.#room, CHANNEL, NOT_SUPPORTED));
    }
  }
  newChannelResponse(to: number, window: number, id: number, error: number): void {
    if (this.#server || this.#state !== 'wait-channel' || to !== CHANNEL) return this.broken('Invalid channel state on open response');
    if (error !== 0) return this.#fail(errorOfNumber(error));
    if (window <= MIN_WINDOW) return this.broken('Invalid send window size');
    this.#remote = id;
    this.#window = window;
    this.#opened();
  }
  #opened(): void {
    this.#state = 'open';
    this.#timer?.cancel();
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  // The end.

  broken(why: string): void {
    this.#log.log('err', `Protocol error: ${why}`);
    this.#fail(new GensioError('protoerr', why));
  }
  #fail(err: GensioError): void {
    if (this.#state === 'over') return;
    const done = this.#done;
    this.#done = undefined;
    this.#state = 'over';
    this.#timer?.cancel();
    this.child.abort();
    if (done !== undefined) done(err);
    else this.end(err);
  }
  closeChannel(to: number, _code: number): void {
    if (to !== CHANNEL || this.#state === 'idle' || this.#state === 'wait-init' || this.#state === 'wait-channel') {
      return this.broken('Invalid channel state on close');
    }
    if (this.#state === 'over') return;
    const asked = this.#state !== 'open';
    const answered = this.#state === 'wait-close';
    this.#state = 'over';
    if (!answered) this.child.write(closeMessage(this.#remote));
    this.child.close();
    if (!asked) this.end(new GensioError('remclose'));
  }
  protected override startClose(): void {
    if (this.#state === 'open') {
      this.#state = 'draining';
      this.#flush();
      return;
    }
    this.#done = undefined;
    this.#state = 'over';
    this.#timer?.cancel();
    this.child.close();
  }
  override abort(): void {
    this.#timer?.cancel();
    this.#done = undefined;
    this.#state = 'over';
    super.abort();
  }
  override closed(err?: GensioError): void {
    const done = this.#done;
    this.#done = undefined;
    this.#timer?.cancel();
    this.#state = 'over';
    if (done !== undefined) done(err ?? new GensioError('remclose'));
    else super.closed(err);
  }

  // Sending.

  #put(message: Buffer): void {
    if (!this.child.write(message)) this.#childFull = true;
  }
  override write(data: Buffer): boolean {
    if (this.#state !== 'open' || this.silent || data.length === 0) return true;
    this.#waiting.push(Buffer.from(data));
    this.#waitingBytes += data.length;
    this.#flush();
    if (this.#waitingBytes <= this.#maxWaiting && !this.#childFull) return true;
    this.#full = true;
    return false;
  }
  #take(n: number): Buffer {
    const parts: Buffer[] = [];
    for (let left = n; left > 0; ) {
      const head = this.#waiting[0]!;
      const part = head.subarray(0, left);
      if (part.length === head.length) this.#waiting.shift();
      else this.#waiting[0] = head.subarray(part.length);
      parts.push(part);
      left -= part.length;
    }
    this.#waitingBytes -= n;
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
  /** What the window allows; then a close that waits for it; then an acknowledgement nothing carried. */
  #flush(): void {
    if (this.#state !== 'open' && this.#state !== 'draining') return;
    // A message may be half a window at most; what fits only in part waits for more room rather than go in crumbs.
    const most = Math.min((this.#window >>> 1) - OVERHEAD, 0xffff);
    while (this.#waitingBytes > 0 && !this.#childFull) {
      const n = Math.min(this.#waitingBytes, most);
      if (n + OVERHEAD > this.#window - this.#unacked) break;
      this.#unacked += n + OVERHEAD;
      this.#put(dataMessage(this.#remote, this.#takeAck(), this.#take(n)));
    }
    if (this.#state === 'draining') {
      if (this.#waitingBytes > 0 || this.#childFull) return;
      this.#state = 'wait-close';
      this.#put(closeMessage(this.#remote));
    } else if (this.#taken > 0 && !this.#childFull) this.#put(dataMessage(this.#remote, this.#takeAck(), Buffer.alloc(0)));
  }
  #takeAck(): number {
    const ack = this.#taken;
    this.#taken = 0;
    this.#held -= ack;
    return ack;
  }
  #letGo(): void {
    if (!this.#full || this.#waitingBytes > 0 || this.#childFull || this.#state !== 'open' || this.silent) return;
    this.#full = false;
    this.up.writable();
  }
  override writable(): void {
    this.#childFull = false;
    this.#refusals = 0;
    this.#flush();
    this.#letGo();
  }
  override bufferedBytes(): number {
    return this.#waitingBytes + this.child.bufferedBytes();
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }

  // Receiving: acknowledgements must come in whether or not somebody reads the data.

  protected override setChildReading(_on: boolean): void {}
  protected decode(data: Buffer): void {
    if (this.#state !== 'over') this.#decoder.push(data, this);
  }
  data(to: number, ack: number, length: number): void {
    if (this.#state === 'over') return;
    if (to !== CHANNEL || this.#state === 'idle' || this.#state === 'wait-init' || this.#state === 'wait-channel')
      return this.broken('Invalid channel state on data');
    if (ack > this.#unacked) return this.broken('acked > chan->sent_unacked');
    this.#unacked -= ack;
    if (length > 0) {
      this.#held += length + OVERHEAD;
      if (this.#held > this.#room) return this.broken('Too much data from remote end');
    }
    if (ack > 0) {
      this.#flush();
      this.#letGo();
    }
  }
  fragment(part: Buffer, last: boolean): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'open') return;
    const own = Buffer.from(part);
    if (last) this.#lasts.add(own);
    this.deliver(own);
  }
  protected override delivered(part: Buffer): void {
    this.#taken += part.length + (this.#lasts.has(part) ? OVERHEAD : 0);
    if (this.#ackSoon) return;
    this.#ackSoon = true;
    onImmediate(() => {
      this.#ackSoon = false;
      this.#flush();
    });
  }
}

const NAMES = Object.keys(GENSIO_ERRORS) as GensioErrorCode[];
/** gensio's error numbers are its names in order, with one left out after the fifteenth. */
function errorOfNumber(n: number): GensioError {
  return new GensioError(NAMES[n <= 15 ? n - 1 : n - 2] ?? 'commerr', `the peer refused with error ${n}`);
}

/** Makes the layer `mux` on a child. */
export function muxFilter(spec: LayerOf<'mux'>, child: Gensio, server: boolean, env: GensioEnv): Gensio {
  const { mode } = spec.opts;
  return new Mux(spec, child, mode === undefined ? server : mode === 'server', env);
}
