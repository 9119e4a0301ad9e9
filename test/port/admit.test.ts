import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admit, type Door, type Verdict } from '../../src/port/admit.ts';
import { REFUSAL } from '../../src/port/messages.ts';

const OPEN: Door = {
  enabled: true,
  closing: false,
  allowed: true,
  kickolduser: false,
  places: ['free'],
  leaving: () => assert.fail('asked although there is a place'),
  deviceInUse: false,
  deviceMissing: false,
};
const at = (door: Partial<Door>): Verdict => admit({ ...OPEN, ...door });
const leaving = (yes: boolean) => ({ leaving: () => yes });

test('a newcomer takes the first free place, and none that is kept for connect back', () => {
  assert.deepEqual(at({}), { take: 0 });
  assert.deepEqual(at({ places: ['taken', 'free', 'free'] }), { take: 1 });
  assert.deepEqual(at({ places: ['reserved', 'free'] }), { take: 1 });
  assert.deepEqual(at({ places: ['reserved'], ...leaving(false) }), { say: REFUSAL.inUse });
});

test('without a place it is refused, unless somebody is just leaving; with kickolduser the last one goes', () => {
  assert.deepEqual(at({ places: ['taken'], ...leaving(false) }), { say: REFUSAL.inUse });
  assert.deepEqual(at({ places: ['taken'], ...leaving(true) }), 'wait');
  assert.deepEqual(at({ places: ['taken', 'taken', 'reserved'], kickolduser: true }), { kick: 1 });
  assert.deepEqual(at({ places: ['taken'], kickolduser: true }), { kick: 0 });
  assert.deepEqual(at({ places: ['taken', 'free'], kickolduser: true }), { take: 1 });
  assert.deepEqual(at({ places: ['reserved'], kickolduser: true, ...leaving(false) }), { say: REFUSAL.inUse });
});

test('of several reasons against it the first in the order of ser2net is told', () => {
  const refusals: readonly (readonly [Partial<Door>, Verdict])[] = [
    [{ enabled: false }, { say: REFUSAL.disabled }],
    [{ allowed: false }, { say: REFUSAL.address }],
    [{ deviceMissing: true }, { say: REFUSAL.deviceFailed }],
    [{ places: ['taken'], ...leaving(false) }, { say: REFUSAL.inUse }],
    [{ deviceInUse: true }, { say: REFUSAL.deviceInUse }],
  ];
  for (const [i, [door, verdict]] of refusals.entries()) {
    assert.deepEqual(at(door), verdict);
    // The later ones on top of it change nothing.
    assert.deepEqual(at(Object.assign({}, ...refusals.slice(i).map(([more]) => more))), verdict);
  }
});

test('while the port closes, who would come in waits; at one that is switched off for good nobody does', () => {
  assert.deepEqual(at({ closing: true, deviceMissing: true, deviceInUse: true, places: ['taken'] }), 'wait');
  assert.deepEqual(at({ closing: true, allowed: false }), { say: REFUSAL.address });
  assert.deepEqual(at({ closing: true, enabled: false, allowed: false }), { say: REFUSAL.closing });
});
