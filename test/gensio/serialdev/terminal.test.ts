import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drain, type DrainLimits } from '../../../src/gensio/serialdev/terminal.ts';
import { FakeClock } from '../../rig/fake-clock.ts';

function rig(limits: Partial<DrainLimits>, left: number[]) {
  const clock = new FakeClock();
  const ends: string[] = [];
  const drain = new Drain(
    clock,
    { totalMs: Number.POSITIVE_INFINITY, idleMs: 500, ...limits },
    () => left,
    (empty) => ends.push(`${clock.now()} ${empty}`),
  );
  return { clock, ends, left, drain };
}

test('nothing left ends at once', () => {
  assert.deepEqual(rig({}, [0, 0]).ends, ['0 true']);
});

test('it ends when all counts are 0', () => {
  const { clock, ends, left } = rig({}, [10, 5]);
  left[0] = 0;
  clock.advance(30);
  assert.deepEqual(ends, []);
  left[1] = 0;
  clock.advance(30);
  assert.deepEqual(ends, ['40 true']);
  assert.equal(clock.timers, 0);
});

test('it ends when nothing moved for the idle limit, and any change is movement', () => {
  const { clock, ends, left } = rig({}, [10, 5]);
  clock.advance(490);
  left[1] = 6;
  clock.advance(490);
  left[0] = 9;
  clock.advance(500);
  assert.deepEqual(ends, []);
  clock.advance(20);
  assert.deepEqual(ends, ['1490 false']);
});

test('it ends at the limit for all of it, moving or not; without limits only when hurried', () => {
  const moving = rig({ totalMs: 100 }, [1000]);
  for (let i = 0; i < 20; i++) {
    moving.left[0]!--;
    moving.clock.advance(10);
  }
  assert.deepEqual(moving.ends, ['100 false']);
  const patient = rig({ idleMs: Number.POSITIVE_INFINITY }, [1]);
  patient.clock.advance(60_000);
  assert.deepEqual(patient.ends, []);
  patient.drain.stop();
  patient.drain.stop();
  assert.deepEqual(patient.ends, ['60000 false']);
  assert.equal(patient.clock.timers, 0);
});
