// What a port does next: every event in every state, and every history of a port that a world with a device and users can make.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON } from '../../src/port/messages.ts';
import { type Effect, INITIAL, inUse, type PortEvent, type PortState, step, traceStep } from '../../src/port/state.ts';

const at = (at: PortState['at'], more: Partial<PortState> = {}): PortState => ({
  ...INITIAL,
  at,
  enabled: true,
  usable: true,
  listening: at !== 'closed' && at !== 'not-started',
  ...more,
});
const STATES = [
  at('not-started', { usable: false }),
  ...(['closed', 'unconnected', 'opening', 'open', 'closing'] as const).map((each) => at(each)),
];
const EVENTS: readonly PortEvent[] = [
  { on: 'start' },
  { on: 'disable' },
  { on: 'listening' },
  { on: 'not-listening' },
  { on: 'joined' },
  { on: 'reopen' },
  { on: 'device-open' },
  { on: 'device-failed', reason: 'r' },
  { on: 'device-lost' },
  { on: 'device-closed' },
  { on: 'left', users: 0 },
  { on: 'left', users: 1 },
  { on: 'remove-when-idle', users: 0 },
  { on: 'close', why: REASON.adminDisconnect },
  { on: 'destroy' },
];
const TABLE = `
not-started, disable: not-started (stop-calls)
not-started, listening: unconnected
not-started, joined: opening (open-device)
not-started, destroy: closed (cut-off)
closed, start: closed (open-accepter)
closed, disable: closed (stop-calls)
closed, listening: unconnected
closed, joined: opening (open-device)
closed, destroy: closed (cut-off)
unconnected, start: unconnected (open-accepter)
unconnected, disable: unconnected (stop-calls)
unconnected, not-listening: closed
unconnected, joined: opening (open-device)
unconnected, destroy: closed (cut-off)
opening, start: opening (open-accepter)
opening, disable: opening (stop-calls)
opening, device-open: open (begin-session)
opening, device-failed reason=r: unconnected (fail-users, idle, serve-waiting)
opening, left users=0: closing (end-session, close-device)
opening, remove-when-idle users=0: closing (end-session, close-device)
opening, close why=admin disconnect: closing (end-session, close-device)
opening, destroy: closed (cut-off)
open, start: open (open-accepter)
open, disable: open (stop-calls)
open, device-lost: closing (end-session, report-lost)
open, left users=0: closing (end-session, close-device)
open, remove-when-idle users=0: closing (end-session, close-device)
open, close why=admin disconnect: closing (end-session, close-device)
open, destroy: closed (cut-off)
closing, start: closing (open-accepter)
closing, disable: closing (stop-calls)
closing, device-closed: unconnected (idle, serve-waiting)
closing, destroy: closed (cut-off)
`;

test('what a port does next is in this table, and nothing else', () => {
  const lines = STATES.flatMap((state) =>
    EVENTS.flatMap((event) => {
      const [next, effects] = step(state, event);
      return next.at === state.at && effects.length === 0 ? [] : [traceStep(state, event, next, effects)];
    }),
  );
  assert.deepEqual(lines, TABLE.trim().split('\n'));
});

test('a session ends for the reason that was given, because the device is gone, or because the last user has left', () => {
  const why = (event: PortEvent): Effect | undefined => step(at('open'), event)[1][0];
  assert.deepEqual(why({ on: 'left', users: 0 }), { do: 'end-session', why: REASON.lastUserLeft });
  assert.deepEqual(why({ on: 'close', why: REASON.shutdown }), { do: 'end-session', why: REASON.shutdown });
  assert.deepEqual(why({ on: 'device-lost' }), { do: 'end-session', why: REASON.devReadError });
  assert.deepEqual(step(at('opening'), { on: 'device-failed', reason: 'r' })[1][0], { do: 'fail-users', reason: 'r' });
});

test('a held device is opened as soon as the port listens, stays open without users, and is opened again later when it closed', () => {
  const trace = (state: PortState, event: PortEvent): string => traceStep(state, event, ...step(state, event));
  assert.equal(trace(at('closed', { held: true }), { on: 'listening' }), 'closed, listening: opening (open-device)');
  assert.equal(trace(at('open', { held: true }), { on: 'left', users: 0 }), 'open, left users=0: open');
  assert.equal(
    trace(at('closing', { held: true }), { on: 'device-closed' }),
    'closing, device-closed: unconnected (reopen-later, idle, serve-waiting)',
  );
  const off = at('closing', { held: true, enabled: false });
  assert.equal(trace(off, { on: 'device-closed' }), 'closing, device-closed: unconnected (idle, serve-waiting)');
  const going = at('open', { held: true, removing: true });
  assert.equal(trace(going, { on: 'left', users: 0 }), 'open, left users=0: closing (end-session, close-device)');
});

test('a port that is started again is not removed any more; one that cannot be parsed says so, one that is off does not listen', () => {
  assert.equal(step(at('open', { removing: true }), { on: 'start' })[0].removing, false);
  assert.deepEqual(step(at('closed', { usable: false }), { on: 'start' }), [at('not-started', { usable: false }), []]);
  assert.deepEqual(step(at('not-started'), { on: 'start' }), [at('closed'), [{ do: 'open-accepter' }]]);
  assert.deepEqual(step(at('closed', { enabled: false }), { on: 'start' }), [at('closed', { enabled: false }), []]);
});

/** A port, and the things around it as far as its effects say they are. */
interface World {
  readonly state: PortState;
  readonly device: 'closed' | 'opening' | 'open' | 'closing';
  readonly accepter: 'off' | 'trying' | 'on';
  readonly users: number;
  readonly session: boolean;
  readonly reopens: boolean;
}

/** Runs the effects of an event on the world, each of which must make sense there. */
function happens(world: World, event: PortEvent): World {
  const [state, effects] = step(world.state, event);
  let { device, accepter, users, session, reopens } = world;
  for (const effect of effects) {
    const where = `${effect.do} in ${JSON.stringify({ ...world, device, users, session })} after ${event.on}`;
    switch (effect.do) {
      case 'open-accepter':
        assert.ok(accepter === 'off' && state.enabled && state.usable, where);
        accepter = 'trying';
        break;
      case 'open-device':
        assert.ok(device === 'closed' && state.enabled, where);
        device = 'opening';
        break;
      case 'begin-session':
        assert.ok(device === 'open' && !session, where);
        session = true;
        break;
      case 'end-session':
        assert.ok(session === (world.state.at === 'open'), where);
        session = false;
        users = 0;
        break;
      case 'fail-users':
        assert.ok(device === 'closed' && !session, where);
        users = 0;
        break;
      case 'close-device':
        assert.ok(device === 'opening' || device === 'open', where);
        device = 'closing';
        break;
      case 'report-lost':
        assert.equal(device, 'closed', where);
        break;
      case 'reopen-later':
        assert.ok(state.held && state.enabled && device === 'closed', where);
        reopens = true;
        break;
      case 'stop-calls':
        reopens = false;
        break;
      case 'idle':
      case 'serve-waiting':
        assert.ok(device === 'closed' && !session && users === 0, where);
        break;
      case 'cut-off':
        [device, users, session, reopens] = ['closed', 0, false, false];
        break;
      default:
        effect satisfies never;
    }
  }
  return { state, device, accepter, users, session, reopens };
}

/** Everything that can happen next in a world, as port.ts and those who use it bring it about. */
function* nexts(world: World): Generator<World> {
  const { state, device, accepter, users, reopens } = world;
  if (device === 'opening') {
    yield happens({ ...world, device: 'open' }, { on: 'device-open' });
    yield happens({ ...world, device: 'closed' }, { on: 'device-failed', reason: 'r' });
  }
  if (device === 'open') yield happens(happens({ ...world, device: 'closed' }, { on: 'device-lost' }), { on: 'device-closed' });
  if (device === 'closing') yield happens({ ...world, device: 'closed' }, { on: 'device-closed' });
  if (accepter === 'trying') yield happens({ ...world, accepter: 'on' }, { on: 'listening' });
  const unlistened = (of: World): World => happens({ ...of, accepter: 'off' }, { on: 'not-listening' });
  if (accepter === 'off') yield happens(world, { on: 'start' });
  else yield unlistened(world);
  if (state.enabled && state.at !== 'closing' && users < 2) {
    const joined = { ...world, users: users + 1 };
    yield device === 'open' ? joined : happens(joined, { on: 'joined' });
  }
  if (users > 0) yield happens({ ...world, users: users - 1 }, { on: 'left', users: users - 1 });
  if (reopens) yield happens({ ...world, reopens: false }, { on: 'reopen' });
  yield happens(world, { on: 'close', why: REASON.adminDisconnect });
  yield happens(unlistened(world), { on: 'remove-when-idle', users });
  if (state.enabled) yield happens(unlistened(happens(world, { on: 'disable' })), { on: 'close', why: REASON.adminDisable });
  else yield happens(world, { on: 'enable' });
  if (device === 'closed' && accepter === 'off') {
    for (const bits of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const event = { on: 'configured', enabled: (bits & 1) > 0, usable: (bits & 2) > 0, held: (bits & 4) > 0 } as const;
      yield happens({ ...world, reopens: false }, event);
    }
  }
}

test('in every history a port opens, serves and closes its device in turn, knows what is so, and keeps nothing open for nobody', () => {
  const seen = new Map<string, World>();
  const todo: World[] = [{ state: INITIAL, device: 'closed', accepter: 'off', users: 0, session: false, reopens: false }];
  for (let world = todo.pop(); world !== undefined; world = todo.pop()) {
    const key = JSON.stringify(world);
    if (seen.has(key)) continue;
    seen.set(key, world);
    const { state, device, accepter, users, session } = world;
    assert.equal(inUse(state), device !== 'closed', key);
    assert.ok(!inUse(state) || state.at === device, key);
    assert.equal(session, state.at === 'open', key);
    assert.equal(state.listening, accepter === 'on', key);
    assert.equal(state.at === 'unconnected', state.listening && !inUse(state), key);
    assert.ok(
      users > 0 ? device === 'opening' || device === 'open' : device !== 'open' || (state.held && state.enabled && !state.removing),
      key,
    );
    assert.ok(state.enabled || state.at === 'closing' || !inUse(state), key);
    const [gone] = step(state, { on: 'destroy' });
    assert.deepEqual(gone, INITIAL);
    for (const next of nexts(world)) todo.push(next);
  }
  assert.ok(seen.size > 100, `only ${seen.size} worlds`);
  for (const each of ['closed', 'not-started', 'unconnected', 'opening', 'open', 'closing'] as const)
    assert.ok(
      [...seen.values()].some(({ state }) => state.at === each),
      each,
    );
});
