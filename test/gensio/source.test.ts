import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf, sourceOf } from '../../src/gensio/source.ts';

test('a source is the host, without its port; with IPv6 the network of 64 bits', () => {
  for (const [address, source] of [
    ['ipv4,192.0.2.7,1234', '192.0.2.7'],
    ['ipv6,::ffff:192.0.2.7,1234', '::ffff:192.0.2.7'],
    ['ipv6,2001:db8:0:1:2:3:4:5,1', '2001:db8:0:1::/64'],
    ['ipv6,2001:db8:0:1::5,99', '2001:db8:0:1::/64'],
    ['ipv6,2001:db8:0:1:ffff::,99', '2001:db8:0:1::/64'],
    ['ipv6,2001:db8::1:2:3:4:5,99', '2001:db8:0:1::/64'],
    ['ipv6,::1,99', '0:0:0:0::/64'],
    ['ipv6,fe80::1%eth0,99', 'fe80:0:0:0::/64'],
    ['unix,/run/x', 'unix,/run/x'],
    ['unix,', 'unix,'],
  ] as const)
    assert.equal(sourceOf(address), source, address);
});

test('a host is shown as it is', () => {
  assert.equal(hostOf('ipv6,2001:db8::7,1234'), '2001:db8::7');
  assert.equal(hostOf('ipv4,192.0.2.7,1234'), '192.0.2.7');
});
