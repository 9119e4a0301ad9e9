// The options of the layers that own a socket, a process or a file, and of small filters. Defaults are gensio 2.6.2's.
// Long because it is a table.
import { bool, cNumber, emptyStr, type Kind, list, maybe, oneOf, size, str, time, uint } from './kind.ts';
import { row } from './row.ts';

const readbuf = (def: number) =>
  row({ conf: false, yaml: 'readbuf', kind: size, def, unit: 'bytes', since: '1.0', doc: 'Biggest piece read at once.' });

/** Octal permission bits, as `perm=660`. */
const octal: Kind<number | undefined> = {
  name: 'octal',
  parse: (text) => (/^0*[0-7]{1,4}$/.test(text) ? { ok: Number.parseInt(text, 8) } : { expected: 'an octal mode such as 660' }),
  print: (value) => (value === undefined ? '' : value.toString(8)),
};

/** One digit of a mode, or letters of rwx. */
const modeDigit: Kind<number | undefined> = {
  name: '0-7|rwx',
  parse: (text) => {
    if (/^[0-7]$/.test(text)) return { ok: Number(text) };
    if (!/^[rwx]+$/.test(text)) return { expected: 'one digit from 0 to 7, or letters of rwx' };
    return { ok: (text.includes('r') ? 4 : 0) | (text.includes('w') ? 2 : 0) | (text.includes('x') ? 1 : 0) };
  },
  print: (value) => (value === undefined ? '' : String(value)),
};

/** `n:m`, two byte values. */
const bytePair: Kind<readonly (readonly [number, number])[] | undefined> = {
  name: 'n:m',
  parse: (text) => {
    const [from, to, ...more] = text.split(':').map(cNumber);
    const fine = (n: number | undefined): n is number => n !== undefined && n >= 0 && n < 256;
    return fine(from) && fine(to) && more.length === 0 ? { ok: [[from, to]] } : { expected: 'two byte values, n:m' };
  },
  print: (value) => (value ?? []).map((p) => p.join(':')).join(' '),
};

/** `key:value`, kept as `key=value`, which is how a record of mDNS says it. */
const keyValue: Kind<readonly string[] | undefined> = {
  name: 'key:value',
  parse: (text) => {
    const colon = text.indexOf(':');
    return colon < 1 ? { expected: 'a record, key:value' } : { ok: [`${text.slice(0, colon)}=${text.slice(colon + 1)}`] };
  },
  print: (value) => (value ?? []).map((record) => record.replace('=', ':')).join(' '),
};

/** A flag that acts by being named; its value is not looked at (gensio 2.6.2, xlt). */
const named: Kind<boolean> = { name: '', bare: true, parse: () => ({ ok: true }), print: String };

const FILE_MODE = {
  umode: row({ conf: false, yaml: 'umode', kind: modeDigit, def: undefined, since: '1.3', doc: 'Rights of the owner.' }),
  gmode: row({ conf: false, yaml: 'gmode', kind: modeDigit, def: undefined, since: '1.3', doc: 'Rights of the group.' }),
  omode: row({ conf: false, yaml: 'omode', kind: modeDigit, def: undefined, since: '1.3', doc: 'Rights of others.' }),
  perm: row({ conf: false, yaml: 'perm', kind: octal, def: undefined, since: '2.1.4', doc: 'All rights as one octal number.' }),
  owner: row({ conf: false, yaml: 'owner', kind: str, def: undefined, since: '2.1.4', doc: 'User that owns it.' }),
  group: row({ conf: false, yaml: 'group', kind: str, def: undefined, since: '2.1.4', doc: 'Group that owns it.' }),
} as const;

const reuseaddr = (def: boolean) =>
  row({
    conf: false,
    yaml: 'reuseaddr',
    kind: bool,
    def,
    since: '2.1.2',
    // For udp gensio has a default of the class.
    defaultKey: { name: 'reuseaddr', ...(!def && { without: true }) },
    doc: 'Take an address that a closed connection still holds.',
  });
const nodelay = row({
  conf: false,
  yaml: 'nodelay',
  kind: maybe(bool),
  def: undefined,
  since: '1.0',
  defaultKey: { name: 'nodelay' },
  doc: 'Send small packets at once (TCP_NODELAY). On here unless switched off: chardelay decides what goes together.',
});
const laddr = row({
  conf: false,
  yaml: 'laddr',
  kind: str,
  def: undefined,
  since: '1.0',
  defaultKey: { name: 'laddr' },
  doc: 'Local address and port to connect from.',
});
const retryTime = (def: number) =>
  row({ conf: false, yaml: 'retry-time', kind: time('m'), def, unit: 'ms', since: '2.3.6', doc: 'Wait before trying again.' });

/** Of every layer that keeps data to be sent. */
export const drainTimeout = row({
  conf: false,
  yaml: 'drain_timeout',
  kind: uint(-1, 0x7fffffff, 'ms'),
  def: -1,
  unit: 'ms',
  since: '2.8.15',
  doc: 'How long to wait at close for data still to be written; -1 is for ever, or as long as the layer itself waits.',
});

/** The options of the layer tcp. */
export const TCP = {
  drainTimeout,
  readbuf: readbuf(1024),
  nodelay,
  laddr,
  reuseaddr: reuseaddr(true),
  tcpd: row({
    conf: false,
    yaml: 'tcpd',
    kind: oneOf(['on', 'print', 'off'], true),
    def: 'print',
    since: '2.2.3',
    defaultKey: { name: 'tcpd', strict: true, without: 'on' },
    doc: 'Look at hosts.allow and hosts.deny; print: tell a refused client.',
  }),
  tcpdname: row({
    conf: false,
    yaml: 'tcpdname',
    kind: str,
    def: undefined,
    since: '2.1.5',
    doc: 'Daemon name to look for in hosts.allow and hosts.deny; when not given ser2net, and ser2net-control for the admin port.',
  }),
  keepalive: row({
    conf: false,
    yaml: 'keepalive',
    kind: bool,
    def: true,
    since: 'new',
    doc: 'Ask a silent peer whether it is still there (SO_KEEPALIVE).',
  }),
  keepidle: row({
    conf: false,
    yaml: 'keepidle',
    kind: maybe(uint(1, 32767, 'seconds')),
    def: undefined,
    unit: 's',
    since: 'new',
    doc: 'Silence before the first question (TCP_KEEPIDLE).',
  }),
  keepintvl: row({
    conf: false,
    yaml: 'keepintvl',
    kind: maybe(uint(1, 32767, 'seconds')),
    def: undefined,
    unit: 's',
    since: 'new',
    doc: 'Time between questions (TCP_KEEPINTVL).',
  }),
  keepcnt: row({
    conf: false,
    yaml: 'keepcnt',
    kind: maybe(uint(1, 127, 'n')),
    def: undefined,
    since: 'new',
    doc: 'Unanswered questions before the peer counts as gone (TCP_KEEPCNT).',
  }),
  userTimeout: row({
    conf: false,
    yaml: 'user-timeout',
    kind: maybe(time('m')),
    def: undefined,
    unit: 'ms',
    since: 'new',
    doc: 'How long sent data may stay unacknowledged before the peer counts as gone (TCP_USER_TIMEOUT).',
  }),
} as const;

/** The options of the layer udp. */
export const UDP = {
  readbuf: readbuf(65536),
  laddr,
  nocon: row({
    conf: false,
    yaml: 'nocon',
    kind: bool,
    def: false,
    since: '2.0.1',
    doc: 'Take packets from anyone, not only from the given peer.',
  }),
  mcast: row({
    conf: false,
    yaml: 'mcast',
    kind: list(/(?!)/, '', 'address'),
    def: undefined,
    since: '2.0.1',
    adds: true,
    doc: 'Multicast group to join.',
  }),
  mloop: row({
    conf: false,
    yaml: 'mloop',
    kind: maybe(bool),
    def: undefined,
    since: '2.0.1',
    doc: 'Whether own multicast packets come back.',
  }),
  mttl: row({
    conf: false,
    yaml: 'mttl',
    kind: uint(1, 255, '1-255'),
    def: 1,
    since: '2.3.0',
    defaultKey: { name: 'mttl', min: 1, max: 255 },
    doc: 'How far multicast packets go.',
  }),
  reuseaddr: reuseaddr(false),
} as const;

const delsock = row({
  conf: false,
  yaml: 'delsock',
  kind: bool,
  def: false,
  since: '1.2',
  defaultKey: { name: 'delsock' },
  doc: 'Remove what is at the path before listening.',
});

/** The options of the layers unix and unixseq. */
export const UNIX = {
  drainTimeout,
  readbuf: readbuf(1024),
  delsock,
  ...FILE_MODE,
  permusers: row({
    conf: false,
    yaml: 'permusers',
    kind: list(';', ';', 'user[;user...]'),
    def: undefined,
    since: '2.8.6',
    doc: 'Users that may connect.',
  }),
  permgrps: row({
    conf: false,
    yaml: 'permgrps',
    kind: list(';', ';', 'group[;group...]'),
    def: undefined,
    since: '2.8.6',
    doc: 'Groups that may connect.',
  }),
} as const;

/** The options of the layer unixdgram. */
export const UNIXDGRAM = {
  readbuf: readbuf(65536),
  delsock,
  ...FILE_MODE,
  laddr: row({
    conf: false,
    yaml: 'laddr',
    kind: str,
    def: undefined,
    since: '2.8.6',
    doc: "A connector's own path, with the rights above; an abstract name that the system makes up when not given.",
  }),
  nocon: row({
    conf: false,
    yaml: 'nocon',
    kind: bool,
    def: false,
    since: '2.8.6',
    doc: 'Take messages from anyone, not only from the given peer.',
  }),
} as const;

const programDir = row({
  conf: false,
  yaml: 'start-dir',
  kind: str,
  def: undefined,
  since: '2.5.0',
  doc: 'Working directory of the program.',
});

/** The options of the layer stdio. */
export const STDIO = {
  readbuf: readbuf(1024),
  self: row({ conf: false, yaml: 'self', kind: bool, def: false, since: '1.0', doc: "Use the daemon's own standard input and output." }),
  console: row({ conf: false, yaml: 'console', kind: bool, def: false, since: '2.3.0', doc: 'Use /dev/tty.' }),
  raw: row({ conf: false, yaml: 'raw', kind: bool, def: false, since: '2.3.0', doc: 'Put the terminal in raw mode.' }),
  startDir: programDir,
  stderrToStdout: row({
    conf: false,
    yaml: 'stderr-to-stdout',
    kind: bool,
    def: false,
    since: '1.0',
    doc: 'Merge standard error into standard output.',
  }),
  noredirStderr: row({
    conf: false,
    yaml: 'noredir-stderr',
    kind: bool,
    def: false,
    since: '1.4',
    doc: "Leave standard error as the daemon's.",
  }),
} as const;

/** The options of the layer pty. */
export const PTY = {
  readbuf: readbuf(1024),
  link: row({ conf: false, yaml: 'link', kind: str, def: undefined, since: '2.1.4', doc: 'Symbolic link to make to the terminal.' }),
  forcelink: row({ conf: false, yaml: 'forcelink', kind: bool, def: false, since: '2.1.4', doc: 'Replace what is at the link.' }),
  raw: row({ conf: false, yaml: 'raw', kind: bool, def: false, since: '2.1.4', doc: 'Put the terminal in raw mode.' }),
  startDir: programDir,
  ...FILE_MODE,
} as const;

/** The options of the layer file. */
export const FILE = {
  readbuf: readbuf(1024),
  infile: row({ conf: false, yaml: 'infile', kind: str, def: undefined, since: '1.3', doc: 'File to read from. A pipe is waited for.' }),
  outfile: row({
    conf: false,
    yaml: 'outfile',
    kind: str,
    def: undefined,
    since: '1.3',
    doc: 'File to write to. A pipe must have a reader.',
  }),
  create: row({ conf: false, yaml: 'create', kind: bool, def: false, since: '1.3', doc: 'Make the output file when it is not there.' }),
  readClose: row({
    conf: false,
    yaml: 'read_close',
    kind: bool,
    def: true,
    since: '2.2.1',
    doc: 'Report a close at the end of the input.',
  }),
  append: row({ conf: false, yaml: 'append', kind: bool, def: false, since: '2.7.2', doc: 'Append to what is there.' }),
  trunc: row({ conf: false, yaml: 'trunc', kind: bool, def: false, since: '2.7.2', doc: 'Empty the output file first.' }),
  binary: row({ conf: false, yaml: 'binary', kind: bool, def: false, since: '2.7.2', doc: 'Ignored.' }),
  umode: FILE_MODE.umode,
  gmode: FILE_MODE.gmode,
  omode: FILE_MODE.omode,
  perm: FILE_MODE.perm,
} as const;

/** The options of the layer echo. */
export const ECHO = {
  readbuf: readbuf(1024),
  noecho: row({ conf: false, yaml: 'noecho', kind: bool, def: false, since: '1.0', doc: 'Swallow what comes in.' }),
  data: row({ conf: false, yaml: 'data', kind: emptyStr, def: undefined, since: '2.5.3', doc: 'Delivered first.' }),
} as const;

/** The options of the layer conacc. */
export const CONACC = { retryTime: retryTime(0) } as const;

/** The options of the layer keepopen. */
export const KEEPOPEN = {
  retryTime: retryTime(1000),
  discardBadwrites: row({
    conf: false,
    yaml: 'discard-badwrites',
    kind: bool,
    def: false,
    since: '2.4.1',
    doc: 'Throw away what is written while the layer below is not open.',
  }),
} as const;

const direction = (yaml: string, since: string, doc: string) =>
  row({ conf: false, yaml, kind: oneOf(['none', 'read', 'write', 'both'], true), def: 'none', since, doc });
/** The options of the layer trace. */
export const TRACE = {
  dir: direction('dir', '1.5.2', 'Which direction to write down.'),
  b4dir: direction('b4dir', '2.8.7', 'As dir, but before the data is passed on, also where block throws it away.'),
  block: direction('block', '2.3.0', 'Which direction to throw away.'),
  raw: row({ conf: false, yaml: 'raw', kind: bool, def: false, since: '1.5.2', doc: 'Write bytes as they are.' }),
  file: row({ conf: false, yaml: 'file', kind: str, def: undefined, since: '1.5.2', doc: 'File to write to.' }),
  stdout: row({ conf: false, yaml: 'stdout', kind: bool, def: false, since: '1.5.2', doc: 'Write to standard output.' }),
  stderr: row({ conf: false, yaml: 'stderr', kind: bool, def: false, since: '1.5.2', doc: 'Write to standard error.' }),
  delold: row({ conf: false, yaml: 'delold', kind: bool, def: false, since: '2.1.6', doc: 'Empty the file first.' }),
} as const;

/** The options of the layer perf. */
export const PERF = {
  writebuf: row({ conf: false, yaml: 'writebuf', kind: size, def: 1024, unit: 'bytes', since: '2.0', doc: 'Size of a write.' }),
  writeLen: row({ conf: false, yaml: 'write_len', kind: size, def: 0, unit: 'bytes', since: '2.1.3', doc: 'How much to write.' }),
  expectLen: row({ conf: false, yaml: 'expect_len', kind: size, def: 0, unit: 'bytes', since: '2.1.3', doc: 'How much to expect.' }),
} as const;

/** The options of the layer xlt. */
export const XLT = {
  drainTimeout,
  in: row({
    conf: false,
    yaml: 'in',
    kind: bytePair,
    def: undefined,
    since: '2.4.0',
    adds: true,
    doc: 'Change byte n to m on its way up.',
  }),
  out: row({
    conf: false,
    yaml: 'out',
    kind: bytePair,
    def: undefined,
    since: '2.4.0',
    adds: true,
    doc: 'Change byte n to m on its way down.',
  }),
  crlf: row({
    conf: false,
    yaml: 'crlf',
    kind: named,
    def: false,
    since: '2.4.0',
    doc: 'CR becomes LF on its way up, LF becomes CR on its way down.',
  }),
  crnl: row({ conf: false, yaml: 'crnl', kind: named, def: false, since: '2.5.5', doc: 'As crlf.' }),
  lfcr: row({
    conf: false,
    yaml: 'lfcr',
    kind: named,
    def: false,
    since: '2.4.0',
    doc: 'LF becomes CR on its way up, CR becomes LF on its way down.',
  }),
  nlcr: row({ conf: false, yaml: 'nlcr', kind: named, def: false, since: '2.5.5', doc: 'As lfcr.' }),
} as const;

/** The options of the layer ratelimit. */
export const RATELIMIT = {
  drainTimeout,
  xmitDelay: row({
    conf: false,
    yaml: 'xmit_delay',
    kind: maybe(time('')),
    def: undefined,
    unit: 'ms',
    since: '2.5.3',
    doc: 'Pause after each write; required.',
  }),
  xmitLen: row({ conf: false, yaml: 'xmit_len', kind: size, def: 1, unit: 'bytes', since: '2.5.3', doc: 'Most bytes in a write.' }),
} as const;

/** The options of the layer chardelay. */
export const CHARDELAY = {
  drainTimeout,
  minDelay: row({
    conf: false,
    yaml: 'min-delay',
    kind: time('m'),
    def: 1,
    unit: 'ms',
    since: '3.0.1',
    doc: 'Send when nothing more came for this long.',
  }),
  maxDelay: row({
    conf: false,
    yaml: 'max-delay',
    kind: time('m'),
    def: 20,
    unit: 'ms',
    since: '3.0.1',
    doc: 'Longest time a byte waits.',
  }),
  writebuf: row({
    conf: false,
    yaml: 'writebuf',
    kind: size,
    def: 1024,
    unit: 'bytes',
    since: '3.0.1',
    doc: 'Send when there is this much.',
  }),
  sendon: row({ conf: false, yaml: 'sendon', kind: str, def: undefined, since: '3.0.1', doc: 'Send when this was written.' }),
} as const;

/** The options of the layer script. */
export const SCRIPT = {
  script: row({
    conf: false,
    yaml: 'script',
    kind: str,
    def: undefined,
    since: '2.5.2',
    doc: 'Command to run on the layer below before it counts as open.',
  }),
  gensio: row({
    conf: false,
    yaml: 'gensio',
    kind: str,
    def: undefined,
    since: '2.5.2',
    doc: 'Stack to join to the layer below before it counts as open.',
  }),
} as const;

/** The options of the layer mux. */
export const MUX = {
  maxChannels: row({
    conf: false,
    yaml: 'max_channels',
    kind: uint(1, 65536, 'n'),
    def: 1000,
    since: '1.2',
    defaultKey: { name: 'max-channels', min: 1, max: 0x7fffffff },
    doc: 'Most channels open at once.',
  }),
  service: row({
    conf: false,
    yaml: 'service',
    kind: str,
    def: undefined,
    since: '1.2',
    defaultKey: { name: 'service' },
    doc: 'Service name sent to the other end.',
  }),
  mode: row({
    conf: false,
    yaml: 'mode',
    kind: oneOf(['client', 'server']),
    def: undefined,
    since: '1.2',
    defaultKey: { name: 'mode' },
    doc: 'Which end to be.',
  }),
  readbuf: readbuf(16384),
  writebuf: row({
    conf: false,
    yaml: 'writebuf',
    kind: size,
    def: 2048,
    unit: 'bytes',
    since: '1.5',
    doc: 'Bytes queued before writing waits.',
  }),
} as const;

/** The options of the layer msgdelim. */
export const MSGDELIM = {
  drainTimeout,
  readbuf: readbuf(128),
  writebuf: row({ conf: false, yaml: 'writebuf', kind: size, def: 128, unit: 'bytes', since: '1.5', doc: 'Longest message to send.' }),
  crc: row({ conf: false, yaml: 'crc', kind: bool, def: true, since: '1.5', doc: 'Protect each message with a CRC.' }),
} as const;

/** The options of the layer relpkt. */
export const RELPKT = {
  maxPktsize: row({ conf: false, yaml: 'max_pktsize', kind: size, def: 123, unit: 'bytes', since: '1.5', doc: 'Longest packet.' }),
  maxPackets: row({ conf: false, yaml: 'max_packets', kind: uint(1, 127, 'n'), def: 16, since: '1.5', doc: 'Most packets on their way.' }),
  mode: row({
    conf: false,
    yaml: 'mode',
    kind: oneOf(['client', 'server']),
    def: undefined,
    since: '1.5',
    defaultKey: { name: 'mode' },
    doc: 'Which end to be.',
  }),
  timeout: row({ conf: false, yaml: 'timeout', kind: time('s'), def: 1000, unit: 'ms', since: '2.7.6', doc: 'Wait before sending again.' }),
  maxTimeouts: row({
    conf: false,
    yaml: 'max_timeouts',
    kind: uint(1, 1000, 'n'),
    def: 5,
    since: '2.7.6',
    doc: 'How often to send again.',
  }),
} as const;

/** The options of the layer mdns. */
export const MDNS = {
  readbuf: readbuf(1024),
  name: row({
    conf: false,
    yaml: 'name',
    kind: str,
    def: undefined,
    since: '2.2.0',
    defaultKey: { name: 'name' },
    doc: 'Service name to look for.',
  }),
  type: row({
    conf: false,
    yaml: 'type',
    kind: str,
    def: undefined,
    since: '2.2.0',
    defaultKey: { name: 'type' },
    doc: 'Service type to look for.',
  }),
  host: row({
    conf: false,
    yaml: 'host',
    kind: str,
    def: undefined,
    since: '2.2.0',
    defaultKey: { name: 'host' },
    doc: 'Host to look for.',
  }),
  domain: row({
    conf: false,
    yaml: 'domain',
    kind: str,
    def: undefined,
    since: '2.2.0',
    defaultKey: { name: 'domain' },
    doc: 'Domain to look in.',
  }),
  interface: row({
    conf: false,
    yaml: 'interface',
    kind: uint(-1, 100000, 'n'),
    def: -1,
    since: '2.2.0',
    defaultKey: { name: 'interface', min: -1, max: 0x7fffffff },
    doc: 'Network interface to look on; -1 is all.',
  }),
  nettype: row({
    conf: false,
    yaml: 'nettype',
    kind: oneOf(['unspec', 'ipv4', 'ipv6'], true),
    def: 'unspec',
    since: '2.2.0',
    defaultKey: { name: 'nettype' },
    doc: 'Protocol to look on.',
  }),
  nodelay,
  laddr,
  nostack: row({
    conf: false,
    yaml: 'nostack',
    kind: bool,
    def: false,
    since: '2.2.0',
    defaultKey: { name: 'nostack' },
    doc: 'Do not put the announced layers on top.',
  }),
  timeout: row({ conf: false, yaml: 'timeout', kind: time('m'), def: 1000, unit: 'ms', since: '2.7.0', doc: 'How long to look.' }),
  ignoreV6LinkLocal: row({
    conf: false,
    yaml: 'ignore-v6-link-local',
    kind: bool,
    def: false,
    since: '2.7.0',
    doc: 'Pass over addresses of IPv6 that hold on one link only (fe80:).',
  }),
  txt: row({
    conf: false,
    yaml: 'txt',
    kind: keyValue,
    def: undefined,
    since: '3.0.3',
    adds: true,
    doc: 'A record that the service must have, written key:value; given several times, all of them.',
  }),
} as const;
