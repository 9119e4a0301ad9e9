// A long run of reloads, connects and leaves against a simple model of what a reload means. The seed is printed on failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../src/config/model.ts';
import { Engine } from '../../src/port/engine.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import type { FakeGensio } from '../rig/fake-gensio.ts';
import { FakeNet, stack } from '../rig/fake-net.ts';
import { connectionConfig, settle } from '../rig/port-rig.ts';

interface Line {
  readonly name: string;
  readonly address: string;
  readonly enable: boolean;
  readonly banner: string;
}
/** What one port is, by the table of the manual. */
interface ModelPort {
  line: Line;
  listens: boolean;
  next: Line | 'deleted' | undefined;
  readonly users: FakeGensio[];
}
const same = (a: Line, b: Line): boolean => a.address === b.address && a.enable === b.enable && a.banner === b.banner;

class Model {
  readonly ports = new Map<string, ModelPort>();
  reload(lines: readonly Line[]): void {
    for (const [name, port] of [...this.ports]) {
      const wanted = lines.find((l) => l.name === name);
      if (wanted !== undefined && same(port.line, wanted)) {
        port.next = undefined;
        port.listens = wanted.enable;
        continue;
      }
      port.next = wanted ?? 'deleted';
      port.listens = false;
      if (wanted?.enable === false) port.users.length = 0;
      this.settle(name);
    }
    for (const line of lines) {
      if (!this.ports.has(line.name)) this.ports.set(line.name, { line, listens: line.enable, next: undefined, users: [] });
    }
  }
  settle(name: string): void {
    const port = this.ports.get(name)!;
    if (port.users.length > 0 || port.next === undefined) return;
    if (port.next === 'deleted') {
      this.ports.delete(name);
      return;
    }
    port.line = port.next;
    port.listens = port.next.enable;
    port.next = undefined;
  }
}

/** Numbers from 0 to below n, the same for the same seed. */
function random(seed: number): (n: number) => number {
  let x = seed;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * n);
  };
}

test('a thousand reloads with live users leave exactly the listeners, users and ports that the table says', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const pick = random(seed);
  const net = new FakeNet();
  const engine = new Engine({
    clock: new FakeClock(),
    log: { log: (_l, text) => assert.fail(`seed ${seed}: ${text}`) },
    gensio: { lockDir: undefined },
    builder: net.builder,
  });
  const model = new Model();
  for (let turn = 0; turn < 3000; turn++) {
    const what = `seed ${seed}, turn ${turn}`;
    const act = pick(3);
    if (act === 0) {
      // Each port has an address of its own, so that no listener must be tried twice.
      const lines = ['a', 'b', 'c', 'd']
        .filter(() => pick(4) > 0)
        .map((name): Line => ({ name, address: `${name}${pick(2)}`, enable: pick(5) > 0, banner: String(pick(2)) }));
      const connections = lines.map((l) =>
        connectionConfig(
          { banner: l.banner, maxConnections: 2 },
          { name: l.name, accepter: stack(l.address), connector: stack(`dev-${l.name}`), enable: l.enable },
        ),
      );
      const config: Config = { format: 'yaml', connections, rotators: [], leds: [], admin: undefined };
      await engine.apply(config);
      model.reload(lines);
    } else if (act === 1) {
      const name = ['a', 'b', 'c', 'd'][pick(4)]!;
      const port = model.ports.get(name);
      if (port?.listens === true && port.users.length < 2) {
        const user = await net.connect(port.line.address);
        assert.equal(user?.take().toString(), port.line.banner, what);
        port.users.push(user!);
      }
    } else {
      const inUse = [...model.ports].filter(([, p]) => p.users.length > 0);
      const [name, port] = inUse[pick(inUse.length)] ?? [];
      if (port !== undefined) {
        port.users.splice(pick(port.users.length), 1)[0]!.end();
        await settle();
        model.settle(name!);
      }
    }
    await settle();
    const listens = [...model.ports.values()].filter((p) => p.listens).map((p) => p.line.address);
    assert.deepEqual([...net.listening.keys()].sort(), listens.sort(), what);
    assert.deepEqual(engine.ports.map((p) => p.name).sort(), [...model.ports.keys()].sort(), what);
    for (const [name, { users, next }] of model.ports) {
      assert.ok(
        users.every((u) => u.state === 'open'),
        `${what}: a user of ${name} was lost`,
      );
      assert.equal(engine.pending(engine.port(name)!) === undefined, next === undefined, what);
    }
  }
  await engine.stop();
  assert.equal(net.listening.size, 0);
});
