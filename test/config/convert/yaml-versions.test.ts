// From one version of YAML to the other: what is written, and that the model stays the same.
// Long because each version has cases of its own.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRaw } from '../../../src/base/raw-text.ts';
import { convert } from '../../../src/config/convert/convert.ts';
import type { Config, Reading } from '../../../src/config/model.ts';
import type { Files } from '../../../src/config/source.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { projectRoot } from '../conf/conf-text.ts';
import { memoryFiles } from '../memory-files.ts';

const FILES: Files = {
  read: (path) => (path === '/banner' ? Buffer.from('from a file') : { reason: 'No such file or directory' }),
  list: () => undefined,
  exists: () => false,
  variable: () => undefined,
  home: () => '',
};
const yaml = (text: string): Reading => readYaml(text, 'ser2net.yaml', { files: FILES, defaults: new Defaults() });
const to = (version: 'v1' | 'v2', text: string): string => convert(text, 'ser2net.yaml', version).text;
const body = (version: 'v1' | 'v2', ...lines: readonly string[]): string =>
  to(version, `${lines.join('\n')}\n`).replace('%YAML 1.1\n---\n', '');

/** All that counts of a configuration. Places, spellings of stacks and names of the admin port do not. */
const meaning = ({ connections, rotators, leds, admin }: Config): unknown =>
  JSON.parse(
    JSON.stringify([connections, rotators, leds, { ...admin, name: undefined }], (key, value) => {
      if (key === 'accepter' || key === 'connector') return value.spec ?? value.error;
      return key === 'pos' || key === 'place' ? undefined : value;
    }),
  );
const errors = ({ diags }: Reading): string[] => diags.filter((d) => d.severity === 'error').map((d) => `${d.code} ${d.text}`);

/** v1 text to v2 and back means the same all the way. */
function assertConverts(text: string, message: string): void {
  const before = yaml(text);
  const two = to('v2', text);
  const now = yaml(two);
  assert.deepEqual(meaning(now.config), meaning(before.config), `${message}\n${two}`);
  assert.deepEqual(errors(now), errors(before), `${message}\n${two}`);
  const one = to('v1', two);
  const again = yaml(one);
  assert.deepEqual(meaning(again.config), meaning(before.config), `${message}\n${one}`);
  assert.deepEqual(errors(again), errors(before), `${message}\n${one}`);
}

const CORPUS = join(projectRoot(), '../shared/corpus/yaml');
test('files from the wild mean the same in version 2, and back in version 1', {
  skip: existsSync(CORPUS) ? false : 'the collection of files is not here',
}, () => {
  let n = 0;
  for (const file of readdirSync(CORPUS)) {
    const text = decodeRaw(readFileSync(join(CORPUS, file)));
    // What a mistake ends early has no meaning that could stay.
    if (!yaml(text).complete) continue;
    n++;
    assertConverts(text, file);
  }
  assert.ok(n > 25, String(n));
});

test('the fixtures for classic files mean the same in the other version', () => {
  const text = readFileSync(join(projectRoot(), 'test/fixtures/conf/everything.v1.yaml'), 'utf8');
  assertConverts(text, 'everything');
});

test('a text of the version already is not touched', () => {
  const text = '# x\nconnection: &a {accepter: "tcp,1", connector: echo}\n';
  assert.equal(to('v1', text), text);
  assert.equal(to('v2', 'connections: {}\n'), 'connections: {}\n');
  assert.equal(to('v2', '# nothing\n'), '# nothing\n');
});

test('sections of one kind come together, comments with them', () => {
  assert.equal(
    body(
      'v2',
      '# head',
      'connection: &a # one',
      '  accepter: tcp,1',
      '  # why',
      '  connector: echo # the device',
      '',
      '# two',
      'connection: &b',
      '  accepter: tcp,2',
      '  connector: echo',
      '# end',
    ),
    [
      '# head',
      '# one',
      'connections:',
      '  a:',
      '    accepter: tcp,1',
      '    # why',
      '    # the device',
      '    connector: echo',
      '',
      '  # two',
      '  b:',
      '    accepter: tcp,2',
      '    connector: echo',
      '# end',
      '',
    ].join('\n'),
  );
});

test('accepters and connectors have a name for each layer in version 2, and mean the same', () => {
  const text = [
    'define: &port 3333',
    'define: &dev /dev/ttyS0,9600n81',
    'define: &address localhost,*(port)',
    'connection: &a {accepter: *port, connector: *dev}',
    "connection: &b {accepter: 'localhost,*(port)', connector: '*(dev),local'}",
    "connection: &c {accepter: 'telnet,ipv4,*(port)', connector: 'telnet, *(address)'}",
    "connection: &d {accepter: 'telnet(rfc2217),ipv6,tcp(nodelay,readbuf=10),::,3334,::1,3335', connector: 'localhost,3'}",
    "connection: &e {accepter: '0', connector: 'keepopen(retry-time=5),/dev/ttyS1', options: {banner: 2000}}",
    "connection: &f {accepter: 'ipv4,udp,3335', connector: '/dev/ttyS2,nonsense'}",
    'rotator: &r {accepter: 2000, connections: [a]}',
    'admin: {accepter: 3000}',
  ].join('\n');
  assertConverts(text, 'names');
  const lines = to('v2', text).match(/(?:accepter|connector|banner): .*/g);
  assert.deepEqual(lines, [
    'accepter: tcp,=(port)',
    'connector: serialdev,=(dev)',
    'accepter: tcp,localhost,=(port)',
    'connector: serialdev,=(dev),local',
    'accepter: telnet,tcp,ipv4,3333',
    'connector: telnet,tcp,localhost,3333',
    'accepter: telnet(rfc2217),tcp(nodelay,readbuf=10),ipv6,::,3334,ipv6,::1,3335',
    'connector: tcp,localhost,3',
    'accepter: stdio',
    'connector: keepopen(retry-time=5),serialdev,/dev/ttyS1',
    'banner: 2000',
    'accepter: udp,ipv4,3335',
    'connector: /dev/ttyS2,nonsense',
    'accepter: tcp,2000',
    'accepter: tcp,3000',
  ]);
});

test('texts that show an accepter or connector whose spelling changes are pointed out', () => {
  const said = (...lines: readonly string[]): string[] =>
    convert(lines.join('\n'), 'f.yaml', 'v2').diags.map((d) => `${d.pos.line} ${d.text}`);
  assert.deepEqual(
    said(
      'define: &b on \\p, \\d',
      'connection: &a {accepter: 2000, connector: /dev/ttyS0, options: {banner: *b}}',
      'connection: &b {accepter: "tcp,2001", connector: "serialdev,/dev/ttyS0", options: {banner: *b}}',
      'connection: &c {accepter: 2002, connector: /dev/ttyS0, options: {banner: none}}',
      'default: {name: openstr, value: \\p}',
      'connection: &d {accepter: 2003, connector: /dev/ttyS0}',
    ),
    [
      '2 \\p prints the accepter, which is written differently now',
      '2 \\d prints the connector, which is written differently now',
      '6 \\p prints the accepter, which is written differently now',
    ],
  );
});

test('a # inside a text is no comment', () => {
  const text =
    'define: &a \'x # y\'\ndefine: &b |\n  one\n  # two\nconnection: &c\n  accepter: tcp,1\n  connector: echo\n  options:\n    banner: "a # b\n      # c"\n    openstr: *a\n    closestr: *b\n';
  assertConverts(text, 'hashes');
  assert.doesNotMatch(to('v2', text), /^\s*# (y|two|b|c)/m);
});

test('aliases and substitutions keep their meaning', () => {
  assertConverts(
    [
      'define: &name text',
      'define: &dev /dev/ttyS0',
      'connection: &a',
      '  accepter: tcp,1',
      '  connector: serialdev,*(dev),9600n81',
      '  options:',
      '    banner: *name',
      "    openstr: '[*(name)] *(* ** *x = == =( =(name) *'",
      "    closestr: '*{/banner}*(a)'",
      'define: &name other',
      'connection: &b',
      '  accepter: tcp,2',
      '  connector: *dev',
      '  options: {banner: *name, sendon: *a}',
      'rotator: &r',
      '  accepter: tcp,3',
      '  connections: [*a, b]',
    ].join('\n'),
    'aliases',
  );
});

test('defaults keep their places; one without a value gets the one it stands for', () => {
  const text = [
    'default: {name: kickolduser, value: true}',
    'default: {name: local, value: true, class: serialdev}',
    'connection: &a {accepter: "tcp,1", connector: "serialdev,/dev/a"}',
    'default: {name: kickolduser}',
    'delete_default: {name: local, class: serialdev}',
    'connection: &b {accepter: "tcp,2", connector: "serialdev,/dev/a"}',
    'admin: {accepter: "tcp,3", options: {authdir-admin: /a}}',
    'led: &l {driver: sysfs, options: {device: d}}',
    'connection: &c {accepter: "tcp,4", connector: echo, options: {led-rx: l, mdns-txt: a=b, mdns-txt: c=d}}',
  ].join('\n');
  assertConverts(text, 'defaults');
  assert.match(to('v2', text), /kickolduser:\n {4}value: false/);
});

test('a default that is taken away without a value is taken away in version 2', () => {
  const text = [
    'default: {name: banner, value: one}',
    'default: {name: laddr, value: "127.0.0.1,0"}',
    'connection: &a {accepter: "tcp,1", connector: echo}',
    'default: {name: banner}',
    'connection: &b {accepter: "tcp,2", connector: echo}',
    'default: {name: banner, value: two, class: ser2net}',
    'default: {name: laddr}',
    'connection: &c {accepter: "udp,3", connector: echo}',
    'default: {name: banner, value: three}',
    'delete_default: {name: banner, class: ser2net}',
    'connection: &d {accepter: "tcp,4", connector: echo}',
    'default: {name: banner, class: ser2net}',
    'default: {name: cert, class: ssl}',
    'connection: &e {accepter: "tcp,5", connector: echo}',
    'delete_default: {name: banner, class: ser2net}',
  ].join('\n');
  assertConverts(text.slice(0, text.lastIndexOf('\n')), 'taken away');
  const { config } = yaml(to('v2', text));
  assert.deepEqual(
    config.connections.map((c) => c.options.banner),
    ['one', undefined, 'two', 'three', undefined],
  );
});

test('a number or switch without a value is zero in version 2, at each place where a default cannot be', () => {
  const text = [
    'default: {name: max-connections, value: 3}',
    'default: {name: max-connections}',
    'default: {name: accepter-retry-time}',
    'connection: &a {accepter: "tcp,1", connector: echo}',
    'connection: &b {accepter: "tcp,2", connector: echo, options: {max-connections: 2, banner: x}}',
    'rotator: &r {accepter: "tcp,3", connections: [a]}',
  ].join('\n');
  assertConverts(text, 'zero');
  assert.equal(
    to('v2', text)
      .match(/max-connections: .*/g)
      ?.join(' '),
    'max-connections: 0 max-connections: 2',
  );
});

test('what the built-in text is cannot be taken away in version 2: that is said', () => {
  const { text, diags } = convert(
    'default: {name: authdir}\ndefault: {name: signature}\nconnection: &a {accepter: "tcp,1", connector: echo}\n',
    'f.yaml',
    'v2',
  );
  assert.match(text, /# not converted: version 2 cannot take the default 'authdir' away, the built-in one holds/);
  assert.match(text, /# note: the built-in 'signature' holds, which means the same/);
  assert.deepEqual(
    diags.map((d) => [d.severity, d.pos.line]),
    [
      ['error', 1],
      ['warning', 2],
    ],
  );
});

test('between two delete_defaults, and before a rotator, stands another section: ser2net 4.6.7 would go on with the classes', () => {
  const text = [
    'default: {name: local, value: true, class: serialdev}',
    'default: {name: rtscts, value: true, class: serialdev}',
    'default: {name: nodelay, value: true, class: tcp}',
    'default: {name: nodelay, value: true, class: sctp}',
    'connection: &a {accepter: "tcp,1", connector: "serialdev,/dev/a"}',
    'delete_default: {name: local, class: serialdev}',
    'delete_default: {name: rtscts, class: serialdev}',
    'delete_default: {name: nodelay, class: tcp}',
    'delete_default: {name: nodelay, class: sctp}',
    'rotator: &r {accepter: "tcp,2", connections: [a]}',
  ].join('\n');
  assertConverts(text, 'deletes');
  const keys = to('v2', text)
    .split('\n')
    .filter((line) => /^[a-z]|^ {4}- /.test(line))
    .map((line) => line.trim());
  assert.deepEqual(keys.slice(keys.indexOf('connections:') + 1), [
    ...['delete_defaults:', '- serialdev', 'defaults:'],
    ...['delete_defaults:', '- serialdev', 'defaults:'],
    ...['delete_defaults:', '- tcp', '- sctp', 'defaults:'],
    'rotators:',
  ]);
});

test('defaults in any order mean the same in version 2', () => {
  const [none, classes] = [fc.constant(undefined), fc.constantFrom(undefined, 'ser2net', 'tcp', 'udp', 'serialdev')];
  const value = { banner: 'b', closeon: 'c', laddr: '127.0.0.1,0', kickolduser: 'true', 'chardelay-min': '7', rs485: '1:1' };
  const names = Object.keys(value) as (keyof typeof value)[];
  const section = fc.tuple(fc.constantFrom(...names), fc.oneof(none, fc.constant('v')), classes, fc.boolean());
  fc.assert(
    fc.property(fc.array(section, { minLength: 1, maxLength: 12 }), (sections) => {
      const defaults = new Defaults();
      const lines = sections.flatMap(([name, given, cls, remove], i) => {
        const of = cls === undefined ? '' : `, class: ${cls}`;
        const port = `connection: &c${i} {accepter: "tcp,${i + 1}", connector: "serialdev,/dev/a"}`;
        // A default that is not there cannot be taken away.
        if (remove)
          return cls !== undefined && defaults.remove(name, cls) === undefined ? [`delete_default: {name: ${name}${of}}`, port] : [port];
        const text = given === undefined ? undefined : value[name];
        defaults.set(name, cls, text);
        return [`default: {name: ${name}${text === undefined ? '' : `, value: "${text}"`}${of}}`, port];
      });
      const text = lines.join('\n');
      const two = to('v2', text);
      assert.deepEqual(meaning(yaml(two).config), meaning(yaml(text).config), two);
      assert.deepEqual(errors(yaml(two)), [], two);
    }),
    { numRuns: 500 },
  );
});

test('names that cannot be anchors are changed, also where they are referred to', () => {
  const text =
    'leds:\n  "a b": {driver: sysfs, options: {device: d}}\nconnections:\n  tcp,1: {accepter: "tcp,1", connector: echo, options: {led-tx: a b}}\n  tcp-1: {accepter: "tcp,2", connector: echo}\nrotators:\n  r: {accepter: "tcp,3", connections: ["tcp,1", tcp-1]}\n';
  const { config } = yaml(to('v1', text));
  assert.deepEqual(
    config.connections.map((c) => [c.name, c.options.ledTx]),
    [
      ['tcp-1', 'a-b'],
      ['tcp-1-2', undefined],
    ],
  );
  assert.deepEqual(config.rotators[0]!.connections, ['tcp-1', 'tcp-1-2']);
  assert.ok(convert(text, 'f.yaml', 'v1').diags.some((d) => d.text === "the name 'tcp,1' is tcp-1 now"));
});

test('include stays, with a word about the files it names', () => {
  const note = '# note: the files included here are as they were: convert each of them, too, or put them in with --inline\n';
  assert.equal(body('v2', 'define: &a b', 'include: /etc/x/*.yaml'), `defines:\n  a: &a b\n\n${note}include: '/etc/x/*.yaml'\n`);
  assert.equal(body('v1', 'defines: {a: b}', 'include: /etc/x/*.yaml'), `define: &a b\n${note}include: '/etc/x/*.yaml'\n`);
});

test('what is included is put in its place when asked for, and all of it means the same', () => {
  const files = memoryFiles({
    '/etc/conf.d/a.yaml':
      'define: &dev /dev/ttyS0\ndefault: {name: banner, value: hello}\n# the first\nconnection: &a {accepter: 2000, connector: *dev}\n',
    '/etc/conf.d/b.yaml': "default: {name: banner}\nconnection: &b {accepter: 'tcp,2001', connector: *dev}\n# end of b\n",
    '/etc/c.yaml': 'include: /etc/conf.d/a.yaml\n',
  });
  const text = '# all\ninclude: /etc/conf.d/*.yaml /nowhere\nconnection: &c {accepter: "tcp,2002", connector: *dev}\n';
  const { text: two, diags } = convert(text, 'f.yaml', 'v2', { inline: files });
  const read = (from: string): Reading => readYaml(from, 'f.yaml', { files, defaults: new Defaults() });
  assert.deepEqual(meaning(read(two).config), meaning(read(text).config), two);
  assert.equal(read(text).config.connections.length, 3);
  assert.doesNotMatch(two, /include/);
  assert.deepEqual(two.match(/# .*/g), ['# all', '# from /etc/conf.d/a.yaml', '# the first', '# from /etc/conf.d/b.yaml', '# end of b']);
  assert.deepEqual(
    diags.map((d) => `${d.severity} ${d.pos.file}:${d.pos.line} ${d.text}`),
    ["warning f.yaml:2 '/nowhere' cannot be read and is left out: No such file or directory"],
  );
  // A file that only includes is of the version of what it includes; problems have the place where they are.
  const nested = convert('include: /etc/c.yaml\n', 'f.yaml', 'v2', { inline: files }).text;
  assert.deepEqual(meaning(read(nested).config), meaning(read('include: /etc/c.yaml\n').config));
});

test('includes that cannot be put in are told: a file of the other version, one that includes itself, a name made of texts', () => {
  const files = memoryFiles({
    '/two': 'connections: {x: {accepter: "tcp,1", connector: echo}}\n',
    '/self': 'include: /self\n',
    '/bad': 'define: &y z\noops: 1\n',
  });
  const text = 'define: &a b\ninclude: /two\ninclude: /self\ninclude: /*(a)\ninclude: /bad\n';
  const { text: two, diags } = convert(text, 'f.yaml', 'v2', { inline: files });
  assert.deepEqual(
    diags.map((d) => `${d.severity} ${d.pos.file}:${d.pos.line} ${d.text}`),
    [
      'error /two:1 it is of the other version than the file before it, and left out',
      "error /self:1 '/self' includes itself, and is left out here",
      'error f.yaml:4 the files included here cannot be told, and stay where they are',
      "error /bad:2 'oops' is not a section and is left out",
      'warning f.yaml:4 the files included here are as they were: convert each of them, too, or put them in with --inline',
    ],
  );
  assert.match(two, /include: \/=\(a\)/);
});

test('a mistake is reported, and what came before it is converted', () => {
  const { text, diags } = convert('connection: &a\n  accepter: tcp,1\n  connector: echo\n  x: "\n', 'f.yaml', 'v2');
  assert.equal(diags[0]!.code, 'syntax');
  assert.match(text, /accepter: tcp,1/);
});

test('any text can be converted without harm', () => {
  const piece = fc.constantFrom(
    'define: &a x\n',
    'connection: &c\n',
    '  accepter: tcp,1\n',
    '  connector: echo\n',
    '  options:\n',
    '    banner: *a\n',
    'connections:\n',
    '- ',
    '# c\n',
    '{',
    '}',
    '[',
    ']',
    ': ',
    '&',
    '*',
    "'",
    '"',
    '\n',
    ' ',
    '\t',
    'default: {name: x}\n',
    '? ',
    '|\n',
    'defines: {a: b}\n',
    '---\n',
    '...\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), fc.constantFrom('v1', 'v2'), (pieces, version) => {
      assert.equal(typeof convert(pieces.join(''), 'f.yaml', version as 'v1').text, 'string');
    }),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => convert(text, 'f.yaml', 'v2').text !== undefined));
});
