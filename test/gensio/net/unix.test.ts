import assert from 'node:assert/strict';
import { existsSync, lstatSync, renameSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import { libc } from '../../../src/base/libc.ts';
import { unixAccepter, unixConnector } from '../../../src/gensio/net/unix.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance, pattern } from '../../compliance/gensio.ts';
import { farStream, opened, RecordingUp, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { testFolder } from '../../rig/keys.ts';
import { type Accepting, accepting } from '../../rig/stack-ends.ts';
import { layerSpec } from '../layer-spec.ts';

const dir = testFolder();
let n = 0;
const fresh = (): string => join(dir, `s${n++}`);
const spec = (path: string, opts: Partial<LayerOf<'unix'>['opts']> = {}): LayerOf<'unix'> => layerSpec('unix', opts, { path });

const listening = (t: TestContext, path: string, opts: Partial<LayerOf<'unix'>['opts']> = {}): Promise<Accepting> =>
  accepting(t, unixAccepter(spec(path, opts), testEnv()));

compliance('unix accepted', {
  async make(t) {
    const path = fresh();
    const { accepted } = await listening(t, path);
    const far = farStream(createConnection({ path, allowHalfOpen: true }));
    await until(() => accepted.length === 1, 'a connection');
    return { gensio: accepted[0]!, far };
  },
});
compliance('unix connector', {
  async make(t) {
    const path = fresh();
    const server = createServer({ allowHalfOpen: true }).listen(path);
    t.after(() => server.close());
    const gensio = unixConnector(spec(path), testEnv());
    const socket = new Promise<import('node:net').Socket>((resolve) => server.once('connection', resolve));
    assert.equal(await opened(gensio), undefined);
    return { gensio, far: farStream(await socket) };
  },
  async unopened(t) {
    const path = fresh();
    const server = createServer((s) => s.resume()).listen(path);
    t.after(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    return unixConnector(spec(path), testEnv());
  },
  refused: () => ({ gensio: unixConnector(spec(join(dir, 'nobody')), testEnv()), code: 'notfound' }),
});

test('an accepter that is closed before it listens does not listen afterwards', async () => {
  const path = fresh();
  const accepter = unixAccepter(spec(path), testEnv());
  accepter.up = { accepted: () => undefined, failed: () => undefined };
  const listened = new Promise<GensioError | undefined>((resolve) => accepter.listen(resolve));
  await new Promise<void>((resolve) => accepter.close(resolve));
  assert.equal((await listened)?.code, 'localclosed');
  assert.equal(existsSync(path), false);
});

test('mode options set the mode of the socket, whatever the umask; one part given opens the others', async (t) => {
  const mode = async (opts: Partial<LayerOf<'unix'>['opts']>): Promise<string> => {
    const path = fresh();
    const { err } = await listening(t, path, opts);
    assert.equal(err?.message, undefined);
    return (lstatSync(path).mode & 0o777).toString(8);
  };
  assert.equal(await mode({ perm: 0o666 }), '666');
  assert.equal(await mode({ perm: 0o600 }), '600');
  assert.equal(await mode({ umode: 7 }), '766');
  assert.equal(await mode({ gmode: 0 }), '606');
});

test('what is at the path is an error, unless delsock says to remove it', async (t) => {
  const path = fresh();
  writeFileSync(path, 'mine');
  assert.equal((await listening(t, path)).err?.message, 'Address already in use');
  assert.ok(lstatSync(path).isFile());
  assert.equal((await listening(t, path, { delsock: true })).err, undefined);
  assert.ok(lstatSync(path).isSocket());
});

test('the path goes away when listening ends, and connections live on', async (t) => {
  const path = fresh();
  const { accepter, accepted } = await listening(t, path);
  const far = farStream(createConnection({ path }));
  await until(() => accepted.length === 1, 'a connection');
  await new Promise<void>((resolve) => accepter.close(resolve));
  assert.equal(existsSync(path), false);
  accepted[0]!.write(Buffer.from('still here'));
  await until(() => far.received().toString() === 'still here', 'data');
});

test('an unknown owner or group is an error and leaves no socket', async (t) => {
  for (const opts of [{ owner: 'no-such-user-here' }, { group: 'no-such-group-here' }]) {
    const path = fresh();
    assert.equal((await listening(t, path, opts)).err?.message, 'Value or file not found');
    await until(() => !existsSync(path), 'the socket to go');
  }
});

test('permusers and permgrps decide who may connect', { skip: libc() === undefined && 'no koffi' }, async (t) => {
  const me = String(process.getuid!());
  for (const [opts, fine] of [
    [{ permusers: [me] }, true],
    [{ permusers: ['54321'] }, false],
    [{ permgrps: [String(process.getgid!())] }, true],
    [{ permusers: ['no-such-user-here'], permgrps: ['no-such-group-here'] }, false],
  ] as const) {
    const path = fresh();
    const { accepted, failed } = await listening(t, path, opts);
    const far = farStream(createConnection({ path }));
    await until(() => accepted.length + failed.length === 1, 'a decision');
    assert.equal(accepted.length, fine ? 1 : 0, JSON.stringify(opts));
    if (!fine) await until(() => far.closed(), 'the end');
  }
});

test('a path that is too long is refused', async (t) => {
  assert.equal((await listening(t, `/tmp/${'x'.repeat(200)}`)).err?.code, 'toobig');
});

/** A socket whose process ended without removing it. */
async function leftOver(): Promise<string> {
  const [before, path] = [fresh(), fresh()];
  const server = createServer().listen(before);
  await new Promise((resolve) => server.once('listening', resolve));
  renameSync(before, path);
  await new Promise((resolve) => server.close(resolve));
  return path;
}

test('a socket that a killed process left behind does not hinder the next one', async (t) => {
  const path = await leftOver();
  const { err, accepted } = await listening(t, path);
  assert.equal(err, undefined);
  const socket = createConnection({ path });
  socket.on('connect', () => socket.destroy());
  await until(() => accepted.length === 1, 'a connection');
});

test('a socket that somebody listens on, and what is no socket, is left alone', async (t) => {
  const path = fresh();
  const server = createServer().listen(path);
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  assert.equal((await listening(t, path)).err?.code, 'addrinuse');
  assert.ok(server.listening && lstatSync(path).isSocket());
  const file = fresh();
  writeFileSync(file, 'precious');
  assert.equal((await listening(t, file)).err?.code, 'addrinuse');
  assert.ok(existsSync(file));
});

test('of a peer that left every buffer may be kept', { skip: libc() === undefined ? 'no FFI here' : false }, async (t) => {
  const path = fresh();
  const { accepted } = await listening(t, path);
  const socket = createConnection({ path });
  await until(() => accepted.length === 1, 'a connection');
  const [gensio, recorder] = [accepted[0]!, new RecordingUp()];
  gensio.up = recorder;
  const kept: Buffer[] = [];
  recorder.onRead = (data) => {
    kept.push(data);
    if (kept.length === 1) gensio.setReading(false);
  };
  gensio.setReading(true);
  // As much as the kernel keeps for a reader that has stopped.
  const data = pattern(150_000);
  socket.end(data);
  await until(() => gensio.peerClosed?.() === true, 'the peer to leave');
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'the end');
  assert.ok(kept.length > 2, `${kept.length} pieces`);
  assert.ok(Buffer.concat(kept).equals(data));
});
