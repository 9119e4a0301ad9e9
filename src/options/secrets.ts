// Keeps passwords that stand in a gensio string out of whatever others may read: the log, the control port, banners, screens.
import { type Row, spellings } from './row.ts';
import { LAYERS } from './stack.ts';
import { CERTAUTH } from './tls.ts';

/** The spelling of each option whose value nobody may see. */
export const SECRET_OPTIONS: readonly string[] = Object.values(CERTAUTH).flatMap((row: Row<unknown>) =>
  row.secret && row.yaml !== false ? [row.yaml] : [],
);

/** Any option that may be meant for a secret one, `passwd=` and `passwort=` too, with a quote in front of it. */
const KEY = /(["']?)\b([\w-]{0,32}(?:pass|pwd|2fa|secret)[\w-]{0,32})=/gi;
const OPTIONS = new Set(spellings(CERTAUTH, 'yaml').map((name) => name.toLowerCase()));
const HARMLESS = new Set([...OPTIONS].filter((name) => !SECRET_OPTIONS.includes(name)));
const MASK = '***';

/** Where a value that begins at `at` ends, as gensio reads it; `undefined` if its quotes or escapes are not finished. */
function endOfValue(text: string, at: number, open: string): number | undefined {
  let quote = open;
  for (let i = at; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\\' && ++i === text.length) return undefined;
    if (c === '\\') continue;
    if (quote === '' && /[\s,)]/.test(c)) return i;
    if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) quote = c;
  }
  return quote === '' ? text.length : undefined;
}

/** Whether what follows a value is what may follow one: another option, the layer below, or the end of the string. */
function goesOn(rest: string): boolean {
  const after = rest.slice(0, 64);
  const option = /^[\s,]+["']?([\w-]+)(?=[=,)\s"'])/.exec(after)?.[1];
  if (option !== undefined) return OPTIONS.has(option.toLowerCase());
  const layer = /^[\s,]*\),\s*([\w-]+)/.exec(after)?.[1];
  if (layer !== undefined) return Object.hasOwn(LAYERS, layer);
  // The quotes around the string in a sentence, as in: Invalid accepter '...': Invalid data.
  return /^[\s,]*\)(?:["'](?:[:;.,]?\s|[.:;]?$)|\s\(|[.:;]?$)/.test(after);
}

/**
 * The text with stars in the place of each secret option's value. Where the end of the value is not beyond doubt, as with a quote
 * that is not closed or spaces without quotes, all of the rest is left out.
 */
export function withoutSecrets(text: string): string {
  let out = '';
  let from = 0;
  for (const match of text.matchAll(KEY)) {
    const [whole, quote = '', key = ''] = match;
    if (match.index < from || HARMLESS.has(key.toLowerCase())) continue;
    const at = match.index + whole.length;
    out += text.slice(from, at) + MASK;
    const end = endOfValue(text, at, quote);
    if (end === undefined || !goesOn(text.slice(end))) return out;
    from = end;
  }
  return out + text.slice(from);
}

/** A stack as others may see it: as {@link withoutSecrets}; of one that cannot be read nothing from its first secret on. */
export function shownStack({ text, spec }: { readonly text: string; readonly spec: unknown }): string {
  const shown = withoutSecrets(text);
  const cut = shown.indexOf(`=${MASK}`);
  return spec === undefined && cut >= 0 ? shown.slice(0, cut + 1) + MASK : shown;
}
