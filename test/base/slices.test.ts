// Long work: all of it at once, or a few milliseconds of it in each turn of the event loop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce, inSlices, type Steps } from '../../src/base/slices.ts';
import { FakeClock } from '../rig/fake-clock.ts';

function* work(steps: number, each: () => void): Steps<number> {
  for (let i = 0; i < steps; i++) {
    each();
    yield;
  }
  return steps;
}

test('work in slices gives what it gives at once, and after four milliseconds it is the turn of others', async () => {
  assert.equal(atOnce(work(10, () => undefined)), 10);
  const clock = new FakeClock();
  const done: string[] = [];
  const others = (): void => {
    done.push('o');
    if (done.length < 100) setImmediate(others);
  };
  setImmediate(others);
  const result = await inSlices(
    work(9, () => {
      done.push('w');
      clock.advance(1);
    }),
    clock,
  );
  assert.equal(result, 9);
  assert.match(done.join(''), /^w{4}o+w{4}o+w/);
});

test('work that throws throws from both', async () => {
  const fail = (): never => {
    throw new Error('no');
  };
  assert.throws(() => atOnce(work(1, fail)), /no/);
  await assert.rejects(inSlices(work(1, fail), new FakeClock()), /no/);
});
