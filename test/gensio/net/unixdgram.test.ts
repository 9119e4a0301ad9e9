// unixdgram on real sockets, with socat and python3 as peers.
// Long because the rules of one socket and its peers lean on one rig.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import { libc, SystemError, type UnixAddress, unixAddress } from '../../../src/base/libc.ts';
import type { Accepter, Gensio } from '../../../src/gensio/gensio.ts';
import { printUnixAddress } from '../../../src/gensio/net/datagram-demux.ts';
import { unixdgramAccepter, unixdgramConnector } from '../../../src/gensio/net/unixdgram.ts';
import { forcePublicInterfaces } from '../../../src/gensio/uv-handle.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { pairCompliance } from '../../compliance/pairs.ts';
import { opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { DatagramPeer } from '../../rig/datagram-peer.ts';
import { testFolder } from '../../rig/keys.ts';
import { needLibc } from '../../rig/pty.ts';
import { layerSpec } from '../layer-spec.ts';
import { refusesTakenPaths } from './taken-paths.ts';

const skip = libc() === undefined && 'koffi is not installed';
/** A peer that does not read then fills our send buffer before its own queue is full. */
const deepQueues = ((): string | false => {
  try {
    const deep = Number(readFileSync('/proc/sys/net/unix/max_dgram_qlen', 'latin1')) > 300 && process.getuid?.() !== 0;
    return deep && 'the queues of sockets are too long here (net.unix.max_dgram_qlen)';
  } catch {
    return false;
  }
})();
const dir = testFolder();
let n = 0;
const fresh = (): string => join(dir, `d${n++}`);
type Opts = Partial<LayerOf<'unixdgram'>['opts']>;
const spec = (path: string, opts: Opts = {}): LayerOf<'unixdgram'> => layerSpec('unixdgram', opts, { path });

interface Listening {
  readonly accepter: Accepter;
  readonly err: GensioError | undefined;
  readonly accepted: Gensio[];
  readonly recorders: RecordingUp[];
}
async function listening(t: TestContext, path: string, opts: Opts = {}): Promise<Listening> {
  const accepter = unixdgramAccepter(spec(path, opts));
  const accepted: Gensio[] = [];
  const recorders: RecordingUp[] = [];
  accepter.up = {
    accepted: (g) => {
      const recorder = new RecordingUp();
      g.up = recorder;
      accepted.push(g);
      recorders.push(recorder);
    },
    failed: (err) => assert.fail(err),
  };
  const err = await new Promise<GensioError | undefined>((resolve) => accepter.listen(resolve));
  t.after(async () => {
    for (const g of accepted) g.abort();
    await new Promise<void>((resolve) => accepter.close(resolve));
    await settle();
    assert.deepEqual(
      recorders.flatMap((recorder) => recorder.broken),
      [],
    );
  });
  return { accepter, err, accepted, recorders };
}
/** Both ends of a connection, with one byte read at the accepter's. */
async function pair(t: TestContext, opts: Opts = {}): Promise<{ a: Gensio; c: Gensio }> {
  const path = fresh();
  const { accepted, recorders, err } = await listening(t, path);
  assert.equal(err, undefined);
  const c = unixdgramConnector(spec(path, opts));
  assert.equal(await opened(c), undefined);
  t.after(() => c.abort());
  c.write(Buffer.from('.'));
  await until(() => accepted.length === 1, 'a connection');
  accepted[0]!.setReading(true);
  await until(() => recorders[0]!.length === 1, 'the first message');
  accepted[0]!.setReading(false);
  return { a: accepted[0]!, c };
}

if (skip === false)
  pairCompliance('unixdgram', pair, {
    without: ['far-close', 'close-seen'],
    async unopened(t) {
      const path = fresh();
      await listening(t, path);
      return unixdgramConnector(spec(path));
    },
    refused: () => ({ gensio: unixdgramConnector(spec(fresh(), { laddr: join(dir, 'no-such-folder/x') })), code: 'notfound' }),
  });

test('each write is one message and each message one read; bigger ones become several', { skip }, async (t) => {
  const { a, c } = await pair(t);
  const heard: number[] = [];
  const recorder = new RecordingUp();
  recorder.read = (data) => void heard.push(data.length);
  a.up = recorder;
  a.setReading(true);
  for (const length of [1, 2, 65536, 3, 65537, 10]) {
    const before = heard.length;
    c.write(Buffer.alloc(length));
    await until(() => heard.length > before, `${length} bytes`);
  }
  await until(() => heard.length === 7, 'all messages');
  assert.deepEqual(heard, [1, 2, 65536, 3, 65536, 1, 10]);
});

test('each peer is a connection of its own, named by its path, and answered there', { skip }, async (t) => {
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  const peers = [new DatagramPeer(t, fresh()), new DatagramPeer(t, `@${fresh()}`)];
  for (const [i, peer] of peers.entries()) {
    peer.send(path, `from ${i}`);
    await until(() => accepted.length === i + 1, 'a connection');
    accepted[i]!.setReading(true);
    await until(() => recorders[i]!.text() === `from ${i}`, 'its message');
    assert.equal(accepted[i]!.address(), `unix,${peer.path}`);
  }
  for (const [i, peer] of peers.entries()) {
    accepted[i]!.write(Buffer.from(`to ${i}`));
    assert.equal(await peer.next(), `to ${i}`);
  }
  peers[0]!.send(path, ' again');
  await until(() => recorders[0]!.text() === 'from 0 again', 'the next one');
  assert.equal(accepted.length, 2);
});

test('senders without a name are one connection, which ends in an error when they are to be answered', { skip }, async (t) => {
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  for (const text of ['one ', 'two']) new DatagramPeer(t, undefined).send(path, text);
  await until(() => accepted.length === 1, 'a connection');
  accepted[0]!.setReading(true);
  await until(() => recorders[0]!.text() === 'one two', 'both messages');
  assert.equal(accepted[0]!.address(), 'unix,');
  recorders[0]!.during(() => accepted[0]!.write(Buffer.from('answer')));
  await until(() => recorders[0]!.closes === 1, 'the end');
  assert.equal(recorders[0]!.error?.code, 'inval');
  new DatagramPeer(t, undefined).send(path, 'three');
  await until(() => accepted.length === 2, 'a new connection');
});

test('after a close the next message of that peer makes a new connection; an empty one does not', { skip }, async (t) => {
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  const peer = new DatagramPeer(t, fresh());
  peer.send(path, 'one');
  await until(() => accepted.length === 1, 'a connection');
  accepted[0]!.close();
  await until(() => recorders[0]!.closes === 1, 'closed()');
  peer.send(path, '');
  await settle();
  assert.equal(accepted.length, 1);
  peer.send(path, 'two');
  await until(() => accepted.length === 2, 'a second connection');
});

test('more peers than there is room for are not heard, until one leaves', { skip }, async (t) => {
  const path = fresh();
  const { accepted } = await listening(t, path);
  const peers: DatagramPeer[] = [];
  for (let i = 0; i <= 1024; i++) {
    peers.push(new DatagramPeer(t, `@${fresh()}`));
    peers.at(-1)!.send(path, 'x');
    if (i < 1024) await until(() => accepted.length === i + 1, 'a connection');
    accepted[i]?.setReading(true);
  }
  await settle();
  assert.equal(accepted.length, 1024);
  peers[5]!.close();
  await until(() => {
    peers.at(-1)!.send(path, 'x');
    return accepted.length === 1025;
  }, 'one more');
});

test('a peer whose socket is gone is found out by a write, or when another peer comes', { skip }, async (t) => {
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  const peers = [new DatagramPeer(t, fresh()), new DatagramPeer(t, fresh()), new DatagramPeer(t, fresh())];
  for (const [i, peer] of peers.entries()) {
    peer.send(path, 'x');
    await until(() => accepted.length === i + 1, 'a connection');
    accepted[i]!.setReading(true);
    await until(() => recorders[i]!.length === 1, 'its message');
  }
  peers[0]!.close();
  peers[1]!.close();
  rmSync(peers[1]!.path!);
  accepted[0]!.write(Buffer.from('answer'));
  await until(() => recorders[0]!.closes === 1, 'the end of the first');
  assert.equal(recorders[0]!.error?.code, 'connrefuse');
  await settle();
  assert.equal(recorders[1]!.closes, 0);
  new DatagramPeer(t, fresh()).send(path, 'x');
  await until(() => accepted.length === 4, 'another connection');
  assert.equal(recorders[1]!.error?.code, 'remclose');
  assert.equal(recorders[2]!.closes, 0);
});

test('a peer that reads nothing gets all of it later, in order, and holds up nobody else', { skip: skip || deepQueues }, async (t) => {
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  const [slow, quick] = [new DatagramPeer(t, fresh()), new DatagramPeer(t, fresh())];
  slow.send(path, 'x');
  await until(() => accepted.length === 1, 'the slow one');
  quick.send(path, 'x');
  accepted[0]!.setReading(true);
  await until(() => accepted.length === 2, 'the quick one');
  let sent = 0;
  while (accepted[0]!.write(Buffer.from(`${sent} `))) sent++;
  sent++;
  assert.ok(accepted[0]!.bufferedBytes() > 0);
  for (let i = 0; i < 50; i++) {
    accepted[1]!.write(Buffer.from(`${i}`));
    assert.equal(await quick.next(), `${i}`);
  }
  assert.equal(recorders[0]!.writables, 0);
  let got = '';
  for (let i = 0; i < sent; i++) got += await slow.next();
  assert.equal(got, Array.from({ length: sent }, (_, i) => `${i} `).join(''));
  await until(() => recorders[0]!.writables === 1, 'writable()');
  assert.equal(accepted[0]!.bufferedBytes(), 0);
});

test('while a peer is behind nothing is tried again and again', { skip }, async (t) => {
  const c = needLibc();
  const path = fresh();
  const { accepted } = await listening(t, path);
  const peer = new DatagramPeer(t, fresh());
  // Few big messages fill the send buffer, many small ones the queue of the peer.
  for (const size of [60_000, 10]) {
    peer.send(path, 'x');
    await until(() => accepted.length > 0, 'a connection');
    const gensio = accepted.pop()!;
    while (gensio.write(Buffer.alloc(size)));
    const tries = t.mock.method(c, 'sendTo');
    await settle();
    assert.equal(tries.mock.callCount(), 0);
    tries.mock.restore();
    gensio.abort();
    await settle();
    while (peer.take() !== undefined);
  }
});

test('what it opened is closed at its end', { skip }, async (t) => {
  const open = (): number => readdirSync('/proc/self/fd').length;
  await settle();
  const before = open();
  const path = fresh();
  const { accepter, accepted } = await listening(t, path);
  const c = unixdgramConnector(spec(path));
  assert.equal(await opened(c), undefined);
  c.write(Buffer.from('x'));
  await until(() => accepted.length === 1, 'a connection');
  const connected = open();
  while (accepted[0]!.write(Buffer.alloc(10)));
  accepted[0]!.abort();
  await until(
    () => open() === connected,
    () => `${open()} descriptors, ${connected} before it waited`,
  );
  c.abort();
  await new Promise<void>((resolve) => accepter.close(resolve));
  await until(
    () => open() === before,
    () => `${open()} descriptors, ${before} before`,
  );
});

test('where the system can watch no more, listening, opening and waiting fail, and nothing is left open', {
  skip: skip || deepQueues,
}, async (t) => {
  const c = needLibc();
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  const peer = new DatagramPeer(t, fresh());
  peer.send(path, 'x');
  await until(() => accepted.length === 1, 'a connection');
  const before = readdirSync('/proc/self/fd').length;
  const set = c.epollSet;
  t.mock.method(c, 'epollSet', (...args: Parameters<typeof set>) =>
    args[2] === 'add' ? new SystemError(constants.errno.ENOSPC, 'epoll_ctl') : set(...args),
  );
  for (let i = 0; i < 10_000; i++) accepted[0]!.write(Buffer.alloc(10));
  await until(() => recorders[0]!.closes === 1, 'the end');
  const other = fresh();
  assert.equal((await listening(t, other)).err?.code, 'oserr');
  assert.equal((await opened(unixdgramConnector(spec(path, { laddr: other }))))?.code, 'oserr');
  assert.equal(existsSync(other), false);
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('a peer that is turned away, with a message unread and no room for the reason, holds up nobody', { skip }, async (t) => {
  const path = fresh();
  const { accepted } = await listening(t, path);
  const deaf = new DatagramPeer(t, fresh());
  deaf.send(path, 'x');
  await until(() => accepted.length === 1, 'a connection');
  while (accepted[0]!.write(Buffer.from('Port already in use\r\n')));
  accepted[0]!.close();
  const peer = new DatagramPeer(t, fresh());
  for (let i = 0; i < 50; i++) {
    deaf.send(path, 'x');
    peer.send(path, 'x');
    await settle(2);
  }
  assert.equal(accepted.length, 2);
});

test('a peer that dies while it is waited for ends its connection', { skip }, async (t) => {
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  const peer = new DatagramPeer(t, fresh());
  peer.send(path, 'x');
  await until(() => accepted.length === 1, 'a connection');
  while (accepted[0]!.write(Buffer.alloc(100)));
  peer.close();
  await until(() => recorders[0]!.closes === 1, 'the end');
  assert.equal(recorders[0]!.error?.code, 'connrefuse');
});

test('a connector takes messages of strangers only with nocon, and still sends to its own peer', { skip }, async (t) => {
  for (const nocon of [false, true]) {
    const [peer, stranger] = [new DatagramPeer(t, fresh()), new DatagramPeer(t, fresh())];
    const laddr = fresh();
    const gensio = unixdgramConnector(spec(peer.path!, { nocon, laddr, perm: 0o600 }));
    const recorder = new RecordingUp();
    gensio.up = recorder;
    assert.equal(await opened(gensio), undefined);
    t.after(() => gensio.abort());
    assert.equal(gensio.address(), `unix,${peer.path}`);
    assert.equal((lstatSync(laddr).mode & 0o777).toString(8), '600');
    gensio.setReading(true);
    stranger.send(laddr, 'stranger ');
    await settle();
    peer.send(laddr, 'peer');
    await until(() => recorder.text().endsWith('peer'), 'the peer');
    assert.equal(recorder.text(), nocon ? 'stranger peer' : 'peer');
    gensio.write(Buffer.from('out'));
    assert.equal(await peer.next(), 'out');
    gensio.close();
    await until(() => recorder.closes === 1, 'closed()');
    assert.equal(existsSync(laddr), false);
  }
});

test('a connector opens although nobody receives there; what it sends then ends it, and a peer that comes back is reached', {
  skip,
}, async (t) => {
  const path = fresh();
  const gensio = unixdgramConnector(spec(path));
  const recorder = new RecordingUp();
  gensio.up = recorder;
  assert.equal(await opened(gensio), undefined);
  for (let i = 0; i < 2; i++) {
    const peer = new DatagramPeer(t, path);
    gensio.write(Buffer.from(`${i}`));
    assert.equal(await peer.next(), `${i}`);
    peer.close();
    rmSync(path);
  }
  recorder.during(() => gensio.write(Buffer.from('lost')));
  await until(() => recorder.closes === 1, 'the end');
  assert.equal(recorder.error?.code, 'notfound');
});

test('the socket has the rights asked for, and goes when listening ends; what is there is cleared only when nobody has it', {
  skip,
}, async (t) => {
  const path = fresh();
  const c = needLibc();
  const bind = c.bindUnix;
  let atFirst = 0o777;
  t.mock.method(c, 'bindUnix', (...args: Parameters<typeof bind>) => {
    const err = bind(...args);
    if (err === undefined) atFirst &= lstatSync(path).mode;
    return err;
  });
  const first = await listening(t, path, { perm: 0o640 });
  t.mock.restoreAll();
  assert.equal(first.err, undefined);
  assert.equal(atFirst, 0, 'nobody may send before the rights are set');
  assert.equal((lstatSync(path).mode & 0o777).toString(8), '640');
  assert.equal((await listening(t, path)).err?.code, 'addrinuse');
  await new Promise<void>((resolve) => first.accepter.close(resolve));
  assert.equal(existsSync(path), false);
  // Bound and closed again: what a killed process leaves.
  new DatagramPeer(t, path).close();
  assert.equal(existsSync(path), true);
  assert.equal((await listening(t, path)).err, undefined);
  const folder = fresh();
  mkdirSync(folder);
  assert.ok((await listening(t, folder, { delsock: true })).err !== undefined);
  await refusesTakenPaths(t, async (path, opts) => (await listening(t, path, opts)).err, fresh);
});

test('while a peer is connected the path stays after the end of listening, and one that another process made is left alone', {
  skip,
}, async (t) => {
  const path = fresh();
  const { accepter, accepted, recorders } = await listening(t, path);
  const peer = new DatagramPeer(t, fresh());
  peer.send(path, 'one ');
  await until(() => accepted.length === 1, 'a connection');
  await new Promise<void>((resolve) => accepter.close(resolve));
  accepted[0]!.setReading(true);
  peer.send(path, 'two');
  await until(() => recorders[0]!.text() === 'one two', 'what comes after the end of listening');
  new DatagramPeer(t, fresh()).send(path, 'newcomer');
  await settle();
  assert.deepEqual([accepted.length, recorders[0]!.closes], [1, 0]);
  renameSync(path, `${path}.old`);
  writeFileSync(path, 'mine');
  accepted[0]!.close();
  await until(() => recorders[0]!.closes === 1, 'closed()');
  assert.equal(existsSync(path), true);
});

test('paths that cannot be, and a Node.js whose insides are not as expected, are errors with words', { skip }, async (t) => {
  assert.equal((await listening(t, '')).err?.code, 'notfound');
  assert.equal((await listening(t, `/tmp/${'x'.repeat(200)}`)).err?.code, 'toobig');
  assert.equal((await listening(t, join(dir, 'a\0b'))).err?.code, 'inval');
  assert.equal((await opened(unixdgramConnector(spec(''))))?.code, 'notfound');
  assert.equal((await opened(unixdgramConnector(spec(`/tmp/${'x'.repeat(200)}`))))?.code, 'toobig');
  forcePublicInterfaces(true);
  t.after(() => forcePublicInterfaces(false));
  const refused = fresh();
  assert.match((await listening(t, refused)).err?.detail ?? '', /needs koffi/);
  assert.equal(existsSync(refused), false);
  assert.match((await opened(unixdgramConnector(spec(refused))))?.detail ?? '', /needs koffi/);
});

test('any name of a sender is printed on one line, and a path as it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 108 }), (name) => {
      const address: UnixAddress = Buffer.concat([Buffer.from([1, 0]), name]);
      assert.match(printUnixAddress(address), /^unix,[^\0-\x1f\x7f]*$/);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~][ -~]{0,100}$/), (path) => {
      assert.equal(printUnixAddress(unixAddress(path)!), `unix,${path}`);
    }),
  );
});

const CLIENT = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[2]); s.connect(sys.argv[1])
s.send(b'one'); s.send(b'two')
print(s.recv(100), s.recv(100), s.recv(100), flush=True)
count = int(sys.stdin.readline())
got = [len(s.recv(100)) for _ in range(count)]
print(len(got), flush=True)
`;
const PYTHON = spawnSync('python3', ['-V']).error === undefined;

test('another program that connects to the path sees messages where we wrote them, and gets all of them when it reads late', {
  skip: skip || (!PYTHON && 'no python3'),
}, async (t) => {
  const path = fresh();
  const { accepted, recorders } = await listening(t, path);
  const child = spawn('python3', ['-c', CLIENT, path, fresh()], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => void child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  await until(() => accepted.length === 1, 'a connection');
  accepted[0]!.setReading(true);
  await until(() => recorders[0]!.chunks.length === 2, 'two messages');
  assert.deepEqual(recorders[0]!.chunks.map(String), ['one', 'two']);
  for (const text of ['a', 'bc', 'def']) accepted[0]!.write(Buffer.from(text));
  await until(() => out.includes('\n'), 'its output');
  assert.equal(out, "b'a' b'bc' b'def'\n");
  // To a socket that is connected to ours the system gives as many as our send buffer holds.
  let sent = 1;
  while (accepted[0]!.write(Buffer.alloc(10)) && sent < 100_000) sent++;
  child.stdin.write(`${sent}\n`);
  await until(
    () => out.endsWith(`${sent}\n`),
    () => `${sent} messages: ${out}`,
  );
  await until(() => recorders[0]!.writables === 1, 'writable()');
});
