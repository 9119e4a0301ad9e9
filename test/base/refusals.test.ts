import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { REFUSAL, refusalIn } from '../../src/base/refusals.ts';

test('each sentence of a port is known as a refusal, and nothing that is more or less than one', () => {
  for (const text of Object.values(REFUSAL)) {
    const whole = typeof text === 'string' ? text : text('No such device');
    assert.equal(refusalIn(Buffer.from(whole)), whole.slice(0, -2));
    for (const other of [whole.slice(0, -1), ` ${whole}`, `${whole}more`, `${whole}${whole}`])
      assert.equal(refusalIn(Buffer.from(other)), undefined, other);
  }
  assert.equal(refusalIn(Buffer.from(REFUSAL.openFailure('x'.repeat(300)))), undefined);
});

test('other bytes are no refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 250 }), (data) => {
      assert.equal(refusalIn(Buffer.from(data)), undefined);
    }),
  );
});
