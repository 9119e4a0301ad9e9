// Options of layers that cannot run here. They can be set as defaults, as in ser2net, so that files which do so still load.
import { bool, type Kind, oneOf, uint } from './kind.ts';
import { type DefaultKey, row } from './row.ts';

const kept = <T>(name: string, kind: Kind<T>, def: NoInfer<T>, key: Omit<DefaultKey<T>, 'name'> = {}) =>
  row<T>({ yaml: name, kind, def, since: '1.0', defaultKey: { name, ...key }, doc: 'Accepted as a default; has no effect.' });
const count = (name: string, def: number, min: number) => kept(name, uint(min, INT_MAX), def, { min, max: INT_MAX });
const INT_MAX = 0x7fffffff;

/** The layer sctp. */
export const SCTP = {
  instreams: count('instreams', 1, 1),
  ostreams: count('ostreams', 1, 1),
  sackFreq: count('sack_freq', 1, 0),
  sackDelay: count('sack_delay', 10, 0),
} as const;

/** The layer ipmisol. */
export const IPMISOL = {
  authenticated: kept('authenticated', bool, true),
  encrypted: kept('encrypted', bool, true),
  ackTimeout: count('ack-timeout', 1000000, 1),
  ackRetries: count('ack-retries', 10, 1),
  sharedSerialAlert: kept('shared-serial-alert', oneOf(['fail', 'deferred', 'succeed']), 'fail', { strict: true }),
  deassert: kept('deassert-CTS-DCD-DSR-on-connect', bool, false),
} as const;
