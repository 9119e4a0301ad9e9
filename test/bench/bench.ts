// npm run bench: this daemon beside real ser2net (with its defaults, and tuned), socat and a minimal C loop, in one run, in turn.
// Prints medians and ratios. What is not installed is left out. The numbers depend on the machine; the ratios less. A row takes
// less than a minute, and nothing is waited for without limit.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuOf, descriptorsOf, freeBase, listening, Running, rssOf, sleep } from './processes.ts';
import { Programs } from './programs.ts';
import { type Goal, type Program, type Row, rows, type Shown } from './rows.ts';

type Result = Readonly<Record<string, number>>;
/** unit -> program -> number */
type Kept = Record<string, Record<string, number>>;

const USAGE = `npm run bench [-- [OPTION]... [WORD]...]     WORD: only rows with this in their name
  --quick          one short round of fewer rows
  --rounds N       so many rounds (3)
  --long SECONDS   of the row "long run at full load", which runs when asked for by name (600)
  --ours           this daemon alone
  --json FILE      write the medians
  --compare FILE   show those of an earlier run beside
  --help\n`;
const { values: given, positionals: words } = readArgs();
const quick = given.quick === true;
const long = Number(given.long ?? 600);
const rounds = Number(given.rounds ?? (quick ? 1 : 3));
function readArgs() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { quick: flag, ours: flag, help: flag, rounds: text, long: text, json: text, compare: text };
  try {
    const read = parseArgs({ options, allowPositionals: true });
    if (!read.values.help) return read;
    process.stdout.write(USAGE);
    process.exit(0);
  } catch (err) {
    process.stderr.write(`${(err as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}
/** Waits, in ms. */
const START_LIMIT = 20_000;
const CONNECT_LIMIT = 40_000;

const dir = mkdtempSync(join(tmpdir(), 'ser2net-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const programs = new Programs(dir);

/** One program through one row; the reason when it did not work, undefined when it is not installed. */
async function measure(row: Row, program: Program): Promise<Result | string | undefined> {
  const base = freeBase(row.ports);
  rmSync(programs.links, { recursive: true, force: true });
  mkdirSync(programs.links);
  const command = programs.daemon(row, base, program);
  if (command === undefined) return undefined;
  const load = new Running(programs.load(row, base), true);
  try {
    if ((await load.line(START_LIMIT)) !== 'ready') return 'the load generator did not start';
    const begin = performance.now();
    const daemon = new Running(command, false);
    try {
      const start = await untilListening(row, base, begin);
      if (start === undefined) return 'it does not listen';
      load.tell('go');
      const connected = await load.line(CONNECT_LIMIT);
      if (connected !== 'connected') return `no connection: ${connected}`;
      return { start, ...(row.mode === 'idle' ? await atRest(load, daemon) : await underLoad(row, load, daemon)) };
    } finally {
      await daemon.stop();
    }
  } catch (err) {
    return (err as Error).message;
  } finally {
    await load.stop(200);
  }
}

async function untilListening(row: Row, base: number, begin: number): Promise<number | undefined> {
  while (performance.now() - begin < START_LIMIT) {
    const open = listening();
    const now = performance.now();
    let n = row.ports;
    while (n > 0 && open.has(base + n - 1)) n--;
    if (n === 0) return now - begin;
    await sleep(row.ports > 100 ? 5 : 2);
  }
  return undefined;
}

const REST_MS = 2000;
async function atRest(load: Running, daemon: Running): Promise<Result> {
  await sleep(500);
  const before = cpuOf(daemon.pid);
  await sleep(REST_MS);
  const result = { rss: rssOf(daemon.pid), restCpu: ((cpuOf(daemon.pid) - before) * 1e6) / REST_MS };
  load.tell('done');
  await load.line(1000);
  return result;
}

async function underLoad(row: Row, load: Running, daemon: Running): Promise<Result> {
  const seconds = Number(row.args?.find((a) => a.startsWith('seconds='))?.slice(8) ?? 3);
  const before = cpuOf(daemon.pid);
  let [rss, fds] = [Number.NaN, Number.NaN];
  if (seconds > 20) {
    await sleep((seconds * 1000) / 4);
    [rss, fds] = [rssOf(daemon.pid), descriptorsOf(daemon.pid)];
    await sleep(seconds * 740);
    [rss, fds] = [rssOf(daemon.pid) - rss, descriptorsOf(daemon.pid) - fds];
  }
  const line = await load.line(seconds * 1000 + 30_000);
  const cpu = cpuOf(daemon.pid) - before;
  const said = JSON.parse(line === '' ? '{"ok":false,"error":"no answer"}' : line) as { ok: boolean } & Record<string, number>;
  if (!said.ok) throw new Error(line);
  const { ok: _, d2n = 0, n2d = 0, mb = 0, cycles = Number.NaN } = said;
  return {
    ...said,
    ok: 1,
    both: d2n + n2d,
    cpu,
    cpuPerMb: (cpu * 1000) / mb,
    cpuPerCycle: (cpu * 1000) / (cycles * seconds),
    rssGrowth: rss,
    fdGrowth: fds,
  };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const shown = (n: number): string => (Number.isNaN(n) ? '-' : n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));

function judged({ program = 'ours', beside, least, most }: Goal, of: (program: Program) => number): string | undefined {
  const ratio = of(program) / of(beside);
  if (Number.isNaN(ratio)) return undefined;
  const reached = least !== undefined ? ratio >= least : ratio <= (most ?? Infinity);
  const who = program === 'ours' ? '' : `${program} `;
  return `    goal: ${who}x${shown(ratio)} of ${beside}, ${least !== undefined ? `at least ${least}` : `at most ${most}`}: ${reached ? 'reached' : 'MISSED'}`;
}

function report(row: Row, item: Shown, results: ReadonlyMap<Program, readonly Result[]>, kept: Kept, earlier: Kept): string {
  const of = (program: Program): number => median((results.get(program) ?? []).map((r) => (r[item.key] ?? Number.NaN) * (item.times ?? 1)));
  const name = `${row.name}, ${item.unit}`;
  const ours = of('ours');
  const cells: string[] = [];
  for (const program of row.programs) {
    const n = of(program);
    if (Number.isNaN(n)) continue;
    kept[name] = { ...kept[name], [program]: n };
    cells.push(program === 'ours' ? `${program} ${shown(n)}` : `${program} ${shown(n)} (x${shown(ours / n)})`);
  }
  const old = earlier[name]?.ours;
  if (old !== undefined) cells.push(`earlier ${shown(old)} (x${shown(ours / old)})`);
  const lines = [`  ${item.unit.padEnd(18)} ${cells.join('   ')}`];
  for (const goal of item.goals ?? []) lines.push(...[judged(goal, of)].filter((line) => line !== undefined));
  if (item.limit !== undefined) lines.push(`    goal: at most ${item.limit}: ${ours <= item.limit ? 'reached' : 'MISSED'}`);
  return lines.join('\n');
}

const earlier: Kept = given.compare === undefined ? {} : (JSON.parse(readFileSync(given.compare, 'utf8')) as Kept);
const kept: Kept = {};
const wanted = rows(quick, long).filter((row) =>
  words.length === 0 ? row.when !== 'asked' && !(quick && row.when === 'not quick') : words.some((w) => row.name.includes(w)),
);
for (const row of wanted) {
  const results = new Map<Program, Result[]>();
  const failures: string[] = [];
  for (let round = 0; round < (row.when === 'asked' ? 1 : rounds); round++) {
    for (const program of row.programs.filter((program) => !given.ours || program.startsWith('ours'))) {
      const result = await measure(row, program);
      if (typeof result === 'string') failures.push(`  ${program} failed: ${result}\n`);
      else if (result !== undefined) results.set(program, [...(results.get(program) ?? []), result]);
    }
  }
  process.stdout.write(`\n${row.name}\n${failures.join('')}`);
  for (const item of row.show) process.stdout.write(`${report(row, item, results, kept, earlier)}\n`);
}
process.stdout.write('\n(xN): ours divided by that program, in the same run.\n');
if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify(kept, null, 2)}\n`);
process.exit(0);
