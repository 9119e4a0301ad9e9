// A port: who gets a place, when the device opens and closes, what is said to whom. How bytes flow is in flow.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromSystemError, GensioError } from '../../src/base/gensio-error.ts';
import type { Rights } from '../../src/port/door.ts';
import type { PortObserver } from '../../src/port/events.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { PortRig, settle } from '../rig/port-rig.ts';

const text = (b: Buffer): string => b.toString('latin1');

test('the first user opens the device, gets the banner, and bytes go both ways', async () => {
  const rig = new PortRig({ options: { banner: 'hi \\N\\r\\n', openstr: 'open!', chardelay: false } });
  const user = await rig.connect();
  assert.equal(rig.port.state.at, 'open');
  assert.equal(text(user.take()), 'hi con0\r\n');
  assert.equal(text(rig.device.take()), 'open!');
  user.feed('to device');
  assert.equal(text(rig.device.take()), 'to device');
  rig.device.feed('to net');
  assert.equal(text(user.take()), 'to net');
  assert.deepEqual(rig.port.counters, { read: 6, written: 14 });
});

test('what a user sends before the device is open waits for it, behind openstr', async () => {
  const rig = new PortRig({ options: { openstr: '<' }, device: { open: 'manual' } });
  const user = await rig.connect();
  user.feed('early');
  assert.equal(user.reading, false);
  assert.equal(rig.device.writes.length, 0);
  rig.device.opened();
  await settle();
  assert.equal(text(rig.device.take()), '<early');
});

test('a device that cannot be opened is told to every waiting user, and the next user tries again', async () => {
  const rig = new PortRig({ options: { maxConnections: 2, banner: 'never' }, device: { open: 'manual' } });
  const a = await rig.connect();
  const b = await rig.connect();
  rig.device.opened(new GensioError('notfound'));
  for (const user of [a, b]) {
    assert.equal(text(user.take()), 'Device open failure: Value or file not found\r\n');
    assert.ok(user.calls.includes('close'));
  }
  assert.equal(rig.port.state.at, 'unconnected');
  const c = await rig.connect();
  rig.device.opened();
  assert.equal(text(c.take()), 'never');
});

test('a user beyond max-connections is refused with the text of ser2net', async () => {
  const rig = new PortRig({ options: { maxConnections: 2 } });
  await rig.connect();
  await rig.connect();
  const third = await rig.connect();
  assert.equal(text(third.take()), 'Port already in use\r\n');
  assert.ok(third.calls.includes('close'));
});

test('a device open under another connection refuses the user', async () => {
  const rig = new PortRig({ deviceInUse: () => true });
  assert.equal(text((await rig.connect()).take()), "Port's device already in use\r\n");
});

test('a peer that is not in remaddr is refused, before anything else is looked at', async () => {
  const rig = new PortRig({ options: { remaddr: ['10.1.0.0/16,0'] }, deviceInUse: () => true });
  assert.equal(text((await rig.connect()).take()), 'Accessed denied due to your net address\r\n');
});

test('kickolduser closes the last user without a text, and the device stays open when nothing speaks against it', async () => {
  const rig = new PortRig({ options: { kickolduser: true, banner: 'b' } });
  const old = await rig.connect();
  old.take();
  const fresh = await rig.connect();
  assert.equal(text(old.take()), '');
  assert.ok(old.calls.includes('close'));
  assert.equal(text(fresh.take()), 'b');
  assert.deepEqual(
    rig.device.calls.filter((c) => c === 'open' || c === 'close'),
    ['open'],
  );
});

test('kickolduser closes and opens the device when it has words for that', async () => {
  const rig = new PortRig({ options: { kickolduser: true, openstr: 'O', closestr: 'C' } });
  await rig.connect();
  const first = rig.device;
  const fresh = await rig.connect();
  await settle();
  assert.equal(text(first.take()), 'OC');
  assert.notEqual(rig.device, first);
  assert.equal(text(rig.device.take()), 'O');
  fresh.feed('x');
  assert.equal(text(rig.device.take()), 'x');
});

test('timeout N closes a silent user at the tick after N, and not one that talks', async () => {
  const rig = new PortRig({ config: { timeout: 2 }, options: { maxConnections: 2 } });
  const silent = await rig.connect();
  const busy = await rig.connect();
  for (let s = 0; s < 3; s++) {
    assert.equal(silent.state, 'open');
    rig.clock.advance(500);
    busy.feed('x');
    rig.clock.advance(500);
  }
  await settle();
  assert.equal(silent.state, 'closed');
  assert.equal(busy.state, 'open');
});

test('the last user leaving sends closestr and closes the device; who comes meanwhile waits and is served', async () => {
  const rig = new PortRig({ options: { closestr: 'bye' }, device: { close: 'manual' } });
  const user = await rig.connect();
  const first = rig.device;
  user.end();
  assert.equal(text(first.take()), 'bye');
  assert.equal(rig.port.state.at, 'closing');
  const next = await rig.connect();
  assert.equal(next.reading, false);
  first.end();
  await settle();
  assert.equal(rig.port.state.at, 'open');
  next.feed('x');
  assert.equal(text(rig.device.take()), 'x');
});

test('a device that does not finish closing is cut off after four seconds', async () => {
  const rig = new PortRig({ device: { close: 'manual' } });
  (await rig.connect()).end();
  rig.clock.advance(3999);
  assert.ok(!rig.device.calls.includes('abort'));
  rig.clock.advance(1);
  assert.ok(rig.device.calls.includes('abort'));
});

test('a device that vanishes closes its users after the last data, logs why, and the listener stays', async () => {
  const rig = new PortRig();
  const user = await rig.connect();
  rig.device.feed('last');
  rig.device.end(new GensioError('remclose'));
  await settle();
  assert.equal(text(user.take()), 'last');
  assert.equal(user.state, 'closed');
  assert.deepEqual(rig.logged, ['dev read error for device on port con0: Remote end closed connection']);
  assert.equal(rig.port.state.at, 'unconnected');
  await rig.connect();
  assert.equal(rig.port.state.at, 'open');
});

test('a device that cannot be opened is one line of the log, however many clients try, and one when it could be opened again', async () => {
  const rig = new PortRig({ device: { open: 'manual' } });
  for (let i = 0; i < 3; i++) {
    const user = await rig.connect();
    rig.device.opened(fromSystemError(Object.assign(new Error('x'), { code: 'ENOTDIR' })));
    await settle();
    assert.equal(text(user.take()), 'Device open failure: OS error, see logs\r\n');
  }
  assert.deepEqual(rig.logged.splice(0), ['con0: cannot open serialdev,/dev/ttyS0,9600n81,local: Not a directory']);
  await rig.connect();
  rig.device.opened();
  assert.deepEqual(rig.logged, ['con0: serialdev,/dev/ttyS0,9600n81,local could be opened again, after 3 failed attempts']);
});

test('a listener that cannot start is tried again every accepter-retry-time, with a line each time', async () => {
  const rig = new PortRig({ options: { accepterRetryTime: 3 } });
  rig.port.unlisten(() => undefined);
  rig.accepter.failure = new GensioError('addrinuse');
  rig.port.listen(() => undefined);
  rig.clock.advance(6000);
  const again = 'Unable to startup network port con0: Address already in use';
  assert.deepEqual(rig.logged.splice(0), [again, 'con0: cannot listen on tcp,0: Address already in use', again, again]);
  rig.accepter.failure = undefined;
  rig.clock.advance(3000);
  assert.deepEqual(rig.logged, ['con0: tcp,0 is listened on now, after 3 failed attempts']);
  assert.equal(rig.port.state.at, 'unconnected');
});

test('taking a port out of service closes its users without a text', async () => {
  const rig = new PortRig();
  const user = await rig.connect();
  await new Promise<void>((done) => rig.port.setEnabled(false, done));
  assert.equal(text(user.take()), '');
  assert.equal(user.state, 'closed');
  assert.equal(rig.port.state.at, 'closed');
  assert.equal(rig.accepter.listening, false);
});

test('observers see sessions, users and data in order; one that throws is taken out and the data goes on', async () => {
  const seen: string[] = [];
  const observer: PortObserver = {
    opened: () => seen.push('opened'),
    userJoined: (u) => seen.push(`joined ${u.peer}`),
    fromDevice: (d) => seen.push(`dev ${d}`),
    toDevice: (d) => seen.push(`net ${d}`),
    userLeft: (_u, why) => seen.push(`left ${why}`),
    closed: (why) => seen.push(`closed ${why}`),
  };
  const bad: PortObserver = {
    fromDevice: () => {
      throw new Error('broken observer');
    },
  };
  const rig = new PortRig({ observers: [() => [bad, observer]], options: { chardelay: false } });
  const user = await rig.connect();
  rig.device.feed('d');
  user.feed('n');
  user.end();
  assert.equal(text(user.take()), 'd');
  assert.deepEqual(seen, [
    'opened',
    'joined ipv4,127.0.0.1,4000',
    'dev d',
    'net n',
    'left network read close',
    'closed All users disconnected',
  ]);
  assert.equal(rig.logged.length, 1);
});

test('serial requests of one user are answered to all, and modem states go by the mask of each', async () => {
  const replies: string[] = [];
  const comPort = (who: string) => ({
    reply: (s: string, v: unknown) => void replies.push(`${who} ${s} ${v}`),
    signature: (t: Buffer) => void replies.push(`${who} signature ${t}`),
    modemstate: (m: number) => void replies.push(`${who} modem ${m.toString(16)}`),
    linestate: () => undefined,
  });
  const rig = new PortRig({
    options: { maxConnections: 2, signature: 'me' },
    device: { serial: { get: (_item, done) => done(undefined), set: (_item, value, done) => done(value), sendBreak() {}, purge() {} } },
  });
  const a = await rig.connect({ comPort: comPort('a') });
  await rig.connect({ comPort: comPort('b') });
  a.emit({ on: 'serial', item: 'speed', value: 19200 });
  a.emit({ on: 'serial', item: 'parity', value: undefined });
  a.emit({ on: 'signature' });
  a.emit({ on: 'modemstate-mask', mask: 0x11 });
  rig.device.emit({ on: 'modemstate', state: 0x99 });
  rig.device.emit({ on: 'modemstate', state: 0x92 });
  assert.deepEqual(replies, ['a speed 19200', 'b speed 19200', 'a signature me', 'a modem 0', 'a modem 11']);
});

test('no timer is left when everything is over', async () => {
  const rig = new PortRig({ config: { timeout: 5 } });
  const user = await rig.connect();
  rig.device.feed('x');
  rig.clock.advance(10);
  user.end();
  await settle();
  rig.clock.advance(10_000);
  assert.equal(rig.clock.timers, 0);
});

test('a Synch sends a break only with telnet-brk-on-sync', async () => {
  for (const telnetBrkOnSync of [false, true]) {
    let breaks = 0;
    const serial = { get: () => undefined, set: () => undefined, sendBreak: () => void breaks++, purge: () => undefined };
    const rig = new PortRig({ options: { telnetBrkOnSync }, device: { serial } });
    (await rig.connect()).emit({ on: 'sync' });
    assert.equal(breaks, telnetBrkOnSync ? 1 : 0);
  }
});

test('what the device says keeps a user alive; with timeout-on-os-queue only when it has left', async () => {
  for (const timeoutOnOsQueue of [false, true]) {
    const rig = new PortRig({ config: { timeout: 1 }, options: { timeoutOnOsQueue, chardelay: false } });
    const user = await rig.connect();
    Object.assign(user, { kernelBytes: () => 5 });
    for (let s = 0; s < 4; s++) {
      if (user.state === 'open') rig.device.feed('x');
      rig.clock.advance(1000);
      await settle();
    }
    assert.equal(user.state, timeoutOnOsQueue ? 'closed' : 'open');
  }
});

test('hold puts keepopen over the connector, dropping or queueing what clients send meanwhile', () => {
  for (const hold of ['off', 'drop', 'queue'] as const) {
    const [spec] = new PortRig({ options: { hold } }).specs;
    if (hold === 'off') assert.equal(spec?.type, 'dummy');
    else
      assert.ok(spec?.type === 'keepopen' && spec.child.type === ('dummy' as string) && spec.opts.discardBadwrites === (hold === 'drop'));
  }
});

test('fifty clients that come while the device closes are all answered when it has', async () => {
  const rig = new PortRig({ device: { close: 'manual' } });
  (await rig.connect()).end();
  const closing = rig.device;
  const crowd = [];
  for (let i = 0; i < 50; i++) crowd.push(await rig.connect());
  assert.ok(crowd.every((user) => user.writes.length === 0 && user.state === 'open'));
  closing.end();
  await settle();
  const said = crowd.map((user) => text(user.take()));
  assert.equal(said.filter((s) => s === '').length, 1);
  assert.equal(said.filter((s) => s === 'Port already in use\r\n').length, 49);
});

test('a client that leaves while it waits for the device to close takes no place', async () => {
  const rig = new PortRig({ device: { close: 'manual' } });
  (await rig.connect()).end();
  const closing = rig.device;
  const gone = await rig.connect();
  gone.end(new GensioError('remclose'));
  const stays = await rig.connect();
  closing.end();
  await settle();
  assert.equal(rig.port.users.length, 1);
  stays.feed('x');
  assert.equal(text(rig.device.take()), 'x');
});

test('a client that comes before the end of the previous one was read waits for it, and is not refused', async () => {
  for (const maxConnections of [1, 2]) {
    const rig = new PortRig({ options: { maxConnections, banner: 'b' } });
    const users = [await rig.connect()];
    if (maxConnections === 2) users.push(await rig.connect());
    Object.assign(users[0]!, { peerClosed: () => true });
    const next = await rig.connect();
    assert.equal(text(next.take()), '');
    assert.equal(next.state, 'open');
    users[0]!.end();
    await settle();
    assert.equal(text(next.take()), 'b');
    next.feed('x');
    assert.equal(text(rig.device.take()), 'x');
    assert.equal(text((await rig.connect()).take()), 'Port already in use\r\n');
  }
});

test('a client that waits for the end of the previous one is tried on its own when the device cannot be opened for that one', async () => {
  const rig = new PortRig({ options: { banner: 'b' }, device: { open: 'manual' } });
  Object.assign(await rig.connect(), { peerClosed: () => true });
  const next = await rig.connect();
  rig.device.opened(new GensioError('notfound'));
  await settle();
  rig.device.opened();
  assert.equal(text(next.take()), 'b');
});

test('a client hears why no connector can be made, and the next one tries again', async () => {
  let missing: GensioError | undefined = new GensioError('certnotfound', '/ca.pem');
  const rig = new PortRig({ options: { banner: 'b' }, noDevice: () => missing });
  assert.equal(text((await rig.connect()).take()), 'Device open failure: Unable to find given certificate\r\n');
  assert.match(rig.logged[0]!, /Unable to enable port device con0: Unable to find given certificate: \/ca\.pem/);
  missing = undefined;
  assert.equal(text((await rig.connect()).take()), 'b');
});

test('a client does not wait longer than four seconds for a user whose end does not get through', async () => {
  const rig = new PortRig();
  Object.assign(await rig.connect(), { peerClosed: () => true });
  const next = await rig.connect();
  rig.clock.advance(3900);
  await settle();
  assert.equal(text(next.take()), '');
  rig.clock.advance(200);
  await settle();
  assert.equal(text(next.take()), 'Port already in use\r\n');
});

test('a user may do what the door allows that it came through: a reader is not heard, and a writer who reads nothing holds nobody up', async () => {
  const rig = new PortRig({ options: { maxConnections: 3, chardelay: false } });
  const through = (rights: Rights): FakeGensio => {
    const user = new FakeGensio({ address: 'web' });
    rig.port.enter({ kind: 'web', rights, who: () => ({ address: 'web', user: 'alice' }) }, user);
    return user;
  };
  const reader = through({ read: true, write: false, control: false });
  const writer = through({ read: false, write: true, control: false });
  await settle();
  assert.deepEqual(
    rig.port.users.map(({ door, user, rights }) => [door.kind, user, rights.write]),
    [
      ['web', 'alice', false],
      ['web', 'alice', true],
    ],
  );
  reader.feed('not for the device');
  writer.feed('in');
  writer.full = true;
  rig.device.feed('out');
  assert.deepEqual([rig.device.take().toString(), reader.take().toString(), writer.take().length], ['in', 'out', 0]);
  assert.equal(rig.device.reading, true);
});
