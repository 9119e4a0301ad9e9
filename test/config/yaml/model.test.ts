// What a YAML file means: its sections and options, both versions of it, and its mistakes. Included files are in include.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ConnectionOptions } from '../../../src/options/connection.ts';
import { anyText as anyUnits } from '../any-text.ts';
import { cpuMs } from '../cpu-time.ts';
import { classics, connection, hints, places, read, withLines, withOptions } from './reading.ts';

test('a connection has its name from the anchor, and what is not written is as built in', () => {
  const { config, diags, complete } = read('%YAML 1.1\n---\nconnection: &con0\n  accepter: tcp,2000\n  connector: serialdev,/dev/ttyS0\n');
  assert.deepEqual([diags, complete, config.format, config.connections.length], [[], true, 'yaml', 1]);
  const c = config.connections[0]!;
  assert.deepEqual(
    [c.name, c.accepter.text, c.connector.text, c.device, c.timeout, c.enable],
    ['con0', 'tcp,2000', 'serialdev,/dev/ttyS0', undefined, 0, true],
  );
  assert.deepEqual([c.pos.line, c.pos.col, c.pos.len], [3, 13, 5]);
  assert.equal(c.accepter.spec?.type, 'tcp');
});

test('timeout is a number of any base, enable is on or off in any case', () => {
  assert.equal(connection(withLines('  timeout: 0x10\n')).timeout, 16);
  assert.equal(connection(withLines('  timeout: -1\n')).timeout, 4294967295);
  assert.equal(connection(withLines('  enable: OFF\n')).enable, false);
});

test('section names, keys and options are compared without case', () => {
  const c = connection('CONNECTION: &c\n  Accepter: tcp,1\n  CONNECTOR: echo\n  Options:\n    BANNER: x\n');
  assert.equal(c.options.banner, 'x');
});

test('every kind of option is read', () => {
  const lines = {
    kickolduser: 'true',
    'timeout-on-os-queue': 'on',
    'trace-read': '/tmp/r',
    'trace-write': '/tmp/w',
    'trace-both': '/tmp/b',
    'trace-hexdump': '1',
    'trace-both-timestamp': 'yes',
    'telnet-brk-on-sync': '',
    chardelay: 'off',
    'chardelay-scale': '5000',
    'chardelay-min': '010',
    'chardelay-max': '0x20',
    'no-con-to-acc': 'true',
    'no-acc-to-con': 'no',
    'dev-to-net-bufsize': '0',
    'net-to-dev-bufsize': '100',
    'max-connections': '0',
    'accepter-retry-time': '0',
    'connector-retry-time': '7',
    authdir: '/a',
    pamauth: 'p',
    'allowed-users': 'a  b',
    remaddr: "'127.0.0.1,0;!::1,5'",
    connback: 'h,1;i,2',
    'connback-timeout': '9',
    banner: '',
    openstr: 'o',
    closestr: 'c',
    closeon: 'x',
    sendon: 'y',
    signature: '',
    mdns: 'true',
    'mdns-interface': '-1',
    'mdns-nettype': 'IPV6',
    'mdns-port': '5',
    'mdns-name': 'n',
    'mdns-type': 't',
    'mdns-domain': 'd',
    'mdns-host': 'h',
    'mdns-txt': 'a=b',
    'mdns-sysattrs': 'true',
  };
  const text = withOptions(...Object.entries(lines).map(([k, v]) => `${k}: ${v}`), 'mdns-txt: c,d', 'allowed-users: e');
  const o = connection(text).options;
  const want: Partial<ConnectionOptions> = {
    kickolduser: true,
    timeoutOnOsQueue: true,
    traceRead: '/tmp/r',
    traceWrite: '/tmp/w',
    traceBoth: '/tmp/b',
    traceReadHexdump: true,
    traceWriteHexdump: true,
    traceBothHexdump: true,
    traceReadTimestamp: false,
    traceBothTimestamp: true,
    telnetBrkOnSync: true,
    chardelay: false,
    chardelayScale: 5000,
    chardelayMin: 8,
    chardelayMax: 32,
    noConToAcc: true,
    noAccToCon: false,
    devToNetBufsize: 2,
    netToDevBufsize: 100,
    maxConnections: 1,
    accepterRetryTime: 1,
    connectorRetryTime: 7,
    authdir: '/a',
    pamauth: 'p',
    allowedUsers: ['a', 'b', 'e'],
    remaddr: ['127.0.0.1,0', '!::1,5'],
    connback: ['h,1', 'i,2'],
    connbackTimeout: 9,
    banner: '',
    openstr: 'o',
    closestr: 'c',
    closeon: 'x',
    sendon: 'y',
    signature: '',
    mdns: true,
    mdnsInterface: -1,
    mdnsNettype: 'ipv6',
    mdnsPort: 5,
    mdnsName: 'n',
    mdnsType: 't',
    mdnsDomain: 'd',
    mdnsHost: 'h',
    mdnsTxt: ['a=b', 'c,d'],
    mdnsSysattrs: true,
  };
  for (const [key, value] of Object.entries(want)) assert.deepEqual(o[key as keyof ConnectionOptions], value, key);
});

test('scalars are text however they look, an option may be given several times over, and the last one counts', () => {
  const o = connection(withOptions('banner: ~', "banner=a: 'b'", 'kickolduser=true:')).options;
  assert.deepEqual([o.banner, o.kickolduser], ['a=b', true]);
});

test('defines are put in by alias, also as keys, and looked through again; sections name themselves', () => {
  const text = `define: &x '*(*a)'\ndefine: &a AA\ndefine: &k banner\n${withOptions('*k : <*(a)> *(c)', 'openstr: *x')}`;
  const o = connection(text).options;
  assert.deepEqual([o.banner, o.openstr], ['<AA> c', 'AA']);
  const again = read(
    `define: &a 1\n${withOptions('banner: *a')}define: &a 2\n${withOptions('banner: *a').replace('&c', '&d').replace('2000', '2001')}`,
  );
  assert.deepEqual(
    again.config.connections.map((c) => c.options.banner),
    ['1', '2'],
  );
});

test('files are put in as they are, cut at a NUL', () => {
  assert.equal(connection(withOptions("banner: '<*{/etc/motd}>'"), { '/etc/motd': 'hello\n\0x' }).options.banner, '<hello\n>');
});

test('defaults hold for what comes after them', () => {
  const def = (name: string, value: string, cls = ''): string =>
    `default:\n  name: ${name}\n  value: ${value}\n${cls === '' ? '' : `  class: ${cls}\n`}`;
  const one = (n: number): string => `connection: &c${n}\n  accepter: telnet,tcp,${n}\n  connector: /dev/tty${n}\n`;
  const text = `${one(1)}${def('banner', 'D1')}${def('speed', '300e71')}${def('rfc2217', 'true', 'telnet')}${one(2)}${def('banner', 'D2', 'ser2net')}${one(3)}delete_default:\n  name: banner\n  class: ser2net\n${one(4)}default:\n  name: banner\n${one(5)}`;
  const { config, diags } = read(text);
  assert.deepEqual(diags, []);
  assert.deepEqual(
    config.connections.map((c) => c.options.banner),
    [undefined, 'D1', 'D2', 'D1', undefined],
  );
  const line = (n: number) => {
    const { spec } = config.connections[n]!.connector;
    return spec?.type === 'serialdev' ? `${spec.line.speed}${spec.line.parity}` : undefined;
  };
  assert.deepEqual([line(0), line(1)], ['9600N', '300E']);
  const telnet = (n: number) => {
    const { spec } = config.connections[n]!.accepter;
    return spec?.type === 'telnet' ? spec.opts.rfc2217 : undefined;
  };
  assert.deepEqual([telnet(0), telnet(1)], [false, true]);
});

test('rotators, LEDs and the admin port are read', () => {
  const { config, diags } = read(
    `led: &l\n  driver: sysfs\n  options:\n    dev: green\n    du: 50\n    state: 0\n    mode: solid\n    other: x\n${withOptions('led-rx: *l')}rotator: &r\n  accepter: tcp,1\n  connections: [ *c, later ]\n  options:\n    allowed-users: a b\n    accepter-retry-time: 0\nadmin: &adm\n  accepter: 3001\n  options:\n    authdir-admin: /x\n    timeout-admin: 600\n    mdns: true\n`,
  );
  assert.deepEqual(diags, []);
  const { pos: _led, ...led } = config.leds[0]!;
  assert.deepEqual(led, { name: 'l', driver: 'sysfs', device: 'green', duration: 50, state: 0, mode: 'solid' });
  assert.equal(config.connections[0]!.options.ledRx, 'l');
  const rotator = config.rotators[0]!;
  assert.deepEqual(
    [rotator.name, rotator.connections, rotator.options.allowedUsers, rotator.options.accepterRetryTime],
    ['r', ['c', 'later'], ['a', 'b'], 1],
  );
  assert.deepEqual(
    [config.admin?.name, config.admin?.authdir, config.admin?.timeout, config.admin?.accepter.spec?.type],
    ['adm', '/x', 600, 'tcp'],
  );
});

test('what is wrong with one connection loses only that one, and a bad string not even that', () => {
  const text = `${withLines('', 'a')}${withOptions('bogus: 1').replace('&c', '&b')}connection: &k\n  accepter: foo,bar,x\n  connector: echo\n${withLines('', 'z')}`;
  const { config, complete } = read(text);
  assert.equal(complete, true);
  assert.deepEqual(
    config.connections.map((c) => [c.name, c.accepter.spec !== undefined]),
    [
      ['a', true],
      ['k', false],
      ['z', true],
    ],
  );
});

test('a mistake ends the reading, and what was complete before it counts', () => {
  for (const bad of [
    'bogus: x\n',
    'connection: &b\n  bogus: x\n',
    'define: &x "\n',
    'define: &x a: b\n',
    'connection: &b\n  accepter: x\n',
  ]) {
    const { config, complete } = read(`${withLines('', 'a')}${bad}${withLines('', 'z')}`);
    assert.deepEqual([complete, config.connections.map((c) => c.name)], [false, ['a']], bad);
  }
});

test('several documents are one configuration', () => {
  const { config, complete } = read(`${withLines('', 'a')}---\n${withLines('', 'b')}...\n---\n${withLines('', 'c')}`);
  assert.deepEqual([complete, config.connections.length], [true, 3]);
});

test('version 2 has one mapping for each kind', () => {
  const { config, diags, complete } = read(`
defines: {who: me, x: &y there}
defaults:
  banner: {value: 'hi =(who) =(y)', class: ser2net}
  max-connections:
    value: 3
admins: {adm: {accepter: 'tcp,1'}}
leds: {l 1: {driver: sysfs, options: {device: g}}}
connections:
  con.0:
    accepter: tcp,2
    connector: echo
    timeout: 5
    enable: off
    options: {led-tx: l 1, openstr: 'a=b=='}
delete_defaults:
  banner: [ser2net]
connections:
  con 1: {accepter: 'tcp,3', connector: echo}
rotators:
  r: {accepter: 'tcp,4', connections: [con.0, con 1]}
`);
  assert.deepEqual([diags, complete, config.format], [[], true, 'yaml2']);
  assert.deepEqual(
    config.connections.map((c) => [
      c.name,
      c.timeout,
      c.enable,
      c.options.banner,
      c.options.openstr,
      c.options.ledTx,
      c.options.maxConnections,
    ]),
    [
      ['con.0', 5, false, 'hi me there', 'a=b=', 'l 1', 3],
      ['con 1', 0, true, undefined, undefined, undefined, 3],
    ],
  );
  assert.deepEqual([config.admin?.name, config.rotators[0]?.connections], ['adm', ['con.0', 'con 1']]);
});

test('mistakes in version 2 have its words and numbers', () => {
  const last = (text: string): string =>
    classics(text)
      .at(-1)!
      .replace(/^f.yaml:\d+\(column \d+\): /, '');
  assert.equal(last('connections: x\n'), 'Unexpected scalar value');
  assert.equal(last('connections: [a]\n'), 'Unexpected sequence start: 20');
  assert.equal(last('connections: {[a]: b}\n'), 'Unexpected sequence start: 21');
  assert.equal(last('connections: {a: [b]}\n'), 'Unexpected sequence start: 22');
  assert.equal(last('rotators: {a: [b]}\n'), 'Unexpected sequence start: 25');
  assert.equal(last('defines: [b]\n'), 'Unexpected sequence start: 4');
  assert.equal(last('defines: {a: [b]}\n'), 'Unexpected sequence start: 6');
  assert.equal(last('delete_defaults: {a: {b: c}}\n'), 'Unexpected mapping start: 9');
  assert.equal(last('delete_defaults: {speed: []}\n'), 'No class(es) given in delete_defaults');
  assert.equal(last('delete_defaults: {speed: [x]}\n'), 'Unable to delete default name x:speed: Value or file not found');
  assert.equal(last('connections: {a: {bogus: x}}\n'), 'Invalid token in the connections: bogus');
  assert.equal(last('defaults: {speed: {}}\n'), 'No value given in default');
  assert.equal(last('defaults: {speed: {name: x}}\n'), 'Invalid token in the defaults: name');
  assert.equal(last('connections: {a: {accepter: [x]}}\n'), 'Unexpected sequence start: 29');
  assert.deepEqual(classics('defines: {a: b}\ndefine: &a b\n').length, 2);
  assert.equal(read('define: &a b\ndefines: {a: b}\n').complete, false);
});

test('hints say what was probably meant', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['conection: &a\n', /'connection'/],
    ['connection: &a\n  acepter: x\n', /'accepter'/],
    ['connection: &a\n  trace-both: x\n', /put it under 'options:'/],
    [withOptions('kickoldusr: true'), /'kickolduser'/],
    [withOptions('kickolduser: True'), /small letters/],
    [withOptions('speed: 9600'), /follow the device/],
    [withOptions('rfc2217: true'), /parentheses/],
    [withOptions('timeout: 5'), /beside 'options'/],
    ['default:\n  name: kickoldusr\n', /'kickolduser'/],
    ['default:\n  name: trace-read\n', /only be given in a connection/],
    ['default:\n  name: kickolduser\n  value: yes\n', /true or false/],
    [`define: &banner x\n${withOptions('banner: *baner')}`, /'banner'/],
    [`${withOptions('banner: *later')}define: &later x\n`, /line 6/],
    ['connection: &c\n  accepter: tcp,1\n connector: echo\n', /'connector' in line 3 is not indented/],
    ['connection: &c\n  accepter:tcp,1\n', /'accepter: ' with a space/],
    ['connection:\n  accepter: x\n', /'connection: &name'/],
    ['rotator: &r\n  connections: "a, b"\n', /\[a, b\]/],
    ['connection: &c\naccepter: x\n', /must be indented/],
    [withOptions('banner: [\\B]'), /single quotes/],
    ['2000:raw:0:/dev/x:9600\n', /classic format/],
    [withLines('', 'a') + withLines('', 'a'), /line 1/],
    ['connection: &c\n  accepter: tcp , localhost , 1\n  connector: echo\n', /spaces before a comma/],
  ];
  for (const [text, want] of cases) assert.match(hints(text).join(' | '), want, text);
});

test('problems are placed at what is wrong', () => {
  assert.deepEqual(places('define: &a x\nbogus: y\n'), ['2:1 unknown-section']);
  assert.deepEqual(places(withOptions('banner: x', 'bogus: 1')), ['6:5 unknown-option']);
  assert.deepEqual(places(withOptions('max-connections: 1x')), ['5:22 bad-value']);
  assert.deepEqual(places(withOptions('remaddr: 1.2.3.4')), ['5:14 bad-address']);
  assert.deepEqual(places('connection: &c\n  accepter: foo,bar,x\n  connector: serialdev,/dev/x,q\n'), [
    '3:31 bad-connector',
    '2:13 bad-accepter',
  ]);
  assert.deepEqual(places('connection: &c\n  accepter: telnet(rfc2217,x),tcp,1\n  connector: "serialdev,/dev/x,bogus,local"\n'), [
    '3:32 bad-connector',
    '2:28 bad-accepter',
  ]);
  assert.deepEqual(places('define: &x "😀\n'), ['1:12 syntax']);
  assert.deepEqual(places('include: /b\n', { '/b': '\n\n  x: y\n' }), ['/b:3:3 unknown-section']);
  assert.deepEqual(places('connection: &c\n  accepter: 2000\n'), ['1:13 missing-key']);
});

test('problems beyond a thousand are counted, not listed', () => {
  const { diags } = read(Array.from({ length: 1500 }, () => 'define: x\n').join(''));
  assert.deepEqual([diags.length, diags.at(-1)?.code], [1001, 'limit']);
});

const word = fc.constantFrom(
  'connection',
  'connections',
  'accepter',
  'connector',
  'options',
  'banner',
  'define',
  'include',
  'default',
  'name',
  'value',
  'class',
  'rotator',
  'led',
  'driver',
  'sysfs',
  'admin',
  'tcp,1',
  'echo',
  'on',
  '&a',
  '*a',
  '*(a)',
  '={x}',
  '/x',
);
const glue = fc.constantFrom(': ', '\n', '\n  ', '\n    ', ' ', '[', ']', '{', '}', ', ', '"', '---\n');

test('any bytes are read without failing, and every problem has a place', () => {
  const text = fc.oneof(
    fc.array(fc.oneof(word, glue), { maxLength: 60 }).map((parts) => parts.join('')),
    anyUnits,
  );
  fc.assert(
    fc.property(text, (t) => {
      const { diags, complete } = read(t, { '/x': t });
      for (const { pos, text: words } of diags) assert.ok(pos.line >= 1 && pos.col >= 1 && pos.len >= 0 && words !== '');
      assert.ok(complete || diags.length > 0);
    }),
    { numRuns: 3000 },
  );
});

test('a megabyte of sections, options or names is read in linear time', () => {
  const texts = [
    Array.from({ length: 8000 }, (_, i) => `connection: &c${i}\n  accepter: tcp,${i + 1}\n  connector: echo\n`).join(''),
    withOptions(...Array.from({ length: 30000 }, (_, i) => `banner: b${i}`)),
    Array.from({ length: 30000 }, (_, i) => `define: &a${i} '*(a${i - 1})'\n`)
      .join('')
      .replace('*(a-1)', 'x'),
    'define: x\n'.repeat(40000),
    withOptions(...Array.from({ length: 5000 }, () => 'remaddr: 1.2.3.4,5')),
  ];
  for (const text of texts) {
    assert.ok(cpuMs(() => read(text)) < 5000, text.slice(0, 40));
  }
});
