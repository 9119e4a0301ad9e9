import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Defaults, defaultNames } from '../../../src/gensio/syntax/defaults.ts';
import { CONNECTION } from '../../../src/options/connection.ts';
import { TCP, UDP } from '../../../src/options/net.ts';
import { defaults, type Rows } from '../../../src/options/row.ts';
import { LINE, SERIALDEV } from '../../../src/options/serialdev.ts';
import { LAYERS } from '../../../src/options/stack.ts';
import { TELNET } from '../../../src/options/telnet.ts';
import { CERTAUTH, SSL } from '../../../src/options/tls.ts';

test('a value of the class goes before one for all classes, and that before the built-in one', () => {
  const d = new Defaults();
  assert.equal(d.values(CONNECTION, 'ser2net').banner, undefined);
  assert.equal(d.set('banner', undefined, 'D1'), undefined);
  assert.equal(d.values(CONNECTION, 'ser2net').banner, 'D1');
  assert.equal(d.set('banner', 'ser2net', 'D2'), undefined);
  assert.equal(d.set('banner', undefined, 'D3'), undefined);
  assert.equal(d.values(CONNECTION, 'ser2net').banner, 'D2');
  assert.equal(d.remove('banner', 'ser2net'), undefined);
  assert.equal(d.values(CONNECTION, 'ser2net').banner, 'D3');
  assert.equal(d.set('banner', undefined, undefined), undefined);
  assert.equal(d.values(CONNECTION, 'ser2net').banner, undefined);
});

test('values have the syntax of their type, which is not that of options', () => {
  const d = new Defaults();
  for (const good of ['true', 'TRUE', 'false', 'FALSE', '0', '7']) assert.equal(d.set('kickolduser', undefined, good), undefined, good);
  for (const bad of ['yes', 'on', 'True', '', '1x', '0x1']) assert.equal(d.set('kickolduser', undefined, bad), 'inval', bad);
  assert.equal(d.set('max-connections', undefined, '65536'), undefined);
  assert.equal(d.set('max-connections', undefined, '65537'), 'outofrange');
  assert.equal(d.set('max-connections', undefined, '0'), 'outofrange');
  assert.equal(d.set('max-connections', undefined, '0x10'), 'inval');
  assert.equal(d.set('tcpd', 'tcp', 'off'), undefined);
  assert.equal(d.set('tcpd', 'tcp', 'OFF'), 'inval');
  assert.equal(d.set('tcpd', 'tcp', undefined), 'inval');
  for (const name of ['trace-read', 'led-rx', 'mdns-port', 'constructor', '']) assert.equal(d.set(name, undefined, '1'), 'notfound', name);
});

test('no value is false, 0 even out of range, or no text', () => {
  const d = new Defaults();
  d.set('kickolduser', undefined, 'true');
  for (const name of ['kickolduser', 'max-connections', 'signature']) assert.equal(d.set(name, undefined, undefined), undefined);
  const values = d.values(CONNECTION, 'ser2net');
  assert.deepEqual([values.kickolduser, values.maxConnections, values.signature], [false, 0, undefined]);
});

test('taking away what was never set is an error', () => {
  const d = new Defaults();
  assert.equal(d.remove('banner', 'ser2net'), 'notfound');
  assert.equal(d.remove('nonsense', 'ser2net'), 'notfound');
});

test("ser2net's own presets are values of their class, and gone when they are taken away", () => {
  const d = new Defaults();
  d.set('tcpd', undefined, 'off');
  d.set('key', undefined, '/base.key');
  assert.equal(d.values(TCP, 'tcp').tcpd, 'print');
  assert.equal(d.values(SSL, 'ssl').key, '/etc/ser2net/ser2net.key');
  assert.equal(d.values(CERTAUTH, 'certauth').key, '/base.key');
  assert.equal(d.remove('tcpd', 'tcp'), undefined);
  assert.equal(d.values(TCP, 'tcp').tcpd, 'off');
  const bare = new Defaults();
  bare.remove('tcpd', 'tcp');
  bare.remove('cert', 'ssl');
  assert.equal(bare.values(TCP, 'tcp').tcpd, 'on');
  assert.equal(bare.values(SSL, 'ssl').cert, undefined);
});

test('a value for all classes does not reach reuseaddr of udp', () => {
  const d = new Defaults();
  d.set('reuseaddr', undefined, 'true');
  assert.equal(d.values(UDP, 'udp').reuseaddr, false);
});

test('drain settings are of class sergensio, and of class serialdev too', () => {
  const d = new Defaults();
  d.set('drain_time', 'sergensio', '5');
  d.set('char_drain_wait', 'sergensio', '-1');
  assert.deepEqual([d.values(SERIALDEV, 'serialdev').drainTime, d.values(SERIALDEV, 'serialdev').charDrainWait], [5, 'off']);
  d.set('drain_time', 'serialdev', '6');
  assert.equal(d.values(SERIALDEV, 'serialdev').drainTime, 6);
});

test('values take the type of their option: lists, words in any case, seconds', () => {
  const d = new Defaults();
  d.set('remaddr', undefined, 'a,1;b,2');
  d.set('mode', 'telnet', 'SERVER');
  d.set('con-timeout', undefined, '7');
  assert.deepEqual(d.values(CONNECTION, 'ser2net').remaddr, ['a,1', 'b,2']);
  assert.equal(d.values(TELNET, 'telnet').mode, 'server');
  assert.equal(d.values(SSL, 'ssl').conTimeout, 7000);
  d.set('mode', 'telnet', 'nonsense');
  assert.equal(d.values(TELNET, 'telnet').mode, undefined);
});

test('without anything set every table has its built-in defaults', () => {
  const d = new Defaults();
  for (const [name, { rows }] of Object.entries(LAYERS)) assert.deepEqual(d.values(rows, name), defaults(rows), name);
  assert.deepEqual(d.values(CONNECTION, 'ser2net'), defaults(CONNECTION));
});

test('every option that names a default takes it, in its own range', () => {
  const tables = [CONNECTION, ...Object.values(LAYERS).map((layer) => layer.rows)] as readonly Rows[];
  for (const key of tables.flatMap((rows) => Object.values(rows).flatMap((row) => row.defaultKey ?? []))) {
    assert.ok(defaultNames.includes(key.name), key.name);
    if (key.max !== undefined) assert.equal(new Defaults().set(key.name, undefined, String(key.max + 1)), 'outofrange', key.name);
    if (key.min !== undefined) assert.equal(new Defaults().set(key.name, undefined, String(key.min - 1)), 'outofrange', key.name);
  }
  assert.equal(new Defaults().set('con-timeout', undefined, '-1'), 'outofrange');
});

test('both spellings of hangup-when-done, and the locks, are defaults of a device', () => {
  for (const name of ['hangup_when_done', 'hangup-when-done']) {
    const d = new Defaults();
    d.set(name, 'serialdev', 'true');
    assert.equal(d.values(LINE, 'serialdev').hangupWhenDone, true, name);
  }
  const d = new Defaults();
  d.set('flock', 'serialdev', 'false');
  d.set('uucplock', 'serialdev', 'false');
  assert.deepEqual([d.values(SERIALDEV, 'serialdev').flock, d.values(SERIALDEV, 'serialdev').uucplock], [false, false]);
});

test('any name, class and value is set or refused, and never fails', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...defaultNames), fc.string()),
      fc.string(),
      fc.option(fc.string(), { nil: undefined }),
      (name, cls, value) => {
        const d = new Defaults();
        d.set(name, cls, value);
        d.values(CONNECTION, cls);
        for (const { rows } of Object.values(LAYERS)) d.values(rows, cls);
      },
    ),
  );
});
