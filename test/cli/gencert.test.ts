import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkRequest, generateCertificate } from '../../src/cli/certificate.ts';
import { gencert } from '../../src/cli/gencert.ts';

const now = new Date('2026-03-04T05:06:07Z');
const openssl = spawnSync('openssl', ['version']).status === 0;

function folder(t: { after(f: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'gencert-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

for (const keyType of ['ecdsa', 'rsa-2048'] as const) {
  test(`a ${keyType} certificate is what Node.js reads: names, dates, key, signature, use`, () => {
    const made = generateCertificate({
      use: 'server',
      commonName: 'box-1',
      names: ['box-1', '*.example.org', '127.0.0.1', 'fe80::1', '::ffff:1.2.3.4'],
      keyType,
      now,
      days: 30,
    });
    const x = new X509Certificate(made.cert);
    assert.equal(x.subject, 'CN=box-1');
    assert.equal(
      x.subjectAltName,
      'DNS:box-1, DNS:*.example.org, IP Address:127.0.0.1, IP Address:FE80:0:0:0:0:0:0:1, IP Address:0:0:0:0:0:FFFF:102:304',
    );
    assert.equal(new Date(x.validFrom).toISOString(), '2026-03-04T04:06:07.000Z');
    assert.equal(new Date(x.validTo).toISOString(), '2026-04-03T05:06:07.000Z');
    assert.ok(x.checkPrivateKey(createPrivateKey(made.key)));
    assert.ok(x.verify(x.publicKey));
    assert.equal(x.ca, false);
    assert.deepEqual(x.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.equal(x.fingerprint256, made.fingerprint);
  });
}

test('dates from 2050 on are written in the long form', () => {
  const made = generateCertificate({ use: 'client', commonName: 'u', now, days: 36_500 });
  assert.equal(new Date(new X509Certificate(made.cert).validTo).getUTCFullYear(), 2126);
});

test('a strict verifier takes a certificate as its own trust anchor', { skip: !openssl && 'no openssl' }, (t) => {
  const dir = folder(t);
  for (const use of ['server', 'client'] as const) {
    const { cert } = generateCertificate({ use, commonName: 'x', now: new Date(), days: 10 });
    writeFileSync(join(dir, 'c.pem'), cert);
    const purpose = use === 'server' ? 'sslserver' : 'sslclient';
    const run = spawnSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', join(dir, 'c.pem'), join(dir, 'c.pem')], {
      encoding: 'utf8',
    });
    assert.equal(run.status, 0, run.stderr + run.stdout);
  }
});

test('any request that passes the check gives a certificate that reads back with its name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 0, maxLength: 70 }), fc.integer({ min: -1, max: 40_000 }), (commonName, days) => {
      const request = { use: 'client', commonName, now, days } as const;
      if (checkRequest(request) !== undefined) {
        assert.throws(() => generateCertificate(request), RangeError);
        return;
      }
      const x = new X509Certificate(generateCertificate(request).cert);
      assert.equal(x.toLegacyObject().subject.CN, commonName);
    }),
    { numRuns: 60 },
  );
});

test('gencert writes both files with their modes and prints the fingerprint', (t) => {
  const dir = folder(t);
  const [key, cert] = [join(dir, 'k'), join(dir, 'c')];
  const lines: string[] = [];
  const push = (line: string): void => void lines.push(line);
  assert.equal(gencert({ key, cert }, push, push, now), 0);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.equal(statSync(cert).mode & 0o777, 0o644);
  const x = new X509Certificate(readFileSync(cert));
  assert.ok(x.checkPrivateKey(createPrivateKey(readFileSync(key))));
  assert.ok(lines.includes(`sha256:${x.fingerprint256}`));
});

test('the folders of key and certificate are made, open to all for reading', (t) => {
  const dir = folder(t);
  const at = join(dir, 'etc', 'ser2net');
  assert.equal(
    gencert({ key: join(at, 'k'), cert: join(at, 'c') }, () => undefined, assert.fail, now),
    0,
  );
  assert.equal(statSync(at).mode & 0o777, 0o755);
});

test('a server certificate has its common name, this machine and all further names', (t) => {
  const dir = folder(t);
  const [key, cert] = [join(dir, 'k'), join(dir, 'c')];
  assert.equal(
    gencert({ key, cert, commonName: 'plc', names: ['foo.lan', '192.0.2.7'] }, () => undefined, assert.fail, now),
    0,
  );
  assert.equal(
    new X509Certificate(readFileSync(cert)).subjectAltName,
    'DNS:plc, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:foo.lan, IP Address:192.0.2.7',
  );
});

test('gencert leaves what is there alone unless forced, and leaves nothing behind when it fails', (t) => {
  const dir = folder(t);
  const [key, cert] = [join(dir, 'k'), join(dir, 'c')];
  const lines: string[] = [];
  const push = (line: string): void => void lines.push(line);
  writeFileSync(cert, 'mine');
  assert.equal(gencert({ key, cert }, push, push, now), 1);
  assert.equal(existsSync(key), false);
  assert.equal(readFileSync(cert, 'utf8'), 'mine');
  assert.equal(gencert({ key, cert, force: true }, push, push, now), 0);
  assert.equal(gencert({ key: join(cert, 'k'), cert: join(cert, 'c') }, push, push, now), 1);
  assert.equal(gencert({ use: 'client' }, push, push, now), 2);
  assert.equal(gencert({ names: ['bad name'] }, push, push, now), 2);
  assert.equal(gencert({ key, cert: key }, push, push, now), 2);
});

test('when the certificate cannot be written the key of the old one stays', (t) => {
  const dir = folder(t);
  const [key, cert] = [join(dir, 'k'), join(dir, 'file', 'c')];
  writeFileSync(join(dir, 'file'), '');
  const lines: string[] = [];
  const push = (line: string): void => void lines.push(line);
  writeFileSync(key, 'mine');
  assert.equal(gencert({ key, cert, force: true }, push, push, now), 1);
  assert.deepEqual(lines, [`gencert: cannot write ${join(dir, 'file')}: File exists`]);
  assert.equal(readFileSync(key, 'utf8'), 'mine');
  assert.deepEqual(readdirSync(dir).sort(), ['file', 'k']);
});
