import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFile, decodeRaw, encodeRaw } from '../../src/base/raw-text.ts';

test('any bytes come back unchanged', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(encodeRaw(decodeRaw(Buffer.from(bytes))), Buffer.from(bytes))));
});

test('UTF-8 is read as UTF-8 and other bytes as lone surrogates', () => {
  assert.equal(decodeRaw(Buffer.from('é😀\ufffd')), 'é😀\ufffd');
  assert.equal(decodeRaw(Buffer.from([0x61, 0xe9, 0xf0, 0x9f, 0x98, 0x80])), 'a\udce9😀');
  assert.equal(decodeRaw(Buffer.from([0xed, 0xa0, 0x80, 0xc0, 0xaf])), '\udced\udca0\udc80\udcc0\udcaf');
});

test('a file with the byte order mark of UTF-16 is read as that', () => {
  const text = '\ufeffdefine: &a é😀\n';
  const little = Buffer.from(text, 'utf16le');
  assert.equal(decodeFile(little), text);
  assert.equal(decodeFile(Buffer.from(little).swap16()), text);
  assert.equal(decodeFile(Buffer.concat([Buffer.from(little).swap16(), Buffer.from('x')])), text);
  assert.equal(decodeFile(Buffer.from(text)), text);
  assert.equal(decodeFile(Buffer.from([0xff])), '\udcff');
});
