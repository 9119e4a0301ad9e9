import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Attachments } from '../../src/attach/attachments.ts';
import { PtyMaster } from '../../src/attach/pty-master.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { AttachConfig } from '../../src/config/model.ts';
import type { AttachOptions } from '../../src/options/attach.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { until } from '../rig/pty.ts';
import { Application } from './application.ts';
import { attachOptions, attachTestEnv, Peer, type TestAttachEnv, target } from './attach-rig.ts';

const config = (
  env: TestAttachEnv,
  name: string,
  port: number,
  over: Partial<AttachConfig> = {},
  options: Partial<AttachOptions> = {},
): AttachConfig => ({
  name,
  device: join(env.dir, name),
  targets: [target(`tcp://127.0.0.1:${port}`)],
  enable: true,
  options: attachOptions(options),
  pos: { file: 'test', line: 1, col: 1, len: 0 },
  ...over,
});

test('a reload leaves alone what did not change, drops what is gone, and makes what is new', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const port = await peer.listen();
  const all = new Attachments(env);
  t.after(() => all.stop());
  await all.apply([config(env, 'a', port), config(env, 'b', port)]);
  await until('two connections', () => peer.sockets.length === 2);
  const app = new Application(join(env.dir, 'a'));
  const slave = readlinkSync(join(env.dir, 'a'));
  const pos = { file: 'other', line: 9, col: 1, len: 0 };
  await all.apply([config(env, 'c', port), config(env, 'a', port, { pos })]);
  assert.equal(existsSync(join(env.dir, 'b')), false);
  await until('two connections', () => peer.sockets.length === 2 && all.views.every(({ state }) => state === 'connected'));
  assert.deepEqual(
    all.views.map(({ name, connections }) => [name, connections]),
    [
      ['c', 1],
      ['a', 1],
    ],
  );
  assert.equal(readlinkSync(join(env.dir, 'a')), slave);
  app.write('still there');
  await until('data', () => peer.got.toString() === 'still there');
  app.close();
});

test('reload after reload adds, changes and removes others, and a stream through one that stays loses nothing', async (t) => {
  const env = attachTestEnv(t);
  const [peer, others] = [new Peer(t), new Peer(t)];
  const [port, otherPort] = [await peer.listen(), await others.listen()];
  peer.onData = (data, socket) => void socket.write(data);
  const all = new Attachments(env);
  t.after(() => all.stop());
  await all.apply([config(env, 'a', port)]);
  const app = new Application(join(env.dir, 'a'));
  app.setSpeed(115200);
  const stream = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 13 + (i >> 9)) & 255));
  let at = 0;
  for (let round = 0; round < 20; round++) {
    const more = Array.from({ length: round % 4 }, (_, i) => config(env, `b${i}`, otherPort, {}, { queue: 1000 + round }));
    const applied = all.apply([...more, config(env, 'a', port)]);
    const end = (stream.length / 20) * (round + 1);
    await until('the stream to go on', () => {
      if (at < end) at += app.writeSome(stream.subarray(at, end));
      return at === end;
    });
    await applied;
  }
  assert.ok((await app.take(stream.length)).equals(stream));
  assert.deepEqual(
    all.views.filter(({ name }) => name === 'a').map(({ connections, used }) => [connections, used]),
    [[1, true]],
  );
  assert.equal(app.termios.ospeed, 115200);
  app.close();
});

test('an option that does not concern the connection is changed without ending it', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const port = await peer.listen();
  const all = new Attachments(env);
  t.after(() => all.stop());
  await all.apply([config(env, 'a', port)]);
  await until('the connection', () => peer.sockets.length === 1 && all.views[0]!.state === 'connected');
  await all.apply([config(env, 'a', port, {}, { discardUnread: true, queue: 7 })]);
  peer.send('nobody reads this');
  await until('it to be thrown away', () => all.views[0]!.discardedIn === 17);
  assert.deepEqual([all.views[0]!.connections, all.views[0]!.state], [1, 'connected']);
  await all.apply([config(env, 'a', port, {}, { dtr: 'on' })]);
  await until('another connection', () => all.views[0]!.connections === 2);
});

test('another target keeps the pty and what is open on it; another device makes a new one', async (t) => {
  const env = attachTestEnv(t);
  const [first, second] = [new Peer(t), new Peer(t)];
  const ports = [await first.listen(), await second.listen()] as const;
  const all = new Attachments(env);
  t.after(() => all.stop());
  await all.apply([config(env, 'a', ports[0])]);
  await until('the first', () => first.sockets.length === 1);
  const app = new Application(join(env.dir, 'a'));
  await all.apply([config(env, 'a', ports[1])]);
  await until('the second', () => second.sockets.length === 1 && first.sockets.length === 0);
  app.write('moved');
  await until('data', () => second.got.toString() === 'moved');
  await all.apply([config(env, 'a', ports[1], { device: join(env.dir, 'z') })]);
  await app.hungUp();
  app.close();
  assert.ok(existsSync(join(env.dir, 'z')) && !existsSync(join(env.dir, 'a')));
});

test('two attachments may swap their devices; of two that want the same one the first gets it', async (t) => {
  const env = attachTestEnv(t);
  const port = await new Peer(t).listen();
  const all = new Attachments(env);
  t.after(() => all.stop());
  const [x, y] = [join(env.dir, 'x'), join(env.dir, 'y')];
  await all.apply([config(env, 'a', port, { device: x }), config(env, 'b', port, { device: y })]);
  await all.apply([config(env, 'a', port, { device: y }), config(env, 'b', port, { device: x })]);
  assert.deepEqual(
    all.views.map(({ device, slave }) => device + slave),
    [y + readlinkSync(y), x + readlinkSync(x)],
  );
  await all.apply([config(env, 'a', port, { device: x }), config(env, 'b', port, { device: x })]);
  assert.deepEqual(
    all.views.map(({ name }) => name),
    ['a'],
  );
  await all.apply([config(env, 'a', port, { enable: false })]);
  assert.deepEqual([all.views.length, existsSync(x)], [0, false]);
});

test('a device that cannot be created is logged and tried again', async (t) => {
  const clock = new FakeClock();
  const env = attachTestEnv(t, { clock });
  const all = new Attachments(env);
  t.after(() => all.stop());
  const port = await new Peer(t).listen();
  await all.apply([config(env, 'a', port, { device: join(env.dir, 'no', 'a') })]);
  assert.match(env.lines[0]!, /^err attachment a: cannot create .*: Value or file not found/);
  assert.equal(all.views[0]!.state, 'stopped');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(env.dir, 'no'));
  clock.advance(10_000);
  assert.ok(existsSync(join(env.dir, 'no', 'a')));
});

test('a hundred devices in one process: each has its own line, and all end together', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  peer.onData = (data, socket) => void socket.write(data);
  const port = await peer.listen();
  const all = new Attachments({ ...env, clock: systemClock });
  t.after(() => all.stop());
  const before = readdirSync('/proc/self/fd').length;
  const names = Array.from({ length: 100 }, (_, i) => `tty${i}`);
  await all.apply(names.map((name) => config(env, name, port)));
  await until('a hundred connections', () => all.views.filter(({ state }) => state === 'connected').length === 100, 10_000);
  const apps = names.map((name) => new Application(join(env.dir, name)));
  for (const [i, app] of apps.entries()) app.write(`line ${i}`);
  for (const [i, app] of apps.entries()) assert.equal((await app.take(`line ${i}`.length)).toString(), `line ${i}`);
  for (const app of apps) app.close();
  await until('nobody there', () => all.views.every(({ used }) => !used));
  await all.stop();
  assert.deepEqual(
    readdirSync(env.dir).filter((name) => name.startsWith('tty')),
    [],
  );
  await until('no descriptor left', () => readdirSync('/proc/self/fd').length <= before + 2);
});

test('what a stop overtakes makes no device any more', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const port = await peer.listen();
  const all = new Attachments(env);
  await all.apply([config(env, 'a', port)]);
  await until('a connection', () => all.views[0]?.state === 'connected');
  const reload = all.apply([config(env, 'b', port)]);
  await all.stop();
  await reload;
  await all.apply([config(env, 'c', port)]);
  t.after(() => all.stop());
  assert.deepEqual(
    readdirSync(env.dir).filter((name) => name !== 'state'),
    [],
  );
});

test('an attachment whose code fails ends alone, is logged with its stack, and is made again', async (t) => {
  const clock = new FakeClock();
  const env = attachTestEnv(t, { clock });
  const [peer, other] = [new Peer(t), new Peer(t)];
  const all = new Attachments(env);
  t.after(() => all.stop());
  await all.apply([config(env, 'a', await peer.listen()), config(env, 'b', await other.listen())]);
  const states = (): string[] => all.views.map(({ state }) => state);
  await until('two connections', () => states().join() === 'connected,connected');
  const write = PtyMaster.prototype.write;
  const mocked = t.mock.method(PtyMaster.prototype, 'write', function (this: PtyMaster, data: Buffer): boolean {
    if (data.toString() === 'fail') throw new Error('a failure in its code');
    return write.call(this, data);
  });
  peer.sockets[0]!.write('fail');
  await until('the end of a', () => states().join() === 'stopped,connected');
  assert.equal(existsSync(join(env.dir, 'a')), false);
  assert.match(
    env.lines.join('\n'),
    /^err Internal error in attachment a, which is started again: Error: a failure in its code\nerr +at .*attachments\.test/m,
  );
  mocked.mock.restore();
  clock.advance(10_000);
  await until('another a', () => states().join() === 'connected,connected');
  assert.equal(all.views[1]!.connections, 1);
  peer.sockets.at(-1)!.write('well');
  const app = new Application(join(env.dir, 'a'));
  assert.equal((await app.take(4)).toString(), 'well');
  app.close();
});
