import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  Filter,
  type Gensio,
  GensioError,
  type GensioUp,
  openGensio,
  parseStack,
  printStack,
  readConfig,
  registerLayer,
} from '../../src/index.ts';
import { serve } from './rig.ts';

/** Adds a number to each byte on its way down and takes it off on its way up. */
class Shift extends Filter {
  readonly type = 'shift';
  readonly #by: number;
  constructor(child: Gensio, by: number) {
    super(child);
    this.#by = by;
  }
  protected decode(data: Buffer): void {
    this.up.read(data.map((byte) => byte - this.#by) as Buffer);
  }
  protected encode(data: Buffer): Buffer {
    return data.map((byte) => byte + this.#by) as Buffer;
  }
}

/** Says its text, then ends. */
class Say implements Gensio {
  readonly type = 'say';
  up: GensioUp = { read: () => undefined, writable: () => undefined, closed: () => undefined };
  readonly #text: string;
  #said = false;
  constructor(text: string) {
    this.#text = text;
  }
  open(done: (err?: GensioError) => void): void {
    queueMicrotask(() => (this.#text === '' ? done(new GensioError('inval', 'nothing to say')) : done()));
  }
  setReading(on: boolean): void {
    if (!on || this.#said) return;
    this.#said = true;
    queueMicrotask(() => {
      this.up.read(Buffer.from(this.#text));
      this.up.closed();
    });
  }
  write(): boolean {
    return true;
  }
  close(): void {
    if (!this.#said) queueMicrotask(() => this.up.closed());
  }
  abort(): void {
    this.close();
  }
  bufferedBytes(): number {
    return 0;
  }
  address(): string {
    return 'say';
  }
}

test('a filter of a program stands in any stack, with its options, on both ends', async () => {
  const remove = registerLayer({
    name: 'shift',
    options: ['by'],
    filter: (child, { options, server }) => {
      seen.push(`${server ? 'server' : 'client'} ${options.by}`);
      return new Shift(child, Number(options.by ?? 1));
    },
  });
  const seen: string[] = [];
  const { pty, port, close } = await serve('shift(by=3),');
  const plain = await openGensio(`tcp,127.0.0.1,${port}`);
  plain.write('DEF');
  await pty.master.takeUntil('ABC');
  plain.destroy();
  const shifted = await openGensio(`shift(by=3),tcp,127.0.0.1,${port}`);
  shifted.write('hello');
  await pty.master.takeUntil('hello');
  shifted.destroy();
  assert.deepEqual(seen.sort(), ['client 3', 'server 3', 'server 3']);
  await close();
  remove();
});

test('an end of a program is a connector, and its failure to open is told', async () => {
  const remove = registerLayer({ name: 'say', connector: (rest) => new Say(rest) });
  const stream = await openGensio('say,good morning');
  const [data] = (await once(stream, 'data')) as [Buffer];
  assert.equal(data.toString(), 'good morning');
  await assert.rejects(openGensio('say'), { code: 'inval', detail: 'nothing to say' });
  assert.equal(parseStack('say,x', 'accepter').error !== undefined, true);
  remove();
});

test('a name is known only while it is registered, and a wrong option has a hint', () => {
  const remove = registerLayer({ name: 'shift', options: ['by'], filter: (child) => child });
  const { spec } = parseStack('shift(by=2),tcp,localhost,1', 'connector');
  assert.ok(spec);
  assert.equal(printStack(spec), 'shift(by=2),tcp,localhost,1');
  assert.match(parseStack('shift(bye=2),tcp,1', 'accepter').detail ?? '', /did you mean 'by'/);
  const text = 'connection: &a\n  accepter: shift,tcp,1\n  connector: serialdev,/dev/ttyS0,9600n81\n';
  assert.deepEqual(readConfig(text).diags, []);
  remove();
  assert.equal(readConfig(text).config.connections[0]?.accepter.spec?.type === ('shift' as string), false);
});

test('names that cannot be, or are taken, are mistakes of the program', () => {
  const filter = (child: Gensio): Gensio => child;
  assert.throws(() => registerLayer({ name: 'tcp', filter }), TypeError);
  assert.throws(() => registerLayer({ name: 'a,b', filter }), TypeError);
  assert.throws(() => registerLayer({ name: 'nothing' }), TypeError);
  const remove = registerLayer({ name: 'once', filter });
  assert.throws(() => registerLayer({ name: 'once', filter }), TypeError);
  remove();
});
