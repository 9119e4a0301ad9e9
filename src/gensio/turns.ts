// Who may have requests handled when. What comes in as data is cheap; what asks for something may be a system call each time, and a
// buffer has room for thousands. All sources together get a few milliseconds in one turn of the event loop, each a part of it, and wait
// in line for the next turn; whatever else there is to do comes in between.
import { afterPause, type Clock } from '../base/clock.ts';
import { bind, onImmediate, runIn } from '../base/fault-domain.ts';
import { ForwardingGensio, type Gensio } from './gensio.ts';

/** Time for requests in one turn, ms. */
const TURN_MS = 4;
/** The part of it for one source, ms. */
const SOURCE_MS = 0.5;
/** After a request that took longer those that wait go on waiting for as long as it took, but no longer than the second of these, ms. */
const SLOW_MS = 10;
const MAX_PAUSE_MS = 100;
/** How much of a buffer is decoded before the time is looked at, bytes. */
const SLICE = 2048;

/** Shares time out among sources of requests. */
export class Turns {
  static readonly #byClock = new WeakMap<Clock, Turns>();
  readonly #clock: Clock;
  /** When the time of this turn is over; 0: none has begun. */
  #end = 0;
  /** When a request was finished last, or the turn begun. */
  #last = 0;
  /** The longest that one took in this turn. */
  #longest = 0;
  #pausing = false;
  readonly #waiting: (() => void)[] = [];

  private constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Those of all sources that go by this clock. */
  static of(clock: Clock): Turns {
    const known = Turns.#byClock.get(clock) ?? new Turns(clock);
    Turns.#byClock.set(clock, known);
    return known;
  }

  /** Whether nothing more is handled in this turn. */
  get isOver(): boolean {
    return this.#end !== 0 && this.#last >= this.#end;
  }
  /** Begins to handle requests of one source; gives the time for isUp(). At least one may be handled unless isOver. */
  begin(): number {
    const now = this.#clock.now();
    if (this.#end === 0) {
      this.#end = now + TURN_MS;
      this.#longest = 0;
      // What it wakes belongs to many.
      runIn(undefined, () => onImmediate(() => this.#next()));
    }
    this.#last = now;
    return Math.min(this.#end, now + SOURCE_MS);
  }
  /** After each request: whether the source has to wait for a later turn. */
  isUp(end: number): boolean {
    const now = this.#clock.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
    return now >= end;
  }
  /** Calls run in a later turn, after those that wait already. */
  wait(run: () => void): void {
    this.#waiting.push(bind(run));
    if (this.#end === 0) this.begin();
  }

  #next(): void {
    this.#end = 0;
    if (this.#pausing || this.#waiting.length === 0) return;
    if (this.#longest < SLOW_MS) return this.#serve();
    // Sources that have nothing waiting are served meanwhile.
    this.#pausing = true;
    afterPause(Math.min(this.#longest, MAX_PAUSE_MS), () => {
      this.#pausing = false;
      this.#serve();
    });
  }
  #serve(): void {
    this.begin();
    for (let n = this.#waiting.length; n > 0 && !this.isOver; n--) this.#waiting.shift()!();
  }
}

/** Passes everything through, but what comes from below in slices, each in its turn: for layers whose peer sends packets. */
export class PacedGensio extends ForwardingGensio {
  readonly type: string;
  declare protected below: Gensio;
  readonly #turns: Turns;
  #wanted = false;
  /** Not handed up yet; the layer below is stopped, so the buffer stays as it is. */
  #rest: Buffer | undefined;
  #end: (() => void) | undefined;

  constructor(child: Gensio, clock: Clock) {
    super();
    this.#turns = Turns.of(clock);
    this.type = child.type;
    this.below = child;
    child.up = this;
  }
  override setReading(on: boolean): void {
    this.#wanted = on;
    if (this.#rest === undefined) this.below.setReading(on);
    else if (on) this.#turns.wait(() => this.#resume());
  }
  override read(data: Buffer): void {
    let at = 0;
    const end = this.#turns.isOver ? 0 : this.#turns.begin();
    while (end !== 0 && at < data.length && this.#wanted) {
      this.up.read(data.length - at <= SLICE ? data.subarray(at) : data.subarray(at, at + SLICE));
      at += SLICE;
      if (this.#turns.isUp(end)) break;
    }
    if (at >= data.length) return;
    this.#rest = data.subarray(at);
    this.below.setReading(false);
    if (this.#wanted) this.#turns.wait(() => this.#resume());
  }
  #resume(): void {
    const rest = this.#rest;
    if (rest === undefined || !this.#wanted) return;
    this.#rest = undefined;
    this.read(rest);
    if (this.#rest !== undefined) return;
    if (this.#end !== undefined) this.#end();
    else if (this.#wanted) this.below.setReading(true);
  }
  override closed(err?: Parameters<Gensio['up']['closed']>[0]): void {
    const orderly = err === undefined || err.code === 'remclose';
    if (this.#rest === undefined || !orderly) {
      this.#rest = undefined;
      this.up.closed(err);
    } else this.#end = () => this.up.closed(err);
  }
  override peerClosed(): boolean {
    return this.#end !== undefined || super.peerClosed();
  }
  override close(): void {
    this.#drop((below) => below.close());
  }
  override abort(): void {
    this.#drop((below) => below.abort());
  }
  /** What is left is not wanted any more. */
  #drop(end: (below: Gensio) => void): void {
    this.#rest = undefined;
    const ended = this.#end;
    this.#end = undefined;
    if (ended === undefined) end(this.below);
    else onImmediate(ended);
  }
}
