// Reads YAML text in tests: from memory, with the problems as short lines.

import type { ConnectionConfig, Reading } from '../../../src/config/model.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from '../memory-files.ts';

export const read = (text: string, files: Readonly<Record<string, string>> = {}): Reading =>
  readYaml(text, 'f.yaml', { files: memoryFiles(files), defaults: new Defaults() });

/** The lines 4.3.11 prints. */
export const classics = (text: string, files?: Readonly<Record<string, string>>): string[] =>
  read(text, files).diags.flatMap((d) => (d.classic === undefined ? [] : [d.classic]));

/** `line:col code` of each problem. */
export const places = (text: string, files?: Readonly<Record<string, string>>): string[] =>
  read(text, files).diags.map(({ pos, code }) => `${pos.file === 'f.yaml' ? '' : `${pos.file}:`}${pos.line}:${pos.col} ${code}`);

export const hints = (text: string, files?: Readonly<Record<string, string>>): string[] =>
  read(text, files).diags.flatMap((d) => (d.hint === undefined ? [] : [d.hint]));

export const connection = (text: string, files?: Readonly<Record<string, string>>): ConnectionConfig => {
  const { config, diags } = read(text, files);
  const found = config.connections.at(-1);
  if (found === undefined) throw new Error(diags.map((d) => d.text).join('; '));
  return found;
};

/** A connection with these lines after its accepter and connector. */
export const withLines = (lines = '', name = 'c'): string => `connection: &${name}\n  accepter: tcp,2000\n  connector: echo\n${lines}`;
/** A connection with these options. */
export const withOptions = (...options: readonly string[]): string => withLines(`  options:\n${options.map((o) => `    ${o}\n`).join('')}`);
