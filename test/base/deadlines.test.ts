import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { runIn } from '../../src/base/fault-domain.ts';
import { FakeClock } from '../rig/fake-clock.ts';

test('deadlines run once, in time, and share one timer', () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const ran: string[] = [];
  const make = (name: string) => ({ due: Infinity, run: () => void ran.push(`${name}@${clock.now()}`) });
  const [a, b, c] = [make('a'), make('b'), make('c')];
  deadlines.arm(a, 10);
  deadlines.arm(b, 5);
  deadlines.arm(c, 7);
  deadlines.cancel(c);
  assert.equal(clock.timers, 1);
  clock.advance(20);
  assert.deepEqual(ran, ['b@5', 'a@10']);
  assert.equal(a.due, Infinity);
  assert.equal(clock.timers, 0);
});

test('a deadline pushed back again and again runs when it is left alone', () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  let ran = 0;
  const d = { due: Infinity, run: () => void ran++ };
  for (let i = 0; i < 100; i++) {
    deadlines.arm(d, 3);
    clock.advance(2);
  }
  assert.equal(ran, 0);
  clock.advance(3);
  assert.equal(ran, 1);
});

test('a deadline may be armed again from its own function', () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  let ran = 0;
  const d = { due: Infinity, run: () => void (++ran < 5 && deadlines.arm(d, 10)) };
  deadlines.arm(d, 10);
  clock.advance(1000);
  assert.equal(ran, 5);
});

test('a deadline that throws is told to who armed it, and the others run all the same', () => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const ran: string[] = [];
  const broken = {
    due: Infinity,
    run: () => {
      throw new Error('broken');
    },
  };
  const told: unknown[] = [];
  runIn({ failed: (err) => void told.push(err) }, () => deadlines.arm(broken, 1));
  for (const ms of [1, 5]) deadlines.arm({ due: Infinity, run: () => void ran.push(`${ms}`) }, ms);
  clock.advance(10);
  assert.deepEqual([ran, told.length], [['1', '5'], 1]);
  // Nobody's: it goes on up, and those behind it still have their timer.
  deadlines.arm(broken, 1);
  deadlines.arm({ due: Infinity, run: () => void ran.push('late') }, 5);
  assert.throws(() => clock.advance(1), /broken/);
  clock.advance(10);
  assert.deepEqual(ran, ['1', '5', 'late']);
});
