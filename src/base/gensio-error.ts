// What can go wrong with a connection, in the words clients and logs know from gensio.
import { errnoText } from './strerror.ts';

/** Error names and the texts that stand on the wire and in the log for them (gensio 2.6.2). */
export const GENSIO_ERRORS = {
  nomem: 'Out of memory',
  notsup: 'Operation not supported',
  inval: 'Invalid data to parameter',
  notfound: 'Value or file not found',
  exists: 'Value already exists',
  outofrange: 'Value out of range',
  inconsistent: 'Parameters inconsistent in call',
  nodata: 'No data was available for the function',
  oserr: 'OS error, see logs',
  inuse: 'Object was already in use',
  inprogress: 'Operation is in progress',
  notready: 'Object was not ready for operation',
  toobig: 'Value was too large for data',
  timedout: 'Operation timed out',
  retry: 'Retry operation later',
  keynotfound: 'Unable to find the given key',
  certrevoked: 'Key was revoked',
  certexpired: 'Key was expired',
  keyinvalid: 'Key is not valid',
  nocert: 'Certificate not provided',
  certinvalid: 'Certificate is not valid',
  protoerr: 'Protocol error',
  commerr: 'Communication error',
  ioerr: 'Internal I/O error',
  remclose: 'Remote end closed connection',
  hostdown: 'Host could not be reached',
  connrefuse: 'Connection refused',
  datamissing: 'Data was missing',
  certnotfound: 'Unable to find given certificate',
  authreject: 'Authentication tokens rejected',
  addrinuse: 'Address already in use',
  interrupted: 'Operation was interrupted by a signal',
  shutdown: 'Operation on shutdown fd',
  localclosed: 'Local end closed connection',
  perm: 'Permission denied',
  apperr: 'Application error',
  unknownname: 'Unknown name server lookup failure',
  namenotfound: 'Unable to find a valid name on the name server',
  nameserver: 'Serious name server failure',
  nameinvalid: 'Invalid name server information',
  namenetunavail: 'Network address for the given name is not available',
} as const;

/** A key of GENSIO_ERRORS, which has gensio's text for it. */
export type GensioErrorCode = keyof typeof GENSIO_ERRORS;

/** A failure of a layer. message is gensio's text; detail says more where there is more to say. */
export class GensioError extends Error {
  override readonly name = 'GensioError';
  /** Which error it is. */
  readonly code: GensioErrorCode;
  /** What the system or the peer said, for the log: never sent to a client. */
  readonly detail: string | undefined;
  /** Which step of an accepter failed, for the log: allocating (`Error allocating gensna gensio`), opening (`Error opening gensio`). */
  readonly stage: 'allocating' | 'opening' | undefined;
  /** Who was refused, or refused us; `undefined` if it does not matter. */
  readonly peer: RefusedPeer | undefined;
  /** The errno it came from, such as ENOENT; `undefined` if it came from elsewhere. */
  errno: string | undefined;
  constructor(code: GensioErrorCode, detail?: string, stage?: 'allocating' | 'opening', peer?: RefusedPeer) {
    super(GENSIO_ERRORS[code]);
    this.code = code;
    this.detail = detail;
    this.stage = stage;
    this.peer = peer;
  }
}

/** The other side of a connection that was refused while it was being set up. */
interface RefusedPeer {
  /** Its host, as in `192.0.2.7`; `undefined` if it has none, or is not known. */
  readonly host?: string | undefined;
  /** SHA-256 of the certificate it showed, as in `AB:CD:...`; `undefined` if it showed none. */
  readonly fingerprint?: string | undefined;
}

/** ` (from 192.0.2.7: self-signed certificate, sha256:AB:CD)` for a line of the log; '' if nobody was refused. */
export function refusedPeer({ detail, peer }: GensioError): string {
  if (peer?.host === undefined) return '';
  const facts = [detail, peer.fingerprint && `sha256:${peer.fingerprint}`].filter((fact) => fact !== undefined);
  return ` (from ${peer.host}${facts.length === 0 ? '' : `: ${facts.join(', ')}`})`;
}

/** errno names and resolver names to gensio's numbers, as gensio maps them; everything else is "OS error, see logs". */
const FROM_ERRNO: Readonly<Record<string, GensioErrorCode>> = {
  ENOMEM: 'nomem',
  EINVAL: 'inval',
  ENOENT: 'notfound',
  EEXIST: 'exists',
  EBUSY: 'inuse',
  EAGAIN: 'inprogress',
  EINPROGRESS: 'inprogress',
  ETIMEDOUT: 'timedout',
  EPIPE: 'remclose',
  ECONNRESET: 'remclose',
  EHOSTUNREACH: 'hostdown',
  ECONNREFUSED: 'connrefuse',
  EIO: 'ioerr',
  EADDRINUSE: 'addrinuse',
  EINTR: 'interrupted',
  ESHUTDOWN: 'shutdown',
  EMSGSIZE: 'toobig',
  EPERM: 'perm',
  EACCES: 'perm',
  ENOTFOUND: 'namenotfound',
  EAI_AGAIN: 'retry',
  EAI_FAIL: 'nameserver',
  EAI_NODATA: 'namenotfound',
  EAI_SERVICE: 'unknownname',
};

/** The gensio error for an error of the system; a GensioError stays itself. */
export function fromSystemError(err: unknown): GensioError {
  if (err instanceof GensioError) return err;
  const { code, message } = err as NodeJS.ErrnoException;
  const error = new GensioError((code !== undefined && FROM_ERRNO[code]) || 'oserr', message ?? String(err));
  error.errno = code;
  return error;
}

/** A failure in the system's words where it came from there, else in ours where there are some, else in gensio's. */
export function failureText({ errno, detail, message }: GensioError): string {
  const text = errno === undefined ? undefined : errnoText(errno);
  if (text !== undefined) return text;
  return detail === undefined ? message : `${message} (${detail})`;
}
