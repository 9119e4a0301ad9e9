import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { createServer, openGensio, type PortError, readConfig } from '../../src/index.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { freePort } from '../rig/free-port.ts';
import { openPty, until } from '../rig/pty.ts';
import { serve } from './rig.ts';

test('a server joins clients to a device and tells who comes, what passes and who leaves', async () => {
  const { server, pty, port, close } = await serve();
  const events: string[] = [];
  server.on('connect', (e) => events.push(`connect ${e.port}`));
  server.on('deviceOpen', (e) => events.push(`open ${e.port}`));
  server.on('deviceClose', (e) => events.push(`close ${e.reason}`));
  server.on('disconnect', (e) => events.push(`disconnect ${e.reason} ${e.bytesIn} ${e.bytesOut}`));
  const client = await openGensio(`tcp,127.0.0.1,${port}`);
  client.write('hello');
  await pty.master.takeUntil('hello');
  await pty.master.write('hi');
  const [data] = (await once(client, 'data')) as [Buffer];
  assert.equal(data.toString(), 'hi');
  assert.equal(server.port('p')?.state, 'open');
  assert.equal(server.port('p')?.users.length, 1);
  assert.deepEqual(server.port('p')?.counters, { fromDevice: 2, toDevice: 5 });
  client.end();
  await until('the device to be closed', () => server.port('p')?.state === 'unconnected');
  assert.deepEqual(events, ['connect p', 'open p', 'disconnect network read close 5 2', 'close All users disconnected']);
  await close();
});

test('the state of the modem lines is told when the device is opened', async () => {
  const { server, port, close } = await serve();
  const told = once(server, 'modemstate') as Promise<[{ port: string; state: { cts: boolean } }]>;
  const client = await openGensio(`tcp,127.0.0.1,${port}`);
  const [{ state }] = await told;
  assert.deepEqual(state, { cts: false, dsr: false, ri: false, cd: false, changed: [] });
  assert.deepEqual(server.port('p')?.modemState, state);
  client.destroy();
  await close();
});

test('a reload changes what differs and leaves the rest alone', async () => {
  const { server, pty, port, close } = await serve();
  const client = await openGensio(`tcp,127.0.0.1,${port}`);
  await until('the session', () => server.port('p')?.state === 'open');
  const more = `connection: &q\n  accepter: tcp,127.0.0.1,0\n  connector: serialdev,/nowhere,9600n81\n`;
  const same = `connection: &p\n  accepter: tcp,127.0.0.1,0\n  connector: serialdev,${pty.path},9600n81,local\n`;
  await server.reload(readConfig(same + more).config);
  assert.deepEqual(
    server.ports.map((p) => [p.name, p.state]),
    [
      ['p', 'open'],
      ['q', 'unconnected'],
    ],
  );
  assert.equal(server.port('p')?.listening, port);
  client.write('still there');
  await pty.master.takeUntil('still there');
  await close();
});

test('a port that cannot listen is an error event with its name, and the server runs', async () => {
  const taken = createTcpServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const server = createServer(
    readConfig(`connection: &p\n  accepter: tcp,127.0.0.1,${port}\n  connector: serialdev,/nowhere,9600n81\n`).config,
  );
  const failed = once(server, 'error') as Promise<[PortError]>;
  await server.start();
  const [err] = await failed;
  assert.equal(err.port, 'p');
  assert.match(err.message, /Address already in use/);
  assert.match(server.port('p')?.failure ?? '', /Address already in use/);
  await server.stop();
  taken.close();
});

test('without a listener for errors nothing is thrown', async () => {
  const server = createServer(readConfig('connection: &p\n  accepter: tcp,host.invalid,1\n  connector: serialdev,/nowhere\n').config);
  await server.start();
  assert.equal(server.port('p')?.listening, undefined);
  await server.stop();
});

test('ports are taken out of service and put back, and users are sent away', async () => {
  const { server, port, close } = await serve();
  const gone = async (): Promise<void> => {
    const client = await openGensio(`tcp,127.0.0.1,${port}`);
    await until('the session', () => server.port('p')?.state === 'open');
    const ended = once(client.resume(), 'end');
    await server.disconnect('p');
    await ended;
  };
  await gone();
  await server.setEnabled('p', false);
  assert.equal(server.port('p')?.enabled, false);
  await assert.rejects(openGensio(`tcp,127.0.0.1,${port}`), { code: 'connrefuse' });
  await server.setEnabled('p', true);
  assert.notEqual(server.port('p')?.listening, undefined);
  assert.throws(() => server.disconnect('nobody'), RangeError);
  await close();
});

test('counters are told every so often, for ports where something passed', async () => {
  const clock = new FakeClock();
  const pty = openPty({ raw: true });
  const two = ['p', 'q'].map(
    (name) => `connection: &${name}\n  accepter: tcp,127.0.0.1,0\n  connector: serialdev,${pty.path},9600n81,local\n`,
  );
  const server = createServer(readConfig(two.join('')).config, { lockDir: false, clock, countersEvery: 1000 });
  const told: unknown[] = [];
  server.on('counters', (e) => told.push(e));
  await server.start();
  const client = await openGensio(`tcp,127.0.0.1,${server.port('p')?.listening}`);
  client.write('abc');
  await pty.master.takeUntil('abc');
  clock.advance(1000);
  assert.deepEqual(told, [{ port: 'p', fromDevice: 0, toDevice: 3 }]);
  clock.advance(5000);
  assert.equal(told.length, 1);
  client.destroy();
  // Time stands still here: the limit of stop() does not come.
  await until('the session to end', () => server.port('p')?.state !== 'open');
  await server.stop();
  await pty.close();
});

test('a server is started once, reloaded while it runs, and stopped as often as one likes', async () => {
  const { config } = readConfig('');
  const server = createServer(config);
  await assert.rejects(server.reload(config), /not running/);
  await server.start();
  await assert.rejects(server.start(), /started once/);
  assert.equal(server.config, config);
  await server.stop();
  await server.stop();
  await assert.rejects(server.reload(config), /not running/);
});

test('a stop that comes before the start is over leaves nobody listening', async () => {
  const { config } = readConfig('connection: &p\n  accepter: tcp,127.0.0.1,0\n  connector: serialdev,/nowhere,local\n');
  const server = createServer(config);
  const starting = server.start();
  await server.stop();
  await starting;
  assert.equal(server.port('p')?.listening, undefined);
});

test('of reloads that overtake each other the last one asked for is in force', async () => {
  const text = (name: string, port: number): string =>
    `connection: &${name}\n  accepter: tcp,127.0.0.1,0\n  connector: serialdev,/nowhere,local\nrotator: &r\n  accepter: tcp,127.0.0.1,${port}\n  connections: [${name}]\n`;
  const errors: string[] = [];
  const port = await freePort();
  const server = createServer(readConfig(text('p', port)).config);
  server.on('error', ({ message }) => errors.push(message));
  await Promise.all([server.start(), server.reload(readConfig(text('q', port)).config), server.reload(readConfig(text('z', port)).config)]);
  assert.deepEqual(
    server.ports.map(({ name, listening }) => [name, listening !== undefined]),
    [['z', true]],
  );
  assert.deepEqual(errors, []);
  await server.stop();
  await assert.rejects(openGensio(`tcp,127.0.0.1,${port}`), { code: 'connrefuse' });
});
