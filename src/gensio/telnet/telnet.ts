// The telnet layer: user data with IACs doubled, negotiation, BRK and RFC 2217, as server or as client.
// A Synch is told by its DM: a TCP socket leaves it in its place, and nothing else sends one. What came before it is not thrown away.
import type { Clock, Timer } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { tracePoints } from '../../base/trace-points.ts';
import type { LayerOf } from '../../options/stack.ts';
import { type ComPort, Filter, type Gensio, type GensioEvent, type SerialControl } from '../gensio.ts';
import { Turns } from '../turns.ts';
import { escapeIac, TelnetDecoder, type TelnetOut } from './codec.ts';
import { ComPortServer } from './com-port.ts';
import { ComPortClient } from './com-port-client.ts';
import { BRK, COM_PORT_OPTION, DM, DO, DONT, IAC, textOf, WILL } from './names.ts';
import { firstBytes, Negotiation, type TelnetMode } from './negotiate.ts';
import { traced } from './traced.ts';

/** The options of the layer, defaults filled in. */
export type TelnetOptions = LayerOf<'telnet'>['opts'];

/** How long a client that wants RFC 2217 waits for the server's word on it before it counts as open (gensio 2.6.2). */
const NEGOTIATION_MS = 4000;
/** Bytes of answers that may wait for a peer that does not read (gensio 2.6.2); with more, nothing more of it is read. */
export const MAX_ANSWERS = 256;
/** Bytes kept that came while a client waits for the server's word; with more, nothing more is read until then. */
const MAX_KEPT = 65536;
/** What an event that is kept counts for. */
const EVENT_BYTES = 64;

type Done = (err?: GensioError) => void;

/** Telnet on a layer below: negotiation, escaping, and RFC 2217 where it is agreed. */
export class TelnetFilter extends Filter {
  override readonly type = 'telnet';
  readonly #accepted: boolean;
  readonly #mode: TelnetMode;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #decoder = new TelnetDecoder();
  readonly #negotiation: Negotiation;
  readonly #first: Buffer;
  readonly #drainTimeout: number;
  readonly #server: ComPortServer | undefined;
  readonly #client: ComPortClient | undefined;
  readonly #found: TelnetOut;

  /** Answers not yet written: collected while a buffer is decoded, or waiting for a child that is full. */
  #answers: Buffer[] = [];
  #answerBytes = 0;
  #decoding = false;
  /** When others have their turn; `undefined`: no request was found yet in what is decoded. */
  #turnEnd: number | undefined;
  /** The child gave false and has not said writable(). */
  #full = false;
  /** The layer above was given false and has not been told writable(). */
  #upWaits = false;
  /** Reading stopped because the peer does not read our answers. */
  #held = false;
  /** What the layer above wants, and what the child was told. */
  #wanted = false;
  #reading = false;

  #opening: { readonly done: Done; readonly timer: Timer } | undefined;
  #answered = false;
  /** What came while opening. */
  #kept: (Buffer | GensioEvent)[] = [];
  #keptBytes = 0;
  /**
   * The part of the child's buffer that came after the layer above stopped reading, or when it was the turn of others to have their
   * requests handled. Borrowed, so the child stays stopped.
   */
  #rest: Buffer | undefined;
  /** The child's end, while something waits to be read. */
  #end: { readonly err: GensioError | undefined } | undefined;
  #closing = false;
  #closed = false;
  #drainTimer: Timer | undefined;

  /** accepted: the child is an accepted connection, open already; its end is a server unless opts say otherwise. */
  constructor(child: Gensio, opts: TelnetOptions, accepted: boolean, clock: Clock) {
    super(child);
    this.#accepted = accepted;
    this.#mode = opts.mode ?? (accepted ? 'server' : 'client');
    this.#clock = clock;
    this.#turns = Turns.of(clock);
    this.#drainTimeout = opts.drainTimeout;
    const settings = { mode: this.#mode, rfc2217: opts.rfc2217, winsize: opts.winsize };
    this.#first = firstBytes(settings);
    const send = (bytes: Buffer): void => this.#send(bytes);
    const emit = (event: GensioEvent): void => this.#emit(event);
    if (opts.rfc2217 && this.#mode === 'server') this.#server = new ComPortServer({ send, emit, room: () => this.#room() });
    if (opts.rfc2217 && this.#mode === 'client') this.#client = new ComPortClient({ send, emit }, clock);
    this.#negotiation = new Negotiation(settings, {
      send: (verb, option) => this.#send(Buffer.of(IAC, verb, option)),
      comPort: (verb) => this.#comPortSaid(verb),
    });
    const out: TelnetOut = {
      data: (run) => this.#data(run),
      command: (code) => {
        if (code === BRK && this.#mode === 'server') this.#emit({ on: 'break' });
        else if (code === DM && this.#mode === 'server') this.#emit({ on: 'sync' });
        this.#handled();
      },
      negotiate: (verb, option) => {
        this.#negotiation.received(verb, option);
        if (option === COM_PORT_OPTION) this.#answered = true;
        this.#handled();
      },
      suboption: (bytes) => {
        if (bytes[0] === COM_PORT_OPTION) (this.#server ?? this.#client)?.received(bytes);
        this.#handled();
      },
      escaped: () => this.#handled(),
    };
    this.#found = traced(out, () => child.address());
  }

  override get serial(): SerialControl | undefined {
    return this.#client ?? super.serial;
  }
  override get comPort(): ComPort | undefined {
    return this.#server ?? super.comPort;
  }

  // From above.

  /**
   * Opens the child of a connector. done comes, for a client with RFC 2217, after the server's word on it or 4 seconds; for
   * others when the child is open. What comes before done is kept.
   */
  override open(done: Done): void {
    if (this.#accepted) nextMicrotask(() => this.#ready(done));
    else {
      this.child.open((err) => {
        if (err !== undefined) return done(err);
        if (!this.#closing) this.start();
        this.#ready(done);
      });
    }
  }

  /** Sends the first bytes. */
  start(): void {
    if (this.#first.length === 0) return;
    tracePoints.telnet?.(`${this.child.address()} > ${textOf(this.#first)}`);
    if (!this.child.write(this.#first)) this.#full = true;
  }

  #ready(done: Done): void {
    if (this.#closing || this.#closed) return;
    if (this.#client === undefined) return done();
    this.#opening = { done, timer: this.#clock.after(NEGOTIATION_MS, () => this.#opened()) };
    this.#updateReading();
  }

  override write(data: Buffer): boolean {
    if (this.#closing || this.#closed) return true;
    this.#writeAnswers();
    if (!this.child.write(escapeIac(data))) this.#full = true;
    this.#upWaits = this.#full;
    return !this.#full;
  }

  override setReading(on: boolean): void {
    this.#wanted = on;
    if (on && this.#opening === undefined && this.#waits()) nextMicrotask(() => this.#resume());
    else this.#updateReading();
  }

  override close(): void {
    if (this.#closing || this.#closed) return;
    this.#writeAnswers();
    this.#shut();
    if (this.#end !== undefined) return;
    if (this.#drainTimeout >= 0) this.#drainTimer = this.#clock.after(this.#drainTimeout, () => this.child.abort());
    this.child.close();
  }

  override abort(): void {
    if (this.#closed) return;
    this.#shut();
    if (this.#end === undefined) this.child.abort();
  }

  override bufferedBytes(): number {
    return this.child.bufferedBytes() + this.#answerBytes;
  }

  /** Also while something is still to be read before its end. */
  override peerClosed(): boolean {
    return this.#end !== undefined || super.peerClosed();
  }

  // From below.

  protected override decode(data: Buffer): void {
    // Not even one more request in this turn.
    if (this.#turns.isOver && data.includes(IAC)) return this.#waitTurn(data);
    this.#decoding = true;
    this.#turnEnd = undefined;
    const done = this.#decoder.push(data, this.#found);
    this.#decoding = false;
    if (done < data.length && !this.#closing) {
      if (this.#turnEnd === 0) this.#waitTurn(data.subarray(done));
      else this.#rest = data.subarray(done);
    }
    this.#flush();
    if (this.#answered && this.#opening !== undefined) this.#opened();
  }
  /** A request was handled. */
  #handled(): void {
    this.#turnEnd ??= this.#turns.begin();
    if (!this.#turns.isUp(this.#turnEnd)) return;
    this.#turnEnd = 0;
    this.#decoder.stop();
  }
  #waitTurn(rest: Buffer): void {
    this.#rest = rest;
    this.#updateReading();
    this.#turns.wait(() => this.#resume());
  }

  protected override encode(data: Buffer): Buffer {
    return escapeIac(data);
  }

  override writable(): void {
    this.#full = false;
    this.#flush();
    if (!this.#full) this.#server?.drained();
    if (this.#full) return;
    if (this.#held) {
      this.#held = false;
      this.#updateReading();
    }
    if (!this.#upWaits) return;
    this.#upWaits = false;
    this.up.writable();
  }

  override event(event: GensioEvent): void {
    this.#emit(event);
  }

  override closed(err?: GensioError): void {
    this.#drainTimer?.cancel();
    this.#client?.closed();
    this.#answers = [];
    this.#answerBytes = 0;
    this.#end = { err };
    if (this.#opening !== undefined) {
      const { done, timer } = this.#opening;
      this.#opening = undefined;
      timer.cancel();
      if (!this.#closing) {
        this.#closed = true;
        done(err ?? new GensioError('remclose'));
        return;
      }
    }
    if (!this.#waits()) this.#finishEnd();
  }

  // Data and events on their way up.

  /** Gives whether the layer above wants more. */
  #data(run: Buffer): boolean {
    if (this.#closing) return false;
    if (this.#opening === undefined && this.#kept.length === 0) {
      this.up.read(run);
      return this.#wanted && !this.#closing;
    }
    this.#keep(Buffer.from(run), run.length);
    return true;
  }

  #emit(event: GensioEvent): void {
    if (this.#closing) return;
    if (this.#opening === undefined && this.#kept.length === 0) this.up.event?.(event);
    else this.#keep(event, EVENT_BYTES);
  }

  #keep(item: Buffer | GensioEvent, bytes: number): void {
    this.#kept.push(item);
    this.#keptBytes += bytes;
    this.#updateReading();
  }

  /** Something came that the layer above has not read. */
  #waits(): boolean {
    return this.#kept.length > 0 || this.#rest !== undefined;
  }

  /** Gives what waits to the layer above, as far as it reads, and goes on from there. */
  #resume(): void {
    while (this.#wanted && this.#kept.length > 0) {
      const item = this.#kept.shift()!;
      if (Buffer.isBuffer(item)) this.up.read(item);
      else this.up.event?.(item);
    }
    // While it opens, everything is read and kept.
    if ((!this.#wanted && this.#opening === undefined) || this.#closing) return;
    if (this.#opening === undefined) this.#keptBytes = 0;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.decode(rest);
    if (this.#opening !== undefined) return this.#updateReading();
    if (this.#waits()) return;
    if (this.#end === undefined) this.#updateReading();
    else this.#finishEnd();
  }

  /** Passes the child's end on, if it came: once. */
  #finishEnd(): void {
    if (this.#end === undefined || this.#closed) return;
    this.#closed = true;
    this.up.closed(this.#end.err);
  }

  #updateReading(): void {
    const waiting = this.#opening === undefined ? this.#wanted && !this.#waits() : this.#keptBytes < MAX_KEPT && this.#rest === undefined;
    const on = waiting && !this.#held;
    if (on === this.#reading || this.#closing || this.#end !== undefined) return;
    this.#reading = on;
    this.child.setReading(on);
  }

  #opened(): void {
    if (this.#opening === undefined) return;
    const { done, timer } = this.#opening;
    this.#opening = undefined;
    timer.cancel();
    this.#updateReading();
    done();
    if (this.#wanted && this.#waits()) nextMicrotask(() => this.#resume());
  }

  // Answers on their way down.

  /** Agrees to COM-PORT-OPTION: a server to WILL, a client to DO, if it is configured. */
  #comPortSaid(verb: number): boolean {
    if (verb === WILL && this.#server !== undefined) {
      this.#server.agreed();
      return true;
    }
    if (this.#client === undefined) return false;
    if (verb === DO) this.#client.agreed = true;
    else if (verb === DONT) this.#client.agreed = false;
    return verb === DO;
  }

  #room(): boolean {
    return this.#decoding || !this.#full || this.#answerBytes <= MAX_ANSWERS;
  }

  #send(bytes: Buffer): void {
    if (this.#closing || this.#closed || this.#end !== undefined) return;
    tracePoints.telnet?.(`${this.child.address()} > ${textOf(bytes)}`);
    this.#answers.push(bytes);
    this.#answerBytes += bytes.length;
    if (!this.#decoding) this.#flush();
  }

  /** Writes the answers, unless the child is full: then they wait, and with too many of them reading stops. */
  #flush(): void {
    if (!this.#full) this.#writeAnswers();
    else if (this.#answerBytes > MAX_ANSWERS && !this.#held) {
      this.#held = true;
      this.#updateReading();
    }
  }

  #writeAnswers(): void {
    if (this.#answers.length === 0) return;
    const all = this.#answers.length === 1 ? this.#answers[0]! : Buffer.concat(this.#answers);
    this.#answers = [];
    this.#answerBytes = 0;
    if (!this.child.write(all)) this.#full = true;
  }

  /** Nothing goes up or down any more but the end, which may have come already. */
  #shut(): void {
    if (this.#end !== undefined) nextMicrotask(() => this.#finishEnd());
    this.#closing = true;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#rest = undefined;
    this.#answers = [];
    this.#answerBytes = 0;
  }
}

/** Telnet on an accepted connection, a server unless opts say otherwise. Its first bytes are written; open() does not open the child. */
export function telnetServer(child: Gensio, opts: TelnetOptions, clock: Clock): TelnetFilter {
  const filter = new TelnetFilter(child, opts, true, clock);
  filter.start();
  return filter;
}

/** Telnet for a connector, a client unless opts say otherwise; open() opens the child first. */
export const telnetClient = (child: Gensio, opts: TelnetOptions, clock: Clock): TelnetFilter => new TelnetFilter(child, opts, false, clock);
