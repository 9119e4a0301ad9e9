// A port line: `network port:state:timeout:device:options`.
import { GENSIO_ERRORS } from '../../base/gensio-error.ts';
import { parseStack, partIn } from '../../gensio/syntax/gensio-str.ts';
import { layersOf, type Stack } from '../../gensio/syntax/stack.ts';
import { splitWords } from '../../gensio/syntax/words.ts';
import { CONNECTION } from '../../options/connection.ts';
import { cUnsigned } from '../../options/kind.ts';
import type { MutableValues } from '../../options/row.ts';
import type { LayerSpec } from '../../options/stack.ts';
import { TELNET } from '../../options/telnet.ts';
import { keysSetBy, OptionReader } from '../connection-options.ts';
import type { ConnectionConfig } from '../model.ts';
import { stackHint } from '../stack-hint.ts';
import type { ConfState, Entry } from './entry.ts';
import { type Field, Fields } from './fields.ts';
import { lineHint } from './hint.ts';
import { modernWord } from './keywords.ts';
import { messages } from './messages.ts';
import type { ConfNames } from './names.ts';
import type { LineReport } from './report.ts';
import { WordReader } from './word-reader.ts';

const DROPPED: Entry = { is: 'dropped' };
const STATES: readonly ConfState[] = ['raw', 'rawlp', 'telnet', 'off', 'on'];

/** The four fields before the options, and where the options begin. */
interface PortFields {
  readonly port: Field;
  readonly state: ConfState;
  readonly timeout: number;
  readonly device: Field;
  readonly options: Field;
}

/**
 * Where the state stands: the first `:raw:`, `:rawlp:`, `:telnet:`, `:off:` or `:on:`. As in 4.3.11 a try that fails at a
 * character goes on after it, so that a colon right before that of the state hides it.
 */
function findState(text: string): { readonly at: number; readonly state: ConfState } | undefined {
  for (let at = text.indexOf(':'); at >= 0; ) {
    const state = STATES.find((s) => text.startsWith(`${s}:`, at + 1));
    if (state !== undefined) return { at, state };
    // How far the try went: the longest beginning of a state that stands here.
    let length = 0;
    for (const s of STATES) {
      let n = 0;
      while (n < s.length && text[at + 1 + n] === s[n]) n++;
      length = Math.max(length, n);
    }
    at = text.indexOf(':', at + length + 2);
  }
  return undefined;
}

function cut(report: LineReport): PortFields | undefined {
  const { text } = report.line;
  const found = findState(text);
  const drop = (where: Field, what: string, hint: string, classic: string): undefined => {
    report.error('bad-line', where, what, { hint, classic: classic + report.onLine });
    return undefined;
  };
  if (found === undefined) {
    const hint = lineHint(text);
    if (!/^[ \t]*(#|$)/.test(text)) return drop(report.whole, 'the line has no state and is no directive', hint, messages.noState);
    report.warning('bad-line', report.whole, 'a line without a meaning', { hint, classic: messages.noState + report.onLine });
    return undefined;
  }
  const fields = new Fields(text, found.at + found.state.length + 2);
  const timeout = fields.next();
  if (timeout === undefined)
    return drop(report.whole, 'the line has no timeout', 'port:state:timeout:device, 0 for no timeout', messages.noTimeout);
  const seconds = cUnsigned(timeout.text);
  if (seconds === undefined) {
    const hint = timeout.text.startsWith('/')
      ? 'the timeout may not be empty: write 0 for none'
      : 'a timeout is a number of seconds, 0 for none';
    drop(timeout, `'${timeout.text}' is not a timeout`, hint, messages.badTimeout(timeout.text));
    report.readingOn = true;
  } else if (/^\s*-/.test(timeout.text) || (seconds < 0x80000000 && /[0-9a-fA-F]{10}/.test(timeout.text))) {
    report.warning('questionable', timeout, `the timeout is ${seconds} seconds`, { hint: 'a timeout counts modulo 4294967296' });
  }
  const device = fields.next();
  if (device === undefined) return drop(report.whole, 'the line has no device', 'port:state:timeout:device', messages.noDevice);
  const options = fields.rest() ?? { text: '', at: fields.at };
  return { port: { text: text.slice(0, found.at), at: 0 }, state: found.state, timeout: seconds ?? 0, device, options };
}

/** Reads a line that is no directive. */
export function readPortLine(report: LineReport, names: ConfNames): Entry {
  const fields = cut(report);
  if (fields === undefined) return DROPPED;
  const { port, options: option } = fields;
  // A quoted device is cut at its first colon, and what follows is no list of options.
  const quoted = /^['"]/.test(fields.device.text);
  const split = quoted ? { words: [], places: [], at: 0 } : splitWords(option.text, 'spaces');
  if (split === undefined) {
    report.error('bad-value', option, 'a quote or an escape in the options is not finished; the port is left out', {
      classic: messages.badOptions(report.onLine),
    });
    report.readingOn = true;
  }
  const before = names.ports.get(port.text);
  if (before !== undefined) {
    report.error('duplicate-name', port, `there is a connection '${port.text}' already; this one is left out`, {
      hint: before.value.line > 0 ? `the first is on line ${before.value.line}` : undefined,
      ...(before.inClassic && { classic: messages.duplicate(port.text) + report.onLine }),
    });
    report.readingOn = true;
  }
  const alias = names.strings.get(fields.device.text);
  const device = alias?.kind === 'device' ? alias.text : fields.device.text;
  const aliasWord = alias?.kind === 'device' ? fields.device.text : undefined;
  const options = new OptionReader(names.defaults, {
    // A LED that 4.3.11 does not have is looked at again, for its message.
    hasLed: (name) => names.leds.get(name)?.inClassic === true,
    traceFile: (name) => names.tracefiles.get(name),
    rs485: (name) => names.rs485.get(name),
  });
  const words = new WordReader(options, report, names, device.startsWith('sol.'));
  const given = new Map<string, Field>();
  for (const [i, word] of (split?.words ?? []).entries()) {
    // As for a C string, a NUL ends it.
    const text = word.split('\0', 1)[0]!;
    const where = { text, at: option.at + split!.places[i]!.at };
    words.read(where);
    for (const key of keysOf(text, names)) given.set(key, where);
    // A comment: 4.3.11 takes it for options, and it would only give more of the same.
    if (text.startsWith('#') && !names.strings.has(text)) break;
  }
  const entry = build(fields, { device, aliasWord, options, words }, report, names);
  // Reading on after a mistake was only for its problems.
  if (entry.is !== 'port' || report.readingOn) return DROPPED;
  names.ports.set(port.text, { value: entry.connection.pos, inClassic: !words.droppedByClassic });
  noteOrigins(entry.connection, fields, given, report, names);
  return entry;
}

/** The options a word sets, through whatever it is the name of. */
function keysOf(word: string, names: ConfNames): readonly string[] {
  const keys = keysSetBy(word);
  const string = names.strings.get(word);
  if (keys.length > 0 || string?.kind === 'device') return keys;
  return keysSetBy(string?.kind ?? modernWord(word) ?? '');
}

function noteOrigins(
  { pos, accepter, connector }: ConnectionConfig,
  fields: PortFields,
  given: ReadonlyMap<string, Field>,
  report: LineReport,
  names: ConfNames,
): void {
  names.origins.stack(pos, 'accepter', report.posOf(fields.port), accepter, names.defaults);
  names.origins.stack(pos, 'connector', report.posOf(fields.device), connector, names.defaults);
  names.origins.written(pos, 'timeout', pos);
  names.origins.written(pos, 'enable', pos);
  const places = new Map([...given].map(([key, where]) => [key, report.posOf(where)]));
  names.origins.options(pos, CONNECTION, places, names.defaults);
}

interface Read {
  readonly device: string;
  readonly aliasWord: string | undefined;
  readonly options: OptionReader;
  readonly words: WordReader;
}

function build(fields: PortFields, read: Read, report: LineReport, names: ConfNames): Entry {
  const { port, state, timeout } = fields;
  const { device, words } = read;
  const options = read.options.finish();
  if ('problem' in options) {
    const { problem } = options;
    const [detail, classic] =
      problem.is === 'bad-address'
        ? [problem.detail, messages.badRemaddr(problem.address, GENSIO_ERRORS[problem.error]) + report.onLine]
        : ['it cannot be used'];
    report.error('bad-address', port, `the default remaddr: ${detail}; the port is left out`, {
      classic: words.droppedByClassic ? undefined : classic,
    });
    return DROPPED;
  }
  if (names.keepPorts) forgetLeds(options.ok, names);
  const suffix = `${read.options.deviceSuffix}${state === 'rawlp' ? ',WRONLY' : ''}`;
  const connector = parseStack(modernDevice(device, fields.device, report) + suffix, 'connector', names.defaults);
  const plain = parseStack(port.text, 'accepter', names.defaults);
  const accepter = state === 'telnet' ? withTelnet(plain, words.remctl, names) : plain;
  judge(fields, connector, accepter, read, report, names);
  const connection: ConnectionConfig = {
    name: port.text,
    accepter,
    connector,
    device: read.aliasWord,
    timeout,
    enable: state !== 'off',
    options: options.ok,
    pos: report.posOf(report.whole),
  };
  return { is: 'port', connection, state, device, strings: words.strings, remctl: words.remctl };
}

/** Takes away LEDs that are not defined. */
function forgetLeds(options: MutableValues<typeof CONNECTION>, names: ConfNames): void {
  for (const key of ['ledRx', 'ledTx', 'ledConn'] as const) {
    if (!names.leds.has(options[key] ?? '')) options[key] = undefined;
  }
}

/** IPMI devices were `sol.args` in 3.x and are `ipmisol,args` since. */
function modernDevice(device: string, where: Field, report: LineReport): string {
  if (!device.startsWith('sol.')) return device;
  const now = `ipmisol,${device.slice(4)}`;
  report.warning('old-spelling', where, 'IPMI devices were written so in ser2net 3', { hint: `write '${now}'` });
  return now;
}

/** The accepter with a telnet layer on top; its text stays what the user wrote, for that is what the console and \p show. */
function withTelnet(plain: Stack, remctl: boolean | undefined, names: ConfNames): Stack {
  if (plain.spec === undefined) return plain;
  const opts = { ...names.defaults.values(TELNET, 'telnet'), ...(remctl !== undefined && { rfc2217: remctl }) };
  const spec: LayerSpec = { type: 'telnet', opts, child: plain.spec };
  return { text: plain.text, spec, error: undefined };
}

/** The piece of a stack that is wrong, where it stands between two fields of the line; else the first of them. */
function partOf(first: Field, last: Field, stack: Stack, { line }: LineReport): Field {
  const from = partIn(line.text.slice(first.at, last.at + last.text.length), stack);
  return from < 0 ? first : { text: stack.part!, at: first.at + from };
}

/** What is often wrong with a device. */
function deviceHint(device: string, { options }: PortFields): string | undefined {
  const path = device.replace(/^(serialdev,)?['"]?/, '');
  if (!/^['"]/.test(device) && !(path.startsWith('/dev/') && /^[0-9.a-f]+:/i.test(options.text))) return undefined;
  const whole = `${path}:${options.text}`.replace(/['"].*$|\s.*$|:[^:/]*$/, '');
  return `a device with colons needs a name: a line 'DEVICE:dev1:${whole}' before this one, and dev1 here`;
}

/** What is wrong with, or doubtful in, a line that is kept. */
function judge(fields: PortFields, connector: Stack, accepter: Stack, { device, words }: Read, report: LineReport, names: ConfNames): void {
  const { port, state } = fields;
  const inClassic = !words.droppedByClassic;
  const said = (text: string): { classic?: string } => (inClassic ? { classic: text + report.onLine } : {});
  const bad = names.badSpeeds.get('serialdev') ?? (names.speeds.has('serialdev') ? undefined : names.badSpeeds.get(''));
  const serial =
    connector.spec === undefined ? /^\s*(\/|serialdev[,(])/.test(device) : layersOf(connector.spec).some((l) => l.type === 'serialdev');
  if (bad !== undefined && serial) {
    const classic = inClassic ? messages.badSpeed(bad) : undefined;
    report.warning('bad-default', fields.device, `the default speed '${bad}' is not one; 9600N81 is used`, { classic });
  }
  if (connector.error !== undefined) {
    const reason = GENSIO_ERRORS[connector.error];
    const text = `the device cannot be used: ${connector.detail ?? reason}`;
    report.error('bad-connector', partOf(fields.device, fields.options, connector, report), text, {
      ...said(messages.badConnector(connector.text, reason)),
      hint: deviceHint(device, fields) ?? stackHint(connector.text, 'connector'),
    });
  }
  if (accepter.error !== undefined) {
    const reason = GENSIO_ERRORS[accepter.error];
    report.error('bad-accepter', partOf(port, port, accepter, report), `the network port cannot be used: ${accepter.detail ?? reason}`, {
      hint: /^\s*#/.test(port.text) ? 'a comment has its # in the first column' : stackHint(port.text, 'accepter'),
      ...(connector.error === undefined && said(messages.badAccepter(port.text, reason))),
    });
  } else if (state === 'telnet' && layersOf(accepter.spec!).filter((layer) => layer.type === 'telnet').length > 1) {
    report.warning('questionable', port, 'the state adds a second telnet layer', { hint: "write 'raw' or 'on' for the state" });
  }
  if (words.remctl === true && state !== 'telnet') {
    report.warning('questionable', fields.options, "'remctl' has no effect without the state 'telnet'");
  }
}
