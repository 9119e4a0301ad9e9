import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Substitutes } from '../../../src/config/yaml/substitute.ts';
import { memoryFiles } from '../memory-files.ts';

function names(): Substitutes {
  const s = new Substitutes(memoryFiles({ f1: 'ONE', file2: 'TWO\n', f3: 'THREE\0x', big: 'x'.repeat(1 << 20) }));
  s.define('a', 'XX');
  s.define('b', 'yXXz');
  s.define('c', '*(a)');
  return s;
}
const expand = (text: string, marker: '*' | '=' = '*') => {
  const got = names().expand(text, marker);
  return 'ok' in got ? got.ok : got.problem;
};

test('names and files are put in, the rest stays', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['[*(a)]', '[XX]'],
    ['*(a) *(b)', 'XX yXXz'],
    ['x*(*y', 'x*(y'],
    ['x*{*y', 'x*{y'],
    ['a*b', 'a*b'],
    ['a**b', 'a**b'],
    ['a***b', 'a***b'],
    ['**(a)', '*XX'],
    ['***(a)', '**XX'],
    ['*', '*'],
    ['ab*', 'ab*'],
    ['ab**', 'ab**'],
    ['*{f1}|*{file2}|*{f3}|*{f1}', 'ONE|TWO\n|THREE|ONE'],
    ['*(c)', '*(a)'],
    ['=(a)', '=(a)'],
  ];
  for (const [text, want] of cases) assert.equal(expand(text), want, text);
});

test('in version 2 the mark is =, and two stand for one', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['=(a)', 'XX'],
    ['==(a)', '=(a)'],
    ['===(a)', '=XX'],
    ['a==b', 'a=b'],
    ['a===b', 'a==b'],
    ['a=b', 'a=b'],
    ['x=(=y', 'x=(y'],
    ['abc=', 'abc='],
    ['*(a)', '*(a)'],
    ['={f1}', 'ONE'],
  ];
  for (const [text, want] of cases) assert.equal(expand(text, '='), want, text);
});

test('what cannot be put in is a problem that says why', () => {
  assert.deepEqual(expand('x *(y) z'), { is: 'unknown', name: 'y', rest: '*(y) z' });
  assert.deepEqual(expand('*()'), { is: 'unknown', name: '', rest: '*()' });
  assert.deepEqual(expand('a *(a'), { is: 'unclosed', close: ')', rest: '*(a' });
  assert.deepEqual(expand('*{a'), { is: 'unclosed', close: '}', rest: '*{a' });
  assert.deepEqual(expand('*{/none}'), { is: 'file', file: '/none', reason: 'No such file or directory' });
});

test('names that hold names cannot grow without end', () => {
  const s = names();
  s.define('x', 'y'.repeat(1000));
  let problem: unknown;
  for (let i = 0; i < 40 && problem === undefined; i++) {
    const got = s.expand('*(x)*(x)', '*');
    if ('ok' in got) s.define('x', got.ok);
    else problem = got.problem;
  }
  assert.deepEqual(problem, { is: 'too-long' });
});

test('any text is expanded or a problem', () => {
  const unit = fc.constantFrom('*', '=', '(', ')', '{', '}', 'a', 'b');
  fc.assert(
    fc.property(fc.string({ unit }), fc.constantFrom('*' as const, '=' as const), (text, marker) =>
      assert.ok(expand(text, marker) !== undefined),
    ),
  );
});
