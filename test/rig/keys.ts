// Keys and certificates for tests, made once in a folder that goes away with the process.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type CertificateRequest, generateCertificate } from '../../src/cli/certificate.ts';

export interface TestKey {
  readonly key: string;
  readonly cert: string;
  readonly x509: X509Certificate;
}

/** A folder for the tests of one file. */
export function testFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 's2n-keys-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** `<dir>/<name>.key` and `.crt`; name is the common name too. */
export function makeKey(dir: string, name: string, over: Partial<CertificateRequest> = {}): TestKey {
  const made = generateCertificate({ use: 'server', commonName: name, now: new Date(), days: 30, ...over });
  const [key, cert] = [join(dir, `${name}.key`), join(dir, `${name}.crt`)];
  writeFileSync(key, made.key, { mode: 0o600 });
  writeFileSync(cert, made.cert);
  return { key, cert, x509: new X509Certificate(made.cert) };
}

/** Puts a certificate in `<authdir>/<user>/allowed_certs/` under a hashed name. */
export function allowCertificate(authdir: string, user: string, cert: TestKey, hash = '0123abcd.0'): void {
  const dir = join(authdir, user, 'allowed_certs');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, hash), cert.x509.toString());
}
