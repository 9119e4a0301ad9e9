// The filter trace: writes down what passes, to a file or the daemon's own output, and can throw a direction away.
import { AppendFile, type AppendStep } from '../../base/append-file.ts';
import type { Clock } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { hexDump } from '../../base/text.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { Filter, type Gensio } from '../gensio.ts';

/** Lines of sixteen bytes, in hex and as text, as gensio prints them. */
export const dump = (data: Buffer): string =>
  hexDump(data, 16, (hex, text, at) => ` ${at.toString(16).padStart(4, '0')}: ${hex.padEnd(47)}  ${text}\n`);

class Trace extends Filter {
  readonly type = 'trace';
  readonly #opts: LayerOf<'trace'>['opts'];
  readonly #clock: Clock;
  #sink: AppendFile | undefined;
  #opened = false;
  /** While the file is being opened. */
  #opening: ((err?: GensioError) => void) | undefined;

  constructor({ opts }: LayerOf<'trace'>, child: Gensio, clock: Clock) {
    super(child);
    this.#opts = opts;
    this.#clock = clock;
  }
  /** The file is opened again at each open; when it cannot be, neither can the connection: perm, as gensio says. */
  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#opened) return nextMicrotask(() => done());
    super.open((err) => {
      if (err !== undefined) return done(err);
      this.#opening = done;
      this.#openSink((failed) => {
        if (this.#opening === undefined) return;
        this.#opening = undefined;
        this.#opened = failed === undefined;
        if (failed !== undefined) this.child.abort();
        done(failed);
      });
    });
  }
  #openSink(done: (err?: GensioError) => void): void {
    const { stdout, stderr, file, delold: empty, dir, b4dir } = this.#opts;
    const target = stdout ? 1 : stderr ? 2 : file;
    if ((dir === 'none' && b4dir === 'none') || target === undefined) return done();
    // An error later costs what was to be written.
    const failed = (err: Error, what: AppendStep): void => (what === 'open' ? done(new GensioError('perm', err.message)) : undefined);
    this.#sink = new AppendFile(target, failed, { empty, mode: 0o666, opened: done });
  }
  #is(what: 'dir' | 'b4dir' | 'block', direction: 'read' | 'write'): boolean {
    return this.#opts[what] === direction || this.#opts[what] === 'both';
  }
  #note(name: 'Read' | 'Write' | 'b4Read' | 'b4Write', data: Buffer): void {
    if (this.#sink === undefined || data.length === 0) return;
    if (this.#opts.raw) return this.#sink.append(Buffer.from(data));
    const us = Math.round(this.#clock.now() * 1000);
    const stamp = `${Math.floor(us / 1_000_000)}:${String(us % 1_000_000).padStart(6, '0')}`;
    this.#sink.append(Buffer.from(`${stamp} ${name} (${data.length}):\n${dump(data)}`, 'latin1'));
  }
  protected decode(data: Buffer): void {
    if (this.#is('b4dir', 'read')) this.#note('b4Read', data);
    if (this.#is('block', 'read')) return;
    if (this.#is('dir', 'read')) this.#note('Read', data);
    this.up.read(data);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
  override write(data: Buffer): boolean {
    if (this.#is('b4dir', 'write')) this.#note('b4Write', data);
    if (this.#is('block', 'write')) return true;
    if (this.#is('dir', 'write')) this.#note('Write', data);
    return super.write(data);
  }
  override close(): void {
    this.#opening = undefined;
    super.close();
  }
  override abort(): void {
    this.#opening = undefined;
    super.abort();
  }
  override closed(err?: GensioError): void {
    this.#sink?.end();
    this.#sink = undefined;
    const opening = this.#opening;
    this.#opening = undefined;
    if (opening === undefined) super.closed(err);
    else opening(err ?? new GensioError('remclose'));
  }
}

/** Makes the layer `trace` on a child. */
export const traceFilter = (spec: LayerOf<'trace'>, child: Gensio, _server: boolean, env: GensioEnv): Gensio =>
  new Trace(spec, child, env.clock);
