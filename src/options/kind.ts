// How one option value is written: a word for it, a reader, a printer. No kind knows which option it serves.

/** Unit of a number: what the manual says and what the code calculates with. */
export type Unit = 'us' | 'ms' | 's' | 'bytes' | 'bps' | 'tenths of a character';

/** parse gives the value, or the words for "is not ...". bare is the value of an option given without "=". */
export interface Kind<T> {
  /** The value's form as manuals show it: `n`, `true|false`, `time`. */
  readonly name: string;
  /** What the number is of; a time is written with its own unit and kept in milliseconds. */
  readonly unit?: Unit;
  /** How it is written, for the manual: a sentence. */
  readonly note?: string;
  /** The value of the bare name; a kind without it needs one written. */
  readonly bare?: T;
  /** Reads a value; `expected` completes "is not ...". */
  parse(text: string): { readonly ok: T } | { readonly expected: string };
  /** The text that `parse()` reads back as the same value; empty for an unset option. */
  print(value: T): string;
}

const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];

/** `true 1 yes on` or `false 0 no off`, lower case only; the bare name means true (ser2net 4.3.11, gensio 2.6.2). */
export const bool: Kind<boolean> = {
  name: 'true|false',
  bare: true,
  parse: (text) =>
    TRUE.includes(text) ? { ok: true } : FALSE.includes(text) ? { ok: false } : { expected: 'true, yes, on, 1, false, no, off or 0' },
  print: String,
};

/** A C number with base detection: 0x for 16, leading 0 for 8, a sign, leading whitespace. `undefined` if it is not one. */
export function cNumber(text: string): number | undefined {
  const m = /^[ \t\n\r\f\v]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/.exec(text);
  if (m === null) return undefined;
  const n = m[2] !== undefined ? Number.parseInt(m[2], 16) : m[3] !== undefined ? Number.parseInt(m[3], 8) : Number(m[4]);
  return m[1] === '-' ? -n : n;
}

/** strtoul with base detection, cut to 32 bits: as many digits as one likes, a sign, leading whitespace. `undefined` if it is not a number. */
export function cUnsigned(text: string): number | undefined {
  const m = /^[ \t\n\r\f\v]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(text);
  if (m === null) return undefined;
  const digits = m[2]!;
  const max = 0xffff_ffff_ffff_ffffn;
  const octal = /^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const n = digits.replace(/^0[xX]?0*/, '').length > 22 ? max + 1n : BigInt(octal);
  return Number(BigInt.asUintN(32, n > max ? max : m[1] === '-' ? -n : n));
}

/** A whole number from min to max, base detected as C does. */
export const uint = (min = 0, max = 0xffffffff, name = 'n'): Kind<number> => ({
  name,
  parse: (text) => {
    const n = cNumber(text);
    return n === undefined || n < min || n > max ? { expected: `a whole number from ${min} to ${max}` } : { ok: n };
  },
  print: String,
});

/** A number of bytes. gensio takes any sign and lets it wrap; a negative one is an error here. */
export const size: Kind<number> = { ...uint(0, Number.MAX_SAFE_INTEGER, 'bytes'), unit: 'bytes' };

/** Any text but none. */
export const str: Kind<string | undefined> = {
  name: 'text',
  parse: (text) => (text === '' ? { expected: 'a text' } : { ok: text }),
  print: (value) => value ?? '',
};

/** Any text; the bare name means the empty one. */
export const emptyStr: Kind<string | undefined> = {
  name: 'text',
  bare: '',
  parse: (text) => ({ ok: text }),
  print: (value) => value ?? '',
};

/** One word of a list. anyCase: compared without case, as gensio does for enumerations. */
export const oneOf = <const W extends string>(words: readonly W[], anyCase = false): Kind<W | undefined> => ({
  name: words.join('|'),
  parse: (text) => {
    const wanted = anyCase ? text.toLowerCase() : text;
    const found = words.find((w) => w === wanted);
    return found === undefined ? { expected: `one of ${words.join(', ')}` } : { ok: found };
  },
  print: (value) => value ?? '',
});

/** Several texts, joined by separator where they are written in one value; a repeated option adds to the list. */
export const list = (separator: string | RegExp, joiner: string, name: string): Kind<readonly string[] | undefined> => ({
  name,
  parse: (text) => {
    // Separators alone are an empty list (ser2net 4.3.11).
    return text === '' ? { expected: 'a list' } : { ok: text.split(separator).filter((item) => item !== '') };
  },
  print: (value) => (value?.length === 0 ? joiner : (value ?? []).join(joiner)),
});

const PLAIN_TIME = {
  '': 'Its unit must be given.',
  m: 'A plain number is in milliseconds.',
  s: 'A plain number is in seconds.',
};
const UNIT_MS: Readonly<Record<string, number>> = { D: 86_400_000, H: 3_600_000, M: 60_000, s: 1000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * A gensio time in milliseconds: groups of number and letter (D H M s m u n), added up; at most one of m, u, n, and last.
 * A lone number is in bare (a letter of those), or an error when bare is empty. gensio 2.6.2.
 */
export const time = (bare: keyof typeof PLAIN_TIME): Kind<number> => ({
  name: 'time',
  unit: 'ms',
  note: PLAIN_TIME[bare],
  parse: (text) => {
    const bad = { expected: `a time such as 1s500m${bare === '' ? ' (with its unit)' : ''}` };
    let rest = text;
    let total = 0;
    for (let first = true; first || rest !== ''; first = false) {
      const m = /^([0-9]+)([DHMsmun]?)/.exec(rest);
      if (m === null) return bad;
      const unit = m[2] || (first ? bare : '');
      if (unit === '') return bad;
      total += Number(m[1]) * UNIT_MS[unit]!;
      rest = rest.slice(m[0].length);
      if ('mun'.includes(unit) && m[2] !== '' && rest !== '') return bad;
    }
    return Number.isSafeInteger(Math.ceil(total)) ? { ok: total } : bad;
  },
  print: (value) =>
    value >= 1000 && value % 1000 === 0 ? `${value / 1000}s` : value % 1 === 0 ? `${value}m` : `${Math.round(value * 1000)}u`,
});

/** A kind whose option may also be left unset; unset prints as nothing. */
export const maybe = <T>(kind: Kind<T>): Kind<T | undefined> => ({
  ...kind,
  print: (value) => (value === undefined ? '' : kind.print(value)),
});
