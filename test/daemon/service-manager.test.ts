// What systemd is told, and when the watchdog is fed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { ServiceManager, type ServiceManagerEnv } from '../../src/daemon/service-manager.ts';
import { receiveDatagrams } from '../rig/datagram-receiver.ts';
import { FakeClock } from '../rig/fake-clock.ts';

const dir = mkdtempSync(join(tmpdir(), 'notify-'));
after(() => rmSync(dir, { recursive: true }));

function make(env: Partial<ServiceManagerEnv>) {
  const clock = new FakeClock();
  const manager = new ServiceManager({
    socket: undefined,
    watchdogUsec: undefined,
    watchdogPid: undefined,
    handedIn: { count: undefined, pid: undefined, names: undefined },
    keeps: undefined,
    pid: 99,
    clock,
    libc,
    monotonicUsec: () => 123456n,
    ...env,
  });
  return { clock, manager };
}

test('ready, reloading, ready again, stopping', async (t) => {
  if (libc() === undefined) return t.skip('koffi is not there');
  const socket = join(dir, 'a');
  const receiver = receiveDatagrams(socket)!;
  const { manager, clock } = make({ socket });
  manager.ready('running');
  assert.equal(await receiver.next(), 'READY=1\nMAINPID=99\nSTATUS=running');
  manager.reloading();
  assert.equal(await receiver.next(), 'RELOADING=1\nMONOTONIC_USEC=123456');
  manager.ready('reloaded');
  assert.match(await receiver.next(), /^READY=1\n/);
  assert.equal(clock.timers, 0, 'no watchdog was asked for');
  manager.stopping();
  assert.equal(await receiver.next(), 'STOPPING=1');
  receiver.close();
});

test('a reload that ends after stopping says nothing, and feeds no watchdog', async (t) => {
  if (libc() === undefined) return t.skip('koffi is not there');
  const socket = join(dir, 'late');
  const receiver = receiveDatagrams(socket)!;
  const { manager, clock } = make({ socket, watchdogUsec: '3000000', watchdogPid: '99' });
  manager.stopping();
  manager.ready('reloaded');
  assert.equal(clock.timers, 0);
  // What is told comes in order: the next word is the one after it.
  manager.stopping();
  assert.deepEqual([await receiver.next(), await receiver.next()], ['STOPPING=1', 'STOPPING=1']);
  receiver.close();
});

test('the watchdog is fed at half its time from ready on, until stopping', async (t) => {
  if (libc() === undefined) return t.skip('koffi is not there');
  const socket = join(dir, 'b');
  const receiver = receiveDatagrams(socket)!;
  const { manager, clock } = make({ socket, watchdogUsec: '3000000', watchdogPid: '99' });
  assert.equal(clock.timers, 0);
  manager.ready('running');
  await receiver.next();
  manager.ready('reloaded');
  await receiver.next();
  assert.equal(clock.timers, 1, 'one beat, not one for each ready');
  clock.advance(1500);
  assert.equal(await receiver.next(), 'WATCHDOG=1');
  clock.advance(1500);
  assert.equal(await receiver.next(), 'WATCHDOG=1');
  manager.stopping();
  assert.equal(clock.timers, 0);
  receiver.close();
});

test('a watchdog for another process is not ours', () => {
  const { manager, clock } = make({ watchdogUsec: '3000000', watchdogPid: '98' });
  manager.ready('running');
  assert.equal(clock.timers, 0);
});

test('without a service manager, or with one that is gone, nothing happens', () => {
  make({}).manager.ready('running');
  const { manager } = make({ socket: join(dir, 'nobody') });
  manager.ready('running');
  manager.stopping();
});
