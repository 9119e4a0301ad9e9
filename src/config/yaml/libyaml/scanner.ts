// YAML text to tokens, as libyaml 0.2.5 does it: what is a key is only known at its colon, so tokens wait in a queue until then.
// Long because it is one automaton: every token kind reads and sets the same few fields.
import { Cursor, Malformed } from './cursor.ts';
import { type ScannedScalar, scanBlock, scanPlain, scanQuoted } from './scalar.ts';

/** The tokens of libyaml. */
export type TokenType =
  | 'directive'
  | 'document-start'
  | 'document-end'
  | 'block-sequence'
  | 'block-mapping'
  | 'block-end'
  | '['
  | ']'
  | '{'
  | '}'
  | 'block-entry'
  | 'flow-entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar'
  | 'stream-end';

/** One token. */
export interface Token {
  /** Which kind it is. */
  readonly type: TokenType;
  /** Offset at which it begins. */
  readonly at: number;
  /** Offset after its last character. */
  readonly end: number;
  /** Of an anchor, alias, scalar, directive or tag. */
  readonly value: string;
}

/** A place where a key may have begun. number: which token it would be. */
interface SimpleKey {
  readonly number: number;
  readonly required: boolean;
  readonly at: number;
  readonly line: number;
  readonly col: number;
  readonly index: number;
}

/** Deeper nesting means nothing to ser2net, and each level costs time at each token. */
const MAX_DEPTH = 64;
const MAX_KEY = 1024;
const SPACES = / +/y;
/** What Cursor.isWord() takes. */
const WORD = /[A-Za-z0-9_-]+/y;

/** Reads a text token by token. */
export class Scanner {
  readonly #c: Cursor;
  readonly #queue: Token[] = [];
  /** Tokens handed out. */
  #taken = 0;
  /** For each level of brackets, and one for none. */
  readonly #keys: (SimpleKey | undefined)[] = [undefined];
  #keyAllowed = true;
  #indent = -1;
  readonly #indents: number[] = [];

  constructor(text: string) {
    this.#c = new Cursor(text);
  }

  /** The next token, which stays. @throws Malformed */
  peek(): Token {
    while (this.#needsMore()) this.#fetch();
    return this.#queue[0]!;
  }
  /** Takes the token peek() showed. */
  take(): Token {
    const token = this.peek();
    this.#queue.shift();
    this.#taken++;
    return token;
  }

  get #flow(): boolean {
    return this.#keys.length > 1;
  }

  #needsMore(): boolean {
    if (this.#queue.length === 0) return true;
    this.#dropStaleKeys();
    for (const key of this.#keys) if (key?.number === this.#taken) return true;
    return false;
  }

  #put(type: TokenType, at: number, end: number, value = ''): void {
    this.#queue.push({ type, at, end, value });
  }

  #fetch(): void {
    const c = this.#c;
    this.#skipToToken();
    this.#dropStaleKeys();
    this.#unroll(c.col);
    if (c.isEnd()) return this.#fetchEnd();
    if (c.col === 0 && c.peek() === '%') return this.#fetchDirective();
    if (c.isDocumentMark()) return this.#fetchDocumentMark();
    const char = c.peek();
    switch (char) {
      case '[':
      case '{':
        return this.#fetchOpen(char);
      case ']':
      case '}':
        return this.#fetchClose(char);
      case ',':
        this.#removeKey();
        this.#keyAllowed = true;
        return this.#putOne('flow-entry');
      case '*':
      case '&':
        return this.#fetchName(char === '*' ? 'alias' : 'anchor');
      case '!':
        return this.#fetchTag();
      case "'":
      case '"':
        this.#saveKey();
        this.#keyAllowed = false;
        return this.#putScalar(scanQuoted, c.at);
    }
    if (char === '-' && c.isBlankOrEnd(1)) return this.#fetchBlockEntry();
    if (char === '?' && (this.#flow || c.isBlankOrEnd(1))) return this.#fetchKey();
    if (char === ':' && (this.#flow || c.isBlankOrEnd(1))) return this.#fetchValue();
    if ((char === '|' || char === '>') && !this.#flow) {
      this.#removeKey();
      this.#keyAllowed = true;
      return this.#putScalar((cursor) => scanBlock(cursor, this.#indent), c.at);
    }
    if (!this.#startsPlain(char)) throw new Malformed('found character that cannot start any token', c.at, c.at);
    this.#saveKey();
    this.#keyAllowed = false;
    this.#putScalar((cursor) => scanPlain(cursor, this.#flow, this.#indent + 1), c.at);
  }

  #startsPlain(char: string): boolean {
    if (char === '-') return !this.#c.isBlank(1);
    if (char === '?' || char === ':') return !this.#flow && !this.#c.isBlankOrEnd(1);
    return !this.#c.isBlankOrEnd() && !',[]{}#&*!|>\'"%@`'.includes(char);
  }

  #putOne(type: TokenType): void {
    const from = this.#c.at;
    this.#c.skip();
    this.#put(type, from, this.#c.at);
  }

  #putScalar(scan: (c: Cursor) => ScannedScalar, from: number): void {
    const { value, end, brokeLine } = scan(this.#c);
    if (brokeLine) this.#keyAllowed = true;
    this.#put('scalar', from, end, value);
  }

  /** Over spaces, comments and line ends. Tabs count as spaces where no key may begin. */
  #skipToToken(): void {
    const c = this.#c;
    for (;;) {
      if (c.col === 0 && c.peek() === '\ufeff') c.skip();
      c.skipRun(SPACES);
      while (c.peek() === ' ' || ((this.#flow || !this.#keyAllowed) && c.peek() === '\t')) c.skip();
      c.skipComment();
      if (!c.isBreak()) return;
      c.skipLine();
      if (!this.#flow) this.#keyAllowed = true;
    }
  }

  /** A key ends on its line and within 1024 characters. */
  #dropStaleKeys(): void {
    const c = this.#c;
    for (let i = 0; i < this.#keys.length; i++) {
      const key = this.#keys[i];
      if (key === undefined || (key.line >= c.line && key.index + MAX_KEY >= c.index)) continue;
      if (key.required) throw new Malformed("could not find expected ':'", c.at, key.at);
      this.#keys[i] = undefined;
    }
  }
  #saveKey(): void {
    if (!this.#keyAllowed) return;
    const { at, line, col, index } = this.#c;
    const required = !this.#flow && this.#indent === col;
    this.#removeKey();
    this.#keys[this.#keys.length - 1] = { number: this.#taken + this.#queue.length, required, at, line, col, index };
  }
  #removeKey(): void {
    const key = this.#keys.at(-1);
    if (key?.required) throw new Malformed("could not find expected ':'", this.#c.at, key.at);
    this.#keys[this.#keys.length - 1] = undefined;
  }

  /** Opens a block collection where the column asks for it; number: before which token, when not after all. */
  #roll(col: number, type: TokenType, at: number, number?: number): void {
    if (this.#flow || this.#indent >= col) return;
    if (this.#indents.length >= MAX_DEPTH) throw new Malformed('exceeded maximum depth', at, at);
    this.#indents.push(this.#indent);
    this.#indent = col;
    if (number === undefined) this.#put(type, at, at);
    else this.#queue.splice(number - this.#taken, 0, { type, at, end: at, value: '' });
  }
  #unroll(col: number, at = this.#c.at): void {
    if (this.#flow) return;
    while (this.#indent > col) {
      this.#put('block-end', at, at);
      this.#indent = this.#indents.pop()!;
    }
  }

  #fetchEnd(): void {
    const c = this.#c;
    // libyaml sees a line of its own there.
    const at = c.col === 0 ? c.at : c.at + 1;
    if (c.col !== 0) {
      c.col = 0;
      c.line++;
    }
    this.#unroll(-1, at);
    this.#removeKey();
    this.#keyAllowed = false;
    this.#put('stream-end', at, at);
  }

  #fetchDocumentMark(): void {
    const c = this.#c;
    this.#unroll(-1);
    this.#removeKey();
    this.#keyAllowed = false;
    const from = c.at;
    const type = c.peek() === '-' ? 'document-start' : 'document-end';
    c.skipTo(from + 3);
    this.#put(type, from, c.at);
  }

  #fetchOpen(type: '[' | '{'): void {
    this.#saveKey();
    if (this.#keys.length > MAX_DEPTH) throw new Malformed('exceeded maximum depth', this.#c.at, this.#c.at);
    this.#keys.push(undefined);
    this.#keyAllowed = true;
    this.#putOne(type);
  }
  #fetchClose(type: ']' | '}'): void {
    this.#removeKey();
    if (this.#flow) this.#keys.pop();
    this.#keyAllowed = false;
    this.#putOne(type);
  }

  #fetchBlockEntry(): void {
    const c = this.#c;
    if (!this.#flow) {
      if (!this.#keyAllowed) throw new Malformed('block sequence entries are not allowed in this context', c.at, c.at);
      this.#roll(c.col, 'block-sequence', c.at);
    }
    this.#removeKey();
    this.#keyAllowed = true;
    this.#putOne('block-entry');
  }
  #fetchKey(): void {
    const c = this.#c;
    if (!this.#flow) {
      if (!this.#keyAllowed) throw new Malformed('mapping keys are not allowed in this context', c.at, c.at);
      this.#roll(c.col, 'block-mapping', c.at);
    }
    this.#removeKey();
    this.#keyAllowed = !this.#flow;
    this.#putOne('key');
  }
  #fetchValue(): void {
    const c = this.#c;
    const key = this.#keys.at(-1);
    if (key !== undefined) {
      this.#queue.splice(key.number - this.#taken, 0, { type: 'key', at: key.at, end: key.at, value: '' });
      this.#roll(key.col, 'block-mapping', key.at, key.number);
      this.#keys[this.#keys.length - 1] = undefined;
      this.#keyAllowed = false;
    } else {
      if (!this.#flow) {
        if (!this.#keyAllowed) throw new Malformed('mapping values are not allowed in this context', c.at, c.at);
        this.#roll(c.col, 'block-mapping', c.at);
      }
      this.#keyAllowed = !this.#flow;
    }
    this.#putOne('value');
  }

  #fetchName(type: 'alias' | 'anchor'): void {
    const c = this.#c;
    this.#saveKey();
    this.#keyAllowed = false;
    const from = c.at;
    c.skip();
    c.skipRun(WORD);
    if (c.at === from + 1 || !(c.isBlankOrEnd() || '?:,]}%@`'.includes(c.peek()))) {
      throw new Malformed('did not find expected alphabetic or numeric character', c.at, from);
    }
    this.#put(type, from, c.at, c.text.slice(from + 1, c.at));
  }

  /** Tags mean nothing to ser2net: only their form and handle are looked at. */
  #fetchTag(): void {
    const c = this.#c;
    this.#saveKey();
    this.#keyAllowed = false;
    const from = c.at;
    let handle = '';
    if (c.peek(1) === '<') {
      c.skipTo(from + 2);
      if (this.#skipUri(true, from) === 0) throw new Malformed('did not find expected tag URI', c.at, from);
      if (c.peek() !== '>') throw new Malformed("did not find the expected '>'", c.at, from);
      c.skip();
    } else {
      c.skip();
      while (c.isWord()) c.skip();
      if (c.peek() === '!') {
        c.skip();
        handle = c.text.slice(from, c.at);
        if (this.#skipUri(false, from) === 0) throw new Malformed('did not find expected tag URI', c.at, from);
      } else {
        this.#skipUri(false, from);
        if (c.at > from + 1) handle = '!';
      }
    }
    if (!c.isBlankOrEnd() && !(this.#flow && c.peek() === ',')) {
      throw new Malformed('did not find expected whitespace or line break', c.at, from);
    }
    this.#put('tag', from, c.at, handle);
  }

  /** Over the characters of a tag; how many. */
  #skipUri(verbatim: boolean, start: number): number {
    const c = this.#c;
    let n = 0;
    for (; c.isWord() || (!c.isEnd() && (";/?:@&=+$.%!~*'()".includes(c.peek()) || (verbatim && ',[]'.includes(c.peek())))); n++) {
      if (c.peek() !== '%') c.skip();
      else this.#skipUriEscapes(start);
    }
    return n;
  }
  #skipUriEscapes(start: number): void {
    const c = this.#c;
    for (let width = 0, first = true; first || width > 0; first = false) {
      if (!/^%[0-9a-fA-F]{2}$/.test(c.text.slice(c.at, c.at + 3))) throw new Malformed('did not find URI escaped octet', c.at, start);
      const octet = Number.parseInt(c.text.slice(c.at + 1, c.at + 3), 16);
      if (first) {
        width = octet < 0x80 ? 1 : octet >> 5 === 6 ? 2 : octet >> 4 === 14 ? 3 : octet >> 3 === 30 ? 4 : 0;
        if (width === 0) throw new Malformed('found an incorrect leading UTF-8 octet', c.at, start);
      } else if (octet >> 6 !== 2) throw new Malformed('found an incorrect trailing UTF-8 octet', c.at, start);
      c.skipTo(c.at + 3);
      width--;
    }
  }

  /** `%YAML 1.1` or `%TAG ! prefix`: value is `YAML 1.1`, or `TAG` and the handle. */
  #fetchDirective(): void {
    const c = this.#c;
    this.#unroll(-1);
    this.#removeKey();
    this.#keyAllowed = false;
    const from = c.at;
    c.skip();
    while (c.isWord()) c.skip();
    const name = c.text.slice(from + 1, c.at);
    if (name === '') throw new Malformed('could not find expected directive name', c.at, from);
    if (!c.isBlankOrEnd()) throw new Malformed('found unexpected non-alphabetical character', c.at, from);
    if (name !== 'YAML' && name !== 'TAG') throw new Malformed('found unknown directive name', c.at, from);
    c.skipBlanks();
    const value = name === 'YAML' ? this.#scanVersion(from) : this.#scanHandle(from);
    const end = c.at;
    c.skipBlanks();
    c.skipComment();
    if (!c.isBreakOrEnd()) throw new Malformed('did not find expected comment or line break', c.at, from);
    c.skipLine();
    this.#put('directive', from, end, `${name} ${value}`);
  }
  #scanVersion(start: number): string {
    const c = this.#c;
    const number = (): string => {
      const from = c.at;
      while (/^[0-9]$/.test(c.peek())) {
        if (c.at - from >= 9) throw new Malformed('found extremely long version number', c.at, start);
        c.skip();
      }
      if (c.at === from) throw new Malformed('did not find expected version number', c.at, start);
      return String(Number(c.text.slice(from, c.at)));
    };
    const major = number();
    if (c.peek() !== '.') throw new Malformed("did not find expected digit or '.' character", c.at, start);
    c.skip();
    return `${major}.${number()}`;
  }
  #scanHandle(start: number): string {
    const c = this.#c;
    const from = c.at;
    if (c.peek() !== '!') throw new Malformed("did not find expected '!'", c.at, start);
    c.skip();
    while (c.isWord()) c.skip();
    if (c.peek() === '!') c.skip();
    else if (c.at > from + 1) throw new Malformed("did not find expected '!'", c.at, start);
    const handle = c.text.slice(from, c.at);
    if (!c.isBlank()) throw new Malformed('did not find expected whitespace', c.at, start);
    c.skipBlanks();
    if (this.#skipUri(true, start) === 0) throw new Malformed('did not find expected tag URI', c.at, start);
    if (!c.isBlankOrEnd()) throw new Malformed('did not find expected whitespace or line break', c.at, start);
    return handle;
  }
}
