// The table of other people's programs in README.md, and the rows it comes from.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Column, Row } from './row.ts';
import { ROWS } from './rows.ts';
import { type Outcome, putInto, README, type Result, table } from './table.ts';

const row: Row = {
  name: 'x',
  program: 'program x',
  way: 'TCP',
  must: 'all of it',
  needs: {},
  fails: { ser2net: 'no sound' },
  run: async () => undefined,
};
const failed = { kind: 'failed', why: '', report: '' } as const;

test('a row says what works, what fails with another server and why, and what a server has no layer for', () => {
  const result: Result = {
    row,
    version: '1.2',
    outcomes: new Map<Column, Outcome>([
      ['this', { kind: 'passed', ms: 1 }],
      ['ser2net', failed],
      ['socat', { kind: 'none', why: 'no telnet' }],
    ]),
  };
  assert.equal(table([result], '2026-01-02').split('\n').at(-1), '| program x 1.2 | TCP | all of it | works | fails: no sound | – |');
});

test('a row that was skipped is not in the table', () => {
  const skipped: Result = { row, version: '', outcomes: new Map<Column, Outcome>([['this', { kind: 'skipped', why: '' }]]) };
  assert.ok(!table([skipped], '2026-01-02').includes('program x'));
});

test('the table of README.md is written between its markers, and names rows that there are', () => {
  const page = readFileSync(README, 'utf8');
  const written = putInto(page, 'TABLE');
  assert.equal(written.split('TABLE').length, 2);
  const [before, after] = written.split('TABLE').map((part) => part.trim());
  assert.ok(page.startsWith(before!) && page.trimEnd().endsWith(after!) && after!.length > 0);
  assert.ok(before!.length + after!.length <= page.length);
  const cells = page
    .split('\n')
    .filter((line) => /^\|.*\| (works|fails[^|]*) \| [^|]* \| [^|]* \|$/.test(line))
    .map((line) => line.split(' | '));
  for (const [program, way, must] of cells)
    assert.ok(
      ROWS.some((r) => program!.startsWith(`| ${r.program}`) && r.way === way && r.must === must),
      `${program} through ${way} is not a row`,
    );
});

test('names of rows are unique', () => {
  const names = ROWS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
