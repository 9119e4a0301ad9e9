import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { libc } from '../../../src/base/libc.ts';
import type { Accepter, Gensio } from '../../../src/gensio/gensio.ts';
import { tcpAccepter, tcpConnector } from '../../../src/gensio/net/tcp.ts';
import { forcePublicInterfaces } from '../../../src/gensio/uv-handle.ts';
import { TCP } from '../../../src/options/net.ts';
import { defaults } from '../../../src/options/row.ts';
import type { LayerOf, NetAddr } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farStream, opened, RecordingUp, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';

type Opts = LayerOf<'tcp'>['opts'];
const PYTHON = '/usr/bin/python3';
const addr = (host: string | undefined, port: number, family?: NetAddr['family']): NetAddr => ({ family, host, port: String(port) });
const spec = (addrs: NetAddr[], opts: Partial<Opts> = {}): LayerOf<'tcp'> => ({ type: 'tcp', opts: { ...defaults(TCP), ...opts }, addrs });

/** A listener on a free port, and what it was given. */
async function listening(
  t: TestContext,
  addrs: NetAddr[],
  opts: Partial<Opts> = {},
): Promise<{ accepter: Accepter; accepted: Gensio[]; port: number }> {
  const accepter = tcpAccepter(spec(addrs, opts), testEnv());
  const accepted: Gensio[] = [];
  accepter.up = { accepted: (g) => void accepted.push(g), failed: (err) => assert.fail(err) };
  const err = await new Promise((resolve) => accepter.listen(resolve));
  assert.equal(err, undefined);
  t.after(async () => {
    for (const g of accepted) g.abort();
    await new Promise<void>((resolve) => accepter.close(resolve));
  });
  return { accepter, accepted, port: accepter.port()! };
}

async function dial(t: TestContext, port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  t.after(() => socket.destroy());
  await new Promise((resolve, reject) => {
    socket.on('connect', resolve);
    socket.on('error', reject);
  });
  return socket;
}

for (const plain of [false, true]) {
  const how = plain ? ', with documented interfaces only' : '';
  compliance(`tcp accepter${how}`, {
    async make(t) {
      forcePublicInterfaces(plain);
      t.after(() => forcePublicInterfaces(false));
      const { accepted, port } = await listening(t, [addr('127.0.0.1', 0)]);
      const far = farStream(await dial(t, port));
      await until(() => accepted.length === 1, 'the connection');
      return { gensio: accepted[0]!, far };
    },
  });
}

async function echoServer(t: TestContext): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (s) => void sockets.push(s));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const s of sockets) s.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, sockets };
}

compliance('tcp connector', {
  async make(t) {
    const { port, sockets } = await echoServer(t);
    const gensio = tcpConnector(spec([addr('127.0.0.1', port)]), testEnv());
    t.after(() => gensio.abort());
    assert.equal(await opened(gensio), undefined);
    await until(() => sockets.length === 1, 'the connection');
    return { gensio, far: farStream(sockets[0]!) };
  },
  async unopened(t) {
    return tcpConnector(spec([addr('127.0.0.1', (await echoServer(t)).port)]), testEnv());
  },
  async refused() {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return { gensio: tcpConnector(spec([addr('127.0.0.1', port)]), testEnv()), code: 'connrefuse' };
  },
});

test('a port without host takes IPv4 and IPv6 on one socket, and prints IPv4 peers as mapped', async (t) => {
  const { accepted, port } = await listening(t, [addr(undefined, 0)]);
  await dial(t, port, '127.0.0.1');
  await until(() => accepted.length === 1, 'the connection');
  assert.match(accepted[0]!.address(), /^ipv6,::ffff:127\.0\.0\.1,[0-9]+$|^ipv4,127\.0\.0\.1,[0-9]+$/);
});

test('several addresses with port 0 share one port', async (t) => {
  const { accepted, port } = await listening(t, [addr('127.0.0.1', 0), addr('127.0.0.2', 0)]);
  await dial(t, port, '127.0.0.1');
  await dial(t, port, '127.0.0.2');
  await until(() => accepted.length === 2, 'both connections');
});

test('an address in use is an error, and listening can be asked for again', async (t) => {
  const first = await listening(t, [addr('127.0.0.1', 0)]);
  const second = tcpAccepter(spec([addr('127.0.0.1', first.port)]), testEnv());
  second.up = { accepted: () => undefined, failed: () => undefined };
  const tryIt = (): Promise<{ code: string } | undefined> => new Promise((resolve) => second.listen(resolve));
  assert.equal((await tryIt())?.code, 'addrinuse');
  await new Promise<void>((resolve) => first.accepter.close(resolve));
  assert.equal(await tryIt(), undefined);
  await new Promise<void>((resolve) => second.close(resolve));
});

test('an address this machine does not have is told as such, an unknown name too', async () => {
  const wrong = async (a: NetAddr): Promise<string | undefined> => {
    const accepter = tcpAccepter(spec([a]), testEnv());
    accepter.up = { accepted: () => undefined, failed: () => undefined };
    return (await new Promise<{ code: string } | undefined>((resolve) => accepter.listen(resolve)))?.code;
  };
  assert.equal(await wrong(addr('192.0.2.1', 0)), 'oserr');
  assert.equal(await wrong(addr('127.0.0.1', 0, 'ipv6')), 'namenotfound');
});

test('a connector comes from where laddr says, also by name; one that is no address is told', async (t) => {
  const from = async (laddr: string): Promise<string | undefined> => {
    const { port, sockets } = await echoServer(t);
    const gensio = tcpConnector(spec([addr('127.0.0.1', port)], { laddr }), testEnv());
    t.after(() => gensio.abort());
    const err = await opened(gensio);
    if (err !== undefined) return err.code;
    await until(() => sockets.length === 1, 'the connection');
    return sockets[0]!.remoteAddress;
  };
  assert.equal(await from('127.0.0.2,0'), '127.0.0.2');
  assert.equal(await from('localhost,0'), '127.0.0.1');
  assert.equal(await from('ipv6,::1,0'), 'inval');
  assert.notEqual(await from('256.1.1.1,0'), '127.0.0.1');
});

test('a connector tries its addresses one after the other', async (t) => {
  const { port, sockets } = await echoServer(t);
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.on('listening', resolve));
  const dead = (closed.address() as { port: number }).port;
  await new Promise((resolve) => closed.close(resolve));
  const gensio = tcpConnector(spec([addr('127.0.0.1', dead), addr('127.0.0.1', port)]), testEnv());
  assert.equal(await opened(gensio), undefined);
  assert.equal(gensio.address(), `ipv4,127.0.0.1,${port}`);
  await until(() => sockets.length === 1, 'the connection');
  gensio.abort();
});

test('a refusal text arrives although the client has sent something nobody read', async (t) => {
  const { accepted, port } = await listening(t, [addr('127.0.0.1', 0)]);
  const socket = await dial(t, port);
  const far = farStream(socket);
  socket.write('something that was not read');
  await until(() => accepted.length === 1, 'the connection');
  accepted[0]!.write(Buffer.from('Port already in use\r\n'));
  accepted[0]!.close();
  await until(() => far.closed(), 'the close');
  assert.equal(far.received().toString(), 'Port already in use\r\n');
});

test('a user that closes its side is gone at once, and what was written to it still arrives', async (t) => {
  const { accepted, port } = await listening(t, [addr('127.0.0.1', 0)]);
  const socket = await dial(t, port);
  const far = farStream(socket);
  await until(() => accepted.length === 1, 'the connection');
  const recorder = new RecordingUp();
  accepted[0]!.up = recorder;
  accepted[0]!.write(Buffer.from('answer'));
  socket.end('question');
  accepted[0]!.setReading(true);
  await until(() => recorder.closes === 1, 'closed()');
  assert.equal(recorder.text(), 'question');
  await until(() => far.closed(), 'the end');
  assert.equal(far.received().toString(), 'answer');
});

test('keepalive knobs and user-timeout reach the socket', { skip: libc() === undefined ? 'no FFI here' : false }, async (t) => {
  const { accepted, port } = await listening(t, [addr('127.0.0.1', 0)], { keepidle: 7, keepintvl: 3, keepcnt: 2, userTimeout: 4000 });
  await dial(t, port);
  await until(() => accepted.length === 1, 'the connection');
  const { fd } = accepted[0] as unknown as { fd: number };
  const c = libc()!;
  assert.deepEqual(
    [c.getTcp(fd, 'keepidle'), c.getTcp(fd, 'keepintvl'), c.getTcp(fd, 'keepcnt'), c.getTcp(fd, 'userTimeout')],
    [7, 3, 2, 4000],
  );
});

test('an urgent byte stays in its place', {
  skip: libc() === undefined || !existsSync(PYTHON) ? 'needs FFI and python3' : false,
}, async (t) => {
  const { accepted, port } = await listening(t, [addr('127.0.0.1', 0)]);
  const script = `import socket; s=socket.create_connection(('127.0.0.1',${port})); s.send(b'a\\xff'); s.send(b'\\xf2', socket.MSG_OOB); s.send(b'b'); s.close()`;
  const child = spawn(PYTHON, ['-c', script], { stdio: 'inherit' });
  t.after(() => child.kill());
  await until(() => accepted.length === 1, 'the connection');
  const recorder = new RecordingUp();
  accepted[0]!.up = recorder;
  accepted[0]!.setReading(true);
  await until(() => recorder.closes === 1, 'the end');
  assert.equal(recorder.data().toString('hex'), '61fff262');
});

test('a user that left is noticed without reading', { skip: libc() === undefined ? 'no FFI here' : false }, async (t) => {
  const { accepted, port } = await listening(t, [addr('127.0.0.1', 0)]);
  const socket = await dial(t, port);
  await until(() => accepted.length === 1, 'the connection');
  socket.write('unread');
  assert.equal(accepted[0]!.peerClosed?.(), false);
  socket.end();
  await until(() => accepted[0]!.peerClosed?.() === true, 'the half-close');
});
