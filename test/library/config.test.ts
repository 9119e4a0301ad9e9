import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkConfig, convertConfig, parseStack, printConfig, printStack, readConfig, readConfigFile } from '../../src/index.ts';
import { makeDirectory } from '../cli/command-rig.ts';

const YAML = 'connection: &a\n  accepter: tcp,2000\n  connector: serialdev,/dev/ttyS0,9600n81\n';

test('a text is read as YAML or as a classic file by its name and what is in it', () => {
  assert.equal(readConfig(YAML).config.format, 'yaml');
  assert.equal(readConfig(YAML, 'any').config.format, 'yaml');
  const { config, complete } = readConfig('2000:raw:0:/dev/ttyS0:9600\n', 'ser2net.conf');
  assert.equal(config.format, 'conf');
  assert.equal(config.connections[0]?.connector.spec?.type, 'serialdev');
  assert.ok(complete);
});

test('problems are values with a place, and a mistake in the syntax says that reading ended early', () => {
  const { diags } = readConfig(`${YAML}  options:\n    kickoldusr: true\n`, 'x.yaml');
  assert.deepEqual(
    diags.map(({ code, pos }) => [code, pos.file, pos.line]),
    [['unknown-option', 'x.yaml', 5]],
  );
  assert.equal(readConfig('connection: &a\n  - [', 'x.yaml').complete, false);
});

test('a file that is not there is a problem, not an exception', () => {
  const { complete, diags, config } = readConfigFile('/nowhere/ser2net.yaml');
  assert.equal(complete, false);
  assert.equal(config.format, 'none');
  assert.equal(diags[0]?.code, 'include');
  assert.match(diags[0].text, /No such file or directory/);
});

test('a file is read with what it includes', () => {
  const dir = makeDirectory();
  writeFileSync(join(dir, 'more.yaml'), YAML);
  writeFileSync(join(dir, 'ser2net.yaml'), `include: ${dir}/more.yaml\n`);
  assert.deepEqual(
    readConfigFile(join(dir, 'ser2net.yaml')).config.connections.map(({ name }) => name),
    ['a'],
  );
});

test('checkConfig looks at a configuration as a whole, also at one that was put together', () => {
  const { config } = readConfig(YAML);
  assert.deepEqual(checkConfig(config), []);
  const twice = { ...config, connections: config.connections.flatMap((c) => [c, { ...c, name: 'b' }]) };
  assert.deepEqual(
    checkConfig(twice)
      .map(({ code }) => code)
      .sort(),
    ['duplicate-device', 'duplicate-listener'],
  );
});

test('what is printed reads back to the same, and a classic file is converted', () => {
  const { config } = readConfig(YAML);
  const plain = (text: string): unknown => JSON.parse(JSON.stringify(readConfig(text).config, (key, value) => (key === 'pos' ? 0 : value)));
  assert.deepEqual(plain(printConfig(config)), plain(YAML));
  const { text, diags } = convertConfig('2000:raw:0:/dev/ttyS0:9600\n', 'ser2net.conf', 'v1');
  assert.deepEqual(diags, []);
  assert.match(text, /accepter: tcp,2000/);
});

test('a stack is read and written on its own', () => {
  const { spec } = parseStack('telnet(rfc2217),tcp,localhost,2000', 'connector');
  assert.ok(spec?.type === 'telnet' && spec.opts.rfc2217 && spec.child.type === 'tcp');
  assert.equal(printStack(spec), 'telnet(rfc2217),tcp,localhost,2000');
  assert.equal(parseStack('telnet(rfc2271),tcp,1', 'accepter').error, 'inval');
});

test('sections that only the daemon acts on are pointed out', () => {
  const { config, diags } = readConfig('connection: &a\n  accepter: tcp,1\n  connector: echo\nport: &a\n  rights: [read]\n');
  assert.equal(config.connections.length, 1);
  assert.deepEqual(
    diags.map(({ pos, text }) => `${pos.line}:${pos.col} ${text}`),
    ["4:1 the section 'port' has no effect here: only the daemon acts on it"],
  );
});
