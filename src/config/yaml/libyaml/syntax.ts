// Mistakes in YAML itself, by the text libyaml 0.2.5 has for them: what they mean in words, and what to do.

/** One mistake. at and start are offsets: where it is, and where the token or collection begins that it is in. */
export interface Mistake {
  /** Offset of the mistake. */
  readonly at: number;
  /** Offset at which the token or collection begins that it is in. */
  readonly start: number;
  /** libyaml's text. */
  readonly classic: string;
  /** What is wrong, for people. */
  readonly text: string;
  /** What to do about it; `undefined` if there is nothing to say. */
  readonly hint?: string | undefined;
}

const QUOTE_IT = 'put the value in single quotes';

/** Characters YAML does not allow, and bytes that are not UTF-8 (as decodeRaw leaves them). The first one, or nothing. */
export function textMistake(text: string): Mistake | undefined {
  const at = text.search(
    /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])/,
  );
  if (at < 0) return undefined;
  const code = text.charCodeAt(at);
  if (code < 0xdc80 || code > 0xdcff) {
    const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    const hint = 'in double quotes it can be written as \\xNN';
    return { at, start: at, classic: 'control characters are not allowed', text: `the character ${name} is not allowed`, hint };
  }
  const byte = code - 0xdc00;
  const leads = byte >= 0xc0 && byte < 0xf8;
  const width = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  // A byte that is not UTF-8 stands as half a surrogate pair.
  const left = 1 + Buffer.byteLength(text.slice(at + 1, at + 4).replace(/[\udc00-\udfff]/g, 'x'));
  const classic = !leads
    ? 'invalid leading UTF-8 octet'
    : left < width
      ? 'incomplete UTF-8 octet sequence'
      : 'invalid trailing UTF-8 octet';
  return { at, start: at, classic, text: `byte 0x${byte.toString(16)} is not UTF-8`, hint: 'save the file as UTF-8' };
}

/** A key of ser2net.yaml that is followed by its value without a colon. */
function missingColon(line: string): string | undefined {
  const m =
    /^\s*(accepter|connector|timeout|enable|options|driver|device|target|name|value|class|connections?|define|default|include)\s+(\S.*)$/i.exec(
      line,
    );
  return m === null ? undefined : `a colon is missing: '${m[1]}: ${m[2]!.trim()}'`;
}

type Words = readonly [text: string, hint?: string | undefined];
/** What libyaml's texts mean; those that say it well themselves are not here. */
const MEANING: Readonly<Record<string, (around: Around) => Words>> = {
  'found character that cannot start any token': ({ char, text, at }) =>
    char === '\t'
      ? ['a tab is used as indentation', 'use spaces']
      : text.startsWith('%YAML', at)
        ? ['%YAML must be at the very beginning of its line', 'take away what is before it']
        : [`a value cannot start with '${char}'`, QUOTE_IT],
  'found a tab character that violates indentation': () => ['a tab is used as indentation', 'use spaces'],
  'found a tab character where an indentation space is expected': () => ['a tab is used as indentation', 'use spaces'],
  'mapping values are not allowed in this context': ({ text, at, line }) => [
    "unexpected ': ' here",
    /^\s*[^\s:]+:\s.*:(\s|$)/.test(line)
      ? QUOTE_IT
      : (missingColon(lineAt(text, at, -1)) ?? 'look at the indentation of this line and the one before'),
  ],
  "could not find expected ':'": ({ startLine }) => {
    const m = /^\s*([A-Za-z_-]+):\S/.exec(startLine);
    return ["': ' is missing", m === null ? missingColon(startLine) : `write '${m[1]}: ' with a space after the colon`];
  },
  'did not find expected key': ({ char }) => [
    'this is not an entry',
    char === '-'
      ? 'a list needs a key before it'
      : 'entries must start in the same column, and values with special characters must be quoted',
  ],
  "did not find expected '-' indicator": () => ["'-' is missing before an item of the list", 'items must start in the same column'],
  "did not find expected ',' or ']'": () => ['the list is not closed here', "put ',' or ']' before it"],
  "did not find expected ',' or '}'": () => ['the mapping is not closed here', "put ',' or '}' before it"],
  'found unexpected end of stream': ({ startChar }) => [`the quote ${startChar} is not closed`],
  'found unexpected document indicator': ({ startChar }) => [`the quote ${startChar} is not closed`],
  'found unknown escape character': ({ text, at }) => [
    `'${text.slice(at, at + 2)}' is not an escape of YAML`,
    'in double quotes YAML takes backslashes for itself: use single quotes, or double the backslash',
  ],
  'did not find expected hexdecimal number': () => ['hexadecimal digits are missing after the backslash'],
  'did not find expected alphabetic or numeric character': ({ text, at, start, startChar }) =>
    at === start + 1
      ? [`a name is missing after '${startChar}'`, `write it without a space: '${startChar}name'`]
      : [`'${text.slice(start, at + 1).trim()}' cannot be a name`, 'a name is made of letters, digits, - and _'],
  'did not find expected <document start>': () => ["a document must start with a line '---' here"],
  'did not find expected version number': () => ['the version is missing after %YAML', 'write %YAML 1.1'],
  'found incompatible YAML document': () => ['this version of YAML is not known', 'write %YAML 1.1'],
  'did not find expected comment or line break': () => ['the line must end here'],
  'block sequence entries are not allowed in this context': () => ['a list cannot begin in this place', 'begin it on a line of its own'],
};

interface Around {
  readonly text: string;
  readonly at: number;
  readonly start: number;
  /** The characters at both places, and the lines they are in. */
  readonly char: string;
  readonly startChar: string;
  readonly line: string;
  readonly startLine: string;
}

/** The line a place is in; before -1: the one before it. */
const lineAt = (text: string, at: number, before: 0 | -1 = 0): string => {
  const own = text.lastIndexOf('\n', at - 1) + 1;
  if (before === -1) return own === 0 ? '' : lineAt(text, own - 1);
  const from = own;
  const to = text.indexOf('\n', at);
  return text.slice(from, Math.min(to < 0 ? text.length : to, from + 200));
};

/** Puts a mistake into words. An unclosed quote is shown where it was opened, a missing colon in its own line. */
export function explain(text: string, classic: string, at: number, start: number): Mistake {
  const around = {
    text,
    at,
    start,
    char: text[at] ?? '',
    startChar: text[start] ?? '',
    line: lineAt(text, at),
    startLine: lineAt(text, start),
  };
  const [words, hint] = MEANING[classic]?.(around) ?? [classic];
  const fromStart = classic.startsWith('found unexpected ') || classic.startsWith('could not find') || classic.includes('alphabetic');
  return { at: Math.min(fromStart ? start : at, text.length), start, classic, text: words, hint };
}
