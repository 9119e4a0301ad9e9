// The escape keys of a door, in any cut.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EscapeKeys, shownKeys } from '../../../src/port/doors/escape.ts';

/** What comes of these pieces: data as text, commands in braces. */
function through(keys: string, ...pieces: readonly string[]): string {
  const reader = new EscapeKeys(Buffer.from(keys, 'latin1'));
  let out = '';
  for (const piece of pieces) {
    reader.push(
      Buffer.from(piece, 'latin1'),
      (run) => {
        out += run.toString('latin1');
      },
      (command) => {
        out += `{${command}}`;
      },
    );
  }
  return out;
}

test('what follows the keys is a command, everything else is data', () => {
  assert.equal(through('\x05c', 'a\x05cwb'), 'a{who}b');
  assert.equal(through('\x05c', '\x05c.\x05cf\x05cs\x05cr\x05c?\x05cl1\x05cl0'), '{leave}{take}{watch}{replay}{help}{break}{break}');
  assert.equal(through('\x05c', '\x05cx\x05clx'), '{unknown}{unknown}');
  assert.equal(through('\x05c', 'a\x05b\x05\x05cw'), 'a\x05b\x05{who}');
});

test('typed twice they are sent once', () => {
  assert.equal(through('\x05c', 'a\x05c\x05cb'), 'a\x05cb');
  assert.equal(through('~', 'a~~b~w'), 'a~b{who}');
  assert.equal(through('\x05c', '\x05c\x05x'), '{unknown}');
});

test('the beginning of the keys is held back until it is known what it is', () => {
  assert.equal(through('\x05c', 'a\x05'), 'a');
  assert.equal(through('\x05c', 'a\x05', 'b'), 'a\x05b');
  assert.equal(through('\x05c', 'a\x05', 'c', 'w'), 'a{who}');
});

test('any input in any cut means the same, and without the keys in it nothing is changed', () => {
  const text = fc.array(fc.constantFrom('\x05', 'c', 'w', 'f', 'l', '1', 'x'), { maxLength: 20 }).map((all) => all.join(''));
  fc.assert(
    fc.property(text, fc.constantFrom('\x05c', '\x05', 'cc', '\x05c\x05'), (input, keys) => {
      assert.equal(through(keys, ...input), through(keys, input));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.string().filter((each) => !each.includes('\x05'))), (pieces) => {
      const plain = pieces.map((each) => Buffer.from(each).toString('latin1'));
      assert.equal(through('\x05c', ...plain), plain.join(''));
    }),
  );
});

test('keys are shown as people know them', () => {
  assert.equal(shownKeys(Buffer.from('\x05c\x7f')), '^Ec^?');
});
