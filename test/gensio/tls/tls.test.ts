// The layer ssl: its bytes, its handshake, and what goes wrong in them. Who is let in is in verdict.test.ts.
import assert from 'node:assert/strict';
import { connect as netConnect, type Socket } from 'node:net';
import { test } from 'node:test';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import { MAX_HANDSHAKES } from '../../../src/gensio/handshakes.ts';
import { sslFilter } from '../../../src/gensio/tls/tls.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, farStream, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { clientOpts, joe, nodeClient, pair, server, serverOpts, ssl, sslPort } from './tls-rig.ts';

compliance('ssl server', {
  async make() {
    const { s, c, errors } = await pair(serverOpts(), clientOpts());
    assert.deepEqual(errors, [undefined, undefined]);
    return { gensio: s, far: farGensio(c) };
  },
});
compliance('ssl client', {
  async make() {
    const { s, c } = await pair(serverOpts(), clientOpts());
    return { gensio: c, far: farGensio(s) };
  },
  unopened() {
    const [x, y] = linkedPair();
    const s = sslFilter(ssl(serverOpts()), x, true, testEnv());
    s.open(() => undefined);
    return sslFilter(ssl(clientOpts()), y, false, testEnv());
  },
  refused() {
    const [x, y] = linkedPair();
    sslFilter(ssl(serverOpts()), x, true, testEnv()).open(() => undefined);
    return { gensio: sslFilter(ssl(clientOpts({ CA: joe.cert })), y, false, testEnv()), code: 'certinvalid' };
  },
});

compliance('ssl server on a real socket, with Node.js as client', {
  async make(t) {
    const p = await sslPort(t, serverOpts());
    const ca = server.x509.toString();
    const far = farStream(nodeClient(t, p.port, { ca, rejectUnauthorized: true, checkServerIdentity: () => undefined }));
    await until(() => p.accepted.length === 1, 'the connection');
    return { gensio: p.accepted[0]!, far };
  },
});

test('garbage instead of a handshake ends the connection and is logged as ser2net does', async (t) => {
  const p = await sslPort(t, serverOpts());
  for (const [text, line] of [
    ['not tls\r\n', 'err ssl: Failed SSL read: error:0A00010B:SSL routines::wrong version number'],
    ['GET / HTTP/1.0\r\n\r\n', 'err ssl: Failed SSL read: error:0A00009C:SSL routines::http request'],
  ] as const) {
    const before = p.failed.length;
    const socket = netConnect(p.port, '127.0.0.1', () => socket.write(text));
    const far = farStream(socket);
    await until(() => p.failed.length > before && far.closed(), 'a failure');
    assert.equal(p.failed[before]?.message, 'Protocol error');
    assert.equal(p.env.lines.at(-1), line);
  }
  assert.equal(p.accepted.length, 0);
});

test('a peer that goes away in the handshake is a failure, not a connection', async (t) => {
  const p = await sslPort(t, serverOpts());
  const socket = netConnect(p.port, '127.0.0.1', () => socket.end(Buffer.from('160301', 'hex')));
  socket.on('error', () => undefined);
  await until(() => p.failed.length === 1, 'a failure');
  assert.equal(p.accepted.length, 0);
});

test('a handshake that takes longer than con-timeout is given up', async () => {
  const clock = new FakeClock();
  const [x, y] = linkedPair();
  const far = farGensio(y);
  const g = sslFilter(ssl(serverOpts({ conTimeout: 5000 })), x, true, testEnv({ clock }));
  const errors: (GensioError | undefined)[] = [];
  g.open((err) => void errors.push(err));
  await settle();
  clock.advance(4999);
  assert.equal(errors.length, 0);
  clock.advance(1);
  assert.equal(errors[0]?.message, 'Operation timed out');
  await until(() => far.closed(), 'the far end closed');
  assert.equal(clock.timers, 0);
});

test('half-open handshakes are bounded: the oldest goes when there are too many, and a good client still gets in', async (t) => {
  const p = await sslPort(t, serverOpts());
  const sockets: Socket[] = [];
  t.after(() => {
    for (const s of sockets) s.destroy();
  });
  const many = MAX_HANDSHAKES * 3;
  let connected = 0;
  let given = 0;
  for (let i = 0; i < many; i++) {
    const s = netConnect(p.port, '127.0.0.1', () => connected++);
    s.on('error', () => undefined);
    s.on('close', () => given++);
    s.resume();
    sockets.push(s);
    if (i % 64 === 63) await until(() => connected === i + 1, 'connections');
  }
  await until(
    () => given === many - MAX_HANDSHAKES,
    () => `${given} given up`,
  );
  assert.deepEqual(p.env.lines, [`warning ssl,${p.port}: more than ${MAX_HANDSHAKES} handshakes at once, giving up the oldest`]);
  nodeClient(t, p.port);
  await until(() => p.accepted.length === 1, 'the good client');
});

test('min-version refuses what is older', async (t) => {
  const p = await sslPort(t, serverOpts({ minVersion: '1.3' }));
  const far = farStream(nodeClient(t, p.port, { maxVersion: 'TLSv1.2' }));
  await until(() => p.failed.length === 1 && far.closed(), 'a failure');
  assert.equal(p.failed[0]?.code, 'protoerr');
});

test('mode=client on an accepter and mode=server on a connector turn the roles round', async () => {
  const { errors } = await pair(clientOpts({ mode: 'client' }), serverOpts({ mode: 'server' }));
  assert.deepEqual(errors, [undefined, undefined]);
});

test('a broken record ends an open connection with a protocol error', async () => {
  const [x, y] = linkedPair();
  const env = testEnv();
  const s = sslFilter(ssl(serverOpts()), x, true, env);
  const c = sslFilter(ssl(clientOpts()), y, false, env);
  assert.deepEqual(await Promise.all([opened(s), opened(c)]), [undefined, undefined]);
  const recorder = new RecordingUp();
  s.up = recorder;
  s.setReading(true);
  y.write(Buffer.from('1703030010000102030405060708090a0b0c0d0e0f', 'hex'));
  await until(() => recorder.closes === 1, 'closed()');
  assert.equal(recorder.error?.code, 'protoerr');
  assert.match(env.lines.join('\n'), /err ssl: Failed SSL read: error:/);
  c.abort();
});
