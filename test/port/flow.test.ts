// Bytes between the users and the device of a port: who gets them, what is gathered first, and who waits for whom.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PortRig, settle } from '../rig/port-rig.ts';

const text = (b: Buffer): string => b.toString('latin1');

test('every user gets what the device says, and everybody may write', async () => {
  const rig = new PortRig({ options: { maxConnections: 3, chardelay: false } });
  const users = [await rig.connect(), await rig.connect(), await rig.connect()];
  rig.device.feed('all');
  for (const [i, user] of users.entries()) {
    assert.equal(text(user.take()), 'all');
    user.feed(String(i));
  }
  assert.equal(text(rig.device.take()), '012');
});

test('the slowest user holds the device back, and its leaving frees it', async () => {
  const rig = new PortRig({ options: { maxConnections: 2, chardelay: false } });
  const fast = await rig.connect();
  const slow = await rig.connect();
  slow.full = true;
  rig.device.feed('1');
  assert.equal(rig.device.reading, false);
  rig.device.feed('2');
  assert.equal(text(fast.take()), '1');
  slow.end();
  await settle();
  assert.equal(rig.device.reading, true);
  assert.equal(text(fast.take()), '2');
});

test('a device that takes nothing stops the reading of all users until it does', async () => {
  const rig = new PortRig({ options: { maxConnections: 2 } });
  const a = await rig.connect();
  const b = await rig.connect();
  rig.device.full = true;
  a.feed('1');
  b.feed('2');
  assert.equal(a.reading || b.reading, false);
  assert.equal(text(rig.device.take()), '1');
  rig.device.drain();
  await settle();
  assert.equal(text(rig.device.take()), '2');
});

test('small input waits chardelay, together with what follows; bufsize of it goes at once', async () => {
  const rig = new PortRig();
  const user = await rig.connect();
  rig.device.feed('a');
  rig.clock.advance(2);
  rig.device.feed('b');
  rig.clock.advance(2);
  assert.equal(user.writes.length, 0);
  rig.clock.advance(1);
  assert.equal(text(user.take()), 'ab');
  rig.device.feed('x'.repeat(64));
  assert.equal(user.take().length, 64);
});

test('the first byte never waits longer than chardelay-max', async () => {
  const rig = new PortRig();
  const user = await rig.connect();
  for (let ms = 0; ms < 20; ms++) {
    rig.device.feed('.');
    rig.clock.advance(1);
  }
  assert.equal(text(user.take()), '.'.repeat(20));
});

test('sendon sends up to its match at once, what follows waits', async () => {
  const rig = new PortRig({ options: { sendon: '\\n' } });
  const user = await rig.connect();
  rig.device.feed('one\ntwo\nthr');
  assert.equal(text(user.take()), 'one\ntwo\n');
  rig.clock.advance(5);
  assert.equal(text(user.take()), 'thr');
});

test('closeon delivers its match and closes all users, in every session again', async () => {
  const rig = new PortRig({ options: { closeon: 'BYE', chardelay: false } });
  for (let session = 0; session < 2; session++) {
    const user = await rig.connect();
    rig.device.feed('BBY');
    rig.device.feed('Erest');
    assert.equal(text(user.take()), 'BBYE');
    assert.ok(user.calls.includes('close'));
    await settle();
  }
});

test('a user that leaves while the device takes nothing is noticed, and its place is free again', async () => {
  const rig = new PortRig({ options: { maxConnections: 2 } });
  const user = await rig.connect();
  await rig.connect();
  rig.device.full = true;
  user.feed('1');
  user.feed('2');
  assert.equal(user.reading, false);
  Object.assign(user, { peerClosed: () => true });
  rig.clock.advance(1000);
  await settle();
  assert.equal(rig.device.take().toString(), '12');
  user.end();
  await settle();
  assert.equal((await rig.connect()).take().toString(), '');
});

test('a user that takes nothing while others wait is cut after slow-user-timeout, and only that one', async () => {
  const rig = new PortRig({ options: { maxConnections: 3, chardelay: false, slowUserTimeout: 5 } });
  const [slow, fast] = [await rig.connect(), await rig.connect()];
  slow.full = true;
  rig.device.feed('1');
  rig.device.feed('2');
  rig.clock.advance(4900);
  assert.equal(slow.state, 'open');
  rig.clock.advance(200);
  await settle();
  assert.equal(slow.state, 'closed');
  assert.equal(text(fast.take()), '12');
  assert.match(rig.logged[0]!, /took nothing for 5 s/);
});

test('with a timeout the user that takes nothing goes, and the one that waits for it stays', async () => {
  const rig = new PortRig({ config: { timeout: 3 }, options: { maxConnections: 2, chardelay: false, slowUserTimeout: 0 } });
  const [slow, fast] = [await rig.connect(), await rig.connect()];
  slow.full = true;
  rig.device.feed('1');
  rig.device.feed('2');
  rig.clock.advance(5000);
  await settle();
  assert.deepEqual([slow.state, fast.state], ['closed', 'open']);
  assert.equal(text(fast.take()), '12');
  rig.device.feed('3');
  assert.equal(text(fast.take()), '3');
});

test('users that are all stuck are left alone: that is flow control', async () => {
  const rig = new PortRig({ options: { maxConnections: 2, chardelay: false, slowUserTimeout: 5 } });
  const users = [await rig.connect(), await rig.connect()];
  for (const user of users) user.full = true;
  rig.device.feed('1');
  rig.clock.advance(60_000);
  assert.deepEqual(
    users.map((u) => u.state),
    ['open', 'open'],
  );
});

test('what closeon ends is left alone for a slow user, although the device goes on at once', async () => {
  const rig = new PortRig({ options: { closeon: 'X', chardelay: false } });
  const user = await rig.connect();
  let kept: Buffer = Buffer.alloc(0);
  user.write = (data) => {
    kept = data;
    return false;
  };
  const lent = Buffer.from('lastX');
  rig.device.up.read(lent);
  lent.fill('#');
  assert.equal(text(kept), 'lastX');
});
