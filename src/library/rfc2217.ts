// RFC 2217 alone: a client on any stream of bytes, and a codec of its messages.
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.ts';
import { nextMicrotask } from '../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import { type Gensio, type GensioUp, nullUp } from '../gensio/gensio.ts';
import { comPortMessage, REPLY } from '../gensio/telnet/com-port.ts';
import { COM_PORT_COMMANDS, COM_PORT_OPTION } from '../gensio/telnet/names.ts';
import { telnetClient } from '../gensio/telnet/telnet.ts';
import { defaults } from '../options/row.ts';
import { TELNET } from '../options/telnet.ts';
import { type GensioStream, openStream } from './stream.ts';

/** The commands of RFC 2217 section 3. */
export type ComPortCommand = keyof typeof COM_PORT_COMMANDS;

/** One COM-PORT-OPTION message. */
export interface ComPortMessage {
  /** What is asked for, answered or notified. */
  readonly command: ComPortCommand;
  /** A server's codes are 100 higher on the wire. */
  readonly from: 'client' | 'server';
  /** SET-BAUDRATE: bits a second, 0 asks. SIGNATURE: the text, none asks. FLOWCONTROL-*: nothing. Others: the byte of the RFC. */
  readonly value: number | string | undefined;
}

const NAMES = new Map<number, ComPortCommand>(Object.entries(COM_PORT_COMMANDS).map(([name, code]) => [code, name as ComPortCommand]));
const EMPTY: readonly ComPortCommand[] = ['FLOWCONTROL-SUSPEND', 'FLOWCONTROL-RESUME'];

/** The bytes for the wire: IAC SB COM-PORT-OPTION ... IAC SE. A signature is cut to 254 bytes, a value to the room it has. */
export function encodeComPort({ command, from, value }: ComPortMessage): Buffer {
  const code = COM_PORT_COMMANDS[command] + (from === 'server' ? REPLY : 0);
  if (command === 'SIGNATURE') return comPortMessage(code, [...Buffer.from(String(value ?? ''), 'utf8').subarray(0, 254)]);
  if (EMPTY.includes(command)) return comPortMessage(code, []);
  const n = Number(value ?? 0);
  return comPortMessage(code, command === 'SET-BAUDRATE' ? [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255] : [n & 255]);
}

/**
 * The message in a subnegotiation as TelnetDecoder hands it on: from the option byte, IACs not doubled. `undefined` if it is not one of
 * RFC 2217, or cut off.
 */
export function decodeComPort(suboption: Uint8Array): ComPortMessage | undefined {
  const [option, byte, first] = suboption;
  if (option !== COM_PORT_OPTION || byte === undefined) return undefined;
  const from = byte >= REPLY ? 'server' : 'client';
  const command = NAMES.get(from === 'server' ? byte - REPLY : byte);
  if (command === undefined) return undefined;
  if (command === 'SIGNATURE') return { command, from, value: Buffer.from(suboption.subarray(2)).toString('utf8') };
  if (EMPTY.includes(command)) return { command, from, value: undefined };
  if (command !== 'SET-BAUDRATE') return first === undefined ? undefined : { command, from, value: first };
  return suboption.length < 6 ? undefined : { command, from, value: Buffer.from(suboption.subarray(2, 6)).readUInt32BE() };
}

/** A stream of Node as the layer below telnet. */
class DuplexGensio implements Gensio {
  readonly type = 'stream';
  up: GensioUp = nullUp;
  readonly #stream: Duplex;
  #failure: Error | undefined;
  #full = false;
  #over = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.pause();
    stream.on('data', (data: Buffer) => this.up.read(data));
    stream.on('drain', () => this.#drained());
    stream.on('error', (err) => {
      this.#failure = err;
    });
    stream.on('end', () => {
      // One that may stay half open does not do that by itself.
      if (!stream.destroyed) stream.end();
      this.#ended();
    });
    stream.on('close', () => this.#ended());
  }
  #drained(): void {
    if (!this.#full || this.#stream.writableLength > 0) return;
    this.#full = false;
    this.up.writable();
  }
  #ended(): void {
    if (this.#over) return;
    this.#over = true;
    this.up.closed(this.#failure === undefined ? undefined : fromSystemError(this.#failure));
  }
  open(done: (err?: GensioError) => void): void {
    const { destroyed, readableEnded } = this.#stream;
    nextMicrotask(() => done(destroyed || readableEnded ? new GensioError('remclose') : undefined));
  }
  write(data: Buffer): boolean {
    if (this.#over || this.#stream.writableEnded) return true;
    this.#stream.write(data, () => this.#drained());
    this.#full = this.#stream.writableLength > 0;
    return !this.#full;
  }
  setReading(on: boolean): void {
    if (on) this.#stream.resume();
    else this.#stream.pause();
  }
  close(): void {
    if (this.#over) return;
    this.#stream.end(() => this.#ended());
  }
  abort(): void {
    this.#stream.destroy();
    nextMicrotask(() => this.#ended());
  }
  bufferedBytes(): number {
    return this.#stream.writableLength;
  }
  address(): string {
    return '';
  }
}

/** Options of `rfc2217Client()`. */
export interface ClientOptions {
  /** Gives up while the peer says nothing about RFC 2217; it is given four seconds. */
  readonly signal?: AbortSignal;
  /** Where timers come from. Default: the system's clock. */
  readonly clock?: Clock;
}

/**
 * Speaks telnet with RFC 2217 as a client over a stream that is open already: a TLS or SSH channel, a WebSocket's stream, a pipe.
 * serial of the result controls the port. The stream given belongs to the result and is closed with it.
 * @throws GensioError when the peer closes first
 */
export function rfc2217Client(stream: Duplex, { signal, clock = systemClock }: ClientOptions = {}): Promise<GensioStream> {
  const opts = { ...defaults(TELNET), rfc2217: true };
  return openStream(telnetClient(new DuplexGensio(stream), opts, clock), { signal, clock });
}
