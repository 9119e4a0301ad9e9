import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc16, encodeMessage, MessageDecoder, msgdelimFilter } from '../../../src/gensio/filter/msgdelim.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio } from '../../compliance/recording-up.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

const spec = (opts: Partial<LayerOf<'msgdelim'>['opts']> = {}) => layerSpec('msgdelim', opts, { child: tcpSpec(1) });
const make = (of: LayerOf<'msgdelim'>, child: Gensio): Gensio => msgdelimFilter(of, child, false, testEnv());

for (const crc of [true, false])
  compliance(`msgdelim with${crc ? '' : 'out'} CRC`, {
    bulk: 500_000,
    make() {
      const [a, b] = linkedPair();
      return { gensio: make(spec({ crc }), a), far: farGensio(make(spec({ crc }), b)) };
    },
    unopened: () => make(spec(), linkedPair()[0]),
  });

function decoded(chunks: readonly Buffer[], max = 130, crc = true): string[] {
  const decoder = new MessageDecoder(max, crc);
  const out: string[] = [];
  for (const chunk of chunks) decoder.push(chunk, (m) => void out.push(m.toString('hex')));
  return out;
}

test('the bytes are those of gensiot 2.6.2', () => {
  const child = new FakeGensio();
  const gensio = make(spec(), child);
  gensio.write(Buffer.from('hello\n'));
  gensio.write(Buffer.from('again\n'));
  assert.equal(child.take().toString('hex'), 'fe0168656c6c6f0a2a65fe01616761696e0ac743fe01');
});

test('the CRC is that of the catalogue for 123456789 (CRC-16/XMODEM), and 0 over a message with it', () => {
  assert.equal(crc16(Buffer.from('123456789')), 0x31c3);
  assert.equal(crc16(Buffer.from('12345678931c3'.slice(0, 9).concat('\x31\xc3'), 'latin1')), 0);
});

test('any message comes through any cut, whatever garbage was before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 })),
      fc.uint8Array({ maxLength: 20 }),
      fc.nat(300),
      fc.boolean(),
      (messages, garbage, cut, crc) => {
        const stream = Buffer.concat([
          Buffer.from(garbage.filter((b) => b !== 0xfe)),
          Buffer.from('fe01', 'hex'),
          ...messages.map((m) => encodeMessage(Buffer.from(m), crc)),
        ]);
        const at = Math.min(cut, stream.length);
        assert.deepEqual(
          decoded([stream.subarray(0, at), stream.subarray(at)], 130, crc),
          messages.map((m) => Buffer.from(m).toString('hex')),
        );
      },
    ),
  );
});

test('any bytes never throw, and no message is longer than allowed', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), fc.boolean(), (chunks, crc) => {
      for (const m of decoded(
        chunks.map((c) => Buffer.from(c)),
        50,
        crc,
      ))
        assert.ok(m.length <= 100);
    }),
  );
});

test('a damaged or oversized message is dropped, and the next one is good', () => {
  const good = encodeMessage(Buffer.from('good'), true);
  const bad = Buffer.from(encodeMessage(Buffer.from('damaged'), true));
  bad[2]! ^= 1;
  const start = Buffer.from('fe01', 'hex');
  const long = encodeMessage(Buffer.alloc(200, 65), true);
  assert.deepEqual(decoded([start, bad, good, long, good]), ['676f6f64', '676f6f64']);
});
