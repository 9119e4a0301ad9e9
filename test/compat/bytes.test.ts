import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, unescapeText, wordsOf, wrapWords } from '../../compat/bytes.ts';

const words = (hex: string, side: 'client' | 'server' = 'server'): string => wordsOf(Buffer.from(hex, 'hex'), side).join(' ');

test('what is written for any bytes reads back to the same bytes', () => {
  const telnet = fc.array(fc.oneof(fc.constantFrom(255, 255, 250, 240, 251, 253, 44, 0, 1, 3, 13, 10, 101, 107), fc.nat(255)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(telnet, fc.constantFrom('client', 'server'), (list, side) => {
      const data = Buffer.from(list);
      assert.deepEqual(bytesOf(wordsOf(data, side).join(' '), side), data);
    }),
  );
});

test('negotiations, suboptions and data have their names', () => {
  assert.equal(words('fffb03fffd2c'), 'IAC WILL SUPPRESS-GO-AHEAD IAC DO COM-PORT-OPTION');
  assert.equal(words('fffb2a'), 'IAC WILL 2a');
  assert.equal(words('fffa2c6500004b00fff0'), 'IAC SB COM-PORT-OPTION SET-BAUDRATE 00004b00 IAC SE');
  assert.equal(words('fffa2c64736572326e6574fff0'), 'IAC SB COM-PORT-OPTION SIGNATURE "ser2net" IAC SE');
  assert.equal(words('68690d0a'), '"hi\\r\\n"');
  assert.equal(words('6869ffff00'), '"hi" IAC IAC 00');
});

test('a COM-PORT command is named by who sends it', () => {
  assert.equal(words('fffa2c0100fff0', 'client'), 'IAC SB COM-PORT-OPTION SET-BAUDRATE 00 IAC SE');
  assert.equal(words('fffa2c0100fff0', 'server'), 'IAC SB COM-PORT-OPTION 01 00 IAC SE');
});

test('commands that are cut off are still written', () => {
  for (const hex of ['ff', 'fffb', 'fffa', 'fffa2c01', 'fffa2c01ff', '61ff'])
    assert.equal(bytesOf(words(hex), 'server').toString('hex'), hex);
});

test('long runs are counted', () => {
  assert.equal(words('ff'.repeat(100)), 'ff*100');
  assert.equal(words('00'.repeat(100)), '00*100');
  assert.equal(words('78'.repeat(100)), '"x"*100');
  assert.equal(bytesOf('"ab"*3 00*2', 'client').toString('latin1'), 'ababab\0\0');
});

test('a word that is none is an error', () => {
  for (const text of ['NONSENSE', '0', '00g', '"\\q"', 'WILLIAC']) assert.throws(() => bytesOf(text, 'client'), text);
});

test('escapes of a text are read', () => {
  assert.equal(unescapeText('a\\r\\n\\t\\\\\\"\\x00\\xff'), 'a\r\n\t\\"\0\xff');
  assert.throws(() => unescapeText('\\'));
});

test('words are wrapped between commands, and after a line of text when asked', () => {
  assert.deepEqual(wrapWords(['aaa', 'bbb', 'ccc'], 7, false), ['aaa bbb', 'ccc']);
  assert.deepEqual(wrapWords(['"a\\n"', '"b"'], 80, true), ['"a\\n"', '"b"']);
  assert.deepEqual(wrapWords(['"a\\n"', '"b"'], 80, false), ['"a\\n" "b"']);
});
