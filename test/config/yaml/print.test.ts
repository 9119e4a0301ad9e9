import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OptionReader } from '../../../src/config/connection-options.ts';
import type { Config, ConnectionConfig, LedConfig, RotatorConfig } from '../../../src/config/model.ts';
import { printYaml } from '../../../src/config/yaml/print.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../../src/gensio/syntax/gensio-str.ts';
import { CONNECTION } from '../../../src/options/connection.ts';
import type { Row } from '../../../src/options/row.ts';
import { read } from './reading.ts';

const POS = { file: '', line: 0, col: 0, len: 0 };
/** What a configuration means, without places, format, and the texts of stacks that mean something. */
function meaning(config: Config): unknown {
  const plain = JSON.stringify({ ...config, format: '' }, (key, value: unknown) => {
    if (key === 'pos' || key === 'place') return undefined;
    return typeof value === 'object' && value !== null && 'spec' in value && value.spec !== undefined ? { spec: value.spec } : value;
  });
  return JSON.parse(plain);
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('a', ' ', '*', '=', '(', '{', ')', ':', '#', "'", '"', '\\', '\n', 'o', '-', '~', 'é', '&'),
    minLength: 1,
    maxLength: 12,
  }),
);
const noNul = text.map((t) => t.replaceAll('\0', '0'));

/** A value of an option that its reader takes. */
function optionText(row: Row<unknown>): fc.Arbitrary<string> {
  // The words of a kind are its name: off|drop|queue.
  const any = fc.oneof(
    noNul,
    fc.constantFrom(...row.kind.name.split('|'), 'true', 'false', '0', '1', '17', '5000', 'ipv4', 'a b', '1.2.3.4,5', '!::1,0;h,6'),
  );
  return any.filter((t) => 'ok' in row.kind.parse(t));
}
const rows = Object.values(CONNECTION).filter((row) => !String(row.yaml).startsWith('led-')) as unknown as readonly Row<unknown>[];
const option = fc.constantFrom(...rows).chain((row) => optionText(row).map((value) => `${String(row.yaml)}=${value}`));
const bare = fc.constantFrom('kickolduser', 'banner', 'openstr', 'signature', 'trace-hexdump', 'mdns-txt=a', 'mdns-txt=b=c');
const options = fc.array(fc.oneof(option, bare), { maxLength: 8 }).map((list) => {
  const fresh = () => new OptionReader(new Defaults(), { hasLed: () => true });
  const reader = fresh();
  for (const each of list) if (fresh().set(each) === undefined) reader.set(each);
  const got = reader.finish();
  assert.ok('ok' in got);
  return got.ok;
});
const preset = fc.constantFrom<readonly [string, string, string][]>(
  [],
  [['speed', 'serialdev', '300e71']],
  [
    ['rfc2217', 'telnet', 'true'],
    ['tcpd', 'tcp', 'off'],
  ],
);
const stack = (role: 'accepter' | 'connector', texts: readonly string[]) =>
  fc.tuple(fc.constantFrom(...texts), preset).map(([t, set]) => {
    const d = new Defaults();
    for (const [name, cls, value] of set) d.set(name, cls, value);
    return parseStack(t, role, d);
  });
const ACCEPTERS = [
  'tcp,2000',
  '2001',
  'telnet(rfc2217),tcp,localhost,1',
  'ssl(key="/a b"),tcp,::1,5',
  "unix,/x 'y",
  'nonsense,x,y',
  'tcp , 1 , 2',
  '0',
];
const CONNECTORS = [
  'serialdev, /dev/ttyS0, 9600n81,local',
  '/dev/ttyS1',
  'keepopen,sdev(nouucplock=off),/dev/x,rts=off',
  'echo(data="=(x *{y")',
  'stdio,sh -c "a # b: c"',
];

const connection = (name: fc.Arbitrary<string>): fc.Arbitrary<ConnectionConfig> =>
  fc.record({
    name,
    accepter: stack('accepter', ACCEPTERS),
    connector: stack('connector', CONNECTORS),
    device: fc.constant(undefined),
    timeout: fc.nat(0xffffffff),
    enable: fc.boolean(),
    options,
    pos: fc.constant(POS),
  });

const configuration = (name: fc.Arbitrary<string>): fc.Arbitrary<Config> => {
  const led: fc.Arbitrary<LedConfig> = fc.record({
    name,
    driver: fc.constant('sysfs' as const),
    device: noNul,
    duration: fc.integer({ min: 1, max: 999999999 }),
    state: fc.constantFrom(0, 1),
    mode: fc.constantFrom('transient' as const, 'solid' as const),
    pos: fc.constant(POS),
  });
  const rotator: fc.Arbitrary<RotatorConfig> = fc.record({
    name,
    accepter: stack('accepter', ACCEPTERS.slice(0, 4)),
    connections: fc.array(name, { minLength: 1, maxLength: 3 }),
    options: options.map(({ authdir, pamauth, allowedUsers, accepterRetryTime }) => ({
      authdir,
      pamauth,
      allowedUsers,
      accepterRetryTime,
    })),
    pos: fc.constant(POS),
  });
  const admin = fc.option(
    fc.record({
      name,
      accepter: stack('accepter', ACCEPTERS.slice(0, 3)),
      authdir: noNul,
      pamauth: fc.option(noNul, { nil: undefined }),
      timeout: fc.nat(),
      pos: fc.constant(POS),
    }),
    { nil: undefined },
  );
  const unique = { selector: (item: { readonly name: string }) => item.name, maxLength: 3 };
  return fc
    .record({
      format: fc.constant('yaml' as const),
      connections: fc.uniqueArray(connection(name), unique),
      rotators: fc.array(rotator, { maxLength: 2 }),
      leds: fc.uniqueArray(led, unique),
      admin,
    })
    .map((config) => {
      const lit = config.leds[0]?.name;
      const connections = config.connections.map((c) => ({ ...c, options: { ...c.options, ledRx: lit, ledConn: lit } }));
      return { ...config, connections };
    });
};

const anchor = fc.string({ unit: fc.constantFrom('a', 'B', '7', '_', '-'), minLength: 1, maxLength: 5 });

test('any configuration that is printed as version 1 reads back', () => {
  fc.assert(
    fc.property(configuration(anchor), (config) => {
      const printed = printYaml(config, 1);
      assert.deepEqual(meaning(read(printed).config), meaning(config), printed);
    }),
    { numRuns: 300 },
  );
});

test('any configuration that is printed as version 2 reads back, with any names', () => {
  const name = noNul;
  fc.assert(
    fc.property(configuration(name), (config) => {
      const { signature, authdir } = CONNECTION;
      // Version 2 cannot take a default away.
      for (const { options: o } of config.connections)
        fc.pre(o.signature !== undefined && o.authdir !== undefined && signature.def !== undefined && authdir.def !== undefined);
      const printed = printYaml(config, 2);
      assert.deepEqual(meaning(read(printed).config), meaning(config), printed);
    }),
    { numRuns: 300 },
  );
});

test('a default that was taken away stays so in version 1', () => {
  const { config } = read(
    'default:\n  name: signature\nconnection: &a\n  accepter: tcp,1\n  connector: echo\nconnection: &b\n  accepter: tcp,2\n  connector: echo\n  options:\n    signature: ser2net\n',
  );
  assert.deepEqual(meaning(read(printYaml(config)).config), meaning(config));
});

test('names that are no anchors become ones in version 1, each of its own', () => {
  const { config } = read(
    'connections:\n  a.b: {accepter: "tcp,1", connector: echo}\n  a b: {accepter: "tcp,2", connector: echo}\nrotators:\n  r: {accepter: "tcp,3", connections: [a b, a.b]}\n',
  );
  const back = read(printYaml(config, 1)).config;
  assert.deepEqual(
    back.connections.map((c) => c.name),
    ['a-b', 'a-b-2'],
  );
  assert.deepEqual(back.rotators[0]?.connections, ['a-b-2', 'a-b']);
});

test('the alias of a device and bytes that are not UTF-8 are written out in texts with escapes', () => {
  const { config } = read(
    'connection: &a\n  accepter: tcp,1\n  connector: echo\n  options:\n    banner: \\o \\\\o\n    trace-read: /tmp/\\o\n',
  );
  const [c] = config.connections;
  const changed = { ...config, connections: [{ ...c!, device: 'x/y\\', options: { ...c!.options, openstr: 'caf\udce9' } }] };
  const { options: o } = read(printYaml(changed)).config.connections[0]!;
  assert.deepEqual([o.banner, o.traceRead, o.openstr], ['x/y\\\\ \\\\o', '/tmp/y\\\\', 'caf\\xe9']);
});

test('an empty configuration is still one', () => {
  for (const version of [1, 2] as const) {
    const { diags, complete } = read(printYaml(read('define: &a b\n').config, version));
    assert.deepEqual([diags, complete], [[], true]);
  }
});
