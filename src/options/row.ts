// An option is one row: reader, default, printer, manual entry and converter follow from it.
import type { Kind, Unit } from './kind.ts';

/** An option in `default:` and `DEFAULT:`. A default is a number if it has a range, else a switch if the option is one, else a text. */
export interface DefaultKey<T> {
  /** Its name under `default:` and in `DEFAULT:`. */
  readonly name: string;
  /** A second name for the same default. */
  readonly alias?: string;
  /** Smallest number that may be set; a default without a range is not a number. */
  readonly min?: number;
  /** Largest number that may be set. */
  readonly max?: number;
  /** Only the words of the option, in small letters; a default of another text that the option cannot be is as good as none. */
  readonly strict?: true;
  /** Given where `def` is a default of this class alone, which a file can delete: what holds then. */
  readonly without?: T;
}

/** One option: everything that is known of it. */
export interface Row<T> {
  /** How its value is read and printed. */
  readonly kind: Kind<T>;
  /** The built-in default, in `unit`; `undefined` if unset means something of its own, which `doc` says. */
  readonly def: T;
  /** Of a number, where its kind does not have one. */
  readonly unit?: Unit;
  /** One or more sentences for the manual, in plain text. */
  readonly doc: string;
  /** The version of ser2net (or gensio, in the tables of layers) that brought it; ours: "new". */
  readonly since: string;
  /** The version that dropped it, if one did. */
  readonly until?: string;
  /** Its name in a classic file; absent or false if it cannot be written there. */
  readonly conf?: string | false;
  /** Its name in YAML, or in the gensio string of a layer; false if it cannot be written there. */
  readonly yaml: string | false;
  /** How `default:` sets it, where that can. */
  readonly defaultKey?: DefaultKey<T>;
  /** A repeated option adds to the list instead of replacing it. */
  readonly adds?: true;
  /** Its value is not to be shown to anybody, unless a configuration is written out. */
  readonly secret?: true;
}

/** Ties def to kind and keeps the exact type of the row for Values. */
export const row = <T>(r: Omit<Row<T>, 'def'> & { def: NoInfer<T> }): Row<T> => r;

/** A table of options by the key that the code uses. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds rows of any type; Values gives each its own back
export type Rows = { readonly [name: string]: Row<any> };
/** The values of a table's options by key. */
export type Values<R extends Rows> = { readonly [K in keyof R]: R[K] extends Row<infer T> ? T : never };
/** The same while they are being read. */
export type MutableValues<R extends Rows> = { -readonly [K in keyof R]: R[K] extends Row<infer T> ? T : never };

/** Every option at its built-in default. */
export const defaults = <R extends Rows>(rows: R): MutableValues<R> =>
  Object.fromEntries(Object.entries(rows).map(([k, r]) => [k, r.def])) as MutableValues<R>;

/** Values of an option that is given again and again: each time they are copied. */
const MAX_ADDED = 1000;

type SetResult = 'ok' | 'unknown' | { readonly expected: string };

/** Keys by spelling in YAML, in small letters, for each table; made once, since a file may have thousands of options. */
const known = new WeakMap<Rows, Map<string, string>>();

/** The key of the row that has a spelling in YAML, compared without case: the first one. */
export function keyOf(rows: Rows, name: string): string | undefined {
  let keys = known.get(rows);
  if (keys === undefined) {
    keys = new Map();
    for (const [key, r] of Object.entries(rows).reverse()) if (r.yaml !== false) keys.set(r.yaml.toLowerCase(), key);
    known.set(rows, keys);
  }
  return keys.get(name.toLowerCase());
}

/**
 * Sets one option from its text. `undefined` as the value means the bare name. Names compare without case.
 * 'unknown': no row has that spelling in YAML, which is that of gensio, too.
 */
export function setOption<R extends Rows>(rows: R, into: MutableValues<R>, name: string, value: string | undefined): SetResult {
  const key = keyOf(rows, name);
  if (key === undefined) return 'unknown';
  const r = rows[key]!;
  const got = value !== undefined ? r.kind.parse(value) : 'bare' in r.kind ? { ok: r.kind.bare } : { expected: 'given a value' };
  if ('expected' in got) return got;
  const at = into as Record<string, unknown>;
  const before = r.adds ? at[key] : undefined;
  if (!Array.isArray(before)) at[key] = got.ok;
  else if (before.length >= MAX_ADDED) return { expected: `among the first ${MAX_ADDED} values` };
  else at[key] = [...(before as unknown[]), ...(got.ok as unknown[])];
  return 'ok';
}

/** The spellings of a table in one format, for hints and completion. */
export const spellings = (rows: Rows, format: 'conf' | 'yaml'): string[] => Object.values(rows).flatMap((r) => r[format] || []);
