// npm run bench: this daemon beside real ser2net (with its defaults, and tuned), socat and a minimal C loop, in one run, in turn.
// Prints medians and ratios; --json FILE writes them, --compare FILE shows them beside an earlier run's, --quick does one short
// round, words choose rows by name. What is not installed is left out. Nothing here is a test: the numbers depend on the machine.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const HERE = resolve(import.meta.dirname, '../../../test/bench');
const MAIN = resolve(import.meta.dirname, '../../src/main.js');
const args = process.argv.slice(2);
const flag = (name: string): boolean => args.includes(name);
const value = (name: string): string | undefined => (flag(name) ? args[args.indexOf(name) + 1] : undefined);
const quick = flag('--quick');
const words = args.filter((a, i) => !a.startsWith('--') && !['--json', '--compare'].includes(args[i - 1] ?? ''));

type Program = 'ours' | 'ours, no chardelay' | 'ser2net' | 'ser2net tuned' | 'socat' | 'C loop';
type Result = Readonly<Record<string, number>>;
/** What the load generator prints. */
type Measured = { ok: boolean; mb?: number } & { [key: string]: number };
interface Row {
  readonly name: string;
  readonly mode: string;
  readonly ports: number;
  readonly args?: readonly string[];
  readonly rfc2217?: true;
  /** Users a port has room for. */
  readonly users?: number;
  readonly programs: readonly Program[];
  /** What is shown: key of the result, unit, factor; up: more is better. */
  readonly show: readonly { readonly key: string; readonly unit: string; readonly times?: number; readonly up?: true }[];
}

const seconds = quick ? 'seconds=1' : 'seconds=4';
const samples = quick ? 'samples=100' : 'samples=500';
const CPU = { key: 'cpuPerMb', unit: 'ms CPU/MB' } as const;
const RATE = [{ key: 'd2n', unit: 'MB/s from device', up: true }, { key: 'n2d', unit: 'MB/s to device', up: true }, CPU] as const;
const LATENCY = [
  { key: 'p50', unit: 'ms p50', times: 1000 },
  { key: 'p99', unit: 'ms p99', times: 1000 },
] as const;
const ALL: readonly Program[] = ['ours', 'ser2net', 'ser2net tuned', 'C loop'];

const ROWS: readonly Row[] = [
  ...[1, 16, 64].map(
    (ports): Row => ({ name: `bulk raw, ${ports} ports`, mode: 'bulk', ports, args: [seconds], programs: ALL, show: RATE }),
  ),
  ...[1, 16].map(
    (ports): Row => ({
      name: `bulk RFC 2217, ${ports} ports`,
      mode: 'bulk',
      ports,
      args: [seconds, 'telnet=1'],
      rfc2217: true,
      programs: ['ours', 'ser2net', 'ser2net tuned'],
      show: RATE,
    }),
  ),
  {
    name: 'paced 48 x 921600 baud',
    mode: 'paced',
    ports: 48,
    args: [quick ? 'seconds=2' : 'seconds=6', 'rate=92160', 'tick=5'],
    programs: ALL,
    show: [{ key: 'cpu', unit: 's CPU' }, ...LATENCY],
  },
  ...[1, 16, 128].map(
    (size): Row => ({
      name: `round trip, ${size} bytes`,
      mode: 'rtt',
      ports: 1,
      args: [`size=${size}`, samples],
      programs: ['ours', 'ours, no chardelay', 'ser2net', 'socat'],
      show: LATENCY,
    }),
  ),
  {
    name: 'connect, exchange, close',
    mode: 'churn',
    ports: 1,
    args: [seconds],
    programs: ['ours', 'ser2net'],
    show: [
      { key: 'cycles', unit: 'cycles/s', up: true },
      { key: 'lost', unit: 'lost' },
      { key: 'refused', unit: 'refused' },
    ],
  },
  {
    name: 'broadcast to 100',
    mode: 'broadcast',
    ports: 1,
    args: [seconds, 'clients=100'],
    users: 100,
    programs: ALL,
    show: [{ key: 'd2n', unit: 'MB/s', up: true }, CPU],
  },
  { name: 'SET-BAUDRATE round trip', mode: 'baud', ports: 1, args: [samples], rfc2217: true, programs: ['ours', 'ser2net'], show: LATENCY },
  ...[1, 16, 128, 1024].map(
    (ports): Row => ({
      name: `start and memory, ${ports} ports`,
      mode: 'idle',
      ports,
      programs: ['ours', 'ser2net'],
      show: [
        { key: 'start', unit: 'ms to listening' },
        { key: 'rss', unit: 'MB connected' },
      ],
    }),
  ),
];

const installed = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const dir = mkdtempSync(join(tmpdir(), 'ser2net-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

function compile(name: string): string | undefined {
  const out = join(dir, name);
  const { status, stderr } = spawnSync('cc', ['-O2', '-o', out, join(HERE, `${name}.c`), '-lutil'], { encoding: 'utf8' });
  if (status === 0) return out;
  process.stderr.write(`${name}.c could not be compiled: ${stderr ?? 'no C compiler'}\n`);
  return undefined;
}

/** The configuration for real ser2net and ours alike. */
function configuration(row: Row, base: number, program: Program): string {
  const tuned = program === 'ser2net tuned';
  const quickly = tuned || program === 'ours, no chardelay';
  const telnet = row.rfc2217 ? 'telnet(rfc2217),' : '';
  const tcp = tuned ? 'tcp(readbuf=65536,nodelay)' : 'tcp';
  const lines = ['%YAML 1.1', '---'];
  for (let i = 0; i < row.ports; i++) {
    lines.push(`connection: &c${i}`, `  accepter: ${telnet}${tcp},127.0.0.1,${base + i}`);
    lines.push(
      `  connector: serialdev${tuned ? '(readbuf=65536)' : ''},${dir}/links/${i},921600n81,local`,
      '  options:',
      `    max-connections: ${row.users ?? 1}`,
    );
    if (quickly) lines.push('    chardelay: false');
    if (tuned) lines.push('    dev-to-net-bufsize: 65536', '    net-to-dev-bufsize: 65536');
  }
  return `${lines.join('\n')}\n`;
}

/** The command for a program; undefined: it cannot be had here. */
function command(row: Row, base: number, program: Program): [string, string[]] | undefined {
  const file = join(dir, 'bench.yaml');
  if (program === 'C loop') return splice === undefined ? undefined : [splice, [join(dir, 'links'), String(base), String(row.ports)]];
  if (program === 'socat')
    return installed('socat')
      ? ['socat', [`tcp-listen:${base},bind=127.0.0.1,reuseaddr,nodelay,fork`, `${dir}/links/0,raw,echo=0`]]
      : undefined;
  writeFileSync(file, configuration(row, base, program));
  if (program.startsWith('ours')) return [process.execPath, [MAIN, '-n', '-u', '-c', file]];
  return installed('ser2net') ? ['ser2net', ['-n', '-u', '-c', file]] : undefined;
}

const TICKS = 100;
/** CPU seconds of a process and its children. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean);
  return (fields[11]! + fields[12]!) / TICKS + children.reduce((sum, child) => sum + cpuOf(Number(child)), 0);
}
const rssOf = (pid: number): number => Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;

/** Ports of this machine in state LISTEN. */
function listening(): Set<number> {
  const ports = new Set<number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'latin1').split('\n')) {
      const m = /^\s*[0-9]+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /.exec(line);
      if (m !== null) ports.add(Number.parseInt(m[1]!, 16));
    }
  }
  return ports;
}
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A free range of ports. */
function freeBase(count: number): number {
  const used = listening();
  for (let base = 20000 + Math.floor(Math.random() * 8000); ; base += 64) {
    if (Array.from({ length: count }, (_, i) => base + i).every((p) => !used.has(p))) return base;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 6000);
  await gone;
  clearTimeout(timer);
}

async function measure(row: Row, program: Program): Promise<Result | undefined> {
  const base = freeBase(row.ports);
  rmSync(join(dir, 'links'), { recursive: true, force: true });
  spawnSync('mkdir', [join(dir, 'links')]);
  const generator = spawn(load!, [row.mode, join(dir, 'links'), String(base), String(row.ports), ...(row.args ?? [])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said = createInterface({ input: generator.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => ((await said.next()) as { value?: string }).value ?? '';
  await next();
  const what = command(row, base, program);
  if (what === undefined) {
    generator.kill();
    return undefined;
  }
  const begin = performance.now();
  const daemon = spawn(what[0], what[1], { stdio: 'ignore' });
  const wanted = Array.from({ length: row.ports }, (_, i) => base + i);
  let start = Number.NaN;
  while (performance.now() - begin < 20_000) {
    const open = listening();
    if (wanted.every((p) => open.has(p))) {
      start = performance.now() - begin;
      break;
    }
    await sleep(2);
  }
  generator.stdin.write('go\n');
  const connected = await next();
  const before = cpuOf(daemon.pid!);
  if (row.mode === 'idle') {
    await sleep(500);
    const rss = rssOf(daemon.pid!);
    generator.stdin.write('done\n');
    await next();
    await stop(daemon);
    return { start, rss };
  }
  const line = connected === 'connected' ? await next() : connected;
  const cpu = cpuOf(daemon.pid!) - before;
  await stop(daemon);
  generator.kill();
  const { ok, ...result } = JSON.parse(line || '{"ok":false}') as Measured;
  if (!ok) {
    process.stderr.write(`${row.name}, ${program}: ${line}\n`);
    return undefined;
  }
  return { ...result, start, cpu, ...(result.mb !== undefined && result.mb > 0 && { cpuPerMb: (cpu * 1000) / result.mb }) };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const shown = (n: number): string => (Number.isNaN(n) ? '-' : n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));

const load = compile('load');
const splice = compile('splice');
if (load === undefined) {
  process.stderr.write('The bench needs a C compiler (cc) for its load generator.\n');
  process.exit(1);
}
const earlier =
  value('--compare') === undefined ? {} : (JSON.parse(readFileSync(value('--compare')!, 'utf8')) as Record<string, Record<string, number>>);
const kept: Record<string, Record<string, number>> = {};
for (const row of ROWS.filter((r) => words.every((w) => r.name.includes(w)))) {
  const results = new Map<Program, Result[]>();
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const program of row.programs) {
      const result = await measure(row, program);
      if (result !== undefined) results.set(program, [...(results.get(program) ?? []), result]);
    }
  }
  process.stdout.write(`\n${row.name}\n`);
  for (const { key, unit, times = 1 } of row.show) {
    const of = (program: Program): number => median((results.get(program) ?? []).map((r) => (r[key] ?? Number.NaN) * times));
    const ours = of('ours');
    const cells = row.programs.map((program) => {
      const n = of(program);
      kept[`${row.name}, ${unit}`] = { ...kept[`${row.name}, ${unit}`], [program]: n };
      return program === 'ours' || Number.isNaN(n) ? `${program} ${shown(n)}` : `${program} ${shown(n)} (x${shown(ours / n)})`;
    });
    const old = earlier[`${row.name}, ${unit}`]?.ours;
    process.stdout.write(`  ${unit.padEnd(18)} ${cells.join('   ')}${old === undefined ? '' : `   earlier ${shown(old)}`}\n`);
  }
}
process.stdout.write('\n(xN): ours divided by that program, in the same run.\n');
if (value('--json') !== undefined) writeFileSync(value('--json')!, `${JSON.stringify(kept, null, 2)}\n`);
