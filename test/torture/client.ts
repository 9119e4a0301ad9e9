// A client of a port: raw, telnet or TLS, over TCP or a unix socket, with a receiver for what it hears.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { escapeIac, TelnetDecoder } from '../../src/gensio/telnet/codec.ts';
import { until } from './limits.ts';
import { Receiver, Talk } from './talk.ts';

export type Protocol = 'raw' | 'telnet' | 'tls';
/** Where a port is: a TCP port of this machine, or the path of a unix socket. */
export type Place = number | string;

/** What the daemon says before it hangs up, to somebody in the middle of a stream. */
const LAST_WORDS = /^\r?\n?(kicked off, new user is coming|Port was deconfigured|Port closing)/;

export class Client {
  readonly name: string;
  readonly socket: Socket;
  readonly receiver: Receiver;
  /** The same, or what TLS runs on. */
  readonly #bottom: Socket;
  readonly #telnet: boolean;
  /** Others may speak on the same line. */
  readonly #shared: boolean;
  /** What this client says. */
  readonly talk: Talk;
  /** Nothing comes any more. */
  closed = false;
  ended = false;
  #connected = false;
  error: Error | undefined;

  constructor(id: number, protocol: Protocol, place: Place, shared = false) {
    this.#shared = shared;
    this.name = `client ${id.toString(16)} (${protocol} ${place})`;
    this.#telnet = protocol === 'telnet';
    this.talk = new Talk(id, this.name);
    this.receiver = new Receiver(this.name, LAST_WORDS);
    const where = typeof place === 'number' ? { port: place, host: '127.0.0.1' } : { path: place };
    this.#bottom = connect(where);
    this.#bottom.on('error', () => undefined);
    this.socket = protocol === 'tls' ? connectTls({ socket: this.#bottom, rejectUnauthorized: false }) : this.#bottom;
    this.socket.allowHalfOpen = true;
    this.socket.on(protocol === 'tls' ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
    });
    const decoder = new TelnetDecoder();
    const heard = {
      data: (run: Buffer) => {
        this.receiver.feed(Buffer.from(run));
        return true;
      },
      command: () => undefined,
      negotiate: () => undefined,
      suboption: () => undefined,
    };
    this.socket.on('data', (data: Buffer) => {
      if (this.#telnet) decoder.push(data, heard);
      else this.receiver.feed(data);
    });
    this.socket.on('error', (err) => {
      this.error ??= err;
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.socket.end();
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  get connected(): boolean {
    return this.#connected;
  }
  /** Sends bytes as they are. */
  raw(data: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(data);
  }
  greet(): void {
    this.raw(this.talk.header);
  }
  /** Says so much more of its talk; resolves when the kernel has it, or the connection is over. */
  async say(length: number): Promise<void> {
    if (this.#shared) this.raw(this.talk.resumption);
    for (let left = length; left > 0 && !this.closed; left -= 16384) {
      const part = this.talk.next(Math.min(left, 16384));
      this.raw(this.#telnet ? escapeIac(part) : part);
      await this.drained();
    }
  }
  drained(): Promise<void> {
    return until(`${this.name} to send`, () => this.socket.writableLength === 0 || this.closed, 60_000);
  }
  setReading(on: boolean): void {
    if (on) this.socket.resume();
    else this.socket.pause();
  }
  /** No more comes from here; the daemon hangs up. */
  async end(): Promise<void> {
    this.socket.end();
    await until(
      () => `the daemon to hang up on ${this.name}`,
      () => this.closed,
    );
  }
  reset(): void {
    // A unix socket knows no reset.
    if (this.#bottom.remotePort === undefined) this.#bottom.destroy();
    else this.#bottom.resetAndDestroy();
    this.socket.destroy();
  }
  destroy(): void {
    this.socket.destroy();
  }
}
