// Certificates as files and directories hold them, and the checks that OpenSSL is not asked for.
import { X509Certificate } from 'node:crypto';
import { opendirSync, statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GensioError, type GensioErrorCode } from '../../base/gensio-error.ts';
import { readSmallFile, readSmallFileLater } from '../../base/safe-file.ts';
import { strerror } from '../../base/strerror.ts';

/** Largest PEM file read, bytes: the certificates of a whole system have a quarter of it. */
const MAX_FILE = 1 << 20;

/** How much of a hashed directory is read. */
interface DirectoryLimits {
  /** Names looked at. */
  readonly names: number;
  /** Files read. */
  readonly files: number;
  /** Bytes in one file. */
  readonly fileBytes: number;
  /** Bytes in all files together. */
  readonly bytes: number;
}
/** Of a directory that the configuration names. */
const CA_LIMITS: DirectoryLimits = { names: 16_384, files: 4096, fileBytes: MAX_FILE, bytes: 4 << 20 };
/** Of the directories of a user, who may be able to fill them. */
const USER_LIMITS: DirectoryLimits = { names: 4096, files: 256, fileBytes: 65_536, bytes: 262_144 };
/** Certificates of one user that count. */
const MAX_USER_CERTIFICATES = 128;
/** Certificates of CAs of the same name that are tried for one that they may have signed. */
const MAX_ISSUERS = 8;
/** `<8 hex digits>.<n>`, as openssl rehash names them. */
const HASHED = /^[0-9a-f]{8}\.[0-9]+$/;

/** A whole small file. Throws a GensioError with the given code, the file, and what the system says. */
export function readPem(path: string, code: GensioErrorCode): string {
  try {
    return readSmallFile(path, { links: true, maxBytes: MAX_FILE }).toString('latin1');
  } catch (err) {
    throw new GensioError(code, `${path}: ${strerror(err)}`);
  }
}

/** The hashed names of a directory; none if it cannot be read. */
function hashedNames(dir: string, limits: DirectoryLimits): string[] {
  const names: string[] = [];
  try {
    const folder = opendirSync(dir);
    try {
      for (let i = 0; i < limits.names && names.length < limits.files; i++) {
        const entry = folder.readSync();
        if (entry === null) break;
        if (HASHED.test(entry.name)) names.push(entry.name);
      }
    } finally {
      folder.closeSync();
    }
  } catch {
    // What there was before the failure counts.
  }
  return names;
}

/** The files of a hashed directory that the configuration names, joined; '' if there are none. */
function readHashedDirectory(dir: string): string {
  const out: string[] = [];
  let left = CA_LIMITS.bytes;
  for (const name of hashedNames(dir, CA_LIMITS)) {
    try {
      const pem = readSmallFile(join(dir, name), { links: true, maxBytes: Math.min(left, CA_LIMITS.fileBytes) });
      left -= pem.length;
      out.push(pem.toString('latin1'));
    } catch {
      // A pipe, a dangling link, or more than there may be: the others still count.
    }
  }
  return out.join('\n');
}

/** What an option CA names, as PEM: a file, or a hashed directory if it ends in a slash. Throws the GensioError `certnotfound`. */
export const readAuthorities = (ca: string): string => (ca.endsWith('/') ? readHashedDirectory(ca) : readPem(ca, 'certnotfound'));

/**
 * The certificates in the hashed directories of one user, up to 128 of them in 256 files of 256 KiB together. Files are read one
 * after the other on a thread of the pool, and each is parsed in a turn of its own. Never rejects.
 */
export async function readUserCertificates(dirs: readonly string[]): Promise<X509Certificate[]> {
  const certs: X509Certificate[] = [];
  const read = promisify(readSmallFileLater);
  let { names, files, bytes } = USER_LIMITS;
  for (const dir of dirs) {
    try {
      for await (const { name } of await opendir(dir)) {
        if (names-- <= 0 || files <= 0 || certs.length >= MAX_USER_CERTIFICATES) break;
        if (!HASHED.test(name)) continue;
        files--;
        const pem = await read(join(dir, name), { links: true, maxBytes: Math.min(bytes, USER_LIMITS.fileBytes) }).catch(() => undefined);
        bytes -= pem?.length ?? 0;
        if (pem !== undefined) certs.push(...parseCertificates(pem.toString('latin1'), MAX_USER_CERTIFICATES - certs.length));
      }
    } catch {
      // Not there: the others still count.
    }
  }
  return certs;
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

/** The certificates of a PEM text, at most `most`; what is none is left out. */
export function parseCertificates(pem: string, most = Number.POSITIVE_INFINITY): X509Certificate[] {
  const out: X509Certificate[] = [];
  for (const [block] of pem.matchAll(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g)) {
    if (out.length >= most) break;
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

/** A kind of name in a certificate: the common name, or host name, address, mail address or URI of the subject alternative name. */
export type NameKind = 'cn' | 'dns' | 'ip' | 'email' | 'uri';
/** A name in a certificate, and what it names. */
export interface CertificateName {
  /** The field of the certificate that it is from. */
  readonly kind: NameKind;
  /** The name, as written there. */
  readonly name: string;
}
const KINDS: Readonly<Record<string, NameKind>> = { DNS: 'dns', 'IP Address': 'ip', email: 'email', URI: 'uri' };

/** Host names, addresses, mail addresses and URIs of the subject alternative name. */
export function alternativeNames(cert: X509Certificate): CertificateName[] {
  const names = cert.subjectAltName;
  if (names === undefined) return [];
  // Values with commas or quotes stand in JSON quotes (Node.js since CVE-2021-44532).
  const out: CertificateName[] = [];
  for (const [, label = '', plain, quoted] of names.matchAll(/(?:^|, )([A-Za-z ]+):(?:([^",]*)|("(?:[^"\\]|\\.)*"))(?=, |$)/g)) {
    const kind = Object.hasOwn(KINDS, label) ? KINDS[label] : undefined;
    if (kind === undefined) continue;
    if (plain !== undefined) out.push({ kind, name: plain });
    else if (quoted !== undefined) {
      try {
        out.push({ kind, name: String(JSON.parse(quoted)) });
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
  const issuers = anchors.filter((a) => a.ca && cert.checkIssued(a)).slice(0, MAX_ISSUERS);
  const issuer = issuers.find((a) => cert.verify(a.publicKey));
  if (issuer !== undefined) return late ?? dateProblem(issuer, now);
  return cert.issuer === cert.subject ? 'self-signed certificate' : 'unable to get local issuer certificate';
}
