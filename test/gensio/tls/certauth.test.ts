import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import { noLog } from '../../../src/base/log.ts';
import type { Authority } from '../../../src/gensio/context.ts';
import { Filter, type Gensio, type Peer } from '../../../src/gensio/gensio.ts';
import { directoryAuthority } from '../../../src/gensio/tls/authority.ts';
import { certauthFilter } from '../../../src/gensio/tls/certauth.ts';
import { CertauthDecoder, ELEMENT, encodeCertauth, MESSAGE, number16 } from '../../../src/gensio/tls/certauth-codec.ts';
import type { LayerOf, LayerSpec } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { freePort } from '../../rig/free-port.ts';
import { type TestEnv, testEnv } from '../../rig/gensio-env.ts';
import { gensiot, noGensiot } from '../../rig/gensiot.ts';
import { allowCertificate, makeKey, testFolder } from '../../rig/keys.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { talk } from '../../rig/program.ts';
import { calling, listening } from '../../rig/stack-ends.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

type Opts = Partial<LayerOf<'certauth'>['opts']>;
const dir = testFolder();
const authdir = join(dir, 'auth');
const server = makeKey(dir, 'server');
const joe = makeKey(dir, 'joe', { use: 'client' });
const bob = makeKey(dir, 'bob', { use: 'client', keyType: 'rsa-2048' });
allowCertificate(authdir, 'joe', joe);
allowCertificate(authdir, 'bobby', bob);
for (const [user, password] of [
  ['joe', 'secret'],
  ['amy', 'amypw'],
] as const) {
  mkdirSync(join(authdir, user), { recursive: true });
  writeFileSync(join(authdir, user, 'password'), `${password}\n`);
}

const sslSpec = (child: LayerSpec, opts: Partial<LayerOf<'ssl'>['opts']> = { key: server.key, cert: server.cert }): LayerSpec =>
  layerSpec('ssl', opts, { child });
const spec = (opts: Opts, child: LayerSpec = sslSpec(tcpSpec(0))) => layerSpec('certauth', opts, { child });
const authority = (env: TestEnv, allowedUsers?: string[]): Authority => directoryAuthority({ authdir, allowedUsers }, env.log);

interface Outcome {
  readonly s: Gensio;
  readonly c: Gensio;
  readonly errors: readonly (GensioError | undefined)[];
  readonly lines: readonly string[];
}
/** Both ends in memory; what is below is taken to be encrypted. */
async function pair(a: Opts, b: Opts, more: { allowedUsers?: string[]; below?: (g: Gensio) => Gensio } = {}): Promise<Outcome> {
  const [x, y] = linkedPair();
  const env = testEnv();
  const s = certauthFilter(spec(a), more.below?.(x) ?? x, true, { ...env, auth: authority(env, more.allowedUsers) });
  const c = certauthFilter(spec(b), y, false, testEnv());
  const errors = await Promise.all([opened(s), opened(c)]);
  return { s, c, errors, lines: env.lines };
}
const asJoe: Opts = { username: 'joe', key: joe.key, cert: joe.cert };
const codes = ({ errors }: Outcome): (string | undefined)[] => errors.map((e) => e?.code);

compliance('certauth server', {
  async make() {
    const { s, c } = await pair({}, asJoe);
    return { gensio: s, far: farGensio(c) };
  },
});
compliance('certauth client', {
  async make() {
    const { s, c } = await pair({}, asJoe);
    return { gensio: c, far: farGensio(s) };
  },
  unopened() {
    const [x, y] = linkedPair();
    const env = testEnv();
    certauthFilter(spec({}), x, true, { ...env, auth: authority(env) }).open(() => undefined);
    return certauthFilter(spec(asJoe), y, false, testEnv());
  },
  refused() {
    const [x, y] = linkedPair();
    certauthFilter(spec({}), x, true, testEnv()).open(() => undefined);
    return { gensio: certauthFilter(spec(asJoe), y, false, testEnv()), code: 'authreject' };
  },
});

test('a certificate in allowed_certs lets its user in, and nobody else', async () => {
  const good = await pair({}, asJoe);
  assert.deepEqual(codes(good), [undefined, undefined]);
  assert.deepEqual(good.s.peer, { user: 'joe', fingerprint: joe.x509.fingerprint256, authenticated: true });
  const rsa = { key: bob.key, cert: bob.cert };
  assert.deepEqual(codes(await pair({}, { ...rsa, username: 'bobby' })), [undefined, undefined]);
  for (const user of ['joe', 'bob', 'amy', '../auth/bobby', 'nobody'])
    assert.deepEqual(codes(await pair({}, { ...rsa, username: user })), ['authreject', 'authreject'], user);
});

test('a certificate without its key is worth nothing', async () => {
  const [x, y] = linkedPair();
  const env = testEnv();
  const s = certauthFilter(spec({}), x, true, { ...env, auth: authority(env) });
  const open = opened(s);
  const far = farGensio(y);
  far.send(
    encodeCertauth(MESSAGE.clientHello, [
      [ELEMENT.version, number16(4)],
      [ELEMENT.username, Buffer.from('joe')],
    ]),
  );
  await until(() => far.receivedBytes() > 40, 'the hello');
  far.send(
    encodeCertauth(MESSAGE.challengeResponse, [
      [ELEMENT.certificate, Buffer.from(joe.x509.toString())],
      [ELEMENT.response, Buffer.alloc(70, 1)],
    ]),
  );
  far.send(encodeCertauth(MESSAGE.password, [[ELEMENT.dummy, Buffer.alloc(100)]]));
  assert.equal((await open)?.code, 'authreject');
});

test('a CA of the options vouches for the name in the certificate only', async () => {
  assert.deepEqual(codes(await pair({ CA: bob.cert }, { username: 'bob', key: bob.key, cert: bob.cert })), [undefined, undefined]);
  assert.deepEqual(codes(await pair({ CA: bob.cert }, { username: 'amy', key: bob.key, cert: bob.cert })), ['authreject', 'authreject']);
});

test('a password is asked for only with enable-password, on both ends', async () => {
  const amy = { username: 'amy', password: 'amypw' };
  const both = await pair({ enablePassword: true }, { ...amy, enablePassword: true });
  assert.deepEqual(codes(both), [undefined, undefined]);
  assert.deepEqual(both.s.peer, { user: 'amy', fingerprint: undefined, authenticated: true });
  assert.deepEqual(codes(await pair({}, { ...amy, enablePassword: true })), ['authreject', 'authreject']);
  assert.deepEqual(codes(await pair({ enablePassword: true }, amy)), ['authreject', 'authreject']);
  assert.deepEqual(codes(await pair({ enablePassword: true }, { username: 'amy', password: 'wrong', enablePassword: true })), [
    'authreject',
    'authreject',
  ]);
});

test('a user without a directory is refused like one with a wrong password, and the log says why', async () => {
  const outcome = await pair({ enablePassword: true }, { username: 'zed', password: 'x', enablePassword: true });
  assert.deepEqual(codes(outcome), ['authreject', 'authreject']);
  assert.deepEqual(outcome.lines, [
    `err Can't open password file ${authdir}/zed/password: No such file or directory`,
    'err Error from application at password: Authentication tokens rejected',
  ]);
});

test('require-password wants one although the certificate is good', async () => {
  const strict = { enablePassword: true, requirePassword: true };
  assert.deepEqual(codes(await pair(strict, asJoe)), ['authreject', 'authreject']);
  assert.deepEqual(codes(await pair(strict, { ...asJoe, enablePassword: true, password: 'secret' })), [undefined, undefined]);
  assert.deepEqual(codes(await pair({ requirePassword: true }, asJoe)), ['authreject', 'authreject']);
});

test('a user not allowed, or without a name, is refused whatever he shows', async () => {
  const banned = await pair({ allowAuthfail: true }, asJoe, { allowedUsers: ['amy', 'zed'] });
  assert.deepEqual(codes(banned), ['authreject', 'authreject']);
  assert.deepEqual(banned.lines, ['err Username not allowed for this connection: joe', 'err auth begin rejected connection']);
  const nameless = await pair({}, { key: joe.key, cert: joe.cert });
  assert.deepEqual(codes(nameless), ['authreject', 'authreject']);
  assert.match(nameless.lines.join('\n'), /No username provided by remote/);
});

test('allow-authfail lets him in and says that nothing is proved', async () => {
  const outcome = await pair({ allowAuthfail: true }, { username: 'nobody' });
  assert.deepEqual(codes(outcome), [undefined, undefined]);
  assert.deepEqual(outcome.s.peer, { user: 'nobody', fingerprint: undefined, authenticated: false });
});

test('use-child-auth believes the layer below, for the user it knows', async () => {
  class Known extends Filter {
    readonly type = 'known';
    override get peer(): Peer {
      return { user: 'joe', fingerprint: undefined, authenticated: true };
    }
    protected decode(data: Buffer): void {
      this.up.read(data);
    }
    protected encode(data: Buffer): Buffer {
      return data;
    }
  }
  const below = (g: Gensio): Gensio => new Known(g);
  assert.deepEqual(codes(await pair({ useChildAuth: true }, { username: 'joe' }, { below })), [undefined, undefined]);
  assert.deepEqual(codes(await pair({ useChildAuth: true }, {}, { below })), [undefined, undefined]);
  assert.deepEqual(codes(await pair({ useChildAuth: true }, { username: 'amy' }, { below })), ['authreject', 'authreject']);
  assert.deepEqual(codes(await pair({}, { username: 'joe' }, { below })), ['authreject', 'authreject']);
});

test('what comes right behind the last message is the first that is read', async () => {
  const child = new FakeGensio();
  const c = certauthFilter(spec({ username: 'x' }), child, false, testEnv());
  const open = opened(c);
  await settle(2);
  child.feed(Buffer.concat([encodeCertauth(MESSAGE.serverDone, [[ELEMENT.result, number16(1)]]), Buffer.from('banner')]));
  assert.equal(await open, undefined);
  const recorder = new RecordingUp();
  c.up = recorder;
  await settle();
  assert.equal(recorder.length, 0);
  c.setReading(true);
  await until(() => recorder.text() === 'banner', 'the banner');
});

test('messages that make no sense are a protocol error, logged as gensio does', async () => {
  for (const [bytes, line] of [
    [Buffer.from('GET / HTTP/1.0\r\n'), 'err Invalid message type: 71'],
    [Buffer.from([2, 100]), 'err Expected message type 1, got 2'],
    [Buffer.from([1, 99]), 'err Invalid message element: 99'],
    [Buffer.from([1, 101, 0xff, 0xff]), 'err Element type 101 was too large: 65535'],
    [Buffer.from([1, 101, 0, 0]), 'err Element type 101 was too large: 0'],
    [Buffer.from([1, 101, 0, 1, 65, 101, 0, 1, 65]), 'err Element type 101 received when already set'],
    [Buffer.from([1, 101, 0, 1, 65, 200]), "err Remote client didn't send version"],
  ] as const) {
    const child = new FakeGensio();
    const env = testEnv();
    const open = opened(certauthFilter(spec({}), child, true, env));
    await settle(2);
    child.feed(bytes);
    const err = await open;
    assert.equal(err?.code, line.includes("didn't send") ? 'datamissing' : 'protoerr', line);
    assert.deepEqual(env.lines, [line]);
  }
});

test('a talk that takes too long is given up', async () => {
  const clock = new FakeClock();
  const errors: (GensioError | undefined)[] = [];
  certauthFilter(spec({ conTimeout: 3000 }), new FakeGensio(), true, testEnv({ clock })).open((err) => void errors.push(err));
  await settle();
  clock.advance(3000);
  assert.equal(errors[0]?.code, 'timedout');
  assert.equal(clock.timers, 0);
});

test('any message comes through any cut, and any bytes never throw', () => {
  const element = fc.tuple(fc.constantFrom(...Object.values(ELEMENT)), fc.uint8Array({ minLength: 1, maxLength: 300 }));
  fc.assert(
    fc.property(fc.array(element, { maxLength: 6 }), fc.nat(2000), (elements, cut) => {
      const unique = [...new Map(elements.map(([n, d]) => [n, Buffer.from(d)] as const))];
      const bytes = Buffer.concat([encodeCertauth(3, unique), Buffer.from('rest')]);
      const decoder = new CertauthDecoder();
      const at = Math.min(cut, bytes.length - 4);
      const first = decoder.next(bytes.subarray(0, at), [3]);
      const { message, rest } =
        first.message === undefined
          ? decoder.next(bytes.subarray(at), [3])
          : { message: first.message, rest: Buffer.concat([first.rest, bytes.subarray(at)]) };
      assert.deepEqual([...message!.elements].sort(), unique.filter(([n]) => n !== ELEMENT.dummy || message!.elements.has(n)).sort());
      assert.equal(rest.toString(), 'rest');
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (chunks) => {
      const decoder = new CertauthDecoder();
      for (const chunk of chunks) if (decoder.next(Buffer.from(chunk), [1, 3, 5]).problem !== undefined) break;
    }),
  );
});

test('it cannot be made over a layer that does not encrypt, or with files that are not there', () => {
  const make = (opts: Opts, child?: LayerSpec, isServer = false): unknown =>
    certauthFilter(spec(opts, child), new FakeGensio(), isServer, testEnv());
  assert.throws(() => make({}, tcpSpec(1)), { code: 'notsup' });
  assert.throws(() => make({ key: join(dir, 'none') }), { code: 'certnotfound' });
  assert.throws(() => make({ key: bob.key, cert: joe.cert }), { code: 'keyinvalid' });
  assert.throws(() => make({ CA: join(dir, 'none') }, undefined, true), { code: 'certnotfound' });
  assert.throws(() => make({ enable2fa: true }, undefined, true), { code: 'notsup' });
});

test('gensiot logs in with a certificate and with a password, and is refused with wrong ones', { skip: noGensiot }, async (t) => {
  const auth = directoryAuthority({ authdir, allowedUsers: undefined }, noLog);
  const p = await listening(t, spec({ enablePassword: true }), testEnv({ auth }));
  const start = (login: string) => gensiot(t, `certauth(${login}),ssl(CA=${server.cert}),tcp,127.0.0.1,${p.port}`);
  for (const login of [
    `username=joe,key=${joe.key},cert=${joe.cert}`,
    `username=bobby,key=${bob.key},cert=${bob.cert}`,
    'username=amy,enable-password,password=amypw',
    `username=joe,service=abc,key=${joe.key},cert=${joe.cert}`,
  ]) {
    const before = p.accepted.length;
    const far = start(login);
    await until(
      () => p.accepted.length > before,
      () => `${login}: ${far.out()} ${p.failed} ${p.env.lines}`,
    );
    const gensio = p.accepted[before]!;
    assert.equal(gensio.peer?.authenticated, true);
    await talk(gensio, far, 'we');
  }
  for (const login of [
    `username=joe,key=${bob.key},cert=${bob.cert}`,
    'username=amy,enable-password,password=wrong',
    'username=zed,enable-password,password=x',
    `key=${joe.key},cert=${joe.cert}`,
  ]) {
    const far = start(login);
    await until(
      () => far.out().includes('Authentication tokens rejected'),
      () => `${login}: ${far.out()}`,
    );
  }
  await until(() => p.failed.length === 4, 'four failures');
  assert.ok(p.failed.every((e) => e.code === 'authreject'));
});

test('our client logs in to gensiot', { skip: noGensiot }, async (t) => {
  const port = await freePort();
  const far = gensiot(t, '-a', `certauth(CA=${joe.cert}),ssl(key=${server.key},cert=${server.cert}),tcp,127.0.0.1,${port}`);
  const ours = spec(asJoe, sslSpec(tcpSpec(port), { key: undefined, cert: '', CA: server.cert }));
  await talk(await calling(ours, far.out), far, 'we');
});
