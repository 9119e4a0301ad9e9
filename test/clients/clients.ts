// npm run clients: programs that other people wrote, each run the way its users do against a server on simulated devices. With names, only
// the rows whose name begins with one of them. The last line counts the rows of this daemon.
import { parseArgs } from 'node:util';
import { install, missing, PYTHON, version } from './install.ts';
import { CACHE } from './places.ts';
import { type Column, NotOffered, type Row } from './row.ts';
import { ROWS } from './rows.ts';
import { type Outcome, type Result, writeTable } from './table.ts';
import { Trial } from './trial.ts';

const HELP = `npm run clients -- [--install] [--beside] [--readme] [--list] [NAME ...]
  --install  bring what is missing: Debian's packages with apt-get (as root), npm's into ${CACHE}
  --beside   the same with ser2net and socat instead of this daemon
  --readme   write the table of README.md from this run
  --verbose  tell of failures with other servers too, as of this daemon's
  --list     only name the rows
`;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    install: { type: 'boolean', default: false },
    beside: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const chosen = (row: Row): boolean => positionals.length === 0 || positionals.some((name) => row.name.startsWith(name));
const rows = ROWS.filter(chosen);
const unknown = positionals.filter((name) => !ROWS.some((row) => row.name.startsWith(name)));
const ROW_S = 30;

/** Resolves with the error of a row; undefined: it passed. */
async function tryOut(row: Row, column: Column): Promise<Outcome> {
  const trial = new Trial(row, column, { npm: CACHE, python: PYTHON });
  const seconds = row.seconds ?? ROW_S;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took more than ${seconds} s`)), seconds * 1000);
  });
  const began = performance.now();
  try {
    await Promise.race([row.run(trial), late]);
    return { kind: 'passed', ms: performance.now() - began };
  } catch (err) {
    if (err instanceof NotOffered) return { kind: 'none', why: err.message };
    const why = err instanceof Error ? err.message : String(err);
    return { kind: 'failed', why, report: trial.report() };
  } finally {
    clearTimeout(timer);
    await trial.end();
  }
}

function show(name: string, outcome: Outcome): void {
  const { kind } = outcome;
  const detail = kind === 'passed' ? `${(outcome.ms / 1000).toFixed(1)} s` : outcome.why.split('\n')[0];
  process.stdout.write(`${kind === 'none' ? 'n/a' : kind} ${name}: ${detail}\n`);
}

async function main(): Promise<number> {
  if (values.help || unknown.length > 0) {
    process.stdout.write(unknown.length > 0 ? `no row is named ${unknown.join(', ')}; see --list\n` : HELP);
    return values.help ? 0 : 1;
  }
  if (values.list) {
    for (const row of rows) process.stdout.write(`${row.name}: ${row.program}, ${row.way}: ${row.must}\n`);
    return 0;
  }
  if (values.install) install(rows);
  const columns: readonly Column[] = values.beside ? ['this', 'ser2net', 'socat'] : ['this'];
  const results: Result[] = [];
  for (const row of rows) {
    const lacks = missing(row);
    if (lacks !== undefined) {
      results.push({ row, version: '', outcomes: new Map([['this', { kind: 'skipped', why: lacks }]]) });
      show(row.name, { kind: 'skipped', why: lacks });
      continue;
    }
    // Side by side: what takes its time here is waiting.
    const outcomes = new Map<Column, Outcome>();
    await Promise.all(columns.map(async (column) => void outcomes.set(column, await tryOut(row, column))));
    for (const [column, outcome] of outcomes) {
      show(column === 'this' ? row.name : `  ${row.name} with ${column}`, outcome);
      if (outcome.kind === 'failed' && (column === 'this' || values.verbose))
        process.stdout.write(`${outcome.report.replace(/^/gm, '    ')}\n`);
    }
    results.push({ row, version: version(row), outcomes });
  }
  if (values.readme) writeTable(results);
  const count = (kind: Outcome['kind']): number => results.filter(({ outcomes }) => outcomes.get('this')!.kind === kind).length;
  process.stdout.write(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`);
  return count('failed') > 0 ? 1 : 0;
}
process.exitCode = await main();
