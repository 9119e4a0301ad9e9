import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRs485 } from '../../../src/gensio/serialdev/rs485.ts';

const words = (text: string): number[] | undefined => {
  const got = parseRs485(text);
  return got && [...got];
};

test('flags and delays are put where the kernel wants them', () => {
  assert.deepEqual(words('10:20:rts_on_send:rx_during_tx'), [0x13, 10, 20]);
  assert.deepEqual(words('0:0'), [1, 0, 0]);
  assert.deepEqual(words('4294967295:1:rts_after_send:terminate_bus'), [0x25, 0xffffffff, 1]);
  assert.deepEqual(words('off'), [0, 0, 0]);
});

test('anything else is refused', () => {
  for (const text of [
    '',
    ':',
    '1',
    '1:',
    ':1',
    '-1:2',
    '1:2:',
    '1:2:bad',
    '1:2:RTS_ON_SEND',
    '1:4294967296',
    '1:2:toString',
    'on',
    '1.5:2',
  ])
    assert.equal(words(text), undefined, text);
});

test('no text throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseRs485(text)));
});
