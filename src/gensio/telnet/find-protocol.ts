// A connection of plain bytes whose client may turn out to speak telnet: what it sends first decides. A client that begins with well-formed
// negotiation gets telnet with RFC 2217; any other data, or silence for a while, means plain bytes.
import type { Clock, Timer } from '../../base/clock.ts';
import type { GensioError } from '../../base/gensio-error.ts';
import { defaults } from '../../options/row.ts';
import { TELNET } from '../../options/telnet.ts';
import { ForwardingGensio, type Gensio } from '../gensio.ts';
import { telnetServer } from './telnet.ts';

/** How long a client may be silent until it counts as one of plain bytes, ms. */
const SILENCE_MS = 300;
const [IAC, SB, WILL, DONT] = [255, 250, 251, 254];

/** Whether bytes begin with well-formed negotiation; `undefined`: too few to tell. */
export function beginsWithNegotiation(bytes: Buffer): boolean | undefined {
  const [first, verb, option] = bytes;
  if (first === undefined) return undefined;
  if (first !== IAC) return false;
  if (verb === undefined) return undefined;
  if (verb !== SB && (verb < WILL! || verb > DONT!)) return false;
  return option === undefined ? undefined : option !== IAC;
}

/** What stands on the connection of a client that is not known yet. */
class FindProtocol extends ForwardingGensio {
  readonly #child: Gensio;
  readonly #clock: Clock;
  readonly #timer: Timer;
  /**
   * - `silent`: it has sent nothing yet; what it is sent waits.
   * - `raw`: it has been silent, gets plain bytes, and may still begin with negotiation.
   * - `known`: nothing is looked at any more.
   */
  #state: 'silent' | 'raw' | 'known' = 'silent';
  /** The first byte or two of what may be negotiation. */
  #begun = Buffer.alloc(0);
  /** What waits to be sent; the port has been told to send no more. */
  #waiting: Buffer | undefined;
  #reading = false;

  constructor(child: Gensio, clock: Clock) {
    super();
    this.#child = child;
    this.below = child;
    this.#clock = clock;
    child.up = this;
    this.#timer = clock.after(SILENCE_MS, () => this.#silence());
  }

  get type(): string {
    return this.below?.type ?? this.#child.type;
  }

  override write(data: Buffer): boolean {
    if (this.#state !== 'silent') return super.write(data);
    this.#waiting = this.#waiting === undefined ? data : Buffer.concat([this.#waiting, data]);
    return false;
  }
  override setReading(on: boolean): void {
    this.#reading = on;
    super.setReading(on);
  }
  override close(): void {
    this.#know('raw');
    super.close();
  }
  override abort(): void {
    this.#timer.cancel();
    super.abort();
  }
  override bufferedBytes(): number {
    return super.bufferedBytes() + (this.#waiting?.length ?? 0);
  }

  override read(data: Buffer): void {
    if (this.#state === 'known') return this.up.read(data);
    const all = this.#begun.length === 0 ? data : Buffer.concat([this.#begun, data]);
    const telnet = beginsWithNegotiation(all);
    if (telnet === undefined) {
      this.#begun = Buffer.from(all);
      return;
    }
    if (telnet) this.#know('telnet');
    else this.#know('raw');
    this.#state = 'known';
    this.#begun = Buffer.alloc(0);
    // Through whatever is below now: the telnet layer takes it from the connection, as it would have.
    if (telnet) this.#child.up.read(all);
    else this.up.read(all);
  }
  override closed(err?: GensioError): void {
    this.#timer.cancel();
    super.closed(err);
  }

  #silence(): void {
    if (this.#state !== 'silent') return;
    this.#know('raw');
    // What has begun like negotiation and did not go on is data.
    if (this.#begun.length === 0) return;
    const begun = this.#begun;
    this.#begun = Buffer.alloc(0);
    this.#state = 'known';
    this.up.read(begun);
  }

  #know(what: 'raw' | 'telnet'): void {
    this.#timer.cancel();
    if (what === 'telnet') {
      const telnet = telnetServer(this.#child, { ...defaults(TELNET), rfc2217: true }, this.#clock);
      this.below = telnet;
      telnet.up = {
        read: (data) => this.up.read(data),
        writable: () => this.up.writable(),
        closed: (err) => this.closed(err),
        event: (event) => this.event(event),
      };
      telnet.open(() => undefined);
      telnet.setReading(this.#reading);
    }
    if (this.#state === 'silent') {
      this.#state = 'raw';
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting !== undefined && super.write(waiting)) this.up.writable();
    }
  }
}

/** Puts on an accepted connection of plain bytes what finds out which protocol its client speaks. */
export const findProtocol = (child: Gensio, clock: Clock): Gensio => new FindProtocol(child, clock);
