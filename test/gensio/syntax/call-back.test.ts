// The address of connect back: in the form of the accepter, from its top.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callStack } from '../../../src/gensio/syntax/call-back.ts';
import { parseSpec, printStack } from '../../../src/gensio/syntax/gensio-str.ts';

/** What is connected to, as text; or gensio's error. */
function called(accepter: string, address: string): string {
  const got = callStack(parseSpec(accepter, 'accepter')!, address);
  return 'ok' in got ? printStack(got.ok) : got.error;
}

test('an address has the layers of the accepter from the top; only tcp may be left out', () => {
  assert.equal(called('tcp,2000', 'tcp,h,1'), 'tcp,h,1');
  assert.equal(called('tcp,2000', 'h,1'), 'tcp,h,1');
  assert.equal(called('tcp,2000', 'ipv4,h,1'), 'tcp,ipv4,h,1');
  assert.equal(called('tcp,2000', 'ipv4,tcp,h,1'), 'tcp,ipv4,h,1');
  assert.equal(called('udp,2000', 'ipv6,udp,h,1'), 'udp,ipv6,h,1');
  assert.equal(called('unix,/a', 'unix,/b'), 'unix,/b');
  assert.match(called('ssl(key=k,cert=c),tcp,2000', 'ssl(CA=ca,cert=),tcp,h,1'), /^ssl\(.*CA=ca.*\),tcp,h,1$/);
  for (const [accepter, address] of [
    ['telnet,tcp,2000', 'tcp,h,1'],
    ['telnet,tcp,2000', 'h,1'],
    ['telnet,tcp,2000', 'telnetx,tcp,h,1'],
    ['telnet,tcp,2000', 'telnet(rfc2217,tcp,h,1'],
    ['tcp,2000', 'udp,h,1'],
    ['udp,2000', 'h,1'],
    ['unix,/a', 'tcp,h,1'],
  ] as const)
    assert.equal(called(accepter, address), 'inval', address);
  // A name of a layer is the name of a host where the accepter has no such layer.
  assert.equal(called('tcp,2000', 'telnet,tcp,h,1'), 'unknownname');
  assert.equal(called('telnet,tcp,2000', 'telnet,ssl,tcp,h,1'), 'unknownname');
});

test('telnet is the server that its accepter is, with its RFC 2217, unless the address says otherwise', () => {
  const telnet = (accepter: string, address: string): unknown[] => {
    const got = callStack(parseSpec(accepter, 'accepter')!, address);
    assert.ok('ok' in got && got.ok.type === 'telnet');
    return [got.ok.opts.rfc2217, got.ok.opts.mode];
  };
  assert.deepEqual(telnet('telnet,tcp,2000', 'telnet,tcp,h,1'), [false, 'server']);
  assert.deepEqual(telnet('telnet(rfc2217),tcp,2000', 'telnet,tcp,h,1'), [true, 'server']);
  assert.deepEqual(telnet('telnet(rfc2217,mode=client),tcp,2000', 'telnet,tcp,h,1'), [true, 'client']);
  assert.deepEqual(telnet('telnet(rfc2217),tcp,2000', 'telnet(rfc2217=false, mode=client),h,1'), [false, 'client']);
});

test('no text is taken for an address of another form', () => {
  const pieces = fc.constantFrom('telnet', 'ssl', 'tcp', 'udp', 'unix', ',', '(', ')', 'h', '1', 'ipv4', 'rfc2217', '/x', '=', ' ');
  fc.assert(
    fc.property(fc.constantFrom('tcp,1', 'telnet,tcp,1', 'ssl,tcp,1', 'udp,1', 'unix,/a'), fc.array(pieces), (accepter, words) => {
      const got = callStack(parseSpec(accepter, 'accepter')!, words.join(''));
      if ('ok' in got)
        assert.ok(
          printStack(got.ok)
            .replace(/\([^()]*\)/g, '')
            .startsWith(accepter.replace(/[1/].*/, '')),
        );
    }),
  );
});
