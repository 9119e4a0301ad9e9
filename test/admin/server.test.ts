import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GensioError } from '../../src/base/gensio-error.ts';
import { settle } from '../rig/port-rig.ts';
import { AdminRig, adminConfig, ask, stack } from './rig.ts';

const POS = { file: 'a.yaml', line: 7, col: 1, len: 0 };

test('a fifth session is told so and closed; when one ends there is room again', async () => {
  const rig = await AdminRig.start([]);
  const clients = [];
  for (let i = 0; i < 4; i++) clients.push(await rig.admin());
  const fifth = await rig.admin('ipv4,192.0.2.1,5000');
  assert.equal(fifth.take().toString(), 'Too many controller ports\r\n');
  assert.equal(fifth.state, 'closed');
  clients[0]!.end();
  assert.equal((await rig.admin()).take().toString(), '-> ');
});

test('with four sessions a program of this machine that asks something gets an answer all the same, for a short while', async () => {
  const rig = await AdminRig.start([]);
  for (let i = 0; i < 4; i++) await rig.admin();
  const query = await rig.admin();
  assert.equal(query.take().toString(), '');
  assert.match(await ask(query, 'ya'), /^$/);
  assert.match(await ask(query, 'ml\rversion\r'), /version: !!str '4\.3\.11'/);
  const second = await rig.admin();
  assert.match(await ask(second, 'yaml\r'), /^-> /);
  const third = await rig.admin();
  assert.equal(third.take().toString(), 'Too many controller ports\r\n');
  query.end();
  rig.clock.advance(10_000);
  await settle();
  assert.equal(second.state, 'closed');
  const another = await rig.admin();
  assert.match(await ask(another, 'yaml\r'), /^-> /);
});

test('a fifth session of another machine, or one that says nothing or something else, is refused', async () => {
  const rig = await AdminRig.start([]);
  for (let i = 0; i < 4; i++) await rig.admin();
  const other = await rig.admin('ipv4,192.0.2.1,5000');
  assert.equal(other.take().toString(), 'Too many controller ports\r\n');
  const human = await rig.admin();
  assert.equal(await ask(human, 'version\r'), 'Too many controller ports\r\n');
  assert.equal(human.state, 'closed');
  const silent = await rig.admin();
  rig.clock.advance(500);
  await settle();
  assert.equal(silent.take().toString(), 'Too many controller ports\r\n');
  assert.equal(silent.state, 'closed');
});

test('a session that sends nothing for the timeout is closed, one that monitors a port stays', async () => {
  const rig = await AdminRig.start([{ name: 'con1', accepter: 'tcp,1', connector: 'serialdev,ttyA0' }]);
  await rig.apply(rig.ports, adminConfig({ timeout: 60 }));
  const [idle, busy, watching] = [await rig.admin(), await rig.admin(), await rig.admin()];
  await ask(watching, 'monitor tcp con1\r');
  rig.clock.advance(59_000);
  await ask(busy, 'version\r');
  rig.clock.advance(1000);
  await settle();
  assert.deepEqual([idle.state, busy.state, watching.state], ['closed', 'open', 'open']);
  rig.clock.advance(59_000);
  await settle();
  assert.equal(busy.state, 'closed');
  await ask(watching, 'monitor stop\r');
  await rig.apply(rig.ports, adminConfig({ timeout: 0 }));
  await ask(watching, 'version\r');
  rig.clock.advance(86_400_000);
  assert.equal(watching.state, 'open');
});

test('a reload keeps an unchanged listener, replaces a changed one, and leaves sessions alone', async () => {
  const rig = await AdminRig.start([]);
  const client = await rig.admin();
  client.take();
  const first = rig.accepters.get(' admin');
  await rig.apply([], adminConfig({ pos: POS }));
  assert.equal(rig.accepters.get(' admin'), first);
  assert.equal(first?.listening, true);
  await rig.apply([], adminConfig({ authdir: '/elsewhere' }));
  assert.notEqual(rig.accepters.get(' admin'), first);
  assert.equal(first?.listening, false);
  assert.equal(rig.accepters.get(' admin')?.listening, true);
  await rig.server.apply(undefined);
  assert.equal(rig.accepters.get(' admin')?.listening, false);
  assert.match(await ask(client, 'version\r'), /4\.3\.11/);
});

test('a listener that cannot be opened is logged with its place once, and tried again every ten seconds as those of ports are', async () => {
  const rig = new AdminRig([]);
  rig.adminFailure = new GensioError('addrinuse');
  await rig.apply([], adminConfig({ pos: POS, place: 'a.yaml:7(column 0): ' }));
  assert.deepEqual(rig.logged.splice(0), [
    'err a.yaml:7(column 0): Unable to start controller accepter: Address already in use',
    'err control port: cannot listen on tcp,2000: Address already in use',
  ]);
  rig.clock.advance(30_000);
  assert.deepEqual(rig.logged, []);
  rig.adminFailure = undefined;
  rig.accepters.get(' admin')!.failure = undefined;
  rig.clock.advance(10_000);
  assert.deepEqual(rig.logged, ['notice control port: tcp,2000 is listened on now, after 4 failed attempts']);
  assert.equal((await rig.admin()).take().toString(), '-> ');
});

test('a -p string that means nothing is logged once; that of a file was reported by its reader', async () => {
  const rig = new AdminRig([]);
  const accepter = { ...stack('foo,1', undefined), error: 'namenotfound' } as const;
  await rig.apply([], adminConfig({ accepter }));
  assert.deepEqual(rig.logged, ['err Unable to allocate controller accepter: Unable to find a valid name on the name server']);
  await rig.apply([], adminConfig({ accepter, pos: POS }));
  assert.equal(rig.logged.length, 1);
});

test('stop closes the listener and every session without a word', async () => {
  const rig = await AdminRig.start([]);
  const client = await rig.admin();
  client.take();
  await rig.server.stop();
  await settle();
  assert.equal(client.state, 'closed');
  assert.equal(client.take().length, 0);
  assert.equal(rig.accepters.get(' admin')?.listening, false);
});
