import assert from 'node:assert/strict';
import { test } from 'node:test';
import { perfFilter } from '../../../src/gensio/filter/perf.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

async function rig(opts: Partial<LayerOf<'perf'>['opts']> = {}, full = false) {
  const clock = new FakeClock();
  const child = new FakeGensio();
  child.full = full;
  const gensio = perfFilter(layerSpec('perf', opts, { child: tcpSpec(1) }), child, false, testEnv({ clock }));
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  return { clock, child, gensio, recorder };
}

const onPair = (child: Gensio): Gensio => perfFilter(layerSpec('perf', {}, { child: tcpSpec(1) }), child, false, testEnv());
compliance('perf', {
  async make() {
    const [a, b] = linkedPair();
    const gensio = onPair(a);
    assert.equal(await opened(gensio), undefined);
    return { gensio, far: farGensio(b) };
  },
  unopened: () => onPair(linkedPair()[0]),
  // It drops what is written, reads all there is, and hands up lines of its own.
  without: ['same-bytes', 'bulk', 'back-pressure', 'flow', 'last-words', 'far-close'],
});

test('what is written is dropped, what comes is counted, and each second a line says so', async () => {
  const { clock, child, gensio, recorder } = await rig();
  gensio.write(Buffer.from('dropped'));
  child.feed('12345');
  clock.advance(1000);
  assert.equal(recorder.text(), 'Wrote 0, Read 5 in 1 second\n');
  clock.advance(1000);
  assert.equal(recorder.text(), 'Wrote 0, Read 5 in 1 second\nWrote 0, Read 0 in 1 second\n');
  assert.equal(child.writes.length, 0);
});

test('a line nobody reads stands for the seconds after it; memory does not grow', async () => {
  const { clock, gensio, recorder } = await rig();
  gensio.setReading(false);
  clock.advance(100_000);
  gensio.setReading(true);
  await until(() => recorder.length > 0, 'lines');
  clock.advance(1000);
  assert.equal(recorder.text(), 'Wrote 0, Read 0 in 1 second\nWrote 0, Read 0 in 100 seconds\n');
});

test('so much is written as asked, then the total and the end', async () => {
  const { clock, child, recorder } = await rig({ writeLen: 2500, writebuf: 1000, expectLen: 10 });
  await settle();
  assert.deepEqual(
    child.writes.map((b) => b.length),
    [1000, 1000, 500],
  );
  clock.advance(500);
  child.feed('0123456789');
  await until(() => recorder.closes === 1, 'the end');
  assert.equal(
    recorder.text(),
    'TOTAL: Wrote 2500 in 0.001 seconds\n         2500000.000000 write bytes/sec\n' +
      '       Read 10 in 0.500 seconds\n         20.000000 read bytes/sec\n',
  );
  assert.equal(recorder.error?.code, 'remclose');
});

test('when the peer closes the total comes before closed()', async () => {
  const { child, recorder, clock } = await rig();
  child.feed('abc');
  clock.advance(250);
  child.end();
  assert.match(recorder.text(), /^TOTAL: Wrote 0 in 0\.250 seconds\n {9}0\.000000 write bytes\/sec\n {7}Read 3 in 0\.250 seconds/);
  assert.equal(recorder.closes, 1);
  assert.equal(clock.timers, 0);
  assert.deepEqual(recorder.broken, []);
});

test('a writer below that says no is waited for', async () => {
  const { child, gensio } = await rig({ writeLen: 5000, writebuf: 1000 }, true);
  await settle();
  assert.equal(child.writes.length, 1);
  child.drain();
  await settle();
  assert.equal(child.writes.length, 5);
  gensio.abort();
});
