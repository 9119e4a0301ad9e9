// The options of the telnet layer.
import { bool, oneOf, size } from './kind.ts';
import { drainTimeout } from './net.ts';
import { row } from './row.ts';

/** The options of the layer telnet. */
export const TELNET = {
  rfc2217: row({
    conf: false,
    yaml: 'rfc2217',
    kind: bool,
    def: false,
    since: '1.0',
    defaultKey: { name: 'rfc2217' },
    doc: 'Offer (or ask for) control of the serial port as in RFC 2217.',
  }),
  mode: row({
    conf: false,
    yaml: 'mode',
    kind: oneOf(['client', 'server']),
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'mode' },
    doc: 'Which end to be; an accepter is a server and a connector a client when not given.',
  }),
  readbuf: row({ conf: false, yaml: 'readbuf', kind: size, def: 1024, unit: 'bytes', since: '1.0', doc: 'Kept for old files.' }),
  writebuf: row({ conf: false, yaml: 'writebuf', kind: size, def: 1024, unit: 'bytes', since: '1.0', doc: 'Kept for old files.' }),
  winsize: row({
    conf: false,
    yaml: 'winsize',
    kind: bool,
    def: false,
    since: '2.6.5',
    defaultKey: { name: 'winsize' },
    doc: 'Negotiate the window size option (RFC 1073).',
  }),
  drainTimeout,
} as const;
