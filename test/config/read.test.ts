import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig, readConfigSteps } from '../../src/config/read.ts';
import { readSource, type SourceArgs } from '../../src/config/source.ts';
import { memoryFiles } from './memory-files.ts';

const read = (args: Partial<SourceArgs>, files: Readonly<Record<string, string | Buffer>> = {}) => {
  const source = readSource({ file: undefined, lines: [], strings: [], ...args }, memoryFiles(files));
  assert.ok('format' in source);
  return readConfig(source);
};

test('each format goes to its reader', () => {
  const yaml = read({ file: 'a.yaml' }, { 'a.yaml': 'connection: &c\n  accepter: tcp,1\n  connector: echo\n' });
  assert.deepEqual([yaml.config.format, yaml.config.connections[0]?.name], ['yaml', 'c']);
  const conf = read({ file: 'a.conf' }, { 'a.conf': '2000:raw:0:/dev/x:9600\n' });
  assert.deepEqual([conf.config.format, conf.config.connections[0]?.name], ['conf', '2000']);
  assert.equal(read({ lines: ['2000:raw:0:/dev/x:9600'] }).config.connections.length, 1);
});

test('-Y strings are one text, as the manual of ser2net shows', () => {
  const strings = ['connection: &c0#  accepter: tcp,localhost,2000#  connector: echo#  options:#    banner: "#hi \\"# x"'];
  const { config, diags } = read({ strings });
  assert.deepEqual([diags, config.connections[0]?.options.banner], [[], '#hi "# x']);
  const parts = [
    'connection: &con01#  accepter: telnet(rfc2217,mode=server),tcp,4000',
    '  connector: serialdev(nouucplock=true),/dev/ttyUSB0,115200n81,local',
    '  options:',
    '    max-connections: 10',
  ];
  const labgrid = read({ strings: parts });
  assert.deepEqual([labgrid.diags, labgrid.config.connections[0]?.options.maxConnections], [[], 10]);
  assert.equal(read({ strings: ['bogus: x'] }).diags[0]?.classic, '<cmdline>:0(column 0): Invalid token at the main level: bogus\n');
});

test('an empty file has no connections and is not complete', () => {
  const { complete, diags, config } = read({ file: 'a.yaml' }, { 'a.yaml': '' });
  assert.deepEqual(
    [complete, diags[0]?.classic, config.connections],
    [false, 'a.yaml:0(column 0): yaml file ended in invalid state: 1', []],
  );
});

test('a YAML file that is not UTF-8 is refused whole; a classic one keeps its bytes', () => {
  const yaml = read(
    { file: 'a.yaml' },
    { 'a.yaml': Buffer.from('connection: &c\n  accepter: tcp,1\n  connector: echo\n# caf\xe9.\n', 'latin1') },
  );
  assert.deepEqual([yaml.config.connections.length, yaml.diags[0]?.classic], [0, 'a.yaml:3(column 5): invalid trailing UTF-8 octet']);
  const conf = read({ file: 'a' }, { a: Buffer.from('BANNER:b1:caf\xe9\n2000:raw:0:/dev/x:9600 b1\n', 'latin1') });
  assert.equal(conf.config.connections[0]?.options.banner, 'caf\udce9');
});

test('problems of choosing, reading and of the whole come in this order', () => {
  const text =
    'connection: &a\n  accepter: tcp,1\n  connector: echo\n  options:\n    banner: x\nconnection: &b\n  accepter: tcp,1\n  connector: echo\nbogus: x\n';
  const { diags } = read({ file: 'a.yml' }, { 'a.yml': text });
  assert.deepEqual(
    diags.map((d) => d.code),
    ['questionable', 'unknown-section', 'duplicate-listener'],
  );
});

test('ports may have names this machine knows', () => {
  const files = { '/etc/services': 'rack1 4001/tcp\n', 'a.yaml': 'connection: &a\n  accepter: tcp,rack1\n  connector: echo\n' };
  const { spec } = read({ file: 'a.yaml' }, files).config.connections[0]!.accepter;
  assert.ok(spec?.type === 'tcp');
  assert.equal(spec.addrs[0]?.port, '4001');
});

test('a file in UTF-16 is read, whatever its format', () => {
  const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
  const yaml = read(
    { file: 'a.yaml' },
    { 'a.yaml': utf16('connection: &c\n  accepter: tcp,1\n  connector: echo\n  options: {banner: é}\n') },
  );
  assert.deepEqual([yaml.config.connections[0]?.options.banner, yaml.diags], ['é', []]);
  const conf = read({ file: 'a' }, { a: utf16('2000:raw:0:echo\n') });
  assert.deepEqual([conf.config.connections.length, conf.diags], [1, []]);
});

test('a file of many connections is read in many steps, with the same result', () => {
  const text = Array.from({ length: 100 }, (_, i) => `connection: &c${i}\n  accepter: tcp,${2000 + i}\n  connector: echo\n`).join('');
  for (const [format, bytes] of [
    ['yaml', text],
    ['conf', Array.from({ length: 100 }, (_, i) => `${2000 + i}:raw:0:/dev/tty${i}\n`).join('')],
  ] as const) {
    const source = { format, file: 'f', bytes: Buffer.from(bytes), lines: [], oldFormat: false, diags: [], files: memoryFiles({}) };
    const steps = readConfigSteps(source);
    let count = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) count++;
    assert.deepEqual(step.value.config, readConfig(source).config);
    assert.equal(step.value.config.connections.length, 100);
    assert.ok(count >= 50, `${count} steps`);
  }
});
