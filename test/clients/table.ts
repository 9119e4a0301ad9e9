// The table of README.md, written from a run.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Column, Row } from './row.ts';

/** What came of a row with one server. */
export type Outcome =
  | { readonly kind: 'passed'; readonly ms: number }
  | { readonly kind: 'failed'; readonly why: string; readonly report: string }
  /** This server has no such thing. */
  | { readonly kind: 'none'; readonly why: string }
  /** Something is not installed. */
  | { readonly kind: 'skipped'; readonly why: string };

export interface Result {
  readonly row: Row;
  readonly version: string;
  readonly outcomes: ReadonlyMap<Column, Outcome>;
}

export const README = join(resolve(import.meta.dirname, '../../..'), 'README.md');
const BEGIN = '<!-- clients: written by npm run clients -- --beside --readme -->';
const END = '<!-- end of clients -->';

function cell(row: Row, column: Column, outcome: Outcome | undefined): string {
  if (outcome === undefined || outcome.kind === 'none') return '–';
  if (outcome.kind === 'passed') return 'works';
  const why = column === 'this' ? undefined : row.fails?.[column];
  return why === undefined ? 'fails' : `fails: ${why}`;
}

/** The lines of the table, with the day and the versions. Rows that were skipped are not in it. */
export function table(results: readonly Result[], day: string): string {
  const lines = results
    .filter(({ outcomes }) => outcomes.get('this')?.kind !== 'skipped')
    .map(({ row, version, outcomes }) => {
      const cells = (['this', 'ser2net', 'socat'] as const).map((column) => cell(row, column, outcomes.get(column)));
      return `| ${[`${row.program} ${version}`.trim(), row.way, row.must, ...cells].join(' | ')} |`;
    });
  return [
    `Run on ${day} with Node.js ${process.versions.node}; –: the server has no such layer.`,
    '',
    '| program | through | what was checked | this | ser2net 4.3.11 | socat |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

/** Puts a table between the markers of a page. */
export function putInto(page: string, text: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page has no part between '${BEGIN}' and '${END}'`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${text}\n\n${page.slice(to)}`;
}

export function writeTable(results: readonly Result[]): void {
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(README, putInto(readFileSync(README, 'utf8'), table(results, day)));
}
