// The generated parts of the manual pages: what stands between `.\" options: TABLE FORMAT` (or `.\" commands`) and `.\" end`.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SUBCOMMANDS } from '../../src/daemon/subcommands.ts';
import { CONNECTION } from '../../src/options/connection.ts';
import { manOptions, roff } from '../../src/options/man.ts';
import type { Rows } from '../../src/options/row.ts';
import { LAYERS } from '../../src/options/stack.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');

const rowsOf = (table: string): Rows | undefined =>
  table === 'connection' ? CONNECTION : (LAYERS as Readonly<Record<string, { rows: Rows }>>)[table]?.rows;

const commands = (): string =>
  Object.entries(SUBCOMMANDS)
    .map(([name, { args, summary, options }]) => {
      const list = options.map((o) => `.br\n\\fB${roff(o.flags)}\\fR: ${roff(o.doc)}`).join('\n');
      return `.TP\n.B ser2net ${roff(name)}${args === '' ? '' : ` \\fI${roff(args)}`}\n${roff(summary)}${list === '' ? '' : `\n${list}`}`;
    })
    .join('\n');

/** A page with its generated parts made anew. Throws when a marker names nothing. */
function renewed(page: string): string {
  const lines = page.split('\n');
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    out.push(lines[i]!);
    const m = /^\.\\" (?:options: (\S+) (conf|yaml)|(commands))$/.exec(lines[i]!);
    if (m === null) continue;
    const rows = rowsOf(m[1] ?? '');
    if (m[3] === undefined && rows === undefined) throw new Error(`no table of options '${m[1]}'`);
    out.push(m[3] === undefined ? manOptions(rows!, m[2] as 'conf' | 'yaml', m[1] === 'connection' ? '' : 'gensio ') : commands());
    while (lines[i] !== '.\\" end') if (++i >= lines.length) throw new Error('a generated part has no end');
    out.push(lines[i]!);
  }
  return out.join('\n');
}

/** Path and both texts of every page that has generated parts. */
export function pages(): { path: string; is: string; should: string }[] {
  return readdirSync(join(ROOT, 'man')).map((name) => {
    const path = join('man', name);
    const is = readFileSync(join(ROOT, path), 'utf8');
    return { path, is, should: renewed(is) };
  });
}
