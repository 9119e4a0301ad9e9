// Cuts a text into words as gensio does: the options of a layer, the parameters of a device, a command line.
import { decodeRaw, encodeRaw } from '../../base/raw-text.ts';

/** What separates words: white space, or white space and commas. */
type Separators = 'spaces' | 'spaces and commas';

/** The words of a text. */
interface Words {
  /** The words in order, without quotes and escapes. */
  readonly words: readonly string[];
  /** Where each word stood in the text, quotes and escapes included. */
  readonly places: readonly { readonly at: number; readonly len: number }[];
  /** Where reading stopped: at `end`, or after the last character. */
  readonly at: number;
}

const SEPARATORS: Readonly<Record<Separators, string>> = { spaces: ' \f\n\r\t\v', 'spaces and commas': ' \f\n\r\t\v,' };
/** A byte named by number, as decodeRaw has it. */
const byte = (n: number): string => String.fromCharCode(n < 0x80 ? n : 0xdc00 + n);
const CONTROL: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** One escape, the backslash at i: the character it stands for and how long it is; undefined when the text ends inside it. */
function escapeAt(text: string, i: number): { readonly char: string; readonly length: number } | undefined {
  const c = text[i + 1];
  if (c === undefined) return undefined;
  const octal = /^[0-7]{1,3}/.exec(text.slice(i + 1, i + 4))?.[0];
  if (octal !== undefined) return { char: byte(Number.parseInt(octal, 8) & 0xff), length: 1 + octal.length };
  if (c !== 'x') return { char: CONTROL[c] ?? c, length: 2 };
  // gensio takes a-f for 0-5 here; they are what they look like in this program. Without a digit \x is a NUL, which ends a C string.
  const hex = /^[0-9a-fA-F]{0,2}/.exec(text.slice(i + 2, i + 4))?.[0] ?? '';
  if (hex === '' && i + 2 >= text.length) return undefined;
  return { char: hex === '' ? '' : byte(Number.parseInt(hex, 16)), length: 2 + hex.length };
}

/**
 * The words of text from `from` on, up to the character `end` outside of quotes. Both kinds of quotes may start anywhere and are
 * dropped; escapes count inside them too. `undefined` for an unfinished quote or escape.
 */
export function splitWords(text: string, separators: Separators, from = 0, end = ''): Words | undefined {
  const seps = SEPARATORS[separators];
  const words: string[] = [];
  const places: { at: number; len: number }[] = [];
  let i = from;
  for (;;) {
    while (i < text.length && seps.includes(text[i]!)) i++;
    if (i >= text.length || text[i] === end) return { words, places, at: i };
    const start = i;
    let word = '';
    let quote = '';
    for (; i < text.length; ) {
      const c = text[i]!;
      if (c === '\\') {
        const found = escapeAt(text, i);
        if (found === undefined) return undefined;
        word += found.char;
        i += found.length;
        continue;
      }
      if (quote === '' && (seps.includes(c) || c === end)) break;
      if (c === quote) quote = '';
      else if (quote === '' && (c === '"' || c === "'")) quote = c;
      else word += c;
      i++;
    }
    if (quote !== '') return undefined;
    places.push({ at: start, len: i - start });
    words.push(/[\udc80-\udcff]/.test(word) ? decodeRaw(encodeRaw(word)) : word);
  }
}

/** The word written so that splitWords gives it back: quoted when it must be. */
export function quoteWord(word: string): string {
  if (word !== '' && !/[\s,()'"\\\0-\x1f]/.test(word)) return word;
  const plain = word.replace(/[\\"]/g, '\\$&').replace(/[\0-\x1f]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `"${plain}"`;
}
