// A slice of npm run torture -- hostile: the kinds of flood that can be tried in seconds. The limits are those of a busy machine; what
// they catch is a loop that one stranger holds, or a thread that all others wait for.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { libc } from '../../../src/base/libc.ts';
import { attack } from './hostile.ts';
import { ROWS } from './rows.ts';

/** A byte that should come back at once, and a port that should open at once. */
const LONGEST_MS = 5_000;
/** From SIGTERM to the end of the process, whatever hangs. */
const END_MS = 10_000;

for (const row of ROWS.filter(({ slice }) => slice === true))
  test(`nobody else is held up by: ${row.name}`, { timeout: 120_000 }, async (t) => {
    if (libc() === undefined) return t.skip('koffi is not installed: no ptys');
    if (!existsSync('/proc/net/tcp')) return t.skip('no /proc here');
    const outcome = await attack(row, 'ours', { seconds: 0.7 });
    if ('why' in outcome) {
      assert.match(outcome.why, /compiler|shim|needs/);
      return t.skip(outcome.why);
    }
    const { echo, open, stop } = outcome;
    assert.ok(echo < LONGEST_MS && open < LONGEST_MS, `${echo.toFixed(0)} ms for a byte, ${open.toFixed(0)} ms for a port`);
    assert.ok(stop < END_MS, `${stop.toFixed(0)} ms for the end`);
  });
