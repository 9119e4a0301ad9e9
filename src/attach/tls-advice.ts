// Why TLS with a server failed, as far as a client can tell, and which option helps. With TLS 1.3 what the server thinks of our
// certificate comes after the connection seemed to be open: as an alert, or merely as its end.
import type { GensioError } from '../base/gensio-error.ts';
import { layersOf } from '../gensio/syntax/stack.ts';
import type { Target } from '../gensio/syntax/target.ts';

/** OpenSSL's names of the alerts of a server that does not take our certificate, or wants one. */
const UNWANTED =
  /alert (?:certificate required|handshake failure|bad certificate|unsupported certificate|certificate revoked|certificate expired|certificate unknown|unknown ca|access denied|certificate unobtainable)/;
/** What the other side sent was no TLS. */
const NO_TLS = /wrong version number|packet length too long|http request|unexpected message/;
/** Of a certificate, its issuer alone is not known: its fingerprint in the list of those allowed is enough. */
const UNKNOWN_ISSUER = /self[- ]signed certificate|unable to get (?:local )?issuer certificate|unable to verify the first certificate/;

/** How options are written where the target was given. */
export type OptionStyle = '--' | '';

/**
 * What probably is wrong, and what to do about it; `undefined` if the error says it all, or has nothing to do with TLS.
 * secured: the handshake was done, and then the server ended the connection before anything came.
 */
export function tlsAdvice(err: GensioError, target: Target, secured: boolean, style: OptionStyle): string | undefined {
  const ssl = layersOf(target.spec).find((layer) => layer.type === 'ssl');
  if (ssl === undefined) return undefined;
  const { detail = '', code, peer } = err;
  const option = (name: 'allow' | 'CA' | 'cert' | 'key', value: string): string => {
    if (!target.tlsByOptions) return `${name}=${value}`;
    return style === '--' ? `--tls-${name.toLowerCase()} ${value}` : `tls-${name.toLowerCase()}: ${value}`;
  };
  if (peer?.fingerprint !== undefined) {
    const pin = `sha256:${peer.fingerprint}`;
    // A fingerprint makes up for an unknown issuer and a wrong name, but not for a certificate that has expired.
    const pinHelps = code === 'authreject' || UNKNOWN_ISSUER.test(detail) || detail.startsWith('it is for ');
    if (!pinHelps) return `the certificate of the server must be replaced (${pin})`;
    return `the fingerprint of the server is ${pin}; if it is the right one, trust it with ${option('allow', pin)}, or its issuer with ${option('CA', 'FILE')}`;
  }
  if (UNWANTED.test(detail) || (secured && code === 'remclose')) {
    const sure = UNWANTED.test(detail);
    if (ssl.opts.cert !== '') return `the server ${sure ? 'does' : 'may'} not accept the certificate ${ssl.opts.cert}`;
    return `the server ${sure ? 'wants' : 'may want'} a client certificate: ${option('cert', 'FILE')} and ${option('key', 'FILE')}`;
  }
  if (NO_TLS.test(detail)) return 'the server does not speak TLS on this port';
  if (secured) return undefined;
  if (code === 'remclose') return 'closed during the TLS handshake: the server may not speak TLS on this port';
  if (code === 'timedout') return 'the host cannot be reached, or does not speak TLS on this port';
  return undefined;
}
