// What check finds in one run: every problem, also after a mistake at which the daemon, as ser2net 4.3.11, stops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConf } from '../../src/config/conf/model.ts';
import type { Reading } from '../../src/config/model.ts';
import { readYaml } from '../../src/config/yaml/model.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from './memory-files.ts';

const yaml = (lines: readonly string[], files: Readonly<Record<string, string>> = {}): Reading =>
  readYaml(`${lines.join('\n')}\n`, 'f', { files: memoryFiles(files), defaults: new Defaults() });
/** Line and code of each problem; ! where ser2net 4.3.11 has a message, too. */
const found = ({ diags }: Reading): string[] =>
  diags.map(({ pos, code, classic }) => `${pos.file === 'f' ? '' : pos.file}${pos.line} ${code}${classic === undefined ? '' : ' !'}`);
const GOOD = ['connection: &good', '  accepter: tcp,1', '  connector: echo'];

test('in one connection a misspelt key, a bad option and bad stacks are all found', () => {
  const reading = yaml([
    'connection: &a',
    '  acepter: x', // taken for accepter
    '  connector: serialdev,/dev/a,bogus',
    '  timeout: soon',
    '  enable: maybe',
    '  options:',
    '    bogus: 1',
    '    kickolduser: perhaps',
    '    max-connections: many',
    ...GOOD,
  ]);
  assert.deepEqual(found(reading), [
    '2 unknown-key !',
    '4 bad-value',
    '5 bad-value',
    '7 unknown-option',
    '8 bad-value',
    '9 bad-value',
    '3 bad-connector',
    '2 bad-accepter',
  ]);
  assert.deepEqual([reading.complete, reading.config.connections, reading.whole?.connections.length], [false, [], 1]);
});

test('a bad option loses its connection and hides nothing in it, and what follows is read as ever', () => {
  const reading = yaml([
    'connection: &a',
    '  accepter: x',
    '  connector: y',
    '  options:',
    '    bogus: 1',
    '    banner: x',
    '    no: 2',
    ...GOOD,
  ]);
  assert.deepEqual(found(reading), ['5 unknown-option !', '7 unknown-option', '3 bad-connector', '2 bad-accepter']);
  assert.deepEqual([reading.complete, reading.whole, reading.config.connections.map(({ name }) => name)], [true, undefined, ['good']]);
});

test('what came before a mistake counts, what comes after it is only looked at', () => {
  const reading = yaml([...GOOD, 'bogus:', '  - x', '  - y: z', 'define: &d text', 'connection: &b', '  accepter: *d', '  connector: y']);
  assert.deepEqual(found(reading), ['4 unknown-section !', '10 bad-connector', '9 bad-accepter']);
  assert.deepEqual(
    reading.config.connections.map(({ name }) => name),
    ['good'],
  );
});

test('each kind of mistake leaves the rest of the file readable', () => {
  for (const [name, lines] of Object.entries({
    'a list for a text': ['connection: &a', '  accepter: [ a, b ]', '  connector: echo'],
    'a mapping for a text': ['connection: &a', '  accepter: { a: b }', '  connector: echo'],
    'a text for a mapping': ['connection: &a', '  accepter: tcp,1', '  connector: echo', '  options: x'],
    'a text for a section': ['connection: x'],
    'a list for sections': ['connections:', '  - a: b'],
    'a section without a name': ['connection:', '  accepter: tcp,1', '  connector: echo'],
    'keys that are not indented': ['connection: &a', 'accepter: tcp,1', 'connector: echo'],
    'a name that is not defined': ['connection: &a', '  accepter: *nobody', '  connector: echo'],
    'a name in a text that is not defined': ['connection: &a', "  accepter: 'x*(nobody)y'", '  connector: echo'],
    'a file in a text that is not there': ['connection: &a', "  accepter: '*{/nobody}'", '  connector: echo'],
    'an empty value': ['connection: &a', "  accepter: ''", '  connector: echo'],
    'a key given twice': ['connection: &a', '  accepter: tcp,1', '  accepter: tcp,2', '  connector: echo'],
    'a default that does not exist': ['default:', '  name: bogus', '  value: 1'],
    'a default that was never set': ['delete_default:', '  name: banner', '  class: ser2net'],
    'a rotator without connections': ['rotator: &r', '  accepter: tcp,1'],
    'an LED without driver': ['led: &l', '  options:', '    device: x'],
    'an option without a name': ['connection: &a', '  accepter: tcp,1', '  connector: echo', '  options:', "    '': x"],
  })) {
    // Version 2 has its own names for sections.
    const two = lines[0] === 'connections:';
    const rest = two ? ['leds:', '  l:', '    driver: bogus'] : ['led: &l2', '  driver: bogus'];
    const reading = yaml([...lines, ...rest]);
    const [first, ...others] = found(reading);
    assert.match(first!, / !$/, name);
    assert.deepEqual(
      others,
      [`${lines.length + rest.length} bad-value`, `${lines.length + rest.length - 1} missing-key`],
      `${name} ${first}`,
    );
    assert.equal(reading.complete, false, name);
  }
});

test('a mistake in an included file does not hide what follows the include', () => {
  const reading = yaml(['include: /g', 'connection: &a', '  accepter: tcp,1', '  connector: y'], {
    '/g': 'bogus: x\nconnection: &c\n  timeout: z\n',
  });
  assert.deepEqual(found(reading), ['/g1 unknown-section !', '/g3 bad-value', '/g2 missing-key', '/g2 missing-key', '4 bad-connector']);
});

test('a classic line is read to its end, whatever is wrong in it', () => {
  const reading = readConf('1.2:raw:soon:/dev/a,x:bogus hexdmp 9600 led-rx=none\n3000:raw:0:echo\n3000:raw:0:/dev/b,y:bogus\n', 'f');
  assert.deepEqual(found(reading), [
    '1 bad-line !',
    '1 unknown-option',
    '1 unknown-option',
    '1 not-found',
    '1 bad-connector',
    '1 bad-accepter',
    '3 duplicate-name !',
    '3 unknown-option',
    '3 bad-connector',
  ]);
  assert.deepEqual(
    reading.config.connections.map(({ name }) => name),
    ['3000'],
  );
});

test('reading on changes nothing of what counts: ser2net has one message for a mistake that ends it, and nothing after it', () => {
  const pieces = fc.constantFrom(
    ...[
      'connection: &a',
      'connection: &b',
      '  accepter: tcp,1',
      '  accepter: x',
      '  connector: echo',
      '  options:',
      '    bogus: 1',
      'x: y',
    ],
    ...[
      '  - z',
      "  timeout: 'q'",
      'define: &d e',
      'connections: *d',
      'default:',
      '  name: banner',
      '  enable: [',
      'led: &a',
      '  driver: sysfs',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 14 }), (lines) => {
      const { diags, complete, whole } = yaml(lines);
      const from = diags.findIndex(({ further }) => further === true);
      assert.equal(whole === undefined, complete);
      if (complete || from < 0) return;
      for (const { classic, further } of diags.slice(from)) if (further) assert.equal(classic, undefined);
    }),
    { numRuns: 1000 },
  );
});
