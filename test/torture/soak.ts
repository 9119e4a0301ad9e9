// A day in a minute: an engine whose time, network and devices are a test's, and people who come, talk, fall silent and leave.
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Config, ConnectionConfig } from '../../src/config/model.ts';
import { Engine } from '../../src/port/engine.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import type { FakeGensio } from '../rig/fake-gensio.ts';
import { FakeNet, stack } from '../rig/fake-net.ts';
import { connectionConfig, settle } from '../rig/port-rig.ts';
import { Random } from './random.ts';

const PORTS = 32;
const MB = 1024 * 1024;
/** What an hour may add to the heap by chance. */
const SLACK = 2 * MB;

/** Collects garbage, and says how much is left. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

const connection = (i: number, hour: number): ConnectionConfig =>
  connectionConfig(
    { maxConnections: 3, banner: `hour ${hour}`, kickolduser: i % 5 === 0 },
    { name: `p${i}`, accepter: stack(`A${i}`), connector: stack(`dev-${i}`), timeout: 60 },
  );

/** hours of a day, each with reloads, users, timeouts and devices that are lost; heap and timers are flat. */
export async function soak(say: (line: string) => void, hours: number): Promise<void> {
  const net = new FakeNet();
  const clock = new FakeClock();
  let logged = 0;
  const engine = new Engine({
    clock,
    log: { log: () => void logged++ },
    gensio: { lockDir: undefined },
    builder: net.builder,
  });
  const random = new Random(24);
  const config = (hour: number): Config => ({
    format: 'yaml',
    connections: Array.from({ length: PORTS }, (_, i) => connection(i, i % 4 === 0 ? hour : 0)),
    rotators: [],
    leds: [],
    admin: undefined,
  });
  let users: FakeGensio[] = [];
  let sessions = 0;
  const heaps: number[] = [];
  const timers: number[] = [];
  for (let hour = 0; hour < hours; hour++) {
    await engine.apply(config(hour));
    for (let minute = 0; minute < 60; minute++) {
      for (let n = random.below(12); n > 0; n--) {
        const user = await net.connect(`A${random.below(PORTS)}`);
        if (user !== undefined) users.push(user);
        sessions++;
      }
      users = users.filter((user) => user.state === 'open');
      for (const user of users) {
        user.take();
        const fate = random.below(20);
        if (fate === 0) user.end();
        else if (fate < 12) user.feed('typed');
      }
      for (const device of net.devices.filter((d) => d.state === 'open' && d.calls.includes('open'))) {
        device.take();
        device.calls.length = 1;
        const fate = random.below(40);
        if (fate === 0) device.end();
        else if (fate < 20 && device.reading) device.feed('shown');
      }
      // The rig remembers all devices ever made; a day of them is not what is measured.
      const kept = net.devices.filter((d) => d.state !== 'closed');
      net.devices.splice(0, net.devices.length, ...kept);
      clock.advance(60_000);
      await settle();
    }
    for (const user of users) if (user.state === 'open') user.end();
    users = [];
    await settle();
    clock.advance(120_000);
    await settle();
    assert.deepEqual(
      engine.ports.map((p) => p.inUse),
      engine.ports.map(() => false),
    );
    heaps.push(heap());
    timers.push(clock.timers);
  }
  for (const port of engine.ports) assert.equal(port.users.length, 0);
  say(`soak: ${hours} hours of ${PORTS} ports, ${sessions} sessions, ${logged} lines of log, ${timers.at(-1)} timers`);
  say(`  heap in MB, each hour: ${heaps.map((h) => (h / MB).toFixed(1)).join(' ')}`);
  assert.ok(Math.max(...timers) <= timers[0]! + 2, `timers: ${timers.join(' ')}`);
  if (hours >= 6) assert.ok(heaps.at(-1)! < heaps[Math.floor(hours / 4)]! + SLACK, 'the heap grows');
  await engine.stop();
}
