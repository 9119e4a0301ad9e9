import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  matches,
  namesIn,
  parseAddrs,
  parseRemaddr,
  portNumber,
  printAddrs,
  type RemoteAddr,
} from '../../../src/gensio/syntax/net-addr.ts';
import { anyText as anyUnits } from '../../config/any-text.ts';

const addrs = (text: string, role: 'accepter' | 'connector' = 'accepter') => {
  const got = parseAddrs(text, { role, protocol: 'tcp' });
  return 'ok' in got ? printAddrs(got.ok) : got.error;
};
const remote = (text: string): RemoteAddr => {
  const got = parseRemaddr(text);
  assert.ok('ok' in got, text);
  return got.ok;
};

test('an address is family, host and port, and the last one may lack its host', () => {
  assert.equal(addrs('2000'), '2000');
  assert.equal(addrs('localhost,2000'), 'localhost,2000');
  assert.equal(addrs('ipv4,2000'), 'ipv4,2000');
  assert.equal(addrs('::1,2000'), '::1,2000');
  assert.equal(addrs('ipv6n4,127.0.0.1,2000,ipv6,::1,2001,2002'), 'ipv6n4,127.0.0.1,2000,ipv6,::1,2001,2002');
  assert.equal(addrs('*,2000'), '*,2000');
  assert.equal(addrs('2000,'), '2000');
});

test('errors are those of gensio', () => {
  assert.equal(addrs(''), 'notfound');
  assert.equal(addrs(',,'), 'notfound');
  assert.equal(addrs('localhost'), 'unknownname');
  assert.equal(addrs('localhost,nosuchservice'), 'unknownname');
  assert.equal(addrs('localhost,2000 '), 'unknownname');
  assert.equal(addrs('ipv4'), 'inval');
  assert.equal(addrs('localhost,0,127.0.0.1,2000'), 'inconsistent');
  assert.equal(addrs('localhost,0'), 'localhost,0');
  assert.equal(addrs('localhost,0', 'connector'), 'inval');
  assert.equal(addrs('[::1],2000'), 'namenotfound');
  assert.equal(addrs(Array.from({ length: 600 }, () => 'a,1').join(',')), 'toobig');
});

test('ports are numbers modulo 65536 or services', () => {
  assert.equal(portNumber('70000', 'tcp'), 4464);
  assert.equal(portNumber('telnet', 'tcp'), 23);
  assert.equal(portNumber('*', 'tcp'), 0);
  assert.equal(portNumber('-1', 'tcp'), 65535);
  assert.equal(portNumber('0x10', 'tcp'), undefined);
  assert.equal(
    portNumber('x', 'tcp', () => 99),
    99,
  );
});

test('a remote address is told by its parts; names are left to the one who compares', () => {
  assert.deepEqual(remote('!tcp,ipv4,10.0.0.0/8,0'), {
    text: 'tcp,ipv4,10.0.0.0/8,0',
    hosts: [{ family: 'ipv4', host: '10.0.0.0', prefix: 8, port: 0 }],
  });
  assert.deepEqual(namesIn(remote('example.org,1,127.0.0.1,2')), ['example.org']);
  for (const bad of ['127.0.0.1', 'x', '10.0.0.0/33,0', 'foo/8,0', 'unix,/x', '']) assert.ok('error' in parseRemaddr(bad), bad);
});

test('IPv4 and IPv4-mapped IPv6 are the same peer, and port 0 is any', () => {
  assert.ok(matches(remote('127.0.0.1,0'), '127.0.0.1', 5));
  assert.ok(matches(remote('127.0.0.1,0'), '::ffff:127.0.0.1', 5));
  assert.ok(matches(remote('127.0.0.1,0'), '::ffff:7f00:1', 5));
  assert.ok(matches(remote('::ffff:1.2.3.4,0'), '1.2.3.4', 5));
  assert.ok(!matches(remote('127.0.0.1,6'), '127.0.0.1', 5));
  assert.ok(!matches(remote('127.0.0.1,0'), '127.0.0.2', 5));
  assert.ok(matches(remote('fe80::1,0'), 'fe80::1%eth0', 5));
});

test('networks compare the bits they name', () => {
  assert.ok(matches(remote('10.0.0.0/8,0'), '::ffff:10.200.3.4', 1));
  assert.ok(!matches(remote('10.0.0.0/8,0'), '11.0.0.1', 1));
  assert.ok(matches(remote('192.168.1.128/25,0'), '192.168.1.200', 1));
  assert.ok(!matches(remote('192.168.1.128/25,0'), '192.168.1.100', 1));
  assert.ok(matches(remote('2001:db8::/33,0'), '2001:db8:7fff::1', 1));
  assert.ok(!matches(remote('2001:db8::/33,0'), '2001:db8:8000::1', 1));
  assert.ok(matches(remote('0.0.0.0/0,0'), '9.9.9.9', 1));
  assert.ok(!matches(remote('0.0.0.0/0,0'), '2001:db8::1', 1));
});

test('a name matches the addresses looked up for it, of its family', () => {
  const lookup = (name: string) => (name === 'h' ? ['1.2.3.4', '2001:db8::1'] : []);
  assert.ok(matches(remote('h,0'), '2001:db8::1', 1, lookup));
  assert.ok(!matches(remote('ipv4,h,0'), '2001:db8::1', 1, lookup));
  assert.ok(!matches(remote('other,0'), '1.2.3.4', 1, lookup));
});

test('every address matches itself, however it is written', () => {
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => assert.ok(matches(remote(`${ip},0`), ip, 7), ip)));
});

test('what is printed reads back', () => {
  const host = fc.option(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('localhost', '*', 'a-b.c')), { nil: undefined });
  const family = fc.constantFrom('ipv4', 'ipv6', 'ipv6n4', undefined);
  const one = fc.record({ family, host, port: fc.integer({ min: 1, max: 65535 }).map(String) });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 5 }), (list) => {
      const named = list.map((a, i) => ({ ...a, host: a.host ?? (i < list.length - 1 ? 'h' : undefined) })) as Parameters<
        typeof printAddrs
      >[0];
      assert.deepEqual(parseAddrs(printAddrs(named), { role: 'accepter', protocol: 'tcp' }), { ok: named });
    }),
  );
});

test('any text is addresses or an error', () => {
  fc.assert(fc.property(anyUnits, (text) => void [addrs(text), parseRemaddr(text)]));
});
