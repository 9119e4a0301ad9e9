// Small questions about text: how alike two names are, how bytes look in a log and a command line on the control port.

/** The number of single-character edits (insert, delete, change, swap neighbours) from a to b. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2]! + 1);
      row.push(d);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** The name most like the given one, if any is like enough to be meant: at most a third of its letters differ. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase().slice(0, 64);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of names) {
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    const d = distance(wanted, candidate.toLowerCase());
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

/** Longest name shown, in characters. */
const MAX_NAME = 255;

/**
 * The text with each character replaced that does something to a line instead of being in it: controls, line and paragraph
 * separators, and format characters such as marks that turn the direction of writing. `show` gives what stands there instead.
 */
export const withoutControls = (text: string, show: (char: string) => string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, show);

/** A name that a stranger gave, as a log or a screen may show it: `?` for such a character, and not longer than 255 characters. */
export const printable = (name: string): string => withoutControls(name.slice(0, MAX_NAME), () => '?');

/** A command line as gensio shows it: each word in quotes. */
export const printArgv = (argv: readonly string[]): string => argv.map((word) => `"${word.replace(/[\\"]/g, '\\$&')}"`).join(' ');

/** `1 port`, `2 ports`. */
export const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** The bytes of a row in a hex dump, `61 62`, and as characters, with dots for those that cannot be shown. */
const hexRow = (row: Buffer): readonly [hex: string, text: string] => [
  row.toString('hex').replace(/..(?=.)/g, '$& '),
  row.toString('latin1').replace(/[^\x20-\x7e]/g, '.'),
];
/** A hex dump: line() makes each line, from a row of so many bytes, the characters they are, and where the row begins. */
export function hexDump(data: Buffer, width: number, line: (hex: string, text: string, at: number) => string): string {
  let out = '';
  for (let at = 0; at < data.length; at += width) {
    const [hex, text] = hexRow(data.subarray(at, at + width));
    out += line(hex, text, at);
  }
  return out;
}

/** Names of the months, as in the C locale. */
export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
/** A number of at least two digits: `07`. */
export const twoDigits = (n: number): string => String(n).padStart(2, '0');
