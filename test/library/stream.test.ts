import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { type Gensio, nullUp } from '../../src/gensio/gensio.ts';
import { GensioError, openGensio } from '../../src/index.ts';
import { GensioSerial } from '../../src/library/serial.ts';
import { openStream } from '../../src/library/stream.ts';
import { openPty } from '../rig/pty.ts';
import { every, until } from '../rig/wait.ts';
import { serve } from './rig.ts';

/** A TCP server that hands out its connections. */
async function listener(): Promise<{ port: number; next(): Promise<Socket>; close(): void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    next: async () => ((await once(server, 'connection')) as [Socket])[0],
    close: () => server.close(),
  };
}

test('a stack that means nothing, or leads nowhere, is a GensioError', async () => {
  await assert.rejects(
    openGensio('telnet(rfc2271),tcp,localhost,1'),
    (err) => err instanceof GensioError && /rfc2217/.test(err.detail ?? ''),
  );
  await assert.rejects(openGensio('sctp,localhost,1'), { code: 'notsup' });
  await assert.rejects(openGensio('serialdev,/nowhere/tty'), { code: 'notfound' });
});

test('opening can be given up', async () => {
  const far = await listener();
  const waiting = openGensio(`telnet(rfc2217),tcp,127.0.0.1,${far.port}`, { signal: AbortSignal.timeout(20) });
  await assert.rejects(waiting, { name: 'TimeoutError' });
  await assert.rejects(openGensio(`tcp,127.0.0.1,${far.port}`, { signal: AbortSignal.abort(new Error('no')) }), /no/);
  far.close();
});

test('bytes pass unchanged both ways, at the pace of who reads', async () => {
  const far = await listener();
  const [stream, socket] = await Promise.all([openGensio(`tcp,127.0.0.1,${far.port}`), far.next()]);
  const sent = randomBytes(3_000_000);
  const echo = pipeline(socket, socket);
  const back: Buffer[] = [];
  stream.on('data', (data: Buffer) => back.push(data));
  stream.write(sent);
  await until('everything to come back', () => back.reduce((n, b) => n + b.length, 0) === sent.length, 20_000);
  assert.ok(Buffer.concat(back).equals(sent));
  stream.end();
  await Promise.all([once(stream, 'close'), echo]);
  far.close();
});

test('the end of the peer is the end of the stream, and a reset is an error', async () => {
  const far = await listener();
  const [stream, socket] = await Promise.all([openGensio(`tcp,127.0.0.1,${far.port}`), far.next()]);
  socket.end('last words');
  const heard: Buffer[] = [];
  for await (const data of stream) heard.push(data as Buffer);
  assert.equal(Buffer.concat(heard).toString(), 'last words');
  assert.ok(stream.destroyed);
  far.close();
});

test('writing to a connection that is gone is an error', async () => {
  const far = await listener();
  const [stream, socket] = await Promise.all([openGensio(`tcp,127.0.0.1,${far.port}`), far.next()]);
  socket.destroy();
  // Nobody reads, so the end of the stream is not seen; writing is.
  const failed = once(stream, 'error') as Promise<[GensioError]>;
  const stop = every(5, () => void stream.write('x'));
  const [err] = await failed;
  stop();
  assert.equal(err.code, 'remclose');
  far.close();
});

test('end() sends what was written before it closes, destroy() does not wait', async () => {
  const far = await listener();
  const [stream, socket] = await Promise.all([openGensio(`tcp,127.0.0.1,${far.port}`), far.next()]);
  const got: Buffer[] = [];
  socket.on('data', (data) => got.push(data));
  stream.end(Buffer.alloc(500_000, 1));
  await once(socket, 'end');
  assert.equal(Buffer.concat(got).length, 500_000);
  const [second, other] = await Promise.all([openGensio(`tcp,127.0.0.1,${far.port}`), far.next()]);
  other.on('error', () => undefined);
  second.destroy();
  await Promise.all([once(second, 'close'), once(other.resume(), 'close')]);
  far.close();
});

test('a device is a stream like any other, with its line', async () => {
  const pty = openPty({ raw: true });
  const stream = await openGensio(`serialdev,${pty.path},9600n81,local`, { lockDir: false });
  assert.ok(stream.serial);
  await stream.serial.set({ speed: 115200, stopbits: 2 });
  const { speed, stopbits, parity } = await stream.serial.get();
  assert.deepEqual({ speed, stopbits, parity }, { speed: 115200, stopbits: 2, parity: 'none' });
  assert.equal(pty.settings().ospeed, 115200);
  stream.end();
  await once(stream.resume(), 'close');
  await pty.close();
});

test('over telnet with RFC 2217 the far line is asked and set, although nobody reads the stream', async () => {
  const { pty, port, close } = await serve('telnet(rfc2217),');
  const stream = await openGensio(`telnet(rfc2217),tcp,127.0.0.1,${port}`);
  const { serial } = stream;
  assert.ok(serial);
  assert.deepEqual(await serial.get(), { speed: 9600, databits: 8, parity: 'none', stopbits: 1, flow: 'none' });
  await serial.set({ speed: 19200, flow: 'xonxoff' });
  assert.equal(pty.settings().ospeed, 19200);
  assert.equal((await serial.get()).flow, 'xonxoff');
  await serial.setLines({ dtr: false, rts: true });
  assert.deepEqual(await serial.getLines(), { dtr: false, rts: true, break: false });
  await assert.rejects(serial.set({ stopbits: 1.5 }), { code: 'timedout' });
  await assert.rejects(serial.set({ speed: 0 }), { code: 'inval' });
  assert.deepEqual(serial.modemState, { cts: false, dsr: false, ri: false, cd: false, changed: [] });
  serial.sendBreak();
  serial.purge();
  stream.write('\xff', 'latin1');
  assert.deepEqual(await pty.master.takeBytes(1), Buffer.of(255));
  stream.destroy();
  await close();
});

test('without RFC 2217 there is no control, and a server that does not offer it cannot be asked', async () => {
  const raw = await serve();
  const stream = await openGensio(`tcp,127.0.0.1,${raw.port}`);
  assert.equal(stream.serial, undefined);
  stream.destroy();
  await raw.close();
  const plain = await serve('telnet,');
  const telnet = await openGensio(`telnet(rfc2217),tcp,127.0.0.1,${plain.port}`);
  await assert.rejects(telnet.serial!.get(), { code: 'notsup' });
  telnet.destroy();
  await plain.close();
});

test('a connection of another kind reaches the same server', async () => {
  const { pty, port, close } = await serve();
  const socket = createConnection(port, '127.0.0.1');
  socket.write('plain');
  await pty.master.takeUntil('plain');
  socket.destroy();
  await close();
});

test('a failure right after opening waits for who listens', async () => {
  const gensio = new (class implements Gensio {
    readonly type = 'test';
    up = nullUp;
    open(done: () => void): void {
      setImmediate(() => {
        done();
        this.up.closed(new GensioError('commerr'));
      });
    }
    write = (): boolean => true;
    setReading(): void {}
    close(): void {}
    abort(): void {}
    bufferedBytes = (): number => 0;
    address = (): string => '';
  })();
  const stream = await openStream(gensio, {});
  const [err] = (await once(stream, 'error', { signal: AbortSignal.timeout(2000) })) as [GensioError];
  assert.equal(err.code, 'commerr');
});

test('the serial port of a stream that is closing, closed or lost says so, also to a question that was open', async () => {
  const peers: Socket[] = [];
  // Agrees to RFC 2217, and answers nothing.
  const server = createServer((socket) => {
    peers.push(socket);
    socket.on('error', () => undefined);
    socket.write(Buffer.of(255, 253, 44));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const open = () => openGensio(`telnet(rfc2217),tcp,127.0.0.1,${(server.address() as { port: number }).port}`);
  const closing = await open();
  const waiting = assert.rejects(closing.serial!.get(), { code: 'localclosed' });
  closing.end();
  await assert.rejects(closing.serial!.get(), { code: 'localclosed' });
  await waiting;
  closing.resume();
  await once(closing, 'close');
  await assert.rejects(closing.serial!.getLines(), { code: 'localclosed' });

  const destroyed = await open();
  const open2 = assert.rejects(destroyed.serial!.get(), { code: 'localclosed' });
  destroyed.destroy();
  await open2;
  await assert.rejects(destroyed.serial!.set({ speed: 9600 }), { code: 'localclosed' });

  const lost = await open();
  const open3 = assert.rejects(lost.serial!.get(), { code: 'remclose' });
  for (const peer of peers) peer.destroy();
  await open3;
  await assert.rejects(lost.serial!.get(), { code: 'remclose' });
  server.close();
});

test('a server that answers that the break is on, always, does not keep lines from being set', async () => {
  const serial = new GensioSerial({
    get: (_item, answered) => answered(undefined),
    set: (item, value, answered) => answered(item === 'break' ? (true as typeof value) : value),
    sendBreak: () => undefined,
    purge: () => undefined,
  });
  await serial.setLines({ dtr: true, rts: false, break: false });
});
