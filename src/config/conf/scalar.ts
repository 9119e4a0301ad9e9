// Text as a YAML scalar that ser2net's own reader gives back unchanged: quoted when it must be, its substitution marks doubled.

/** The two forms of ser2net.yaml. */
export type YamlVersion = 'v1' | 'v2';

/** What begins a substitution: `*(name)` and `*{file}` in version 1, with `=` in version 2. */
const MARK = { v1: '*', v2: '=' } as const;

const PLAIN = /^[A-Za-z0-9/_][-A-Za-z0-9/_.,()+@^;!~]*(=[-A-Za-z0-9/_.,()+@^;!~:]*)*$/;
const NAMED: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
};
/** What YAML lets nobody write as it is: control characters but the tab, and what breaks lines. */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Whether a text holds a substitution of its own: an alias to it would be looked through a second time. */
export const substitutes = (text: string, version: YamlVersion): boolean =>
  text.includes(`${MARK[version]}(`) || text.includes(`${MARK[version]}{`);

/** Bytes that are not UTF-8 cannot stand in YAML. */
export const isUnicode = (text: string): boolean => !LONE.test(text);

/** The text with a replacement character for each byte that is not UTF-8. */
export const wellFormed = (text: string): string => (isUnicode(text) ? text : Buffer.from(text, 'utf8').toString('utf8'));

/** A text as a scalar. Its bytes must be UTF-8. */
export function scalar(text: string, version: YamlVersion): string {
  const mark = MARK[version];
  const marked = text.replaceAll(`${mark}(`, `${mark}(${mark}`).replaceAll(`${mark}{`, `${mark}{${mark}`);
  if (marked !== '' && PLAIN.test(marked)) return marked;
  if (!CONTROL.test(marked)) return `'${marked.replaceAll("'", "''")}'`;
  const escaped = [...marked].map((c) => {
    if (c === '"' || c === '\\') return `\\${c}`;
    if (!CONTROL.test(c)) return c;
    return NAMED[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** Text as the inside of a comment: on one line, of characters a comment may hold. */
export const comment = (text: string): string =>
  [...text]
    .map((c) => (CONTROL.test(c) ? ' ' : LONE.test(c) ? '?' : c))
    .join('')
    .trimEnd();
