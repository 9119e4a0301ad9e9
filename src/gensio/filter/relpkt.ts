// The filter relpkt: numbered and acknowledged packets over a layer that may lose them (udp, msgdelim). Messages begin with
// their kind in the high half of a byte: 1 init, 2 data or just an ack, 3 send again, 4 close.
// Long because its two directions share one state and cannot be read apart.
import type { Clock, Timer } from '../../base/clock.ts';
import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Gensio } from '../gensio.ts';
import { PacketFilter } from '../packet-filter.ts';

const INIT = 1;
const DATA = 2;
const RESEND = 3;
const CLOSE = 4;
const HEADER = 3;
const INIT_LENGTH = 5;
/** Requests of one RESEND message. */
const MAX_RANGES = 25;
/** Bytes that wait for a place in the window before write() gives false. */
const MAX_WAITING = 16_384;

/** a - b of 8-bit sequence numbers, 0 to 255. */
const since = (a: number, b: number): number => (a - b) & 0xff;

interface Sent {
  /** Header and data; the ack in it is renewed with each sending. */
  readonly packet: Buffer;
  /** It is to go out, for the first time or again. */
  due: boolean;
}

class RelPkt extends PacketFilter {
  readonly type = 'relpkt';
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #server: boolean;
  readonly #maxSize: number;
  readonly #maxPackets: number;
  readonly #timeout: number;
  readonly #maxTimeouts: number;
  #state: 'idle' | 'wait-init' | 'wait-answer' | 'open' | 'draining' | 'wait-close' | 'over' = 'idle';
  #done: ((err?: GensioError) => void) | undefined;
  #timer: Timer | undefined;
  #retries = 0;
  #silence = 0;

  // Sending.
  #window = 0;
  #size = 0;
  /** Not acknowledged, oldest first; the first has number #acked. */
  #sent: Sent[] = [];
  #acked = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #full = false;
  #childFull = false;
  /** Single messages to send as soon as the child takes them. */
  #owed: { init?: Buffer; resend?: number[]; ack?: boolean; close?: boolean } = {};
  #sentSinceTick = false;
  #stalledAt = -1;
  #stalledFor = 0;

  // Receiving.
  /** Number of the next packet to hand up; what is before it is acknowledged. */
  #deliverNext = 0;
  /** One more than the highest number seen. */
  #expected = 0;
  /** Packets by number: arrived, and not handed over yet. */
  readonly #arrived = new Map<number, Buffer>();
  /** Handed to deliver(), taken by nobody yet. */
  #handed = 0;

  constructor({ opts }: LayerOf<'relpkt'>, child: Gensio, server: boolean, { clock, log }: GensioEnv) {
    super(child, clock);
    this.#clock = clock;
    this.#log = log;
    this.#server = server;
    this.#maxSize = Math.min(Math.max(opts.maxPktsize, 1), 65_535);
    this.#maxPackets = opts.maxPackets;
    this.#timeout = Math.max(opts.timeout, 1);
    this.#maxTimeouts = opts.maxTimeouts;
  }

  // Opening and closing.

  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#state === 'open') return nextMicrotask(() => done());
    this.#done = done;
    super.open((err) => {
      if (this.#state !== 'idle') return;
      if (err !== undefined) return this.#fail(err);
      this.#state = this.#server ? 'wait-init' : 'wait-answer';
      this.child.setReading(true);
      if (!this.#server) this.#sendInit(false);
      this.#tick();
    });
  }
  #opened(): void {
    this.#state = 'open';
    this.#silence = 0;
    this.#retries = 0;
    const done = this.#done;
    this.#done = undefined;
    done?.();
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
  protected override startClose(): void {
    switch (this.#state) {
      case 'open':
        this.#state = this.#sent.length === 0 && this.#waiting.length === 0 ? 'wait-close' : 'draining';
        this.#retries = 0;
        if (this.#state === 'wait-close') this.#owed.close = true;
        this.#flush();
        break;
      case 'idle':
      case 'wait-init':
      case 'wait-answer':
      case 'over':
        this.#done = undefined;
        this.#state = 'over';
        this.#timer?.cancel();
        this.child.close();
        break;
      case 'draining':
      case 'wait-close':
        break;
      default:
        this.#state satisfies never;
    }
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
    if (done !== undefined) {
      this.#state = 'over';
      return done(err ?? new GensioError('remclose'));
    }
    this.#state = 'over';
    super.closed(err);
  }
  /** The peer is told, then the child closes; the one above hears of it when it has read the rest. */
  #farewell(): void {
    this.#state = 'over';
    this.#timer?.cancel();
    this.child.write(Buffer.from([CLOSE << 4, 0, 0]));
    this.child.close();
    this.end(new GensioError('remclose'));
  }

  #tick(): void {
    this.#timer = this.#clock.after(this.#timeout, () => {
      this.#tick();
      this.#timedOut();
    });
  }
  #timedOut(): void {
    switch (this.#state) {
      case 'wait-init':
        // A peer that never says anything; its accepter's limits are what bounds it, and this.
        if (++this.#retries > this.#maxTimeouts * 4) this.#fail(new GensioError('timedout'));
        return;
      case 'wait-answer':
        if (++this.#retries > this.#maxTimeouts) this.#fail(new GensioError('timedout'));
        else this.#sendInit(false);
        return;
      case 'wait-close':
        if (++this.#retries > this.#maxTimeouts) {
          this.#state = 'over';
          this.#timer?.cancel();
          this.child.close();
        } else {
          this.#owed.close = true;
          this.#flush();
        }
        return;
      case 'open':
      case 'draining':
        break;
      default:
        return;
    }
    if (++this.#silence > this.#maxTimeouts) return this.#fail(new GensioError('timedout'));
    // The peer wants to hear something once a second; and what it has not acknowledged for two goes out again.
    if (!this.#sentSinceTick) this.#owed.ack = true;
    this.#sentSinceTick = false;
    if (this.#sent.length > 0) {
      if (this.#acked !== this.#stalledAt) {
        this.#stalledAt = this.#acked;
        this.#stalledFor = 0;
      } else if (++this.#stalledFor > 1) {
        this.#stalledFor = 0;
        for (const s of this.#sent) s.due = true;
      }
    }
    this.#flush();
  }

  // Sending.

  #sendInit(answer: boolean): void {
    this.#owed.init = Buffer.from([(INIT << 4) | (answer ? 1 : 0), 0, this.#maxPackets, this.#maxSize >> 8, this.#maxSize & 0xff]);
    this.#flush();
  }
  override write(data: Buffer): boolean {
    if (this.#state !== 'open' || this.silent || data.length === 0) return true;
    this.#waiting.push(Buffer.from(data));
    this.#waitingBytes += data.length;
    this.#flush();
    if (this.#waitingBytes <= MAX_WAITING) return true;
    this.#full = true;
    return false;
  }
  /** Puts what waits into packets, as far as the window goes. */
  #fillWindow(): void {
    while (this.#waitingBytes > 0 && this.#sent.length < this.#window) {
      const n = Math.min(this.#size, this.#waitingBytes);
      const packet = Buffer.allocUnsafe(HEADER + n);
      packet[0] = DATA << 4;
      packet[2] = (this.#acked + this.#sent.length) & 0xff;
      for (let at = HEADER; at < packet.length; ) {
        const head = this.#waiting[0]!;
        const took = head.copy(packet, at);
        at += took;
        if (took === head.length) this.#waiting.shift();
        else this.#waiting[0] = head.subarray(took);
      }
      this.#waitingBytes -= n;
      this.#sent.push({ packet, due: true });
    }
  }
  /** Each message is a packet of its own below; none goes out while the child is full. */
  #send(message: Buffer): boolean {
    if (this.#childFull) return false;
    if (!this.child.write(message)) this.#childFull = true;
    return true;
  }
  #flush(): void {
    if (this.#state === 'over') return;
    this.#fillWindow();
    const { init, resend } = this.#owed;
    if (init !== undefined && this.#send(init)) delete this.#owed.init;
    if (this.#state === 'open' || this.#state === 'draining') {
      for (const s of this.#sent) {
        if (!s.due) continue;
        // A copy each time: the child may still hold the one before, with another ack in it.
        const packet = Buffer.from(s.packet);
        packet[1] = this.#deliverNext;
        if (!this.#send(packet)) break;
        s.due = false;
        this.#sentSinceTick = true;
        delete this.#owed.ack;
      }
      if (resend !== undefined && this.#send(Buffer.from([RESEND << 4, ...resend]))) delete this.#owed.resend;
      if (this.#owed.ack && this.#send(Buffer.from([DATA << 4, this.#deliverNext, 0]))) delete this.#owed.ack;
    }
    if (this.#owed.close && this.#send(Buffer.from([CLOSE << 4, 0, 0]))) delete this.#owed.close;
  }
  override writable(): void {
    this.#childFull = false;
    this.#flush();
    this.#letGo();
  }
  #letGo(): void {
    if (this.#full && this.#waitingBytes === 0 && this.#state === 'open' && !this.silent) {
      this.#full = false;
      this.up.writable();
    }
  }
  override bufferedBytes(): number {
    return this.#waitingBytes + this.#sent.reduce((sum, { packet }) => sum + packet.length - HEADER, 0);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }

  // Receiving: acknowledgements must come in whether or not somebody reads the data.

  protected override setChildReading(_on: boolean): void {}

  #protocolError(what: string): void {
    this.#log.log('err', `relpkt: protocol error: ${what}`);
    this.#fail(new GensioError('protoerr', what));
  }
  protected decode(message: Buffer): void {
    if (this.#state === 'over' || this.#state === 'idle') return;
    if (message.length < HEADER) return this.#protocolError('a message is too short');
    switch (message[0]! >> 4) {
      case INIT:
        return this.#init(message);
      case DATA:
        return this.#data(message);
      case RESEND:
        return this.#resend(message);
      case CLOSE:
        return this.#close();
      default:
        return this.#protocolError('a message has an unknown kind');
    }
  }
  #init(message: Buffer): void {
    if (message.length < INIT_LENGTH) return this.#protocolError('an init is too short');
    const answer = (message[0]! & 1) === 1;
    const [packets, size] = [message[2]!, message.readUInt16BE(3)];
    if (this.#state === 'wait-init' || this.#state === 'wait-answer') {
      if (answer !== (this.#state === 'wait-answer')) return;
      if (packets === 0 || size === 0) return this.#protocolError('an init leaves no room for data');
      this.#window = Math.min(packets, this.#maxPackets);
      this.#size = Math.min(size, this.#maxSize);
      if (!answer) this.#sendInit(true);
      this.#opened();
    } else if (this.#state === 'wait-close') {
      this.#owed.close = true;
      this.#flush();
    } else if (!answer) {
      // Our answer was lost.
      for (const s of this.#sent) s.due = true;
      this.#sendInit(true);
    }
  }
  #acknowledge(next: number): boolean {
    const n = since(next, this.#acked);
    if (n > this.#sent.length) return false;
    this.#sent.splice(0, n);
    this.#acked = next;
    this.#silence = 0;
    return true;
  }
  #data(message: Buffer): void {
    if (this.#state !== 'open' && this.#state !== 'draining') return;
    if (message.length > this.#maxSize + HEADER) return this.#protocolError('a packet is too long');
    if (!this.#acknowledge(message[1]!)) return;
    if (this.#state === 'draining') {
      this.#flush();
      if (this.#sent.length === 0 && this.#waitingBytes === 0) {
        this.#state = 'wait-close';
        this.#owed.close = true;
        this.#flush();
      }
      return;
    }
    if (message.length > HEADER) this.#packet(message[2]!, message.subarray(HEADER));
    if (this.#state !== 'open') return;
    this.#flush();
    this.#letGo();
  }
  /** Keeps a packet that fits the window, asks for what is missing before it, and hands up what is complete. */
  #packet(seq: number, data: Buffer): void {
    const place = since(seq, this.#deliverNext);
    if (place >= this.#maxPackets) {
      // Sent again because our ack was lost: say once more how far we are.
      this.#owed.ack = true;
      return;
    }
    const ahead = since(this.#expected, this.#deliverNext);
    if (place < this.#handed || this.#arrived.has(seq)) return;
    for (let missing = ahead; missing < place; missing++) this.#ask((this.#deliverNext + missing) & 0xff);
    if (place >= ahead) this.#expected = (seq + 1) & 0xff;
    this.#arrived.set(seq, Buffer.from(data));
    for (;;) {
      const next = (this.#deliverNext + this.#handed) & 0xff;
      const whole = this.#arrived.get(next);
      if (whole === undefined) break;
      this.#arrived.delete(next);
      this.#handed++;
      this.deliver(whole);
      if (this.#state !== 'open') return;
    }
  }
  /** Adds one number to the ranges asked for. */
  #ask(seq: number): void {
    this.#owed.resend ??= [];
    const ranges = this.#owed.resend;
    const last = ranges.length - 1;
    if (last > 0 && ranges[last] === ((seq - 1) & 0xff)) ranges[last] = seq;
    else if (ranges.length < MAX_RANGES * 2) ranges.push(seq, seq);
  }
  /** Only what was taken is acknowledged: a peer whose reader sleeps runs out of window. */
  protected override delivered(): void {
    this.#handed--;
    this.#deliverNext = (this.#deliverNext + 1) & 0xff;
    if (this.#state !== 'open') return;
    this.#owed.ack = true;
    if (!this.#ackSoon) {
      this.#ackSoon = true;
      onImmediate(() => {
        this.#ackSoon = false;
        this.#flush();
        this.#letGo();
      });
    }
  }
  #ackSoon = false;

  #resend(message: Buffer): void {
    if (this.#state !== 'open' && this.#state !== 'draining') return;
    if (message.length % 2 !== 1) return this.#protocolError('a resend has half a range');
    for (let at = 1; at < message.length; at += 2) {
      const [first, last] = [since(message[at]!, this.#acked), since(message[at + 1]!, this.#acked)];
      if (first >= this.#sent.length || last >= this.#sent.length) return this.#protocolError('a resend asks for what was not sent');
      for (let i = first; i <= last; i++) this.#sent[i]!.due = true;
    }
    this.#flush();
  }
  #close(): void {
    switch (this.#state) {
      case 'open':
        return this.#farewell();
      case 'draining':
      case 'wait-close':
        this.#state = 'over';
        this.#timer?.cancel();
        this.child.close();
        return;
      case 'wait-answer':
        return this.#fail(new GensioError('remclose'));
      default:
        return;
    }
  }
}

/** Makes the layer `relpkt` on a child. */
export function relpktFilter(spec: LayerOf<'relpkt'>, child: Gensio, server: boolean, env: GensioEnv): Gensio {
  const { mode } = spec.opts;
  return new RelPkt(spec, child, mode === undefined ? server : mode === 'server', env);
}
