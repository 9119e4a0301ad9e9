// Who is let in, and who is refused, by the certificate shown: CA, allow list, names, ages, sizes of keys.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { directoryAuthority } from '../../../src/gensio/tls/authority.ts';
import { LOG } from '../../../src/port/messages.ts';
import { farStream, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { makeKey } from '../../rig/keys.ts';
import { bob, clientOpts, dir, joe, nodeClient, type Opts, pair, server, serverOpts, sslPort, weak, weakCert } from './tls-rig.ts';

test('a client without a certificate is refused where one is asked for', async (t) => {
  const p = await sslPort(t, serverOpts({ clientauth: true, CA: joe.cert }));
  const far = farStream(nodeClient(t, p.port));
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

test('a key of less than 2048 bits is refused at the peer, also when it is its own anchor, pinned or in allowed_certs', async (t) => {
  const authdir = join(dir, 'weak-auth');
  mkdirSync(join(authdir, 'weak', 'allowed_certs'), { recursive: true });
  copyFileSync(weakCert, join(authdir, 'weak', 'allowed_certs', '01234567.0'));
  const pin = `sha256:${new X509Certificate(readFileSync(weakCert)).fingerprint256}`;
  for (const opts of [{ CA: weakCert, clientauth: true }, { allow: [pin] }, { clientauth: true }]) {
    const env = testEnv();
    const auth = directoryAuthority({ authdir, allowedUsers: undefined }, env.log);
    const p = await sslPort(t, serverOpts(opts), { ...env, auth });
    const key = readFileSync(join(weak, 'weak.key'));
    nodeClient(t, p.port, { key, cert: readFileSync(weakCert), ciphers: 'DEFAULT:@SECLEVEL=0' });
    await until(() => p.failed.length + p.accepted.length === 1, 'an end of the handshake');
    assert.equal(p.failed[0]?.code, 'protoerr');
  }
});

/** Certificates that vouch for themselves: of carol, with names of each kind, and one without a common name. */
const fixture = (cert: string): Opts => clientOpts({ key: join(weak, 'names.key'), cert: join(weak, cert) });

test('a list of allowed users and a client without a name is a refusal', async () => {
  const nameless = join(weak, 'nameless.crt');
  const env = testEnv();
  const listed = { ...env, auth: directoryAuthority({ authdir: dir, allowedUsers: ['alice'] }, env.log) };
  const { errors } = await pair(serverOpts({ clientauth: true, CA: nameless }), fixture('nameless.crt'), listed);
  assert.equal(errors[0]?.code, 'authreject');
  assert.deepEqual(env.lines, ['err Username not allowed for this connection: (none)']);
  const open = { clientauth: true, allowAuthfail: true };
  assert.equal((await pair(serverOpts(open), clientOpts({ CA: server.cert }), listed)).errors[0]?.code, 'authreject');
  const all = { ...env, auth: directoryAuthority({ authdir: dir, allowedUsers: undefined }, env.log) };
  const welcome = await pair(serverOpts({ clientauth: true, CA: nameless }), fixture('nameless.crt'), all);
  assert.deepEqual(welcome.errors, [undefined, undefined]);
});

test('a name on an allow list is of one kind: a URI is no common name, and a prefix says which kind is meant', async () => {
  const names = join(weak, 'names.crt');
  const code = async (entry: string): Promise<string | undefined> =>
    (await pair(serverOpts({ allow: [entry], CA: names }), fixture('names.crt'))).errors[0]?.code;
  const fits = [
    'carol',
    'cn:carol',
    'CN:carol',
    'dave',
    'dns:dave',
    'alice@example.org',
    'email:alice@example.org',
    '192.0.2.7',
    'ip:192.0.2.7',
  ];
  for (const entry of [...fits, 'urn:x:alice', 'uri:urn:x:alice', 'uri:alice']) assert.equal(await code(entry), undefined, entry);
  for (const entry of ['alice', 'cn:alice', 'dns:carol', 'cn:dave', 'dns:192.0.2.7', 'email:dave', 'uri:carol'])
    assert.equal(await code(entry), 'authreject', entry);
});

test('a connector with server-name takes a certificate for that host only, unless it is pinned or is itself in CA', async () => {
  const [ca, cert, key] = ['ca.crt', 'plc.crt', 'plc.key'].map((file) => join(weak, file));
  const plc = serverOpts({ key, cert });
  const result = async (opts: Opts): Promise<readonly (string | undefined)[]> => {
    const { errors } = await pair(plc, { key: undefined, cert: '', ...opts });
    return errors[1] === undefined ? ['in'] : [errors[1].code, errors[1].detail];
  };
  for (const serverName of ['plc.example', 'PLC.example', '127.0.0.1']) assert.deepEqual(await result({ CA: ca, serverName }), ['in']);
  const other = await result({ CA: ca, serverName: 'other.example' });
  assert.deepEqual(other, ['certinvalid', 'it is for plc.example, 127.0.0.1, not for other.example']);
  assert.equal((await result({ CA: ca, serverName: '127.0.0.2' }))[0], 'certinvalid');
  assert.equal((await result({ CA: ca, serverName: 'plc' }))[0], 'certinvalid');
  const pin = `sha256:${new X509Certificate(readFileSync(cert!)).fingerprint256}`;
  assert.deepEqual(await result({ allow: [pin], serverName: 'other.example' }), ['in']);
  assert.deepEqual(await result({ CA: cert, allow: [pin], serverName: 'other.example' }), ['in']);
  // Without a name any certificate of the CA will do, as in ser2net.
  assert.deepEqual(await result({ CA: ca }), ['in']);
  const own = await pair(serverOpts(), clientOpts({ serverName: 'other.example' }));
  assert.deepEqual(own.errors, [undefined, undefined]);
});

test('who refuses says by which certificate', async () => {
  const { errors } = await pair(serverOpts({ clientauth: true, CA: joe.cert }), clientOpts({ key: bob.key, cert: bob.cert }));
  assert.deepEqual([errors[0]?.detail, errors[0]?.peer?.fingerprint], ['self-signed certificate', bob.x509.fingerprint256]);
  const unknown = await pair(serverOpts(), clientOpts({ CA: joe.cert }));
  assert.deepEqual([unknown.errors[1]?.code, unknown.errors[1]?.peer?.fingerprint], ['certinvalid', server.x509.fingerprint256]);
});

test('an accepter tells the host that was refused, and a line of the log has all of it', async (t) => {
  const p = await sslPort(t, serverOpts({ clientauth: true, CA: joe.cert }));
  const far = nodeClient(t, p.port, { key: readFileSync(bob.key), cert: readFileSync(bob.cert) });
  far.resume();
  await until(() => p.failed.length === 1, 'a refusal');
  const line = LOG.acceptError('con1', p.failed[0]!);
  const why = `(from ::ffff:127.0.0.1: self-signed certificate, sha256:${bob.x509.fingerprint256})`;
  assert.equal(line.replace('(from 127', '(from ::ffff:127'), `con1: Error accepting a gensio: Protocol error ${why}`);
});

test('a cipher without forward secrecy is refused, unless ciphers names it', async (t) => {
  const rsa = makeKey(dir, 'rsa', { keyType: 'rsa-2048' });
  const outcome = async (opts: Opts, ciphers: string): Promise<string> => {
    const p = await sslPort(t, serverOpts({ key: rsa.key, cert: rsa.cert, ...opts }));
    nodeClient(t, p.port, { ciphers, maxVersion: 'TLSv1.2' });
    await until(() => p.failed.length + p.accepted.length === 1, 'an end of the handshake');
    return p.failed[0]?.code ?? 'in';
  };
  assert.equal(await outcome({}, 'ECDHE-RSA-AES128-GCM-SHA256'), 'in');
  for (const old of ['AES128-GCM-SHA256', 'AES128-SHA', 'ECDHE-RSA-AES128-SHA']) {
    assert.equal(await outcome({}, old), 'protoerr', old);
    assert.equal(await outcome({ ciphers: old }, old), 'in', old);
  }
  // TLS 1.3 stays on.
  assert.deepEqual((await pair(serverOpts({ ciphers: 'AES128-SHA', minVersion: '1.3' }), clientOpts())).errors, [undefined, undefined]);
});
