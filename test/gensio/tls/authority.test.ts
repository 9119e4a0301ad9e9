import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import type { Authority } from '../../../src/gensio/context.ts';
import { checkPassword, directoryAuthority, hashPassword, isUserName } from '../../../src/gensio/tls/authority.ts';
import { alternativeNames, certificateProblem, commonName, parseCertificates } from '../../../src/gensio/tls/certificates.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { allowCertificate, makeKey, testFolder } from '../../rig/keys.ts';

const dir = testFolder();
const authdir = join(dir, 'auth');
const passwordOf = (user: string, content: string): void => {
  mkdirSync(join(authdir, user), { recursive: true });
  writeFileSync(join(authdir, user, 'password'), content);
};
const ask = (authority: Authority, user: string, password: string): Promise<GensioError | undefined> =>
  new Promise((resolve) => authority.password(user, Buffer.from(password), resolve));
const make = (allowedUsers?: string[]): { authority: Authority; lines: string[] } => {
  const env = testEnv();
  return { authority: directoryAuthority({ authdir, allowedUsers }, env.log), lines: env.lines };
};

test('the first line of the password file is the password, with or without a line end', async () => {
  passwordOf('joe', 'secret\nsecond line\n');
  passwordOf('amy', 'amypw');
  passwordOf('win', 'crlf\r\n');
  const { authority, lines } = make();
  assert.equal(await ask(authority, 'joe', 'secret'), undefined);
  assert.equal(await ask(authority, 'amy', 'amypw'), undefined);
  assert.equal(await ask(authority, 'win', 'crlf'), undefined);
  for (const wrong of ['', 'secre', 'secrets', 'secret\n', 'second line'])
    assert.equal((await ask(authority, 'joe', wrong))?.code, 'authreject');
  assert.deepEqual(lines, []);
});

test('an empty password file lets nobody in', async () => {
  passwordOf('void', '');
  passwordOf('blank', '\nx\n');
  const { authority } = make();
  assert.equal((await ask(authority, 'void', ''))?.code, 'authreject');
  assert.equal((await ask(authority, 'blank', ''))?.code, 'authreject');
});

test('a password may be kept as a scrypt hash; a hash is no password, and a wrong one fits nothing', async () => {
  const line = hashPassword('Zäh');
  passwordOf('hash', `${line}\n`);
  const { authority } = make();
  assert.equal(await ask(authority, 'hash', 'Zäh'), undefined);
  assert.equal((await ask(authority, 'hash', 'zäh'))?.code, 'authreject');
  assert.equal((await ask(authority, 'hash', line))?.code, 'authreject');
  const check = (text: string): Promise<boolean> => new Promise((resolve) => checkPassword(text, Buffer.from(text), resolve));
  for (const bad of [
    '$scrypt$',
    '$scrypt$ln=99,r=8,p=1$c2FsdHNhbHQ$aaaaaaaaaaaaaaaaaaaaaaaa',
    '$scrypt$ln=0,r=0,p=0$c2FsdHNhbHQ$aaaaaaaaaaaaaaaaaaaaaaaa',
  ])
    assert.equal(await check(bad), false, bad);
});

test('a user without a file is refused, and the log names the file', async () => {
  const { authority, lines } = make();
  assert.equal((await ask(authority, 'zed', 'x'))?.message, 'Authentication tokens rejected');
  assert.deepEqual(lines, [
    `err Can't open password file ${authdir}/zed/password: No such file or directory`,
    'err Error from application at password: Authentication tokens rejected',
  ]);
});

test('no name leads out of the authdir', async () => {
  mkdirSync(join(authdir, 'sub', 'deep'), { recursive: true });
  writeFileSync(join(dir, 'password'), 'outside');
  writeFileSync(join(authdir, 'password'), 'top');
  writeFileSync(join(authdir, 'sub', 'deep', 'password'), 'deep');
  const { authority } = make();
  for (const [user, password] of [
    ['..', 'outside'],
    ['.', 'top'],
    ['', 'top'],
    ['sub/deep', 'deep'],
    ['../auth/joe', 'secret'],
    ['joe\0', 'secret'],
    ['joe/', 'secret'],
  ] as const)
    assert.equal((await ask(authority, user, password))?.code, 'authreject', JSON.stringify(user));
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (user) => {
      if (isUserName(user)) assert.equal(join('/a', user, 'password').split('/').length, 4);
    }),
  );
  assert.equal(isUserName('x'.repeat(256)), false);
});

test('allowed-users decides by the exact name, and logs a refusal without control characters', () => {
  const { authority, lines } = make(['amy', 'joe']);
  assert.equal(authority.userAllowed('joe'), true);
  assert.equal(authority.userAllowed('Joe'), false);
  assert.equal(authority.userAllowed('x\ny'), false);
  assert.equal(make().authority.userAllowed('anybody'), true);
  assert.deepEqual(lines, ['err Username not allowed for this connection: Joe', 'err Username not allowed for this connection: x?y']);
});

test('only hashed names of allowed_certs count', () => {
  const joe = makeKey(dir, 'joe-cert', { use: 'client' });
  allowCertificate(authdir, 'joe', joe);
  allowCertificate(authdir, 'amy', joe, 'joe.crt');
  const { authority } = make();
  assert.equal(authority.certificates('joe').length, 1);
  assert.equal(authority.certificates('amy').length, 0);
  assert.equal(authority.certificates('../auth/joe').length, 0);
});

test('a certificate must be in date, for its use, and be an anchor itself', () => {
  const now = new Date();
  const joe = makeKey(dir, 'j', { use: 'client' });
  const server = makeKey(dir, 's');
  assert.equal(certificateProblem(joe.x509, [server.x509, joe.x509], now), undefined);
  assert.equal(certificateProblem(joe.x509, [server.x509], now), 'self-signed certificate');
  assert.equal(certificateProblem(server.x509, [joe.x509], now), 'unsuitable certificate purpose');
  assert.equal(certificateProblem(server.x509, [server.x509], now), undefined);
  const old = new Date(now.getTime() - 86_400_000);
  assert.equal(certificateProblem(joe.x509, [joe.x509], old), 'certificate is not yet valid');
  assert.equal(certificateProblem(joe.x509, [joe.x509], new Date('2099-01-01')), 'certificate has expired');
  assert.equal(commonName(joe.x509), 'j');
  assert.deepEqual(alternativeNames(makeKey(dir, 'n', { names: ['a.b', '1.2.3.4', 'c'] }).x509), ['a.b', '1.2.3.4', 'c']);
});

test('any text read as certificates gives certificates or nothing', () => {
  fc.assert(
    fc.property(fc.string(), fc.base64String(), (a, b) => {
      assert.ok(Array.isArray(parseCertificates(`${a}-----BEGIN CERTIFICATE-----\n${b}\n-----END CERTIFICATE-----${a}`)));
    }),
  );
});

test('a pipe in a directory of certificates is passed over', () => {
  const folder = join(authdir, 'joe', 'allowed_certs');
  allowCertificate(authdir, 'joe', makeKey(dir, 'piped'));
  assert.equal(spawnSync('mkfifo', [join(folder, '00000000.0')]).status, 0);
  assert.equal(make().authority.certificates('joe').length, 1);
});

test('with a service of PAM certificates in the home of a user count, too; a user without a home has none', () => {
  const { lines, log } = testEnv();
  const authority = directoryAuthority({ authdir, allowedUsers: undefined, pamauth: 'x' }, log);
  assert.deepEqual(authority.certificates('no-such-user'), []);
  assert.deepEqual(lines, []);
});
