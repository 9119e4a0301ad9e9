// What a finished TLS handshake says about the peer: who it is, and whether it may stay.
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import { printable } from '../../base/text.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { Authority } from '../context.ts';
import type { Peer } from '../gensio.ts';
import { alternativeNames, type CertificateName, certificateProblem, commonName, type NameKind, weakness } from './certificates.ts';

/** What OpenSSL thinks of the peer's certificate against the CA option: a code such as CERT_HAS_EXPIRED, and words. */
export interface VerifyError {
  /** OpenSSL's name for it. */
  readonly code: string;
  /** The same in words. */
  readonly message: string;
}

/** What a finished handshake has shown of the peer. */
export interface Handshake {
  /** The peer's certificate; `undefined` if it showed none. */
  readonly cert: X509Certificate | undefined;
  /** `undefined` if the certificate is good. */
  readonly problem: VerifyError | undefined;
  /** Whether this end is the server. */
  readonly server: boolean;
}

/** Of whom the certificates in `allowed_certs` must be known for the verdict; `undefined` if of nobody. */
export function userInQuestion(opts: LayerOf<'ssl'>['opts'], { cert, problem, server }: Handshake): string | undefined {
  if (!server || problem === undefined || (!opts.clientauth && opts.allow === undefined)) return undefined;
  return cert && commonName(cert);
}

/** Only the issuer is unknown: the certificate itself is in order. */
const UNKNOWN_ISSUER = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

const colons = (hex: string): string =>
  hex
    .replace(/[:\s]/g, '')
    .toUpperCase()
    .replace(/..(?=.)/g, '$&:');

/** What an entry of an allow list names when it does not say so itself. */
function kindsOf(entry: string): readonly NameKind[] {
  if (isIP(entry) !== 0) return ['ip', 'cn'];
  return /^[a-z][a-z0-9+.-]*:/i.test(entry) ? ['uri'] : ['cn', 'dns', 'email'];
}
/** `alice`, `dns:alice.example.org`, `uri:urn:x`: whether a name of a certificate is the one an entry means. */
function isNamed(entry: string, { kind, name }: CertificateName): boolean {
  const [, given, rest] = /^(cn|dns|ip|email|uri):(.*)$/is.exec(entry) ?? [];
  return given === undefined ? name === entry && kindsOf(entry).includes(kind) : name === rest && kind === given.toLowerCase();
}

/** Whether an allow list has the certificate: 'pin' by fingerprint, 'name' by common or alternative name. */
function allowedBy(allow: readonly string[], cert: X509Certificate): 'pin' | 'name' | undefined {
  const cn = commonName(cert);
  const names: CertificateName[] = [...(cn === undefined ? [] : [{ kind: 'cn' as const, name: cn }]), ...alternativeNames(cert)];
  let found: 'pin' | 'name' | undefined;
  for (const entry of allow) {
    const pin = /^sha256:([0-9a-fA-F:]+)$/i.exec(entry);
    if (pin !== null) {
      if (colons(pin[1]!) === cert.fingerprint256) return 'pin';
    } else if (names.some((name) => isNamed(entry, name))) found = 'name';
  }
  return found;
}

/** Whether a server's certificate is not for the host that was asked for. Without a name to ask for it never is. */
export function isMisnamed({ serverName }: LayerOf<'ssl'>['opts'], { cert, server }: Handshake): boolean {
  if (server || serverName === undefined || cert === undefined) return false;
  return (isIP(serverName) === 0 ? cert.checkHost(serverName) : cert.checkIP(serverName)) === undefined;
}
/** What a certificate is for, for a message: its first few names. */
function namesIn(cert: X509Certificate): string {
  const names = alternativeNames(cert).flatMap(({ kind, name }) => (kind === 'dns' || kind === 'ip' ? [name] : []));
  const all = names.length > 0 ? names : [commonName(cert) ?? 'nobody'];
  return printable(all.slice(0, 4).join(', '));
}

/**
 * The peer, or why it must go. A server asks only with clientauth or an allow list; a client always checks. Good is who the
 * CA option vouches for, whose fingerprint is listed, or (for a server) whose certificate is among the known ones of the
 * {@link userInQuestion}. For a client that {@link isMisnamed} the known ones are those in CA.
 */
export function verdict(
  opts: LayerOf<'ssl'>['opts'],
  handshake: Handshake,
  known: readonly X509Certificate[],
  auth: Authority | undefined,
  log: Log,
  now: Date,
): Peer | undefined | GensioError {
  const { cert, problem, server } = handshake;
  if (server && !opts.clientauth && opts.allow === undefined) return undefined;
  if (cert === undefined) {
    if (opts.allowAuthfail && opts.allow === undefined) {
      if (server && auth?.userAllowed(undefined) === false) return new GensioError('authreject', 'not an allowed user');
      return { user: undefined, fingerprint: undefined, authenticated: false };
    }
    log.log('info', 'Remote peer offered no certificate');
    return new GensioError('nocert');
  }
  const user = commonName(cert);
  const peer = { fingerprint: cert.fingerprint256 };
  const listed = opts.allow === undefined ? undefined : allowedBy(opts.allow, cert);
  const trusted = problem === undefined || (listed === 'pin' && UNKNOWN_ISSUER.includes(problem.code) && weakness(cert) === undefined);
  const vouched = trusted || (server && known.length > 0 && certificateProblem(cert, known, now) === undefined);
  const misnamed = listed !== 'pin' && isMisnamed(opts, handshake) && !known.some((each) => each.raw.equals(cert.raw));
  const reason = !vouched ? problem?.message : misnamed ? `it is for ${namesIn(cert)}, not for ${opts.serverName}` : undefined;
  const good = vouched && !misnamed;
  const unlisted = opts.allow !== undefined && listed === undefined;
  if (!good) log.log('err', `Error verifying certificate: ${reason ?? 'unknown'}`);
  if (unlisted) log.log('err', `ssl: certificate of '${printable(user ?? '')}' is not on the allow list (sha256:${cert.fingerprint256})`);
  if (!good && !opts.allowAuthfail) {
    if (server) log.log('err', 'ssl: Failed SSL read: error:0A000086:SSL routines::certificate verify failed');
    return new GensioError(server ? 'protoerr' : 'certinvalid', reason, undefined, peer);
  }
  if (unlisted) return new GensioError('authreject', 'not on the allow list', undefined, peer);
  // A name on an allow list counts only when somebody vouches for it.
  if (listed === 'name' && !good) return new GensioError('authreject', reason, undefined, peer);
  if (server && auth !== undefined && !auth.userAllowed(user)) return new GensioError('authreject', 'not an allowed user', undefined, peer);
  return { user, fingerprint: cert.fingerprint256, authenticated: good };
}
