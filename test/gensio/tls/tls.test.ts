import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import type { Accepter, Gensio } from '../../../src/gensio/gensio.ts';
import { MAX_HANDSHAKES } from '../../../src/gensio/handshakes.ts';
import { Builder } from '../../../src/gensio/registry.ts';
import { directoryAuthority } from '../../../src/gensio/tls/authority.ts';
import { reloadTls } from '../../../src/gensio/tls/credentials.ts';
import { sslFilter } from '../../../src/gensio/tls/tls.ts';
import { TCP } from '../../../src/options/net.ts';
import { defaults, type MutableValues } from '../../../src/options/row.ts';
import type { LayerOf, LayerSpec } from '../../../src/options/stack.ts';
import { SSL } from '../../../src/options/tls.ts';
import { Ear, farGensio, farStream, opened, settle, until } from '../../compliance/ear.ts';
import { compliance } from '../../compliance/gensio.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { type TestEnv, testEnv } from '../../rig/gensio-env.ts';
import { allowCertificate, makeKey, testFolder } from '../../rig/keys.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';

const dir = testFolder();
const server = makeKey(dir, 'server');
const joe = makeKey(dir, 'joe', { use: 'client' });
const bob = makeKey(dir, 'bob', { use: 'client' });

type Opts = Partial<MutableValues<typeof SSL>>;
const tcp = (port: number): LayerSpec => ({
  type: 'tcp',
  opts: defaults(TCP),
  addrs: [{ family: 'ipv4', host: '127.0.0.1', port: String(port) }],
});
const ssl = (opts: Opts, child: LayerSpec = tcp(0)): LayerOf<'ssl'> => ({ type: 'ssl', opts: { ...defaults(SSL), ...opts }, child });
const serverOpts = (over: Opts = {}): Opts => ({ key: server.key, cert: server.cert, ...over });
const clientOpts = (over: Opts = {}): Opts => ({ key: undefined, cert: '', CA: server.cert, ...over });

/** Both ends on a pair in memory, handshake done (or not). */
async function pair(
  a: Opts,
  b: Opts,
  env = testEnv(),
): Promise<{ s: Gensio; c: Gensio; errors: (GensioError | undefined)[]; env: TestEnv }> {
  const [x, y] = linkedPair();
  const s = sslFilter(ssl(a), x, true, env);
  const c = sslFilter(ssl(b), y, false, env);
  const errors = await Promise.all([opened(s), opened(c)]);
  return { s, c, errors, env };
}

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

/** An ssl port on loopback; what it accepted and what failed. */
async function port(
  t: TestContext,
  opts: Opts,
  env = testEnv(),
): Promise<{ accepter: Accepter; port: number; accepted: Gensio[]; failed: GensioError[]; env: TestEnv }> {
  const accepter = new Builder(env).accepter(ssl(opts));
  const accepted: Gensio[] = [];
  const failed: GensioError[] = [];
  accepter.up = { accepted: (g) => void accepted.push(g), failed: (err) => void failed.push(err) };
  assert.equal(await new Promise((resolve) => accepter.listen(resolve)), undefined);
  t.after(() => {
    for (const g of accepted) g.abort();
    return new Promise<void>((resolve) => accepter.close(resolve));
  });
  return { accepter, port: accepter.port()!, accepted, failed, env };
}

compliance('ssl server on a real socket, with Node.js as client', {
  async make(t) {
    const p = await port(t, serverOpts());
    const socket = tlsConnect({ port: p.port, host: '127.0.0.1', ca: server.x509.toString(), checkServerIdentity: () => undefined });
    t.after(() => socket.destroy());
    const far = farStream(socket);
    await until(() => p.accepted.length === 1, 'the connection');
    return { gensio: p.accepted[0]!, far };
  },
});

/** Runs a program against the port and gives what it printed. */
function run(t: TestContext, command: string, args: string[]): ChildProcess & { out: () => string } {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString('latin1');
  });
  child.stderr.on('data', (data: Buffer) => {
    out += data.toString('latin1');
  });
  child.stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  t.after(() => void child.kill('SIGKILL'));
  return Object.assign(child, { out: () => out });
}
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const noSocat = !has('socat') && 'no socat';
const noGensiot = !has('gensiot') && 'no gensiot';

/** Echoes what comes, and asserts that the far end program sees it. */
async function echo(g: Gensio, child: ReturnType<typeof run>): Promise<Ear> {
  const ear = new Ear();
  g.up = ear;
  g.setReading(true);
  child.stdin?.write('hello over TLS\n');
  await until(
    () => ear.text().includes('hello over TLS\n'),
    () => `the client's line; it says ${child.out()}`,
  );
  g.write(Buffer.from('and back\n'));
  await until(
    () => child.out().includes('and back'),
    () => `our line; it says ${child.out()}`,
  );
  return ear;
}

test('socat openssl-connect talks to the port, with and without its own certificate', { skip: noSocat }, async (t) => {
  const p = await port(t, serverOpts());
  await echo(await accept(p, () => socat(t, p.port, '')), last!);
  const q = await port(t, serverOpts({ clientauth: true, CA: joe.cert }));
  const g = await accept(q, () => socat(t, q.port, `,cert=${joe.cert},key=${joe.key}`));
  const ear = await echo(g, last!);
  assert.equal(g.peer?.user, 'joe');
  assert.equal(g.peer?.authenticated, true);
  last!.stdin?.end();
  await until(() => ear.closes === 1, 'closed()');
  assert.equal(ear.error?.code, 'remclose');
});
let last: ReturnType<typeof run> | undefined;
function socat(t: TestContext, portNumber: number, more: string): void {
  last = run(t, 'socat', ['-', `openssl-connect:127.0.0.1:${portNumber},cafile=${server.cert},commonname=server${more}`]);
}
async function accept(p: { accepted: Gensio[]; failed: GensioError[] }, start: () => void): Promise<Gensio> {
  const before = p.accepted.length;
  start();
  await until(
    () => p.accepted.length > before,
    () => `a connection; failed: ${p.failed.map((e) => e.message)} ${last?.out()}`,
  );
  return p.accepted[before]!;
}

test('our client talks to socat openssl-listen, which checks our certificate', { skip: noSocat }, async (t) => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port: free } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const child = run(t, 'socat', [
    `openssl-listen:${free},bind=127.0.0.1,reuseaddr,cert=${server.cert},key=${server.key},cafile=${joe.cert},verify=1`,
    '-',
  ]);
  let client: Gensio | undefined;
  const trying = testEnv();
  await until(() => child.pid !== undefined, 'socat');
  for (let i = 0; client === undefined && i < 100; i++) {
    const g = new Builder(trying).connector(ssl(clientOpts({ key: joe.key, cert: joe.cert }), tcp(free)));
    if ((await opened(g)) === undefined) client = g;
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(client, child.out());
  const ear = new Ear();
  client.up = ear;
  client.setReading(true);
  client.write(Buffer.from('to socat\n'));
  await until(() => child.out().includes('to socat'), child.out);
  child.stdin?.write('from socat\n');
  await until(() => ear.text() === 'from socat\n', 'its line');
  assert.equal(client.peer?.user, 'server');
  client.close();
  await until(() => ear.closes === 1, 'closed()');
});

test('gensiot talks to the port, and is let in by its certificate in the authdir', { skip: noGensiot }, async (t) => {
  const authdir = join(dir, 'auth-gensiot');
  allowCertificate(authdir, 'joe', joe);
  const env = testEnv();
  const auth = directoryAuthority({ authdir, allowedUsers: ['joe'] }, env.log);
  const p = await port(t, serverOpts({ clientauth: true }), Object.assign(testEnv({ auth }), { lines: env.lines }));
  const start = (): void => {
    last = run(t, 'gensiot', ['-i', 'stdio(self)', `ssl(CA=${server.cert},key=${joe.key},cert=${joe.cert}),tcp,127.0.0.1,${p.port}`]);
  };
  const g = await accept(p, start);
  await echo(g, last!);
  assert.equal(g.peer?.user, 'joe');
  run(t, 'gensiot', ['-i', 'stdio(self)', `ssl(CA=${server.cert},key=${bob.key},cert=${bob.cert}),tcp,127.0.0.1,${p.port}`]);
  await until(() => p.failed.length === 1, 'a refusal');
  assert.equal(p.failed[0]?.code, 'protoerr');
});

test('a client without a certificate is refused where one is asked for', async (t) => {
  const p = await port(t, serverOpts({ clientauth: true, CA: joe.cert }));
  const socket = tlsConnect({ port: p.port, host: '127.0.0.1', rejectUnauthorized: false });
  const far = farStream(socket);
  await until(() => p.failed.length === 1 && far.closed(), 'a refusal');
  assert.equal(p.failed[0]?.message, 'Certificate not provided');
});

test('a certificate nobody vouches for is refused, with the lines ser2net logs', async () => {
  const { errors, env } = await pair(serverOpts({ clientauth: true, CA: joe.cert }), clientOpts({ key: bob.key, cert: bob.cert }));
  assert.equal(errors[0]?.message, 'Protocol error');
  assert.deepEqual(env.lines, [
    'err Error verifying certificate: self-signed certificate',
    'err ssl: Failed SSL read: error:0A000086:SSL routines::certificate verify failed',
  ]);
});

test('with no CA and no authdir nobody is trusted', async () => {
  const { errors } = await pair(serverOpts({ clientauth: true }), clientOpts({ key: joe.key, cert: joe.cert }));
  assert.equal(errors[0]?.code, 'protoerr');
  assert.equal((await pair(serverOpts(), clientOpts({ CA: undefined }))).errors[1]?.code, 'certinvalid');
});

test('allow-authfail lets anybody in, and says that nothing is proved', async () => {
  const { errors, s } = await pair(serverOpts({ clientauth: true, allowAuthfail: true }), clientOpts({ key: bob.key, cert: bob.cert }));
  assert.deepEqual(errors, [undefined, undefined]);
  assert.deepEqual(s.peer, { user: 'bob', fingerprint: bob.x509.fingerprint256, authenticated: false });
  const none = await pair(serverOpts({ clientauth: true, allowAuthfail: true }), clientOpts({ CA: undefined, allowAuthfail: true }));
  assert.deepEqual(none.errors, [undefined, undefined]);
  assert.equal(none.s.peer?.authenticated, false);
});

test('a hashed directory is a CA, for both ends', async () => {
  const cas = join(dir, 'cas');
  mkdirSync(cas, { recursive: true });
  copyFileSync(joe.cert, join(cas, '11111111.0'));
  copyFileSync(server.cert, join(cas, '22222222.0'));
  copyFileSync(bob.cert, join(cas, 'bob.crt'));
  const fine = await pair(serverOpts({ clientauth: true, CA: `${cas}/` }), clientOpts({ CA: `${cas}/`, key: joe.key, cert: joe.cert }));
  assert.deepEqual(fine.errors, [undefined, undefined]);
  const other = await pair(serverOpts({ clientauth: true, CA: `${cas}/` }), clientOpts({ CA: `${cas}/`, key: bob.key, cert: bob.cert }));
  assert.equal(other.errors[0]?.code, 'protoerr');
});

test('an allow list goes by fingerprint, common name and alternative name', async () => {
  const named = makeKey(dir, 'with-names', { use: 'client', names: ['box.example.org', '10.1.2.3'] });
  const as = (key: typeof joe): Opts => clientOpts({ key: key.key, cert: key.cert });
  const code = async (allow: string[], key: typeof joe, CA?: string): Promise<string | undefined> =>
    (await pair(serverOpts({ allow, CA }), as(key))).errors[0]?.code;
  assert.equal(await code([`sha256:${joe.x509.fingerprint256}`], joe), undefined);
  assert.equal(await code([`sha256:${joe.x509.fingerprint256.replaceAll(':', '').toLowerCase()}`], joe), undefined);
  assert.equal(await code([`sha256:${joe.x509.fingerprint256}`], bob), 'protoerr');
  assert.equal(await code([`sha256:${joe.x509.fingerprint256}`], bob, bob.cert), 'authreject');
  assert.equal(await code(['joe'], joe, joe.cert), undefined);
  assert.equal(await code(['joe'], joe), 'protoerr');
  assert.equal(await code(['joe'], bob, bob.cert), 'authreject');
  assert.equal(await code(['box.example.org'], named, named.cert), undefined);
  assert.equal(await code(['10.1.2.3'], named, named.cert), undefined);
  assert.equal(await code(['example.org'], named, named.cert), 'authreject');
  // Whoever it was can be put on the list from the log.
  const { env } = await pair(serverOpts({ allow: ['bob'] }), as(joe));
  assert.ok(
    env.lines.includes(`err ssl: certificate of 'joe' is not on the allow list (sha256:${joe.x509.fingerprint256})`),
    env.lines.join(),
  );
  const clientSide = await pair(serverOpts(), clientOpts({ allow: ['somebody-else'] }));
  assert.equal(clientSide.errors[1]?.code, 'authreject');
});

test('a user must be among the allowed ones, whatever his certificate', async () => {
  const env = testEnv();
  const auth = directoryAuthority({ authdir: dir, allowedUsers: ['amy'] }, env.log);
  const { errors } = await pair(serverOpts({ clientauth: true, CA: joe.cert }), clientOpts({ key: joe.key, cert: joe.cert }), {
    ...env,
    auth,
  });
  assert.equal(errors[0]?.code, 'authreject');
  assert.deepEqual(env.lines, ['err Username not allowed for this connection: joe']);
});

test('an expired certificate is refused, also when it is its own anchor or pinned', async () => {
  const old = makeKey(dir, 'old', { use: 'client', now: new Date('2020-01-01T00:00:00Z') });
  const as = clientOpts({ key: old.key, cert: old.cert });
  for (const opts of [{ CA: old.cert, clientauth: true }, { allow: [`sha256:${old.x509.fingerprint256}`] }]) {
    const { errors, env } = await pair(serverOpts(opts), as);
    assert.equal(errors[0]?.code, 'protoerr');
    assert.equal(env.lines.filter((line) => line.startsWith('err'))[0], 'err Error verifying certificate: certificate has expired');
  }
});

/** A certificate with an RSA key of 1024 bits, self-signed; the key as it is and encrypted. */
const weak = join(import.meta.dirname, '../../../../test/fixtures/tls');
const weakCert = join(weak, 'weak.crt');

test('a key of less than 2048 bits is refused at the far end, also when it is its own anchor, pinned or in allowed_certs', async (t) => {
  const authdir = join(dir, 'weak-auth');
  mkdirSync(join(authdir, 'weak', 'allowed_certs'), { recursive: true });
  copyFileSync(weakCert, join(authdir, 'weak', 'allowed_certs', '01234567.0'));
  const pin = `sha256:${new X509Certificate(readFileSync(weakCert)).fingerprint256}`;
  for (const opts of [{ CA: weakCert, clientauth: true }, { allow: [pin] }, { clientauth: true }]) {
    const env = testEnv();
    const auth = directoryAuthority({ authdir, allowedUsers: undefined }, env.log);
    const p = await port(t, serverOpts(opts), { ...env, auth });
    const key = readFileSync(join(weak, 'weak.key'));
    const as = { key, cert: readFileSync(weakCert), ciphers: 'DEFAULT:@SECLEVEL=0', rejectUnauthorized: false };
    const client = tlsConnect({ ...as, port: p.port, host: '127.0.0.1' });
    client.on('error', () => undefined);
    t.after(() => client.destroy());
    await until(() => p.failed.length + p.accepted.length === 1, 'an end of the handshake');
    assert.equal(p.failed[0]?.code, 'protoerr');
  }
});

test('files that cannot be used are told with the reason, once each time they are read: weak, encrypted, no key, expired', async () => {
  const text = join(dir, 'text');
  writeFileSync(text, 'hello');
  const old = makeKey(dir, 'old-server', { now: new Date('2020-01-01T00:00:00Z') });
  for (const [key, cert, code, line] of [
    [
      join(weak, 'weak.key'),
      weakCert,
      'certinvalid',
      `err ssl: the certificate ${weakCert} is too weak: its RSA key has 1024 bits, not 2048 or more`,
    ],
    [join(weak, 'encrypted.key'), weakCert, 'keynotfound', /err ssl: the key .*encrypted.key is encrypted, and a daemon has nobody to ask/],
    [join(weak, 'encrypted-old.key'), weakCert, 'keynotfound', /err ssl: the key .*encrypted-old.key is encrypted/],
    [text, server.cert, 'keynotfound', `err ssl: ${text} has no private key`],
    [server.key, text, 'certnotfound', `err ssl: ${text} has no certificate`],
    [server.key, join(dir, 'none'), 'certnotfound', `err ssl: ${join(dir, 'none')}: No such file or directory`],
    [old.key, old.cert, undefined, /warning ssl: .*old-server.crt: certificate has expired \(Dec 31 23:00:00 2019 GMT to Jan 31 /],
  ] as const) {
    const env = testEnv();
    for (let i = 0; i < 2; i++) assert.equal((await pair({ key, cert }, clientOpts({ allowAuthfail: true }), env)).errors[0]?.code, code);
    const said = env.lines.filter((l) => l.includes(' ssl: '));
    assert.equal(said.length, 1, said.join());
    if (typeof line === 'string') assert.equal(said[0], line);
    else assert.match(said[0]!, line);
  }
});

test('garbage instead of a handshake ends the connection and is logged as ser2net does', async (t) => {
  const p = await port(t, serverOpts());
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
  const p = await port(t, serverOpts());
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
  const p = await port(t, serverOpts());
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
  const good = tlsConnect({ port: p.port, host: '127.0.0.1', rejectUnauthorized: false });
  sockets.push(good);
  good.on('error', () => undefined);
  await until(() => p.accepted.length === 1, 'the good client');
});

test("an accepter's files are read when a connection comes; missing ones cost that connection only", async (t) => {
  const [key, cert] = [join(dir, 'late.key'), join(dir, 'late.crt')];
  const p = await port(t, { key, cert });
  const attempt = (): void => {
    const s = tlsConnect({ port: p.port, host: '127.0.0.1', rejectUnauthorized: false });
    s.on('error', () => undefined);
    t.after(() => s.destroy());
  };
  attempt();
  await until(() => p.failed.length === 1, 'a failure');
  assert.equal(p.failed[0]?.message, 'Unable to find given certificate');
  assert.equal(p.failed[0]?.stage, 'allocating');
  copyFileSync(server.key, key);
  copyFileSync(server.cert, cert);
  reloadTls();
  attempt();
  await until(() => p.accepted.length === 1, 'a connection');
});

test('new files serve new connections, old ones live on, and broken files change nothing', async (t) => {
  const [key, cert] = [join(dir, 'renew.key'), join(dir, 'renew.crt')];
  const [one, two] = [makeKey(dir, 'one'), makeKey(dir, 'two')];
  copyFileSync(one.key, key);
  copyFileSync(one.cert, cert);
  const p = await port(t, { key, cert });
  const subject = async (): Promise<string> => {
    const before = p.accepted.length;
    const s = tlsConnect({ port: p.port, host: '127.0.0.1', rejectUnauthorized: false });
    s.on('error', () => undefined);
    t.after(() => s.destroy());
    let subject = '';
    s.once('secureConnect', () => {
      subject = s.getPeerX509Certificate()!.subject;
    });
    await until(() => p.accepted.length > before && subject !== '', 'a connection');
    return subject;
  };
  assert.equal(await subject(), 'CN=one');
  copyFileSync(two.cert, `${cert}.new`);
  renameSync(`${cert}.new`, cert);
  reloadTls();
  assert.equal(await subject(), 'CN=one', 'the key does not fit yet');
  assert.match(p.env.lines.join('\n'), /warning ssl: keeping the certificate in use/);
  copyFileSync(two.key, key);
  reloadTls();
  assert.equal(await subject(), 'CN=two');
  rmSync(key);
  reloadTls();
  assert.equal(await subject(), 'CN=two');
  const ear = new Ear();
  p.accepted[0]!.up = ear;
  p.accepted[0]!.write(Buffer.from('x'));
  await settle();
  assert.equal(ear.closes, 0);
});

test('a connector with files that are missing, wrong or no pair is refused when it is made', () => {
  const wrong = join(dir, 'wrong.pem');
  writeFileSync(wrong, 'nothing');
  const build = (opts: Opts): unknown => new Builder(testEnv()).connector(ssl(opts));
  const none = { key: join(dir, 'none'), cert: join(dir, 'none') };
  assert.throws(() => build(none), { message: 'Unable to find given certificate' });
  assert.throws(() => build({ key: wrong, cert: joe.cert }), { code: 'keynotfound' });
  assert.throws(() => build({ key: bob.key, cert: joe.cert }), { code: 'keyinvalid' });
  assert.throws(() => build(clientOpts({ CA: wrong })), { code: 'certnotfound' });
  assert.throws(() => build(clientOpts({ CA: join(dir, 'none') })), { code: 'certnotfound' });
  assert.doesNotThrow(() => build(clientOpts({ CA: join(dir, 'no-such-directory/') })));
});

test('min-version refuses what is older', async (t) => {
  const p = await port(t, serverOpts({ minVersion: '1.3' }));
  const s = tlsConnect({ port: p.port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  const far = farStream(s);
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
  const ear = new Ear();
  s.up = ear;
  s.setReading(true);
  y.write(Buffer.from('1703030010000102030405060708090a0b0c0d0e0f', 'hex'));
  await until(() => ear.closes === 1, 'closed()');
  assert.equal(ear.error?.code, 'protoerr');
  assert.match(env.lines.join('\n'), /err ssl: Failed SSL read: error:/);
  c.abort();
});
