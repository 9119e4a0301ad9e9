import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocument } from 'yaml';
import { readTree } from '../../../src/config/yaml/libyaml/tree.ts';
import { comment, quote, wellFormed } from '../../../src/config/yaml/quote.ts';

const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({
      unit: fc.constantFrom(
        ...['a', '0', ' ', ':', ': ', ' #', '#', "'", '"', '\\', '\n', '\r', '\t', '-', '- ', '?', '&', '*', '!', '|', '>', '%', '@', '`'],
        ...[
          '{',
          '}',
          '[',
          ']',
          ',',
          '~',
          'null',
          'true',
          '---',
          '...',
          '<<',
          '=',
          '\0',
          '\x07',
          '\x85',
          '\u2028',
          '\ufeff',
          'é',
          '😀',
          '\ufffe',
        ],
      ),
    }),
  )
  .map(wellFormed);

/** The value of the key k, as our own reader has it. */
function ownValue(source: string): string | undefined {
  const { events, mistake } = readTree(source);
  const scalars = events.flatMap((event) => (event.is === 'scalar' ? [event.value] : []));
  return mistake === undefined && scalars.length === 2 ? scalars[1] : undefined;
}

test('any text is quoted to one line that reads back to it, here and by the package yaml', () => {
  fc.assert(
    fc.property(text, (value) => {
      const written = quote(value);
      assert.ok(!/[\n\r]/.test(written), written);
      assert.equal(ownValue(`k: ${written}\n`), value);
      assert.equal(ownValue(`k: ${written}  # c\n`), value);
      assert.equal(parseDocument(`k: ${written}\n`, { version: '1.1', schema: 'failsafe' }).get('k'), value);
    }),
    { numRuns: 2000 },
  );
});

test('any text is a comment that ends with its line', () => {
  fc.assert(
    fc.property(text, (value) => {
      const source = `k: v # ${comment(value)}\n`;
      assert.equal(ownValue(source), 'v');
      assert.equal(parseDocument(source, { version: '1.1', schema: 'failsafe' }).get('k'), 'v');
    }),
    { numRuns: 2000 },
  );
});
