// The options of an attachment: a remote serial port as a local device. As options of `ser2net attach` and as keys of a
// section's `options`, in the same spelling.
import { bool, type Kind, oneOf, size, str, time } from './kind.ts';
import { row, type Values } from './row.ts';
import type { Parity } from './serialdev.ts';

/** A line as far as it is written: `9600`, `9600n`, `9600n8`, `9600n81`. */
export interface LineWish {
  /** Bits a second. */
  readonly speed: number;
  /** `undefined` if not written. */
  readonly parity: Parity | undefined;
  /** Bits per character; `undefined` if not written. */
  readonly databits: 5 | 6 | 7 | 8 | undefined;
  /** `undefined` if not written. */
  readonly stopbits: 1 | 2 | undefined;
}

const lineWish: Kind<LineWish | undefined> = {
  name: '9600n81',
  parse: (text) => {
    const m = /^([0-9]{1,9})(?:([neoms])(?:([5-8])([12])?)?)?$/i.exec(text);
    if (m === null || Number(m[1]) < 10) return { expected: 'a speed such as 9600 or 9600n81' };
    return {
      ok: {
        speed: Number(m[1]),
        parity: m[2]?.toUpperCase() as Parity | undefined,
        databits: m[3] === undefined ? undefined : (Number(m[3]) as LineWish['databits']),
        stopbits: m[4] === undefined ? undefined : (Number(m[4]) as LineWish['stopbits']),
      },
    };
  },
  print: (wish) => (wish === undefined ? '' : [wish.speed, wish.parity, wish.databits, wish.stopbits].join('')),
};

const octal: Kind<number | undefined> = {
  name: 'octal',
  parse: (text) => (/^0*[0-7]{1,3}$/.test(text) ? { ok: Number.parseInt(text, 8) } : { expected: 'an octal mode such as 660' }),
  print: (value) => (value === undefined ? '' : value.toString(8)),
};

const line = (yaml: 'dtr' | 'rts', doc: string) => row({ yaml, kind: oneOf(['on', 'off', 'open']), def: undefined, since: 'new', doc });

/** The options of an attachment. */
export const ATTACH = {
  user: row({ yaml: 'user', kind: str, def: undefined, since: 'new', doc: 'Owner of the device, a name or a number.' }),
  group: row({ yaml: 'group', kind: str, def: undefined, since: 'new', doc: 'Group of the device, a name or a number.' }),
  mode: row({
    yaml: 'mode',
    kind: octal,
    def: undefined,
    since: 'new',
    doc: 'Permission bits of the device. Default: what the system gives a new pseudo-terminal (often 620).',
  }),
  tlsCert: row({
    yaml: 'tls-cert',
    kind: str,
    def: undefined,
    since: 'new',
    doc: 'File with the certificate to show to the server, PEM; for targets that begin with tls, rfc2217s or telnets.',
  }),
  tlsKey: row({
    yaml: 'tls-key',
    kind: str,
    def: undefined,
    since: 'new',
    doc: 'File with the key of that certificate, PEM. Default: the file of the certificate.',
  }),
  tlsCa: row({
    yaml: 'tls-ca',
    kind: str,
    def: undefined,
    since: 'new',
    doc: "Certificates to check the server with: a file (the server's own self-signed certificate will do), or a hashed directory when it ends in a slash. A certificate that these vouch for must also be for the host of the target, unless tls-allow is given. Without it, or a fingerprint in tls-allow, no server is trusted.",
  }),
  tlsAllow: row({
    yaml: 'tls-allow',
    kind: str,
    def: undefined,
    since: 'new',
    doc: 'Names separated by semicolons, one of which the certificate of the server must have, or sha256:FINGERPRINT of it, which needs no tls-ca.',
  }),
  onDemand: row({
    yaml: 'on-demand',
    kind: bool,
    def: false,
    since: 'new',
    doc: 'Connect when an application opens the device for the first time, not before.',
  }),
  disconnectAfter: row({
    yaml: 'disconnect-after',
    kind: time('s'),
    def: 0,
    since: 'new',
    doc: 'With on-demand: close the connection when no application has had the device open for this long. 0 means never.',
  }),
  hangup: row({
    yaml: 'hangup',
    kind: bool,
    def: false,
    since: 'new',
    doc: 'When the connection is lost, hang the device up, as if it were unplugged: applications have to open it again. Otherwise they stay attached and wait. Needs CAP_SYS_ADMIN to keep the number under /dev/pts; without it the link leads to a new one.',
  }),
  queue: row({
    yaml: 'queue',
    kind: size,
    def: 65536,
    since: 'new',
    doc: 'How much of what applications write is kept while there is no connection, and sent when it is back. When it is full, writers block.',
  }),
  discard: row({
    yaml: 'discard',
    kind: bool,
    def: false,
    since: 'new',
    doc: 'Discard what applications write while the connection is lost, instead of keeping it; not during the first attempt to connect. Recommended for programs that ask and wait for an answer (Modbus, UPS drivers, meters): otherwise each request that timed out meanwhile reaches the device when the connection is back, all in one burst.',
  }),
  discardUnread: row({
    yaml: 'discard-unread',
    kind: bool,
    def: false,
    since: 'new',
    doc: 'Discard what arrives while no application has the device open, as a local serial port does. Otherwise the next one gets it.',
  }),
  speed: row({
    yaml: 'speed',
    kind: lineWish,
    def: undefined,
    since: 'new',
    doc: 'Line settings to request from the server at each connection, until an application sets another speed or number of stop bits; parity and character size, which a pseudo-terminal cannot carry, stay as given here. Default: the line stays as the server has it.',
  }),
  flow: row({
    yaml: 'flow',
    kind: oneOf(['none', 'xonxoff', 'rtscts']),
    def: undefined,
    since: 'new',
    doc: 'Flow control to request from the server, until an application sets another one.',
  }),
  fixed: row({
    yaml: 'fixed',
    kind: bool,
    def: false,
    since: 'new',
    doc: 'Do not pass on what applications set: the line stays as speed and flow say, or as the server has it.',
  }),
  dtr: line(
    'dtr',
    'State of DTR after each connection: on, off, or open (on while an application has the device open). Default: left alone.',
  ),
  rts: line('rts', 'State of RTS, as dtr.'),
  retryTime: row({
    yaml: 'retry-time',
    kind: time('s'),
    def: 500,
    since: 'new',
    doc: 'Delay before the first new attempt; each further delay is twice as long, up to retry-max. A delay is shortened at random by up to half.',
  }),
  retryMax: row({ yaml: 'retry-max', kind: time('s'), def: 30_000, since: 'new', doc: 'Longest delay between attempts.' }),
  connectTimeout: row({
    yaml: 'connect-timeout',
    kind: time('s'),
    def: 10_000,
    since: 'new',
    doc: 'How long one target may take to answer before the next one is tried.',
  }),
} as const;

/** The options of an attachment, defaults filled in. */
export type AttachOptions = Values<typeof ATTACH>;

/** What may follow the question mark of a target's URL, for this target only. */
export const TARGET = {
  speed: ATTACH.speed,
  flow: ATTACH.flow,
  dtr: ATTACH.dtr,
  rts: ATTACH.rts,
} as const;
/** The options that one target has of its own. */
export type TargetOptions = Values<typeof TARGET>;
