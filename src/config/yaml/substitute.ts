// What `*name`, `*(name)` and `*{file}` stand for: ser2net's own table of names, not YAML's.
import { decodeRaw } from '../../base/raw-text.ts';
import type { Files } from '../source.ts';

/** Why a text cannot be made out. rest: the text from the marker on. */
type SubstituteProblem =
  | { readonly is: 'unknown'; readonly name: string; readonly rest: string }
  | { readonly is: 'unclosed'; readonly close: ')' | '}'; readonly rest: string }
  | { readonly is: 'file'; readonly file: string; readonly reason: string }
  | { readonly is: 'too-long' };

/** Characters all expansions of one reading may have together; names can hold what other names stood for. */
const MAX_TOTAL = 64 * 1024 * 1024;
const MAX_FILES = 1000;

/** ser2net's strings end at a NUL. */
export const cString = (text: string): string => {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
};

/** The names of one reading. */
export class Substitutes {
  readonly #files: Files;
  readonly #names = new Map<string, string>();
  readonly #contents = new Map<string, string>();
  #total = 0;

  constructor(files: Files) {
    this.#files = files;
  }

  /** Gives a name a text, or another one. */
  define(name: string, text: string): void {
    this.#names.set(name, text);
  }
  /** The text of a name; `undefined` if it has none. */
  get(name: string): string | undefined {
    return this.#names.get(name);
  }
  /** Every name that has a text, for hints. */
  get names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /**
   * The text with every `M(name)` and `M{file}` put in; what is put in is not looked at again. `M(M` stands for `M(`.
   * marker `*` (version 1): other asterisks stay, and of several in a row the last one counts. marker `=` (version 2): two
   * stand for one. A marker at the end is itself.
   */
  expand(text: string, marker: '*' | '='): { readonly ok: string } | { readonly problem: SubstituteProblem } {
    if (!text.includes(marker)) return { ok: text };
    let out = '';
    for (let i = 0; i < text.length; ) {
      const at = text.indexOf(marker, i);
      if (at < 0) return { ok: out + text.slice(i) };
      out += text.slice(i, at);
      const next = text[at + 1] ?? '';
      if (next !== '(' && next !== '{') {
        // The pair is gone through at once, but in version 1 a second asterisk may begin something itself.
        const single = marker === '*' && next === marker;
        out += marker + (single || next === marker ? '' : next);
        i = at + (single ? 1 : 2);
        continue;
      }
      const close = next === '(' ? ')' : '}';
      if (text[at + 2] === marker) {
        out += marker + next;
        i = at + 3;
        continue;
      }
      const end = text.indexOf(close, at + 2);
      if (end < 0) return { problem: { is: 'unclosed', close, rest: text.slice(at) } };
      const name = text.slice(at + 2, end);
      const found = next === '(' ? this.#names.get(name) : this.#content(name);
      if (found === undefined) return { problem: { is: 'unknown', name, rest: text.slice(at) } };
      if (typeof found !== 'string') return { problem: found };
      this.#total += found.length;
      if (this.#total > MAX_TOTAL) return { problem: { is: 'too-long' } };
      out += found;
      i = end + 1;
    }
    return { ok: out };
  }

  #content(file: string): string | SubstituteProblem {
    const known = this.#contents.get(file);
    if (known !== undefined) return known;
    if (this.#contents.size >= MAX_FILES) return { is: 'too-long' };
    const got = this.#files.read(file);
    if (!Buffer.isBuffer(got)) return { is: 'file', file, reason: got.reason };
    const text = cString(decodeRaw(got));
    this.#contents.set(file, text);
    return text;
  }
}
