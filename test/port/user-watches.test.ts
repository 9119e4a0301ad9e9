// The watches over the users of a port: timeouts, users that hold the others up, and users that leave while nobody reads them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { HalfCloseWatch, IdleTimer, type IdleUser, SlowConsumerTimer, type SlowUser } from '../../src/port/user-watches.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';

class Idle implements IdleUser {
  readonly timeout: number;
  idle: number;
  active = false;
  wrote = false;
  stuck = false;
  full = false;
  constructor(timeout: number) {
    this.timeout = timeout;
    this.idle = timeout;
  }
}

function idleRig(...users: Idle[]) {
  const clock = new FakeClock();
  const present = new Set(users);
  const expired: Idle[] = [];
  const watch = new IdleTimer(new Deadlines(clock), present, {
    timeoutOf: (user) => user.timeout,
    isStuck: (user) => user.stuck,
    timedOut: (user) => {
      present.delete(user);
      expired.push(user);
    },
  });
  watch.start();
  return { clock, watch, expired };
}

test('a user is closed at the tick after its timeout, one without a timeout never; then nobody is looked at', () => {
  const [short, long, never] = [new Idle(1), new Idle(3), new Idle(0)];
  const { clock, expired } = idleRig(never, short, long);
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
  const user = new Idle(1);
  const { clock, expired } = idleRig(user);
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

test('while one user takes nothing its time runs, and not that of the others, which get nothing for that reason', () => {
  const [slow, healthy] = [new Idle(2), new Idle(2)];
  const { clock, expired } = idleRig(slow, healthy);
  slow.full = true;
  clock.advance(3000);
  assert.deepEqual(expired, [slow]);
  assert.equal(healthy.idle, 2);
  clock.advance(2000);
  assert.deepEqual(expired, [slow]);
  clock.advance(1000);
  assert.deepEqual(expired, [slow, healthy]);
  // When all take nothing, time runs for all.
  const both = [new Idle(1), new Idle(1)];
  for (const user of both) user.full = true;
  const all = idleRig(...both);
  all.clock.advance(2000);
  assert.deepEqual(all.expired, both);
});

test('starting again does not move the tick, and stopping ends it', () => {
  const user = new Idle(1);
  const { clock, watch, expired } = idleRig(user);
  clock.advance(999);
  watch.start();
  clock.advance(1);
  assert.equal(user.idle, 0);
  watch.stop();
  clock.advance(10_000);
  assert.deepEqual([user.idle, expired], [0, []]);
});

test('where nobody has a timeout no timer runs', () => {
  const { clock } = idleRig(new Idle(0));
  assert.equal(clock.timers, 0);
});

class Slow implements SlowUser {
  full = false;
  fullSince = 0;
  door: { readonly beside?: unknown } = {};
}

function slowRig(count: number, limit = 5) {
  const clock = new FakeClock();
  const users = new Set(Array.from({ length: count }, () => new Slow()));
  const all = [...users];
  const cut: number[] = [];
  const watch = new SlowConsumerTimer(clock, new Deadlines(clock), users, {
    limit: () => limit,
    cut: (stuck) => {
      for (const user of stuck) {
        cut.push(all.indexOf(user));
        users.delete(user);
      }
    },
  });
  const fill = (i: number): void => {
    Object.assign(all[i]!, { full: true, fullSince: clock.now() });
    watch.start();
  };
  return { clock, watch, all, cut, fill };
}

test('who takes nothing for as long as the limit is cut, each in its own time, while one is left that takes', () => {
  const { clock, cut, fill } = slowRig(3);
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

test('one that took something meanwhile counts again', () => {
  const { clock, all, cut, fill } = slowRig(2);
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
  const { clock, all, cut, fill } = slowRig(2);
  fill(0);
  fill(1);
  clock.advance(60_000);
  assert.deepEqual(cut, []);
  all[1]!.full = false;
  clock.advance(5000);
  assert.deepEqual(cut, [0]);
});

test('without a limit, and with a single user, nothing is watched; stopping ends it, and nobody full needs it', () => {
  for (const { clock, fill } of [slowRig(2, 0), slowRig(1)]) {
    fill(0);
    assert.equal(clock.timers, 0);
  }
  const { clock, watch, all, cut, fill } = slowRig(2);
  fill(0);
  watch.stop();
  clock.advance(60_000);
  assert.deepEqual(cut, []);
  fill(0);
  all[0]!.full = false;
  clock.advance(5000);
  assert.equal(clock.timers, 0);
});

class Leaving extends FakeGensio {
  gone = false;
  looks = 0;
  constructor() {
    super();
    this.reading = true;
  }
  peerClosed(): boolean {
    this.looks++;
    return this.gone;
  }
}

function leavingRig() {
  const clock = new FakeClock();
  const [one, two, plain] = [new Leaving(), new Leaving(), new FakeGensio()];
  plain.reading = true;
  const watch = new HalfCloseWatch(
    new Deadlines(clock),
    [one, two, plain].map((gensio) => ({ gensio })),
  );
  const reading = (): boolean[] => [one, two, plain].map((gensio) => gensio.reading);
  return { clock, one, two, watch, reading };
}

test('while the device takes nothing nobody is read, but for those that have closed: looked for after 50 ms, then every second', () => {
  const { clock, one, two, watch, reading } = leavingRig();
  one.gone = true;
  watch.block();
  assert.deepEqual(reading(), [false, false, false]);
  clock.advance(49);
  watch.block();
  assert.equal(one.looks, 0);
  clock.advance(1);
  assert.deepEqual(reading(), [true, false, false]);
  two.gone = true;
  clock.advance(999);
  assert.deepEqual(reading(), [true, false, false]);
  clock.advance(1);
  assert.deepEqual(reading(), [true, true, false]);
  clock.advance(1000);
  assert.equal(two.looks, 3);
});

test('one that is known to have closed is read on when the device blocks again', () => {
  const { clock, one, watch, reading } = leavingRig();
  one.gone = true;
  watch.block();
  clock.advance(50);
  watch.stop();
  watch.block();
  assert.deepEqual(reading(), [true, false, false]);
});

test('when the device takes data again nobody is looked for', () => {
  const { clock, one, watch } = leavingRig();
  watch.block();
  watch.stop();
  clock.advance(5000);
  assert.equal(one.looks, 0);
  watch.block();
  clock.advance(50);
  assert.equal(one.looks, 1);
});
