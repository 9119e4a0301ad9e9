import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../../src/base/clock.ts';
import { type Piece, Player } from '../../src/record/player.ts';
import { settle } from '../rig/wait.ts';

/** Time in which timers run up to a millisecond late, as they do in reality. */
class CoarseTime implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];
  readonly #jitter: () => number;
  /** jitter: 0 to 1. */
  constructor(jitter: () => number) {
    this.#jitter = jitter;
  }
  now(): number {
    return this.#now;
  }
  wall(): Date {
    return new Date(this.#now);
  }
  after(ms: number, run: () => void): { cancel: () => void } {
    assert.ok(Number.isInteger(ms), `a timer of ${ms} ms`);
    const timer = { at: this.#now + ms + this.#jitter(), run };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }
  /** Passes time on the spot. */
  pass(ms: number): void {
    this.#now += ms;
  }
  /** Runs timers until there are none, for so many turns. */
  async run(until: () => boolean): Promise<void> {
    while (!until()) {
      await settle(2);
      const timer = this.#timers.sort((a, b) => a.at - b.at).shift();
      if (timer === undefined) continue;
      this.#now = Math.max(this.#now, timer.at);
      timer.run();
    }
  }
}

const gap = fc.oneof(fc.constant(0), fc.nat(3000), fc.nat(100_000));

test('each pause is kept, however coarse timers are, and what is late is not late for good', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(gap, fc.nat(9)), { minLength: 1, maxLength: 60 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 9 }),
      async (steps, jitters) => {
        let n = 0;
        const clock = new CoarseTime(() => jitters[n++ % jitters.length]!);
        let time = 1_700_000_000_000_000;
        const pieces: Piece[] = steps.map(([us], i) => {
          time += us;
          return { time, data: Buffer.from([i]) };
        });
        const played: number[] = [];
        let over = false;
        const todo = [...pieces];
        const player = new Player(
          () => todo.shift(),
          {
            write: ({ 0: i }) => {
              assert.equal(i, played.length);
              played.push(clock.now());
              // Writing takes its time, too.
              clock.pass(steps[i!]![1] === 9 ? 5 : 0.01);
              return true;
            },
            done: () => {
              over = true;
            },
          },
          clock,
          {
            fullSpeed: false,
            sleep: (ms) => {
              assert.ok(ms > 0 && ms < 2, `a sleep of ${ms} ms`);
              clock.pass(ms + 0.05);
            },
          },
        );
        player.start();
        await clock.run(() => over);
        assert.equal(played.length, pieces.length);
        let free = 0;
        played.forEach((at, i) => {
          const due = (pieces[i]!.time - pieces[0]!.time) / 1000;
          // On time, or as soon as the writes before it were over.
          assert.ok(at >= due - 1e-6 && at <= Math.max(due, free) + 0.1, `piece ${i} at ${at} instead of ${due}`);
          free = at + (steps[i]![1] === 9 ? 5 : 0.01);
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('a time that goes back is no pause, and none is added later', async () => {
  const clock = new CoarseTime(() => 0.5);
  const todo = [5000, 9000, 1000, 3000].map((time) => ({ time, data: Buffer.from('x') }));
  const played: number[] = [];
  let over = false;
  const up = { write: () => played.push(Math.round(clock.now())) > 0, done: () => (over = true) };
  new Player(() => todo.shift(), { write: up.write, done: () => void up.done() }, clock, {
    fullSpeed: false,
    sleep: (ms) => clock.pass(ms),
  }).start();
  await clock.run(() => over);
  assert.deepEqual(played, [0, 4, 4, 6]);
});

test('a device that takes nothing more is waited for, at either speed, and then each piece comes once', async () => {
  for (const fullSpeed of [true, false]) {
    const clock = new CoarseTime(() => 0);
    const todo = Array.from({ length: 500 }, (_, i) => ({ time: i * 100, data: Buffer.from([i & 255]) }));
    const got: number[] = [];
    let over = false;
    const player: Player = new Player(
      () => todo.shift(),
      {
        write: (data) => {
          got.push(data[0]!);
          return got.length % 7 !== 0;
        },
        done: () => {
          over = true;
        },
      },
      clock,
      { fullSpeed, sleep: (ms) => clock.pass(ms) },
    );
    player.start();
    while (!over) {
      await settle(3);
      if (got.length % 7 === 0) {
        const before = got.length;
        await settle(3);
        assert.equal(got.length, before, 'nothing is written until there is room');
        player.writable();
      }
    }
    assert.deepEqual(
      got,
      Array.from({ length: 500 }, (_, i) => i & 255),
    );
    if (fullSpeed) assert.equal(clock.now(), 0);
  }
});

test('after stop() nothing is played', async () => {
  const clock = new CoarseTime(() => 0);
  const played: string[] = [];
  const todo = ['a', 'b'].map((text, i) => ({ time: i * 50_000, data: Buffer.from(text) }));
  const player = new Player(
    () => todo.shift(),
    { write: (data) => played.push(data.toString()) > 0, done: () => played.push('done') },
    clock,
    {
      fullSpeed: false,
      sleep: (ms) => clock.pass(ms),
    },
  );
  player.start();
  player.stop();
  player.writable();
  await settle();
  assert.deepEqual(played, ['a']);
});
