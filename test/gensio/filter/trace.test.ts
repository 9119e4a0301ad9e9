import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dump, traceFilter } from '../../../src/gensio/filter/trace.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { testFolder } from '../../rig/keys.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

const dir = testFolder();
let n = 0;
const fresh = (): string => join(dir, `t${n++}`);
const spec = (opts: Partial<LayerOf<'trace'>['opts']>) => layerSpec('trace', opts, { child: tcpSpec(1) });

compliance('trace', {
  async make() {
    const [a, b] = linkedPair();
    const gensio = traceFilter(spec({ dir: 'both', file: fresh() }), a, false, testEnv());
    assert.equal(await opened(gensio), undefined);
    return { gensio, far: farGensio(b) };
  },
  refused: () => ({ gensio: traceFilter(spec({ dir: 'both', file: '/no/such/dir/t' }), new FakeGensio(), false, testEnv()), code: 'perm' }),
});

async function rig(opts: Partial<LayerOf<'trace'>['opts']>) {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const gensio = traceFilter(spec(opts), child, false, testEnv({ clock }));
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  clock.advance(1001.5);
  gensio.write(Buffer.from('hello\n'));
  child.feed('world, this is longer than a row');
  return { child, gensio, recorder };
}
const WRITE = '1:001500 Write (6):\n 0000: 68 65 6c 6c 6f 0a                                hello.\n';
const READ =
  '1:001500 Read (32):\n 0000: 77 6f 72 6c 64 2c 20 74 68 69 73 20 69 73 20 6c  world, this is l\n' +
  ' 0010: 6f 6e 67 65 72 20 74 68 61 6e 20 61 20 72 6f 77  onger than a row\n';

test('what passes is written down as gensio does it, each direction when asked', async () => {
  for (const [direction, want] of [
    ['both', WRITE + READ],
    ['read', READ],
    ['write', WRITE],
  ] as const) {
    const file = fresh();
    writeFileSync(file, 'before\n');
    const { recorder, child } = await rig({ dir: direction, file });
    assert.equal(recorder.length, 32);
    assert.equal(child.take().length, 6);
    await until(
      () => readFileSync(file, 'latin1') === `before\n${want}`,
      () => readFileSync(file, 'latin1'),
    );
  }
});

test('raw writes the bytes themselves; delold empties the file first', async () => {
  const file = fresh();
  writeFileSync(file, 'before\n');
  await rig({ dir: 'both', file, raw: true, delold: true });
  await until(
    () => readFileSync(file, 'latin1') === 'hello\nworld, this is longer than a row',
    () => readFileSync(file, 'latin1'),
  );
});

test('b4dir writes down what comes before it is passed on, also where it is thrown away', async () => {
  const file = fresh();
  const { gensio, recorder, child } = await rig({ b4dir: 'both', dir: 'read', block: 'write', file });
  gensio.close();
  await until(() => recorder.closes === 1, 'the end');
  await until(() => readFileSync(file, 'latin1').endsWith('row\n'), 'the file');
  assert.equal(readFileSync(file, 'latin1'), WRITE.replace('Write', 'b4Write') + READ.replace('Read', 'b4Read') + READ);
  assert.equal(child.take().length, 0);
  const none = fresh();
  await rig({ b4dir: 'read', file: none });
  await until(() => readFileSync(none, 'latin1') === READ.replace('Read', 'b4Read'), 'the file of b4dir alone');
});

test('block throws a direction away', async () => {
  const read = await rig({ block: 'read' });
  assert.equal(read.recorder.length, 0);
  assert.equal(read.child.take().length, 6);
  const write = await rig({ block: 'write' });
  assert.equal(write.recorder.length, 32);
  assert.equal(write.child.take().length, 0);
});

test('bytes that are no text are dots', () => {
  assert.equal(dump(Buffer.from([0, 127, 128, 255, 32, 126])), ' 0000: 00 7f 80 ff 20 7e                                .... ~\n');
});
