import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../../src/base/deadlines.ts';
import { ToNet, type ToNetOptions } from '../../src/port/fan-out.ts';
import { Matcher } from '../../src/port/match.ts';
import { FakeClock } from '../rig/fake-clock.ts';

/** Keeps the very buffers it was given, and what was in them then. */
class Taker {
  full = false;
  readonly kept: Buffer[] = [];
  readonly #copies: Buffer[] = [];
  write(data: Buffer): boolean {
    this.kept.push(data);
    this.#copies.push(Buffer.from(data));
    return !this.full;
  }
  /** What came since the last time. */
  take(): string[] {
    return this.#copies.splice(0).map((copy) => copy.toString('latin1'));
  }
}

function rig(options: Partial<ToNetOptions> = {}, delay = 10) {
  const clock = new FakeClock();
  const sinks = [new Taker()];
  const toNet = new ToNet(clock, new Deadlines(clock), sinks, { bufsize: 20, maxDelay: 25, sendon: undefined, ...options });
  toNet.delay = delay;
  const feed = (text: string): void => toNet.feed(Buffer.from(text));
  return { clock, sink: sinks[0]!, sinks, toNet, feed };
}

test('without a delay each piece goes to everybody at once, and without a copy', () => {
  const { sinks, toNet } = rig({}, 0);
  sinks.push(new Taker());
  const piece = Buffer.from('x');
  toNet.feed(piece);
  assert.ok(sinks.every(({ kept }) => kept[0] === piece && kept.length === 1));
});

test('so does a piece of the size of the buffer when nothing waits', () => {
  const { sink, toNet, clock } = rig();
  const piece = Buffer.alloc(20);
  toNet.feed(piece);
  assert.ok(sink.kept[0] === piece);
  assert.equal(clock.timers, 0);
});

test('input is gathered until none came for the delay', () => {
  const { clock, sink, feed } = rig();
  feed('a');
  clock.advance(9);
  feed('b');
  clock.advance(9);
  assert.deepEqual(sink.take(), []);
  clock.advance(1);
  assert.deepEqual(sink.take(), ['ab']);
  clock.advance(100);
  assert.deepEqual(sink.take(), []);
});

test('the first byte waits no longer than the longest delay, counted anew for each buffer', () => {
  const { clock, sink, feed } = rig();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 3; i++) {
      feed('x');
      clock.advance(8);
    }
    feed('x');
    assert.deepEqual(sink.take(), []);
    clock.advance(1);
    assert.deepEqual(sink.take(), ['xxxx']);
    clock.advance(3);
  }
});

for (const how of ['flush', 'drop'] as const)
  test(`the longest delay is counted anew after ${how}()`, () => {
    const { clock, sink, toNet, feed } = rig();
    feed('x');
    clock.advance(1);
    toNet[how]();
    sink.take();
    for (let i = 0; i < 4; i++) {
      clock.advance(8);
      feed('x');
    }
    clock.advance(0);
    assert.deepEqual(sink.take(), []);
    clock.advance(1);
    assert.deepEqual(sink.take(), ['xxxx']);
  });

test('a full buffer goes out at once', () => {
  const { clock, sink, feed } = rig();
  feed('1234567890');
  feed('123456789');
  assert.deepEqual(sink.take(), []);
  feed('0');
  assert.deepEqual(sink.take(), ['12345678901234567890']);
  clock.advance(100);
  assert.deepEqual(sink.take(), []);
});

test('a piece that does not fit behind what waits follows it', () => {
  for (const size of [4095, 4096, 4097, 10_000]) {
    const { sink, toNet, feed } = rig();
    feed('first 12345678901');
    toNet.feed(Buffer.alloc(size, 'x'));
    toNet.flush();
    assert.equal(sink.take().join(''), `first 12345678901${'x'.repeat(size)}`, `${size}`);
  }
});

test('of a buffer greater than 64 KiB as much waits as there is room for, and nothing is lost', () => {
  const { sink, toNet } = rig({ bufsize: 200_000 });
  const all = Buffer.from(Array.from({ length: 150_000 }, (_, i) => (i * 7 + (i >> 8)) & 255));
  for (let at = 0; at < all.length; at += 4096) toNet.feed(all.subarray(at, at + 4096));
  toNet.flush();
  const got = sink.take();
  assert.ok(got.length > 1 && got.length < 5, `${got.length} pieces`);
  assert.ok(got.join('') === all.toString('latin1'));
});

test('what a full user still has is not gathered into', () => {
  const { sink, toNet, feed } = rig();
  feed('held');
  sink.full = true;
  toNet.flush();
  assert.equal(toNet.full, true);
  feed('more');
  assert.equal(String(sink.kept[0]), 'held');
  sink.full = false;
  assert.equal(toNet.full, false);
  toNet.flush();
  assert.deepEqual(sink.take(), ['held', 'more']);
});

test('everything up to the last sendon goes at once, the rest waits; what is gathered and dropped is gone', () => {
  const { clock, sink, toNet, feed } = rig({ sendon: new Matcher(Buffer.from('\n')) });
  feed('a');
  feed('b\nc\nd');
  assert.deepEqual(sink.take(), ['ab\nc\n']);
  feed('e\n');
  assert.deepEqual(sink.take(), ['de\n']);
  clock.advance(100);
  assert.deepEqual(sink.take(), []);
  feed('gone');
  toNet.drop();
  clock.advance(100);
  toNet.flush();
  feed('z');
  clock.advance(10);
  assert.deepEqual(sink.take(), ['z']);
});

test('nothing is sent behind a sendon that ends a piece', () => {
  const { sink, feed } = rig({ sendon: new Matcher(Buffer.from('\n')) }, 0);
  feed('a\n');
  feed('\n');
  assert.deepEqual(sink.take(), ['a\n', '\n']);
});

test('whatever the pieces and the waits, everybody gets every byte in order', () => {
  const step = fc.record({ size: fc.integer({ min: 1, max: 9000 }), wait: fc.integer({ min: 0, max: 40 }) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.constantFrom(2, 64, 5000, 100_000),
      fc.constantFrom(0, 10),
      (steps, bufsize, delay) => {
        const { clock, sinks, toNet } = rig({ bufsize }, delay);
        let n = 0;
        const fed = steps.map(({ size, wait }) => {
          const piece = Buffer.from(Array.from({ length: size }, () => (n++ * 31) & 255));
          toNet.feed(Buffer.from(piece));
          clock.advance(wait);
          return piece;
        });
        clock.advance(100);
        assert.ok(sinks[0]!.take().join('') === Buffer.concat(fed).toString('latin1'));
      },
    ),
  );
});
