import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pos } from '../../src/base/diag.ts';
import { readConf } from '../../src/config/conf/model.ts';
import type { Config, Reading } from '../../src/config/model.ts';
import { Origins, originText } from '../../src/config/origin.ts';
import { readYaml } from '../../src/config/yaml/model.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from './memory-files.ts';

/** Of the reading made last. */
let origins = new Origins();
const taken = (reading: Reading): Config => {
  ({ origins } = reading);
  return reading.config;
};
const yaml = (text: string, files: Readonly<Record<string, string>> = {}, defaults = new Defaults()): Config =>
  taken(readYaml(text, 'f.yaml', { files: memoryFiles(files), defaults }));
const said = (section: Pos, ...fields: readonly string[]): string[] => fields.map((field) => originText(origins.of(section, field)));

test('a value is from its line, from a default and its line, or built-in', () => {
  const { connections } = yaml(
    [
      'default:', //
      '  name: max-connections',
      '  value: 3',
      'connection: &a',
      '  accepter: tcp,1',
      '  connector: echo',
      '  timeout: 5',
      '  options:',
      '    kickolduser: true',
      '    trace-hexdump: true',
      '',
    ].join('\n'),
  );
  const { pos } = connections[0]!;
  assert.deepEqual(said(pos, 'accepter', 'connector', 'timeout', 'enable'), ['f.yaml:5', 'f.yaml:6', 'f.yaml:7', 'built-in']);
  assert.deepEqual(said(pos, 'options.kickolduser', 'options.maxConnections', 'options.chardelay', 'options.traceBothHexdump'), [
    'f.yaml:9',
    'default at f.yaml:3',
    'built-in',
    'f.yaml:10',
  ]);
});

test('the later of two defaults is meant, one of a class before one for all, and none after it was taken away', () => {
  const one = (lines: string): string =>
    said(yaml(`${lines}connection: &a\n  accepter: tcp,1\n  connector: /dev/a\n`).connections[0]!.pos, 'connector')[0]!;
  const set = (value: string, cls = ''): string => `default:\n  name: speed\n  value: ${value}\n${cls === '' ? '' : `  class: ${cls}\n`}`;
  assert.equal(one(''), 'f.yaml:3');
  assert.equal(one(set('1200') + set('2400')), 'f.yaml:9; speed: default at f.yaml:6');
  assert.equal(one(set('1200', 'serialdev') + set('2400')), 'f.yaml:10; speed: default at f.yaml:3');
  assert.equal(one(`${set('1200', 'serialdev')}delete_default:\n  name: speed\n  class: serialdev\n`), 'f.yaml:10');
  assert.equal(one(set('9600N81')), 'f.yaml:6', 'it changes nothing');
});

test('an accepter names the defaults of its layers that its text leaves open', () => {
  const text = (accepter: string): string =>
    `default:\n  name: rfc2217\n  value: true\n  class: telnet\nconnection: &a\n  accepter: ${accepter}\n  connector: echo\n`;
  assert.deepEqual(said(yaml(text('telnet,tcp,1')).connections[0]!.pos, 'accepter'), ['f.yaml:6; rfc2217: default at f.yaml:3']);
  assert.deepEqual(said(yaml(text('telnet(rfc2217=true),tcp,1')).connections[0]!.pos, 'accepter'), ['f.yaml:6']);
});

test('what a file includes has places of its own', () => {
  const { connections } = yaml('include: /g.yaml\n', { '/g.yaml': 'connection: &a\n  accepter: tcp,1\n  connector: echo\n' });
  assert.deepEqual(said(connections[0]!.pos, 'accepter'), ['/g.yaml:2']);
});

test('rotators, LEDs, the admin port and attachments have places too', () => {
  const { rotators, leds, admin, attachments } = yaml(
    [
      'admin:', //
      '  accepter: tcp,9',
      '  options:',
      '    authdir-admin: /a',
      'led: &l',
      '  driver: sysfs',
      '  options:',
      '    dev: lamp',
      'rotator: &r',
      '  accepter: tcp,8',
      '  connections: [ a ]',
      '  options:',
      '    authdir: /b',
      'attachment: &t',
      '  device: /dev/x',
      '  target: rfc2217://h:1',
      '  options:',
      '    group: g',
      '',
    ].join('\n'),
  );
  assert.deepEqual(said(admin!.pos, 'accepter', 'options.authdir', 'options.pamauth'), ['f.yaml:2', 'f.yaml:4', 'built-in']);
  assert.deepEqual(said(leds[0]!.pos, 'driver', 'options.device', 'options.state'), ['f.yaml:6', 'f.yaml:8', 'built-in']);
  assert.deepEqual(said(rotators[0]!.pos, 'accepter', 'connections', 'options.authdir'), ['f.yaml:10', 'f.yaml:11', 'f.yaml:13']);
  assert.deepEqual(said(attachments![0]!.pos, 'device', 'target', 'options.group'), ['f.yaml:15', 'f.yaml:16', 'f.yaml:18']);
});

test('a classic line says where its words stand, through names, aliases and old words', () => {
  const { connections } = taken(
    readConf(
      [
        'BANNER:hello:hi', //
        'DEFAULT:chardelay-min:500',
        'DEFAULT:speed:1200N81:serialdev',
        '2000:telnet:5:/dev/a:kickolduser hello \\',
        '  hexdump',
        '',
      ].join('\n'),
      'f.conf',
    ),
  );
  const { pos } = connections[0]!;
  assert.deepEqual(
    said(pos, 'timeout', 'options.kickolduser', 'options.banner', 'options.traceReadHexdump', 'options.chardelayMin', 'options.openstr'),
    ['f.conf:4', 'f.conf:4', 'f.conf:4', 'f.conf:5', 'default at f.conf:2', 'built-in'],
  );
  assert.deepEqual(said(pos, 'connector'), ['f.conf:4; speed: default at f.conf:3']);
  assert.deepEqual(origins.placeOf(pos, 'connector'), { file: 'f.conf', line: 4, col: 15, len: 6 });
});

test('a default of the command line is called that', () => {
  const defaults = new Defaults();
  defaults.set('signature', undefined, 'me');
  assert.deepEqual(
    said(yaml('connection: &a\n  accepter: tcp,1\n  connector: echo\n', {}, defaults).connections[0]!.pos, 'options.signature'),
    ['default at command line'],
  );
});

test('what nobody noted is at its section', () => {
  const pos = { file: 'f', line: 1, col: 1, len: 1 };
  assert.equal(origins.placeOf(pos, 'accepter'), pos);
});
