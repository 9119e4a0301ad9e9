import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratelimitFilter } from '../../../src/gensio/filter/ratelimit.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, RecordingUp, settle } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

const spec = (xmitDelay: number | undefined, xmitLen: number) => layerSpec('ratelimit', { xmitDelay, xmitLen }, { child: tcpSpec(1) });

compliance('ratelimit', {
  make() {
    const [a, b] = linkedPair();
    return { gensio: ratelimitFilter(spec(0.05, 4096), a, false, testEnv()), far: farGensio(b) };
  },
});

function rig(delay: number, length: number) {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const gensio = ratelimitFilter(spec(delay, length), child, false, testEnv({ clock }));
  const recorder = new RecordingUp();
  gensio.up = recorder;
  return { clock, child, gensio, recorder };
}

test('so many bytes, then a pause, then the next; a writer waits for the last', () => {
  const { clock, child, gensio, recorder } = rig(10, 3);
  assert.equal(
    recorder.during(() => gensio.write(Buffer.from('abcdefgh'))),
    false,
  );
  assert.equal(child.take().toString(), 'abc');
  assert.equal(gensio.bufferedBytes(), 5);
  clock.advance(9);
  assert.equal(child.take().toString(), '');
  clock.advance(1);
  assert.equal(child.take().toString(), 'def');
  assert.equal(recorder.writables, 0);
  clock.advance(10);
  assert.equal(child.take().toString(), 'gh');
  assert.equal(recorder.writables, 1);
  assert.equal(clock.timers, 0);
  clock.advance(5);
  gensio.write(Buffer.from('i'));
  assert.equal(child.take().toString(), '', 'still in the pause of the piece before');
  clock.advance(5);
  assert.equal(child.take().toString(), 'i');
});

test('a delay below a millisecond is kept on average', () => {
  const { clock, child, gensio } = rig(0.1, 1);
  gensio.write(Buffer.alloc(1000));
  clock.advance(50);
  const sent = child.take().length;
  assert.ok(sent >= 490 && sent <= 510, `${sent} bytes in 50 ms`);
});

test('reading is not limited, a full child is waited for, and close() sends what is left', async () => {
  const { clock, child, gensio, recorder } = rig(10, 1);
  gensio.setReading(true);
  child.feed('all at once');
  assert.equal(recorder.text(), 'all at once');
  child.full = true;
  gensio.write(Buffer.from('abc'));
  clock.advance(100);
  assert.equal(child.take().toString(), 'a');
  child.drain();
  gensio.close();
  clock.advance(100);
  assert.equal(child.take().toString(), 'bc');
  await settle();
  assert.equal(recorder.closes, 1);
});

test('without xmit_delay it cannot be made', () => {
  assert.throws(() => ratelimitFilter(spec(undefined, 1), new FakeGensio(), false, testEnv()), { code: 'inval' });
});
