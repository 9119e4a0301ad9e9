import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { libc } from '../../../src/base/libc.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { unixseqAccepter, unixseqConnector } from '../../../src/gensio/net/unixseq.ts';
import { forcePublicInterfaces } from '../../../src/gensio/uv-handle.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { pairCompliance } from '../../compliance/pairs.ts';
import { opened, RecordingUp, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { testFolder } from '../../rig/keys.ts';
import { type Accepting, accepting } from '../../rig/stack-ends.ts';
import { layerSpec } from '../layer-spec.ts';
import { refusesTakenPaths } from './taken-paths.ts';

const skip = libc() === undefined && 'koffi is not installed';
const dir = testFolder();
let n = 0;
const fresh = (): string => join(dir, `q${n++}`);
type Opts = Partial<LayerOf<'unixseq'>['opts']>;
const spec = (path: string, opts: Opts = {}): LayerOf<'unixseq'> => layerSpec('unixseq', opts, { path });

const listening = (t: TestContext, path: string, opts: Opts = {}): Promise<Accepting> =>
  accepting(t, unixseqAccepter(spec(path, opts), testEnv()));
/** Both ends of a connection. */
async function pair(t: TestContext): Promise<{ a: Gensio; c: Gensio }> {
  const path = fresh();
  const { accepted, err } = await listening(t, path);
  assert.equal(err, undefined);
  const c = unixseqConnector(spec(path), testEnv());
  assert.equal(await opened(c), undefined);
  await until(() => accepted.length === 1, 'a connection');
  return { a: accepted[0]!, c };
}

if (skip === false)
  pairCompliance('unixseq', pair, {
    async unopened(t) {
      const path = fresh();
      await listening(t, path);
      return unixseqConnector(spec(path), testEnv());
    },
    refused: () => ({ gensio: unixseqConnector(spec(join(dir, 'nobody')), testEnv()), code: 'notfound' }),
  });

test('each write is one message and each message one read, however fast they come; bigger ones become several', { skip }, async (t) => {
  const { a, c } = await pair(t);
  // The name of the layer is not in the address (ser2net 4.6.7).
  assert.equal(a.address(), 'unix,');
  assert.match(c.address(), /^unix,\//);
  const heard: number[] = [];
  const recorder = new RecordingUp();
  recorder.read = (data) => void heard.push(data.length);
  a.up = recorder;
  const lengths = [1, 2, 65536, 3, 65537, 10];
  for (const length of lengths) c.write(Buffer.alloc(length));
  a.setReading(true);
  await until(() => heard.length === 7, 'all messages');
  assert.deepEqual(heard, [1, 2, 65536, 3, 65536, 1, 10]);
});

const CLIENT = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])
s.send(b'one'); s.send(b'two')
print(s.recv(100), s.recv(100), s.recv(100), flush=True)
s.close()
`;
const PYTHON = spawnSync('python3', ['-V']).error === undefined;

test('another program sees messages where we wrote them', { skip: skip || (!PYTHON && 'no python3') }, async (t) => {
  const path = fresh();
  const { accepted } = await listening(t, path);
  const child = spawn('python3', ['-c', CLIENT, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => void child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  await until(() => accepted.length === 1, 'a connection');
  const recorder = new RecordingUp();
  const heard: string[] = [];
  recorder.read = (data) => void heard.push(data.toString());
  const [gensio] = accepted;
  gensio!.up = recorder;
  gensio!.setReading(true);
  await until(() => heard.length === 2, 'two messages');
  assert.deepEqual(heard, ['one', 'two']);
  for (const text of ['a', 'bc', 'def']) gensio!.write(Buffer.from(text));
  await until(() => recorder.closes === 1, 'the end');
  assert.equal(out, "b'a' b'bc' b'def'\n");
});

test('the socket has the rights asked for, and goes when listening ends; what is there is cleared only when nobody has it', {
  skip,
}, async (t) => {
  const path = fresh();
  const first = await listening(t, path, { perm: 0o640 });
  assert.equal(first.err, undefined);
  assert.equal((lstatSync(path).mode & 0o777).toString(8), '640');
  assert.equal((await listening(t, path)).err?.code, 'addrinuse');
  await new Promise<void>((resolve) => first.accepter.close(resolve));
  assert.equal(existsSync(path), false);
  // Bound and closed again: what a killed process leaves.
  const left = libc()!.openSequenced(path, 'bind');
  if (typeof left === 'number') libc()!.close(left);
  assert.equal((await listening(t, path)).err, undefined);
  await refusesTakenPaths(t, async (path, opts) => (await listening(t, path, opts)).err, fresh);
});

test('permusers decides who may connect', { skip }, async (t) => {
  const path = fresh();
  const { accepted, failed } = await listening(t, path, { permusers: ['54321'] });
  const c = unixseqConnector(spec(path), testEnv());
  const recorder = new RecordingUp();
  c.up = recorder;
  assert.equal(await opened(c), undefined);
  c.setReading(true);
  await until(() => failed.length === 1 && recorder.closes === 1, 'the refusal');
  assert.equal(accepted.length, 0);
});

test('paths that cannot be, and a Node.js whose insides are not as expected, are errors with words', { skip }, async (t) => {
  assert.equal((await listening(t, '')).err?.code, 'notfound');
  assert.equal((await listening(t, `/tmp/${'x'.repeat(200)}`)).err?.code, 'toobig');
  const path = fresh();
  await listening(t, path);
  forcePublicInterfaces(true);
  t.after(() => forcePublicInterfaces(false));
  const refused = fresh();
  assert.match((await listening(t, refused)).err?.detail ?? '', /needs koffi/);
  assert.equal(existsSync(refused), false);
  assert.match((await opened(unixseqConnector(spec(path), testEnv())))?.detail ?? '', /needs koffi/);
});
