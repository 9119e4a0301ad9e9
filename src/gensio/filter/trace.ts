// The filter trace: writes down what passes, to a file or the daemon's own output, and can throw a direction away.
import type { Clock } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { hexDump } from '../../base/text.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { Filter, type Gensio } from '../gensio.ts';
import { AppendSink } from '../process/file.ts';

/** Lines of sixteen bytes, in hex and as text, as gensio prints them. */
export const dump = (data: Buffer): string =>
  hexDump(data, 16, (hex, text, at) => ` ${at.toString(16).padStart(4, '0')}: ${hex.padEnd(47)}  ${text}\n`);

class Trace extends Filter {
  readonly type = 'trace';
  readonly #opts: LayerOf<'trace'>['opts'];
  readonly #clock: Clock;
  #sink: AppendSink | undefined;
  #opened = false;

  constructor({ opts }: LayerOf<'trace'>, child: Gensio, clock: Clock) {
    super(child);
    this.#opts = opts;
    this.#clock = clock;
  }
  /** The file is opened anew at each open; when it cannot be, neither can the connection: perm, as gensio says. */
  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#opened) return nextMicrotask(() => done());
    const { stdout, stderr, file, delold, dir } = this.#opts;
    super.open((err) => {
      if (err === undefined && dir !== 'none') {
        try {
          if (stdout) this.#sink = new AppendSink(1);
          else if (stderr) this.#sink = new AppendSink(2);
          else if (file !== undefined) this.#sink = new AppendSink(file, delold);
        } catch (failure) {
          this.child.abort();
          return done(new GensioError('perm', (failure as Error).message));
        }
      }
      this.#opened = err === undefined;
      done(err);
    });
  }
  #is(what: 'dir' | 'block', direction: 'read' | 'write'): boolean {
    return this.#opts[what] === direction || this.#opts[what] === 'both';
  }
  #note(name: 'Read' | 'Write', data: Buffer): void {
    if (this.#sink === undefined || data.length === 0) return;
    if (this.#opts.raw) return this.#sink.write(Buffer.from(data));
    const us = Math.round(this.#clock.now() * 1000);
    const stamp = `${Math.floor(us / 1_000_000)}:${String(us % 1_000_000).padStart(6, '0')}`;
    this.#sink.write(Buffer.from(`${stamp} ${name} (${data.length}):\n${dump(data)}`, 'latin1'));
  }
  protected decode(data: Buffer): void {
    if (this.#is('block', 'read')) return;
    if (this.#is('dir', 'read')) this.#note('Read', data);
    this.up.read(data);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
  override write(data: Buffer): boolean {
    if (this.#is('block', 'write')) return true;
    if (this.#is('dir', 'write')) this.#note('Write', data);
    return super.write(data);
  }
  override closed(err?: GensioError): void {
    this.#sink?.close();
    this.#sink = undefined;
    super.closed(err);
  }
}

/** Makes the layer `trace` on a child. */
export const traceFilter = (spec: LayerOf<'trace'>, child: Gensio, _server: boolean, env: GensioEnv): Gensio =>
  new Trace(spec, child, env.clock);
