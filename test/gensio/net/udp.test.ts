import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { type TestContext, test } from 'node:test';
import type { Accepter, Gensio } from '../../../src/gensio/gensio.ts';
import { udpAccepter, udpConnector } from '../../../src/gensio/net/udp.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { type FarEnd, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { layerSpec, loopback } from '../layer-spec.ts';

const spec = (port: number, opts: Partial<LayerOf<'udp'>['opts']> = {}): LayerOf<'udp'> =>
  layerSpec('udp', opts, { addrs: loopback(port) });

async function bound(t: TestContext, address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  t.after(() => socket.close());
  return socket;
}
/** The peer of a datagram socket; peer may be learned from what comes. */
function farSocket(socket: Socket, peerPort: () => number): FarEnd {
  const got: Buffer[] = [];
  socket.on('message', (data) => void got.push(data));
  return {
    send: (data) => socket.send(Buffer.from(data), peerPort(), '127.0.0.1'),
    unsent: () => 0,
    received: () => Buffer.concat(got),
    receivedBytes: () => got.reduce((n, b) => n + b.length, 0),
    setReading: () => undefined,
    close: () => undefined,
    closed: () => false,
  };
}
const LACKS = ['far-close', 'close-seen', 'back-pressure', 'flow', 'bulk'] as const;

async function listening(
  t: TestContext,
  opts: Partial<LayerOf<'udp'>['opts']> = {},
): Promise<{ accepter: Accepter; port: number; accepted: Gensio[] }> {
  const accepter = udpAccepter(spec(0, opts));
  const accepted: Gensio[] = [];
  accepter.up = { accepted: (g) => void accepted.push(g), failed: (err) => assert.fail(err) };
  assert.equal(await new Promise((resolve) => accepter.listen(resolve)), undefined);
  t.after(() => {
    for (const g of accepted) g.abort();
    return new Promise<void>((resolve) => accepter.close(resolve));
  });
  return { accepter, port: accepter.port()!, accepted };
}

compliance('udp accepted', {
  without: LACKS,
  piece: 1000,
  async make(t) {
    const { port, accepted } = await listening(t);
    const socket = await bound(t);
    const far = farSocket(socket, () => port);
    socket.send(Buffer.from('.'), port, '127.0.0.1');
    await until(() => accepted.length === 1, 'a connection');
    const gensio = accepted[0]!;
    const recorder = new RecordingUp();
    gensio.up = recorder;
    gensio.setReading(true);
    await until(() => recorder.length === 1, 'the first datagram');
    gensio.setReading(false);
    return { gensio, far };
  },
});
compliance('udp connector', {
  without: LACKS,
  piece: 1000,
  async make(t) {
    const socket = await bound(t);
    const gensio = udpConnector(spec(socket.address().port), testEnv());
    let port = 0;
    socket.once('message', (_, from) => {
      port = from.port;
    });
    assert.equal(await opened(gensio), undefined);
    gensio.write(Buffer.from('.'));
    await until(() => port !== 0, 'our port');
    return { gensio, far: farSocket(socket, () => port) };
  },
  async unopened(t) {
    return udpConnector(spec((await bound(t)).address().port), testEnv());
  },
  refused: () => ({ gensio: udpConnector(spec(1, { laddr: '203.0.113.77,0' }), testEnv()) }),
});

test('each peer is a connection of its own, answered from the same port', async (t) => {
  const { port, accepted } = await listening(t);
  const [a, b] = [await bound(t), await bound(t)];
  const [farA, farB] = [farSocket(a, () => port), farSocket(b, () => port)];
  farA.send(Buffer.from('from a'));
  farB.send(Buffer.from('from b'));
  await until(() => accepted.length === 2, 'two connections');
  const byPort = new Map(accepted.map((g) => [g.address(), g]));
  const answer = async (socket: Socket, far: FarEnd, text: string): Promise<void> => {
    const gensio = byPort.get(`ipv4,127.0.0.1,${socket.address().port}`)!;
    const recorder = new RecordingUp();
    gensio.up = recorder;
    gensio.setReading(true);
    await until(() => recorder.text() === `from ${text}`, 'its datagram');
    gensio.write(Buffer.from(`to ${text}`));
    await until(() => far.received().toString() === `to ${text}`, 'the answer');
  };
  await answer(a, farA, 'a');
  await answer(b, farB, 'b');
});

test('after a close the next datagram of that peer makes a new connection; an empty one does not', async (t) => {
  const { port, accepted } = await listening(t);
  const socket = await bound(t);
  const far = farSocket(socket, () => port);
  far.send(Buffer.from('one'));
  await until(() => accepted.length === 1, 'a connection');
  const recorder = new RecordingUp();
  accepted[0]!.up = recorder;
  accepted[0]!.close();
  await until(() => recorder.closes === 1, 'closed()');
  far.send(Buffer.alloc(0));
  await settle();
  assert.equal(accepted.length, 1);
  far.send(Buffer.from('two'));
  await until(() => accepted.length === 2, 'a second connection');
});

test('a connector takes datagrams of strangers only with nocon, and still sends to its own address', async (t) => {
  for (const [nocon, laddr] of [
    [false, '127.0.0.1,0'],
    [true, 'localhost,0'],
  ] as const) {
    const peer = await bound(t);
    const stranger = await bound(t);
    const gensio = udpConnector(spec(peer.address().port, { nocon, laddr }), testEnv());
    const recorder = new RecordingUp();
    gensio.up = recorder;
    let port = 0;
    peer.on('message', (_, from) => {
      port = from.port;
    });
    assert.equal(await opened(gensio), undefined);
    t.after(() => gensio.abort());
    gensio.setReading(true);
    gensio.write(Buffer.from('.'));
    await until(() => port !== 0, 'our port');
    stranger.send('stranger ', port, '127.0.0.1');
    await settle();
    peer.send('peer', port, '127.0.0.1');
    await until(() => recorder.text().endsWith('peer'), 'the peer');
    assert.equal(recorder.text(), nocon ? 'stranger peer' : 'peer');
  }
});

test('what nobody reads is dropped when it becomes much, and the first of it stays', async (t) => {
  const { port, accepted } = await listening(t);
  const socket = await bound(t);
  const far = farSocket(socket, () => port);
  for (let i = 0; i < 600; i++) {
    const data = Buffer.alloc(1000, i & 255);
    far.send(data);
    if (i % 20 === 19) await settle(2);
  }
  await until(() => accepted.length === 1, 'a connection');
  await settle();
  const recorder = new RecordingUp();
  accepted[0]!.up = recorder;
  accepted[0]!.setReading(true);
  await until(() => recorder.length > 0, 'data');
  await settle();
  assert.ok(recorder.length <= 262_144, `${recorder.length} bytes were kept`);
  assert.equal(recorder.chunks[0]![0], 0);
});

test('an address in use is an error, and the accepter can be asked again', async (t) => {
  const { port } = await listening(t);
  const second = udpAccepter(spec(port));
  second.up = { accepted: () => undefined, failed: () => undefined };
  const err = await new Promise<Error | undefined>((resolve) => second.listen(resolve));
  assert.equal(err?.message, 'Address already in use');
});
