// The numbers of telnet (RFC 854, 855 and option RFCs) and of RFC 2217 by the names of the RFCs, and bytes as text in these
// names, both ways: `IAC SB COM-PORT-OPTION SET-BAUDRATE 00004b00 IAC SE`. For logs, tests and goldens; not on the data path.

/** Ends a subnegotiation. */
export const SE = 240;
const NOP = 241;
/** Data mark: the place of a Synch in the data. */
export const DM = 242;
/** Break. */
export const BRK = 243;
const IP = 244;
const AO = 245;
const AYT = 246;
const EC = 247;
const EL = 248;
const GA = 249;
/** Begins a subnegotiation. */
export const SB = 250;
/** Offers, or agrees, to use an option. */
export const WILL = 251;
/** Refuses, or stops, using an option. */
export const WONT = 252;
/** Asks the peer, or allows it, to use an option. */
export const DO = 253;
/** Tells the peer not to use an option. */
export const DONT = 254;
/** Begins a command; doubled it is a byte of data. */
export const IAC = 255;

/** What follows IAC, by name. */
export const COMMANDS = {
  SE,
  NOP,
  DM,
  BRK,
  IP,
  AO,
  AYT,
  EC,
  EL,
  GA,
  SB,
  WILL,
  WONT,
  DO,
  DONT,
  IAC,
  EOF: 236,
  SUSP: 237,
  ABORT: 238,
  EOR: 239,
} as const;

/** RFC 856: characters of eight bits. */
export const BINARY = 0;
/** RFC 857. */
export const ECHO = 1;
/** RFC 858. */
export const SUPPRESS_GO_AHEAD = 3;
/** RFC 1073: window size. */
export const NAWS = 31;
/** RFC 2217. */
export const COM_PORT_OPTION = 44;

/** Options by name. */
export const OPTIONS = {
  BINARY,
  ECHO,
  'SUPPRESS-GO-AHEAD': SUPPRESS_GO_AHEAD,
  STATUS: 5,
  'TIMING-MARK': 6,
  'TERMINAL-TYPE': 24,
  'END-OF-RECORD': 25,
  NAWS,
  'TERMINAL-SPEED': 32,
  'TOGGLE-FLOW-CONTROL': 33,
  LINEMODE: 34,
  'X-DISPLAY-LOCATION': 35,
  ENVIRON: 36,
  AUTHENTICATION: 37,
  ENCRYPT: 38,
  'NEW-ENVIRON': 39,
  'COM-PORT-OPTION': COM_PORT_OPTION,
} as const;

/** The commands of COM-PORT-OPTION (RFC 2217 section 3) as a client sends them; a server sends them 100 higher. */
export const COM_PORT_COMMANDS = {
  SIGNATURE: 0,
  'SET-BAUDRATE': 1,
  'SET-DATASIZE': 2,
  'SET-PARITY': 3,
  'SET-STOPSIZE': 4,
  'SET-CONTROL': 5,
  'NOTIFY-LINESTATE': 6,
  'NOTIFY-MODEMSTATE': 7,
  'FLOWCONTROL-SUSPEND': 8,
  'FLOWCONTROL-RESUME': 9,
  'SET-LINESTATE-MASK': 10,
  'SET-MODEMSTATE-MASK': 11,
  'PURGE-DATA': 12,
} as const;

const byNumber = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(table).map(([name, number]) => [number, name]));
const COMMAND_NAMES = byNumber(COMMANDS);
const OPTION_NAMES = byNumber(OPTIONS);
const COM_PORT_NAMES = new Map(
  Object.entries(COM_PORT_COMMANDS).flatMap(([name, code]): [number, string][] => [
    [code, name],
    [code + 100, `${name}+100`],
  ]),
);
/** Every name means one byte, wherever it stands. */
const NUMBERS = new Map([...COMMAND_NAMES, ...OPTION_NAMES, ...COM_PORT_NAMES].map(([number, name]) => [name, number]));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
const hex1 = (byte: number): string => byte.toString(16).padStart(2, '0');

/** WILL, IAC, NOP, ...; two hexadecimal digits for what has no name. */
const commandName = (command: number): string => COMMAND_NAMES.get(command) ?? hex1(command);
/** ECHO, COM-PORT-OPTION, ...; two hexadecimal digits for what has no name here. */
export const optionName = (option: number): string => OPTION_NAMES.get(option) ?? hex1(option);

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };
const UNESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, '"': 34, '\\': 92 };

function quote(bytes: Uint8Array): string {
  let text = '"';
  for (const b of bytes) text += ESCAPES[b] ?? (b >= 32 && b < 127 ? String.fromCharCode(b) : `\\x${hex1(b)}`);
  return `${text}"`;
}

/** Where the next IAC is; the length when there is none. */
function nextIac(bytes: Uint8Array, from: number): number {
  const at = bytes.indexOf(IAC, from);
  return at < 0 ? bytes.length : at;
}

/** A subnegotiation from its option on: adds its words and gives the place after it. */
function printSuboption(bytes: Uint8Array, start: number, words: string[]): number {
  let at = start;
  if (at >= bytes.length) return at;
  const option = bytes[at++]!;
  words.push(optionName(option));
  let text = false;
  if (option === COM_PORT_OPTION && at < bytes.length && bytes[at] !== IAC) {
    const code = bytes[at++]!;
    words.push(COM_PORT_NAMES.get(code) ?? hex1(code));
    text = code % 100 === COM_PORT_COMMANDS.SIGNATURE && code <= 100;
  }
  while (at < bytes.length) {
    let end = nextIac(bytes, at);
    // an IAC of the value stands there as on the wire: twice
    while (!text && bytes[end] === IAC && bytes[end + 1] === IAC) end = nextIac(bytes, end + 2);
    if (end > at) words.push(text ? quote(bytes.subarray(at, end)) : hex(bytes.subarray(at, end)));
    if (end >= bytes.length) return end;
    words.push('IAC');
    at = end + 1;
    if (at >= bytes.length) return at;
    const command = bytes[at++]!;
    words.push(commandName(command));
    if (command === SE) return at;
  }
  return at;
}

/**
 * What went over the wire as one line of text: commands, options and COM-PORT commands by name (a server's with `+100`),
 * data as a quoted string, values in hexadecimal digits, everything else (cut off, unknown) so that bytesOf() gives the same bytes.
 */
export function textOf(bytes: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const iac = nextIac(bytes, at);
    if (iac > at) words.push(quote(bytes.subarray(at, iac)));
    at = iac;
    if (at >= bytes.length) break;
    words.push('IAC');
    if (++at >= bytes.length) break;
    const command = bytes[at++]!;
    words.push(commandName(command));
    if (command === SB) at = printSuboption(bytes, at, words);
    else if (command >= WILL && command < IAC && at < bytes.length) words.push(optionName(bytes[at++]!));
  }
  return words.join(' ');
}

function unquote(body: string): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < body.length; i++) {
    const c = body[i]!;
    if (c !== '\\') bytes.push(c.charCodeAt(0));
    else if (body[++i] === 'x') {
      bytes.push(Number.parseInt(body.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(UNESCAPES[body[i]!]!);
  }
  return bytes;
}

const WORD = /\s*(?:"((?:[ !#-[\]-~]|\\[tnr"\\]|\\x[0-9a-f]{2})*)"|((?:[0-9a-f]{2})+)|([A-Z0-9+-]+))(?=\s|$)/y;

/**
 * The bytes that text means: names of this file, quoted strings (\t \n \r \" \\ \x00) and runs of lower-case hexadecimal digits,
 * between spaces. Nothing is doubled or left out: an IAC in a value is written `ffff`.
 * @throws SyntaxError for a word it does not know: the texts are ours, not a user's.
 */
export function bytesOf(text: string): Buffer {
  const parts: Uint8Array[] = [];
  const end = text.trimEnd().length;
  WORD.lastIndex = 0;
  for (let at = 0; at < end; at = WORD.lastIndex) {
    const found = WORD.exec(text);
    const number = found?.[3] === undefined ? undefined : NUMBERS.get(found[3]);
    if (found === null || (found[3] !== undefined && number === undefined)) {
      throw new SyntaxError(`no telnet word: ${text.slice(at, at + 40).trim()}`);
    }
    if (found[1] !== undefined) parts.push(Uint8Array.from(unquote(found[1])));
    else if (found[2] !== undefined) parts.push(Buffer.from(found[2], 'hex'));
    else parts.push(Uint8Array.of(number!));
  }
  return Buffer.concat(parts);
}
