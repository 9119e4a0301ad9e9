// A place that moves over YAML text: characters, lines and columns as libyaml 0.2.5 counts them. Lines end in LF, NEL, LS or PS here.
import type { Mistake } from './syntax.ts';

/** The reading stops: the text is not well formed. */
export class Malformed extends Error {
  /** libyaml's text. */
  readonly classic: Mistake['classic'];
  /** Where the mistake is, and where the token or collection begins that it is in. */
  readonly at: number;
  /** Offset at which the token or collection begins that the mistake is in. */
  readonly start: number;
  constructor(classic: Mistake['classic'], at: number, start: number) {
    super(classic);
    this.classic = classic;
    this.at = at;
    this.start = start;
  }
}

const isBreakCode = (c: number): boolean => c === 0x0a || c === 0x85 || c === 0x2028 || c === 0x2029;

/** Most of a line. */
const REST = /[\t -~]+/y;

/** A place in a text, moved by reading. */
export class Cursor {
  /** All of it. */
  readonly text: string;
  /** Offset in UTF-16 units, as JavaScript has them. */
  at = 0;
  /** From 0. */
  line = 0;
  /** In characters. */
  col = 0;
  /** Characters passed. */
  index = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The character n places on; '' after the end. Good for comparing with ASCII only. */
  peek(n = 0): string {
    return this.text[this.at + n] ?? '';
  }
  /** Whether the text ends n places on. */
  isEnd(n = 0): boolean {
    return this.at + n >= this.text.length;
  }
  /** Space or tab. */
  isBlank(n = 0): boolean {
    const c = this.text.charCodeAt(this.at + n);
    return c === 0x20 || c === 0x09;
  }
  /** One of the four line ends. */
  isBreak(n = 0): boolean {
    return isBreakCode(this.text.charCodeAt(this.at + n));
  }
  /** A line end, or the end of the text. */
  isBreakOrEnd(n = 0): boolean {
    return this.isEnd(n) || this.isBreak(n);
  }
  /** Anything that can end a word. */
  isBlankOrEnd(n = 0): boolean {
    return this.isBlank(n) || this.isBreakOrEnd(n);
  }
  /** A letter, digit, - or _. */
  isWord(): boolean {
    return /^[A-Za-z0-9_-]$/.test(this.peek());
  }
  /** `---` or `...` alone in front of a line. */
  isDocumentMark(): boolean {
    if (this.col !== 0) return false;
    const mark = this.text.slice(this.at, this.at + 3);
    return (mark === '---' || mark === '...') && this.isBlankOrEnd(3);
  }

  /** One character on; not over a line end. */
  skip(): void {
    const c = this.text.charCodeAt(this.at);
    const pair = c >= 0xd800 && c < 0xdc00 && this.text.charCodeAt(this.at + 1) >> 10 === 0x37;
    this.at += pair ? 2 : 1;
    this.col++;
    this.index++;
  }
  /** Over what a sticky pattern matches: only characters of ASCII, no line ends. */
  skipRun(pattern: RegExp): void {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return;
    const length = pattern.lastIndex - this.at;
    this.at += length;
    this.col += length;
    this.index += length;
  }
  /** To the end of the line. */
  skipRest(): void {
    this.skipRun(REST);
    while (!this.isBreakOrEnd()) this.skip();
  }
  /** To an offset on the same line. */
  skipTo(at: number): void {
    while (this.at < at) this.skip();
  }
  /** Over spaces and tabs. */
  skipBlanks(): void {
    while (this.isBlank()) this.skip();
  }
  /** To the end of the line. */
  skipComment(): void {
    if (this.peek() === '#') this.skipRest();
  }
  /** Over a line end, if there is one; what it means in a scalar. */
  skipLine(): string {
    if (!this.isBreak()) return '';
    const c = this.text[this.at]!;
    this.at++;
    this.index++;
    this.line++;
    this.col = 0;
    return c === '\x85' ? '\n' : c;
  }
}

/** Offsets at which lines begin, and one line after the end of the text: what libyaml calls the end of the stream. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (const m of text.matchAll(/[\n\x85\u2028\u2029]/g)) starts.push(m.index + 1);
  starts.push(text.length + 1);
  return starts;
}
