// The table of `default:` and `DEFAULT:`: values that hold where an option is not given, for one class of layer or for all.
import type { Pos } from '../../base/diag.ts';
import type { GensioErrorCode } from '../../base/gensio-error.ts';
import { builtInServices, type Services } from '../../base/services.ts';
import { ADMIN } from '../../options/admin.ts';
import { CONNECTION } from '../../options/connection.ts';
import type { DefaultKey, MutableValues, Row, Rows } from '../../options/row.ts';
import { LINE } from '../../options/serialdev.ts';
import { LAYERS } from '../../options/stack.ts';

/** The class a layer looks its defaults up under. */
export const classOf = (name: string): string =>
  name === 'sdev' || name === 'dev' ? 'serialdev' : name.startsWith('unix') ? 'unix' : name;

/** What a default can be; `undefined` if the option is unset. */
type DefaultValue = boolean | number | string | undefined;

/** A name that has a default: the first row that says so, and the type gensio gives it. */
interface DefaultInfo {
  readonly type: 'bool' | 'int' | 'enum' | 'text';
  readonly row: Row<unknown>;
  readonly key: DefaultKey<unknown>;
}

/** Every table whose options can be set as defaults, by the class they are looked up under. */
const TABLES: readonly (readonly [cls: string, rows: Rows])[] = [
  ['ser2net', CONNECTION],
  ['ser2net', ADMIN],
  ['serialdev', LINE],
  ...Object.entries(LAYERS).map(([name, { rows }]) => [classOf(name), rows] as const),
];
const NAMES = new Map<string, DefaultInfo>();
/** The second name of a default, and the first. */
const ALIASES = new Map<string, string>();
/** Defaults of a class that hold before any file is read. */
const OF_CLASS: (readonly [name: string, cls: string, value: DefaultValue])[] = [];
for (const [cls, rows] of TABLES) {
  for (const row of Object.values(rows)) {
    const key: DefaultKey<unknown> | undefined = row.defaultKey;
    if (key === undefined) continue;
    const type = key.min !== undefined ? 'int' : row.kind.bare === true ? 'bool' : key.strict ? 'enum' : 'text';
    if (!NAMES.has(key.name)) NAMES.set(key.name, { type, row, key });
    if (key.alias !== undefined) ALIASES.set(key.alias, key.name);
    if ('without' in key) OF_CLASS.push([key.name, cls, row.def]);
  }
}
const plainName = (name: string): string => ALIASES.get(name) ?? name;

/** Names that gensio 2.6.2 looks up under class sergensio. */
const SERGENSIO: readonly string[] = ['nouucplock', 'drain_time', 'char_drain_wait'];

const decimal = (value: string): number | undefined => (/^[ \t\n\r\f\v]*[+-]?[0-9]+$/.test(value) ? Number(value) : undefined);

/** The value in the type of its option: through the option's own reader, unless that is stricter than a default is. */
function asOption(row: Row<unknown>, value: DefaultValue): unknown {
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === -1 && 'ok' in row.kind.parse('off')) return 'off';
  for (const text of [String(value), String(value).toLowerCase()]) {
    const got = row.kind.parse(text);
    if ('ok' in got) return got.ok;
  }
  return typeof value === 'number' ? value : row.def;
}

/** For defaults that no file set. */
const COMMAND_LINE: Pos = { file: '<cmdline>', line: 0, col: 0, len: 0 };

/** Defaults as they stand at one place of a file. Values have the types of gensio's table, not those of the rows. */
export class Defaults {
  /** Where names of ports are looked up by the readers that get these defaults. */
  readonly services: Services;
  readonly #base = new Map<string, DefaultValue>();
  readonly #classes = new Map<string, Map<string, DefaultValue>>();
  /** Where the values that were set stand, by class and name; '' for all classes. */
  readonly #places = new Map<string, Pos>();
  /** What values() found, until a default changes. */
  readonly #tables = new Map<Rows, Map<string, Record<string, unknown>>>();

  constructor(services: Services = builtInServices) {
    this.services = services;
    for (const [name, cls, value] of OF_CLASS) this.#of(cls).set(name, value);
  }

  /**
   * Sets a default; without cls for all classes. Without a value: false, 0, or no text. pos: where that is written.
   * 'notfound': no such name; 'inval': the value is of another type; 'outofrange'.
   */
  set(name: string, cls: string | undefined, value: string | undefined, pos: Pos = COMMAND_LINE): GensioErrorCode | undefined {
    const info = NAMES.get(plainName(name));
    if (info === undefined) return 'notfound';
    const got = readDefault(info, value);
    if ('error' in got) return got.error;
    (cls === undefined ? this.#base : this.#of(cls)).set(info.key.name, got.ok);
    this.#tables.clear();
    this.#places.set(`${cls ?? ''} ${info.key.name}`, pos);
    return undefined;
  }

  /** Takes the value of a class away again. 'notfound': no such name, or that class has none. */
  remove(name: string, cls: string): GensioErrorCode | undefined {
    const plain = plainName(name);
    if (!this.#classes.get(cls)?.delete(plain)) return 'notfound';
    this.#tables.clear();
    this.#places.delete(`${cls} ${plain}`);
    return undefined;
  }

  /** Whether any default was set. */
  get changed(): boolean {
    return this.#places.size > 0;
  }

  /** Where the value in force for a class was set; `undefined` if it is a built-in one. */
  where(name: string, cls: string): Pos | undefined {
    const found = this.#find(name, cls);
    return found === undefined ? undefined : this.#places.get(`${found.cls} ${name}`);
  }

  /** The value in force for a class: its own, else that for all, else the built-in text; `undefined` if there is none. */
  get(name: string, cls: string): DefaultValue {
    const found = this.#find(name, cls);
    if (found !== undefined) return found.value;
    const { type, row, key } = NAMES.get(name) ?? {};
    return type === 'text' && row?.def !== undefined && !('without' in key!) ? row.kind.print(row.def) : undefined;
  }

  /** A table of options with every default in force for the class. */
  values<R extends Rows>(rows: R, cls: string): MutableValues<R> {
    const tables = this.#tables.get(rows) ?? new Map<string, Record<string, unknown>>();
    this.#tables.set(rows, tables);
    const table = tables.get(cls) ?? this.#table(rows, cls);
    tables.set(cls, table);
    return { ...table } as MutableValues<R>;
  }
  #table(rows: Rows, cls: string): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const [key, row] of Object.entries(rows)) {
      const defaultKey: DefaultKey<unknown> | undefined = row.defaultKey;
      const found = defaultKey === undefined ? undefined : this.#find(defaultKey.name, cls);
      if (found !== undefined) out[key] = asOption(row, found.value);
      else out[key] = defaultKey !== undefined && 'without' in defaultKey ? defaultKey.without : row.def;
    }
    return out;
  }

  #of(cls: string): Map<string, DefaultValue> {
    let values = this.#classes.get(cls);
    if (values === undefined) {
      values = new Map();
      this.#classes.set(cls, values);
    }
    return values;
  }

  /** cls: under which class it was found, '' for all. */
  #find(name: string, cls: string): { readonly value: DefaultValue; readonly cls: string } | undefined {
    const lookIn = cls === 'serialdev' && SERGENSIO.includes(name) ? [cls, 'sergensio'] : [cls];
    for (const c of lookIn) {
      const values = this.#classes.get(c);
      if (values?.has(name)) return { value: values.get(name), cls: c };
    }
    return this.#base.has(name) ? { value: this.#base.get(name), cls: '' } : undefined;
  }
}

function readDefault(info: DefaultInfo, value: string | undefined): { readonly ok: DefaultValue } | { readonly error: GensioErrorCode } {
  switch (info.type) {
    case 'bool': {
      if (value === undefined) return { ok: false };
      if (/^(true|TRUE|false|FALSE)$/.test(value)) return { ok: value.toLowerCase() === 'true' };
      const n = decimal(value);
      return n === undefined ? { error: 'inval' } : { ok: n !== 0 };
    }
    case 'int': {
      if (value === undefined) return { ok: 0 };
      const n = decimal(value);
      if (n === undefined) return { error: 'inval' };
      return n < info.key.min! || n > info.key.max! ? { error: 'outofrange' } : { ok: n };
    }
    case 'enum': {
      const got = info.row.kind.parse(value ?? '');
      return value !== undefined && 'ok' in got && got.ok === value ? { ok: value } : { error: 'inval' };
    }
    default:
      return { ok: value };
  }
}

/** Every name a default can be set for, for hints and completion. */
export const defaultNames: readonly string[] = [...NAMES.keys(), ...ALIASES.keys()];

/** Whether a default is a text, so that taking its value away leaves none. */
export const isTextDefault = (name: string): boolean => NAMES.get(name)?.type === 'text';
