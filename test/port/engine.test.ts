import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Config, ConnectionConfig } from '../../src/config/model.ts';
import type { ConnectionOptions } from '../../src/options/connection.ts';
import { Engine, summaryOf } from '../../src/port/engine.ts';
import { INITIAL } from '../../src/port/state.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import type { FakeGensio } from '../rig/fake-gensio.ts';
import { FakeNet, stack } from '../rig/fake-net.ts';
import { connectionConfig, settle } from '../rig/port-rig.ts';

const connection = (
  name: string,
  address: string,
  more: Partial<ConnectionConfig> = {},
  options: Partial<ConnectionOptions> = {},
): ConnectionConfig => connectionConfig(options, { name, accepter: stack(address), connector: stack(`dev-${name}`), ...more });
const config = (...connections: ConnectionConfig[]): Config => ({ format: 'yaml', connections, rotators: [], leds: [], admin: undefined });

function make(): { net: FakeNet; engine: Engine; clock: FakeClock; logged: string[] } {
  const net = new FakeNet();
  const clock = new FakeClock();
  const logged: string[] = [];
  const engine = new Engine({
    clock,
    log: { log: (_l, text) => void logged.push(text) },
    gensio: { lockDir: undefined },
    builder: net.builder,
  });
  return { net, engine, clock, logged };
}

test('a reload that changes nothing keeps listeners and users', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const listener = net.listening.get('A');
  const user = await net.connect('A');
  await engine.apply(config(connection('a', 'A')));
  assert.equal(net.listening.get('A'), listener);
  assert.equal(user?.state, 'open');
  user?.feed('still there');
  assert.equal(net.devices[0]?.take().toString(), 'still there');
});

test('an idle port gets new settings at once on the same listener', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const listener = net.listening.get('A');
  await engine.apply(config(connection('a', 'A', {}, { banner: 'new' })));
  assert.equal(net.listening.get('A'), listener);
  assert.equal((await net.connect('A'))?.take().toString(), 'new');
});

test('a reload that breaks the connector of an idle port ends its listener; one that mends it brings it back', async () => {
  const { net, engine } = make();
  const broken = connection('a', 'A', { connector: { text: 'nosuch', spec: undefined, error: 'notsup' } });
  await engine.apply(config(connection('a', 'A')));
  await engine.apply(config(broken));
  assert.equal(await net.connect('A'), undefined);
  await engine.apply(config(connection('a', 'A')));
  assert.ok(await net.connect('A'));
});

test('a port in use whose settings change stops listening, and starts again when the last user leaves', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const user = await net.connect('A');
  await engine.apply(config(connection('a', 'B', {}, { banner: 'new' })));
  assert.equal(await net.connect('A'), undefined);
  assert.equal(await net.connect('B'), undefined);
  assert.equal(user?.state, 'open');
  assert.equal(engine.pending(engine.port('a')!), 'reconfigured');
  user?.end();
  await settle();
  assert.equal((await net.connect('B'))?.take().toString(), 'new');
});

test('a removed port in use serves its users to the end, then is gone', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const user = await net.connect('A');
  await engine.apply(config());
  assert.equal(user?.state, 'open');
  assert.equal(await net.connect('A'), undefined);
  assert.equal(engine.pending(engine.port('a')!), 'deleted');
  user?.end();
  await settle();
  assert.equal(engine.ports.length, 0);
});

test('a removed port that calls back closes its device: with its last user, or at once when it has none', async () => {
  for (const withUser of [false, true]) {
    const { net, engine } = make();
    await engine.apply(config(connection('a', 'A', {}, { connback: ['127.0.0.1,5000'], maxConnections: 2 })));
    await settle();
    const user = withUser ? await net.connect('A') : undefined;
    assert.equal(engine.port('a')?.state.at, 'open');
    await engine.apply(config());
    assert.equal(engine.port('a')?.state.at, withUser ? 'open' : undefined);
    user?.end();
    await settle();
    assert.equal(engine.ports.length, 0);
    assert.equal(net.devices[0]?.state, 'closed');
  }
});

test('a removed port that calls back and is back before its last user left keeps its device open', async () => {
  const { net, engine } = make();
  const a = connection('a', 'A', {}, { connback: ['127.0.0.1,5000'], maxConnections: 2 });
  await engine.apply(config(a));
  await settle();
  const user = await net.connect('A');
  await engine.apply(config());
  await engine.apply(config(a));
  user?.end();
  await settle();
  assert.equal(engine.port('a')?.state.at, 'open');
});

test('a client that waits for a place at a port that is removed is turned away, and does not revive it', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const user = await net.connect('A');
  Object.assign(user!, { peerClosed: () => true });
  const next = await net.connect('A');
  assert.equal(next?.state, 'open');
  await engine.apply(config());
  user?.end();
  await settle();
  assert.equal(next?.state, 'closed');
  assert.equal(
    net.devices.some((device) => device.state === 'open' && device.calls.includes('open')),
    false,
  );
});

test('enable: off in the new file closes users; on again listens', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const user = await net.connect('A');
  await engine.apply(config(connection('a', 'A', { enable: false })));
  await settle();
  assert.equal(user?.state, 'closed');
  assert.equal(await net.connect('A'), undefined);
  await engine.apply(config(connection('a', 'A')));
  assert.ok(await net.connect('A'));
});

test('two idle ports swap their addresses, and a renamed one takes its address over', async () => {
  const { net, engine, logged } = make();
  await engine.apply(config(connection('a', 'A', {}, { banner: 'a' }), connection('b', 'B', {}, { banner: 'b' })));
  await engine.apply(config(connection('a', 'B', {}, { banner: 'a' }), connection('b', 'A', {}, { banner: 'b' })));
  assert.equal((await net.connect('B'))?.take().toString(), 'a');
  assert.equal((await net.connect('A'))?.take().toString(), 'b');
  const fresh = make();
  await fresh.engine.apply(config(connection('old', 'X')));
  await fresh.engine.apply(config(connection('new', 'X', {}, { banner: 'n' })));
  assert.equal((await fresh.net.connect('X'))?.take().toString(), 'n');
  assert.deepEqual([logged, fresh.logged], [[], []]);
});

test('a renamed port in use keeps its user; the new name listens at once and its device is in use', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('old', 'X', { connector: stack('same') })));
  const user = await net.connect('X');
  await engine.apply(config(connection('new', 'X', { connector: stack('same') })));
  assert.equal(user?.state, 'open');
  assert.equal((await net.connect('X'))?.take().toString(), "Port's device already in use\r\n");
});

test('a reload undone while the port is in use leaves it as it was', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const user = await net.connect('A');
  await engine.apply(config());
  await engine.apply(config(connection('a', 'A')));
  assert.equal(engine.pending(engine.port('a')!), undefined);
  user?.end();
  await settle();
  assert.ok(await net.connect('A'));
});

test('stop closes every listener and every user, with closestr, and ends promptly', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A', {}, { closestr: 'bye' }), connection('b', 'A')));
  const user = await net.connect('A');
  await engine.stop();
  assert.equal(user?.state, 'closed');
  assert.equal(net.listening.size, 0);
  assert.equal(net.devices[0]?.take().toString(), 'bye');
});

test('after stop a port that calls back does not open its device again', async () => {
  const { net, engine, clock } = make();
  await engine.apply(config(connection('a', 'A', {}, { connback: ['127.0.0.1,5000'] })));
  await settle();
  await engine.stop();
  clock.advance(60_000);
  await settle();
  assert.equal(net.devices[0]?.state, 'closed');
  assert.equal(engine.port('a')?.state.at, 'closed');
});

test('any sequence of reloads, connects and leaves ends with exactly the listeners of the last file, and nothing left over', async () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const address = fc.constantFrom('A', 'B', 'C');
  const line = fc.record({ name, address, enable: fc.boolean(), banner: fc.constantFrom(undefined, '1', '2') });
  const action = fc.oneof(
    fc.record({ do: fc.constant('reload' as const), lines: fc.uniqueArray(line, { selector: (l) => l.name, maxLength: 3 }) }),
    fc.record({ do: fc.constant('connect' as const), address }),
    fc.record({ do: fc.constant('leave' as const), nth: fc.nat(5) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const { net, engine, clock } = make();
      const users: FakeGensio[] = [];
      let last = config();
      for (const a of actions) {
        if (a.do === 'reload') {
          // Addresses are unique too, so that no listener has to be tried again.
          const lines = a.lines.filter((l, i) => a.lines.findIndex((o) => o.address === l.address) === i);
          last = config(...lines.map((l) => connection(l.name, l.address, { enable: l.enable }, { banner: l.banner })));
          await engine.apply(last);
        } else if (a.do === 'connect') {
          const user = await net.connect(a.address);
          if (user !== undefined) users.push(user);
        } else users[a.nth]?.end();
        await settle();
      }
      for (const user of users) user.end();
      await settle();
      clock.advance(30_000);
      await settle();
      const wanted = last.connections.filter((c) => c.enable).map((c) => c.accepter.text);
      assert.deepEqual([...net.listening.keys()].sort(), wanted.sort());
      assert.deepEqual(
        engine.ports.map((p) => p.name),
        last.connections.map((c) => c.name),
      );
      for (const c of last.connections.filter((c) => c.enable)) {
        assert.equal((await net.connect(c.accepter.text))?.take().toString(), c.options.banner ?? '');
      }
    }),
    { numRuns: 150 },
  );
});

test('a port deleted by a reload while its device closes is gone when it has', async () => {
  const { net, engine } = make();
  await engine.apply(config(connection('a', 'A')));
  const user = await net.connect('A');
  const device = net.devices.at(-1)!;
  device.close = () => undefined;
  user?.end();
  assert.equal(engine.port('a')?.state.at, 'closing');
  await engine.apply(config());
  assert.equal(engine.pending(engine.port('a')!), 'deleted');
  device.end();
  await settle();
  assert.equal(engine.ports.length, 0);
  assert.equal(await net.connect('A'), undefined);
});

test('a summary says how many ports listen, and names those that should and do not', () => {
  const port = (name: string, listening: boolean, enabled = true) => ({ name, enabled, state: { ...INITIAL, listening } });
  assert.equal(summaryOf([]), '0 ports, all listening');
  assert.equal(summaryOf([port('a', true)]), '1 port, all listening');
  assert.equal(
    summaryOf([port('a', true), port('b', false), port('c', false, false)]),
    '1 of 3 ports listening; not listening: b; 1 disabled',
  );
  const many = Array.from({ length: 8 }, (_, i) => port(`p${i}`, false));
  assert.equal(summaryOf(many), '0 of 8 ports listening; not listening: p0, p1, p2, p3, p4, 3 more');
});

test('a reload of many ports is done in pieces; whoever comes meanwhile has the old settings, and keeps the new ones waiting', async () => {
  const { net, engine, clock } = make();
  const many = (banner: string): Config => config(...Array.from({ length: 50 }, (_, i) => connection(`p${i}`, `A${i}`, {}, { banner })));
  await engine.apply(many('old'));
  const now = clock.now.bind(clock);
  // Each look at the time finds that a port has taken a while.
  clock.now = () => {
    clock.advance(1);
    return now();
  };
  let turns = 0;
  let over = false;
  const other = (): void => {
    turns++;
    if (!over) setImmediate(other);
  };
  setImmediate(other);
  const applied = engine.apply(many('new'));
  const user = await net.connect('A49');
  assert.equal(user?.take().toString(), 'old');
  await applied;
  over = true;
  assert.ok(turns > 10, `${turns} turns`);
  assert.equal((await net.connect('A0'))?.take().toString(), 'new');
  assert.equal(net.listening.get('A49'), undefined);
  user?.end();
  await settle();
  await settle();
  assert.equal((await net.connect('A49'))?.take().toString(), 'new');
});
