// Who may enter a port, through any door: the one place that decides.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Admission, type AdmissionContext, decideAdmission } from '../../src/port/admission.ts';
import { ALL_RIGHTS, type Rights } from '../../src/port/door.ts';
import { REFUSAL } from '../../src/port/messages.ts';

const OPEN: AdmissionContext = {
  enabled: true,
  closing: false,
  allowed: true,
  kickolduser: false,
  places: ['free'],
  called: undefined,
  leaving: () => assert.fail('asked although there is a place'),
  deviceInUse: false,
  deviceMissing: false,
  reopens: false,
  rights: ALL_RIGHTS,
};
const at = (context: Partial<AdmissionContext>): Admission => decideAdmission({ ...OPEN, ...context });
const leaving = (yes: boolean) => ({ leaving: () => yes });
const take = (place: number): Admission => ({ take: place, rights: ALL_RIGHTS });

test('a new connection takes the first free place, and none that is kept for connect back', () => {
  assert.deepEqual(at({}), take(0));
  assert.deepEqual(at({ places: ['taken', 'free', 'free'] }), take(1));
  assert.deepEqual(at({ places: ['reserved', 'free'] }), take(1));
  assert.deepEqual(at({ places: ['reserved'], ...leaving(false) }), { say: REFUSAL.inUse });
});

test('without a place it is refused, unless somebody is just leaving; with kickolduser the last one goes', () => {
  assert.deepEqual(at({ places: ['taken'], ...leaving(false) }), { say: REFUSAL.inUse });
  assert.deepEqual(at({ places: ['taken'], ...leaving(true) }), 'wait');
  assert.deepEqual(at({ places: ['taken', 'taken', 'reserved'], kickolduser: true }), take(1));
  assert.deepEqual(at({ places: ['taken'], kickolduser: true }), take(0));
  assert.deepEqual(at({ places: ['taken', 'free'], kickolduser: true }), take(1));
  assert.deepEqual(at({ places: ['reserved'], kickolduser: true, ...leaving(false) }), { say: REFUSAL.inUse });
});

test('where the device has to be closed between two users, the old one is kicked first, and then it is asked again', () => {
  assert.deepEqual(at({ places: ['taken'], kickolduser: true, reopens: true }), { kick: 0 });
  assert.deepEqual(at({ places: ['free'], kickolduser: true, reopens: true }), take(0));
});

test('of several reasons against it the first in the order of ser2net is told', () => {
  const refusals: readonly (readonly [Partial<AdmissionContext>, Admission])[] = [
    [{ enabled: false }, { say: REFUSAL.disabled }],
    [{ allowed: false }, { say: REFUSAL.address }],
    [{ deviceMissing: true }, { say: REFUSAL.deviceFailed }],
    [{ places: ['taken'], ...leaving(false) }, { say: REFUSAL.inUse }],
    [{ deviceInUse: true }, { say: REFUSAL.deviceInUse }],
  ];
  for (const [i, [context, verdict]] of refusals.entries()) {
    assert.deepEqual(at(context), verdict);
    // The later ones on top of it change nothing.
    assert.deepEqual(at(Object.assign({}, ...refusals.slice(i).map(([more]) => more))), verdict);
  }
});

test('while the port closes, who would come in waits; at one that is switched off for good nobody does', () => {
  assert.deepEqual(at({ closing: true, deviceMissing: true, deviceInUse: true, places: ['taken'] }), 'wait');
  assert.deepEqual(at({ closing: true, allowed: false }), { say: REFUSAL.address });
  assert.deepEqual(at({ closing: true, enabled: false, allowed: false }), { say: REFUSAL.closing });
});

test('who was called back gets the place that is kept for it, whatever its address, unless the port is closing or off', () => {
  const called = { called: 1, places: ['free', 'reserved'], allowed: false } as const;
  assert.deepEqual(at(called), take(1));
  assert.deepEqual(at({ ...called, enabled: false }), { say: REFUSAL.disabled });
  assert.deepEqual(at({ ...called, closing: true }), { say: REFUSAL.address });
});

test('a right that the door does not have is never given, and who has none at all is refused', () => {
  const rights: Rights = { read: true, write: false, control: false };
  assert.deepEqual(at({ rights }), { take: 0, rights });
  assert.deepEqual(at({ rights, called: 0 }), { take: 0, rights });
  assert.deepEqual(at({ rights: { read: false, write: false, control: false } }), { say: REFUSAL.noRights });
});

const anyContext: fc.Arbitrary<AdmissionContext> = fc.record({
  enabled: fc.boolean(),
  closing: fc.boolean(),
  allowed: fc.boolean(),
  kickolduser: fc.boolean(),
  places: fc.array(fc.constantFrom('free', 'taken', 'reserved'), { minLength: 1, maxLength: 5 }),
  called: fc.constant(undefined),
  leaving: fc.boolean().map((yes) => () => yes),
  deviceInUse: fc.boolean(),
  deviceMissing: fc.boolean(),
  reopens: fc.boolean(),
  rights: fc.record({ read: fc.boolean(), write: fc.boolean(), control: fc.boolean() }),
});

test('whatever is true of a port: nobody enters one that is off, closing or not for him, gets a kept place or more than the door allows', () => {
  fc.assert(
    fc.property(anyContext, (context) => {
      const admission = decideAdmission(context);
      if (admission === 'wait' || 'say' in admission) return;
      const { enabled, closing, allowed, places, kickolduser, rights } = context;
      assert.ok(enabled && !closing && allowed);
      const place = places['take' in admission ? admission.take : admission.kick];
      assert.ok(place === 'free' || (place === 'taken' && kickolduser && !places.includes('free')));
      if (!('take' in admission)) return;
      assert.ok(rights.read || rights.write || rights.control, 'somebody without any right');
      for (const right of ['read', 'write', 'control'] as const) assert.ok(rights[right] || !admission.rights[right], right);
    }),
  );
});
