import assert from 'node:assert/strict';
import { test } from 'node:test';
import { charDelay, DEFAULT_RATE } from '../../src/port/chardelay.ts';

const options = { chardelay: true, chardelayScale: 20, chardelayMin: 1000 };
const rate = { bps: 9600, databits: 8, stopbits: 1, parity: false };

test('the wait is chardelay-scale tenths of the time of a character, in whole microseconds', () => {
  assert.deepEqual(DEFAULT_RATE, rate);
  assert.equal(charDelay(options, rate), 2.083);
  assert.equal(charDelay({ ...options, chardelayScale: 1000 }, { ...rate, bps: 300 }), 3333.333);
  assert.equal(charDelay({ ...options, chardelayScale: 96 }, { bps: 9600, databits: 7, stopbits: 2, parity: true }), 11);
});

test('it is never shorter than chardelay-min, and a speed of 0 counts as 1', () => {
  assert.equal(charDelay(options, { ...rate, bps: 115200 }), 1);
  assert.equal(charDelay({ ...options, chardelayMin: 5001 }, rate), 5.001);
  assert.equal(charDelay(options, { ...rate, bps: 0 }), 20_000);
});

test('without chardelay nothing waits', () => {
  assert.equal(charDelay({ ...options, chardelay: false }, rate), 0);
});
