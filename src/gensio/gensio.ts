// The contract between layers: whole buffers, a yes or no for more, no stream object. See "Layers" in src/README.md.
import type { GensioError } from '../base/gensio-error.ts';
import type { Queue, SerialItem, SerialRequest, SerialState } from '../base/serial.ts';
import type { LayerSpec } from '../options/stack.ts';

/** What a layer tells the one above besides data. Requests come from the peer of an accepted connection. */
export type GensioEvent =
  /** The peer asks for or sets one thing of the serial port: answer through the accepted gensio's comPort. */
  | ({ readonly on: 'serial' } & SerialRequest)
  /** What waits in these queues of the device is to be thrown away. */
  | { readonly on: 'purge'; readonly queue: Queue }
  /** Which changes of modem lines (MODEM_CHANGES) the peer wants to hear of; the state is reported now, too. */
  | { readonly on: 'modemstate-mask'; readonly mask: number }
  /** Which line states (LINE_BITS) it wants to hear of; reported now, too. */
  | { readonly on: 'linestate-mask'; readonly mask: number }
  /** The peer asks who we are. */
  | { readonly on: 'signature' }
  /** Telnet BREAK: a timed break. */
  | { readonly on: 'break' }
  /** Telnet Synch. */
  | { readonly on: 'sync' }
  /** From a device: MODEM_BITS, and changes four bits lower. */
  | { readonly on: 'modemstate'; readonly state: number }
  /** From a device: LINE_BITS. */
  | { readonly on: 'linestate'; readonly state: number };

/**
 * What a layer tells the one above it. The buffer of read() is borrowed: until read() returns, or, when setReading(false) was
 * called inside it, until setReading(true). Who wants it longer copies it. Nobody writes into it.
 */
export interface GensioUp {
  /** Data from below, never empty, and only while reading is on. */
  read(data: Buffer): void;
  /** After write() gave false, once. */
  writable(): void;
  /** Once, last. Without err: closed in an orderly way, by either side. */
  closed(err?: GensioError): void;
  /** What is not data; without it, nobody wants to know. */
  event?(event: GensioEvent): void;
}

/** How fast characters come: bits a second and bits a character. */
export interface LineRate {
  /** Bits per second. */
  readonly bps: number;
  /** Bits per character, 5 to 8. */
  readonly databits: number;
  /** 1, 1.5 or 2. */
  readonly stopbits: number;
  /** Whether each character has a parity bit. */
  readonly parity: boolean;
}

/**
 * Called once with the value now in force; `null` if it was asked for and no answer came in time; `undefined` if it cannot be had, and
 * then no client is answered.
 */
export type SerialAnswer<K extends SerialItem> = (value: SerialState[K] | null | undefined) => void;

/** Control of a serial port below: what a device, or a telnet client that drives one, offers. */
export interface SerialControl {
  /** Asks for one thing. */
  get<K extends SerialItem>(item: K, done: SerialAnswer<K>): void;
  /** Changes one thing; the value now in force may be another one than that asked for. */
  set<K extends SerialItem>(item: K, value: SerialState[K], done: SerialAnswer<K>): void;
  /** A timed break. */
  sendBreak(): void;
  /** Throws away what waits in these queues; 'output' stands for both (ser2net 4.3.11). */
  purge(queue: Queue): void;
  /** Reports breaks and errors of reception (LINE_BITS) as events from now on, or no longer. Absent where they cannot be seen. */
  watchErrors?(on: boolean): void;
  /** The line as it is set now, for calculating with the time of a character. */
  rate?(): LineRate;
}

/** The peer of an accepted connection as a client of RFC 2217: how the port answers. */
export interface ComPort {
  /** An answer; `null`: there is none. It goes to every client of a port, also to those that did not ask. */
  reply<K extends SerialItem>(item: K, value: SerialState[K] | null): void;
  /** Who we are. */
  signature(text: Buffer): void;
  /** A modem state (MODEM_BITS and changes), as it is. */
  modemstate(state: number): void;
  /** A line state (LINE_BITS), as it is. */
  linestate(state: number): void;
}

/** Who the peer showed itself to be, where a layer asked: ssl with clientauth, certauth. */
export interface Peer {
  /** The common name of its certificate, or the user it logged in as. */
  readonly user: string | undefined;
  /** SHA-256 of its certificate, `AA:BB:...`. */
  readonly fingerprint: string | undefined;
  /** false: nothing of it was proved (allow-authfail). */
  readonly authenticated: boolean;
}

/** One end of a connection: a layer, or a stack of them seen from its top. Calls are synchronous and cheap. */
export interface Gensio {
  /** tcp, telnet, serialdev, ... */
  readonly type: string;
  /** Set before open(), or while an accepter hands the connection over. */
  up: GensioUp;
  /** Connectors only, once: an accepted gensio is open. done is called once, never before open() returns. */
  open(done: (err?: GensioError) => void): void;
  /**
   * Takes all of data, also after it gave false. false: send no more until up.writable(), and leave data alone until then
   * (true: data may be reused at once). Never calls up before it returns.
   */
  write(data: Buffer): boolean;
  /** Off at first. false: stop reading the source, so that its peer feels it. */
  setReading(on: boolean): void;
  /** What was borrowed last stays in use for longer: it is left alone also when reading goes on. Absent where each buffer is a new one. */
  detachBuffer?(): void;
  /** Orderly: what was written goes out first, as far as the peer takes it. closed() follows. A second call does nothing. */
  close(): void;
  /** At once: what is still queued is lost. closed() follows. Also after close(), when that takes too long. */
  abort(): void;
  /** Bytes written to it that have not left the process. */
  bufferedBytes(): number;
  /**
   * The peer has closed its side, or is gone, although reading is off and so closed() cannot come: turn reading on to get
   * what it still sent and then closed(). From then on buffers belong to the receiver, the last one too. Absent where that cannot be known.
   */
  peerClosed?(): boolean;
  /** Bytes the system has taken and the peer has not acknowledged; absent where that cannot be known. */
  kernelBytes?(): number;
  /** The peer as ser2net prints it: `ipv4,127.0.0.1,1234`; for a device its line settings, `/dev/x,9600N81,CLOCAL offline`. '' when there is none. */
  address(): string;
  /** What is written goes to whoever a datagram said it came from: nothing shows that the peer wants it. Absent for false. */
  readonly connectionless?: boolean;
  /** Control of a serial port at the bottom of the stack; absent or `undefined` if there is none. */
  readonly serial?: SerialControl | undefined;
  /** On an accepted connection: the RFC 2217 client. `undefined` if the peer does not speak it, or not yet. */
  readonly comPort?: ComPort | undefined;
  /** Who the peer is; `undefined` if no layer asked, or nothing was shown. */
  readonly peer?: Peer | undefined;
}

/** Hears nothing and does nothing: what `up` is until somebody takes it. */
export const nullUp: GensioUp = { read: () => undefined, writable: () => undefined, closed: () => undefined };

/** Passes every call on to the accepter below, and its events back: the base of all accepters that stand on one. */
export abstract class ForwardingAccepter implements Accepter, AccepterUp {
  abstract readonly type: string;
  up!: AccepterUp;
  /** The accepter below. */
  protected readonly child: Accepter;

  constructor(child: Accepter) {
    this.child = child;
    child.up = this;
  }
  listen(done: (err?: GensioError) => void): void {
    this.child.listen(done);
  }
  close(done: () => void): void {
    this.child.close(done);
  }
  port(): number | undefined {
    return this.child.port();
  }
  dial(spec: LayerSpec): Gensio | undefined {
    return this.child.dial?.(spec);
  }
  abstract accepted(gensio: Gensio): void;
  failed(err: GensioError): void {
    this.up.failed(err);
  }
}

/**
 * Passes every call and event on to the layer below and back: the base of all layers that forward. A layer overrides what it does
 * itself. A member added to the contract is forwarded here, and so by all of them (test/gensio/forwarding.test.ts).
 */
export abstract class ForwardingGensio implements Gensio, GensioUp {
  abstract readonly type: string;
  up: GensioUp = nullUp;
  /** The layer below; `undefined` while there is none. */
  protected below: Gensio | undefined;

  open(done: (err?: GensioError) => void): void {
    this.below?.open(done);
  }
  write(data: Buffer): boolean {
    return this.below?.write(data) ?? true;
  }
  setReading(on: boolean): void {
    this.below?.setReading(on);
  }
  detachBuffer(): void {
    this.below?.detachBuffer?.();
  }
  close(): void {
    this.below?.close();
  }
  abort(): void {
    this.below?.abort();
  }
  bufferedBytes(): number {
    return this.below?.bufferedBytes() ?? 0;
  }
  peerClosed(): boolean {
    return this.below?.peerClosed?.() ?? false;
  }
  kernelBytes(): number {
    return this.below?.kernelBytes?.() ?? 0;
  }
  address(): string {
    return this.below?.address() ?? '';
  }
  get connectionless(): boolean {
    return this.below?.connectionless ?? false;
  }
  get serial(): SerialControl | undefined {
    return this.below?.serial;
  }
  get comPort(): ComPort | undefined {
    return this.below?.comPort;
  }
  get peer(): Peer | undefined {
    return this.below?.peer;
  }

  // From below.
  read(data: Buffer): void {
    this.up.read(data);
  }
  writable(): void {
    this.up.writable();
  }
  closed(err?: GensioError): void {
    this.up.closed(err);
  }
  event(event: GensioEvent): void {
    this.up.event?.(event);
  }
}

/** A layer on top of another one. Write decode and encode; the rest passes through. */
export abstract class Filter extends ForwardingGensio {
  /** The layer below. */
  protected readonly child: Gensio;
  constructor(child: Gensio) {
    super();
    this.child = child;
    this.below = child;
    child.up = this;
  }
  /** Calls this.up.read() for each run of user data. */
  protected abstract decode(data: Buffer): void;
  /** Returns what goes down: data itself when there is nothing to change. */
  protected abstract encode(data: Buffer): Buffer;
  override read(data: Buffer): void {
    this.decode(data);
  }
  override write(data: Buffer): boolean {
    return this.child.write(this.encode(data));
  }
}

/** Who wants the connections of an accepter. */
export interface AccepterUp {
  /** A connection, open. Set its up before returning; reading is off. */
  accepted(gensio: Gensio): void;
  /** A connection that came to nothing (handshake, out of descriptors): for the log. */
  failed(err: GensioError): void;
}

/** Waits for connections. */
export interface Accepter {
  /** The name of its top layer. */
  readonly type: string;
  /** Set before listen(). */
  up: AccepterUp;
  /** done once; err: it does not listen, and may be asked again. */
  listen(done: (err?: GensioError) => void): void;
  /** Stops listening; connections handed over live on. done when the address is free. */
  close(done: () => void): void;
  /** The port listened on, where there is one. */
  port(): number | undefined;
  /**
   * A connection of our own from the address listened on, not open yet. Absent, or `undefined`, where connections have addresses of
   * their own. @throws GensioError
   */
  dial?(spec: LayerSpec): Gensio | undefined;
}
