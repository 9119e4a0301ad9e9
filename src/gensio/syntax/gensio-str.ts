// Reads accepter and connector strings: `telnet(rfc2217),tcp,localhost,2000`. Nothing is opened and no host name is looked up.
// The short forms that gensio took until 2.8.2 (`2000`, `localhost,2000`, `/dev/ttyS0,9600n81`, `0`) are taken too.
import type { GensioErrorCode } from '../../base/gensio-error.ts';
import { nearest } from '../../base/text.ts';
import { type MutableValues, type Row, type Rows, setOption, spellings } from '../../options/row.ts';
import { SECRET_OPTIONS } from '../../options/secrets.ts';
import { LAYERS, type LayerSpec, type LayerType, type NetAddr } from '../../options/stack.ts';
import { layerInfo, layerNames } from './custom-layers.ts';
import { classOf, Defaults } from './defaults.ts';
import { type AddrContext, type Problem, parseAddrs, printAddrs, type Result } from './net-addr.ts';
import { parseLine, printLine } from './serial-line.ts';
import type { Stack } from './stack.ts';
import { quoteWord, splitWords } from './words.ts';

type Role = 'accepter' | 'connector';

/** Deeper stacks are a mistake, or an attack. */
const MAX_LAYERS = 32;

/** Layers that a program brings along are read as the others are. */
const isLayer = (name: string): name is LayerType => layerInfo(name) !== undefined;
const fail = (error: GensioErrorCode, detail: string, part?: string): Problem => ({ error, detail, ...(part !== undefined && { part }) });
const skipBlanks = (text: string): string => text.replace(/^[ \t\n\r\f\v]+/, '');

/**
 * What a string means in a role, with defaults filled in. Never throws. A string that means nothing has no spec, but an error
 * (gensio 2.6.2's) and a detail in words. A layer that cannot run here is 'notsup'.
 */
export function parseStack(text: string, role: Role, defaults = new Defaults()): Stack {
  const got = layer(text, role, defaults, 0);
  if ('error' in got) return { text, spec: undefined, ...got };
  return { text, spec: got.ok, error: undefined };
}

/** What parseStack() makes of a text with gensio's own defaults; `undefined` if it cannot be parsed. */
export const parseSpec = (text: string, role: Role): LayerSpec | undefined => parseStack(text, role).spec;

function layer(text: string, role: Role, defaults: Defaults, depth: number): Result<LayerSpec> {
  if (depth >= MAX_LAYERS) return fail('toobig', `more than ${MAX_LAYERS} layers`);
  const str = skipBlanks(text);
  const name = /^[^,(]*/.exec(str)![0];
  if (!isLayer(name) || !layerInfo(name)!.roles.includes(role)) return guess(str, name, role, defaults, depth);
  const cut = cutOptions(str.slice(name.length));
  if ('error' in cut) return cut;
  const { unsupported } = layerInfo(name)!;
  if (unsupported !== undefined) return fail('notsup', `${name}: ${unsupported}`);
  return build(name, cut.ok.words, skipBlanks(cut.ok.rest), role, defaults, depth);
}

/** `[(words)][,rest]` after the name of a layer. */
function cutOptions(text: string): Result<{ readonly words: readonly string[]; readonly rest: string }> {
  if (!text.startsWith('(')) return { ok: { words: [], rest: text.slice(1) } };
  const split = splitWords(text, 'spaces and commas', 1, ')');
  if (split === undefined) return fail('inval', 'a quote or an escape in the options is not finished');
  if (split.at >= text.length) return fail('inval', "a ')' is missing");
  const after = text[split.at + 1];
  if (after !== undefined && after !== ',') return fail('inval', `a comma is missing after ')'`);
  return { ok: { words: split.words, rest: text.slice(split.at + 2) } };
}

/** A layer whose name is known. What follows it is read before its options are judged, as gensio does. */
function build(name: LayerType, words: readonly string[], rest: string, role: Role, defaults: Defaults, depth: number): Result<LayerSpec> {
  const below = readRest(name, rest, role, defaults, depth);
  if ('error' in below) return below;
  const opts = readOptions(name, words, role, defaults);
  if ('error' in opts) return opts;
  return { ok: { type: name, opts: opts.ok, ...below.ok } as unknown as LayerSpec };
}

function readRest(name: LayerType, rest: string, role: Role, defaults: Defaults, depth: number): Result<object> {
  switch (layerInfo(name)!.rest) {
    case 'addrs': {
      const protocol = name === 'udp' ? 'udp' : 'tcp';
      const got = parseAddrs(rest, { role, protocol, services: defaults.services });
      return 'error' in got ? got : { ok: { addrs: got.ok } };
    }
    case 'path':
      if (name.startsWith('unix') && Buffer.byteLength(rest) >= 107) return fail('toobig', 'the path of a socket has at most 106 bytes');
      if (name === 'dev' && rest.includes(',')) return fail('inval', 'a dev takes no settings after the device');
      return { ok: { path: rest } };
    case 'device': {
      const comma = rest.indexOf(',');
      const line = parseLine(comma < 0 ? '' : rest.slice(comma + 1), defaults);
      return 'error' in line ? line : { ok: { device: comma < 0 ? rest : rest.slice(0, comma), line: line.ok } };
    }
    case 'argv': {
      const split = splitWords(rest, 'spaces');
      return split === undefined ? fail('inval', 'a quote or an escape in the command is not finished') : { ok: { argv: split.words } };
    }
    case 'child': {
      // A conacc makes connections, so what is below it is a connector.
      const child = layer(rest, name === 'conacc' ? 'connector' : role, defaults, depth + 1);
      return 'error' in child ? child : { ok: { child: child.ok } };
    }
    default:
      return { ok: { rest } };
  }
}

function readOptions(name: LayerType, words: readonly string[], role: Role, defaults: Defaults): Result<object> {
  const { rows } = layerInfo(name)!;
  const opts = defaults.values(rows, classOf(name));
  const fresh = new Set<string>();
  let secret: string | undefined;
  for (const word of words) {
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    const adds = Object.keys(rows).find((k) => rows[k]!.adds && rows[k]!.yaml === key.toLowerCase());
    if (adds !== undefined && !fresh.has(adds)) {
      // A default is replaced by the first value given, not added to.
      fresh.add(adds);
      (opts as Record<string, unknown>)[adds] = undefined;
    }
    const got = setOption(rows, opts as MutableValues<Rows>, key, equals < 0 ? undefined : word.slice(equals + 1));
    // What follows a password may be a part of it, and messages are read by others.
    if (got !== 'ok' && secret !== undefined)
      return fail(
        'inval',
        `${name} has something after '${secret}=' that is no option (a value with spaces, commas or quotes needs quotes)`,
      );
    if (SECRET_OPTIONS.includes(key.toLowerCase())) secret = key;
    if (got === 'unknown') {
      const near = nearest(key, spellings(rows, 'yaml'));
      return fail('inval', `${name} has no option '${key}'${near === undefined ? '' : `, did you mean '${near}'?`}`, word);
    }
    if (got !== 'ok') return fail('inval', `'${word}' of ${name} is not ${got.expected}`, word);
  }
  const wrong = judge(name, opts as Readonly<Record<string, unknown>>, role, defaults);
  return wrong === undefined ? { ok: opts } : fail('inval', wrong);
}

/** What a set of options lacks, or contradicts. */
function judge(name: LayerType, opts: Readonly<Record<string, unknown>>, role: Role, defaults: Defaults): string | undefined {
  const { xmitDelay, script, gensio, raw, self, console, laddr } = opts;
  if (name === 'ratelimit' && xmitDelay === undefined) return 'ratelimit needs xmit_delay';
  if (name === 'script' && script === undefined && gensio === undefined) return 'script needs script= or gensio=';
  if (name === 'stdio' && role === 'connector' && raw === true && self !== true && console !== true) return 'raw needs self or console';
  if (typeof laddr === 'string' && name === 'unixdgram') {
    if (laddr === '' || Buffer.byteLength(laddr) >= 107) return 'laddr: the path of a socket has 1 to 106 bytes';
  } else if (typeof laddr === 'string') {
    const got = parseAddrs(laddr, { role: 'accepter', protocol: name === 'udp' ? 'udp' : 'tcp', services: defaults.services });
    if ('error' in got) return `laddr: ${got.detail}`;
  }
  return undefined;
}

/** What gensio 2.6.2 makes of a text that begins with no layer of that role. */
function guess(str: string, name: string, role: Role, defaults: Defaults, depth: number): Result<LayerSpec> {
  if (role === 'connector' && str.startsWith('/')) return layer(`serialdev,${str}`, role, defaults, depth);
  if (role === 'accepter' && /^0+$/.test(str)) return build('stdio', [], '', role, defaults, depth);
  const got = network(str, role, defaults);
  if (!('error' in got)) return got;
  const better = misspelt(str, name, role);
  return better === undefined ? got : fail(got.error, better, name.trim());
}

/** `[ipv4,|ipv6,][tcp|udp|sctp[(words)],]addrs`. */
function network(str: string, role: Role, defaults: Defaults): Result<LayerSpec> {
  const family = /^(ipv[46]),/.exec(str)?.[1] as AddrContext['family'];
  let rest = family === undefined ? str : str.slice(5);
  const type = /^(tcp|udp|sctp|unix)(?=[,(])/.exec(rest)?.[1];
  if (type === 'unix') return fail('inval', 'a Unix socket has no address family');
  if (type === 'sctp') return fail('notsup', LAYERS.sctp.unsupported!);
  let words: readonly string[] = [];
  if (type !== undefined) {
    const cut = cutOptions(rest.slice(3));
    if ('error' in cut) return cut;
    ({ words, rest } = cut.ok);
  }
  const protocol = type === 'udp' ? 'udp' : 'tcp';
  const addrs = parseAddrs(rest, { role, protocol, services: defaults.services, family });
  if ('error' in addrs) return addrs;
  const opts = readOptions(protocol, words, role, defaults);
  if ('error' in opts) return opts;
  return { ok: { type: protocol, opts: opts.ok, addrs: addrs.ok } as unknown as LayerSpec };
}

/** A guess at what was meant by a text that is no network address either. */
function misspelt(str: string, name: string, role: Role): string | undefined {
  if (str === '') return undefined;
  const word = name.trim();
  if (isLayer(word) && word !== name) return `there is a space after '${word}'`;
  if (isLayer(word)) {
    const conacc = role === 'accepter' ? `: write 'conacc,${word},...'` : '';
    return `'${word}' cannot be ${role === 'accepter' ? 'an accepter' : 'a connector'}${conacc}`;
  }
  if (/^\/|^(tty|COM)[A-Za-z0-9]*$/.test(word))
    return role === 'connector'
      ? `'${word}' is not a full path: write 'serialdev,/dev/${word}'`
      : `'${word}' looks like a device, which needs 'serialdev,' before it and belongs in the connector`;
  const near = /^[A-Za-z]/.test(word) ? nearest(word, layerNames(role)) : undefined;
  if (near !== undefined && !/^(localhost|ip)/.test(word)) return `unknown layer '${word}', did you mean '${near}'?`;
  const known = str.slice(name.length + 1).split(/[,(]/, 1)[0]!;
  return str.includes('(') || isLayer(known) ? `unknown layer '${word}'` : undefined;
}

/**
 * The text that reads back to the same stack when no defaults are set: options that differ from the built-in ones, in table order.
 * Used where a stack has to be written again; a stack that was read keeps its own text. Options that `takes` does not take are left out.
 */
export function printStack(spec: LayerSpec, takes: (row: Row<unknown>) => boolean = () => true): string {
  const { rows } = layerInfo(spec.type)!;
  const opts = spec.opts as Readonly<Record<string, unknown>>;
  const words: string[] = [];
  for (const [key, row] of Object.entries(rows)) {
    const value = opts[key];
    if (JSON.stringify(value) === JSON.stringify(row.def) || value === undefined || row.yaml === false || !takes(row)) continue;
    const values: readonly unknown[] = row.adds && Array.isArray(value) ? value.map((item) => [item]) : [value];
    for (const each of values) words.push(each === true ? row.yaml : quoteWord(`${row.yaml}=${row.kind.print(each)}`));
  }
  const head = words.length === 0 ? spec.type : `${spec.type}(${words.join(',')})`;
  const rest = printRest(spec, takes);
  return rest === '' ? head : `${head},${rest}`;
}

function printRest(spec: LayerSpec, takes: (row: Row<unknown>) => boolean): string {
  if ('child' in spec) return printStack(spec.child, takes);
  if ('addrs' in spec) return printAddrs(spec.addrs as readonly NetAddr[]);
  if ('device' in spec) return `${spec.device},${printLine(spec.line)}`;
  if ('path' in spec) return spec.path;
  if ('argv' in spec) return spec.argv.map(quoteWord).join(' ');
  return spec.rest;
}

/** What goes on with a word. */
const WORD = /[^\s,()'":]/;

/** Where the piece that is wrong stands in a text as it was written; -1 if it is not there as a word, or more than once. */
export function partIn(written: string, { part }: Stack): number {
  if (part === undefined || part === '') return -1;
  let found = -1;
  for (let at = written.indexOf(part); at >= 0; at = written.indexOf(part, at + 1)) {
    if (WORD.test(written[at - 1] ?? ',') || WORD.test(written[at + part.length] ?? ',')) continue;
    if (found >= 0) return -1;
    found = at;
  }
  return found;
}
