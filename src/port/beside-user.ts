// A user that came through a door beside the accepter: nobody waits for it. What it does not take at once is kept for it up to a limit; what
// comes after that is lost to it, and it is told how much that was, or closed.
import type { Clock } from '../base/clock.ts';
import { nextMicrotask } from '../base/fault-domain.ts';
import type { Gensio } from '../gensio/gensio.ts';
import type { Door, Rights } from './door.ts';
import { Netcon, type NetconUp } from './netcon.ts';

/** Pieces smaller than this are gathered in one buffer of that size. */
const CHUNK = 4096;

/** The copy that was made last: all users beside a port have the same one. */
const last: { port: NetconUp | undefined; round: number; copy: Buffer } = { port: undefined, round: 0, copy: Buffer.alloc(0) };

function copyOf(data: Buffer, port: NetconUp): Buffer {
  if (last.port !== port || last.round !== port.round) Object.assign(last, { port, round: port.round, copy: Buffer.from(data) });
  return last.copy;
}

/** The line that tells of a gap. */
export const gapLine = (bytes: number): Buffer => Buffer.from(`\r\n[ser2net: ${bytes} bytes are missing here]\r\n`);

/** One user beside those of the connection. */
export class BesideUser extends Netcon {
  readonly #up: NetconUp;
  readonly #limit: number;
  readonly #gapMode: 'tell' | 'disconnect' | undefined;
  /** What waits, from #first on, and how many bytes that is. The last one may be the buffer of #room, which is not full. */
  #queue: Buffer[] = [];
  #first = 0;
  #queued = 0;
  /** Of what waits, bytes of the history, which is no being behind. */
  #history = 0;
  #room: { readonly buffer: Buffer; used: number } | undefined;
  /** It takes no more for now. */
  #busy = false;
  /** Bytes it has missed since it fell behind. */
  #missed = 0;
  #over = false;

  /** door: with `beside`. */
  constructor(gensio: Gensio, door: Door, rights: Rights, port: NetconUp, clock: Clock) {
    super(gensio, door, rights, port, clock);
    this.#up = port;
    this.#limit = door.beside!.behind;
    this.#gapMode = door.beside!.gap;
  }

  /** From the device: always taken. data is only borrowed. */
  override write(data: Buffer): boolean {
    if (!this.rights.read || this.#over) return true;
    if (this.#missed > 0) this.#missed += data.length;
    else if (!this.#busy) this.#pass(copyOf(data, this.#up));
    else if (this.#queued + data.length <= this.#limit + this.#history) this.#keep(data);
    else this.#fallBehind(data.length);
    return true;
  }

  /** Text for people, or what the device said before: the buffer belongs to this user, and is not counted as being behind. */
  say(data: Buffer): void {
    if (this.#over || data.length === 0) return;
    if (!this.#busy && this.#missed === 0) return this.#pass(data);
    // A client that asks and asks, and reads nothing, gets no more than a limit's worth.
    if (this.#queued + data.length > 2 * this.#limit) return;
    this.#push(data);
  }

  /**
   * What was said before, all of it, whatever the limit is: a history has one of its own. Nothing while one is still waiting, or a client
   * that asks and asks, and reads nothing, would have any number of them.
   */
  sayAll(all: Iterable<Buffer>): void {
    if (this.#history > 0) return;
    for (const data of all) {
      if (this.#over) return;
      if (!this.#busy) this.#pass(data);
      else {
        this.#push(data);
        this.#history += data.length;
      }
    }
  }

  override writable(): void {
    this.#busy = false;
    this.wrote = true;
    this.#closeRoom();
    while (!this.#busy && this.#first < this.#queue.length) {
      const data = this.#queue[this.#first++]!;
      this.#queued -= data.length;
      this.#pass(data);
    }
    if (this.#first < this.#queue.length) return;
    this.#queue = [];
    this.#first = 0;
    this.#history = 0;
    if (this.#busy || this.#missed === 0) return;
    const line = gapLine(this.#missed);
    this.#missed = 0;
    this.#pass(line);
  }

  override closeGracefully(): void {
    this.#over = true;
    this.#closeRoom();
    for (const data of this.#queue.slice(this.#first)) this.gensio.write(data);
    super.closeGracefully();
  }

  #pass(data: Buffer): void {
    this.bytesOut += data.length;
    this.wrote = true;
    if (!this.gensio.write(data)) this.#busy = true;
  }
  #push(data: Buffer): void {
    this.#closeRoom();
    this.#queue.push(data);
    this.#queued += data.length;
  }
  /** The last piece that waits is as long as what is in it. */
  #closeRoom(): void {
    const room = this.#room;
    if (room === undefined) return;
    this.#queue[this.#queue.length - 1] = room.buffer.subarray(0, room.used);
    this.#room = undefined;
  }
  #keep(data: Buffer): void {
    if (data.length >= CHUNK / 2) return this.#push(copyOf(data, this.#up));
    if (this.#room === undefined || this.#room.used + data.length > CHUNK) {
      this.#closeRoom();
      const buffer = Buffer.allocUnsafe(CHUNK);
      this.#queue.push(buffer);
      this.#room = { buffer, used: 0 };
    }
    const into = this.#room!;
    data.copy(into.buffer, into.used);
    into.used += data.length;
    this.#queued += data.length;
  }
  #fallBehind(bytes: number): void {
    if ((this.#gapMode ?? (this.showsText ? 'tell' : 'disconnect')) === 'tell') {
      this.#missed = bytes;
      return;
    }
    this.#over = true;
    // Not from among the users that are just being passed this.
    nextMicrotask(() => this.#up.userBehind(this));
  }
}
