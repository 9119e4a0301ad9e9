// The three ways to write a scalar in YAML 1.1, read as libyaml 0.2.5 reads them.
import { type Cursor, Malformed } from './cursor.ts';

/** A scalar, read. */
export interface ScannedScalar {
  /** What it stands for, escapes and line ends resolved. */
  readonly value: string;
  /** After the last character that belongs to it. */
  readonly end: number;
  /** A plain scalar was followed by line ends: a key may begin where it stopped. */
  readonly brokeLine: boolean;
}

/** Spaces and line ends between words: spaces and tabs stay as they are, one line end becomes a space, more become one less. */
class Gap {
  #spaces = '';
  #first = '';
  #more = '';
  broken = false;

  /** At a space, tab or line end; indent: columns before it must not be tabs (plain scalars). */
  read(c: Cursor, indent: number, start: number): void {
    while (c.isBlank() || c.isBreak()) {
      if (c.isBreak()) {
        if (this.broken) this.#more += c.skipLine();
        else this.#first = c.skipLine();
        this.broken = true;
        continue;
      }
      if (this.broken && c.col < indent && c.peek() === '\t') {
        throw new Malformed('found a tab character that violates indentation', c.at, start);
      }
      if (!this.broken) this.#spaces += c.peek();
      c.skip();
    }
  }
  /** A line end that is not there: after a backslash. */
  escaped(): void {
    this.broken = true;
  }
  get text(): string {
    if (!this.broken) return this.#spaces;
    return this.#first === '\n' ? this.#more || ' ' : this.#first + this.#more;
  }
}

/** What goes on with a plain scalar whatever comes after it, out of brackets and in them. */
const PLAIN = /[A-Za-z0-9_/.,()=;+~-]+/y;
const PLAIN_IN_FLOW = /[A-Za-z0-9_/.()=;+~-]+/y;
/** The same in quotes of either kind. */
const QUOTED = /[!#-&(-[\]-~]+/y;

/** Without quotes. indent: columns it must keep to on further lines. */
export function scanPlain(c: Cursor, flow: boolean, indent: number): ScannedScalar {
  const start = c.at;
  let value = '';
  let end = start;
  let gap: Gap | undefined;
  while (!c.isDocumentMark() && c.peek() !== '#') {
    const from = c.at;
    for (;;) {
      c.skipRun(flow ? PLAIN_IN_FLOW : PLAIN);
      if (c.isBlankOrEnd() || endsPlain(c, flow, start)) break;
      c.skip();
    }
    if (c.at > from) {
      value += (gap?.text ?? '') + c.text.slice(from, c.at);
      gap = undefined;
      end = c.at;
    }
    if (!c.isBlank() && !c.isBreak()) break;
    gap ??= new Gap();
    gap.read(c, indent, start);
    if (!flow && c.col < indent) break;
  }
  return { value, end, brokeLine: gap?.broken === true };
}

function endsPlain(c: Cursor, flow: boolean, start: number): boolean {
  const char = c.peek();
  if (char === ':') {
    if (c.isBlankOrEnd(1)) return true;
    if (flow && ',?[]{}'.includes(c.peek(1))) throw new Malformed("found unexpected ':'", c.at, start);
  }
  return flow && ',[]{}'.includes(char);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** In quotes; the cursor is at the first one. */
export function scanQuoted(c: Cursor): ScannedScalar {
  const start = c.at;
  const quote = c.peek();
  let value = '';
  c.skip();
  for (;;) {
    if (c.isDocumentMark()) throw new Malformed('found unexpected document indicator', c.at, start);
    if (c.isEnd()) throw new Malformed('found unexpected end of stream', c.at, start);
    const gap = new Gap();
    while (!c.isBlankOrEnd()) {
      const char = c.peek();
      if (char === quote) {
        if (quote === '"' || c.peek(1) !== "'") break;
        value += "'";
        c.skip();
        c.skip();
      } else if (quote === '"' && char === '\\') {
        if (c.isBreak(1)) {
          c.skip();
          c.skipLine();
          gap.escaped();
          break;
        }
        value += scanEscape(c, start);
      } else {
        const from = c.at;
        c.skip();
        c.skipRun(QUOTED);
        value += c.text.slice(from, c.at);
      }
    }
    if (c.peek() === quote) break;
    gap.read(c, 0, start);
    value += gap.text;
  }
  c.skip();
  return { value, end: c.at, brokeLine: false };
}

function scanEscape(c: Cursor, start: number): string {
  const letter = c.peek(1);
  const length = HEX_LENGTH[letter];
  if (length === undefined) {
    const char = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (char === undefined) throw new Malformed('found unknown escape character', c.at, start);
    c.skip();
    c.skip();
    return char;
  }
  const digits = c.text.slice(c.at + 2, c.at + 2 + length);
  if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length) throw new Malformed('did not find expected hexdecimal number', c.at, start);
  const code = Number.parseInt(digits, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
    throw new Malformed('found invalid Unicode character escape code', c.at, start);
  c.skipTo(c.at + 2 + length);
  return String.fromCodePoint(code);
}

/** Behind `|` or `>`, at which the cursor is. parent: the column of what it is in, -1 for nothing. */
export function scanBlock(c: Cursor, parent: number): ScannedScalar {
  const start = c.at;
  const literal = c.peek() === '|';
  c.skip();
  const { keep, increment } = blockHeader(c, start);
  let indent = increment === 0 ? 0 : Math.max(parent, 0) + increment;
  let value = '';
  let first = '';
  let blankBefore = false;
  let lead = blockBreaks(c, indent, parent, start);
  indent = lead.indent;
  let { end } = lead;
  while (c.col === indent && !c.isEnd()) {
    const blank = c.isBlank();
    // Folding joins two lines that do not begin with a space or tab.
    if (!literal && first === '\n' && !blankBefore && !blank) value += lead.breaks === '' ? ' ' : lead.breaks;
    else value += first + lead.breaks;
    blankBefore = blank;
    const from = c.at;
    c.skipRest();
    value += c.text.slice(from, c.at);
    first = c.skipLine();
    lead = blockBreaks(c, indent, parent, start);
    end = lead.end;
  }
  if (keep >= 0) value += first;
  if (keep > 0) value += lead.breaks;
  return { value, end, brokeLine: false };
}

/** The marks after `|`: what to do with line ends at the end (-1 drop, 0 one, 1 all), and the indentation if it is given. */
function blockHeader(c: Cursor, start: number): { readonly keep: number; readonly increment: number } {
  let keep = 0;
  let increment = 0;
  const sign = (): void => {
    if (c.peek() !== '+' && c.peek() !== '-') return;
    keep = c.peek() === '+' ? 1 : -1;
    c.skip();
  };
  const digit = (): void => {
    if (!/^[0-9]$/.test(c.peek())) return;
    if (c.peek() === '0') throw new Malformed('found an indentation indicator equal to 0', c.at, start);
    increment = Number(c.peek());
    c.skip();
  };
  const signFirst = c.peek() === '+' || c.peek() === '-';
  if (signFirst) sign();
  digit();
  if (!signFirst && increment > 0) sign();
  c.skipBlanks();
  c.skipComment();
  if (!c.isBreakOrEnd()) throw new Malformed('did not find expected comment or line break', c.at, start);
  c.skipLine();
  return { keep, increment };
}

/** Indentation and empty lines. indent 0: not known yet, it is what the first line with text has. */
function blockBreaks(
  c: Cursor,
  indent: number,
  parent: number,
  start: number,
): { readonly breaks: string; readonly indent: number; readonly end: number } {
  let breaks = '';
  let end = c.at;
  let most = 0;
  for (;;) {
    while ((indent === 0 || c.col < indent) && c.peek() === ' ') c.skip();
    most = Math.max(most, c.col);
    if ((indent === 0 || c.col < indent) && c.peek() === '\t') {
      throw new Malformed('found a tab character where an indentation space is expected', c.at, start);
    }
    if (!c.isBreak()) return { breaks, end, indent: indent || Math.max(most, parent + 1, 1) };
    breaks += c.skipLine();
    end = c.at;
  }
}
