import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GensioError } from '../../../src/base/gensio-error.ts';
import { keepopenConnector } from '../../../src/gensio/filter/keepopen.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import type { StackBuilder } from '../../../src/gensio/stack-builder.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec } from '../layer-spec.ts';

const spec = (opts: Partial<LayerOf<'keepopen'>['opts']> = {}) =>
  layerSpec('keepopen', opts, { child: layerSpec('echo', {}, { rest: '' }) });
const building = (next: () => Gensio): StackBuilder => ({ connector: next, accepter: () => assert.fail() });

compliance('keepopen', {
  // It outlives its far end: that is what it is for.
  without: ['far-close'],
  async make() {
    const [a, b] = linkedPair();
    const gensio = keepopenConnector(
      spec(),
      testEnv(),
      building(() => a),
    );
    assert.equal(await opened(gensio), undefined);
    await settle(2);
    return { gensio, far: farGensio(b) };
  },
  unopened: () =>
    keepopenConnector(
      spec(),
      testEnv(),
      building(() => linkedPair()[0]),
    ),
});

/** A keepopen whose children the test plays. */
async function rig(opts: Partial<LayerOf<'keepopen'>['opts']> = {}) {
  const clock = new FakeClock();
  const env = testEnv({ clock });
  const children: FakeGensio[] = [];
  const gensio = keepopenConnector(
    spec(opts),
    env,
    building(() => {
      const child = new FakeGensio({ open: 'manual' });
      children.push(child);
      return child;
    }),
  );
  const recorder = new RecordingUp();
  gensio.up = recorder;
  const open = opened(gensio);
  // The first child takes its time: open() does not wait for ever.
  clock.advance(250);
  assert.equal(await open, undefined);
  return { clock, env, children, gensio, recorder };
}

test('it opens although nothing is below, tries again after retry-time, and says so at info level only', async () => {
  const { clock, env, children, gensio } = await rig();
  assert.equal(children.length, 1);
  children[0]!.opened(new GensioError('notfound'));
  assert.equal(children.length, 2);
  clock.advance(999);
  assert.deepEqual(children[1]!.calls, []);
  clock.advance(1);
  assert.deepEqual(children[1]!.calls, ['open']);
  children[1]!.opened();
  assert.deepEqual(env.lines, ['info Error opening child gensio: Value or file not found', 'info child gensio open restored']);
  gensio.abort();
});

test('what is written while nothing is open waits, and goes out first', async () => {
  const { clock, children, gensio, recorder } = await rig();
  assert.equal(gensio.write(Buffer.from('one ')), false);
  assert.equal(gensio.write(Buffer.from('two')), false);
  assert.equal(gensio.bufferedBytes(), 7);
  children[0]!.opened(new GensioError('notfound'));
  clock.advance(1000);
  assert.equal(recorder.writables, 0);
  children[1]!.opened();
  assert.equal(children[1]!.take().toString(), 'one two');
  assert.equal(recorder.writables, 1);
  assert.equal(gensio.write(Buffer.from('!')), true);
});

test('with discard-badwrites it is thrown away, and nobody waits', async () => {
  const { clock, children, gensio, recorder } = await rig({ discardBadwrites: true, retryTime: 50 });
  assert.equal(gensio.write(Buffer.from('lost')), true);
  children[0]!.opened();
  children[0]!.full = true;
  assert.equal(gensio.write(Buffer.from('x')), false);
  children[0]!.end(new GensioError('ioerr'));
  assert.equal(recorder.writables, 1);
  clock.advance(50);
  children[1]!.opened();
  assert.equal(children[1]!.take().length, 0);
});

test('an error below is not seen above; reading goes on as it was', async () => {
  const { clock, env, children, gensio, recorder } = await rig();
  gensio.setReading(true);
  children[0]!.opened();
  children[0]!.feed('a');
  children[0]!.end(new GensioError('ioerr'));
  assert.equal(recorder.closes, 0);
  assert.equal(env.lines[0], 'info I/O error from child gensio: Internal I/O error');
  clock.advance(1000);
  children[1]!.opened();
  assert.equal(children[1]!.reading, true);
  children[1]!.feed('b');
  assert.equal(recorder.text(), 'ab');
  children[1]!.emit({ on: 'modemstate', state: 1 });
  assert.equal(recorder.events.length, 1);
});

test('closing ends what is below and the waiting for it', async () => {
  for (const how of ['waiting', 'trying', 'open'] as const) {
    const { clock, children, gensio, recorder } = await rig();
    if (how === 'open') children[0]!.opened();
    if (how === 'waiting') children[0]!.opened(new GensioError('notfound'));
    gensio.close();
    await until(() => recorder.closes === 1, 'closed()');
    assert.equal(recorder.error, undefined);
    assert.equal(clock.timers, 0, how);
    if (how !== 'waiting') assert.ok(children[0]!.state === 'closed', how);
    assert.equal(children.length, how === 'waiting' ? 2 : 1);
  }
});

test('open waits a moment for the first try, so that the device can be asked at once', async () => {
  const child = new FakeGensio({ open: 'manual' });
  const gensio = keepopenConnector(
    spec(),
    testEnv({ clock: new FakeClock() }),
    building(() => child),
  );
  let done = false;
  gensio.open(() => {
    done = true;
  });
  await settle(2);
  assert.equal(done, false);
  child.opened();
  assert.equal(done, true);
});
