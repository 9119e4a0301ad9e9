import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chardelayFilter } from '../../../src/gensio/filter/chardelay.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, RecordingUp, settle } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

const spec = (opts: Partial<LayerOf<'chardelay'>['opts']>) => layerSpec('chardelay', opts, { child: tcpSpec(1) });

compliance('chardelay', {
  make() {
    const [a, b] = linkedPair();
    return { gensio: chardelayFilter(spec({}), a, false, testEnv()), far: farGensio(b) };
  },
});

function rig(opts: Partial<LayerOf<'chardelay'>['opts']>) {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const gensio = chardelayFilter(spec(opts), child, false, testEnv({ clock }));
  const recorder = new RecordingUp();
  gensio.up = recorder;
  return { clock, child, gensio, recorder, write: (text: string) => recorder.during(() => gensio.write(Buffer.from(text, 'latin1'))) };
}

test('bytes are gathered until nothing came for min-delay, at latest max-delay after the first', () => {
  const { clock, child, write } = rig({ minDelay: 5, maxDelay: 12 });
  write('a');
  clock.advance(4);
  write('b');
  clock.advance(4);
  assert.equal(child.writes.length, 0);
  clock.advance(1);
  assert.equal(child.take().toString(), 'ab');
  for (const c of '12345') {
    write(c);
    clock.advance(3);
  }
  assert.equal(child.take().toString(), '1234');
});

test('enough bytes are sent at once', () => {
  const { child, write, clock } = rig({ writebuf: 10 });
  write('123456789');
  assert.equal(child.writes.length, 0);
  write('0');
  assert.equal(child.take().toString(), '1234567890');
  assert.equal(clock.timers, 0);
});

test('a sendon text sends, also when it comes in pieces, and only once for each time it is written', () => {
  const { child, write } = rig({ sendon: '\r\n END' });
  write('abc\r');
  assert.equal(child.writes.length, 0);
  write('\nx');
  assert.equal(child.take().toString(), 'abc\r\nx');
  write('E');
  write('N');
  write('D');
  assert.equal(child.take().toString(), 'END');
  write('more');
  assert.equal(child.writes.length, 0);
});

test('close() sends what was gathered', async () => {
  const { child, gensio, recorder, write } = rig({ minDelay: 1000 });
  write('last words');
  gensio.close();
  assert.equal(child.take().toString(), 'last words');
  await settle();
  assert.equal(recorder.closes, 1);
});

test('whatever is written arrives in order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(30))), (steps) => {
      const { child, gensio, clock } = rig({ minDelay: 5, maxDelay: 20, writebuf: 64 });
      for (const [bytes, pause] of steps) {
        gensio.write(Buffer.from(bytes));
        clock.advance(pause);
      }
      clock.advance(100);
      assert.deepEqual(child.take(), Buffer.concat(steps.map(([bytes]) => bytes)));
    }),
  );
});
