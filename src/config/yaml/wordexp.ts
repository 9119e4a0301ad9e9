// The value of `include:`: words as a shell makes them, with quotes, ~, $VARIABLES and file name patterns, but no commands (wordexp).
import type { Files } from '../source.ts';

/** Why a text cannot be expanded. */
type ExpandError = 'bad-character' | 'command' | 'syntax' | 'too-many';

/** More names than this from one text are a mistake. */
const MAX_WORDS = 1000;
/** Directory entries looked at for one text. */
const MAX_LOOKED = 100_000;

/** A character of a word, and whether a pattern character among them counts. */
interface Piece {
  readonly c: string;
  readonly quoted: boolean;
}

/** The file names a text stands for. A pattern that matches nothing stays as it is. */
export function expandWords(text: string, files: Files): { readonly ok: readonly string[] } | { readonly error: ExpandError } {
  const words: Piece[][] = [];
  let word: Piece[] | undefined;
  let quote = '';
  const add = (chars: string, quoted: boolean): void => {
    word ??= [];
    for (const c of chars) word.push({ c, quoted });
  };
  const end = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  /** The value of a variable: outside quotes it is cut at spaces. */
  const addValue = (value: string): void => {
    if (quote !== '') return add(value, true);
    for (const part of value.split(/([ \t\n]+)/)) {
      if (/^[ \t\n]+$/.test(part)) end();
      else if (part !== '') add(part, false);
    }
  };
  for (let i = 0; i < text.length; ) {
    const c = text[i]!;
    if (quote === "'") {
      if (c === "'") quote = '';
      else add(c, true);
      i++;
    } else if (c === '\\') {
      const next = text[i + 1];
      if (next === undefined) return { error: 'syntax' };
      if (quote === '"' && !'$`"\\\n'.includes(next)) add(c, true);
      if (next !== '\n') add(next, true);
      i += 2;
    } else if (c === '"' || c === "'") {
      if (quote === '"' && c === "'") add(c, true);
      else {
        quote = quote === c ? '' : c;
        word ??= [];
      }
      i++;
    } else if (c === '`') return { error: 'command' };
    else if (c === '$') {
      if (text[i + 1] === '(') return { error: 'command' };
      const m = /^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\})/.exec(text.slice(i, i + 4096));
      if (m === null) {
        if (text[i + 1] === '{') return { error: 'syntax' };
        add(c, true);
        i++;
        continue;
      }
      addValue(files.variable(m[1] ?? m[2]!) || (m[3] ?? ''));
      i += m[0].length;
    } else if (quote === '"') {
      add(c, true);
      i++;
    } else if (c === ' ' || c === '\t') {
      end();
      i++;
    } else if ('\n|&;<>(){}'.includes(c)) return { error: 'bad-character' };
    else if (c === '~' && word === undefined) {
      const user = /^[A-Za-z0-9._-]*/.exec(text.slice(i + 1, i + 257))![0];
      const home = /^(?:\/|[ \t]|$)/.test(text.slice(i + 1 + user.length, i + 2 + user.length)) ? files.home(user) : undefined;
      add(home ?? `~${user}`, true);
      i += 1 + user.length;
    } else {
      add(c, false);
      i++;
    }
    if (words.length > MAX_WORDS) return { error: 'too-many' };
  }
  if (quote !== '') return { error: 'syntax' };
  end();
  const out: string[] = [];
  let looked = MAX_LOOKED;
  for (const pieces of words) {
    const got = match(pieces, files, (n) => {
      looked -= n;
      return looked >= 0;
    });
    if (got === undefined || out.length + got.length > MAX_WORDS) return { error: 'too-many' };
    out.push(...got);
  }
  return { ok: out };
}

const isPattern = (pieces: readonly Piece[]): boolean => pieces.some((p) => !p.quoted && '*?['.includes(p.c));
const plain = (pieces: readonly Piece[]): string => pieces.map((p) => p.c).join('');

/** File names that match, sorted; `undefined` if there is too much to look at. */
function match(pieces: readonly Piece[], files: Files, spend: (n: number) => boolean): readonly string[] | undefined {
  if (!isPattern(pieces)) return [plain(pieces)];
  let found: string[] = [''];
  for (let i = 0; i < pieces.length; ) {
    if (pieces[i]!.c === '/') {
      found = found.map((path) => `${path}/`);
      i++;
      continue;
    }
    let to = i;
    while (to < pieces.length && pieces[to]!.c !== '/') to++;
    const part = pieces.slice(i, to);
    const next: string[] = [];
    for (const path of found) {
      if (!isPattern(part)) {
        next.push(path + plain(part));
        continue;
      }
      const names = files.list(path === '' ? '.' : path) ?? [];
      if (!spend(names.length + 1)) return undefined;
      const test = patternOf(part);
      for (const name of names) if (test(name)) next.push(path + name);
    }
    found = next;
    i = to;
  }
  const there = found.filter((path) => files.exists(path)).sort();
  return there.length > 0 ? there : [plain(pieces)];
}

/** Compares one name with a pattern; a leading dot must be written. Backtracks to the last star only, so its cost is bounded. */
function patternOf(part: readonly Piece[]): (name: string) => boolean {
  type Item = '*' | ((c: string) => boolean);
  const items: Item[] = [];
  for (let i = 0; i < part.length; i++) {
    const { c, quoted } = part[i]!;
    if (!quoted && c === '*') items.push('*');
    else if (!quoted && c === '?') items.push(() => true);
    else if (!quoted && c === '[') {
      const close = part.findIndex(
        (p, k) => k > i + (part[i + 1]?.c === '!' || part[i + 1]?.c === '^' ? 2 : 1) && p.c === ']' && !p.quoted,
      );
      if (close < 0) {
        items.push((x) => x === '[');
        continue;
      }
      items.push(setOf(plain(part.slice(i + 1, close))));
      i = close;
    } else items.push((x) => x === c);
  }
  return (name) => {
    if (name.startsWith('.') && part[0]?.c !== '.') return false;
    const chars = [...name];
    let [n, p, star, mark] = [0, 0, -1, 0];
    while (n < chars.length) {
      const item = items[p];
      if (item === '*') {
        star = p++;
        mark = n;
      } else if (item?.(chars[n]!)) {
        p++;
        n++;
      } else if (star >= 0) {
        p = star + 1;
        n = ++mark;
      } else return false;
    }
    while (items[p] === '*') p++;
    return p === items.length;
  };
}

/** `a-z_` or `!a-z`. */
function setOf(text: string): (c: string) => boolean {
  const not = /^[!^]/.test(text);
  const chars = [...(not ? text.slice(1) : text)];
  const ranges: (readonly [string, string])[] = [];
  for (let i = 0; i < chars.length; i++) {
    if (chars[i + 1] === '-' && chars[i + 2] !== undefined) {
      ranges.push([chars[i]!, chars[i + 2]!]);
      i += 2;
    } else ranges.push([chars[i]!, chars[i]!]);
  }
  return (c) => ranges.some(([from, to]) => c >= from && c <= to) !== not;
}
