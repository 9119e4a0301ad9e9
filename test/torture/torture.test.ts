// A short slice of torture; npm run torture does it for longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { torture } from './run.ts';
import { Receiver, Talk } from './talk.ts';

const hear = (...parts: readonly Buffer[]): Receiver => {
  const receiver = new Receiver('recorder');
  for (const talk of [one, two]) receiver.expect(talk);
  for (const part of parts) receiver.feed(part);
  return receiver;
};
const one = Object.assign(new Talk(1, 'one'), { sent: 1000 });
const two = Object.assign(new Talk(2, 'two'), { sent: 1000 });

test('a talk is heard whole however it is cut, with words before it and another one after it', () => {
  const all = Buffer.concat([Buffer.from('hello\r\n'), one.header, one.bytes(0, 1000), two.header, two.bytes(0, 1000)]);
  for (const size of [1, 7, 100, 5000]) {
    const parts = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));
    const recorder = hear(...parts);
    assert.equal(recorder.problem, undefined);
    assert.deepEqual([recorder.complete(one), recorder.complete(two), recorder.text], [true, true, 'hello\r\n']);
  }
});

test('a byte lost, doubled, changed or out of place is noticed', () => {
  const all = one.bytes(0, 1000);
  const lost = Buffer.concat([all.subarray(0, 500), all.subarray(501)]);
  const doubled = Buffer.concat([all.subarray(0, 500), all.subarray(499)]);
  const changed = Buffer.from(all);
  changed[500]! ^= 4;
  const swapped = Buffer.concat([all.subarray(0, 200), all.subarray(400, 600), all.subarray(200, 400), all.subarray(600)]);
  const tooMuch = Buffer.concat([all, one.bytes(1000, 3)]);
  for (const wrong of [lost, doubled, changed, swapped, tooMuch]) assert.notEqual(hear(one.header, wrong).problem, undefined);
  assert.equal(hear(one.header, all.subarray(0, 999)).complete(one), false);
});

test('twelve seconds of torture: nothing lost, nothing kept', { timeout: 120_000 }, async (t) => {
  if (libc() === undefined) return t.skip('koffi is not installed: no ptys');
  const seed = Math.floor(Math.random() * 0x7fffffff);
  const said: string[] = [];
  try {
    await torture({ seed, seconds: 12, lanes: 2, say: (line) => said.push(line) });
  } catch (err) {
    throw new Error(`again: npm run torture -- --lanes 2 --seed ${seed}\n${said.join('\n')}`, { cause: err });
  }
});
