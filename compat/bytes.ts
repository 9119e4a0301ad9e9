// How bytes are written in a case: telnet and RFC 2217 by name, text in quotes, the rest in hexadecimal. Both ways.
// Who sends a COM-PORT command decides what its number is, so the same name stands for request and answer. What cannot be
// named (a command cut off in the middle) is written in hexadecimal.
import { COM_PORT_COMMANDS, COM_PORT_OPTION, COMMANDS, IAC, OPTIONS, SB, SE } from '../src/gensio/telnet/names.ts';

/** Who sent the bytes, seen from telnet: it decides whether COM-PORT-OPTION codes count from 0 or from 100. */
export type Side = 'client' | 'server';

const COM_PORT: Readonly<Record<string, number>> = COM_PORT_COMMANDS;
const NUMBERS: Readonly<Record<string, number>> = { ...COMMANDS, ...OPTIONS };

const byNumber = (names: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(names).map(([name, n]) => [n, name]));
const COMMAND_NAMES = byNumber(COMMANDS);
const OPTION_NAMES = byNumber(OPTIONS);
const COM_PORT_NAMES = byNumber(COM_PORT);

const hex = (n: number): string => n.toString(16).padStart(2, '0');
const ESCAPES: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\', '"': '\\"' };

/** One character of text as it stands between quotes. */
export const escapeChar = (c: string): string => ESCAPES[c] ?? (c < ' ' || c > '~' ? `\\x${hex(c.charCodeAt(0))}` : c);

/** The text a quoted or escaped one stands for. Throws for an escape it does not know. */
export function unescapeText(text: string): string {
  return text.replace(/\\(x[0-9a-f]{2}|.|$)/gs, (all, what: string) => {
    if (what[0] === 'x' && what.length === 3) return String.fromCharCode(Number.parseInt(what.slice(1), 16));
    const found = Object.entries(ESCAPES).find(([, written]) => written === all);
    if (found === undefined) throw new Error(`'${all}' is not an escape`);
    return found[0];
  });
}

/** Runs longer than this are written once, with a count. */
const MAX_RUN = 24;
const MAX_TEXT_RUN = 60;

/** Text between quotes, in pieces that fit a line; long runs of one character as `"x"*1000`. */
function quote(text: string): string[] {
  const out: string[] = [];
  const pieces = (part: string): void => {
    for (const piece of part.match(/.{1,80}/gs) ?? []) out.push(`"${[...piece].map(escapeChar).join('')}"`);
  };
  let at = 0;
  for (const run of text.matchAll(new RegExp(`(.)\\1{${MAX_TEXT_RUN},}`, 'gs'))) {
    pieces(text.slice(at, run.index));
    out.push(`"${escapeChar(run[1]!)}"*${run[0].length}`);
    at = run.index + run[0].length;
  }
  pieces(text.slice(at));
  return out;
}

function plainHex(data: Buffer): string[] {
  const out: string[] = [];
  for (let i = 0; i < data.length; ) {
    let end = i;
    while (end < data.length && data[end] === data[i]) end++;
    if (end - i > MAX_RUN) out.push(`${hex(data[i]!)}*${end - i}`);
    else {
      const next = data.findIndex(
        (b, at) => at >= end && at + MAX_RUN < data.length && data.subarray(at, at + MAX_RUN + 1).every((x) => x === b),
      );
      end = next < 0 ? data.length : next;
      out.push(...(data.toString('hex', i, end).match(/.{1,64}/g) ?? []));
    }
    i = end;
  }
  return out;
}

const PRINTABLE = /[\r\n\t\x20-\x7e]+/g;

/** Bytes without commands: text where it reads as text, hexadecimal elsewhere. */
function plain(data: Buffer): string[] {
  const text = data.toString('latin1');
  const out: string[] = [];
  let at = 0;
  for (const run of text.matchAll(PRINTABLE)) {
    if (run[0].length < 2 && run[0].length < data.length) continue;
    if (run.index > at) out.push(...plainHex(data.subarray(at, run.index)));
    for (const line of run[0].match(/[^\n]*\n|[^\n]+$/g) ?? []) out.push(...quote(line));
    at = run.index + run[0].length;
  }
  if (at < data.length) out.push(...plainHex(data.subarray(at)));
  return out;
}

/** The end of a suboption that begins at `from` (after IAC SB): the index of its IAC SE, or -1 when it has none. */
function suboptionEnd(data: Buffer, from: number): number {
  for (let i = data.indexOf(IAC, from); i >= 0 && i + 1 < data.length; i = data.indexOf(IAC, i + 2)) if (data[i + 1] === SE) return i;
  return -1;
}

function suboption(data: Buffer, side: Side): string[] {
  if (data.length === 0) return [];
  const option = data[0]!;
  const out = [OPTION_NAMES.get(option) ?? hex(option)];
  if (option !== COM_PORT_OPTION || data.length < 2) return [...out, ...plainHex(data.subarray(1))];
  const code = COM_PORT_NAMES.get(data[1]! - (side === 'server' ? 100 : 0));
  out.push(code ?? hex(data[1]!));
  const body = data.subarray(2);
  return [...out, ...(code === 'SIGNATURE' ? plain(body) : plainHex(body))];
}

/** The words for these bytes, those of one command together; bytesOf gives the same bytes back. */
export function wordsOf(data: Buffer, side: Side): string[] {
  const out: string[] = [];
  for (let i = 0; i < data.length; ) {
    const iac = data.indexOf(IAC, i);
    if (iac !== i) {
      const end = iac < 0 ? data.length : iac;
      out.push(...plain(data.subarray(i, end)));
      i = end;
      continue;
    }
    let end = i;
    while (data[end] === IAC) end++;
    if (end - i > MAX_RUN) {
      out.push(`ff*${end - i}`);
      i = end;
      continue;
    }
    const command = data[i + 1];
    const name = command === undefined ? undefined : COMMAND_NAMES.get(command);
    if (command === undefined || name === undefined) {
      out.push('IAC');
      i++;
    } else if (command > SB && command < IAC) {
      const option = data[i + 2];
      out.push(['IAC', name, ...(option === undefined ? [] : [OPTION_NAMES.get(option) ?? hex(option)])].join(' '));
      i += 3;
    } else if (command === SB && suboptionEnd(data, i + 2) >= 0) {
      const end = suboptionEnd(data, i + 2);
      out.push(['IAC', 'SB', ...suboption(data.subarray(i + 2, end), side), 'IAC', 'SE'].join(' '));
      i = end + 2;
    } else {
      out.push(`IAC ${name}`);
      i += 2;
    }
  }
  return out;
}

function word(text: string, side: Side): Buffer {
  const named = NUMBERS[text];
  if (named !== undefined) return Buffer.of(named);
  const code = COM_PORT[text];
  if (code !== undefined) return Buffer.of(code + (side === 'server' ? 100 : 0));
  const [, body = '', times = '1'] = /^(.*?)(?:\*(\d+))?$/s.exec(text) ?? [];
  const once = body.startsWith('"') ? Buffer.from(unescapeText(body.slice(1, -1)), 'latin1') : Buffer.from(body, 'hex');
  if (!body.startsWith('"') && (once.length * 2 !== body.length || body === '')) throw new Error(`'${text}' is neither a name nor bytes`);
  return Buffer.concat(Array<Buffer>(Number(times)).fill(once));
}

/** The bytes of a line of words. Throws for a word that is none. */
export function bytesOf(text: string, side: Side): Buffer {
  const words = text.match(/"(?:[^"\\]|\\.)*"(?:\*\d+)?|\S+/g) ?? [];
  return Buffer.concat(words.map((w) => word(w, side)));
}

/** The words on as few lines as fit in the width; with asText a word that ends a line of text ends a line here too. */
export function wrapWords(words: readonly string[], width: number, asText: boolean): string[] {
  const lines: string[] = [];
  let line = '';
  for (const w of words) {
    if (line !== '' && (line.length + 1 + w.length > width || (asText && line.endsWith('\\n"')))) {
      lines.push(line);
      line = '';
    }
    line += (line === '' ? '' : ' ') + w;
  }
  if (line !== '') lines.push(line);
  return lines;
}
