import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GensioError } from '../../../src/base/gensio-error.ts';
import { conaccAccepter } from '../../../src/gensio/filter/conacc.ts';
import type { Accepter, Gensio } from '../../../src/gensio/gensio.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec } from '../layer-spec.ts';

const spec = (opts: Partial<LayerOf<'conacc'>['opts']> = {}) => layerSpec('conacc', opts, { child: layerSpec('echo', {}, { rest: '' }) });

compliance('conacc', {
  async make(t) {
    const [a, b] = linkedPair();
    const accepter = conaccAccepter(spec(), testEnv(), { connector: () => a, accepter: () => assert.fail() });
    const accepted: Gensio[] = [];
    accepter.up = { accepted: (g) => void accepted.push(g), failed: () => undefined };
    accepter.listen(() => undefined);
    t.after(() => accepter.close(() => undefined));
    await until(() => accepted.length === 1, 'the connection');
    return { gensio: accepted[0]!, far: farGensio(b) };
  },
});

async function rig(opts: Partial<LayerOf<'conacc'>['opts']> = {}) {
  const clock = new FakeClock();
  const children: FakeGensio[] = [];
  const accepted: Gensio[] = [];
  const failed: GensioError[] = [];
  const accepter: Accepter = conaccAccepter(spec(opts), testEnv({ clock }), {
    connector: () => {
      const child = new FakeGensio({ open: 'manual' });
      children.push(child);
      return child;
    },
    accepter: () => assert.fail(),
  });
  accepter.up = { accepted: (g) => void accepted.push(g), failed: (err) => void failed.push(err) };
  assert.equal(await new Promise((resolve) => accepter.listen(resolve)), undefined);
  await settle(2);
  return { clock, children, accepted, failed, accepter };
}

test('a connection that ends is opened again, at once when it lasted, after a moment when it did not', async () => {
  const { clock, children, accepted } = await rig();
  children[0]!.opened();
  assert.equal(accepted.length, 1);
  const recorder = new RecordingUp();
  accepted[0]!.up = recorder;
  clock.advance(1000);
  children[0]!.end(new GensioError('remclose'));
  assert.equal(recorder.closes, 1);
  clock.advance(0);
  assert.equal(children.length, 2);
  children[1]!.opened();
  accepted[1]!.up = new RecordingUp();
  children[1]!.end();
  clock.advance(100);
  assert.equal(children.length, 2);
  clock.advance(200);
  assert.equal(children.length, 3);
});

test('a failed open is the last one, unless there is a retry-time', async () => {
  const once = await rig();
  once.children[0]!.opened(new GensioError('connrefuse'));
  assert.deepEqual(
    once.failed.map((e) => [e.message, e.stage]),
    [['Connection refused', 'opening']],
  );
  once.clock.advance(100_000);
  assert.equal(once.children.length, 1);
  const again = await rig({ retryTime: 500 });
  again.children[0]!.opened(new GensioError('connrefuse'));
  again.clock.advance(499);
  assert.equal(again.children.length, 1);
  again.clock.advance(1);
  assert.equal(again.children.length, 2);
});

test('after close() nothing is opened any more, and a connection handed over lives on', async () => {
  const { clock, children, accepted, accepter } = await rig({ retryTime: 10 });
  children[0]!.opened();
  const recorder = new RecordingUp();
  accepted[0]!.up = recorder;
  await new Promise<void>((resolve) => accepter.close(resolve));
  assert.equal(children[0]!.state, 'open');
  children[0]!.end();
  clock.advance(10_000);
  assert.equal(children.length, 1);
  const other = await rig({ retryTime: 10 });
  await new Promise<void>((resolve) => other.accepter.close(resolve));
  assert.equal(other.children[0]!.state, 'closed');
});
