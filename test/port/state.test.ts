// Every event in every state of a port: what is not in the table changes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON } from '../../src/port/messages.ts';
import { type PortEvent, type PortState, step, traceStep } from '../../src/port/state.ts';

const STATES: readonly PortState[] = [
  { at: 'not-started' },
  { at: 'closed' },
  { at: 'unconnected' },
  { at: 'opening' },
  { at: 'open' },
  { at: 'closing', why: REASON.shutdown },
];
const left = (users: number, held = false): PortEvent => ({ on: 'left', users, held });
const EVENTS: readonly PortEvent[] = [
  { on: 'listening' },
  { on: 'not-listening' },
  { on: 'joined' },
  { on: 'hold' },
  { on: 'device-open' },
  { on: 'device-failed', reason: 'r' },
  left(0),
  left(1),
  left(0, true),
  { on: 'close', why: REASON.adminDisconnect },
  { on: 'device-closed', listening: true },
  { on: 'device-closed', listening: false },
];
const TABLE = `
not-started, listening: unconnected
not-started, joined: opening (open-device)
not-started, hold: opening (open-device)
closed, listening: unconnected
closed, joined: opening (open-device)
closed, hold: opening (open-device)
unconnected, not-listening: closed
unconnected, joined: opening (open-device)
unconnected, hold: opening (open-device)
opening, device-open: open (begin-session)
opening, device-failed reason=r: unconnected (fail-users, rest, serve-waiting)
opening, left users=0 held=false: closing (end-session, close-device)
opening, close why=admin disconnect: closing (end-session, close-device)
open, left users=0 held=false: closing (end-session, close-device)
open, close why=admin disconnect: closing (end-session, close-device)
closing, device-closed listening=true: unconnected (rest, serve-waiting)
closing, device-closed listening=false: closed (rest, serve-waiting)
`;

test('what a port does next is in this table, and nothing else', () => {
  const lines = STATES.flatMap((state) =>
    EVENTS.flatMap((event) => {
      const [next, effects] = step(state, event);
      return next === state && effects.length === 0 ? [] : [traceStep(state, event, next, effects)];
    }),
  );
  assert.deepEqual(lines, TABLE.trim().split('\n'));
});

test('a session ends for the reason that was given, or because the last user has left', () => {
  assert.deepEqual(step({ at: 'open' }, left(0))[0], { at: 'closing', why: REASON.lastUserLeft });
  const [next, effects] = step({ at: 'open' }, { on: 'close', why: REASON.devReadError });
  assert.deepEqual(next, { at: 'closing', why: REASON.devReadError });
  assert.deepEqual(effects[0], { do: 'end-session', why: REASON.devReadError });
  assert.deepEqual(step({ at: 'opening' }, { on: 'device-failed', reason: 'r' })[1][0], { do: 'fail-users', reason: 'r' });
});

test('a step without effects is told without brackets', () => {
  assert.equal(traceStep({ at: 'closed' }, { on: 'listening' }, { at: 'unconnected' }, []), 'closed, listening: unconnected');
});
