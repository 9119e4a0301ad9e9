// What the section port says about histories and recordings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printSections } from '../../../src/config/sections/print.ts';
import { connections, read } from './reading.ts';

const ONE = connections('a');
const record = (keys: string): string => `port: &a\n  record:\n${keys.replace(/^/gm, '    ')}\n`;

test('a recording has its file, its directions, when the next file begins and how many are kept', () => {
  const { sections, problems } = read(ONE, {
    'x.yaml': `${record('file: /var/log/\\N.pcapng\ndirections: [device, client]\nrotate: [10M, 1d]\nkeep: 14')}  history: 256k\n`,
  });
  assert.deepEqual(problems, []);
  const { values } = sections!.ports.get('a')!;
  assert.equal(values.history, 256 * 1024);
  assert.deepEqual(values.record, {
    file: '/var/log/\\N.pcapng',
    directions: ['device', 'client'],
    rotate: { size: 10 * 1024 ** 2, age: 86_400_000 },
    keep: 14,
  });
  const printed = printSections(sections!, { full: false, origin: false, version: 1 });
  assert.deepEqual(read(`${ONE}${printed}`).sections!.ports.get('a')!.values, values);
});

test('what a recording cannot be is told with its place', () => {
  for (const [keys, problem] of [
    ['keep: 3', /'record' has no 'file'/],
    ['file: a.pcapng', /'a.pcapng' of 'file' is not an absolute path/],
    ['file: /v/a.txt', /is not a name that ends in .pcapng, .log or .raw/],
    ['file: /v/\\Y/a.raw', /folders have no escapes/],
    ['file: /v/a.raw\ndirections: [device, client]', /a \.raw file has the bytes of one side/],
    ['file: /v/a.raw\ndirections: [devise]', /'devise' is not one of device, client/],
    ['file: /v/a.raw\nrotate: 3', /'3' of 'rotate' is not a size from 4k/],
    ['file: /v/a.raw\nrotate: [1d, 2d]', /'1d, 2d' of 'rotate' is not/],
    ['file: /v/a.raw\nrotate: 0h', /'0h' of 'rotate' is not/],
  ] as const) {
    const { sections, problems } = read(ONE, { 'x.yaml': record(keys) });
    assert.match(problems.join('\n'), problem, keys);
    assert.equal(sections?.ports.get('a')?.values.record, undefined);
  }
});

test('a door cannot replay what nobody remembers, and all ports cannot record to one file', () => {
  const replay = 'port: &a\n  doors:\n    - accepter: tcp,localhost,3001\n      replay: true\n';
  assert.match(read(ONE, { 'x.yaml': replay }).problems.join(), /'replay' needs a history/);
  assert.deepEqual(read(ONE, { 'x.yaml': `${replay}port-defaults:\n  history: 64k\n` }).problems, []);
  const all = 'port-defaults:\n  record:\n    file: /v/all.pcapng\n';
  assert.match(read(connections('a', 'b'), { 'x.yaml': all }).problems.join(), /every port would record to '\/v\/all.pcapng'/);
  assert.deepEqual(read(connections('a', 'b'), { 'x.yaml': all.replace('all', '\\N') }).problems, []);
});
