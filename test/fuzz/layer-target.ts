// A layer as a target: its far end is the input, cut in pieces, with time and a full line thrown in.
import assert from 'node:assert/strict';
import { runIn } from '../../src/base/fault-domain.ts';
import type { Gensio } from '../../src/gensio/gensio.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio, RecordingUp } from '../rig/fake-gensio.ts';

/** Answers to an input: no more than this, whatever it asks. */
const AMPLIFICATION = 64;
const ANSWERS = 65_536;
/** More than the longest wait of any layer for its far end. */
const END_MS = 3_600_000;

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** make: the layer on its child. The first byte of the input says how the rest is cut. */
export async function feedLayer(make: (child: FakeGensio, clock: FakeClock) => Gensio, input: Buffer): Promise<void> {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const up = new RecordingUp();
  let failure: unknown;
  const owner = {
    failed: (err: unknown): void => {
      failure ??= err;
    },
  };
  const guarded = (run: () => void): void => {
    runIn(owner, run);
    if (failure !== undefined) throw failure;
  };
  let gensio: Gensio | undefined;
  let openFailed = false;
  guarded(() => {
    gensio = make(child, clock);
    gensio.up = up;
    gensio.open((err) => {
      openFailed = err !== undefined;
      if (!openFailed) gensio!.setReading(true);
    });
  });
  await settle();
  const size = 1 + ((input[0] ?? 0) & 63);
  for (let at = 1, n = 0; at < input.length && child.state === 'open'; at += size, n++) {
    guarded(() => child.feed(Buffer.from(input.subarray(at, at + size))));
    if (n % 4 === 1) await settle();
    if (n % 16 === 3) child.full = true;
    if (n % 16 === 7 && child.state === 'open') guarded(() => child.drain());
    if (n % 16 === 11 && up.end === undefined) guarded(() => gensio!.write(Buffer.from('some words')));
    if (n % 32 === 19) guarded(() => clock.advance(500));
  }
  guarded(() => undefined);
  const answers = child.writes.reduce((sum, data) => sum + data.length, 0);
  assert.ok(answers <= ANSWERS + AMPLIFICATION * input.length, `${answers} bytes of answers`);
  if (input.length % 2 === 0 && child.state === 'open') guarded(() => child.end());
  await settle();
  guarded(() => gensio!.abort());
  for (let i = 0; i < 4; i++) await settle();
  guarded(() => clock.advance(END_MS));
  await settle();
  guarded(() => undefined);
  // A far end that is gone for good leaves no timer running.
  if (child.state === 'closed') assert.equal(clock.timers, 0, `${clock.timers} timers are left`);
}
