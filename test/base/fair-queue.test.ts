import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FairQueue, type QueueLimits } from '../../src/base/fair-queue.ts';

/** A queue whose work ends when it is told to. */
function rig(limits: Partial<QueueLimits> = {}) {
  const queue = new FairQueue({ atOnce: 2, atOncePerSource: 1, waitingPerSource: 3, waiting: 6, ...limits });
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string): (() => void) | undefined =>
    queue.run(name[0]!, (finished) => {
      started.push(name);
      ends.set(name, finished);
    });
  return { add, started, end: (name: string) => ends.get(name)!() };
}

test('so much is under way at once, and no more, and one source never has all of it', () => {
  const { add, started, end } = rig();
  for (const name of ['a1', 'a2', 'b1', 'c1']) add(name);
  assert.deepEqual(started, ['a1', 'b1']);
  end('a1');
  assert.deepEqual(started, ['a1', 'b1', 'a2']);
  end('b1');
  assert.deepEqual(started.slice(3), ['c1']);
});

test('sources take turns, however much one of them wants', () => {
  const { add, started, end } = rig({ atOnce: 1, waitingPerSource: 9, waiting: 20 });
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) add(name);
  for (let i = 0; i < 7; i++) end(started.at(-1)!);
  assert.deepEqual(started, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
});

test('what a source wants beyond its limit is not taken, and what all want beyond theirs', () => {
  const { add } = rig({ atOnce: 1 });
  const taken = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'b3', 'b4', 'c1'].filter((name) => add(name) !== undefined);
  assert.deepEqual(taken, ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3']);
});

test('work that is dropped before its turn is never started, and its place is free', () => {
  const { add, started, end } = rig({ atOnce: 1, waitingPerSource: 1 });
  add('a1');
  const drop = add('a2')!;
  assert.equal(add('a3'), undefined);
  drop();
  drop();
  add('a4');
  end('a1');
  end('a1');
  assert.deepEqual(started, ['a1', 'a4']);
});

test('whatever comes in whatever order, the limits hold and all that was taken and not dropped is done', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), source: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ do: fc.constant('end' as const), which: fc.nat() }),
    fc.record({ do: fc.constant('drop' as const), which: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limits = { atOnce: 3, atOncePerSource: 2, waitingPerSource: 4, waiting: 9 };
      const queue = new FairQueue(limits);
      const running: { source: number; finished: () => void }[] = [];
      const drops: { drop: () => void; started: () => boolean; over: boolean }[] = [];
      let taken = 0;
      let dropped = 0;
      let done = 0;
      const end = (at: number): void => {
        const [work] = running.splice(at, 1);
        done++;
        work?.finished();
      };
      for (const one of steps) {
        if (one.do === 'add') {
          let started = false;
          const { source } = one;
          const drop = queue.run(String(source), (finished) => {
            started = true;
            running.push({ source, finished });
          });
          if (drop !== undefined) {
            taken++;
            drops.push({ drop, started: () => started, over: false });
          }
        } else if (one.do === 'end' && running.length > 0) end(one.which % running.length);
        else if (one.do === 'drop' && drops.length > 0) {
          const each = drops[one.which % drops.length]!;
          if (!each.started() && !each.over) dropped++;
          each.over = true;
          each.drop();
        }
        assert.ok(running.length <= limits.atOnce);
        for (let s = 0; s < 4; s++) assert.ok(running.filter(({ source }) => source === s).length <= limits.atOncePerSource);
      }
      while (running.length > 0) end(0);
      assert.equal(done, taken - dropped);
    }),
  );
});
