// The sentences of this folder that clients and logs know from ser2net 4.3.11. Those to clients carry their line end.
import { type GensioError, refusedPeer } from '../base/gensio-error.ts';

export { REFUSAL } from '../base/refusals.ts';

/** Why a user was closed, or a port: as it stands in traces. */
export const REASON = {
  netClosed: 'network read close',
  netReadError: 'network read error',
  timeout: 'timeout',
  slow: 'not reading',
  portClosing: 'port closing',
  kicked: 'kicked off, new user is coming\r\n',
  lastUserLeft: 'All users disconnected',
  shutdown: 'program shutdown',
  devReadError: 'dev read error',
  adminDisable: 'admin disable',
  adminDisconnect: 'admin disconnect',
  openFailure: 'Device open failure',
} as const;
/** Why a user or session ends, as traces and the log have it. */
export type Reason = (typeof REASON)[keyof typeof REASON];

/** What the log says. */
export const LOG = {
  listenFailed: (port: string, reason: string) => `Unable to startup network port ${port}: ${reason}`,
  accepterInvalid: (accepter: string, reason: string) => `Invalid accepter port name/number '${accepter}': ${reason}`,
  enableFailed: (port: string, reason: string) => `Unable to enable port device ${port}: ${reason}`,
  /** Ours: what failed, where. The reason follows. */
  cannot: (port: string, attempt: string, where: string) => `${port}: cannot ${attempt} ${where}`,
  worksAgain: (port: string, attempt: 'open' | 'listen on' | 'accept a connection on', where: string, failures: number) =>
    `${port}: ${where} ${{ open: 'could be opened again', 'listen on': 'is listened on now', 'accept a connection on': 'accepts connections again' }[attempt]}, after ${failures} failed ${failures === 1 ? 'attempt' : 'attempts'}`,
  devReadError: (port: string, reason: string) => `dev read error for device on port ${port}: ${reason}`,
  devWriteClosed: (port: string, reason: string) => `The dev write(3) for port ${port} had error: ${reason}`,
  netReadError: (port: string, reason: string) => `read error for port ${port}: ${reason}`,
  slowUser: (port: string, peer: string, seconds: number) =>
    `${port}: ${peer} took nothing for ${seconds} s while others waited, closing it`,
  fellBehind: (port: string, peer: string, bytes: number) => `${port}: ${peer} is more than ${bytes} bytes behind the device, closing it`,
  /** Why a connection was not taken, and who it was if a layer that guards the port refused it. */
  acceptError: (port: string, err: GensioError) =>
    `${port}: Error ${err.stage === 'allocating' ? 'allocating gensna gensio' : err.stage === 'opening' ? 'opening gensio' : 'accepting a gensio'}: ${err.message}${refusedPeer(err)}`,
  noMdns: (port: string) => `mdns requested for device ${port}, but mdns failed to start or is disabled in gensio`,
  rotatorFailed: 'Failed to start rotator: ',
  tooManyConnback: 'Too many connect back remote addresses specified for the max-connections given',
  connbackAllocate: (port: string, addr: string, reason: string) => `Unable to allocate connect back port ${port}, addr ${addr}: ${reason}`,
  /** An unexpected failure of our own; the port is started again. */
  failed: (port: string, stack: string) => `Internal error on port ${port}, which is started again: ${stack}`,
  /** The same in a part that goes on as it is. */
  failedOn: (part: string, stack: string) => `Internal error in ${part}: ${stack}`,
} as const;
