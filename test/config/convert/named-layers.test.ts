import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { namedLayers } from '../../../src/config/convert/named-layers.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../../src/gensio/syntax/gensio-str.ts';

test('what names its layers stays as it is', () => {
  for (const text of ['tcp,3333', ' tcp,3333', 'telnet(rfc2217=true), tcp(nodelay),ipv4,::,1', 'udp,2000', 'stdio', 'dummy', 'mux,unix,/x'])
    assert.equal(namedLayers(text, 'accepter'), text);
  for (const text of ['serialdev,/dev/ttyS0,9600n81', 'telnet,tcp,localhost,1', 'echo', 'stdio,/bin/cat'])
    assert.equal(namedLayers(text, 'connector'), text);
});

test('a text that means nothing stays as it is', () => {
  for (const text of ['', 'nonsense', 'telnet', 'telnet,', '/dev/ttyS0', 'tcp(nodelay', 'ipv4,sctp,1', 'telnet(x),2000', 'ipv6,tcp,ipv4,1'])
    assert.equal(namedLayers(text, 'accepter'), text);
  assert.equal(namedLayers('/dev/ttyS0,9600Q', 'connector'), '/dev/ttyS0,9600Q');
});

test('below a conacc stands a connector', () => {
  assert.equal(namedLayers('conacc,/dev/ttyS0', 'accepter'), 'conacc,serialdev,/dev/ttyS0');
});

test('any text keeps its meaning, and a second time nothing is left to do', () => {
  const piece = fc.constantFrom(
    ...[
      'telnet',
      '(rfc2217)',
      'tcp',
      '(nodelay)',
      'udp',
      'ipv4',
      'ipv6',
      'localhost',
      '::1',
      '2000',
      '0',
      '/dev/ttyS0',
      '9600n81',
      'local',
    ],
    ...[',', ',', ',', ' ', '(', ')', '"', 'mux', 'conacc', 'ssl(CA=/x)', 'serialdev', 'echo'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom('accepter' as const, 'connector' as const), (pieces, role) => {
      const text = pieces.join('');
      const named = namedLayers(text, role);
      const [was, is] = [text, named].map((each) => parseStack(each, role, new Defaults()));
      assert.deepEqual([is!.spec, is!.error], [was!.spec, was!.error]);
      assert.equal(namedLayers(named, role), named);
    }),
    { numRuns: 2000 },
  );
});
