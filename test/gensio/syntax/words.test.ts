import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quoteWord, splitWords } from '../../../src/gensio/syntax/words.ts';
import { anyText as anyUnits } from '../../config/any-text.ts';

const words = (text: string, separators: 'spaces' | 'spaces and commas' = 'spaces and commas') => splitWords(text, separators)?.words;

test('spaces and commas in any number part words, and commas only where they are separators', () => {
  assert.deepEqual(words(' a,,b \t c,'), ['a', 'b', 'c']);
  assert.deepEqual(words('a,b c', 'spaces'), ['a,b', 'c']);
  assert.deepEqual(words(' ,'), []);
});

test('quotes of both kinds may start anywhere, are dropped, and hold separators and the other kind', () => {
  assert.deepEqual(words(`no'delay'=tr"ue"`), ['nodelay=true']);
  assert.deepEqual(words(`"a b,c" 'd"e'`), ['a b,c', 'd"e']);
  assert.deepEqual(words("''"), ['']);
});

test('escapes count inside quotes too, take up to three octal or two hexadecimal digits, and letters mean their value', () => {
  assert.deepEqual(words('a\\tb'), ['a\tb']);
  assert.deepEqual(words("'\\101\\x6f\\x4A\\ \\q'"), ['AoJ q']);
  assert.deepEqual(words('\\1018'), ['A8']);
  assert.deepEqual(words('\\303\\251'), ['é']);
});

test('an unfinished quote or escape is no text of words', () => {
  for (const text of ['"a', "a'", 'a\\', '\\x']) assert.equal(words(text), undefined, text);
});

test('reading stops at the end character outside quotes and says where', () => {
  const { words, at } = splitWords('(a ")" b),rest', 'spaces and commas', 1, ')')!;
  assert.deepEqual([words, at], [['a', ')', 'b'], 8]);
});

test('any words that are quoted come back', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', "'", '\\', '(', ')', '\n', '\0', 'é', '😀', '7', 'x') });
  fc.assert(
    fc.property(fc.array(word), (list) => {
      assert.deepEqual(words(list.map(quoteWord).join(' ')), list);
    }),
  );
});

test('any text splits or does not, but never fails', () => {
  fc.assert(fc.property(anyUnits, (text) => void words(text)));
});
