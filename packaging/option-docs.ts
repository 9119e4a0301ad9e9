// Doc comments for options, from their rows, in the declarations of this build: what an editor shows for a field of ConnectionOptions.
// Run after each compilation: `node build/packaging/option-docs.js`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Row, Rows } from '../src/options/row.ts';

const OPTIONS = resolve(import.meta.dirname, '../src/options');

/** What a row says of a value: its text, its unit where that is a plain number, and its default. */
function docOf({ doc, kind, unit = kind.unit, def }: Row<unknown>): string {
  const shown = def === undefined ? '' : kind.print(def);
  const inUnit = unit === undefined ? '' : ` In ${unit === 'bps' ? 'bit/s' : unit}.`;
  return `${doc.replaceAll('*/', '* /')}${inUnit}${shown === '' ? '' : ` Default: ${shown}.`}`;
}

/** The declarations of a module with a comment before each option of its tables; what has one stays. */
export function withDocs(declarations: string, tables: Readonly<Record<string, Rows>>): string {
  let table: Rows | undefined;
  let before = '';
  const lines = declarations.split('\n').flatMap((line) => {
    const [, name] = /^export declare const (\w+): \{$/.exec(line) ?? [];
    if (name !== undefined) table = tables[name];
    else if (line === '};') table = undefined;
    const row = table?.[/^ {4}readonly (\w+): /.exec(line)?.[1] ?? ''];
    const isNew = row !== undefined && !before.trimEnd().endsWith('*/');
    before = line;
    return isNew ? [`    /** ${docOf(row)} */`, line] : [line];
  });
  return lines.join('\n');
}

/** The tables that a module of src/options exports. */
export async function tablesOf(module: string): Promise<Readonly<Record<string, Rows>>> {
  const exported = (await import(pathToFileURL(module).href)) as Readonly<Record<string, unknown>>;
  const isTable = (value: unknown): value is Rows =>
    typeof value === 'object' && value !== null && Object.values(value).every((row: Partial<Row<unknown>>) => typeof row?.doc === 'string');
  return Object.fromEntries(Object.entries(exported).filter((entry): entry is [string, Rows] => isTable(entry[1])));
}

if (process.argv[1] === import.meta.filename) {
  for (const file of readdirSync(OPTIONS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))) {
    const path = join(OPTIONS, file);
    const text = readFileSync(path, 'utf8');
    const documented = withDocs(text, await tablesOf(path.replace(/\.d\.ts$/, '.js')));
    if (documented !== text) writeFileSync(path, documented);
  }
}
