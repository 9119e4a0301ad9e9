import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandLine, posIn, readTree } from '../../../src/config/conf/tree.ts';
import { printTree } from './print-tree.ts';

const shape = (text: string): string[] => readTree(text).map((l) => `${l.line}/${l.classicLine} ${l.kind} ${JSON.stringify(l.text)}`);

/** Text in which the characters that matter are frequent. */
const confText = fc.string({ unit: fc.constantFrom('\n', '\r', '\\', '#', ':', ' ', 'a', '\ufeff', 'é', '\udc80', '\0'), maxLength: 60 });

test('a tree prints back to the very same text', () => {
  fc.assert(
    fc.property(confText, (text) => printTree(readTree(text)) === text),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => printTree(readTree(text)) === text));
});

test('a file without a last line feed has a last line', () => {
  assert.deepEqual(shape('a\nb'), ['1/1 line "a"', '2/2 line "b"']);
  assert.deepEqual(shape('a\n'), ['1/1 line "a"']);
  assert.deepEqual(shape(''), []);
});

test('only a line whose first character is # is a comment, and it is never continued', () => {
  assert.deepEqual(shape('# a\\\n# b\n  # c\n'), ['1/1 comment "# a\\\\"', '2/2 comment "# b"', '3/3 line "  # c"']);
});

test('a backslash at the very end joins the next line with nothing in between, and # there is nothing special', () => {
  assert.deepEqual(shape('a\\\n  b\\\n#c\nd\n'), ['1/3 line "a  b#c"', '4/4 line "d"']);
  assert.deepEqual(shape('a\\ \nb\n'), ['1/1 line "a\\\\ "', '2/2 line "b"']);
});

test('a line of nothing but a backslash begins nothing: the next line may be a comment', () => {
  assert.deepEqual(shape('\\\n# c\\\nb\n'), ['1/2 comment "# c\\\\"', '3/3 line "b"']);
});

test('a line whose continuation the file lacks is lost, with and without a line feed', () => {
  assert.deepEqual(shape('a\nb\\\n'), ['1/1 line "a"', '2/2 lost "b"']);
  assert.deepEqual(shape('a\nb\\'), ['1/1 line "a"', '2/2 lost "b"']);
});

test('a carriage return at the end of a line belongs to the line end; others stay', () => {
  assert.deepEqual(shape('\r\na:b\r\nc\\\r\nd\r\ne\rf\r\n'), ['1/1 empty ""', '2/2 line "a:b"', '3/4 line "cd"', '5/5 line "e\\rf"']);
});

test('a byte order mark is skipped', () => {
  assert.deepEqual(shape('\ufeff# a\n\ufeffb'), ['1/1 comment "# a"', '2/2 line "\\ufeffb"'.replace('\\ufeff', '\ufeff')]);
});

test('lines are counted as ser2net 4.3.11 does: once more for each refill of its buffer, which stays as big as it got', () => {
  const after = (...lengths: number[]): number => readTree(`${lengths.map((n) => 'x'.repeat(n)).join('\n')}\nlast`).at(-1)!.classicLine;
  assert.equal(after(254), 2);
  assert.equal(after(255), 3);
  assert.equal(after(1000), 5);
  // The buffer has 512 bytes by then.
  assert.equal(after(300, 300, 300), 5);
  assert.equal(after(300, 511), 5);
  // Bytes count, not characters; a byte that was not UTF-8 is one.
  assert.equal(readTree(`${'é'.repeat(127)}\nlast`).at(-1)!.classicLine, 2);
  assert.equal(readTree(`${'é'.repeat(128)}\nlast`).at(-1)!.classicLine, 3);
  assert.equal(readTree(`${'\udce9'.repeat(254)}\nlast`).at(-1)!.classicLine, 2);
  // What is joined counts together.
  assert.equal(readTree(`${'x'.repeat(200)}\\\n${'x'.repeat(100)}\nlast`).at(-1)!.classicLine, 4);
});

test('a place in joined text is the place in the physical line', () => {
  const [line] = readTree('\ufeffab\\\ncd\\\nef\n');
  const at = (offset: number): string => {
    const { line: n, col, len } = posIn(line!, 'f', offset, 1);
    return `${n}:${col}+${len}`;
  };
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(at), ['1:2+1', '1:3+1', '2:1+1', '2:2+1', '3:1+1', '3:2+1', '3:3+1']);
});

test('a line of the command line has the number 0 and cannot be continued', () => {
  assert.deepEqual([commandLine('a:b').line, commandLine('a:b').classicLine, commandLine('a:b').kind], [0, 0, 'line']);
  assert.equal(commandLine('a\\').kind, 'lost');
  assert.equal(commandLine('#a').kind, 'comment');
  assert.equal(commandLine('').kind, 'empty');
});

test('reading is linear: a million continued lines, and one line of many megabytes', { timeout: 20_000 }, () => {
  const [line, ...more] = readTree(`${'x\\\n'.repeat(500_000)}y`);
  assert.equal(line!.text.length, 500_001);
  assert.equal(more.length, 0);
  assert.equal(posIn(line!, 'f', 400_000, 1).line, 400_001);
  assert.equal(readTree(`${'z'.repeat(8_000_000)}\n`).length, 1);
});

test('columns count characters, also those of two units', () => {
  const [line] = readTree('\u{1f600}ab:x\n');
  assert.deepEqual(posIn(line!, 'f', 4, 1), { file: 'f', line: 1, col: 4, len: 1 });
});
