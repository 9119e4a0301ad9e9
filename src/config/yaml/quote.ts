// Text as a YAML scalar that ser2net's own reader gives back unchanged: quoted when it must be, its substitution marks doubled.

/** The two forms of ser2net.yaml. */
export type YamlVersion = 'v1' | 'v2';

/** Needs no quotes: a colon may stand where it cannot be taken for the one after a key. */
const PLAIN = /^[A-Za-z0-9/_](?:[-A-Za-z0-9/_.,()+@^;!~=]|:(?=[-A-Za-z0-9/_.,:]))*$/;
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

/** Whether a text would change when looked through for substitutions: that is done to the text of an alias where it is used. */
export const substitutes = (text: string, version: YamlVersion): boolean => (version === 'v1' ? /\*[({]/ : /=([=({]|$)/).test(text);

/** Bytes that are not UTF-8 cannot stand in YAML. */
export const isUnicode = (text: string): boolean => !LONE.test(text);

/** The text with a replacement character for each byte that is not UTF-8. */
export const wellFormed = (text: string): string => (isUnicode(text) ? text : Buffer.from(text, 'utf8').toString('utf8'));

/**
 * The text with what looks like a substitution made literal. `*(name)` and `*{file}` are one in version 1, and `*(*` stands for
 * `*(`. In version 2 the mark is `=`, two stand for one, and one at the end would move to the front with ser2net 4.6.7.
 */
export function mark(text: string, version: YamlVersion): string {
  if (version === 'v1') return text.replace(/\*([({])/g, '*$1*');
  return text.replace(/=([({]?)/g, (_, open: string, at: number) =>
    open === '' ? (at + 1 === text.length || text[at + 1] === '=' ? '==' : '=') : `=${open}=`,
  );
}

/** A text as a scalar. Its bytes must be UTF-8. */
export const scalar = (text: string, version: YamlVersion): string => quote(mark(text, version));

/** A text whose marks count as a scalar: plain where that is enough. */
export function quote(text: string): string {
  if (text !== '' && PLAIN.test(text)) return text;
  if (!CONTROL.test(text)) return `'${text.replaceAll("'", "''")}'`;
  const escaped = [...text].map((c) => {
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
