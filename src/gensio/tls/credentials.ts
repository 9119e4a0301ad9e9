// The key, certificate and CA files of an ssl layer as one ready TLS context, read again when a file changes.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { systemClock } from '../../base/clock.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import type { LayerOf } from '../../options/stack.ts';
import { dateProblem, fingerprintOfFile, parseCertificates, readAuthorities, readPem, weakness } from './certificates.ts';

type SslOptions = LayerOf<'ssl'>['opts'];

interface Entry {
  /** What the files looked like when this was made. */
  readonly seen: string;
  readonly made: SecureContext | GensioError;
  /** The last one that worked: kept while the files are being replaced. */
  readonly good: SecureContext | undefined;
  /** When seen was compared with the files last, in ms of the clock. */
  readonly at: number;
  readonly era: number;
}

const cache = new Map<string, Entry>();
/** Contexts kept; the oldest goes first. */
const MAX_KEPT = 256;
let era = 0;

/** Forgets nothing that works, but has every file read again before its next use: for a reload. */
export function reloadTls(): void {
  era++;
}

/** The names of files in the options of ssl and certauth. */
interface FileOptions {
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
  readonly CA?: string | undefined;
}

/** The files a set of options means: cert is that of the key when not given, and no key is used without a certificate. */
export function filesOf(opts: FileOptions): { key: string | undefined; cert: string | undefined; ca: string | undefined } {
  const cert = opts.cert === '' ? undefined : (opts.cert ?? opts.key);
  return { key: cert === undefined ? undefined : opts.key, cert, ca: opts.CA };
}

/** The private key of a PEM file. Throws a GensioError that names the file. */
function readKey(path: string): { readonly pem: string; readonly key: KeyObject } {
  const pem = readPem(path, 'keynotfound');
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    const hint = `'openssl pkey -in ${path} -out FILE' writes it without`;
    throw new GensioError('keynotfound', `the key ${path} is encrypted, and a daemon has nobody to ask for the passphrase; ${hint}`);
  }
  try {
    return { pem, key: createPrivateKey(pem) };
  } catch {
    throw new GensioError('keynotfound', `${path} has no private key`);
  }
}

const TLS13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
/** With forward secrecy: who steals the key of a server cannot read what was recorded before. */
const TLS12 = 'ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!aPSK:!kPSK';

/** The list for OpenSSL. As in Debian's, what is weaker than 112 bits is refused, here and at the peer. */
function cipherList(given: string | undefined): string {
  const list = given ?? TLS12;
  return [...(/(^|:)TLS_/.test(list) ? [] : [TLS13]), list, ...(list.includes('@SECLEVEL') ? [] : ['@SECLEVEL=2'])].join(':');
}

function make(opts: SslOptions, server: boolean, warn: (text: string) => void): SecureContext {
  const { key, cert, ca } = filesOf(opts);
  if (server && (key === undefined || cert === undefined))
    throw new GensioError('keynotfound', 'a TLS server needs a key and a certificate');
  const options: SecureContextOptions = {
    // No CA given: nobody is trusted, rather than everybody a public authority vouches for; names are not checked.
    ca: [],
    ciphers: cipherList(opts.ciphers),
    ...(opts.minVersion !== undefined && { minVersion: `TLSv${opts.minVersion}` }),
  };
  if (ca !== undefined) {
    const pem = readAuthorities(ca);
    if (!ca.endsWith('/') && !pem.includes('CERTIFICATE-----')) throw new GensioError('certnotfound', `${ca} has no certificate`);
    if (pem !== '') options.ca = pem;
  }
  if (cert !== undefined) {
    options.cert = readPem(cert, 'certnotfound');
    const own = readKey(key ?? cert);
    options.key = own.pem;
    let leaf: X509Certificate;
    try {
      leaf = new X509Certificate(options.cert);
    } catch {
      throw new GensioError('certnotfound', `${cert} has no certificate`);
    }
    if (!leaf.checkPrivateKey(own.key)) throw new GensioError('keyinvalid', `${key} is not the key of ${cert}`);
    const weak = weakness(leaf);
    if (weak !== undefined) throw new GensioError('certinvalid', `the certificate ${cert} is too weak: ${weak}`);
    const late = dateProblem(leaf, systemClock.wall());
    if (late !== undefined) warn(`ssl: ${cert}: ${late} (${leaf.validFrom} to ${leaf.validTo})`);
  }
  try {
    return createSecureContext(options);
  } catch (err) {
    throw new GensioError('certinvalid', (err as Error).message);
  }
}

/** Nothing is looked at twice within this: a flood of connections does not become a flood of stat calls. */
const LOOK_AGAIN_MS = 100;

/**
 * The context for a set of options, or why there is none: certnotfound, keynotfound, keyinvalid, certinvalid. Files that changed
 * are read again; while they cannot be used, the context made of the ones before stays. The log says so, and what is wrong with the
 * files of a server or the date of a certificate, once each time they are read.
 */
export function credentials(opts: SslOptions, server: boolean, now: number, log: Log): SecureContext | GensioError {
  const files = filesOf(opts);
  const key = JSON.stringify([files.key, files.cert, files.ca, opts.minVersion, opts.ciphers, server]);
  const before = cache.get(key);
  if (before !== undefined && before.era === era && now - before.at < LOOK_AGAIN_MS) return before.made;
  const seen = `${fingerprintOfFile(files.key)} ${fingerprintOfFile(files.cert)} ${fingerprintOfFile(files.ca)}`;
  if (before !== undefined && before.era === era && before.seen === seen) {
    cache.set(key, { ...before, at: now });
    return before.made;
  }
  let made: SecureContext | GensioError;
  try {
    made = make(opts, server, (text) => log.log('warning', text));
  } catch (err) {
    if (!(err instanceof GensioError)) throw err;
    made = err;
    if (before?.good !== undefined) {
      log.log('warning', `ssl: keeping the certificate in use, the new one cannot be: ${err.detail ?? err.message}`);
      made = before.good;
    } else if (server) log.log('err', `ssl: ${err.detail ?? err.message}`);
  }
  if (!cache.has(key) && cache.size >= MAX_KEPT) {
    const [oldest] = cache.keys();
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(key, { seen, made, good: made instanceof GensioError ? undefined : made, at: now, era });
  return made;
}

/** The certificates that an option CA names, of its files as they are now; none if they cannot be read. */
export function authoritiesOf(ca: string): X509Certificate[] {
  try {
    return parseCertificates(readAuthorities(ca));
  } catch {
    return [];
  }
}
