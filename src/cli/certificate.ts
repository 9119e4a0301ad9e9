// Makes a key and a self-signed X.509 certificate (RFC 5280). Node.js can sign but has no writer for certificates, hence the DER here.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { dateAt } from '../base/clock.ts';

/** What the certificate is for: the extended key usage it gets. */
export type CertificateUse = 'server' | 'client';

/** What a certificate is to say. */
export interface CertificateRequest {
  /** Server or client. */
  readonly use: CertificateUse;
  /** Common name, 1 to 64 characters. For a client it is the user's name. */
  readonly commonName: string;
  /** Host names and IP addresses for the subject alternative name; a server without any gets its common name. */
  readonly names?: readonly string[];
  /** Default ecdsa: P-256. */
  readonly keyType?: 'ecdsa' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096';
  /** Valid from: an hour before this, for peers whose clock is behind. */
  readonly now: Date;
  /** 1 to 36500. */
  readonly days: number;
}

/** Both PEM; the key is PKCS#8. */
interface GeneratedCertificate {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the certificate, as `sha256:` in an allow list takes it: AA:BB:... */
  readonly fingerprint: string;
}

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const n = body.length;
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const seq = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const bytes = (...octets: number[]): Buffer => Buffer.from(octets);
const text = (value: string): Buffer => tlv(0x0c, Buffer.from(value, 'utf8'));
const bool = bytes(0x01, 0x01, 0xff);

/** An object identifier in dots. */
function oid(dots: string): Buffer {
  const [first = 0, second = 0, ...more] = dots.split('.').map(Number);
  const body = [first * 40 + second];
  for (const arc of more) {
    const digits = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
    body.push(...digits);
  }
  return tlv(0x06, bytes(...body));
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 s.4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\..*$/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(digits.slice(2), 'latin1')) : tlv(0x18, Buffer.from(digits, 'latin1'));
}

/** Sixteen bytes of an IPv6 address in text. */
function ipv6Bytes(address: string): Buffer {
  const v4 = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (a: string, b: string): string => ((Number(a) << 8) | Number(b)).toString(16);
  const plain = v4 === null ? address : `${v4[1]}${hex(v4[2]!, v4[3]!)}:${hex(v4[4]!, v4[5]!)}`;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return Buffer.from(all.flatMap((g) => [g >> 8, g & 0xff]));
}

/** GeneralName: dNSName or iPAddress. */
function generalName(name: string): Buffer {
  const kind = isIP(name);
  if (kind === 4) return tlv(0x87, Buffer.from(name.split('.').map(Number)));
  if (kind === 6) return tlv(0x87, ipv6Bytes(name));
  return tlv(0x82, Buffer.from(name, 'latin1'));
}

const extension = (id: string, critical: boolean, value: Buffer): Buffer => seq(oid(id), ...(critical ? [bool] : []), tlv(0x04, value));

const DAY_MS = 86_400_000;
const MAX_NAMES = 100;

/** What is wrong with a request, in words; undefined when it can be carried out. */
export function checkRequest({ commonName, names, days }: CertificateRequest): string | undefined {
  if (commonName === '' || [...commonName].length > 64) return 'the common name must have 1 to 64 characters';
  if (/[\0-\x1f\x7f/]/.test(commonName)) return 'the common name must not have control characters or slashes';
  if (!Number.isInteger(days) || days < 1 || days > 36_500) return 'days must be a whole number from 1 to 36500';
  if ((names?.length ?? 0) > MAX_NAMES) return `at most ${MAX_NAMES} names fit`;
  const odd = names?.find(
    (name) =>
      isIP(name) === 0 && !/^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/.test(name),
  );
  return odd === undefined ? undefined : `'${odd}' is neither a host name nor an IP address`;
}

function makeKey(type: CertificateRequest['keyType']): { publicKey: KeyObject; privateKey: KeyObject } {
  if (type === undefined || type === 'ecdsa') return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return generateKeyPairSync('rsa', { modulusLength: Number(type.slice(4)) });
}

/** Makes a key and its certificate. The request must have passed checkRequest. An RSA key takes up to some seconds. */
export function generateCertificate(request: CertificateRequest): GeneratedCertificate {
  const problem = checkRequest(request);
  if (problem !== undefined) throw new RangeError(problem);
  const { publicKey, privateKey } = makeKey(request.keyType);
  const ec = publicKey.asymmetricKeyType === 'ec';
  const algorithm = ec ? seq(oid('1.2.840.10045.4.3.2')) : seq(oid('1.2.840.113549.1.1.11'), bytes(0x05, 0x00));
  const name = seq(tlv(0x31, seq(oid('2.5.4.3'), text(request.commonName))));
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const hostLike = /^[A-Za-z0-9_.*-]+$/.test(request.commonName) || isIP(request.commonName) !== 0;
  const names = request.names?.length ? request.names : request.use === 'server' && hostLike ? [request.commonName] : [];
  const extensions = [
    // Not a CA: whoever trusts this certificate trusts its holder, not those its holder might sign for.
    extension('2.5.29.19', true, seq()),
    extension('2.5.29.15', true, ec ? bytes(0x03, 0x02, 0x07, 0x80) : bytes(0x03, 0x02, 0x05, 0xa0)),
    extension('2.5.29.37', false, seq(oid(request.use === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.14', false, tlv(0x04, createHash('sha1').update(spki).digest())),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', false, seq(...names.map(generalName)))]),
  ];
  const tbs = seq(
    tlv(0xa0, bytes(0x02, 0x01, 0x02)),
    tlv(0x02, serial),
    algorithm,
    name,
    seq(time(dateAt(request.now.getTime() - 3_600_000)), time(dateAt(request.now.getTime() + request.days * DAY_MS))),
    name,
    spki,
    tlv(0xa3, seq(...extensions)),
  );
  const der = seq(tbs, algorithm, tlv(0x03, bytes(0), sign('sha256', tbs, privateKey)));
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  const digest = createHash('sha256').update(der).digest('hex').toUpperCase();
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    fingerprint: digest.replace(/..(?=.)/g, '$&:'),
  };
}
