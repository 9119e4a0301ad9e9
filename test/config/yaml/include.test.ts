// Files that a YAML file includes: where they are looked for, in which order they are read, and what is wrong with them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from '../memory-files.ts';
import { classics, read, withLines, withOptions } from './reading.ts';

test('where included files are looked for is hinted at, when that is not beside the file', () => {
  const hint = (file: string, text: string): string | undefined =>
    readYaml(text, file, { files: memoryFiles({}), defaults: new Defaults() }).diags[0]!.hint;
  assert.match(hint('/etc/ser2net/ser2net.yaml', 'include: conf.d/a.yaml\n')!, /count from the working directory/);
  assert.equal(hint('/etc/ser2net/ser2net.yaml', 'include: /conf.d/a.yaml\n'), undefined);
  assert.equal(hint('ser2net.yaml', 'include: conf.d/a.yaml\n'), undefined);
});

test('included files are read in their place, patterns in order, and what follows counts', () => {
  const files = {
    '/c/b.yaml': withLines('', 'b'),
    '/c/a.yaml': `%YAML 1.1\n---\n${withOptions('banner: *hi').replace('&c', '&a')}`,
    '/d.yaml': 'define: &hi again\n',
  };
  const { config, diags, complete } = read(`define: &hi hello\ninclude: /c/*.yaml\ninclude: /d.yaml\n${withOptions('banner: *hi')}`, files);
  assert.deepEqual([diags, complete], [[], true]);
  assert.deepEqual(
    config.connections.map((c) => [c.name, c.options.banner]),
    [
      ['a', 'hello'],
      ['b', undefined],
      ['c', 'again'],
    ],
  );
});

test('an included file that cannot be read is skipped, an empty one is nothing, a wrong one ends the reading', () => {
  assert.deepEqual(classics(`include: /none /b\n${withLines()}`, { '/b': withLines('', 'b') }), [
    'f.yaml:0(column 9): Unable to open file /none, skipping\n',
  ]);
  assert.equal(read(`include: /none /b\n${withLines()}`, { '/b': withLines('', 'b') }).config.connections.length, 2);
  const empty = read(`include: /e\n${withLines()}`, { '/e': '# nothing\n' });
  assert.deepEqual([empty.complete, empty.config.connections.length, empty.diags[0]?.severity], [true, 1, 'warning']);
  assert.deepEqual(classics(`include: /b\n${withLines()}`, { '/b': 'x: y\n' }), ['/b:0(column 0): Invalid token at the main level: x\n']);
  assert.equal(read(`include: /b\n${withLines()}`, { '/b': 'x: y\n' }).complete, false);
});

test('files that include each other are stopped', () => {
  const loop = read('include: /a\n', { '/a': 'include: /b\n', '/b': 'include: /a\n' });
  assert.deepEqual([loop.complete, loop.diags.at(-1)?.code], [false, 'limit']);
  const many = read(`include: ${'/e '.repeat(900)}\ninclude: ${'/e '.repeat(900)}`, { '/e': '' });
  assert.equal(many.diags.at(-1)?.code, 'limit');
});

test('bad include texts have the messages of their kind', () => {
  const last = (value: string): string => classics(`include: ${value}\n`)[0]!;
  assert.match(last('$(ls)'), /Command substitution not allowed in include directive$/);
  assert.match(last('"a|b"'), /Bad character in include directive$/);
  assert.match(last(`"'x"`), /Syntax error in include directive$/);
  assert.match(last(''), /Unable to open file \(null\), skipping/);
});
