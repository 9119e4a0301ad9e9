// npm run torture -- hostile: one flood of each kind beside a quiet client, on this program and on the reference. What counts is the
// longest time somebody else waits: for a byte that comes back, for a port that opens, and for the end after SIGTERM.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ByteStream } from '../../../src/gensio/uv-handle.ts';
import { freeBase, listening, Running } from '../../bench/processes.ts';
import type { Command } from '../../bench/programs.ts';
import { buildShim, Shim } from '../../faults/shim.ts';
import { pause, until } from '../limits.ts';
import { newPty } from '../pty-pair.ts';
import type { Orders } from './floods.ts';
import { Echo, Visits } from './quiet.ts';
import { clear, type Ground, type Row } from './rows.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.js');
const FLOODS = join(import.meta.dirname, 'floods.js');
export const REFERENCE = '/usr/sbin/ser2net';
/** After the flood, for an answer that has not come. */
const DEAD_MS = 20_000;
/** After SIGTERM, before the process is killed. */
const STOP_MS = 15_000;

export type Program = 'ours' | 'reference';

/** What was measured, in ms. */
export interface Measured {
  /** The longest wait for a byte that comes back at once. */
  readonly echo: number;
  /** The longest time from a call to the first byte from another port's device. */
  readonly open: number;
  /** From SIGTERM to the end of the process; as long as was waited, where it had to be killed. */
  readonly stop: number;
  /** How many there were of the first two. */
  readonly echoes: number;
  readonly opens: number;
}
export type Outcome = { readonly row: string; readonly program: Program } & (Measured | { readonly why: string });

/** A pty that sends back what it gets, behind a link. */
function echoDevice(link: string): () => void {
  const { master, path, closeSlave } = newPty();
  const stream: ByteStream = ByteStream.ofDescriptor(master, {
    read: (data) => void stream.write(Buffer.from(data)),
    writable: () => undefined,
    ended: () => undefined,
    gone: () => undefined,
  });
  stream.setReading(true);
  symlinkSync(path, link);
  return () => {
    closeSlave();
    stream.destroy();
  };
}

function shimFor(row: Row, dir: string): { readonly words: readonly string[]; readonly shim: Shim } | { readonly why: string } | undefined {
  if (row.slow === undefined) return undefined;
  const built = buildShim(dir);
  if ('why' in built) return built;
  const shim = new Shim(join(dir, 'shim'), 'nothing');
  shim.slow('slow', row.slow.calls, row.slow.ms);
  return { words: ['env', `LD_PRELOAD=${built.library}`, `FAULTSHIM_FILE=${shim.path}`], shim };
}

export interface HostileOptions {
  /** How long each flood lasts. */
  readonly seconds: number;
  /** Where profiles of this program go, if they are wanted. */
  readonly profile?: string;
}

/** Runs one row on one program. */
export async function attack(row: Row, program: Program, { seconds, profile }: HostileOptions): Promise<Outcome> {
  const named = { row: row.name, program };
  const why = row.why?.() ?? (program === 'reference' && !existsSync(REFERENCE) ? 'ser2net is not installed' : undefined);
  if (why !== undefined) return { ...named, why };
  const dir = mkdtempSync(join(tmpdir(), 'hostile-'));
  const taken: { readonly from: number; readonly to: number }[] = [];
  const ports = (count: number): number => {
    const from = freeBase(count);
    if (taken.some((each) => from < each.to && each.from < from + count)) return ports(count);
    taken.push({ from, to: from + count });
    return from;
  };
  const ground: Ground = { dir, reference: program === 'reference', ports, litter: [] };
  const ends: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true }), () => clear(ground)];
  try {
    const preload = shimFor(row, dir);
    if (preload !== undefined && 'why' in preload) return { ...named, why: preload.why };
    if (preload !== undefined) ends.push(() => preload.shim.close());
    const { connections, admin, flood, devices = [], reload } = await row.build(ground);
    const [quiet, fresh] = [ports(1), ports(1)];
    ends.push(echoDevice(join(dir, 'fresh')));
    const file = join(dir, 'ser2net.yaml');
    const configure = (rest: string): void => {
      const head = admin === undefined ? '' : `admin:\n  accepter: ${admin}\n\n`;
      const own = `connection: &quiet\n  accepter: tcp(nodelay),127.0.0.1,${quiet}\n  connector: echo\n\nconnection: &fresh\n  accepter: tcp,127.0.0.1,${fresh}\n  connector: serialdev,${dir}/fresh,9600n81,local\n  options:\n    max-connections: 4\n\n`;
      writeFileSync(`${file}.new`, `%YAML 1.1\n---\n${head}${own}${rest}`);
      renameSync(`${file}.new`, file);
    };
    configure(connections);
    const orders: Orders = { flood, devices, seconds };
    const attacker = fork(FLOODS, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    ends.push(() => attacker.kill('SIGKILL'));
    await once(attacker, 'message');

    const profiling =
      profile === undefined || program !== 'ours'
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${row.name.replace(/\W+/g, '-')}.cpuprofile`];
    const words = [
      ...(preload?.words ?? []),
      ...(program === 'ours' ? [process.execPath, ...profiling, MAIN] : [REFERENCE]),
      '-n',
      '-u',
      '-c',
      file,
    ];
    const command: Command = { file: words[0]!, args: words.slice(1) };
    const daemon = new Running(command, false);
    ends.push(() => daemon.stop(0));
    await until(`${program} to listen for '${row.name}'`, () => listening().has(quiet) && listening().has(fresh), 60_000);
    const [echo, visits] = [new Echo(quiet), new Visits(fresh)];
    ends.push(
      () => echo.close(),
      () => visits.close(),
    );
    await until(`${program} to serve before '${row.name}'`, () => echo.echoes > 20 && visits.count > 1);
    // What starting cost is not what is measured.
    await pause(200);
    for (const each of [echo, visits]) each.reset();

    const over = once(attacker, 'exit');
    attacker.send('go');
    if (reload !== undefined) {
      configure(reload);
      process.kill(daemon.pid, 'SIGHUP');
    }
    await over;
    const served = (): boolean => echo.served && visits.served;
    const settled = visits.count + 2;
    await until('the last answers', () => (served() && visits.count >= settled) || echo.ended, DEAD_MS).catch(() => undefined);
    const measured = { echo: echo.longest, open: visits.longest, echoes: echo.echoes, opens: visits.count };
    if (echo.ended) return { ...named, why: 'the quiet client was hung up on' };
    for (const each of [echo, visits]) each.close();
    const from = performance.now();
    await daemon.stop(STOP_MS);
    return { ...named, ...measured, stop: performance.now() - from };
  } catch (err) {
    return { ...named, why: (err as Error).message };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

const COLUMNS = ['echo', 'open', 'stop'] as const;
const ms = (value: number, limit: number): string =>
  value >= limit ? `> ${Math.round(limit / 1000)} s` : value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : value.toFixed(0);

/** The rows as a table of Markdown, ours and the reference's side by side. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.map(({ row }) => row))];
  const cells = (row: string, program: Program): readonly string[] => {
    const found = outcomes.find((each) => each.row === row && each.program === program);
    if (found === undefined) return COLUMNS.map(() => '');
    if ('why' in found) return [found.why, '', ''];
    return [ms(found.echo, DEAD_MS), ms(found.open, DEAD_MS), ms(found.stop, STOP_MS)];
  };
  const lines = names.map((name) => `| ${[name, ...cells(name, 'ours'), ...cells(name, 'reference')].join(' | ')} |`);
  return [
    '| longest wait in ms | echo | open | stop | echo, ser2net | open, ser2net | stop, ser2net |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

export interface RunOptions extends HostileOptions {
  readonly rows: readonly Row[];
  readonly programs: readonly Program[];
  readonly say: (line: string) => void;
}

/** All rows, one after the other. */
export async function hostile({ rows, programs, say, ...options }: RunOptions): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const row of rows)
    for (const program of programs) {
      const outcome = await attack(row, program, options);
      outcomes.push(outcome);
      say(
        `${program} ${row.name}: ${'why' in outcome ? outcome.why : COLUMNS.map((name) => `${name} ${outcome[name].toFixed(0)}`).join(', ')}`,
      );
    }
  return outcomes;
}
