import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { parseStack, printStack } from '../../../src/gensio/syntax/gensio-str.ts';
import { bottomOf, findLayer, isWildcard, layersOf, mapBottom } from '../../../src/gensio/syntax/stack.ts';

const spec = parseStack('telnet(rfc2217),ssl,tcp,localhost,2000', 'accepter', new Defaults()).spec!;

test('the layers of a stack are told from the top, and the lowest and the first of a type are found', () => {
  assert.deepEqual(
    layersOf(spec).map(({ type }) => type),
    ['telnet', 'ssl', 'tcp'],
  );
  assert.equal(bottomOf(spec)?.type, 'tcp');
  assert.equal(findLayer(spec, 'udp', 'telnet')?.type, 'telnet');
  assert.equal(findLayer(spec, 'serialdev'), undefined);
  assert.deepEqual([layersOf(undefined), bottomOf(undefined), findLayer(undefined, 'tcp')], [[], undefined, undefined]);
});

test('another lowest layer leaves those above and the old stack as they are', () => {
  const dummy = parseStack('dummy', 'accepter', new Defaults()).spec!;
  assert.equal(printStack(mapBottom(spec, () => dummy)).startsWith('telnet(rfc2217),ssl,dummy'), true);
  assert.equal(bottomOf(spec)?.type, 'tcp');
});

test('no host, an asterisk and the addresses of nothing are every address', () => {
  for (const host of [undefined, '*', '0.0.0.0', '::']) assert.ok(isWildcard(host), host);
  for (const host of ['', 'localhost', '::1', '127.0.0.1']) assert.ok(!isWildcard(host), host);
});
