// Certificates as files and directories hold them, and the checks that OpenSSL is not asked for.
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GensioError, type GensioErrorCode } from '../../base/gensio-error.ts';
import { strerror } from '../../base/strerror.ts';

/** Biggest PEM file read: the certificates of a whole system have a quarter of it. */
const MAX_FILE = 1 << 20;
/** Most files of a hashed directory. */
const MAX_FILES = 4096;

/** A whole small file. Throws a GensioError with the given code, the file, and what the system says. */
export function readPem(path: string, code: GensioErrorCode): string {
  let size: number;
  try {
    size = statSync(path).size;
    if (size <= MAX_FILE) return readFileSync(path, 'latin1');
  } catch (err) {
    throw new GensioError(code, `${path}: ${strerror(err)}`);
  }
  throw new GensioError(code, `${path} is too big: ${size} bytes`);
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

/** What OpenSSL's security level 2 asks for, the default of Debian's: 112 bits. */
const MIN_RSA_BITS = 2048;
const MIN_CURVE_BITS = 224;

/** How the key of a certificate is too weak, in words: `its RSA key has 1024 bits, not 2048 or more`; undefined when it is not. */
export function weakness({ publicKey }: X509Certificate): string | undefined {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined && modulusLength < MIN_RSA_BITS)
    return `its RSA key has ${modulusLength} bits, not ${MIN_RSA_BITS} or more`;
  const curve = Number(/\d{3}/.exec(namedCurve ?? '')?.[0] ?? MIN_CURVE_BITS);
  return curve < MIN_CURVE_BITS ? `its key is on the curve ${namedCurve}, which is too small` : undefined;
}

/** Why the certificate is not good at this time, in OpenSSL's words; undefined when it is. */
export function dateProblem(cert: X509Certificate, now: Date): string | undefined {
  if (now.getTime() < Date.parse(cert.validFrom)) return 'certificate is not yet valid';
  return now.getTime() > Date.parse(cert.validTo) ? 'certificate has expired' : undefined;
}

const ANY_USE = '2.5.29.37.0';
const CLIENT_USE = '1.3.6.1.5.5.7.3.2';

/**
 * Why a client's certificate is not vouched for by anchors, in OpenSSL's words; undefined when it is. It must be one of them, or be
 * signed by one that is a CA: no chains, which need checks Node.js gives no access to.
 */
export function certificateProblem(cert: X509Certificate, anchors: readonly X509Certificate[], now: Date): string | undefined {
  if (weakness(cert) !== undefined) return 'EE certificate key too weak';
  const late = dateProblem(cert, now);
  // Somebody chose this very certificate: what it says it is for does not matter.
  if (anchors.some((a) => a.raw.equals(cert.raw))) return late;
  const uses: readonly string[] | undefined = cert.keyUsage;
  if (uses !== undefined && !uses.includes(CLIENT_USE) && !uses.includes(ANY_USE)) return 'unsuitable certificate purpose';
  const issuer = anchors.find((a) => a.ca && cert.checkIssued(a) && cert.verify(a.publicKey));
  if (issuer !== undefined) return late ?? dateProblem(issuer, now);
  return cert.issuer === cert.subject ? 'self-signed certificate' : 'unable to get local issuer certificate';
}
