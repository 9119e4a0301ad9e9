// What the sections `port` and `port-defaults` say about a connection beyond ser2net's own section of it.
import { bool, type Kind, oneOf, str, uint } from '../kind.ts';
import { row, type Values } from '../row.ts';
import { RECORD } from './record.ts';
import { accepter, mapping, mappings, type RightsOf, rights, type Shape } from './shape.ts';
import { byteSize } from './size.ts';

/** Clients of one more way in, by default. */
const DOOR_PLACES = 16;

/** One more way into a port. */
export const DOOR = {
  accepter: row({
    conf: false,
    yaml: 'accepter',
    kind: accepter,
    def: undefined,
    since: 'new',
    doc: 'The stack to listen on, as in a connection. Required.',
  }),
  rights: row({
    conf: false,
    yaml: 'rights',
    kind: rights as Shape<RightsOf>,
    def: { names: undefined, others: ['read'] },
    since: 'new',
    doc: 'What those who come in here may do, as the rights of the port. Default: [read].',
  }),
  maxConnections: row({
    conf: false,
    yaml: 'max-connections',
    kind: uint(1, 4096),
    def: DOOR_PLACES,
    since: 'new',
    doc: 'How many clients may be connected through this door at once. They take no place of the connection itself.',
  }),
  timeout: row({
    conf: false,
    yaml: 'timeout',
    kind: uint(0, 0xffffffff),
    def: 0,
    unit: 's',
    since: 'new',
    doc: 'Disconnect a client that has been silent for this long, and to which nothing was sent; 0 means never.',
  }),
  remaddr: row({
    conf: false,
    yaml: 'remaddr',
    kind: str,
    def: undefined,
    since: 'new',
    doc: 'Addresses that may connect, as the option of that name: host,port separated by semicolons, port 0 for any. Default: all.',
  }),
  behind: row({
    conf: false,
    yaml: 'behind',
    kind: byteSize(1024, 64 * 1024 * 1024),
    def: 256 * 1024,
    since: 'new',
    doc: 'How far a client may fall behind the device. Nobody waits for it: what comes after that is lost to it. Units: k, M.',
  }),
  gap: row({
    conf: false,
    yaml: 'gap',
    kind: oneOf(['tell', 'disconnect']),
    def: undefined,
    since: 'new',
    doc: 'What becomes of a client that has fallen behind: tell sends it, when it reads again, a line with the number of bytes it has missed; disconnect closes it. Default: tell where people read (telnet without RFC 2217, or escape is given), otherwise disconnect.',
  }),
  escape: row({
    conf: false,
    yaml: 'escape',
    kind: str,
    def: undefined,
    since: 'new',
    doc: 'A text, with the escapes of banner, after which the next key is a command: . leaves, w lists who is here, f asks for the right to write, s gives it back, r shows the history, l1 sends a break, ? lists the commands; typed twice it is sent once.',
  }),
  replay: row({
    conf: false,
    yaml: 'replay',
    kind: bool,
    def: false,
    since: 'new',
    doc: 'Whoever comes in here first gets what the device said before, as far as history keeps it, and then what it says now.',
  }),
  auto: row({
    conf: false,
    yaml: 'auto',
    kind: bool,
    def: false,
    since: 'new',
    doc: 'Tell clients of telnet and RFC 2217 from those of plain bytes by what they send first: 300 ms of silence mean plain bytes. For accepters without telnet. A plain telnet command says nothing first and wants a door with telnet.',
  }),
} as const;

/** The values of one more way in. */
export type DoorOptions = Values<typeof DOOR>;

/** What is added to a connection. */
export const PORT = {
  rights: row({
    conf: false,
    yaml: 'rights',
    kind: rights,
    def: undefined,
    since: 'new',
    doc: "What clients of the connection's own accepter and of rotators may do: read (see what the device sends), write (send to it), control (change the line, DTR and RTS, send a break). A list holds for everyone; a mapping gives each name its list, '*' stands for everyone else, and whoever has no right is refused. A name is proved by certauth or by the common name of a certificate that ssl with clientauth has verified. Default: all rights.",
  }),
  doors: row({
    conf: false,
    yaml: 'doors',
    kind: mappings(DOOR, ['accepter']),
    def: [],
    since: 'new',
    doc: 'Further ways into the port. See DOORS.',
  }),
  writers: row({
    conf: false,
    yaml: 'writers',
    kind: oneOf(['all', 'one']),
    def: 'all',
    since: 'new',
    doc: 'Who may send to the device: all, or one client at a time. With one the first client that sends something has the right to write until it leaves or gives it back; what others send is dropped.',
  }),
  takeover: row({
    conf: false,
    yaml: 'takeover',
    kind: oneOf(['ask', 'now', 'never']),
    def: 'ask',
    since: 'new',
    doc: 'With writers: one, what happens when another client wants the right to write: ask asks whoever has it, and gives it away after 15 seconds without a key; where it cannot be asked it keeps the right if it has sent something in the last 60 seconds. now gives it at once, never refuses.',
  }),
  history: row({
    conf: false,
    yaml: 'history',
    kind: byteSize(1024, 256 * 1024 * 1024) as Kind<number | undefined>,
    def: undefined,
    since: 'new',
    doc: 'How much of what the device says is kept in memory, for doors with replay, the key for the history and ser2net console --history. What clients send is never in it. Units: k, M. Default: nothing is kept.',
  }),
  record: row({
    conf: false,
    yaml: 'record',
    kind: mapping(RECORD, ['file']),
    def: undefined,
    since: 'new',
    doc: 'Write what the device says to files, also while nobody is connected: the device is open from the start. See RECORDINGS.',
  }),
} as const;

/** What is added to a connection, with the defaults of what is not given. */
export type PortOptions = Values<typeof PORT>;
