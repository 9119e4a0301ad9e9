// What may stand after a key of this program's own sections: a text of some kind, or a list or mapping with a meaning of its own. A row of
// such a section is an option row whose kind is a Kind or a Shape.
import type { DiagCode } from '../../base/diag.ts';
import { nearest } from '../../base/text.ts';
import type { Kind } from '../kind.ts';
import { keyOf, type MutableValues, type Rows, spellings, type Values } from '../row.ts';
import type { LayerSpec } from '../stack.ts';

/** A stretch of a file, in characters. */
export interface Stretch {
  /** The first character, from 0. */
  readonly at: number;
  /** The one after the last. */
  readonly end: number;
}

/** A value of YAML, and where it stands. */
export type YamlValue = YamlText | YamlList | YamlMap;
/** One that is a text; numbers and switches are texts, too. */
export interface YamlText extends Stretch {
  /** Tells the three apart. */
  readonly is: 'text';
  /** As it is meant: without quotes, with names put in. */
  readonly text: string;
}
/** One that is a list. */
export interface YamlList extends Stretch {
  /** Tells the three apart. */
  readonly is: 'list';
  /** In order. */
  readonly items: readonly YamlValue[];
}
/** One that is a mapping. Keys may be there twice. */
export interface YamlMap extends Stretch {
  /** Tells the three apart. */
  readonly is: 'map';
  /** In order. */
  readonly entries: readonly { readonly key: YamlText; readonly value: YamlValue }[];
}

/** A value as it is printed. */
export type Shown = string | readonly Shown[] | ReadonlyMap<string, Shown>;

/** An accepter string, and what it means. */
export interface AccepterText {
  /** As written. */
  readonly text: string;
  /** The outermost layer. */
  readonly spec: LayerSpec;
}

/** What a reading is told, and what it may ask. */
export interface ShapeContext {
  /** Something is wrong in the section, which is off then. */
  error(code: DiagCode, at: Stretch, text: string, hint?: string): void;
  /** What an accepter string means; `undefined` if it cannot be used, which is reported. */
  accepter(text: YamlText): AccepterText | undefined;
  /** Notes where a value stands: `doors.0.rights`. */
  note(path: string, at: Stretch): void;
}

/** A kind of value that need not be a text. */
export interface Shape<T> extends Kind<T> {
  /** path: of the value in its section. `undefined` if something is wrong, which was reported. */
  read(value: YamlValue, context: ShapeContext, path: string): T | undefined;
  /** The value as it is printed; `undefined` if there is nothing to print. */
  show(value: T): Shown | undefined;
}

/** Whether a kind is a shape. */
export const isShape = <T>(kind: Kind<T>): kind is Shape<T> => 'read' in kind;

/** A shape that no single text can be: expected says what it is. */
const shape = <T>(name: string, expected: string, rest: Pick<Shape<T>, 'read' | 'show'>): Shape<T> => ({
  name,
  parse: () => ({ expected }),
  print: (value) => {
    const show = rest.show(value);
    return Array.isArray(show) ? `[${show.join(', ')}]` : '';
  },
  ...rest,
});

const NOUN = { text: 'a text', list: 'a list', map: 'a mapping' } as const;
const shown = (value: YamlValue): string => (value.is === 'text' ? `the text '${value.text.slice(0, 40)}'` : NOUN[value.is]);
const wrong = (context: ShapeContext, value: YamlValue, path: string, wanted: string): undefined => {
  context.error('bad-value', value, `'${path}' wants ${wanted}, not ${shown(value)}`);
};
const didYouMean = (name: string, names: readonly string[]): string | undefined => {
  const near = nearest(name, names);
  return near === undefined ? undefined : `did you mean '${near}'?`;
};

/** Texts: a list of them, or one alone. */
function textsIn(value: YamlValue, context: ShapeContext, path: string, wanted: string): readonly YamlText[] | undefined {
  if (value.is === 'text') return value.text === '' ? wrong(context, value, path, wanted) : [value];
  if (value.is === 'map') return wrong(context, value, path, wanted);
  const texts = value.items.flatMap((item) => {
    if (item.is !== 'text') wrong(context, item, path, 'texts in its list');
    return item.is === 'text' ? [item] : [];
  });
  return texts.length === value.items.length ? texts : undefined;
}

/** A list of texts; one alone may stand without brackets. */
export const texts: Shape<readonly string[]> = shape('list', 'a list', {
  read: (value, context, path) => textsIn(value, context, path, 'a list')?.map(({ text }) => text),
  show: (value) => (value.length === 0 ? undefined : value),
});

/** A list of some of these words, each once, in any order; one alone may stand without brackets. */
export const words = <const W extends string>(all: readonly W[]): Shape<readonly W[]> =>
  shape(`[${all.join(', ')}]`, `a list of ${all.join(', ')}`, {
    read: (value, context, path) => {
      const given = textsIn(value, context, path, `a list of ${all.join(', ')}`);
      for (const word of given ?? []) {
        if (all.some((each) => each === word.text)) continue;
        context.error('bad-value', word, `'${word.text}' is not one of ${all.join(', ')}`, didYouMean(word.text, all));
        return undefined;
      }
      return given && all.filter((each) => given.some(({ text }) => text === each));
    },
    show: (value) => value,
  });

/** One right at a port. */
export type Right = 'read' | 'write' | 'control';
const RIGHTS = words(['read', 'write', 'control']);

/** Who may do what. */
export interface RightsOf {
  /** By proved name; `*` stands for everyone else. `undefined`: the same for everyone, whoever it is. */
  readonly names: ReadonlyMap<string, readonly Right[]> | undefined;
  /** Of those without a name of their own in names. */
  readonly others: readonly Right[];
}

/** Rights: a list for everyone, or a mapping of names to lists. */
export const rights: Shape<RightsOf | undefined> = shape('rights', 'a list of rights, or a mapping of names to lists', {
  read: (value, context, path) => {
    if (value.is !== 'map') {
      const others = RIGHTS.read(value, context, path);
      return others && { names: undefined, others };
    }
    const names = new Map<string, readonly Right[]>();
    for (const { key, value: list } of value.entries) {
      if (names.has(key.text)) context.error('duplicate-key', key, `the rights of '${key.text}' are given twice`);
      names.set(key.text, RIGHTS.read(list, context, `${path}.${key.text}`) ?? []);
    }
    return { names, others: names.get('*') ?? [] };
  },
  show: (value) => (value?.names === undefined ? value?.others : new Map(value.names)),
});

/** An accepter string. */
export const accepter: Shape<AccepterText | undefined> = shape('accepter', 'an accepter string', {
  read: (value, context, path) => (value.is === 'text' ? context.accepter(value) : wrong(context, value, path, 'an accepter string')),
  show: (value) => value?.text,
});

/** A mapping with these rows. needed: keys it cannot do without. */
export const mapping = <R extends Rows>(rows: R, needed: readonly (keyof R & string)[] = []): Shape<Values<R> | undefined> =>
  shape('mapping', 'a mapping', {
    read: (value, context, path) => readWhole(rows, needed, value, context, path),
    show: (value) => value && showRows(rows, value),
  });

/** A list of mappings with these rows. needed: keys that none of them can do without. */
export const mappings = <R extends Rows>(rows: R, needed: readonly (keyof R & string)[] = []): Shape<readonly Values<R>[]> =>
  shape('list of mappings', 'a list of mappings', {
    read: (value, context, path) => {
      if (value.is !== 'list') return wrong(context, value, path, 'a list of mappings');
      return value.items.flatMap((item, i) => {
        const read = readWhole(rows, needed, item, context, `${path}.${i}`);
        return read === undefined ? [] : [read];
      });
    },
    show: (value) => (value.length === 0 ? undefined : value.map((each) => showRows(rows, each))),
  });

function readWhole<R extends Rows>(
  rows: R,
  needed: readonly string[],
  value: YamlValue,
  context: ShapeContext,
  path: string,
): Values<R> | undefined {
  if (value.is !== 'map') return wrong(context, value, path, 'a mapping');
  const given = readRows(rows, value, context, path);
  for (const key of needed) {
    if (Object.hasOwn(given, key) || keyGiven(rows, value, key)) continue;
    context.error('missing-key', value, `'${path}' has no '${rows[key]!.yaml}'`);
  }
  const defaults = Object.fromEntries(Object.entries(rows).map(([key, { def }]) => [key, def]));
  return { ...defaults, ...given } as Values<R>;
}
const keyGiven = (rows: Rows, value: YamlMap, key: string): boolean => value.entries.some((entry) => keyOf(rows, entry.key.text) === key);

/**
 * Reads the keys of a mapping that have a row: what is given. path: of the mapping in its section, empty for the section itself. What is
 * wrong is reported, and left out.
 */
export function readRows<R extends Rows>(rows: R, map: YamlMap, context: ShapeContext, path: string): Partial<Values<R>> {
  const out: Partial<MutableValues<R>> = {};
  const seen = new Set<string>();
  for (const { key, value } of map.entries) {
    const row = keyOf(rows, key.text);
    if (row === undefined) {
      context.error('unknown-key', key, `'${key.text}' is not a key here`, didYouMean(key.text, spellings(rows, 'yaml')));
      continue;
    }
    const name = path === '' ? row : `${path}.${row}`;
    if (seen.has(row)) context.error('duplicate-key', key, `'${key.text}' is given twice`);
    seen.add(row);
    context.note(name, value);
    const { kind } = rows[row]!;
    const read = isShape(kind) ? kind.read(value, context, name) : readText(kind, key, value, context);
    if (read !== undefined) Object.assign(out, { [row]: read });
  }
  return out;
}

function readText(kind: Kind<unknown>, key: YamlText, value: YamlValue, context: ShapeContext): unknown {
  if (value.is !== 'text') return wrong(context, value, key.text, 'a text');
  const bare = value.text === '' && 'bare' in kind;
  const got = bare ? { ok: kind.bare } : value.text === '' ? { expected: 'given' } : kind.parse(value.text);
  if ('ok' in got) return got.ok;
  context.error(
    'bad-value',
    value.text === '' ? key : value,
    value.text === '' ? `'${key.text}' needs a value` : `'${value.text}' of '${key.text}' is not ${got.expected}`,
  );
  return undefined;
}

/** The values that differ from their defaults, as they are printed. full: every one that there is. */
export function showRows(rows: Rows, values: Readonly<Record<string, unknown>>, full = false): ReadonlyMap<string, Shown> {
  const out = new Map<string, Shown>();
  for (const [key, { kind, yaml, def }] of Object.entries(rows)) {
    const value = values[key];
    if (yaml === false || value === undefined || (!full && JSON.stringify(value) === JSON.stringify(def))) continue;
    const show = isShape(kind) ? kind.show(value) : kind.print(value);
    if (show !== undefined) out.set(yaml, show);
  }
  return out;
}
