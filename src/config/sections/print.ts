// This program's own sections as YAML that reads back to the same: what `dump` shows below the configuration.

import type { Rows } from '../../options/row.ts';
import { PORT } from '../../options/sections/port.ts';
import { type Shown, showRows } from '../../options/sections/shape.ts';
import { type ReadSection, type Sections, SINGLE_SECTIONS } from '../../options/sections/table.ts';
import { originText } from '../origin.ts';
import { comment, scalar } from '../yaml/quote.ts';

/** How they are printed. */
export interface SectionForm {
  /** Every key that has a value, also where it is the built-in one. */
  readonly full: boolean;
  /** A comment after each key says where its value came from. */
  readonly origin: boolean;
  /** The form of ser2net.yaml they stand in, whose marks are kept from being taken for names. */
  readonly version: 1 | 2;
}

/** The sections, each followed by an empty line; empty text if there are none. */
export function printSections(sections: Sections, form: SectionForm): string {
  const all = [
    ...[...sections.ports].map(([name, section]) => {
      const [key, first] = /^[A-Za-z0-9_-]+$/.test(name) ? [`port: &${name}`, []] : ['port:', [`  name: ${text(name, form)}`]];
      return [key, ...first, ...lines(PORT, section, form)];
    }),
    ...Object.entries(SINGLE_SECTIONS).flatMap(([kind, rows]) => {
      const section = (sections.single as Readonly<Record<string, ReadSection<Readonly<Record<string, unknown>>> | undefined>>)[kind];
      return section === undefined ? [] : [[`${kind}:`, ...lines(rows, section, form)]];
    }),
  ];
  // A mapping without a key under it would be a text.
  return all
    .filter((each) => each.length > 1)
    .map((each) => `\n${each.join('\n')}\n`)
    .join('');
}

const text = (value: string, { version }: SectionForm): string => scalar(value, `v${version}`);

function lines(rows: Rows, { values, places }: ReadSection<Readonly<Record<string, unknown>>>, form: SectionForm): string[] {
  return [...showRows(rows, values, form.full)].flatMap(([yaml, value]) => {
    const key = Object.keys(rows).find((each) => rows[each]!.yaml === yaml)!;
    const pos = places.get(key);
    const origin = originText(pos === undefined ? { is: 'built-in' } : { is: 'written', pos });
    const [first = '', ...rest] = block(`${yaml}:`, value, form);
    return [form.origin ? `${first}  # ${comment(origin)}` : first, ...rest].map((line) => `  ${line}`);
  });
}

/** A key with its value. Lists of texts stand on the line. */
function block(head: string, value: Shown, form: SectionForm): string[] {
  if (typeof value === 'string') return [`${head} ${text(value, form)}`];
  if (isList(value)) {
    const items = value;
    if (items.every((item) => typeof item === 'string')) return [`${head} [${items.map((item) => flow(item as string, form)).join(', ')}]`];
    return [head, ...items.flatMap((item) => indented('  - ', mapping(item as ReadonlyMap<string, Shown>, form)))];
  }
  const entries = mapping(value, form);
  return entries.length === 0 ? [`${head} {}`] : [head, ...entries.map((line) => `  ${line}`)];
}
/** A text in a list on one line, where a comma or bracket would end it. */
function flow(value: string, form: SectionForm): string {
  const written = text(value, form);
  return /^['"]/.test(written) || !/[,[\]{}]/.test(written) ? written : `'${written}'`;
}

const isList = (value: Shown): value is readonly Shown[] => Array.isArray(value);

const mapping = (value: ReadonlyMap<string, Shown>, form: SectionForm): string[] =>
  [...value].flatMap(([key, each]) => block(`${/^[A-Za-z0-9_-]+$/.test(key) ? key : text(key, form)}:`, each, form));

const indented = (dash: string, all: readonly string[]): string[] =>
  all.map((line, i) => (i === 0 ? dash : ' '.repeat(dash.length)) + line);
