import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { xltFilter } from '../../../src/gensio/filter/xlt.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio } from '../../compliance/recording-up.ts';
import { FakeGensio, RecordingUp } from '../../rig/fake-gensio.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

const spec = (opts: Partial<LayerOf<'xlt'>['opts']>) => layerSpec('xlt', opts, { child: tcpSpec(1) });
/** What comes up and what goes down for a text in each direction. */
function through(opts: Partial<LayerOf<'xlt'>['opts']>, text: string): { up: string; down: string } {
  const child = new FakeGensio();
  const gensio = xltFilter(spec(opts), child);
  const up = new RecordingUp();
  gensio.up = up;
  gensio.setReading(true);
  child.feed(text);
  gensio.write(Buffer.from(text, 'latin1'));
  return { up: up.take().toString('latin1'), down: child.take().toString('latin1') };
}

compliance('xlt', {
  make() {
    const [a, b] = linkedPair();
    return { gensio: xltFilter(spec({ in: [[1, 1]] }), a), far: farGensio(b) };
  },
  unopened: () => xltFilter(spec({}), linkedPair()[0]),
});

test('crlf and crnl, lfcr and nlcr turn CR and LF round, each direction the other way', () => {
  for (const opts of [{ crlf: true }, { crnl: true }]) assert.deepEqual(through(opts, 'a\rb\nc'), { up: 'a\nb\nc', down: 'a\rb\rc' });
  for (const opts of [{ lfcr: true }, { nlcr: true }]) assert.deepEqual(through(opts, 'a\rb\nc'), { up: 'a\rb\rc', down: 'a\nb\nc' });
});

test('in is for what comes up, out for what goes down; a later pair wins', () => {
  assert.deepEqual(
    through(
      {
        in: [
          [97, 98],
          [97, 99],
        ],
        out: [[98, 97]],
      },
      'ab',
    ),
    { up: 'cb', down: 'aa' },
  );
});

test('every byte that has no pair stays as it is', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { maxLength: 5 }), (bytes, pairs) => {
      const text = Buffer.from(bytes).toString('latin1');
      const want = Buffer.from(bytes.map((b) => pairs.findLast(([from]) => from === b)?.[1] ?? b)).toString('latin1');
      assert.deepEqual(through({ in: pairs, out: pairs }, text), { up: want, down: want });
    }),
  );
});
