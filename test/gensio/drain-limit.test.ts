import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { DrainLimit, DrainLimitAccepter, drainLimitOf } from '../../src/gensio/drain-limit.ts';
import type { Accepter, AccepterUp, Gensio } from '../../src/gensio/gensio.ts';
import { Builder } from '../../src/gensio/registry.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { opened, RecordingUp, until } from '../compliance/recording-up.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { testEnv } from '../rig/gensio-env.ts';

function rig(limit: number) {
  const clock = new FakeClock();
  const below = new FakeGensio({ close: 'manual' });
  const gensio = new DrainLimit(below, limit, clock);
  const up = new RecordingUp();
  gensio.up = up;
  return { clock, below, gensio, up };
}

test('what was not written in time is given up, and a close that is done before is left alone', () => {
  const late = rig(100);
  late.below.queuedBytes = 5;
  late.gensio.close();
  late.clock.advance(99);
  assert.deepEqual(late.below.calls, ['close']);
  late.clock.advance(1);
  assert.deepEqual(late.below.calls, ['close', 'abort']);
  late.below.end();
  assert.equal(late.up.closes, 1);
  const early = rig(100);
  early.below.queuedBytes = 5;
  early.gensio.close();
  early.below.end();
  early.clock.advance(1000);
  assert.deepEqual([early.below.calls, early.clock.timers], [['close'], 0]);
});

test('a close that only waits for the farewell of the peer is not cut, and 0 does not wait for data', () => {
  const drained = rig(100);
  drained.gensio.close();
  drained.clock.advance(1000);
  assert.deepEqual(drained.below.calls, ['close']);
  const none = rig(0);
  none.below.queuedBytes = 1;
  none.gensio.close();
  assert.deepEqual(none.below.calls, ['abort']);
  const empty = rig(0);
  empty.gensio.close();
  assert.deepEqual(empty.below.calls, ['close']);
});

test('every layer of gensio 3.0 that has drain_timeout takes it, -1 is no limit, and serialdev has none', () => {
  const limit = (text: string, role: 'accepter' | 'connector' = 'connector'): number | undefined | string => {
    const { spec, error } = parseStack(text, role);
    return spec === undefined ? error : drainLimitOf(spec);
  };
  for (const layer of ['ssl', 'certauth', 'msgdelim', 'ratelimit', 'chardelay', 'xlt']) {
    const more = layer === 'ratelimit' ? ',xmit_delay=1s' : layer === 'ssl' ? ',CA=/x' : layer === 'certauth' ? ',username=x' : '';
    assert.equal(limit(`${layer}(drain_timeout=250${more}),tcp,h,1`), 250, layer);
  }
  assert.equal(limit('tcp(drain_timeout=0),h,1'), 0);
  assert.equal(limit('tcp(drain_timeout=-1),h,1'), undefined);
  assert.equal(limit('tcp,h,1'), undefined);
  assert.equal(limit('unix(drain_timeout=5),/x', 'accepter'), 5);
  assert.equal(limit('serialdev(drain_timeout=5),/dev/x'), 'inval');
});

test('connections of an accepter have its limit', () => {
  const clock = new FakeClock();
  const child: Accepter = {
    type: 'tcp',
    up: undefined as unknown as AccepterUp,
    listen: (done) => done(),
    close: (done) => done(),
    port: () => 4711,
  };
  const accepter = new DrainLimitAccepter(child, 50, clock);
  let got: Gensio | undefined;
  accepter.up = {
    accepted: (gensio) => {
      got = gensio;
    },
    failed: () => assert.fail(),
  };
  assert.equal(accepter.port(), 4711);
  const below = new FakeGensio({ close: 'manual' });
  below.queuedBytes = 1;
  child.up.accepted(below);
  got!.up = new RecordingUp();
  got!.close();
  clock.advance(50);
  assert.deepEqual(below.calls, ['close', 'abort']);
});

test('a TCP connection whose peer does not read is over after drain_timeout', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pause();
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const gensio = new Builder(testEnv()).connector(parseStack(`tcp(drain_timeout=50),127.0.0.1,${port}`, 'connector').spec!);
  const up = new RecordingUp();
  gensio.up = up;
  assert.equal(await opened(gensio), undefined);
  while (gensio.write(Buffer.alloc(1 << 20)));
  gensio.close();
  await until(() => up.closes === 1, 'the end');
});
