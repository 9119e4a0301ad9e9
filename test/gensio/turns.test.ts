// Whose requests are handled when, and how much of a buffer comes up in one turn.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GensioError } from '../../src/base/gensio-error.ts';
import { PacedGensio, Turns } from '../../src/gensio/turns.ts';
import { RecordingUp, settle, until } from '../compliance/recording-up.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';

/** A source with so many requests, each of which takes so long; it writes down its name for each. */
function source(clock: FakeClock, done: string[], name: string, count: number, ms: number): () => void {
  const turns = Turns.of(clock);
  let left = count;
  const run = (): void => {
    if (turns.isOver) return turns.wait(run);
    for (const end = turns.begin(); left > 0; ) {
      left--;
      done.push(name);
      clock.advance(ms);
      if (turns.isUp(end)) break;
    }
    if (left > 0) turns.wait(run);
  };
  return run;
}

test('one source handles its part of a turn, and the others come before it goes on', async () => {
  const clock = new FakeClock();
  const done: string[] = [];
  source(clock, done, 'a', 20, 0.1)();
  source(clock, done, 'b', 5, 0.1)();
  assert.equal(done.join(''), 'aaaaabbbbb');
  await until(() => done.length === 25, 'the rest');
  assert.equal(done.join(''), `${'a'.repeat(5)}${'b'.repeat(5)}${'a'.repeat(15)}`);
});

test('all sources together handle no more than a few milliseconds of requests in one turn', () => {
  const clock = new FakeClock();
  const done: string[] = [];
  for (let n = 0; n < 100; n++) source(clock, done, 'x', 10, 1)();
  assert.equal(done.length, 4);
});

test('every source with something left comes in turn, and each handles at least one however long it takes', async () => {
  const clock = new FakeClock();
  const done: string[] = [];
  for (const name of ['a', 'b', 'c']) source(clock, done, name, 3, 3)();
  await until(() => done.length === 9, 'all of them');
  const counts = { a: 0, b: 0, c: 0 };
  for (const name of done as (keyof typeof counts)[]) {
    counts[name]++;
    assert.ok(Math.max(...Object.values(counts)) - Math.min(...Object.values(counts)) <= 2, done.join(''));
  }
});

test('after a slow request those that wait go on waiting, and one that has nothing waiting is served meanwhile', async () => {
  const clock = new FakeClock();
  const done: string[] = [];
  source(clock, done, 'slow', 2, 50)();
  await settle(2);
  assert.deepEqual(done, ['slow']);
  source(clock, done, 'quiet', 1, 0)();
  assert.deepEqual(done, ['slow', 'quiet']);
  await until(() => done.length === 3, 'the second slow one');
});

/** A layer that hands up slices; each takes a millisecond. */
function paced() {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const layer = new PacedGensio(child, clock);
  const up = new RecordingUp();
  up.onRead = () => clock.advance(1);
  layer.up = up;
  layer.setReading(true);
  return { child, layer, up };
}
const big = Buffer.from(Array.from({ length: 50_000 }, (_, i) => i & 255));

test('a big buffer comes up in slices over several turns, unchanged, and the source is stopped meanwhile', async () => {
  const { child, up } = paced();
  child.feed(big);
  assert.ok(up.length > 0 && up.length < big.length);
  assert.equal(child.reading, false);
  await until(() => up.length === big.length, 'the rest');
  assert.deepEqual(up.data(), big);
  await settle();
  assert.equal(child.reading, true);
});

test('what is left comes only when it is wanted, and the end of the layer below after it', async () => {
  const { child, layer, up } = paced();
  child.feed(big);
  layer.setReading(false);
  const before = up.length;
  layer.closed(new GensioError('remclose'));
  await settle();
  assert.deepEqual([up.length, up.closes, layer.peerClosed()], [before, 0, true]);
  layer.setReading(true);
  await until(() => up.closes === 1, 'the end');
  assert.deepEqual([up.length, up.error?.code], [big.length, 'remclose']);
});

test('a failure below is told at once, and close() throws away what is left', async () => {
  const failing = paced();
  failing.child.feed(big);
  failing.layer.closed(new GensioError('ioerr'));
  assert.equal(failing.up.error?.code, 'ioerr');
  const closing = paced();
  closing.child.feed(big);
  const before = closing.up.length;
  closing.layer.close();
  await until(() => closing.up.closes === 1, 'the end');
  assert.equal(closing.up.length, before);
});
