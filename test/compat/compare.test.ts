import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCase } from '../../compat/case-file.ts';
import { compare, diffLines, isLikeReference } from '../../compat/compare.ts';
import { mutants, randomNumbers } from '../../compat/mutate.ts';
import { blocksFor, cuts } from '../../compat/play.ts';

const CASE = parseCase(`# t
<!-- difference: 7 -->

\`\`\`yaml
x: y
\`\`\`

\`\`\`wire
net= connect
dev< "up"
net< "hello"
net= eof
\`\`\`

\`\`\`stderr
one
two
\`\`\`

\`\`\`stderr ours
one
\`\`\`
`);
const wire = (lines: string): ReturnType<typeof blocksFor> =>
  blocksFor(parseCase(`# t\n\n\`\`\`yaml\nx: y\n\`\`\`\n\n\`\`\`wire\n${lines}\n\`\`\`\n\n\`\`\`stderr\none\ntwo\n\`\`\`\n`), false);
const verdict = (lines: string): string[] => compare(CASE, false, { blocks: wire(lines), problem: undefined });

test('what happened as wanted passes', () => {
  assert.deepEqual(verdict('net= connect\ndev< "up"\nnet< "hello"\nnet= eof'), []);
});

test('channels have no order among each other between two actions', () => {
  assert.deepEqual(verdict('net= connect\nnet< "hel"\ndev< "up"\nnet< "lo"\nnet= eof'), []);
});

test('within a channel order counts, and so does every byte', () => {
  for (const lines of [
    'net= connect\ndev< "up"\nnet= eof\nnet< "hello"',
    'net= connect\ndev< "up"\nnet< "hellp"\nnet= eof',
    'net= connect\ndev< "up"\nnet< "hello!"\nnet= eof',
    'net= connect\ndev< "up"\nnet< "hello"',
    'net= connect\nnet< "hello"\nnet= eof',
  ])
    assert.notDeepEqual(verdict(lines), [], lines);
});

test('notes do not count', () => {
  assert.deepEqual(verdict('# why\nnet= connect\n\ndev< "up"\nnet< "hello"\nnet= eof'), []);
});

test('blocks marked ours replace their likes for ours alone', () => {
  assert.deepEqual(
    blocksFor(CASE, true).flatMap((b) => (b.kind === 'text' && b.type === 'stderr' ? [b.text] : [])),
    ['one'],
  );
  assert.deepEqual(
    blocksFor(CASE, false).flatMap((b) => (b.kind === 'text' && b.type === 'stderr' ? [b.text] : [])),
    ['one\ntwo'],
  );
});

test('a difference that does not happen any more fails and is known as such', () => {
  const played = { blocks: blocksFor(CASE, false), problem: undefined };
  assert.notDeepEqual(compare(CASE, true, played), []);
  assert.ok(isLikeReference(CASE, played));
});

test('a problem fails a play that looks as wanted', () => {
  assert.notDeepEqual(compare(CASE, true, { blocks: blocksFor(CASE, true), problem: 'it does not stop' }), []);
});

test('differing lines are shown with two lines around', () => {
  assert.deepEqual(diffLines(['a', 'b'], ['a', 'b']), []);
  assert.deepEqual(diffLines(['1', '2', '3', 'x', '5', '6', '7'], ['1', '2', '3', 'y', '5', '6', '7']), [
    '    2',
    '    3',
    '  - x',
    '  + y',
    '    5',
    '    6',
  ]);
});

test('every change of one wanted byte or line fails', () => {
  const played = { blocks: blocksFor(CASE, false), problem: undefined };
  let count = 0;
  for (const { what, mutant } of mutants(CASE, false, (n) => Array.from({ length: n }, (_, i) => i))) {
    count++;
    assert.notDeepEqual(compare(mutant, false, played), [], what);
  }
  assert.equal(count, 2 + 5 + 2 + 2 + 2 + 'one\ntwo'.length + 2);
});

test('the same seed gives the same numbers', () => {
  const [a, b] = [randomNumbers(7), randomNumbers(7)];
  for (let i = 0; i < 5; i++) assert.equal(a(), b());
});

test('a client line is cut at every byte', () => {
  const all = cuts([
    { kind: 'send', who: 'net', bytes: Buffer.from('abc') },
    { kind: 'send', who: 'dev', bytes: Buffer.from('xyz') },
  ]);
  assert.deepEqual(
    all.map((list) => list.flatMap((s) => (s.kind === 'send' ? [s.bytes.toString()] : []))),
    [
      ['a', 'bc', 'xyz'],
      ['ab', 'c', 'xyz'],
    ],
  );
});
