import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import { msgdelimFilter } from '../../../src/gensio/filter/msgdelim.ts';
import { relpktFilter } from '../../../src/gensio/filter/relpkt.ts';
import { Filter, type Gensio } from '../../../src/gensio/gensio.ts';
import type { LayerOf, LayerSpec } from '../../../src/options/stack.ts';
import { compliance, pattern, writeAll } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { freePort } from '../../rig/free-port.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { gensiot, noGensiot } from '../../rig/gensiot.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { talk } from '../../rig/program.ts';
import { calling, listening } from '../../rig/stack-ends.ts';
import { layerSpec, loopback, tcpSpec } from '../layer-spec.ts';

type Opts = Partial<LayerOf<'relpkt'>['opts']>;
const spec = (opts: Opts = {}, child: LayerSpec = tcpSpec(1)) => layerSpec('relpkt', opts, { child });
const overMsgdelim = (child: LayerSpec): LayerSpec => spec({}, layerSpec('msgdelim', {}, { child }));

/** Loses some of what is written; each write is one packet. */
class Lossy extends Filter {
  readonly type = 'lossy';
  lost = 0;
  readonly #loses: (n: number) => boolean;
  #n = 0;
  constructor(child: Gensio, loses: (n: number) => boolean) {
    super(child);
    this.#loses = loses;
  }
  protected decode(data: Buffer): void {
    this.up.read(data);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
  override write(data: Buffer): boolean {
    if (!this.#loses(this.#n++)) return super.write(data);
    this.lost++;
    return true;
  }
}

/** Both ends over msgdelim in memory. */
async function pair(
  opts: Opts = {},
  env = testEnv(),
  loses: (n: number) => boolean = () => false,
): Promise<{ s: Gensio; c: Gensio; lossy: Lossy }> {
  const [a, b] = linkedPair();
  const packets = (g: Gensio): Gensio => msgdelimFilter(layerSpec('msgdelim', {}, { child: tcpSpec(1) }), g, false, env);
  const lossy = new Lossy(packets(b), loses);
  const s = relpktFilter(spec(opts), packets(a), true, env);
  const c = relpktFilter(spec(opts), lossy, false, env);
  const results: (GensioError | undefined | null)[] = [null, null];
  s.open((err) => (results[0] = err));
  c.open((err) => (results[1] = err));
  for (let i = 0; i < 2000 && results.includes(null); i++) {
    if (env.clock instanceof FakeClock) env.clock.advance(100);
    await settle(1);
  }
  assert.deepEqual(results, [undefined, undefined]);
  return { s, c, lossy };
}

compliance('relpkt server', {
  bulk: 200_000,
  piece: 4096,
  async make() {
    const { s, c } = await pair();
    return { gensio: s, far: farGensio(c) };
  },
});
compliance('relpkt client', {
  bulk: 200_000,
  piece: 4096,
  async make() {
    const { s, c } = await pair();
    return { gensio: c, far: farGensio(s) };
  },
});

test('what is lost is sent again, in both directions, in order', async () => {
  for (const seed of [3, 7, 13]) {
    const clock = new FakeClock();
    let x = seed;
    const { s, c, lossy } = await pair({ maxTimeouts: 50 }, testEnv({ clock }), () => {
      x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
      return (x >> 16) % 5 === 0;
    });
    const [up, down] = [pattern(20_000, 1), pattern(20_000, 2)];
    const far = farGensio(c);
    const recorder = new RecordingUp();
    s.up = recorder;
    s.setReading(true);
    let finished = false;
    const run = (async () => {
      for (let i = 0; i < up.length; i += 1000) far.send(up.subarray(i, i + 1000));
      await writeAll(s, recorder, down, 1000);
      await until(
        () => recorder.length === up.length && far.receivedBytes() === down.length,
        () => `${recorder.length} up, ${far.receivedBytes()} down`,
      );
    })().finally(() => {
      finished = true;
    });
    while (!finished) {
      clock.advance(200);
      await settle(1);
    }
    await run;
    assert.ok(lossy.lost > 20, `${lossy.lost} lost`);
    assert.ok(recorder.data().equals(up));
    assert.ok(far.received().equals(down));
    s.abort();
    c.abort();
  }
});

test('a far end that falls silent is given up after max_timeouts', async () => {
  const clock = new FakeClock();
  let mute = false;
  const { s, c } = await pair({ maxTimeouts: 3 }, testEnv({ clock }), () => mute);
  const recorder = new RecordingUp();
  s.up = recorder;
  mute = true;
  for (let i = 0; i < 30 && recorder.closes === 0; i++) {
    clock.advance(1000);
    await settle(2);
  }
  assert.equal(recorder.error?.message, 'Operation timed out');
  c.abort();
});

test('a client that is not answered gives up', async () => {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const gensio = relpktFilter(spec(), child, false, testEnv({ clock }));
  const errors: (GensioError | undefined)[] = [];
  gensio.open((err) => void errors.push(err));
  await settle();
  for (let i = 0; i < 10; i++) clock.advance(1000);
  assert.equal(errors[0]?.code, 'timedout');
  assert.ok(child.writes.length >= 5);
  assert.equal(child.take().subarray(0, 5).toString('hex'), '100010007b');
  assert.equal(clock.timers, 0);
});

/** An open server whose child the test plays. */
async function server(): Promise<{ child: FakeGensio; recorder: RecordingUp; gensio: Gensio; lines: string[] }> {
  const env = testEnv({ clock: new FakeClock() });
  const child = new FakeGensio();
  const gensio = relpktFilter(spec(), child, true, env);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  const open = opened(gensio);
  await settle(2);
  child.feed(Buffer.from('100010007b', 'hex'));
  assert.equal(await open, undefined);
  assert.equal(child.take().toString('hex'), '110010007b');
  gensio.setReading(true);
  return { child, recorder, gensio, lines: env.lines };
}

test('messages that make no sense end the connection with a protocol error', async () => {
  for (const [message, why] of [
    ['20', 'a message is too short'],
    ['f00000', 'a message has an unknown kind'],
    ['100000', 'an init is too short'],
    ['300000', undefined],
    ['30050500', 'a resend has half a range'],
    ['300505', 'a resend asks for what was not sent'],
    [`200000${'00'.repeat(124)}`, 'a packet is too long'],
  ] as const) {
    const { child, recorder, lines } = await server();
    child.feed(Buffer.from(message, 'hex'));
    await settle();
    if (why === undefined) assert.equal(recorder.error?.code, 'protoerr');
    else assert.deepEqual([recorder.error?.code, lines[0]], ['protoerr', `err relpkt: protocol error: ${why}`], message);
  }
});

test('packets far outside the window, twice, or with a wrong acknowledgement are ignored', async () => {
  const { child, recorder } = await server();
  for (const hex of ['20000041', '20000041', '20006442', '20ff0143', '20000144']) child.feed(Buffer.from(hex, 'hex'));
  await settle();
  assert.equal(recorder.text(), 'AD');
  assert.equal(recorder.closes, 0);
});

test('what is missing is asked for, and what came before it waits for it', async () => {
  const { child, recorder } = await server();
  child.feed(Buffer.from('20000343', 'hex'));
  assert.equal(recorder.length, 0);
  assert.equal(child.take().toString('hex'), '300002');
  for (const hex of ['20000041', '20000142', '20000243']) child.feed(Buffer.from(hex, 'hex'));
  assert.equal(recorder.text(), 'ABCC');
});

test('no more than the window waits for a reader', async () => {
  const { child, recorder, gensio } = await server();
  gensio.setReading(false);
  for (let i = 0; i < 200; i++) child.feed(Buffer.from([0x20, 0, i & 0xff, 65]));
  gensio.setReading(true);
  await until(() => recorder.length > 0, 'data');
  await settle();
  assert.equal(recorder.length, 16);
});

test('any messages at all never throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 12 }), { maxLength: 30 }), async (messages) => {
      const { child, gensio } = await server();
      for (const m of messages) if (child.state === 'open') child.feed(Buffer.from(m));
      await settle(2);
      gensio.abort();
    }),
    { numRuns: 50 },
  );
});

for (const [name, over, below] of [
  ['relpkt,msgdelim,tcp', overMsgdelim, tcpSpec],
  ['relpkt,udp', (child: LayerSpec) => spec({}, child), (port: number) => layerSpec('udp', {}, { addrs: loopback(port) })],
] as const) {
  test(`gensiot talks to our ${name}, both ways, and its close is seen`, { skip: noGensiot }, async (t) => {
    const { port, accepted } = await listening(t, over(below(0)));
    const far = gensiot(t, `${name},127.0.0.1,${port}`);
    await until(() => accepted.length === 1, far.out);
    await talk(accepted[0]!, far, 'they', `hello ${'x'.repeat(5000)}\n`);
  });
  test(`our ${name} talks to gensiot, both ways, and closes`, { skip: noGensiot }, async (t) => {
    const port = await freePort();
    const far = gensiot(t, '-a', `${name},127.0.0.1,${port}`);
    await talk(await calling(over(below(port)), far.out), far, 'we');
  });
}
