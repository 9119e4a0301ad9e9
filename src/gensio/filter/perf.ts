// The filter perf: drops what is written, counts what comes from below, writes test data if asked, and hands up a line a second.
import type { Clock, Timer } from '../../base/clock.ts';
import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { Filter, type Gensio } from '../gensio.ts';

const SECOND_MS = 1000;

class Perf extends Filter {
  readonly type = 'perf';
  readonly #clock: Clock;
  readonly #writeLength: number;
  readonly #expectLength: number;
  readonly #block: Buffer;
  #left: number;
  #start = 0;
  #wrote = 0;
  #read = 0;
  #wroteSince = 0;
  #readSince = 0;
  #seconds = 0;
  #writeEnd: number | undefined;
  #readEnd: number | undefined;
  #timer: Timer | undefined;
  #reading = false;
  /** Lines that wait for a reader, oldest first. */
  #lines: Buffer[] = [];
  #final = false;
  #state: 'idle' | 'open' | 'closing' | 'gone' = 'idle';

  constructor({ opts }: LayerOf<'perf'>, child: Gensio, clock: Clock) {
    super(child);
    this.#clock = clock;
    this.#writeLength = opts.writeLen;
    this.#expectLength = opts.expectLen;
    this.#left = opts.writeLen;
    this.#block = Buffer.alloc(Math.min(Math.max(opts.writebuf, 1), 1 << 20));
  }
  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#state === 'open') return nextMicrotask(() => done());
    super.open((err) => {
      if (err === undefined) {
        this.#state = 'open';
        this.#start = this.#clock.now();
        this.#tick();
        // Not before the one above knows that it is open.
        nextMicrotask(() => {
          if (this.#state !== 'open') return;
          // Counting wants all there is, whether or not somebody reads the lines.
          this.child.setReading(true);
          this.#pour();
        });
      }
      done(err);
    });
  }
  #tick(): void {
    this.#timer = this.#clock.after(SECOND_MS, () => {
      this.#seconds++;
      // A line nobody has read yet stands for the seconds after it, too.
      if (this.#lines.length === 0 && !this.#final) {
        this.#say(`Wrote ${this.#wroteSince}, Read ${this.#readSince} in ${this.#seconds} second${this.#seconds === 1 ? '' : 's'}\n`);
        this.#wroteSince = 0;
        this.#readSince = 0;
        this.#seconds = 0;
      }
      this.#tick();
    });
  }
  #say(line: string): void {
    this.#lines.push(Buffer.from(line, 'latin1'));
    this.#deliver();
  }
  #deliver(): void {
    while (this.#reading && this.#state === 'open' && this.#lines.length > 0) this.up.read(this.#lines.shift()!);
    if (this.#final && this.#state === 'open' && this.#lines.length === 0) {
      this.#state = 'gone';
      this.#timer?.cancel();
      this.child.close();
      this.up.closed(new GensioError('remclose'));
    }
  }
  #pour(): void {
    while (this.#state === 'open' && this.#left > 0) {
      const piece = this.#block.subarray(0, Math.min(this.#block.length, this.#left));
      this.#left -= piece.length;
      this.#wrote += piece.length;
      this.#wroteSince += piece.length;
      if (!this.child.write(piece)) return;
    }
    this.#check();
  }
  /** All written and all expected read: the total, and then the end. */
  #check(): void {
    if (this.#writeLength > 0 && this.#left === 0) this.#writeEnd ??= this.#clock.now();
    if (this.#expectLength > 0 && this.#read >= this.#expectLength) this.#readEnd ??= this.#clock.now();
    if (this.#writeLength === 0 && this.#expectLength === 0) return;
    if (this.#left === 0 && this.#read >= this.#expectLength && this.child.bufferedBytes() === 0) this.#finish();
  }
  #finish(): void {
    if (this.#final || this.#state !== 'open') return;
    this.#final = true;
    const now = this.#clock.now();
    const part = (count: number, end: number | undefined): readonly [string, string] => {
      const ms = Math.max(Math.round((end ?? now) - this.#start), 1);
      return [`${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`, ((count * 1000) / ms).toFixed(6)];
    };
    const [writeTime, writeRate] = part(this.#wrote, this.#writeEnd);
    const [readTime, readRate] = part(this.#read, this.#readEnd);
    this.#say(
      `TOTAL: Wrote ${this.#wrote} in ${writeTime} seconds\n         ${writeRate} write bytes/sec\n` +
        `       Read ${this.#read} in ${readTime} seconds\n         ${readRate} read bytes/sec\n`,
    );
  }

  protected decode(data: Buffer): void {
    this.#read += data.length;
    this.#readSince += data.length;
    this.#check();
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
  /** Dropped. */
  override write(_data: Buffer): boolean {
    return true;
  }
  override writable(): void {
    if (this.#state === 'open') this.#pour();
  }
  override setReading(on: boolean): void {
    this.#reading = on;
    if (on && (this.#lines.length > 0 || this.#final)) onImmediate(() => this.#deliver());
  }
  override close(): void {
    if (this.#state === 'open' || this.#state === 'idle') this.#state = 'closing';
    super.close();
  }
  override abort(): void {
    if (this.#state === 'open' || this.#state === 'idle') this.#state = 'closing';
    super.abort();
  }
  override closed(err?: GensioError): void {
    this.#timer?.cancel();
    if (this.#state === 'gone') return;
    if (this.#state === 'open') {
      this.#finish();
      // What is left to say comes first when somebody reads.
      if (this.#state === 'open' && this.#reading) this.#deliver();
      if (this.#state !== 'open') return;
    }
    this.#state = 'gone';
    super.closed(err);
  }
}

/** Makes the layer `perf` on a child. */
export const perfFilter = (spec: LayerOf<'perf'>, child: Gensio, _server: boolean, env: GensioEnv): Gensio =>
  new Perf(spec, child, env.clock);
