import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import { muxFilter } from '../../../src/gensio/filter/mux.ts';
import {
  closeMessage,
  dataMessage,
  initMessage,
  MuxDecoder,
  newChannelMessage,
  newChannelResponse,
} from '../../../src/gensio/filter/mux-codec.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { freePort } from '../../rig/free-port.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { gensiot, noGensiot } from '../../rig/gensiot.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { talk } from '../../rig/program.ts';
import { calling, listening } from '../../rig/stack-ends.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

type Opts = Partial<LayerOf<'mux'>['opts']>;
const spec = (opts: Opts = {}, port = 0) => layerSpec('mux', opts, { child: tcpSpec(port) });

async function pair(opts: Opts = {}): Promise<{ s: Gensio; c: Gensio }> {
  const [a, b] = linkedPair();
  const s = muxFilter(spec(opts), a, true, testEnv());
  const c = muxFilter(spec({ ...opts, service: 'some service' }), b, false, testEnv());
  assert.deepEqual(await Promise.all([opened(s), opened(c)]), [undefined, undefined]);
  return { s, c };
}
compliance('mux server', {
  piece: 8192,
  async make() {
    const { s, c } = await pair();
    return { gensio: s, far: farGensio(c) };
  },
});
compliance('mux client with small windows', {
  piece: 500,
  bulk: 100_000,
  async make() {
    const { s, c } = await pair({ readbuf: 200, writebuf: 100 });
    return { gensio: c, far: farGensio(s) };
  },
});

/** The calls as text, neighbouring fragments joined. */
function calls(chunks: readonly Buffer[]): string {
  let log = '';
  const add = (text: string): void => {
    log += text;
  };
  const decoder = new MuxDecoder();
  for (const chunk of chunks)
    decoder.push(chunk, {
      init: (v) => add(` init${v}`),
      newChannel: (id, w, n) => add(` new${id}/${w}/${n}`),
      newChannelResponse: (to, w, id, e) => add(` rsp${to}/${w}/${id}/${e}`),
      closeChannel: (to, code) => add(` close${to}/${code}`),
      data: (to, ack, n) => add(` data${to}/${ack}/${n}:`),
      fragment: (part, last) => add(part.toString('hex') + (last ? '.' : '')),
      broken: (why) => add(` broken ${why}`),
    });
  return log;
}
const SAMPLE = Buffer.concat([
  initMessage(),
  newChannelMessage(7, 16384, Buffer.from('svc')),
  newChannelResponse(7, 0xfffffffe, 65535, 3),
  dataMessage(1, 70_000, Buffer.from('hello')),
  dataMessage(1, 3, Buffer.alloc(0)),
  closeMessage(513),
]);

test('every cut of the input gives the same messages', () => {
  const whole = ' init1 new7/16384/3 rsp7/4294967294/65535/3 data1/70000/5:68656c6c6f. data1/3/0: close513/0';
  assert.equal(calls([SAMPLE]), whole);
  for (let i = 1; i < SAMPLE.length; i++) assert.equal(calls([SAMPLE.subarray(0, i), SAMPLE.subarray(i)]), whole, `cut at ${i}`);
  assert.equal(calls([...SAMPLE].map((b) => Buffer.from([b]))), whole);
});

test('the first bytes are those of gensio', () => {
  assert.equal(initMessage().toString('hex'), '11000100');
  assert.equal(newChannelMessage(0, 16384, Buffer.alloc(0)).toString('hex'), '22000000000040000000');
});

test('any bytes never throw, and after the first broken message there is silence', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
      const log = calls(chunks.map((c) => Buffer.from(c)));
      assert.ok((log.match(/broken/g) ?? []).length <= 1);
      assert.match(log, /^((?!broken).)*( broken [^/]*)?$/);
    }),
  );
});

/** An open server whose child the test plays. */
async function server(opts: Opts = {}): Promise<{ child: FakeGensio; recorder: RecordingUp; gensio: Gensio; lines: string[] }> {
  const env = testEnv({ clock: new FakeClock() });
  const child = new FakeGensio();
  const gensio = muxFilter(spec(opts), child, true, env);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  const open = opened(gensio);
  await settle(2);
  child.feed(Buffer.concat([initMessage(), newChannelMessage(9, 1000, Buffer.alloc(0))]));
  assert.equal(await open, undefined);
  assert.equal(child.take().toString('hex'), `11000100${newChannelResponse(9, opts.readbuf ?? 16384, 0, 0).toString('hex')}`);
  gensio.setReading(true);
  return { child, recorder, gensio, lines: env.lines };
}

test('lengths that lie, and messages out of place, end the connection with a protocol error', async () => {
  for (const [bytes, why] of [
    [dataMessage(0, 0, Buffer.alloc(16384)), 'Too much data from remote end'],
    [dataMessage(0, 5, Buffer.alloc(1)), 'acked > chan->sent_unacked'],
    [dataMessage(1, 0, Buffer.alloc(1)), 'Invalid channel state on data'],
    [closeMessage(4), 'Invalid channel state on close'],
    [initMessage(), 'Init when already initialized'],
    [newChannelResponse(0, 1000, 0, 0), 'Invalid channel state on open response'],
    [Buffer.from('f1', 'hex'), 'msgid out of range'],
    [Buffer.from('01', 'hex'), 'msgid out of range'],
    [Buffer.from('51', 'hex'), 'Invalid header size'],
    [Buffer.from('5f', 'hex'), 'Invalid header size'],
  ] as const) {
    const { child, recorder, lines } = await server();
    child.feed(bytes);
    await settle();
    assert.equal(recorder.error?.code, 'protoerr', why);
    assert.deepEqual(lines, [`err Protocol error: ${why}`]);
  }
});

test('before the init nothing is allowed, and a window too small is refused', async () => {
  for (const [bytes, why] of [
    [newChannelMessage(0, 1000, Buffer.alloc(0)), 'Not initialized'],
    [dataMessage(0, 0, Buffer.alloc(1)), 'Invalid channel state on data'],
    [Buffer.concat([initMessage(), newChannelMessage(0, 128, Buffer.alloc(0))]), 'Invalid send window size'],
    [Buffer.from('GET / HTTP/1.0\r\n'), 'Invalid header size'],
  ] as const) {
    const env = testEnv();
    const child = new FakeGensio();
    const gensio = muxFilter(spec(), child, true, env);
    const open = opened(gensio);
    await settle(2);
    child.feed(bytes);
    assert.equal((await open)?.code, 'protoerr');
    assert.deepEqual(env.lines, [`err Protocol error: ${why}`]);
  }
});

test('a far end that never says anything is given up', async () => {
  const clock = new FakeClock();
  const gensio = muxFilter(spec(), new FakeGensio(), true, testEnv({ clock }));
  const errors: (GensioError | undefined)[] = [];
  gensio.open((err) => void errors.push(err));
  await settle();
  clock.advance(60_000);
  assert.equal(errors[0]?.code, 'timedout');
});

test('a second channel is refused, and the first goes on', async () => {
  const { child, recorder } = await server();
  child.feed(newChannelMessage(10, 1000, Buffer.from('more')));
  assert.equal(child.take().toString('hex'), newChannelResponse(10, 16384, 0, 2).toString('hex'));
  child.feed(dataMessage(0, 0, Buffer.from('data')));
  assert.equal(recorder.text(), 'data');
});

test('who asks for channels and does not read the answers is cut off after some', async () => {
  const { child, recorder } = await server();
  const ask = newChannelMessage(10, 1000, Buffer.alloc(0));
  child.full = true;
  for (let n = 0; n < 60; n++) child.feed(ask);
  child.drain();
  assert.equal(recorder.closes, 0);
  child.full = true;
  for (let n = 0; n < 1000; n++) child.feed(ask);
  assert.equal(recorder.error?.code, 'protoerr');
  assert.ok(child.writes.length < 200, `${child.writes.length} answers`);
});

test('what was read is acknowledged with its overhead, and only then', async () => {
  const { child, recorder, gensio } = await server();
  gensio.setReading(false);
  child.feed(dataMessage(0, 0, Buffer.from('hello')));
  await settle();
  assert.equal(child.writes.length, 0);
  gensio.setReading(true);
  await until(() => recorder.text() === 'hello', 'data');
  await settle(3);
  assert.equal(child.take().toString('hex'), dataMessage(9, 8, Buffer.alloc(0)).toString('hex'));
});

test('what the peer sent before it closed is read first, and the close stays its close', async () => {
  const { child, recorder, gensio } = await server();
  gensio.setReading(false);
  child.feed(dataMessage(0, 0, Buffer.from('last')));
  child.feed(closeMessage(0));
  await settle();
  assert.equal(child.state, 'closed');
  assert.equal(recorder.closes, 0);
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'closed()');
  assert.equal(recorder.text(), 'last');
  assert.equal(recorder.error?.code, 'remclose');
});

test('no more is sent than the window of the peer takes, half of it at most in one message', async () => {
  const { child, recorder, gensio } = await server();
  assert.equal(gensio.write(Buffer.alloc(5000)), false);
  const sent = child.writes.map((b) => b.length - 10);
  assert.deepEqual(sent, [497, 497]);
  child.feed(dataMessage(0, 500, Buffer.alloc(0)));
  assert.equal(child.writes.length, 3);
  assert.equal(recorder.writables, 0);
  for (let i = 0; i < 12; i++) child.feed(dataMessage(0, 500, Buffer.alloc(0)));
  assert.equal(
    child.writes.reduce((sum, b) => sum + Math.max(0, b.length - 10), 0),
    5000,
  );
  assert.equal(recorder.writables, 1);
});

test('gensiot talks to our mux, both ways, and its close is seen', { skip: noGensiot }, async (t) => {
  const { port, accepted } = await listening(t, spec({}));
  const far = gensiot(t, `mux(service=abc),tcp,127.0.0.1,${port}`);
  await until(() => accepted.length === 1, far.out);
  await talk(accepted[0]!, far, 'they', `hello ${'x'.repeat(100_000)}\n`);
});

test('our mux talks to gensiot, both ways, and closes', { skip: noGensiot }, async (t) => {
  const port = await freePort();
  const far = gensiot(t, '-a', `mux,tcp,127.0.0.1,${port}`);
  await talk(await calling(spec({ service: 'xyz' }, port), far.out), far, 'we');
});

test('a window of two gigabytes and more is a big one, not a negative one', async () => {
  const child = new FakeGensio();
  const gensio = muxFilter(layerSpec('mux', {}, { child: tcpSpec(1) }), child, true, testEnv());
  const done = opened(gensio);
  await settle(1);
  child.feed(Buffer.concat([initMessage(), newChannelMessage(1, 0xab860022, Buffer.alloc(0))]));
  assert.equal(await done, undefined);
  child.take();
  gensio.write(Buffer.from('hello'));
  assert.equal(child.writes.length, 1);
  assert.ok(child.take().includes('hello'));
});
