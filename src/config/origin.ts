// Where each value of a configuration came from: a place in a file, a default that a file or the command line set, or nowhere. A
// reading hands it on beside the model, so that models stay plain values that can be compared.
import { isDeepStrictEqual } from 'node:util';
import type { Pos } from '../base/diag.ts';
import { classOf, Defaults } from '../gensio/syntax/defaults.ts';
import { parseStack } from '../gensio/syntax/gensio-str.ts';
import { layersOf, type Stack } from '../gensio/syntax/stack.ts';
import type { Rows } from '../options/row.ts';
import { LAYERS } from '../options/stack.ts';

/** A default that was set, and where; line 0: on the command line. */
export interface SetDefault {
  /** Its name under `default:`. */
  readonly name: string;
  /** Where it was set. */
  readonly pos: Pos;
}

/** Where a value came from. */
export type Origin =
  /** with: for an accepter or connector, the defaults that shape what its text does not say. */
  | { readonly is: 'written'; readonly pos: Pos; readonly with?: readonly SetDefault[] }
  | ({ readonly is: 'default' } & SetDefault)
  | { readonly is: 'built-in' };

const BUILT_IN: Origin = { is: 'built-in' };

/** The places of more items of a list than these are not noted. */
const MAX_NOTED = 1000;

/** The origins of one reading. A section is known by the object that is its `pos`; options are fields called `options.` and the key of their row. */
export class Origins {
  readonly #sections = new Map<Pos, Map<string, Origin>>();

  #note(section: Pos, field: string, origin: Origin): void {
    const fields = this.#sections.get(section) ?? new Map<string, Origin>();
    this.#sections.set(section, fields);
    fields.set(field, origin);
  }

  /** Where a field came from; what nobody noted is built in. */
  of(section: Pos, field: string): Origin {
    return this.#sections.get(section)?.get(field) ?? BUILT_IN;
  }

  /** The place a field is written at, or else that of its section: where problems with it are. */
  placeOf(section: Pos, field: string): Pos {
    const origin = this.of(section, field);
    return origin.is === 'written' ? origin.pos : section;
  }

  /** Notes a field that is written in the file. */
  written(section: Pos, field: string, pos: Pos): void {
    this.#note(section, field, { is: 'written', pos });
  }

  /** Notes where the items of a list are written: fields called as the list, a point, and the number from 0. */
  items<T>(section: Pos, field: string, items: readonly T[], pos: (item: T, i: number) => Pos): void {
    for (const [i, item] of items.slice(0, MAX_NOTED).entries()) this.written(section, `${field}.${i}`, pos(item, i));
  }

  /** Notes every option of a table of ser2net's own: given in the file (by key), or from a default. */
  options(section: Pos, rows: Rows, given: ReadonlyMap<string, Pos>, defaults: Defaults | undefined): void {
    for (const [key, pos] of given) if (Object.hasOwn(rows, key)) this.written(section, `options.${key}`, pos);
    if (defaults?.changed !== true) return;
    for (const [key, { defaultKey }] of Object.entries(rows)) {
      const pos = defaultKey === undefined || given.has(key) ? undefined : defaults.where(defaultKey.name, 'ser2net');
      if (pos !== undefined) this.#note(section, `options.${key}`, { is: 'default', name: defaultKey!.name, pos });
    }
  }

  /** Notes an accepter or connector, with the defaults that went into it. */
  stack(section: Pos, role: 'accepter' | 'connector', pos: Pos, stack: Stack, defaults: Defaults): void {
    const used = defaults.changed ? defaultsIn(stack, role, defaults) : [];
    this.#note(section, role, { is: 'written', pos, ...(used.length > 0 && { with: used }) });
  }
}

/** The key of the row that an option has in YAML, if there is one. */
export const keysOf = (rows: Rows, name: string): string[] => Object.keys(rows).filter((key) => rows[key]!.yaml === name.toLowerCase());

/** Names of the defaults that shape the line of a device, by its parts. */
const LINE: Readonly<Record<string, string>> = {
  speed: 'speed',
  parity: 'speed',
  databits: 'speed',
  stopbits: 'speed',
  xonxoff: 'xonxoff',
  rtscts: 'rtscts',
  local: 'local',
  hangupWhenDone: 'hangup_when_done',
  nobreak: 'nobreak',
  rs485: 'rs485',
};

/** Defaults without which a stack would be another one. */
function defaultsIn({ text, spec }: Stack, role: 'accepter' | 'connector', defaults: Defaults): SetDefault[] {
  if (spec === undefined) return [];
  // From the bottom, as the state `telnet` of a classic file puts a layer on top that its text does not have.
  const bare = layersOf(parseStack(text, role, new Defaults(defaults.services)).spec ?? spec).toReversed();
  const found = new Map<string, Pos>();
  for (const [i, layer] of layersOf(spec).toReversed().entries()) {
    const cls = classOf(layer.type);
    const use = (name: string): void => {
      const pos = defaults.where(name, cls);
      if (pos !== undefined) found.set(name, pos);
    };
    const plain = bare[i];
    const opts = layer.opts as Readonly<Record<string, unknown>>;
    const without = plain?.type === layer.type ? (plain.opts as Readonly<Record<string, unknown>>) : undefined;
    for (const [key, row] of Object.entries((LAYERS[layer.type]?.rows ?? {}) as Rows)) {
      const other = without === undefined ? row.def : without[key];
      if (row.defaultKey !== undefined && !isDeepStrictEqual(opts[key], other)) use(row.defaultKey.name);
    }
    if (!('line' in layer) || plain === undefined || !('line' in plain)) continue;
    for (const [part, name] of Object.entries(LINE)) {
      const key = part as keyof typeof layer.line;
      if (!isDeepStrictEqual(layer.line[key], plain.line[key])) use(name);
    }
  }
  return [...found].map(([name, pos]) => ({ name, pos }));
}

const placeText = ({ file, line }: Pos): string => (line > 0 ? `${file}:${line}` : file === '<cmdline>' ? 'command line' : file);

/** An origin for people: `f.yaml:12`, `default at f.yaml:3`, `built-in`. */
export function originText(origin: Origin): string {
  switch (origin.is) {
    case 'written': {
      const used = (origin.with ?? []).map(({ name, pos }) => `; ${name}: default at ${placeText(pos)}`);
      return placeText(origin.pos) + used.join('');
    }
    case 'default':
      return `default at ${placeText(origin.pos)}`;
    default:
      return 'built-in';
  }
}
