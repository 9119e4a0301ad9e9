import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diag } from '../../src/base/diag.ts';
import { checkConfig } from '../../src/config/check.ts';
import { readConf } from '../../src/config/conf/model.ts';
import type { Reading } from '../../src/config/model.ts';
import { readYaml } from '../../src/config/yaml/model.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from './memory-files.ts';

const whole = ({ config, origins }: Reading): Diag[] => checkConfig(config, origins);
const check = (text: string): string[] =>
  whole(readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() })).map(
    (d) => `${d.pos.line} ${d.code}${d.hint === undefined ? '' : ` (${d.hint})`}`,
  );
const pair = (a: string, b: string): string =>
  `connection: &a\n  accepter: ${a}\n  connector: echo\nconnection: &b\n  accepter: ${b}\n  connector: echo\n`;
const device = (text: string, name = 'a', port = 1): string => `connection: &${name}\n  accepter: tcp,${port}\n  connector: ${text}\n`;

test('two listeners on one address are pointed out, wildcards included', () => {
  for (const [a, b] of [
    ['tcp,2000', '2000'],
    ['tcp,2000', 'telnet,tcp,localhost,2000'],
    ['tcp,127.0.0.1,2000', 'tcp,::1,1,127.0.0.1,2000'],
    ['ipv4,2000', '2000'],
    ['unix,/x', 'unix,/x'],
    ['tcp,0.0.0.0,70000', 'tcp,1.2.3.4,4464'],
  ] as const) {
    assert.match(check(pair(a, b)).join(), /^(2 questionable,)?5 duplicate-listener \(see f, line 1\)|5 duplicate-listener/, `${a} ${b}`);
  }
});

test('other addresses, families, protocols and free ports go together', () => {
  for (const [a, b] of [
    ['tcp,2000', 'tcp,2001'],
    ['tcp,2000', 'udp,2000'],
    ['tcp,127.0.0.1,2000', 'tcp,127.0.0.2,2000'],
    ['tcp,ipv4,2000', 'tcp,ipv6,2000'],
    ['tcp,localhost,0', 'tcp,localhost,0'],
    ['unix,/x', 'unix,/y'],
    ['tcp,127.0.0.1,2000,127.0.0.1,2000', 'tcp,1'],
  ] as const) {
    assert.deepEqual(check(pair(a, b)), [], `${a} ${b}`);
  }
});

test('rotators and the admin port listen too; a connection that is off does not', () => {
  assert.deepEqual(check(`${pair('tcp,1', 'tcp,2')}rotator: &r\n  accepter: tcp,1\n  connections: [a]\nadmin:\n  accepter: tcp,2\n`), [
    '2 duplicate-listener (see f, line 8)',
    '5 duplicate-listener (see f, line 11)',
  ]);
  assert.deepEqual(check(pair('tcp,1', 'tcp,1\n  enable: off')), []);
});

test('a device that is named twice is pointed out, through other layers too', () => {
  assert.deepEqual(check(device('serialdev,/dev/x,9600') + device('keepopen,/dev/x', 'b', 2)), ['6 duplicate-device (see f, line 1)']);
  assert.deepEqual(check(device('/dev/x') + device('/dev/y', 'b', 2)), []);
});

test('a space in a device, a missing comma and a short path are pointed out', () => {
  assert.deepEqual(check(device('serialdev,\n    /dev/ttyS0\n    9600n81,local')), [
    "3 questionable (a comma is missing after '/dev/ttyS0')",
  ]);
  assert.deepEqual(check(device('serialdev,ttyS0,9600')), ["3 questionable (did you mean '/dev/ttyS0'?)"]);
  // Who writes ./ means the directory the daemon is started in.
  assert.deepEqual(check(device('serialdev,./build/ttyS0,9600')), []);
  assert.deepEqual(check(device('serialdev')), ['3 questionable']);
});

test('a port above 65535 and a host like a layer are pointed out', () => {
  assert.deepEqual(check(pair('tcp,localhost,70000', 'tcp,1')), ['2 bad-address (ports are numbers from 1 to 65535)']);
  assert.deepEqual(check(pair('tpc,2000', 'TCP,1')), ["2 questionable (did you mean 'tcp'?)", "5 questionable (did you mean 'tcp'?)"]);
  assert.deepEqual(check(pair('tcp,tpc,2000', 'telnet,myhost,1')), []);
});

test('a port above 65535 is an error wherever it stands, and only where it is a port', () => {
  const at = (text: string): string[] =>
    whole(readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() })).map(
      ({ severity, pos, text: said }) => `${pos.line} ${severity} ${said}`,
    );
  assert.deepEqual(at('admin:\n  accepter: tcp,99999\n'), ["2 error the port 99999 in 'tcp,99999' is above 65535: 34463 is used"]);
  assert.match(at(device('tcp,host,70000')).join(), /^3 error the port 70000/);
  assert.deepEqual(at(pair('conacc,serialdev,/dev/ttyS1,115200', 'tcp(readbuf=100000),65535')), []);
});

test('a rotator that names nobody is pointed out', () => {
  assert.deepEqual(check(`${device('echo')}rotator: &r\n  accepter: tcp,5\n  connections: [a, x]\n`), ['6 not-found']);
  const text = `${device('echo')}rotator: &r\n  accepter: tcp,5\n  connections:\n    - a\n    - nobody\n`;
  const reading = readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() });
  assert.deepEqual(whole(reading)[0]!.pos, { file: 'f', line: 8, col: 7, len: 6 });
  const old = readConf('1:raw:0:echo\nROTATOR:5:1 nobody\n', 'f');
  assert.deepEqual(whole(old)[0]!.pos, { file: 'f', line: 2, col: 13, len: 6 });
});

test('problems beyond a thousand are not listed', () => {
  const names = Array.from({ length: 1500 }, (_, i) => `x${i}`).join(', ');
  const found = check(`${device('echo')}rotator: &r\n  accepter: tcp,5\n  connections: [${names}]\n`);
  assert.deepEqual([found.length, found.at(-1)], [1001, '4 limit']);
});

test('more addresses to connect back to than places are pointed out', () => {
  assert.deepEqual(check(`${device('echo')}  options:\n    connback: a,1;b,2\n`), ['5 bad-address']);
  assert.deepEqual(check(`${device('echo')}  options:\n    connback: udp,h,1\n`), ['5 questionable']);
});
