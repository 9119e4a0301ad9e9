import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Matcher } from '../../src/port/match.ts';

test('a match is found where indexOf finds it, however the input is cut', () => {
  const letters = fc.array(fc.constantFrom(97, 98), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      letters,
      fc.array(fc.constantFrom(97, 98, 99), { maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      (pattern, input, cut) => {
        const all = Buffer.from(input);
        const wanted = all.indexOf(Buffer.from(pattern));
        const matcher = new Matcher(Buffer.from(pattern));
        let found = -1;
        for (let i = 0; i < all.length && found < 0; i += cut) {
          const end = matcher.find(all.subarray(i, i + cut));
          if (end >= 0) found = i + end - pattern.length;
        }
        assert.equal(found, wanted);
      },
    ),
  );
});

test('a match is found again after a match, and a beginning is forgotten on reset', () => {
  const matcher = new Matcher(Buffer.from('ab'));
  const data = Buffer.from('abxab');
  assert.equal(matcher.find(data), 2);
  assert.equal(matcher.find(data, 2), 5);
  assert.equal(matcher.find(Buffer.from('a')), -1);
  matcher.reset();
  assert.equal(matcher.find(Buffer.from('b')), -1);
});
