// A slice of the random steps over doors of six kinds; `npm run prove -- doors` has 100,000 of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runModel } from './model.ts';

test('whatever clients of six kinds of doors do: one writer at most, the same bytes for every reader up to its gap, and no right crossed', async () => {
  const all = await Promise.all([1, 2, 3].map((seed) => runModel(1500, seed)));
  const sum = (what: keyof (typeof all)[number]): number => all.reduce((n, seen) => n + seen[what], 0);
  for (const what of ['gaps', 'takeovers', 'refused', 'closedBehind', 'replays'] as const)
    assert.ok(sum(what) > 0, `nothing was seen of ${what}`);
});
