import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { X509Certificate } from 'node:crypto';
import { close, mkdirSync, open, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import type { Authority } from '../../../src/gensio/context.ts';
import { checkPassword, directoryAuthority, hashPassword, isUserName } from '../../../src/gensio/tls/authority.ts';
import { alternativeNames, certificateProblem, commonName, parseCertificates } from '../../../src/gensio/tls/certificates.ts';
import { until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { allowCertificate, makeKey, testFolder } from '../../rig/keys.ts';

const dir = testFolder();
const authdir = join(dir, 'auth');
const passwordOf = (user: string, content: string): void => {
  mkdirSync(join(authdir, user), { recursive: true });
  writeFileSync(join(authdir, user, 'password'), content);
};
const ask = (authority: Authority, user: string, password: string): Promise<GensioError | undefined> =>
  new Promise((resolve) => authority.password(user, Buffer.from(password), '192.0.2.1', resolve));
const certificates = (authority: Authority, user: string): Promise<readonly X509Certificate[]> =>
  new Promise((resolve) => authority.certificates(user, '192.0.2.1', resolve));
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
  assert.equal(authority.userAllowed(undefined), false);
  assert.equal(make().authority.userAllowed(undefined), true);
  assert.equal(make().authority.userAllowed('anybody'), true);
  assert.deepEqual(lines, [
    'err Username not allowed for this connection: Joe',
    'err Username not allowed for this connection: x?y',
    'err Username not allowed for this connection: (none)',
  ]);
});

test('only hashed names of allowed_certs count', async () => {
  const joe = makeKey(dir, 'joe-cert', { use: 'client' });
  allowCertificate(authdir, 'joe', joe);
  allowCertificate(authdir, 'amy', joe, 'joe.crt');
  const { authority } = make();
  assert.equal((await certificates(authority, 'joe')).length, 1);
  assert.equal((await certificates(authority, 'amy')).length, 0);
  assert.equal((await certificates(authority, '../auth/joe')).length, 0);
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
  assert.deepEqual(alternativeNames(makeKey(dir, 'n', { names: ['a.b', '1.2.3.4', 'c'] }).x509), [
    { kind: 'dns', name: 'a.b' },
    { kind: 'ip', name: '1.2.3.4' },
    { kind: 'dns', name: 'c' },
  ]);
});

test('any text read as certificates gives certificates or nothing', () => {
  fc.assert(
    fc.property(fc.string(), fc.base64String(), (a, b) => {
      assert.ok(Array.isArray(parseCertificates(`${a}-----BEGIN CERTIFICATE-----\n${b}\n-----END CERTIFICATE-----${a}`)));
    }),
  );
});

test('a pipe in a directory of certificates is passed over', async () => {
  const folder = join(authdir, 'joe', 'allowed_certs');
  allowCertificate(authdir, 'joe', makeKey(dir, 'piped'));
  assert.equal(spawnSync('mkfifo', [join(folder, '00000000.0')]).status, 0);
  assert.equal((await certificates(make().authority, 'joe')).length, 1);
});

test('with a service of PAM certificates in the home of a user count, too; a user without a home has none', async () => {
  const { lines, log } = testEnv();
  const authority = directoryAuthority({ authdir, allowedUsers: undefined, pamauth: 'x' }, log);
  assert.deepEqual(await certificates(authority, 'no-such-user'), []);
  assert.deepEqual(lines, []);
});

test('a flood of passwords takes two threads at most: a file is opened before all but a few are checked, and what was dropped is not checked', async () => {
  passwordOf('slow', `${hashPassword('x')}\n`);
  const { authority } = make();
  let checked = 0;
  const drops: (() => void)[] = [];
  for (let i = 0; i < 60; i++) {
    drops.push(authority.password('slow', Buffer.from('y'), `192.0.2.${i % 10}`, () => void checked++));
  }
  await until(() => checked > 0, 'the first');
  const before = checked;
  await promisify(open)(process.execPath, 'r').then(promisify(close));
  assert.ok(checked - before <= 4, `${checked - before} passwords were checked first`);
  for (const drop of drops) drop();
  // What was under way ends; nothing else is begun.
  assert.equal(await ask(authority, 'slow', 'x'), undefined);
  assert.ok(checked <= before + 4);
});

test('one address may have so many passwords waiting; more are refused, those of another address are not', async () => {
  passwordOf('slow', `${hashPassword('x')}\n`);
  const { authority, lines } = make();
  const refused: number[] = [];
  const drops = Array.from({ length: 40 }, (_, i) => authority.password('slow', Buffer.from('y'), '192.0.2.9', () => void refused.push(i)));
  const other = new Promise((resolve) => authority.password('slow', Buffer.from('x'), '192.0.2.10', resolve));
  await until(() => refused.length >= 40 - 17, 'refusals');
  assert.deepEqual(
    refused.slice(0, 23),
    [...Array(23).keys()].map((i) => i + 17),
  );
  assert.equal(lines[0], 'err Too many passwords from 192.0.2.9 are waiting to be checked, refusing that of slow');
  assert.equal(await other, undefined);
  for (const drop of drops) drop();
});

test('a hash that would take minutes fits nothing', async () => {
  const line = hashPassword('x');
  const check = (text: string): Promise<boolean> => new Promise((resolve) => checkPassword(text, Buffer.from('x'), resolve));
  assert.equal(await check(line), true);
  assert.equal(await check(line.replace('p=1', 'p=99')), false);
});

test('a password file that is a pipe or has no end refuses, and nobody waits for it', async () => {
  mkdirSync(join(authdir, 'pipe'), { recursive: true });
  assert.equal(spawnSync('mkfifo', [join(authdir, 'pipe', 'password')]).status, 0);
  passwordOf('huge', '');
  truncateSync(join(authdir, 'huge', 'password'), 2 ** 32);
  const { authority, lines } = make();
  assert.equal((await ask(authority, 'pipe', 'x'))?.code, 'authreject');
  assert.equal((await ask(authority, 'huge', ''))?.code, 'authreject');
  assert.deepEqual(
    lines.filter((line) => line.includes('open password')),
    [
      `err Can't open password file ${authdir}/pipe/password: not a regular file`,
      `err Can't open password file ${authdir}/huge/password: 4294967296 bytes, more than the 4096 expected`,
    ],
  );
});

test('of the certificates of a user so many are read: links to large files, and files without number, do not count, and others have their turn', async () => {
  const folder = join(authdir, 'many', 'allowed_certs');
  mkdirSync(folder, { recursive: true });
  const large = join(dir, 'large');
  writeFileSync(large, 'x'.repeat(1 << 20));
  for (let i = 0; i < 100; i++) symlinkSync(large, join(folder, `${i.toString(16).padStart(8, '0')}.0`));
  const { authority } = make();
  assert.deepEqual(await certificates(authority, 'many'), []);
  const key = makeKey(dir, 'many', { use: 'client' });
  for (let i = 100; i < 400; i++) symlinkSync(key.cert, join(folder, `${i.toString(16).padStart(8, '0')}.0`));
  let turns = 0;
  let reading = true;
  const turn = (): void => {
    turns++;
    if (reading) setImmediate(turn);
  };
  turn();
  const found = await certificates(authority, 'many');
  reading = false;
  assert.ok(found.length > 0 && found.length <= 128, `${found.length}`);
  assert.ok(turns > 100, `${turns} turns of the loop`);
});

test('certificates of somebody who has left are not waited for, and those of the next are read', async () => {
  allowCertificate(authdir, 'next', makeKey(dir, 'next', { use: 'client' }));
  const { authority } = make();
  const drop = authority.certificates('next', '192.0.2.1', () => assert.fail('nobody asked any more'));
  const dropped = authority.certificates('next', '192.0.2.1', () => assert.fail('nobody asked any more'));
  drop();
  dropped();
  assert.equal((await certificates(authority, 'next')).length, 1);
});
