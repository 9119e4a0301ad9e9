// The layer keepopen: always looks open, and opens what is below again and again.
import type { Timer } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import type { GensioError } from '../../base/gensio-error.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { ForwardingGensio, type Gensio, type GensioEvent, nullUp } from '../gensio.ts';
import type { StackBuilder } from '../stack-builder.ts';

/** How long open() waits for the first try. */
const FIRST_TRY_MS = 250;

class KeepOpen extends ForwardingGensio {
  readonly type = 'keepopen';
  readonly #spec: LayerOf<'keepopen'>;
  readonly #env: GensioEnv;
  readonly #build: StackBuilder;
  declare protected below: Gensio;
  #state: 'idle' | 'trying' | 'open' | 'waiting' | 'closing' | 'gone' = 'idle';
  #retry: Timer | undefined;
  #reading = false;
  /** What was written while nothing was open. Whoever writes was told to wait after the first piece. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #full = false;
  #failing = false;
  #opening: (() => void) | undefined;

  constructor(spec: LayerOf<'keepopen'>, env: GensioEnv, build: StackBuilder) {
    super();
    this.#spec = spec;
    this.#env = env;
    this.#build = build;
    this.below = build.connector(spec.child);
  }

  /** Open when the first try has come to something, so that what is asked of a device at once finds it there; soon in any case. */
  override open(done: (err?: GensioError) => void): void {
    const timer = this.#env.clock.after(FIRST_TRY_MS, () => this.#tell());
    this.#opening = () => {
      timer.cancel();
      if (this.#state === 'open' || this.#state === 'trying' || this.#state === 'waiting') done();
    };
    this.#try();
  }
  #tell(): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.();
  }

  #try(): void {
    this.#state = 'trying';
    const child = this.below;
    child.up = this;
    child.open((err) => {
      if (child !== this.below || this.#state !== 'trying') return;
      if (err !== undefined) {
        this.#env.log.log('info', `Error opening child gensio: ${err.message}`);
        this.#again();
        return this.#tell();
      }
      this.#state = 'open';
      if (this.#failing) this.#env.log.log('info', 'child gensio open restored');
      this.#failing = false;
      child.setReading(this.#reading);
      this.#tell();
      this.#release();
    });
  }

  /** A new child, and the next try. */
  #again(): void {
    this.#failing = true;
    this.below.up = nullUp;
    this.#state = 'waiting';
    const address = this.below.address();
    try {
      this.below = this.#build.connector(this.#spec.child);
    } catch (err) {
      this.#env.log.log('info', `Error opening child gensio: ${(err as Error).message} (${address})`);
      this.#retry = this.#env.clock.after(this.#wait, () => this.#again());
      return;
    }
    this.#retry = this.#env.clock.after(this.#wait, () => this.#try());
  }
  /** A retry-time of 0 still leaves the rest of the program some time. */
  get #wait(): number {
    return Math.max(this.#spec.opts.retryTime, 10);
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    let taken = true;
    if (held.length > 0) taken = this.below.write(Buffer.concat(held));
    if (taken) this.writable();
  }

  override write(data: Buffer): boolean {
    if (this.#state === 'open') {
      const taken = this.below.write(data);
      if (!taken) this.#full = true;
      return taken;
    }
    if (this.#state === 'closing' || this.#state === 'gone' || this.#spec.opts.discardBadwrites) return true;
    this.#held.push(Buffer.from(data));
    this.#heldBytes += data.length;
    this.#full = true;
    return false;
  }
  override setReading(on: boolean): void {
    this.#reading = on;
    if (this.#state === 'open') this.below.setReading(on);
  }
  override bufferedBytes(): number {
    return this.#heldBytes + (this.#state === 'open' || this.#state === 'closing' ? this.below.bufferedBytes() : 0);
  }
  /** It looks open whatever happens below: the end of one child is not its own. */
  override peerClosed(): boolean {
    return false;
  }

  override close(): void {
    this.#leave((child) => child.close());
  }
  override abort(): void {
    if (this.#state === 'closing') this.below.abort();
    else this.#leave((child) => child.abort());
  }
  #leave(end: (child: Gensio) => void): void {
    if (this.#state === 'closing' || this.#state === 'gone') return;
    const before = this.#state;
    this.#retry?.cancel();
    this.#held = [];
    this.#heldBytes = 0;
    this.#state = 'closing';
    if (before === 'open') return end(this.below);
    if (before === 'trying') {
      this.below.up = nullUp;
      this.below.abort();
    }
    nextMicrotask(() => {
      this.#state = 'gone';
      this.up.closed();
    });
  }

  override read(data: Buffer): void {
    if (this.#state === 'open') this.up.read(data);
  }
  override writable(): void {
    if (this.#state !== 'open' || !this.#full) return;
    this.#full = false;
    this.up.writable();
  }
  override event(event: GensioEvent): void {
    if (this.#state === 'open') this.up.event?.(event);
  }
  override closed(err?: GensioError): void {
    if (this.#state === 'closing') {
      this.#state = 'gone';
      this.up.closed();
    } else if (this.#state === 'open' || this.#state === 'trying') {
      this.#env.log.log('info', `I/O error from child gensio: ${err?.message ?? 'Local end closed connection'}`);
      this.#again();
      // What the child had not sent is lost with it, so the writer may go on: into discard, or to be held.
      if (this.#full && this.#spec.opts.discardBadwrites) {
        this.#full = false;
        this.up.writable();
      }
    }
  }
}

/** Makes the layer `keepopen`: its child is opened again whenever it is lost. */
export const keepopenConnector = (spec: LayerOf<'keepopen'>, env: GensioEnv, build: StackBuilder): Gensio => new KeepOpen(spec, env, build);
