import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable } from '../../src/base/text.ts';

test('a name of a stranger is shown without characters that act on the line or the terminal, and not longer than 255', () => {
  assert.equal(printable('joe\u009b31m\u202e\u2028\x1b[2J\r\nZäh 名'), 'joe?31m???[2J??Zäh 名');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (name) => {
      assert.doesNotMatch(printable(name), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.ok(printable(name).length <= 255);
    }),
  );
});
