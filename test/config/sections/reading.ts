// Reads a configuration with its own sections in tests: FILE is f.yaml, FILE.d is f.yaml.d.
import { formatDiag } from '../../../src/base/diag.ts';
import type { Reading } from '../../../src/config/model.ts';
import { readConfig } from '../../../src/config/read.ts';
import { readSections, type SectionPart, type SectionsReading } from '../../../src/config/sections/read.ts';
import { memoryFiles } from '../memory-files.ts';

/** What was read, and the problems of the sections on one line each. */
export interface Read extends SectionsReading {
  readonly reading: Reading;
  readonly problems: readonly string[];
}

/** text: of FILE. folder: the files of FILE.d. */
export function read(
  text: string,
  folder: Readonly<Record<string, string>> = {},
  { file = 'f.yaml', before = [], writable = [] }: { file?: string; before?: readonly SectionPart[]; writable?: readonly string[] } = {},
): Read {
  const all = Object.fromEntries(Object.entries(folder).map(([name, content]) => [`${file}.d/${name}`, content]));
  const files = { ...memoryFiles(all), othersMayWrite: (path: string): boolean => writable.includes(path) };
  const format = file.endsWith('.conf') ? 'conf' : 'yaml';
  const reading = readConfig({ format, file, bytes: Buffer.from(text), lines: [], oldFormat: false, diags: [], files });
  const names = Object.keys(folder).sort();
  const got = readSections(
    { reading, folder: names.length === 0 ? undefined : { path: `${file}.d`, names }, files, resolve: (path) => `/${path}` },
    before,
  );
  return { ...got, reading, problems: [...reading.diags, ...got.diags].map((diag) => formatDiag(diag).replace('\n  hint:', ' |')) };
}

/** Connections of these names. */
export const connections = (...names: readonly string[]): string =>
  names.map((name, i) => `connection: &${name}\n  accepter: tcp,localhost,${2001 + i}\n  connector: serialdev,/dev/tty${name}\n`).join('');
