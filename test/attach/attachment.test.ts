// What an attachment does for the applications that use its device, against plain TCP servers.
// Long because the rules of one attachment lean on one rig.
import assert from 'node:assert/strict';
import { existsSync, readlinkSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeClock } from '../rig/fake-clock.ts';
import { settle, stands, until } from '../rig/wait.ts';
import { Application } from './application.ts';
import { attach, attachTestEnv, connected, Detour, Peer } from './attach-rig.ts';

test('data passes both ways, unchanged, in any amount', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  peer.onData = (data, socket) => void socket.write(data);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`);
  const app = new Application(attachment.spec.device);
  const all = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7 + (i >> 8)) & 255));
  let at = 0;
  await until('everything back', () => {
    at += app.writeSome(all.subarray(at, at + 4000));
    return app.peek().length >= all.length;
  });
  assert.ok(app.peek().equals(all));
  assert.deepEqual([attachment.view.bytesIn, attachment.view.bytesOut], [all.length, all.length]);
  app.close();
});

test('the link, its pty and what is open on it survive the restart of the server, and data goes on', async (t) => {
  const env = attachTestEnv(t);
  const first = new Peer(t);
  const port = await first.listen();
  const attachment = attach(t, env, `tcp://127.0.0.1:${port}`);
  const { device } = attachment.spec;
  const slave = readlinkSync(device);
  const app = new Application(device);
  app.write('one');
  await until('one', () => first.got.toString() === 'one');
  await first.close();
  await until('the loss', () => attachment.view.state !== 'connected');
  app.write('two');
  const second = new Peer(t);
  await second.listen(port);
  await until('two', () => second.got.toString() === 'two');
  second.send('three');
  assert.equal((await app.take(5)).toString(), 'three');
  assert.equal(readlinkSync(device), slave);
  assert.equal(attachment.view.connections, 2);
  app.close();
});

test('an application opens and closes the device a thousand times and no byte is lost either way', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  // A device that answers each line.
  peer.onData = (data, socket) => void socket.write(data.toString().replaceAll('\n', '!'));
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`);
  await connected(attachment);
  const slave = readlinkSync(attachment.spec.device);
  for (let i = 0; i < 1000; i++) {
    const app = new Application(attachment.spec.device);
    app.write(`${i}\n`);
    assert.equal((await app.take(`${i}!`.length)).toString(), `${i}!`);
    app.close();
  }
  assert.equal(peer.got.toString(), Array.from({ length: 1000 }, (_, i) => `${i}\n`).join(''));
  assert.equal(readlinkSync(attachment.spec.device), slave);
  assert.equal(attachment.view.connections, 1);
});

test('on demand: nobody connects until the device is opened, and the connection stays afterwards', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`, { onDemand: true });
  // A connection made by starting would be served before this one.
  const ours = connect(peer.port, '127.0.0.1');
  await until('our own connection', () => peer.sockets.length > 0);
  assert.equal(peer.sockets[0]!.remotePort, ours.localPort);
  assert.equal(attachment.view.state, 'idle');
  ours.destroy();
  const app = new Application(attachment.spec.device);
  app.write('hello');
  await until('hello', () => peer.got.toString() === 'hello');
  app.close();
  await until('closed', () => !attachment.view.used);
  assert.equal(attachment.view.state, 'connected');
});

test('on demand: what a short-lived application wrote is delivered although it has gone before the connection was there', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`, { onDemand: true });
  const app = new Application(attachment.spec.device);
  app.write('quick');
  app.close();
  await until('quick', () => peer.got.toString() === 'quick');
});

test('on demand with disconnect-after: the connection ends when nobody uses the device, and comes back with the next one', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const options = { onDemand: true, disconnectAfter: 50 };
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`, options);
  new Application(attachment.spec.device).close();
  await until('a connection', () => attachment.view.connections === 1);
  await until('idle', () => attachment.view.state === 'idle' && peer.sockets.length === 0);
  const app = new Application(attachment.spec.device);
  await connected(attachment);
  app.write('x');
  await until('x', () => peer.got.toString() === 'x');
  app.close();
});

test('disconnect-after waits until what was written has left, and then ends the connection', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const port = await peer.listen();
  await peer.close();
  const attachment = attach(t, env, `tcp://127.0.0.1:${port}`, { onDemand: true, disconnectAfter: 20 });
  const app = new Application(attachment.spec.device);
  app.write('kept');
  app.close();
  await until('several attempts', () => env.lines.filter((line) => line.includes('next attempt')).length > 3 && !attachment.view.used);
  const again = new Peer(t);
  await again.listen(port);
  await until('kept', () => again.got.toString() === 'kept');
  await until('idle', () => attachment.view.state === 'idle' && again.sockets.length === 0);
});

test('disconnect-after loses nothing to a server that reads slowly', async (t) => {
  const clock = new FakeClock();
  const env = attachTestEnv(t, { clock });
  const peer = new Peer(t);
  peer.paused = true;
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`, { onDemand: true, disconnectAfter: 30 });
  const app = new Application(attachment.spec.device);
  const piece = Buffer.from(Array.from({ length: 4093 }, (_, i) => i & 255));
  await connected(attachment);
  let written = 0;
  await stands('what the application could write', () => {
    written += app.writeSome(piece);
    return written;
  });
  app.close();
  const passing = (): boolean => {
    clock.advance(10);
    return true;
  };
  await until('closed', () => passing() && !attachment.view.used);
  clock.advance(60_000);
  await settle();
  assert.equal(attachment.view.state, 'connected');
  for (const socket of peer.sockets) socket.resume();
  await until('all of it', () => peer.got.length === written);
  await until('idle', () => passing() && attachment.view.state === 'idle' && peer.sockets.length === 0);
});

test('several targets: the first that answers is taken, and after a loss the first is tried first again', async (t) => {
  const env = attachTestEnv(t);
  const [dead, main, spare] = [new Peer(t), new Peer(t), new Peer(t)];
  const ports = await Promise.all([dead.listen(), main.listen(), spare.listen()]);
  await dead.close();
  await main.close();
  const attachment = attach(
    t,
    env,
    ports.map((port) => `tcp://127.0.0.1:${port}`),
  );
  await connected(attachment);
  assert.equal(spare.sockets.length, 1);
  const back = new Peer(t);
  await back.listen(ports[1]);
  spare.drop('end');
  await until('the better one', () => back.sockets.length === 1);
  await connected(attachment);
  assert.equal(attachment.view.target, `tcp://127.0.0.1:${ports[1]}`);
});

test('a target that takes the connection and ends it at once is given up for the next one', async (t) => {
  const env = attachTestEnv(t);
  const [busy, free] = [new Peer(t), new Peer(t)];
  busy.server.on('connection', (socket) => socket.end('Port already in use\r\n'));
  const targets = [`tcp://127.0.0.1:${await busy.listen()}`, `tcp://127.0.0.1:${await free.listen()}`];
  const attachment = attach(t, env, targets);
  await until('the second', () => free.sockets.length === 1);
  await connected(attachment);
  assert.equal(attachment.view.target, targets[1]);
});

test('that a port is in use is told once in the log and not to the application, which is served when it is free', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  let connections = 0;
  peer.server.on('connection', (socket) => {
    if (++connections <= 5) socket.end("Port's device already in use\r\n");
  });
  const url = `tcp://127.0.0.1:${await peer.listen()}`;
  const attachment = attach(t, env, url);
  const app = new Application(attachment.spec.device);
  await until('a connection that stays', () => connections === 6 && attachment.view.state === 'connected' && peer.sockets.length === 1);
  peer.send('data');
  assert.equal((await app.take(4)).toString(), 'data');
  const said = (): string[] =>
    env.lines.filter((line) => !line.startsWith('debug') && line.includes(url)).map((line) => line.split(' (')[0]!);
  await until('the news that it stays', () => said().length === 5);
  assert.deepEqual(said(), [
    `info dev: connecting to ${url}`,
    `notice dev: connected to ${url}`,
    `warning dev: ${url} says: Port's device already in use`,
    `notice dev: lost ${url}: Remote end closed connection`,
    `notice dev: connected to ${url}`,
  ]);
  app.close();
});

test('a target that does not answer in time is given up for the next one', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  // TLS is never answered by a server that says nothing.
  const silent = new Peer(t);
  const targets = [`tls://127.0.0.1:${await silent.listen()}`, `tcp://127.0.0.1:${await peer.listen()}`];
  const attachment = attach(t, env, targets, { connectTimeout: 100 });
  await connected(attachment);
  assert.equal(attachment.view.target, targets[1]);
  assert.ok(env.lines.some((line) => line.includes('cannot connect to') && line.includes('timed out')));
});

test('during an outage writes are kept up to the limit, then the application waits; nothing is lost or doubled', async (t) => {
  const env = attachTestEnv(t);
  const gone = new Peer(t);
  const port = await gone.listen();
  await gone.close();
  const attachment = attach(t, env, `tcp://127.0.0.1:${port}`, { queue: 10_000 });
  const app = new Application(attachment.spec.device);
  const all = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 13 + (i >> 9)) & 255));
  let at = 0;
  await until('a full queue', () => {
    at += app.writeSome(all.subarray(at, at + 1000));
    return attachment.view.queued >= 10_000;
  });
  await stands('what the application could write', () => {
    at += app.writeSome(all.subarray(at, at + 1000));
    return at;
  });
  assert.ok(at < 50_000, `${at} bytes were taken`);
  assert.ok(attachment.view.queued < 10_000 + 4096);
  const peer = new Peer(t);
  await peer.listen(port);
  await until('everything', () => {
    if (at < all.length) at += app.writeSome(all.subarray(at, at + 4000));
    return peer.got.length >= all.length;
  });
  assert.ok(peer.got.equals(all));
  app.close();
});

test('with discard, what is written during an outage is thrown away, but not before the first connection', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const port = await peer.listen();
  const attachment = attach(t, env, `tcp://127.0.0.1:${port}`, { discard: true, onDemand: true });
  const app = new Application(attachment.spec.device);
  app.write('first');
  await until('first', () => peer.got.toString() === 'first');
  await peer.close();
  await until('the loss', () => attachment.view.state === 'waiting');
  app.write('lost');
  await until('it to be thrown away', () => attachment.view.discardedOut === 4);
  const again = new Peer(t);
  await again.listen(port);
  await connected(attachment);
  app.write('third');
  await until('third', () => again.got.length > 0);
  assert.equal(again.got.toString(), 'third');
  app.close();
});

test('a server that does not read makes the application wait, and goes on where it stopped', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  peer.paused = true;
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  const piece = Buffer.from(Array.from({ length: 4093 }, (_, i) => i & 255));
  let written = 0;
  await stands('what the application could write', () => {
    for (let n = 1; n > 0 && written < 8_000_000; written += n) n = app.writeSome(piece.subarray(written % piece.length));
    return written;
  });
  // The server's machine takes some, whatever its program does.
  assert.ok(written < 1_000_000, `${written} bytes disappeared`);
  peer.sockets[0]!.resume();
  await until('all of it', () => peer.got.length >= written);
  assert.equal(peer.got.length, written);
  for (let i = 0; i < written; i += piece.length) assert.ok(peer.got.subarray(i, i + piece.length).equals(piece.subarray(0, written - i)));
  app.close();
});

test('an application that does not read stops the server, and gets everything later', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  const all = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 11)) & 255));
  peer.send(all);
  await until('the first bytes', () => attachment.view.bytesIn > 0);
  await stands('what was taken', () => attachment.view.bytesIn);
  assert.ok(attachment.view.bytesIn < 300_000, `${attachment.view.bytesIn} bytes were taken for an application that reads none`);
  assert.ok((await app.take(all.length)).equals(all));
  app.close();
});

test('with discard-unread what comes while nobody has the device open is thrown away', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`, { discardUnread: true });
  await connected(attachment);
  peer.send('old');
  await until('old', () => attachment.view.bytesIn === 3);
  const app = new Application(attachment.spec.device);
  await until('opened', () => attachment.view.used);
  peer.send('new');
  assert.equal((await app.take(3)).toString(), 'new');
  app.close();
});

test('with hangup a lost connection ends the device for the application, and the link leads to a working one again', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`, { hangup: true });
  await connected(attachment);
  const old = new Application(attachment.spec.device);
  await until('opened', () => attachment.view.used);
  peer.drop('end');
  await old.hungUp();
  old.close();
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  app.write('again');
  await until('again', () => peer.got.toString() === 'again');
  app.close();
});

test('where the system does not let us hang up, the link leads to a new pty', async (t) => {
  const env = attachTestEnv(t);
  const { SystemError } = await import('../../src/base/libc.ts');
  const poor = { ...env, libc: { ...env.libc, hangUpTerminal: () => new SystemError(1, 'ioctl TIOCVHANGUP') } };
  const peer = new Peer(t);
  const attachment = attach(t, poor, `tcp://127.0.0.1:${await peer.listen()}`, { hangup: true });
  await connected(attachment);
  const old = new Application(attachment.spec.device);
  const before = readlinkSync(attachment.spec.device);
  await until('opened', () => attachment.view.used);
  peer.drop('reset');
  await old.hungUp();
  await until('a new one', () => readlinkSync(attachment.spec.device) !== before);
  old.close();
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  peer.send('hi');
  assert.equal((await app.take(2)).toString(), 'hi');
  app.close();
});

test('through a network that delays, cuts pieces and drops connections, the application sees its own bytes in order', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  peer.onData = (data, socket) => void socket.write(data);
  const proxy = new Detour(t, await peer.listen());
  proxy.cut = 3;
  proxy.delay = 2;
  const attachment = attach(t, env, `tcp://127.0.0.1:${await proxy.peer.listen()}`);
  const app = new Application(attachment.spec.device);
  for (let round = 0; round < 5; round++) {
    await connected(attachment);
    const line = `round ${round} of several`;
    app.write(line);
    assert.equal((await app.take(line.length)).toString(), line);
    proxy.cutAll();
    await until('the loss', () => attachment.view.connections === round + 1 && attachment.view.state !== 'connected');
  }
  app.close();
});

test('state lines: device, connecting, connected, lost, and one line only for a server that stays away', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const port = await peer.listen();
  const attachment = attach(t, env, `tcp://127.0.0.1:${port}`);
  const { slave, device } = attachment.view;
  await connected(attachment);
  await peer.close();
  await until('some attempts', () => env.lines.filter((line) => line.startsWith('debug dev: cannot connect')).length > 3);
  const url = `tcp://127.0.0.1:${port}`;
  assert.deepEqual(
    env.lines.filter((line) => !line.startsWith('debug')),
    [
      `notice dev: ${device} is ${slave}`,
      `info dev: connecting to ${url}`,
      `notice dev: connected to ${url} (ipv4,127.0.0.1,${port})`,
      `notice dev: lost ${url}: Remote end closed connection`,
    ],
  );
});

test('stopping removes the link, sends what was written, and leaves no timer and no descriptor behind', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`, { mode: 0o600 }, 'tty');
  const { device } = attachment.spec;
  assert.equal(statSync(device).mode & 0o777, 0o600);
  await connected(attachment);
  const app = new Application(device);
  app.write('last words');
  await until('read', () => attachment.view.bytesOut === 10);
  await new Promise<void>((resolve) => attachment.stop(resolve));
  assert.equal(existsSync(join(env.dir, 'tty')), false);
  await until('the last words', () => peer.got.toString() === 'last words');
  await app.hungUp();
  app.close();
  await until('the end of the connection', () => peer.sockets.length === 0);
});

test('a pty that is lost while nobody reads it is created again, and what comes afterwards passes', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root, who gives up being it for a moment');
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  await until('opened', () => attachment.view.used);
  peer.send(Buffer.alloc(1 << 20));
  await until('a full pty', () => attachment.view.bytesIn > 0);
  const { slave } = attachment.view;
  process.seteuid!(65534);
  try {
    app.close();
    await until('the loss', () => attachment.view.slave !== slave);
  } finally {
    process.seteuid!(0);
  }
  await until('another pty', () => attachment.view.slave !== undefined);
  const next = new Application(attachment.spec.device);
  peer.send('END');
  await until('the end', () => next.peek().subarray(-3).toString() === 'END');
  next.close();
});
