import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceParts, SHORT_HEADER } from '../../src/admin/show.ts';

test('what a device says of itself is cut at the first comma and the first space after it', () => {
  assert.deepEqual(deviceParts('ttyA0,9600N81,CLOCAL RTSHI DTRHI'), { config: '9600N81,CLOCAL', controls: 'RTSHI,DTRHI' });
  assert.deepEqual(deviceParts('ttyA0,9600N81,CLOCAL offline'), { config: '9600N81,CLOCAL', controls: '' });
  assert.deepEqual(deviceParts('ttyA0 offline'), { config: '', controls: '' });
  assert.deepEqual(deviceParts('ipv4,127.0.0.1,2000'), { config: '127.0.0.1,2000', controls: '' });
  assert.deepEqual(deviceParts('"cat"'), { config: '', controls: '' });
  assert.equal(deviceParts(''), undefined);
});

test('the header of showshortport is that of 4.3.11', () => {
  assert.equal(
    SHORT_HEADER,
    'Port name              Type   Timeout Remote address                                      Accepter               Device                 TCP to device  Device to TCP     TCP in   TCP out    Dev in   Dev out State\r\n',
  );
});
