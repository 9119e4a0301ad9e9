// The options of the admin port. In a classic file they can only be set as defaults.
import { str, uint } from './kind.ts';
import { row } from './row.ts';

/** The options of the admin port. */
export const ADMIN = {
  authdir: row({
    yaml: 'authdir-admin',
    kind: str,
    def: '/etc/ser2net/auth',
    since: '4.0',
    defaultKey: { name: 'authdir-admin' },
    doc: 'Directory with the passwords and keys of those who may use the admin port, for accepters that authenticate.',
  }),
  pamauth: row({
    yaml: 'pamauth-admin',
    kind: str,
    def: undefined,
    since: '4.3.6',
    defaultKey: { name: 'pamauth-admin' },
    doc: 'PAM service that checks the passwords of those who may use the admin port, in place of the password files.',
  }),
  timeout: row({
    yaml: 'timeout-admin',
    kind: uint(0, 0xffffffff, 'seconds'),
    def: 0,
    unit: 's',
    since: 'new',
    doc: 'A session of the admin port that sends nothing for this long, and does not monitor a port, is closed. 0: never.',
  }),
} as const;
