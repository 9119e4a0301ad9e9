// Listening sockets that systemd keeps over a restart.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { type Libc, libc, SystemError } from '../../src/base/libc.ts';
import { ListenerStore } from '../../src/daemon/listener-store.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { freePort } from '../rig/free-port.ts';

const dir = mkdtempSync(join(tmpdir(), 'kept-'));
after(() => rmSync(dir, { recursive: true }));
const MAIN = resolve(import.meta.dirname, '../../src/main.js');
const KEEPER = resolve(import.meta.dirname, '../../../test/daemon/keeper.py');

test('a client that connects while the daemon is restarted is served by the next one; a port that is gone is not kept', async (t) => {
  if (libc() === undefined || spawnSync('python3', ['--version']).status !== 0) return t.skip('koffi or python3 is not there');
  const [one, two] = [await freePort(), await freePort()];
  const file = join(dir, 'a.yaml');
  const text = (name: string, port: number): string => `connection: &${name}\n  accepter: tcp,127.0.0.1,${port}\n  connector: echo\n`;
  writeFileSync(file, text('one', one) + text('two', two));
  const socket = join(dir, 'notify');
  const keeper = spawn('python3', [KEEPER, socket, process.execPath, MAIN, '-n', '-u', '-c', file], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => keeper.stdin.end());
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value as string;
  const names = (...ports: number[]): string =>
    ports
      .map((port) => `tcp,127.0.0.1,${port}`)
      .sort()
      .join();
  assert.equal(await next(), `ready ${names(one, two)}`);
  keeper.stdin.write('stop\n');
  assert.equal(await next(), 'stopped');
  // Nobody runs, and nobody is refused.
  const client = connect(one, '127.0.0.1');
  await once(client, 'connect');
  client.write('hello');
  writeFileSync(file, text('one', one));
  keeper.stdin.write('start\n');
  assert.match(await next(), /^ready /);
  assert.equal(String((await once(client, 'data'))[0]), 'hello');
  client.destroy();
  keeper.stdin.write('kept\n');
  assert.equal(await next(), `kept ${names(one)}`);
  const other = connect(two, '127.0.0.1');
  const [refused] = (await once(other, 'error')) as [NodeJS.ErrnoException];
  assert.equal(refused.code, 'ECONNREFUSED');
});

/** A store whose words to systemd are written down; `full` while systemd takes none. */
function store(more: { readonly count?: string; readonly pid?: string } = {}) {
  const clock = new FakeClock();
  const said: string[] = [];
  const closed: number[] = [];
  const state = { full: false };
  const addresses = [
    { host: '::', port: 2000 },
    { host: '127.0.0.1', port: 2001 },
  ];
  const fake: Partial<Libc> = {
    localAddress: (fd) => addresses[fd - 3] ?? new SystemError(97, 'getsockname'),
    close: (fd) => {
      closed.push(fd);
      return undefined;
    },
  };
  const made = new ListenerStore({
    count: more.count,
    pid: more.pid,
    names: 'a:b:c',
    ownPid: 7,
    clock,
    libc: () => fake as Libc,
    tell: (text, fd) => {
      if (state.full) return new SystemError(11, 'sendmsg');
      said.push(`${text.replaceAll('\n', ' ')}${fd === undefined ? '' : ` ${fd}`}`);
      return undefined;
    },
  });
  return { made, said, closed, clock, state };
}

test('sockets are found by their address, once, and only in the process they were meant for', () => {
  const { made } = store({ count: '3', pid: '7' });
  assert.equal(made.take('::', 2000), 3);
  assert.equal(made.take('::', 2000), undefined);
  assert.equal(made.take('127.0.0.1', 2000), undefined);
  assert.equal(made.take('127.0.0.1', 2001), 4);
  assert.equal(store({ count: '3', pid: '8' }).made.take('::', 2000), undefined);
});

test('what no accepter wants is closed and leaves the store when all were tried', () => {
  const { made, said, closed } = store({ count: '2', pid: '7' });
  made.take('::', 2000);
  made.settle();
  assert.deepEqual(closed, [4]);
  assert.deepEqual(said, ['FDSTOREREMOVE=1 FDNAME=b']);
});

test('while systemd has no room the last word about each socket waits', () => {
  const { made, said, clock, state } = store();
  state.full = true;
  made.keep('::1', 1, 20);
  made.keep('127.0.0.1', 2, 21);
  made.drop('::1', 1);
  state.full = false;
  clock.advance(20);
  assert.deepEqual(said, [
    'FDSTOREREMOVE=1 FDNAME=tcp,127.0.0.1,2',
    'FDSTORE=1 FDNAME=tcp,127.0.0.1,2 21',
    'FDSTOREREMOVE=1 FDNAME=tcp,__1,1',
  ]);
});

test('at the end of the process nothing is dropped', () => {
  const { made, said } = store();
  made.ending();
  made.drop('127.0.0.1', 2);
  assert.deepEqual(said, []);
});
