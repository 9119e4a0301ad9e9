import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DevstrContext, escapeDevstr, expandDevstr } from '../../src/config/devstr.ts';
import { anyText as anyUnits } from './any-text.ts';

const CTX: DevstrContext = {
  connectorText: 'serialdev, /dev/ttyS0, 9600n81,local',
  device: undefined,
  name: 'con0',
  accepterText: 'tcp,localhost,2000',
  serialText: ',9600N81,CLOCAL',
  peer: 'ipv4,127.0.0.1,1234',
  // Sunday
  now: new Date(2026, 10, 22, 7, 5, 9, 42),
};
const text = (s: string, ctx: Partial<DevstrContext> = {}): string => expandDevstr(s, { ...CTX, ...ctx }).toString('latin1');

test('letters of C are control characters, and other characters themselves', () => {
  assert.equal(text('\\a\\b\\f\\n\\r\\t\\v'), '\x07\b\f\n\r\t\v');
  assert.equal(text(`\\\\\\?\\'\\"\\s\\9\\é\\`), Buffer.from(`\\?'"s9é`).toString('latin1'));
  assert.equal(text('a\\😀\\nb'), `${Buffer.from('a😀').toString('latin1')}\nb`);
});

test('the parts of the connection are put in', () => {
  assert.equal(
    text('\\d|\\o|\\N|\\p|\\B|\\I'),
    'serialdev, /dev/ttyS0, 9600n81,local|con0|con0|tcp,localhost,2000|,9600N81,CLOCAL|ipv4,127.0.0.1,1234',
  );
  assert.equal(text('\\o', { device: 'alias' }), 'alias');
});

test('in a file name device and alias are cut at their last slash', () => {
  assert.equal(text('/tmp/\\d-\\o-\\p', { fileName: true, device: 'a/b' }), '/tmp/ttyS0, 9600n81,local-b-tcp,localhost,2000');
});

test('in a file name a peer is one piece, and leads nowhere', () => {
  const peer = 'unix,\0/../../etc/cron.d/x\u202e\n';
  assert.equal(text('/tmp/t-\\I', { fileName: true, peer }), '/tmp/t-unix,__.._.._etc_cron.d_x__');
  assert.equal(text('\\I', { peer: 'unix,/run/x' }), 'unix,/run/x');
});

test('the date and the time of day are local', () => {
  assert.equal(text('\\Y \\y \\M \\m \\A \\D'), '2026 325 Nov 11 Sun 22');
  assert.equal(text('\\H \\h \\i \\S \\q \\P \\T \\U'), '07 07 05 09 am AM 07:05:09 042000');
  assert.equal(text('\\e'), String(Math.floor(CTX.now.getTime() / 1000)));
  assert.equal(text('\\h\\q', { now: new Date(2026, 0, 1, 0, 0) }), '12am');
  assert.equal(text('\\h\\P \\y', { now: new Date(2024, 11, 31, 13, 0) }), '01PM 365');
});

test('octal numbers have one to three digits of which the first is octal, and count modulo 256', () => {
  assert.equal(text('\\101\\7\\12\\1x\\12x\\18\\777\\0001'), 'A\x07\n\x01x\nx\x10\xff\x001');
});

test('hexadecimal numbers have one or two digits', () => {
  assert.equal(text('\\x41\\x4z\\xz\\xFFf'), 'A\x04zz\xfff');
});

test('bytes that were not UTF-8 in the file stay as they were', () => {
  assert.equal(text('caf\udce9\\n'), 'caf\xe9\n');
});

test('any text without backslashes, and any escaped text, is itself', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (s) => assert.equal(expandDevstr(escapeDevstr(s), CTX).toString(), s)));
});

test('any text expands', () => {
  const unit = fc.constantFrom('\\', '1', '9', 'x', 'f', 'd', 'é', '😀', 'T', '\udce9');
  fc.assert(fc.property(fc.oneof(fc.string({ unit }), anyUnits), (s) => assert.ok(Buffer.isBuffer(expandDevstr(s, CTX)))));
});
