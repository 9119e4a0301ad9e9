import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { type Consumer, SlowConsumerTimer } from '../../src/port/slow-consumer.ts';
import { FakeClock } from '../rig/fake-clock.ts';

class User implements Consumer {
  full = false;
  fullSince = 0;
}

function rig(count: number, limit = 5) {
  const clock = new FakeClock();
  const users = new Set(Array.from({ length: count }, () => new User()));
  const all = [...users];
  const cut: number[] = [];
  const watch = new SlowConsumerTimer(
    clock,
    new Deadlines(clock),
    users,
    () => limit,
    (stuck) => {
      for (const user of stuck) {
        cut.push(all.indexOf(user));
        users.delete(user);
      }
    },
  );
  const fill = (i: number): void => {
    Object.assign(all[i]!, { full: true, fullSince: clock.now() });
    watch.start();
  };
  return { clock, watch, all, cut, fill };
}

test('who takes nothing for as long as the limit is cut, each in its own time, while one is left that takes', () => {
  const { clock, cut, fill } = rig(3);
  fill(0);
  clock.advance(2000);
  fill(1);
  clock.advance(2999);
  assert.deepEqual(cut, []);
  clock.advance(1);
  assert.deepEqual(cut, [0]);
  // It is looked again after another limit.
  clock.advance(4999);
  assert.deepEqual(cut, [0]);
  clock.advance(1);
  assert.deepEqual(cut, [0, 1]);
  assert.equal(clock.timers, 0);
});

test('one that took something meanwhile counts anew', () => {
  const { clock, all, cut, fill } = rig(2);
  fill(0);
  clock.advance(3000);
  all[0]!.full = false;
  clock.advance(1);
  fill(0);
  clock.advance(1999);
  assert.deepEqual(cut, []);
  clock.advance(5000);
  assert.deepEqual(cut, [0]);
});

test('when nobody takes anything nobody is cut, until somebody does again', () => {
  const { clock, all, cut, fill } = rig(2);
  fill(0);
  fill(1);
  clock.advance(60_000);
  assert.deepEqual(cut, []);
  all[1]!.full = false;
  clock.advance(5000);
  assert.deepEqual(cut, [0]);
});

test('without a limit, and with a single user, nothing is watched; stopping ends it, and nobody full needs it', () => {
  for (const { clock, fill } of [rig(2, 0), rig(1)]) {
    fill(0);
    assert.equal(clock.timers, 0);
  }
  const { clock, watch, all, cut, fill } = rig(2);
  fill(0);
  watch.stop();
  clock.advance(60_000);
  assert.deepEqual(cut, []);
  fill(0);
  all[0]!.full = false;
  clock.advance(5000);
  assert.equal(clock.timers, 0);
});
