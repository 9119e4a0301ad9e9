// Certificates as files and directories hold them, and the checks that OpenSSL is not asked for.
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GensioError, type GensioErrorCode } from '../../base/gensio-error.ts';

/** Biggest PEM file read: the certificates of a whole system have a quarter of it. */
const MAX_FILE = 1 << 20;
/** Most files of a hashed directory. */
const MAX_FILES = 4096;

/** A whole small file. Throws a GensioError with the given code, and what the system says. */
export function readPem(path: string, code: GensioErrorCode): string {
  try {
    if (statSync(path).size > MAX_FILE) throw new Error(`${path} is too big`);
    return readFileSync(path, 'latin1');
  } catch (err) {
    throw new GensioError(code, (err as Error).message);
  }
}

/** The files of a hashed directory (`<8 hex digits>.<n>`, as openssl rehash makes them), joined; '' when there are none. */
export function readHashedDirectory(dir: string): string {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return '';
  }
  const out: string[] = [];
  for (const name of names.filter((n) => /^[0-9a-f]{8}\.[0-9]+$/.test(n)).slice(0, MAX_FILES)) {
    try {
      // A pipe that somebody put into his own directory would hold up everybody.
      if (!statSync(join(dir, name)).isFile()) continue;
      out.push(readPem(join(dir, name), 'certnotfound'));
    } catch {
      // A dangling link: the others still count.
    }
  }
  return out.join('\n');
}

/** What may change the answer of a file or directory: for "is it still the same". */
export function fingerprintOfFile(path: string | undefined): string {
  if (path === undefined || path === '') return '-';
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${ino}.${size}.${mtimeMs}.${ctimeMs}`;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code ?? 'error';
  }
}

/** Every certificate of a PEM text; what is none is left out. */
export function parseCertificates(pem: string): X509Certificate[] {
  const out: X509Certificate[] = [];
  for (const [block] of pem.matchAll(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g)) {
    try {
      out.push(new X509Certificate(block));
    } catch {
      // Not a certificate.
    }
  }
  return out;
}

/** The common name of the subject, first if there are several; undefined when there is none. */
export function commonName(cert: X509Certificate): string | undefined {
  const cn: unknown = cert.toLegacyObject().subject?.CN;
  const first: unknown = Array.isArray(cn) ? cn[0] : cn;
  return typeof first === 'string' && first !== '' ? first : undefined;
}

/** Host names, addresses and such of the subject alternative name, without their kind. */
export function alternativeNames(cert: X509Certificate): string[] {
  const names = cert.subjectAltName;
  if (names === undefined) return [];
  // Values with commas or quotes stand in JSON quotes (Node.js since CVE-2021-44532).
  const out: string[] = [];
  for (const [, plain, quoted] of names.matchAll(/(?:^|, )[A-Za-z ]+:(?:([^",]*)|("(?:[^"\\]|\\.)*"))(?=, |$)/g)) {
    if (plain !== undefined) out.push(plain);
    else if (quoted !== undefined) {
      try {
        out.push(String(JSON.parse(quoted)));
      } catch {
        // Not a name.
      }
    }
  }
  return out;
}

const ANY_USE = '2.5.29.37.0';
const USE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/**
 * Why a certificate is not vouched for by anchors, in OpenSSL's words; undefined when it is. It must be one of them, or be
 * signed by one that is a CA: no chains, which need checks Node.js gives no access to.
 */
export function certificateProblem(
  cert: X509Certificate,
  anchors: readonly X509Certificate[],
  use: keyof typeof USE,
  now: Date,
): string | undefined {
  const dateProblem = (c: X509Certificate): string | undefined =>
    now.getTime() < Date.parse(c.validFrom)
      ? 'certificate is not yet valid'
      : now.getTime() > Date.parse(c.validTo)
        ? 'certificate has expired'
        : undefined;
  const late = dateProblem(cert);
  // Somebody chose this very certificate: what it says it is for does not matter.
  if (anchors.some((a) => a.raw.equals(cert.raw))) return late;
  const uses: readonly string[] | undefined = cert.keyUsage;
  if (uses !== undefined && !uses.includes(USE[use]) && !uses.includes(ANY_USE)) return 'unsuitable certificate purpose';
  const issuer = anchors.find((a) => a.ca && cert.checkIssued(a) && cert.verify(a.publicKey));
  if (issuer !== undefined) return late ?? dateProblem(issuer);
  return cert.issuer === cert.subject ? 'self-signed certificate' : 'unable to get local issuer certificate';
}
