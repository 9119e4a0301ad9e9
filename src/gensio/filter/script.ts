// The filter script: before it counts as open, a program (or a stack) talks to the layer below; its exit code decides.

import { nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { LayerOf, LayerSpec } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { Filter, type Gensio, nullUp } from '../gensio.ts';
import { startProgram } from '../process/stdio.ts';
import type { StackBuilder } from '../stack-builder.ts';
import { parseSpec } from '../syntax/gensio-str.ts';

class Script extends Filter {
  readonly type = 'script';
  readonly #spec: LayerSpec;
  readonly #env: GensioEnv;
  readonly #build: StackBuilder;
  #partner: Gensio | undefined;
  #state: 'idle' | 'script' | 'open' | 'over' = 'idle';
  #done: ((err?: GensioError) => void) | undefined;

  constructor(spec: LayerSpec, child: Gensio, env: GensioEnv, build: StackBuilder) {
    super(child);
    this.#spec = spec;
    this.#env = env;
    this.#build = build;
  }

  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#state === 'open') return nextMicrotask(() => done());
    super.open((err) => {
      if (err !== undefined) return done(err);
      if (this.#state === 'over') return;
      this.#state = 'script';
      this.#done = done;
      this.#talk();
    });
  }
  #talk(): void {
    const spec = this.#spec;
    const program = spec.type === 'stdio' && !spec.opts.self && !spec.opts.console ? startProgram(spec, this.#env) : undefined;
    let partner: Gensio;
    try {
      partner = program?.gensio ?? this.#build.connector(spec);
    } catch (err) {
      return this.#end(err as GensioError);
    }
    this.#partner = partner;
    partner.up = {
      read: (data) => {
        if (this.#state === 'script' && !this.child.write(Buffer.from(data))) partner.setReading(false);
      },
      writable: () => {
        if (this.#state === 'script') this.child.setReading(true);
      },
      closed: (err) => {
        if (err !== undefined && err.code !== 'remclose') return this.#end(err);
        // Only a program has an exit code; anything else is content when it ends.
        if (program === undefined) this.#end(undefined);
        else program.exited((code) => this.#end(code === 0 ? undefined : new GensioError('localclosed', `exit code ${code}`)));
      },
    };
    partner.open((err) => {
      if (this.#state !== 'script') return;
      if (err !== undefined) return this.#end(err);
      partner.setReading(true);
      this.child.setReading(true);
    });
  }
  #end(err: GensioError | undefined): void {
    if (this.#state !== 'script') return;
    this.#partner = undefined;
    this.child.setReading(false);
    const done = this.#done;
    this.#done = undefined;
    if (err === undefined) this.#state = 'open';
    else {
      this.#state = 'over';
      this.child.abort();
    }
    done?.(err);
  }
  #dropPartner(): void {
    const partner = this.#partner;
    this.#partner = undefined;
    if (partner === undefined) return;
    partner.up = nullUp;
    partner.abort();
  }

  protected decode(data: Buffer): void {
    if (this.#state === 'open') this.up.read(data);
    else if (this.#state === 'script' && this.#partner?.write(Buffer.from(data)) === false) this.child.setReading(false);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
  override write(data: Buffer): boolean {
    return this.#state !== 'open' || super.write(data);
  }
  override writable(): void {
    if (this.#state === 'open') super.writable();
    else if (this.#state === 'script') this.#partner?.setReading(true);
  }
  override setReading(on: boolean): void {
    if (this.#state === 'open') super.setReading(on);
  }
  override close(): void {
    if (this.#state === 'script') this.#dropPartner();
    if (this.#state !== 'open') this.#done = undefined;
    super.close();
  }
  override abort(): void {
    this.#dropPartner();
    this.#done = undefined;
    super.abort();
  }
  override closed(err?: GensioError): void {
    const done = this.#done;
    this.#done = undefined;
    const before = this.#state;
    this.#state = 'over';
    this.#dropPartner();
    if (done !== undefined) done(err ?? new GensioError('remclose'));
    else if (before !== 'over') super.closed(err);
  }
}

/** Throws the GensioError inval when neither a script nor a stack is given, or the stack means nothing. */
export function scriptFilter({ opts }: LayerOf<'script'>, child: Gensio, _server: boolean, env: GensioEnv, build: StackBuilder): Gensio {
  const text = opts.script !== undefined ? `stdio(noredir-stderr),${opts.script}` : opts.gensio;
  if (text === undefined) throw new GensioError('inval', 'script needs script= or gensio=');
  const spec = (env.parse ?? parseSpec)(text, 'connector');
  if (spec === undefined) throw new GensioError('inval', `script: '${text}' cannot be understood`);
  return new Script(spec, child, env, build);
}
