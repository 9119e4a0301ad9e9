import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, COM_PORT_COMMANDS, COMMANDS, OPTIONS, textOf } from '../../../src/gensio/telnet/names.ts';

const BOTH_WAYS: readonly (readonly [hex: string, text: string])[] = [
  ['', ''],
  ['fffb03fffd03fffb01fffe01', 'IAC WILL SUPPRESS-GO-AHEAD IAC DO SUPPRESS-GO-AHEAD IAC WILL ECHO IAC DONT ECHO'],
  ['fffd00fffb00fffd2c', 'IAC DO BINARY IAC WILL BINARY IAC DO COM-PORT-OPTION'],
  ['fffa2c0100004b00fff0', 'IAC SB COM-PORT-OPTION SET-BAUDRATE 00004b00 IAC SE'],
  ['fffa2c6500004b00fff0', 'IAC SB COM-PORT-OPTION SET-BAUDRATE+100 00004b00 IAC SE'],
  ['fffa2c0bfffffff0', 'IAC SB COM-PORT-OPTION SET-MODEMSTATE-MASK ffff IAC SE'],
  ['fffa2c0100ffff00fffffff0', 'IAC SB COM-PORT-OPTION SET-BAUDRATE 00ffff00ffff IAC SE'],
  ['fffa2c6473657232ff6e6574fff0', 'IAC SB COM-PORT-OPTION SIGNATURE+100 "ser2" IAC 6e "et" IAC SE'],
  ['fffa2c00fff0', 'IAC SB COM-PORT-OPTION SIGNATURE IAC SE'],
  ['fffa2cfff0', 'IAC SB COM-PORT-OPTION IAC SE'],
  ['fffafff041fff042', 'IAC SB ff f041 IAC SE "B"'],
  ['fffa1801fff0', 'IAC SB TERMINAL-TYPE 01 IAC SE'],
  ['fffa2c0100ff4100fff0', 'IAC SB COM-PORT-OPTION SET-BAUDRATE 00 IAC 41 00 IAC SE'],
  ['fffa2c3201fff0', 'IAC SB COM-PORT-OPTION 32 01 IAC SE'],
  ['41ffff420d00', '"A" IAC IAC "B\\r\\x00"'],
  ['225c090a7f80', '"\\"\\\\\\t\\n\\x7f\\x80"'],
  ['fff3fff2ff41', 'IAC BRK IAC DM IAC 41'],
  ['fffdc8ff', 'IAC DO c8 IAC'],
  ['fffb', 'IAC WILL'],
  ['fffa', 'IAC SB'],
  ['fffa2c01', 'IAC SB COM-PORT-OPTION SET-BAUDRATE'],
];

for (const [hex, text] of BOTH_WAYS) {
  test(`${hex || 'nothing'} is ${text || 'no text'}, both ways`, () => {
    assert.equal(textOf(Buffer.from(hex, 'hex')), text);
    assert.equal(bytesOf(text).toString('hex'), hex);
  });
}

test('no name stands for two numbers', () => {
  const names = [COMMANDS, OPTIONS, COM_PORT_COMMANDS].flatMap((table) => Object.keys(table));
  assert.equal(new Set(names).size, names.length);
});

test('what is printed reads back to the same bytes, whatever the bytes', () => {
  const likely = fc.oneof(fc.constantFrom(255, 250, 240, 44, 251, 253, 1, 0, 100, 101), fc.nat(255));
  fc.assert(
    fc.property(fc.array(likely, { maxLength: 60 }), (bytes) => {
      const text = textOf(Uint8Array.from(bytes));
      assert.deepEqual([...bytesOf(text)], bytes);
      assert.doesNotMatch(text, /[^ -~]/);
    }),
  );
});

test('blanks may be many, and line ends', () => {
  assert.equal(bytesOf('\n  IAC   NOP\n\t"a b" \n').toString('hex'), 'fff1612062');
});

for (const text of ['IAC WILLS', 'iac', '4', '"a', '"a"b', '"\\q"', 'FF', '"\\x1"']) {
  test(`${text} is refused`, () => assert.throws(() => bytesOf(text), SyntaxError));
}
