// The options of the layers that encrypt and authenticate. Defaults are gensio 2.6.2's as ser2net presets them.
import { bool, emptyStr, list, maybe, oneOf, size, str, time } from './kind.ts';
import { drainTimeout } from './net.ts';
import { row } from './row.ts';

const CA = row({
  yaml: 'CA',
  kind: str,
  def: undefined,
  since: '1.0',
  defaultKey: { name: 'CA' },
  doc: 'Certificates to check the peer with: a file, or a hashed directory when it ends in a slash.',
});
const mode = row({
  yaml: 'mode',
  kind: oneOf(['client', 'server']),
  def: undefined,
  since: '1.0',
  defaultKey: { name: 'mode' },
  doc: 'Whether to act as client or server. Default: an accepter is a server, a connector a client.',
});
const clientauth = row({
  yaml: 'clientauth',
  kind: bool,
  def: false,
  since: '1.0',
  defaultKey: { name: 'clientauth' },
  doc: 'Request a certificate from the client and check it.',
});
const allowAuthfail = row({
  yaml: 'allow-authfail',
  kind: bool,
  def: false,
  since: '1.0',
  defaultKey: { name: 'allow-authfail' },
  doc: 'Continue even if the check of the peer failed.',
});
const conTimeout = row({
  yaml: 'con-timeout',
  kind: time('s'),
  def: 60000,

  since: '2.6.6',
  defaultKey: { name: 'con-timeout', min: 0, max: 0x7fffffff },
  doc: 'How long the handshake may take.',
});

/** The options of the layer ssl. */
export const SSL = {
  drainTimeout,
  key: row({
    yaml: 'key',
    kind: str,
    def: '/etc/ser2net/ser2net.key',
    since: '1.0',
    defaultKey: { name: 'key', without: undefined },
    doc: 'File with the private key, PEM.',
  }),
  cert: row({
    yaml: 'cert',
    kind: emptyStr,
    def: '/etc/ser2net/ser2net.crt',
    since: '1.0',
    defaultKey: { name: 'cert', without: undefined },
    doc: 'File with the certificate and its chain, PEM; that of the key when empty. RSA below 2048 bits and curves below 224 are refused, at both ends.',
  }),
  CA,
  clientauth,
  allowAuthfail,
  mode,
  readbuf: row({ yaml: 'readbuf', kind: size, def: 16384, since: '1.0', doc: 'Ignored; accepted so that existing files still load.' }),
  writebuf: row({ yaml: 'writebuf', kind: size, def: 16384, since: '1.0', doc: 'Ignored; accepted so that existing files still load.' }),
  conTimeout,
  minVersion: row({ yaml: 'min-version', kind: oneOf(['1.2', '1.3']), def: undefined, since: 'new', doc: 'Lowest TLS version to accept.' }),
  ciphers: row({
    yaml: 'ciphers',
    kind: str,
    def: undefined,
    since: 'new',
    doc: 'Ciphers for TLS 1.2, as "openssl ciphers" takes them, for peers that know none of the default ones: AES-GCM and ChaCha20 with a key exchange of each connection of its own (ECDHE, DHE). TLS 1.3 has ciphers of its own, which are always on unless names that begin with TLS_ choose among them.',
  }),
  serverName: row({
    yaml: 'server-name',
    kind: str,
    def: undefined,
    since: 'new',
    doc: "Host name or address that the server's certificate must be for, unless that very certificate is in CA or its fingerprint is in allow. Without it a connector takes any certificate that CA vouches for, whatever it is for, that of another host or of a client too. Also sent to the server (SNI).",
  }),
  allow: row({
    yaml: 'allow',
    kind: list(';', ';', 'name[;name...]'),
    def: undefined,
    since: 'new',
    adds: true,
    doc: 'Peers that may connect: common name, host name, address or mail address in their certificate, a URI in it, or its sha256:FINGERPRINT. A prefix cn:, dns:, ip:, email: or uri: accepts that kind of name only.',
  }),
} as const;

/** The options of the layer certauth. */
export const CERTAUTH = {
  drainTimeout,
  CA,
  key: row({
    yaml: 'key',
    kind: str,
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'key' },
    doc: 'File with the private key to log in with, PEM.',
  }),
  cert: row({
    yaml: 'cert',
    kind: emptyStr,
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'cert' },
    doc: 'File with the certificate to log in with, PEM.',
  }),
  username: row({
    yaml: 'username',
    kind: str,
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'username' },
    doc: 'Name to log in with.',
  }),
  password: row({
    yaml: 'password',
    kind: str,
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'password' },
    secret: true,
    doc: 'Password to log in with.',
  }),
  twofa: row({ yaml: '2fa', kind: str, def: undefined, since: '2.2.8', secret: true, doc: 'Second factor to log in with.' }),
  enable2fa: row({ yaml: 'enable-2fa', kind: bool, def: false, since: '2.2.8', doc: 'Ask for a second factor.' }),
  service: row({
    yaml: 'service',
    kind: str,
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'service' },
    doc: 'Service name sent to the other end.',
  }),
  mode,
  allowAuthfail,
  useChildAuth: row({
    yaml: 'use-child-auth',
    kind: bool,
    def: false,
    since: '1.0',
    defaultKey: { name: 'use-child-auth' },
    doc: 'Accept the authentication of the layer below.',
  }),
  enablePassword: row({
    yaml: 'enable-password',
    kind: bool,
    def: false,
    since: '1.0',
    defaultKey: { name: 'enable-password' },
    doc: 'Allow login by password.',
  }),
  requirePassword: row({
    yaml: 'require-password',
    kind: maybe(bool),
    def: undefined,
    since: '2.8.13',
    doc: 'Require a password even with a valid certificate.',
  }),
  conTimeout,
} as const;
