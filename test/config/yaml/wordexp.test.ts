import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandWords } from '../../../src/config/yaml/wordexp.ts';
import { cpuMs } from '../cpu-time.ts';
import { memoryFiles } from '../memory-files.ts';

const FILES = memoryFiles(
  { '/c/a.yaml': '', '/c/b.yaml': '', '/c/.h.yaml': '', '/c/d/x.yaml': '', '/e/x.yaml': '', 'here.yaml': '', '/c/x y': '' },
  { DIR: '/c', TWO: '/c/a.yaml /c/b.yaml', EMPTY: '' },
);
const expand = (text: string) => {
  const got = expandWords(text, FILES);
  return 'ok' in got ? got.ok : got.error;
};

test('names are separated by whitespace and taken as they are', () => {
  assert.deepEqual(expand(' /a\t/b '), ['/a', '/b']);
  assert.deepEqual(expand(''), []);
});

test('patterns are replaced by what they match, sorted, and stay when they match nothing', () => {
  assert.deepEqual(expand('/c/*.yaml'), ['/c/a.yaml', '/c/b.yaml']);
  assert.deepEqual(expand('/c/[!a].yaml /c/?.yaml'), ['/c/b.yaml', '/c/a.yaml', '/c/b.yaml']);
  assert.deepEqual(expand('/*/x.yaml'), ['/e/x.yaml']);
  assert.deepEqual(expand('/c/*/*.yaml'), ['/c/d/x.yaml']);
  assert.deepEqual(expand('/c/.*.yaml'), ['/c/.h.yaml']);
  assert.deepEqual(expand('h*'), ['here.yaml']);
  assert.deepEqual(expand('/none/*.yaml'), ['/none/*.yaml']);
  assert.deepEqual(expand('/c/[a-b].yaml'), ['/c/a.yaml', '/c/b.yaml']);
});

test('quoted patterns are letters, and quoted spaces separate nothing', () => {
  assert.deepEqual(expand(`'/c/*.yaml' "/c/x y" /c/\\*`), ['/c/*.yaml', '/c/x y', '/c/*']);
  assert.deepEqual(expand('""'), ['']);
});

test('variables and home directories are put in; a value is cut at spaces outside quotes only', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a shell would expand
  assert.deepEqual(expand('$DIR/a ${DIR}/b $NONE ${NONE:-z}'), ['/c/a', '/c/b', 'z']);
  assert.deepEqual(expand('$TWO "$TWO" $EMPTY'), ['/c/a.yaml', '/c/b.yaml', '/c/a.yaml /c/b.yaml']);
  assert.deepEqual(expand('~/x ~joe/y ~nobody/z a~'), ['/home/me/x', '/home/joe/y', '~nobody/z', 'a~']);
});

test('commands, shell characters and unfinished text are refused', () => {
  for (const text of ['$(ls)', '`ls`', '"$(ls)"']) assert.equal(expand(text), 'command', text);
  for (const text of ['a|b', 'a;b', 'a&', '<a', '{a,b}', 'a\nb', '(a)']) assert.equal(expand(text), 'bad-character', text);
  for (const text of ['"a', "'a", 'a\\', '${a']) assert.equal(expand(text), 'syntax', text);
});

test('there is a limit to how many names come out', () => {
  assert.equal(expand('a '.repeat(2000)), 'too-many');
});

test('any text expands or not in bounded time', () => {
  const unit = fc.constantFrom('*', '?', '[', ']', '!', '-', 'a', '/', '.', '$', '{', '}', '~', '"', "'", '\\', ' ');
  fc.assert(fc.property(fc.string({ unit }), (text) => assert.ok(expand(text))));
  const work = () => void [expand(`/c/${'*a'.repeat(5000)}`), expand('['.repeat(3000))];
  assert.ok(cpuMs(work) < 3000);
});
