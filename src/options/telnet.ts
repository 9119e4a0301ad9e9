// The options of the telnet layer.
import { bool, oneOf, size } from './kind.ts';
import { drainTimeout } from './net.ts';
import { row } from './row.ts';

/** The options of the layer telnet. */
export const TELNET = {
  rfc2217: row({
    yaml: 'rfc2217',
    kind: bool,
    def: false,
    since: '1.0',
    defaultKey: { name: 'rfc2217' },
    doc: 'Offer (or ask for) control of the serial port as in RFC 2217.',
  }),
  mode: row({
    yaml: 'mode',
    kind: oneOf(['client', 'server']),
    def: undefined,
    since: '1.0',
    defaultKey: { name: 'mode' },
    doc: 'Whether to act as client or server. Default: an accepter is a server, a connector a client.',
  }),
  readbuf: row({ yaml: 'readbuf', kind: size, def: 1024, since: '1.0', doc: 'Ignored; accepted so that existing files still load.' }),
  writebuf: row({ yaml: 'writebuf', kind: size, def: 1024, since: '1.0', doc: 'Ignored; accepted so that existing files still load.' }),
  winsize: row({
    yaml: 'winsize',
    kind: bool,
    def: false,
    since: '2.6.5',
    defaultKey: { name: 'winsize' },
    doc: 'Negotiate the window size option (RFC 1073).',
  }),
  drainTimeout,
} as const;
