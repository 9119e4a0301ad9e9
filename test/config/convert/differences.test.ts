import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convert } from '../../../src/config/convert/convert.ts';
import { differences } from '../../../src/config/convert/differences.ts';
import type { Config } from '../../../src/config/model.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from '../memory-files.ts';

const yaml = (text: string): Config => readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() }).config;
const base = [
  'led: &l',
  '  driver: sysfs',
  '  options: { device: lamp }',
  'admin:',
  '  accepter: tcp,9',
  'connection: &a',
  '  accepter: tcp,1',
  '  connector: serialdev,/dev/x,9600n81',
  '  timeout: 5',
  '  options:',
  '    banner: hi',
  '    led-rx: l',
  'rotator: &r',
  '  accepter: tcp,2',
  '  connections: [ a ]',
  '',
].join('\n');
const told = (from: string, to: string, said: readonly { readonly text: string }[] = []): string[] =>
  differences(
    yaml(base),
    yaml(base.replace(from, to)),
    said.map(({ text }) => ({ code: 'questionable', severity: 'warning', pos: { file: 'f', line: 1, col: 1, len: 1 }, text })),
  );

test('the same has no differences, however it is spelt and called', () => {
  assert.deepEqual(told('', ''), []);
  assert.deepEqual(told('tcp,1', '1'), []);
  assert.deepEqual(told('9600n81', '9600N81'), []);
  assert.deepEqual(
    differences(
      yaml(base),
      yaml(base.replaceAll('&a', '&b').replace('[ a ]', '[ b ]').replaceAll('&l', '&m').replace(': l\n', ': m\n')),
      [],
    ),
    [],
  );
});

test('each thing that is not the same is named', () => {
  for (const [from, to, what] of [
    ['tcp,1\n', 'tcp,3\n', "the connection 'a': its accepter is not the same"],
    ['9600n81', '9600n82', "the connection 'a': its connector is not the same"],
    ['timeout: 5', 'timeout: 6', "the connection 'a': its timeout is not the same"],
    ['timeout: 5', 'timeout: 5\n  enable: off', "the connection 'a': it is switched off"],
    ['banner: hi', 'banner: ho', "the connection 'a': the option banner is not the same"],
    ['    led-rx: l\n', '', "the connection 'a': the option led-rx is not the same"],
    ['device: lamp', 'device: lump', "the LED 'l' is not the same"],
    ['tcp,2\n', 'tcp,4\n', "the rotator 'r' is not the same"],
    ['[ a ]', '[ a, b ]', "the rotator 'r' is not the same"],
    ['[ a ]', '[ a ]\n  options: { authdir: /x }', "the rotator 'r' is not the same"],
    ['tcp,9', 'tcp,8', 'the admin port is not the same'],
    ['rotator: &r\n  accepter: tcp,2\n  connections: [ a ]\n', '', 'there were 1 rotators and are 0 now'],
  ] as const) {
    assert.deepEqual(told(from, to), [what]);
  }
});

test('what was said is not said again', () => {
  assert.deepEqual(told('banner: hi', 'banner: ho', [{ text: 'banner cannot be set to nothing' }]), []);
});

test('a conversion of either version has none', () => {
  assert.deepEqual(differences(yaml(base), yaml(convert(base, 'f.yaml', 'v2').text), []), []);
});
