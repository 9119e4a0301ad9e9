import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { HalfCloseWatch } from '../../src/port/half-close.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';

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

function rig() {
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
  const { clock, one, two, watch, reading } = rig();
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
  const { clock, one, watch, reading } = rig();
  one.gone = true;
  watch.block();
  clock.advance(50);
  watch.stop();
  watch.block();
  assert.deepEqual(reading(), [true, false, false]);
});

test('when the device takes data again nobody is looked for', () => {
  const { clock, one, watch } = rig();
  watch.block();
  watch.stop();
  clock.advance(5000);
  assert.equal(one.looks, 0);
  watch.block();
  clock.advance(50);
  assert.equal(one.looks, 1);
});
