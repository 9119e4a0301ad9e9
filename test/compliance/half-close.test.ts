// Who leaves while the device takes nothing is let go, whatever layers he came through: nobody reads him then, so a layer that holds
// his end back has to tell.
import assert from 'node:assert/strict';
import { createConnection, createServer as createNetServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { libc } from '../../src/base/libc.ts';
import { dataMessage, initMessage, newChannelMessage } from '../../src/gensio/filter/mux-codec.ts';
import { createServer, readConfig, type Ser2netServer } from '../../src/index.ts';
import { makeKey, testFolder } from '../rig/keys.ts';
import { openPty } from '../rig/pty.ts';
import { until } from './recording-up.ts';

const skip = libc() === undefined && 'no koffi';
const key = makeKey(testFolder(), 'server');

/** A port whose device is a terminal that nobody reads. */
async function start(t: TestContext, accepter: string): Promise<Ser2netServer> {
  const pty = openPty({ raw: true });
  pty.master.setReading(false);
  const { config, diags } = readConfig(`connection: &p\n  accepter: ${accepter}\n  connector: serialdev,${pty.path},9600n81,local\n`);
  assert.deepEqual(diags, []);
  const server = createServer(config, { lockDir: false });
  server.on('error', (err) => t.diagnostic(err.message));
  await server.start();
  t.after(async () => {
    pty.master.setReading(true);
    await server.stop();
    await pty.close();
  });
  return server;
}
const users = (server: Ser2netServer): number => server.port('p')?.users.length ?? 0;

/** More than the terminal takes and a layer reads at once, less than the kernel keeps for a socket that is not read. */
const MUCH = 60_000;

async function leaves(t: TestContext, server: Ser2netServer, socket: Socket, data: Buffer): Promise<void> {
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.resume();
  await until(() => users(server) === 1, 'the user');
  socket.write(data);
  await until(() => (server.port('p')?.users[0]?.bytesIn ?? 0) > 0, 'the data');
  socket.end();
  await until(() => users(server) === 0, 'the user to be let go');
}

const dial = (server: Ser2netServer): Socket => createConnection({ port: server.port('p')?.listening ?? 0, host: '127.0.0.1' });

test('through tcp', { skip }, async (t) => {
  const server = await start(t, 'tcp,127.0.0.1,0');
  await leaves(t, server, dial(server), Buffer.alloc(MUCH, 65));
});

test('through ssl', { skip }, async (t) => {
  const server = await start(t, `ssl(key=${key.key},cert=${key.cert}),tcp,127.0.0.1,0`);
  await leaves(t, server, tlsConnect({ socket: dial(server), rejectUnauthorized: false }), Buffer.alloc(MUCH, 65));
});

test('through mux, which reads on while nobody reads it', { skip }, async (t) => {
  const server = await start(t, 'mux(readbuf=100000),tcp,127.0.0.1,0');
  const socket = dial(server);
  socket.write(Buffer.concat([initMessage(), newChannelMessage(0, 16384, Buffer.alloc(0))]));
  const message = dataMessage(0, 0, Buffer.alloc(1000, 65));
  await leaves(t, server, socket, Buffer.concat(Array.from({ length: MUCH / 1000 }, () => message)));
});

test('through a connection that the port makes itself', { skip }, async (t) => {
  const far = createNetServer();
  const came = new Promise<Socket>((resolve) => far.once('connection', resolve));
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
  t.after(() => far.close());
  const address = far.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const server = await start(t, `conacc,tcp,127.0.0.1,${port}`);
  const socket = await came;
  far.close();
  await leaves(t, server, socket, Buffer.alloc(MUCH, 65));
});
