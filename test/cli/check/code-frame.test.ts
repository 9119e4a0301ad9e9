import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Diag } from '../../../src/base/diag.ts';
import { markedLine, SourceLines, withCodeFrame } from '../../../src/cli/check/code-frame.ts';

const diag = (line: number, col: number, len = 1): Diag => ({
  code: 'questionable',
  severity: 'warning',
  pos: { file: 'f', line, col, len },
  text: 'odd',
  hint: 'look',
});
const source = (text: string | Buffer, classic = false): SourceLines => {
  const lines = new SourceLines();
  lines.add('f', Buffer.from(text as string), classic);
  return lines;
};

test('the line stands between the problem and its hint, with the mark below the place', () => {
  assert.equal(
    withCodeFrame(diag(2, 3, 3), source('one\n  two\n')),
    'f:2:3: warning: odd [questionable]\n  |   two\n  |   ^^^\n  hint: look',
  );
});

test('a place behind the end of a line is marked there; one that is nowhere has no line', () => {
  assert.deepEqual(markedLine('ab', 3, 1), ['ab', '  ^']);
  assert.deepEqual(markedLine('', 1, 0), ['', '^']);
  for (const at of [diag(0, 0), diag(3, 1), diag(1, 9)]) assert.doesNotMatch(withCodeFrame(at, source('abc\n')), /\|/);
  assert.doesNotMatch(withCodeFrame(diag(1, 1), new SourceLines()), /\|/);
});

test('lines end as the reader of the format ends them', () => {
  assert.equal(source('\ufeffa\r\nb\rc\x85d\u2028e').line('f', 5), 'e');
  assert.equal(source('\ufeffa').line('f', 1), 'a');
  assert.equal(source('a\r\nb\rc\nd', true).line('f', 2), 'b\rc');
  assert.equal(source('\ufeffa', true).line('f', 1), '\ufeffa');
});

test('tabs, wide characters and those without a form keep the mark in its place', () => {
  assert.deepEqual(markedLine('\ta\tb', 4, 1), ['        a       b', '                ^']);
  assert.deepEqual(markedLine('日本 x', 4, 1), ['日本 x', '     ^']);
  assert.deepEqual(markedLine('日本', 1, 2), ['日本', '^^^^']);
  assert.deepEqual(markedLine('\x1b[2Jx\udcff', 5, 2), ['?[2Jx?', '    ^^']);
  assert.deepEqual(markedLine('e\u0301x', 3, 1), ['e\u0301x', ' ^']);
});

test('a long line is cut around the place', () => {
  const long = `${'a'.repeat(100)}HERE${'b'.repeat(100)}`;
  const [line, mark] = markedLine(long, 101, 4);
  assert.ok(line.startsWith('...a') && line.endsWith('b...'), line);
  assert.equal(line.slice(mark.indexOf('^'), mark.length), 'HERE');
  assert.deepEqual(markedLine('x'.repeat(76), 76, 1), ['x'.repeat(76), `${' '.repeat(75)}^`]);
  const [end, endMark] = markedLine(`${'x'.repeat(5000)}END`, 5001, 3);
  assert.equal(end.slice(endMark.indexOf('^')), 'END');
  const [all, allMark] = markedLine('y'.repeat(500), 1, 500);
  assert.deepEqual([all, allMark], [`${'y'.repeat(73)}...`, '^'.repeat(73)]);
});

test('whatever the line, what is shown fits into 80 columns and marks something', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(310), fc.nat(310), fc.nat(3), (text, col, len, times) => {
      const line = text.repeat(times * 5).replaceAll('\n', '');
      const [shown, mark] = markedLine(line, Math.min(col, line.length) + 1, len);
      // A character in two columns may stand for one that is counted once here.
      assert.ok([...shown].length <= 76 && !/[\n\t]/.test(shown), shown);
      assert.ok(mark.length <= 77 && /^ *\^+$/.test(mark), mark);
    }),
  );
});

test('a line of megabytes is cut quickly', () => {
  const line = '\t日'.repeat(1_000_000);
  const start = performance.now();
  for (let i = 0; i < 100; i++) markedLine(line, 1_000_000 + i, 10);
  assert.ok(performance.now() - start < 2000);
});
