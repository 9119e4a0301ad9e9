import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { IdleTimer, type IdleUser } from '../../src/port/idle-timer.ts';
import { FakeClock } from '../rig/fake-clock.ts';

class User implements IdleUser {
  readonly timeout: number;
  idle: number;
  active = false;
  wrote = false;
  stuck = false;
  constructor(timeout: number) {
    this.timeout = timeout;
    this.idle = timeout;
  }
}

function rig(...users: User[]) {
  const clock = new FakeClock();
  const present = new Set(users);
  const expired: User[] = [];
  const watch = new IdleTimer(
    new Deadlines(clock),
    present,
    (user) => user.timeout,
    (user) => user.stuck,
    (user) => {
      present.delete(user);
      expired.push(user);
    },
  );
  watch.start();
  return { clock, watch, expired };
}

test('a user is closed at the tick after its timeout, one without a timeout never; then nobody is looked at', () => {
  const [short, long, never] = [new User(1), new User(3), new User(0)];
  const { clock, expired } = rig(never, short, long);
  clock.advance(1999);
  assert.deepEqual(expired, []);
  clock.advance(1);
  assert.deepEqual(expired, [short]);
  clock.advance(1999);
  assert.deepEqual(expired, [short]);
  clock.advance(1);
  assert.deepEqual(expired, [short, long]);
  assert.equal(clock.timers, 0);
  assert.equal(never.idle, 0);
});

test('what it sends, or is sent, counts once; what is sent to one that takes nothing does not', () => {
  const user = new User(1);
  const { clock, expired } = rig(user);
  for (const what of ['active', 'wrote'] as const) {
    clock.advance(1000);
    user[what] = true;
    clock.advance(1000);
    assert.deepEqual([user.active, user.wrote, user.idle], [false, false, 0], what);
    user.active = true;
  }
  clock.advance(1000);
  user.stuck = true;
  user.wrote = true;
  assert.deepEqual(expired, []);
  clock.advance(1000);
  assert.deepEqual(expired, [user]);
});

test('starting again does not move the tick, and stopping ends it', () => {
  const user = new User(1);
  const { clock, watch, expired } = rig(user);
  clock.advance(999);
  watch.start();
  clock.advance(1);
  assert.equal(user.idle, 0);
  watch.stop();
  clock.advance(10_000);
  assert.deepEqual([user.idle, expired], [0, []]);
});

test('where nobody has a timeout no timer runs', () => {
  const { clock } = rig(new User(0));
  assert.equal(clock.timers, 0);
});
