// A filter whose peer sends packets: one buffer from below may hold several, so those that come after setReading(false) wait here.

import type { Clock } from '../base/clock.ts';
import { nextMicrotask, onImmediate } from '../base/fault-domain.ts';
import type { GensioError } from '../base/gensio-error.ts';
import { Filter, type Gensio } from './gensio.ts';
import { PacedGensio } from './turns.ts';

/** The base of mux, msgdelim and relpkt: packets are delivered one by one, and wait while reading is off. */
export abstract class PacketFilter extends Filter {
  #waiting: Buffer[] = [];
  #reading = false;
  #delivering = false;
  #scheduled = false;
  #end: { readonly err: GensioError | undefined } | undefined;
  #over = false;
  /** close() or abort() was called: nothing goes up but closed(). */
  #quiet = false;

  constructor(child: Gensio, clock: Clock) {
    super(new PacedGensio(child, clock));
  }

  /** Hands a packet up, or keeps it until it is wanted. The buffer stays its own: what it is a part of is not reused. */
  protected deliver(packet: Buffer): void {
    if (this.#quiet || this.#over || packet.length === 0) return;
    if (this.#reading && this.#waiting.length === 0 && !this.#scheduled) {
      this.up.read(packet);
      this.delivered(packet);
    } else {
      this.#waiting.push(packet);
      if (this.#reading) this.#schedule();
    }
  }
  /** A packet was taken by the one above. */
  protected delivered(_packet: Buffer): void {}
  /** Packets that wait to be taken. */
  protected get undelivered(): number {
    return this.#waiting.length;
  }
  protected get reading(): boolean {
    return this.#reading;
  }
  /** Nothing more is to come up or go down. */
  protected get silent(): boolean {
    return this.#quiet || this.#over || this.#end !== undefined;
  }
  /** What the layer below is told when nothing waits any more, or reading stops. */
  protected setChildReading(on: boolean): void {
    this.child.setReading(on);
  }

  override setReading(on: boolean): void {
    if (this.#over) return;
    this.#reading = on;
    if (!on) return this.setChildReading(false);
    if (this.#waiting.length > 0 || this.#end !== undefined) this.#schedule();
    else this.setChildReading(true);
  }
  #schedule(): void {
    if (this.#scheduled || this.#delivering) return;
    this.#scheduled = true;
    onImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }
  #turn(): void {
    this.#delivering = true;
    while (this.#reading && !this.#quiet && !this.#over && this.#waiting.length > 0) {
      const packet = this.#waiting.shift()!;
      this.up.read(packet);
      this.delivered(packet);
    }
    this.#delivering = false;
    if (this.#over || this.#quiet || !this.#reading || this.#waiting.length > 0) return;
    if (this.#end !== undefined) this.#finish(this.#end.err);
    else this.setChildReading(true);
  }
  #finish(err: GensioError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    this.up.closed(err);
  }

  /** The end. What waits comes before it when the peer simply closed. */
  protected end(err: GensioError | undefined): void {
    if (this.#over) return;
    const orderly = err === undefined || err.code === 'remclose';
    // The first word stands: what follows is the layer below closing, too.
    if (this.#end !== undefined && !this.#quiet && orderly) return;
    if (this.#quiet || !orderly || (this.#waiting.length === 0 && !this.#delivering)) return this.#finish(this.#quiet ? undefined : err);
    this.#end = { err };
  }
  override closed(err?: GensioError): void {
    this.end(err);
  }
  /** Also while packets are still to be read before its end. */
  override peerClosed(): boolean {
    return this.#end !== undefined || super.peerClosed();
  }
  override close(): void {
    if (this.#quiet || this.#over) return;
    this.#quiet = true;
    this.#waiting = [];
    if (this.#end !== undefined) nextMicrotask(() => this.#finish(undefined));
    else this.startClose();
  }
  /** What close() does below. */
  protected startClose(): void {
    this.child.close();
  }
  override abort(): void {
    if (this.#over) return;
    const late = this.#end !== undefined;
    this.#quiet = true;
    this.#waiting = [];
    if (late) nextMicrotask(() => this.#finish(undefined));
    else this.child.abort();
  }
}
