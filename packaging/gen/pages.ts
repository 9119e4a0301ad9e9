// The generated parts of the manual pages: what stands between `.\" options: TABLE FORMAT`, `.\" commands`, `.\" command: NAME` or
// `.\" problems` and `.\" end`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DIAG } from '../../src/base/diag.ts';
import type { SubcommandRow } from '../../src/cli/subcommand.ts';
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts';
import { ADMIN } from '../../src/options/admin.ts';
import { ATTACH } from '../../src/options/attach.ts';
import { CONNECTION } from '../../src/options/connection.ts';
import { LED } from '../../src/options/led.ts';
import { ROTATOR } from '../../src/options/rotator.ts';
import type { Rows } from '../../src/options/row.ts';
import { DOOR, PORT } from '../../src/options/sections/port.ts';
import { RECORD } from '../../src/options/sections/record.ts';
import { LINE } from '../../src/options/serialdev.ts';
import { LAYERS } from '../../src/options/stack.ts';
import { manOptions, roff } from './man.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');

/** Tables of ser2net's own; the others are gensio's layers. */
const SECTIONS: Readonly<Record<string, Rows>> = { connection: CONNECTION, rotator: ROTATOR, admin: ADMIN, led: LED, attachment: ATTACH };

/** Keys of this program's own sections. */
const KEYS: Readonly<Record<string, Rows>> = { port: PORT, door: DOOR, record: RECORD };

const rowsOf = (table: string): Rows | undefined =>
  table === 'line' ? LINE : (SECTIONS[table] ?? KEYS[table] ?? (LAYERS as Readonly<Record<string, { rows: Rows }>>)[table]?.rows);

/** Every command; one that has a page of its own without its options. */
const commands = (): string =>
  Object.entries(SUBCOMMANDS)
    .map(([name, { args, summary, options }]) => {
      const own = existsSync(join(ROOT, `man/ser2net-${name}.1`));
      const list = own ? `See\n.BR ser2net\\-${name} (1).` : `.RS\n${optionItems(options)}\n.RE`;
      const usage = `.B ser2net ${roff(name)}${args === '' ? '' : ` \\fI${roff(args)}`}`;
      return `.TP\n${usage}\n${sentence(roff(summary))}\n${list}`;
    })
    .join('\n');

/** The options of one command, as the page of its own has them. */
function commandOptions(name: string): string {
  const command = SUBCOMMANDS[name];
  if (command === undefined) throw new Error(`no command '${name}'`);
  return optionItems(command.options);
}

const sentence = (doc: string): string => `${doc.charAt(0).toUpperCase()}${doc.slice(1)}${doc.endsWith('.') ? '' : '.'}`;

/** Options as items with a hanging indent. */
const optionItems = (options: SubcommandRow['options']): string =>
  options
    .map(({ flags, doc, choices, def }) => {
      const [names = '', value] = flags.split(/ (?=[<[])/);
      const shown = `\\fB${roff(names).replace(', ', '\\fR, \\fB')}\\fR${value === undefined ? '' : ` \\fI${roff(value.replace(/[<>[\]]/g, ''))}\\fR`}`;
      const words = choices === undefined ? '' : ` One of ${choices.map((word) => `\\fB${roff(word)}\\fR`).join(', ')}.`;
      const byDefault = def === undefined ? '' : ` Default: \\fB${roff(def)}\\fR.`;
      return `.TP\n${shown}\n${roff(sentence(doc))}${words}${byDefault}`;
    })
    .join('\n');

/** Every code of a problem, with what it means. */
const problems = (): string =>
  Object.entries(DIAG)
    .map(([code, meaning]) => `.TP\n.B ${roff(code)}\n${roff(meaning)}`)
    .join('\n');

/** A page with its generated parts made again. Throws when a marker names nothing. */
function renewed(page: string): string {
  const lines = page.split('\n');
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    out.push(lines[i]!);
    const m = /^\.\\" (?:options: (\S+) (conf|yaml)|(commands)|command: (\S+)|(problems))$/.exec(lines[i]!);
    if (m === null) continue;
    if (m[3] !== undefined) out.push(commands());
    else if (m[4] !== undefined) out.push(commandOptions(m[4]));
    else if (m[5] !== undefined) out.push(problems());
    else {
      const rows = rowsOf(m[1]!);
      if (rows === undefined) throw new Error(`no table of options '${m[1]}'`);
      const own = Object.hasOwn(KEYS, m[1]!);
      out.push(manOptions(rows, m[2] as 'conf' | 'yaml', own || Object.hasOwn(SECTIONS, m[1]!) ? '' : 'gensio ', own ? ': ' : '='));
    }
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
