import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDiag } from '../../../src/base/diag.ts';
import { printConfig } from '../../../src/cli/check/dump.ts';
import { checkConfig } from '../../../src/config/check.ts';
import { yamlToYaml } from '../../../src/config/convert/yaml-versions.ts';
import type { Config } from '../../../src/config/model.ts';
import { printYaml } from '../../../src/config/yaml/print.ts';
import { ATTACH } from '../../../src/options/attach.ts';
import { defaults } from '../../../src/options/row.ts';
import { read } from './reading.ts';

const said = (text: string): string[] => read(text).diags.map(formatDiag);
const plain = ({ attachments = [] }: Config) =>
  attachments.map(({ name, device, targets, enable, options }) => ({
    name,
    device,
    targets: targets.map(({ written }) => written),
    enable,
    options,
  }));

const FULL = `
define: &host plc
attachment: &lio0
  device: /dev/lio0
  target: rfc2217://*(host):4001?speed=9600e71
attachment: &lio1
  device: /dev/lio1
  target:
    - tls://plc:4002
    - [0]
`.replace('\n    - [0]', '\n    - tcp,spare,4002');

test('an attachment has a device, one target or a list of them, and options', () => {
  const text = `${FULL}  enable: off
  options:
    user: nobody
    mode: 660
    tls-ca: /etc/plc.crt
    on-demand: true
    queue: 1000
    retry-max: 10
`;
  const reading = read(text);
  assert.deepEqual(said(text), []);
  assert.deepEqual(plain(reading.config), [
    { name: 'lio0', device: '/dev/lio0', targets: ['rfc2217://plc:4001?speed=9600e71'], enable: true, options: defaults(ATTACH) },
    {
      name: 'lio1',
      device: '/dev/lio1',
      targets: ['tls://plc:4002', 'tcp,spare,4002'],
      enable: false,
      options: { ...defaults(ATTACH), user: 'nobody', mode: 0o660, tlsCa: '/etc/plc.crt', onDemand: true, queue: 1000, retryMax: 10_000 },
    },
  ]);
});

test('version 2 has them under attachments, and a file without any has none', () => {
  const two = 'attachments:\n  lio 0:\n    device: /dev/lio0\n    target: tcp://plc:4001\n';
  assert.deepEqual(
    plain(read(two).config).map(({ name, device }) => [name, device]),
    [['lio 0', '/dev/lio0']],
  );
  assert.equal(read('connection: &a\n  accepter: tcp,0\n  connector: echo\n').config.attachments, undefined);
});

test('what is wrong is said with its place, and the others are kept', () => {
  const cases: [string, RegExp][] = [
    ['attachment: &a\n  target: tcp://h:1\n', /^f.yaml:1:13: error: it has no 'device'; the attachment 'a' is left out/],
    ['attachment: &a\n  device: /dev/a\n', /it has no 'target'/],
    [
      'attachment: &a\n  device: ttyV0\n  target: tcp://h:1\n',
      /:2:11: .*'ttyV0' is not a full path.*\n {2}hint: did you mean '\/dev\/ttyV0'/,
    ],
    ['attachment: &a\n  device: /dev/a\n  target: tpc://h:1\n', /:3:11: .*did you mean 'tcp:\/\/'/],
    ['attachment: &a\n  device: /dev/a\n  target: [tcp://h:1, tcp://h]\n', /a port is missing after 'h'/],
    [
      'attachment: &a\n  device: /dev/a\n  target: tcp://h:1\n  options:\n    qeue: 1\n',
      /:5:5: .*no option 'qeue'.*\n {2}hint: did you mean 'queue'/,
    ],
    ['attachment: &a\n  device: /dev/a\n  target: tcp://h:1\n  options:\n    mode: 888\n', /'888' of 'mode' is not an octal mode/],
  ];
  for (const [text, wanted] of cases) {
    const all = `${text}attachment: &good\n  device: /dev/good\n  target: tcp://h:1\n`;
    assert.match(said(all)[0] ?? '', wanted);
    assert.deepEqual(
      plain(read(all).config).map(({ name }) => name),
      ['good'],
    );
  }
  assert.match(said('attachment:\n  device: /dev/a\n')[0]!, /the attachment has no name/);
  assert.match(
    said('attachment: &a\n  target: tcp://h:1\n  target: tcp://h:2\n')[0]!,
    /'target' is given twice.*\n {2}hint: make it one list/,
  );
  const twice = 'attachment: &a\n  device: /dev/a\n  target: tcp://h:1\n';
  assert.match(said(twice + twice)[0]!, /there is one of that name already/);
});

test('two attachments with one device are warned about', () => {
  const text = 'attachment: &a\n  device: /dev/x\n  target: tcp://h:1\nattachment: &b\n  device: /dev/x\n  target: tcp://h:2\n';
  const { config, origins } = read(text);
  assert.match(
    checkConfig(config, origins).map(formatDiag).join('\n'),
    /:5:11: warning: the attachment 'a' creates the device \/dev\/x, too: 'b' is not used/,
  );
});

test('what is printed or converted reads back to the same', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), { maxLength: 4 });
  const option = fc.constantFrom<readonly [string, string]>(
    ['mode', '0640'],
    ['user', "a 'b'"],
    ['hangup', 'true'],
    ['queue', '0'],
    ['speed', '1200E72'],
    ['retry-time', '1500m'],
  );
  const target = fc.constantFrom('tcp://plc:4001', 'rfc2217s://[::1]:4001?speed=9600&rts=off', "unix,/run/it's = *", 'unix:///run/x y');
  const one = fc.record({
    targets: fc.array(target, { minLength: 1, maxLength: 3 }),
    options: fc.uniqueArray(option, { selector: ([name]) => name }),
    off: fc.boolean(),
  });
  fc.assert(
    fc.property(names, fc.array(one, { minLength: 4, maxLength: 4 }), (list, bodies) => {
      const text = list
        .map((name, i) => {
          const { targets, options, off } = bodies[i]!;
          const lines = options.map(([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`).join('');
          const tail = `${off ? '  enable: off\n' : ''}${lines === '' ? '' : `  options:\n${lines}`}`;
          return `attachment: &${name}\n  device: /dev/${name}\n  target: ${JSON.stringify(targets)}\n${tail}`;
        })
        .join('');
      const reading = read(text === '' ? 'define: &x y\n' : text);
      const { config } = reading;
      assert.equal(config.attachments?.length ?? 0, list.length);
      for (const printed of [printYaml(config, 1), printYaml(config, 2), printConfig(reading)])
        assert.deepEqual(plain(read(printed).config), plain(config));
      if (list.length > 0) assert.deepEqual(plain(read(yamlToYaml(text, 'test.yaml', 'v2').text).config), plain(config));
    }),
  );
});
