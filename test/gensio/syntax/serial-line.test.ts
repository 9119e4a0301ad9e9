import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { parseLine, printLine } from '../../../src/gensio/syntax/serial-line.ts';
import type { SerialLine } from '../../../src/options/serialdev.ts';
import { anyText as anyUnits } from '../../config/any-text.ts';
import { anyLineFields } from '../any-line.ts';

const shown = (text: string, defaults = new Defaults()): string => {
  const got = parseLine(text, defaults);
  return 'ok' in got ? printLine(got.ok) : got.error;
};

test('the speed word has digits, parity, bits and stop bits, each part optional from the right', () => {
  assert.equal(shown(''), '9600N81');
  assert.equal(shown('115200'), '115200N81');
  assert.equal(shown('9600e7'), '9600E71');
  assert.equal(shown('speed=300O82'), '300O82');
  assert.equal(shown('4800e72,300'), '300E72');
  for (const bad of ['5', '9600q81', '9600n91', '9600n83', '9600n811', 'n81', 'speed=', 'speed=x']) assert.equal(shown(bad), 'inval', bad);
});

test('flags are set by their name or by a value, names in any case', () => {
  assert.equal(shown('9600n81,LOCAL,XonXoff=1,rtscts=no'), '9600N81,xonxoff,local');
  assert.equal(shown('hangup-when-done nobreak\twronly'), '9600N81,hangup-when-done,nobreak,wronly');
  assert.equal(shown('local,-LOCAL,nobreak,-nobreak,HANGUP_WHEN_DONE'), '9600N81,hangup-when-done');
  assert.equal(shown('local=TRUE'), 'inval');
});

test('words of ser2net 2 are taken, parities in capitals only', () => {
  assert.equal(shown('1200 2STOPBITS 7databits EVEN'), '1200E72');
  assert.equal(shown('even'), 'inval');
  assert.match((parseLine('even', new Defaults()) as { detail: string }).detail, /EVEN/);
});

test('dtr and rts keep the order in which they were first given', () => {
  assert.equal(shown('rts=off,dtr'), '9600N81,rts=off,dtr=on');
  assert.equal(shown('dtr,rts,dtr=off'), '9600N81,dtr=off,rts=on');
});

test('rs485 is kept as it is', () => {
  assert.equal(shown('rs485=10:20:rts_on_send'), '9600N81,rs485=10:20:rts_on_send');
  assert.equal(shown('rs485'), 'inval');
});

test('defaults give what the words leave open, field by field', () => {
  const d = new Defaults();
  d.set('speed', undefined, '19200E71');
  d.set('local', 'serialdev', 'true');
  d.set('rs485', undefined, '1:2');
  assert.equal(shown('4800n', d), '4800N71,local,rs485=1:2');
  d.set('speed', 'serialdev', '300');
  assert.equal(shown('', d), '300N81,local,rs485=1:2');
  d.set('speed', 'serialdev', 'nonsense');
  assert.equal(shown('', d), '9600N81,local,rs485=1:2');
});

const line: fc.Arbitrary<SerialLine> = fc.record({
  ...anyLineFields(10, 0x7fffffff),
  nobreak: fc.boolean(),
  wronly: fc.boolean(),
  lines: fc.constantFrom(
    [],
    [{ line: 'rts', on: true }],
    [
      { line: 'rts', on: false },
      { line: 'dtr', on: true },
    ],
  ),
  rs485: fc.option(fc.string({ unit: 'grapheme-ascii' }), { nil: undefined }),
}) as fc.Arbitrary<SerialLine>;

test('any line that is printed reads back', () => {
  fc.assert(fc.property(line, (l) => assert.deepEqual(parseLine(printLine(l), new Defaults()), { ok: { ...l } })));
});

test('any text is a line or an error', () => {
  fc.assert(fc.property(anyUnits, (text) => assert.ok(shown(text))));
});
