// The layer echo: what is written comes back. And dummy, the accepter that never accepts.

import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import type { GensioError } from '../../base/gensio-error.ts';
import { GensioError as Failure } from '../../base/gensio-error.ts';
import type { LayerOf } from '../../options/stack.ts';
import { type Accepter, type AccepterUp, type Gensio, type GensioUp, nullUp } from '../gensio.ts';

/** Bytes waiting to be read before write() gives false. */
const MAX_WAITING = 65_536;

class Echo implements Gensio {
  readonly type = 'echo';
  up: GensioUp = nullUp;
  readonly #noecho: boolean;
  /** With noecho, data is all there is: the end follows it. */
  readonly #ends: boolean;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #full = false;
  #reading = false;
  #scheduled = false;
  #state: 'open' | 'closing' | 'gone' = 'open';

  constructor({ opts }: LayerOf<'echo'>) {
    this.#noecho = opts.noecho;
    this.#ends = opts.noecho && opts.data !== undefined && opts.data !== '';
    if (opts.data !== undefined && opts.data !== '') this.#keep(Buffer.from(opts.data, 'latin1'));
  }
  #keep(data: Buffer): void {
    this.#waiting.push(data);
    this.#bytes += data.length;
  }
  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => {
      if (this.#state === 'open') done();
    });
  }
  write(data: Buffer): boolean {
    if (this.#state !== 'open' || this.#noecho || data.length === 0) return true;
    this.#keep(Buffer.from(data));
    this.#schedule();
    if (this.#bytes <= MAX_WAITING) return true;
    this.#full = true;
    return false;
  }
  setReading(on: boolean): void {
    this.#reading = on;
    if (on) this.#schedule();
  }
  #schedule(): void {
    if (this.#scheduled || this.#state !== 'open') return;
    this.#scheduled = true;
    onImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }
  #turn(): void {
    while (this.#reading && this.#state === 'open' && this.#waiting.length > 0) {
      const data = this.#waiting.shift()!;
      this.#bytes -= data.length;
      this.up.read(data);
    }
    if (this.#state !== 'open' || this.#waiting.length > 0) return;
    if (this.#full) {
      this.#full = false;
      this.up.writable();
    }
    if (this.#ends && this.#reading && this.#state === 'open') {
      this.#state = 'gone';
      this.up.closed(new Failure('remclose'));
    }
  }
  bufferedBytes(): number {
    return 0;
  }
  address(): string {
    return 'echo';
  }
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    nextMicrotask(() => {
      this.#state = 'gone';
      this.#waiting = [];
      this.up.closed();
    });
  }
  abort(): void {
    this.close();
  }
}

/** Makes the layer `echo`: what is written comes back. */
export const echoConnector = (spec: LayerOf<'echo'>): Gensio => new Echo(spec);

/** Never accepts: for ports that only connect back. */
export function dummyAccepter(): Accepter {
  return {
    type: 'dummy',
    up: { accepted: () => undefined, failed: () => undefined } satisfies AccepterUp,
    listen: (done) => nextMicrotask(() => done()),
    close: (done) => nextMicrotask(done),
    port: () => undefined,
  };
}
