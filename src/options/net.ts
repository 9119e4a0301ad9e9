// The options of the layers that own a socket, a process or a file, and of small filters. Defaults are gensio 2.6.2's.
// Long because it is a table.
import { bool, cNumber, emptyStr, type Kind, list, maybe, oneOf, size, str, time, uint } from './kind.ts';
import { row } from './row.ts';

const readbuf = (def: number) => row({ yaml: 'readbuf', kind: size, def, since: '1.0', doc: 'Maximum number of bytes per read.' });

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
  umode: row({ yaml: 'umode', kind: modeDigit, def: undefined, since: '1.3', doc: 'Permissions for the owner.' }),
  gmode: row({ yaml: 'gmode', kind: modeDigit, def: undefined, since: '1.3', doc: 'Permissions for the group.' }),
  omode: row({ yaml: 'omode', kind: modeDigit, def: undefined, since: '1.3', doc: 'Permissions for others.' }),
  perm: row({ yaml: 'perm', kind: octal, def: undefined, since: '2.1.4', doc: 'Permissions as one octal number.' }),
  owner: row({ yaml: 'owner', kind: str, def: undefined, since: '2.1.4', doc: 'User that owns it.' }),
  group: row({ yaml: 'group', kind: str, def: undefined, since: '2.1.4', doc: 'Group that owns it.' }),
} as const;

const reuseaddr = (def: boolean) =>
  row({
    yaml: 'reuseaddr',
    kind: bool,
    def,
    since: '2.1.2',
    // For udp gensio has a default of the class.
    defaultKey: { name: 'reuseaddr', ...(!def && { without: true }) },
    doc: 'Allow listening on an address that a closed connection still holds (SO_REUSEADDR).',
  });
const nodelay = row({
  yaml: 'nodelay',
  kind: maybe(bool),
  def: undefined,
  since: '1.0',
  defaultKey: { name: 'nodelay' },
  doc: 'Send small packets at once (TCP_NODELAY). On here unless switched off: chardelay decides what goes together.',
});
const laddr = row({
  yaml: 'laddr',
  kind: str,
  def: undefined,
  since: '1.0',
  defaultKey: { name: 'laddr' },
  doc: 'Local address and port to connect from.',
});
const retryTime = (def: number) =>
  row({ yaml: 'retry-time', kind: time('m'), def, since: '2.3.6', doc: 'Delay before each further attempt.' });

/** Of every layer that keeps data to be sent. */
export const drainTimeout = row({
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
    yaml: 'tcpd',
    kind: oneOf(['on', 'print', 'off'], true),
    def: 'print',
    since: '2.2.3',
    defaultKey: { name: 'tcpd', strict: true, without: 'on' },
    doc: 'Check hosts.allow and hosts.deny; print also sends a refused client a message.',
  }),
  tcpdname: row({
    yaml: 'tcpdname',
    kind: str,
    def: undefined,
    since: '2.1.5',
    doc: 'Daemon name to look up in hosts.allow and hosts.deny. Default: ser2net, and ser2net-control for the admin port.',
  }),
  keepalive: row({ yaml: 'keepalive', kind: bool, def: true, since: 'new', doc: 'Probe a silent connection (SO_KEEPALIVE).' }),
  keepidle: row({
    yaml: 'keepidle',
    kind: maybe(uint(1, 32767, 'seconds')),
    def: undefined,
    unit: 's',
    since: 'new',
    doc: 'Time of silence before the first probe (TCP_KEEPIDLE).',
  }),
  keepintvl: row({
    yaml: 'keepintvl',
    kind: maybe(uint(1, 32767, 'seconds')),
    def: undefined,
    unit: 's',
    since: 'new',
    doc: 'Time between probes (TCP_KEEPINTVL).',
  }),
  keepcnt: row({
    yaml: 'keepcnt',
    kind: maybe(uint(1, 127, 'n')),
    def: undefined,
    since: 'new',
    doc: 'Unanswered probes before the connection counts as lost (TCP_KEEPCNT).',
  }),
  userTimeout: row({
    yaml: 'user-timeout',
    kind: maybe(time('m')),
    def: undefined,
    since: 'new',
    doc: 'How long sent data may stay unacknowledged before the connection counts as lost (TCP_USER_TIMEOUT).',
  }),
} as const;

/** The options of the layer udp. */
export const UDP = {
  readbuf: readbuf(65536),
  laddr,
  nocon: row({
    yaml: 'nocon',
    kind: bool,
    def: false,
    since: '2.0.1',
    doc: 'Accept packets from any address, not only from the given one.',
  }),
  mcast: row({
    yaml: 'mcast',
    kind: list(/(?!)/, '', 'address'),
    def: undefined,
    since: '2.0.1',
    adds: true,
    doc: 'Multicast group to join.',
  }),
  mloop: row({
    yaml: 'mloop',
    kind: maybe(bool),
    def: undefined,
    since: '2.0.1',
    doc: 'Whether this machine receives its own multicast packets.',
  }),
  mttl: row({
    yaml: 'mttl',
    kind: uint(1, 255, '1-255'),
    def: 1,
    since: '2.3.0',
    defaultKey: { name: 'mttl', min: 1, max: 255 },
    doc: 'Time to live of multicast packets: how many routers they may pass.',
  }),
  reuseaddr: reuseaddr(false),
} as const;

const delsock = row({
  yaml: 'delsock',
  kind: bool,
  def: false,
  since: '1.2',
  defaultKey: { name: 'delsock' },
  doc: 'Remove whatever exists at the path before listening.',
});

/** The options of the layers unix and unixseq. */
export const UNIX = {
  drainTimeout,
  readbuf: readbuf(1024),
  delsock,
  ...FILE_MODE,
  permusers: row({
    yaml: 'permusers',
    kind: list(';', ';', 'user[;user...]'),
    def: undefined,
    since: '2.8.6',
    doc: 'Users that may connect.',
  }),
  permgrps: row({
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
    yaml: 'laddr',
    kind: str,
    def: undefined,
    since: '2.8.6',
    doc: "A connector's own path, with the permissions above. Default: an abstract name chosen by the system.",
  }),
  nocon: row({
    yaml: 'nocon',
    kind: bool,
    def: false,
    since: '2.8.6',
    doc: 'Accept messages from any address, not only from the given one.',
  }),
} as const;

const programDir = row({ yaml: 'start-dir', kind: str, def: undefined, since: '2.5.0', doc: 'Working directory of the program.' });

/** The options of the layer stdio. */
export const STDIO = {
  readbuf: readbuf(1024),
  self: row({ yaml: 'self', kind: bool, def: false, since: '1.0', doc: "Use the daemon's own standard input and output." }),
  console: row({ yaml: 'console', kind: bool, def: false, since: '2.3.0', doc: 'Use /dev/tty.' }),
  raw: row({ yaml: 'raw', kind: bool, def: false, since: '2.3.0', doc: 'Put the terminal in raw mode.' }),
  startDir: programDir,
  stderrToStdout: row({
    yaml: 'stderr-to-stdout',
    kind: bool,
    def: false,
    since: '1.0',
    doc: 'Merge standard error into standard output.',
  }),
  noredirStderr: row({ yaml: 'noredir-stderr', kind: bool, def: false, since: '1.4', doc: 'Leave standard error as that of the daemon.' }),
} as const;

/** The options of the layer pty. */
export const PTY = {
  readbuf: readbuf(1024),
  link: row({ yaml: 'link', kind: str, def: undefined, since: '2.1.4', doc: 'Symbolic link to create to the terminal.' }),
  forcelink: row({ yaml: 'forcelink', kind: bool, def: false, since: '2.1.4', doc: 'Replace whatever exists at the link.' }),
  raw: row({ yaml: 'raw', kind: bool, def: false, since: '2.1.4', doc: 'Put the terminal in raw mode.' }),
  startDir: programDir,
  ...FILE_MODE,
} as const;

/** The options of the layer file. */
export const FILE = {
  readbuf: readbuf(1024),
  infile: row({ yaml: 'infile', kind: str, def: undefined, since: '1.3', doc: 'File to read from. A pipe is waited for.' }),
  outfile: row({ yaml: 'outfile', kind: str, def: undefined, since: '1.3', doc: 'File to write to. A pipe must have a reader.' }),
  create: row({ yaml: 'create', kind: bool, def: false, since: '1.3', doc: 'Create the output file if it does not exist.' }),
  readClose: row({ yaml: 'read_close', kind: bool, def: true, since: '2.2.1', doc: 'Report a close at the end of the input.' }),
  append: row({ yaml: 'append', kind: bool, def: false, since: '2.7.2', doc: 'Append to the output file.' }),
  trunc: row({ yaml: 'trunc', kind: bool, def: false, since: '2.7.2', doc: 'Truncate the output file first.' }),
  binary: row({ yaml: 'binary', kind: bool, def: false, since: '2.7.2', doc: 'Ignored; accepted so that existing files still load.' }),
  umode: FILE_MODE.umode,
  gmode: FILE_MODE.gmode,
  omode: FILE_MODE.omode,
  perm: FILE_MODE.perm,
} as const;

/** The options of the layer echo. */
export const ECHO = {
  readbuf: readbuf(1024),
  noecho: row({ yaml: 'noecho', kind: bool, def: false, since: '1.0', doc: 'Discard what is written.' }),
  data: row({ yaml: 'data', kind: emptyStr, def: undefined, since: '2.5.3', doc: 'Text delivered before anything else.' }),
} as const;

/** The options of the layer conacc. */
export const CONACC = { retryTime: retryTime(0) } as const;

/** The options of the layer keepopen. */
export const KEEPOPEN = {
  retryTime: retryTime(1000),
  discardBadwrites: row({
    yaml: 'discard-badwrites',
    kind: bool,
    def: false,
    since: '2.4.1',
    doc: 'Discard what is written while the layer below is not open.',
  }),
} as const;

const direction = (yaml: string, since: string, doc: string) =>
  row({ yaml, kind: oneOf(['none', 'read', 'write', 'both'], true), def: 'none', since, doc });
/** The options of the layer trace. */
export const TRACE = {
  dir: direction('dir', '1.5.2', 'Which direction to trace.'),
  b4dir: direction('b4dir', '2.8.7', 'As dir, but before the data is passed on, also where block discards it.'),
  block: direction('block', '2.3.0', 'Which direction to discard.'),
  raw: row({ yaml: 'raw', kind: bool, def: false, since: '1.5.2', doc: 'Write bytes unchanged.' }),
  file: row({ yaml: 'file', kind: str, def: undefined, since: '1.5.2', doc: 'File to write to.' }),
  stdout: row({ yaml: 'stdout', kind: bool, def: false, since: '1.5.2', doc: 'Write to standard output.' }),
  stderr: row({ yaml: 'stderr', kind: bool, def: false, since: '1.5.2', doc: 'Write to standard error.' }),
  delold: row({ yaml: 'delold', kind: bool, def: false, since: '2.1.6', doc: 'Truncate the file first.' }),
} as const;

/** The options of the layer perf. */
export const PERF = {
  writebuf: row({ yaml: 'writebuf', kind: size, def: 1024, since: '2.0', doc: 'Size of a write.' }),
  writeLen: row({ yaml: 'write_len', kind: size, def: 0, since: '2.1.3', doc: 'How much to write.' }),
  expectLen: row({ yaml: 'expect_len', kind: size, def: 0, since: '2.1.3', doc: 'How much to expect.' }),
} as const;

/** The options of the layer xlt. */
export const XLT = {
  drainTimeout,
  in: row({ yaml: 'in', kind: bytePair, def: undefined, since: '2.4.0', adds: true, doc: 'Change byte n to m on its way up.' }),
  out: row({ yaml: 'out', kind: bytePair, def: undefined, since: '2.4.0', adds: true, doc: 'Change byte n to m on its way down.' }),
  crlf: row({ yaml: 'crlf', kind: named, def: false, since: '2.4.0', doc: 'CR becomes LF on its way up, LF becomes CR on its way down.' }),
  crnl: row({ yaml: 'crnl', kind: named, def: false, since: '2.5.5', doc: 'As crlf.' }),
  lfcr: row({ yaml: 'lfcr', kind: named, def: false, since: '2.4.0', doc: 'LF becomes CR on its way up, CR becomes LF on its way down.' }),
  nlcr: row({ yaml: 'nlcr', kind: named, def: false, since: '2.5.5', doc: 'As lfcr.' }),
} as const;

/** The options of the layer ratelimit. */
export const RATELIMIT = {
  drainTimeout,
  xmitDelay: row({ yaml: 'xmit_delay', kind: maybe(time('')), def: undefined, since: '2.5.3', doc: 'Pause after each write; required.' }),
  xmitLen: row({ yaml: 'xmit_len', kind: size, def: 1, since: '2.5.3', doc: 'Maximum number of bytes per write.' }),
} as const;

/** The options of the layer chardelay. */
export const CHARDELAY = {
  drainTimeout,
  minDelay: row({ yaml: 'min-delay', kind: time('m'), def: 1, since: '3.0.1', doc: 'Send when nothing more has come for this long.' }),
  maxDelay: row({ yaml: 'max-delay', kind: time('m'), def: 20, since: '3.0.1', doc: 'Longest time a byte waits.' }),
  writebuf: row({ yaml: 'writebuf', kind: size, def: 1024, since: '3.0.1', doc: 'Send when this much has come.' }),
  sendon: row({ yaml: 'sendon', kind: str, def: undefined, since: '3.0.1', doc: 'Send when this text has been written.' }),
} as const;

/** The options of the layer script. */
export const SCRIPT = {
  script: row({
    yaml: 'script',
    kind: str,
    def: undefined,
    since: '2.5.2',
    doc: 'Command to run on the layer below before it counts as open.',
  }),
  gensio: row({
    yaml: 'gensio',
    kind: str,
    def: undefined,
    since: '2.5.2',
    doc: 'Stack to connect to the layer below before it counts as open.',
  }),
} as const;

/** The options of the layer mux. */
export const MUX = {
  maxChannels: row({
    yaml: 'max_channels',
    kind: uint(1, 65536, 'n'),
    def: 1000,
    since: '1.2',
    defaultKey: { name: 'max-channels', min: 1, max: 0x7fffffff },
    doc: 'Maximum number of open channels.',
  }),
  service: row({
    yaml: 'service',
    kind: str,
    def: undefined,
    since: '1.2',
    defaultKey: { name: 'service' },
    doc: 'Service name sent to the other end.',
  }),
  mode: row({
    yaml: 'mode',
    kind: oneOf(['client', 'server']),
    def: undefined,
    since: '1.2',
    defaultKey: { name: 'mode' },
    doc: 'Whether to act as client or server.',
  }),
  readbuf: readbuf(16384),
  writebuf: row({ yaml: 'writebuf', kind: size, def: 2048, since: '1.5', doc: 'Bytes queued before writers have to wait.' }),
} as const;

/** The options of the layer msgdelim. */
export const MSGDELIM = {
  drainTimeout,
  readbuf: readbuf(128),
  writebuf: row({ yaml: 'writebuf', kind: size, def: 128, since: '1.5', doc: 'Maximum length of a message to send.' }),
  crc: row({ yaml: 'crc', kind: bool, def: true, since: '1.5', doc: 'Protect each message with a CRC.' }),
} as const;

/** Numbers of controllers, `0,2-4`. */
const controllers: Kind<string> = {
  name: 'n[,n-m...]',
  parse: (text) => {
    const numbers = text.split(/[,-]/).filter((each) => each !== '');
    const fine = /^(?:[0-9]+(?:-[0-9]+)?(?:,|$))*$/.test(text) && numbers.every((n) => Number(n) <= 15);
    return fine ? { ok: text } : { expected: 'numbers from 0 to 15, such as 0,2-4' };
  },
  print: (value) => value,
};
const kissSize = (yaml: 'readbuf' | 'writebuf', doc: string) =>
  row({ conf: false, yaml, kind: uint(256, 1 << 20, 'bytes'), def: 1024, unit: 'bytes', since: '2.4.0', doc });
const kissTime = (yaml: 'txdelay' | 'slottime', def: number, doc: string) =>
  row({ conf: false, yaml, kind: uint(0, 2550, 'ms'), def, unit: 'ms', since: '2.4.0', doc });

/** The options of the layer kiss. */
export const KISS = {
  drainTimeout,
  readbuf: kissSize('readbuf', 'Longest frame received; longer ones are dropped.'),
  writebuf: kissSize('writebuf', 'Most data in a frame that is sent.'),
  tncs: row({
    conf: false,
    yaml: 'tncs',
    kind: controllers,
    def: '',
    since: '2.4.0',
    doc: 'Controllers besides 0 whose data is taken: numbers and ranges, the end of a range not included. Data is sent to controller 0.',
  }),
  server: row({
    conf: false,
    yaml: 'server',
    kind: maybe(bool),
    def: undefined,
    since: '2.4.0',
    doc: 'Whether to be the controller; otherwise the parameters below are sent at the beginning. Default: an accepter is one.',
  }),
  setupstr: row({ conf: false, yaml: 'setupstr', kind: str, def: undefined, since: '2.4.0', doc: 'Text sent before anything else.' }),
  setupDelay: row({
    conf: false,
    yaml: 'setup-delay',
    kind: uint(0, 0xffffffff, 'ms'),
    def: 1000,
    unit: 'ms',
    since: '2.4.0',
    doc: 'How long to wait after that text.',
  }),
  d710: row({
    conf: false,
    yaml: 'd710',
    kind: bool,
    def: false,
    since: '2.4.0',
    doc: 'Use the text that puts a Kenwood D710 at 1200 baud into KISS.',
  }),
  d7109600: row({ conf: false, yaml: 'd710-9600', kind: bool, def: false, since: '2.4.0', doc: 'The same at 9600 baud.' }),
  txdelay: kissTime('txdelay', 500, 'How long the transmitter is keyed before data.'),
  persist: row({ conf: false, yaml: 'persist', kind: uint(0, 255), def: 63, since: '2.4.0', doc: 'The parameter P of the protocol.' }),
  slottime: kissTime('slottime', 100, 'The slot time of the protocol.'),
  fullduplex: row({ conf: false, yaml: 'fullduplex', kind: bool, def: false, since: '2.4.0', doc: 'Send while something is received.' }),
  sethardware: row({
    conf: false,
    yaml: 'sethardware',
    kind: maybe(uint(0, 255)),
    def: undefined,
    since: '2.4.0',
    doc: 'A value that means something to the hardware.',
  }),
} as const;

/** The options of the layer relpkt. */
export const RELPKT = {
  maxPktsize: row({ yaml: 'max_pktsize', kind: size, def: 123, since: '1.5', doc: 'Maximum length of a packet.' }),
  maxPackets: row({
    yaml: 'max_packets',
    kind: uint(1, 127, 'n'),
    def: 16,
    since: '1.5',
    doc: 'Maximum number of unacknowledged packets.',
  }),
  mode: row({
    yaml: 'mode',
    kind: oneOf(['client', 'server']),
    def: undefined,
    since: '1.5',
    defaultKey: { name: 'mode' },
    doc: 'Whether to act as client or server.',
  }),
  timeout: row({ yaml: 'timeout', kind: time('s'), def: 1000, since: '2.7.6', doc: 'Time before a packet is sent again.' }),
  maxTimeouts: row({ yaml: 'max_timeouts', kind: uint(1, 1000, 'n'), def: 5, since: '2.7.6', doc: 'How often a packet is sent again.' }),
} as const;

/** The options of the layer mdns. */
export const MDNS = {
  readbuf: readbuf(1024),
  name: row({ yaml: 'name', kind: str, def: undefined, since: '2.2.0', defaultKey: { name: 'name' }, doc: 'Service name to look for.' }),
  type: row({ yaml: 'type', kind: str, def: undefined, since: '2.2.0', defaultKey: { name: 'type' }, doc: 'Service type to look for.' }),
  host: row({ yaml: 'host', kind: str, def: undefined, since: '2.2.0', defaultKey: { name: 'host' }, doc: 'Host to look for.' }),
  domain: row({ yaml: 'domain', kind: str, def: undefined, since: '2.2.0', defaultKey: { name: 'domain' }, doc: 'Domain to look in.' }),
  interface: row({
    yaml: 'interface',
    kind: uint(-1, 100000, 'n'),
    def: -1,
    since: '2.2.0',
    defaultKey: { name: 'interface', min: -1, max: 0x7fffffff },
    doc: 'Network interface to look on; -1 is all.',
  }),
  nettype: row({
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
    yaml: 'nostack',
    kind: bool,
    def: false,
    since: '2.2.0',
    defaultKey: { name: 'nostack' },
    doc: 'Do not put the announced layers on top.',
  }),
  timeout: row({ yaml: 'timeout', kind: time('m'), def: 1000, since: '2.7.0', doc: 'How long to look.' }),
  ignoreV6LinkLocal: row({
    yaml: 'ignore-v6-link-local',
    kind: bool,
    def: false,
    since: '2.7.0',
    doc: 'Skip IPv6 addresses that are valid on one link only (fe80:).',
  }),
  txt: row({
    yaml: 'txt',
    kind: keyValue,
    def: undefined,
    since: '3.0.3',
    adds: true,
    doc: 'A record that the service must have, written key:value; given several times, all of them.',
  }),
} as const;
