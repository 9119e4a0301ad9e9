import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadlines } from '../../src/base/deadlines.ts';
import { charDelay, DEFAULT_RATE, FanOut, type FanOutOptions } from '../../src/port/fan-out.ts';
import { Matcher } from '../../src/port/match.ts';
import { FakeClock } from '../rig/fake-clock.ts';

/** Keeps the very buffers it was given, and what was in them then. */
class Consumer {
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

function rig(options: Partial<FanOutOptions> = {}, delay = 10) {
  const clock = new FakeClock();
  const consumers = [new Consumer()];
  const fanOut = new FanOut(clock, new Deadlines(clock), consumers, { bufsize: 20, maxDelay: 25, sendon: undefined, ...options });
  fanOut.delay = delay;
  const push = (text: string): void => fanOut.push(Buffer.from(text));
  return { clock, consumer: consumers[0]!, consumers, fanOut, push };
}

test('without a delay each piece goes to everybody at once, and without a copy', () => {
  const { consumers, fanOut } = rig({}, 0);
  consumers.push(new Consumer());
  const piece = Buffer.from('x');
  fanOut.push(piece);
  assert.ok(consumers.every(({ kept }) => kept[0] === piece && kept.length === 1));
});

test('so does a piece of the size of the buffer when nothing waits', () => {
  const { consumer, fanOut, clock } = rig();
  const piece = Buffer.alloc(20);
  fanOut.push(piece);
  assert.ok(consumer.kept[0] === piece);
  assert.equal(clock.timers, 0);
});

test('input is gathered until none came for the delay', () => {
  const { clock, consumer, push } = rig();
  push('a');
  clock.advance(9);
  push('b');
  clock.advance(9);
  assert.deepEqual(consumer.take(), []);
  clock.advance(1);
  assert.deepEqual(consumer.take(), ['ab']);
  clock.advance(100);
  assert.deepEqual(consumer.take(), []);
});

test('the first byte waits no longer than the longest delay, counted again for each buffer', () => {
  const { clock, consumer, push } = rig();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 3; i++) {
      push('x');
      clock.advance(8);
    }
    push('x');
    assert.deepEqual(consumer.take(), []);
    clock.advance(1);
    assert.deepEqual(consumer.take(), ['xxxx']);
    clock.advance(3);
  }
});

for (const how of ['flush', 'drop'] as const)
  test(`the longest delay is counted anew after ${how}()`, () => {
    const { clock, consumer, fanOut, push } = rig();
    push('x');
    clock.advance(1);
    fanOut[how]();
    consumer.take();
    for (let i = 0; i < 4; i++) {
      clock.advance(8);
      push('x');
    }
    clock.advance(0);
    assert.deepEqual(consumer.take(), []);
    clock.advance(1);
    assert.deepEqual(consumer.take(), ['xxxx']);
  });

test('a full buffer goes out at once', () => {
  const { clock, consumer, push } = rig();
  push('1234567890');
  push('123456789');
  assert.deepEqual(consumer.take(), []);
  push('0');
  assert.deepEqual(consumer.take(), ['12345678901234567890']);
  clock.advance(100);
  assert.deepEqual(consumer.take(), []);
});

test('a piece that does not fit behind what waits follows it', () => {
  for (const size of [4095, 4096, 4097, 10_000]) {
    const { consumer, fanOut, push } = rig();
    push('first 12345678901');
    fanOut.push(Buffer.alloc(size, 'x'));
    fanOut.flush();
    assert.equal(consumer.take().join(''), `first 12345678901${'x'.repeat(size)}`, `${size}`);
  }
});

test('of a buffer greater than 64 KiB as much waits as there is room for, and nothing is lost', () => {
  const { consumer, fanOut } = rig({ bufsize: 200_000 });
  const all = Buffer.from(Array.from({ length: 150_000 }, (_, i) => (i * 7 + (i >> 8)) & 255));
  for (let at = 0; at < all.length; at += 4096) fanOut.push(all.subarray(at, at + 4096));
  fanOut.flush();
  const got = consumer.take();
  assert.ok(got.length > 1 && got.length < 5, `${got.length} pieces`);
  assert.ok(got.join('') === all.toString('latin1'));
});

test('what a full user still has is not gathered into', () => {
  const { consumer, fanOut, push } = rig();
  push('held');
  consumer.full = true;
  fanOut.flush();
  assert.equal(fanOut.full, true);
  push('more');
  assert.equal(String(consumer.kept[0]), 'held');
  consumer.full = false;
  assert.equal(fanOut.full, false);
  fanOut.flush();
  assert.deepEqual(consumer.take(), ['held', 'more']);
});

test('everything up to the last sendon goes at once, the rest waits; what is gathered and dropped is gone', () => {
  const { clock, consumer, fanOut, push } = rig({ sendon: new Matcher(Buffer.from('\n')) });
  push('a');
  push('b\nc\nd');
  assert.deepEqual(consumer.take(), ['ab\nc\n']);
  push('e\n');
  assert.deepEqual(consumer.take(), ['de\n']);
  clock.advance(100);
  assert.deepEqual(consumer.take(), []);
  push('gone');
  fanOut.drop();
  clock.advance(100);
  fanOut.flush();
  push('z');
  clock.advance(10);
  assert.deepEqual(consumer.take(), ['z']);
});

test('nothing is sent behind a sendon that ends a piece', () => {
  const { consumer, push } = rig({ sendon: new Matcher(Buffer.from('\n')) }, 0);
  push('a\n');
  push('\n');
  assert.deepEqual(consumer.take(), ['a\n', '\n']);
});

test('whatever the pieces and the waits, everybody gets every byte in order', () => {
  const step = fc.record({ size: fc.integer({ min: 1, max: 9000 }), wait: fc.integer({ min: 0, max: 40 }) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.constantFrom(2, 64, 5000, 100_000),
      fc.constantFrom(0, 10),
      (steps, bufsize, delay) => {
        const { clock, consumers, fanOut } = rig({ bufsize }, delay);
        let n = 0;
        const fed = steps.map(({ size, wait }) => {
          const piece = Buffer.from(Array.from({ length: size }, () => (n++ * 31) & 255));
          fanOut.push(Buffer.from(piece));
          clock.advance(wait);
          return piece;
        });
        clock.advance(100);
        assert.ok(consumers[0]!.take().join('') === Buffer.concat(fed).toString('latin1'));
      },
    ),
  );
});

const delayed = { chardelay: true, chardelayScale: 20, chardelayMin: 1000 };
const rate = { bps: 9600, databits: 8, stopbits: 1, parity: false };

test('the wait is chardelay-scale tenths of the time of a character, in whole microseconds', () => {
  assert.deepEqual(DEFAULT_RATE, rate);
  assert.equal(charDelay(delayed, rate), 2.083);
  assert.equal(charDelay({ ...delayed, chardelayScale: 1000 }, { ...rate, bps: 300 }), 3333.333);
  assert.equal(charDelay({ ...delayed, chardelayScale: 96 }, { bps: 9600, databits: 7, stopbits: 2, parity: true }), 11);
});

test('it is never shorter than chardelay-min, and a speed of 0 counts as 1', () => {
  assert.equal(charDelay(delayed, { ...rate, bps: 115200 }), 1);
  assert.equal(charDelay({ ...delayed, chardelayMin: 5001 }, rate), 5.001);
  assert.equal(charDelay(delayed, { ...rate, bps: 0 }), 20_000);
});

test('without chardelay nothing waits', () => {
  assert.equal(charDelay({ ...delayed, chardelay: false }, rate), 0);
});
