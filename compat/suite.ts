// The cases as a whole: finding them, playing a few at a time, checking one, and the list of known differences.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Case, parseCase, printSteps, type Step } from './case-file.ts';
import { canonicalSteps, compare, diffLines, isLikeReference } from './compare.ts';
import { blocksFor, cuts, mergeSends, type Played, type PlayOptions, play, playCuts } from './play.ts';
import { type Command, modemShim, whyNot } from './rig.ts';

/** The folder of the sources, also when the compiled program runs. */
export const HOME = [import.meta.dirname, join(import.meta.dirname, '../../compat')].find((dir) => existsSync(join(dir, 'cases')))!;
const CASES = join(HOME, 'cases');

export interface CaseFile {
  /** `telnet/greeting` */
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** The cases whose name has every word; a word `=name` is the whole name. */
export function findCases(words: readonly string[]): CaseFile[] {
  return readdirSync(CASES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => ({ name: file.replace(/\.md$/, ''), path: join(CASES, file) }))
    .filter(({ name }) => words.every((word) => (word.startsWith('=') ? name === word.slice(1) : name.includes(word))))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((file) => ({ ...file, text: readFileSync(file.path, 'utf8') }));
}

/** ser2net 4.3.11 on this machine (SER2NET_REFERENCE names another one); undefined when there is none. */
export function reference(): Command | undefined {
  const file = process.env.SER2NET_REFERENCE ?? 'ser2net';
  try {
    const text = execFileSync(file, ['-v'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.includes('version 4.3.11') ? { file, args: [] } : undefined;
  } catch {
    return undefined;
  }
}

/** The program of this project, as it was built. */
export function ours(): Command {
  const main = [join(import.meta.dirname, '../src/main.js'), join(HOME, '../build/src/main.js')].find(existsSync);
  if (main === undefined) throw new Error('build/src/main.js is not there: npm run build');
  return { file: process.execPath, args: [main] };
}

function mayWrite(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The shim where the case needs one; a string says why the case cannot be played. */
export function needs(c: Case): { readonly shim: string | undefined } | string {
  const why = whyNot();
  if (why !== undefined) return why;
  if (JSON.stringify(c.blocks).includes('%LOCK') && !mayWrite('/var/lock')) return '/var/lock cannot be written';
  if (!c.settings.has('shim')) return { shim: undefined };
  const shim = modemShim();
  return shim === undefined ? 'no C compiler for the modem lines' : { shim };
}

/** Runs the jobs, so many at a time, and keeps the process alive until all are done. */
export async function pool<T>(jobs: readonly T[], atOnce: number, run: (job: T) => Promise<void>): Promise<void> {
  // The waits of the rig do not keep a process alive on their own.
  const alive = setInterval(() => undefined, 1000);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < jobs.length) await run(jobs[next++]!);
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    clearInterval(alive);
  }
}

export interface Verdict {
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly why: readonly string[];
}

const stepLines = (steps: readonly Step[]): string[] => printSteps('wire', canonicalSteps(mergeSends(steps))).text.split('\n');
const sameSteps = (wanted: readonly Step[], seen: readonly Step[]): boolean => stepLines(wanted).join('\n') === stepLines(seen).join('\n');

/** Plays a case and compares. onPlayed sees the play, for what wants to look closer. */
export async function check(file: CaseFile, command: Command, isOurs: boolean, onPlayed?: (c: Case, p: Played) => void): Promise<Verdict> {
  let c: Case;
  try {
    c = parseCase(file.text);
  } catch (err) {
    return { status: 'failed', why: [`  ${(err as Error).message}`] };
  }
  const need = needs(c);
  if (typeof need === 'string') return { status: 'skipped', why: [`  ${need}`] };
  const only = c.settings.get('only');
  if (only !== undefined && (only === 'ours') !== isOurs) return { status: 'skipped', why: [`  only for ${only}`] };
  const options: PlayOptions = { command, mode: 'check', ours: isOurs, shim: need.shim };
  let played = await play(c, options);
  // Somebody else took a port between its choice and its use: that says nothing about the program.
  const taken = 'Address already in use';
  if (!file.text.includes(taken) && JSON.stringify(played.blocks).includes(taken)) played = await play(c, options);
  const why = compare(c, isOurs, played);
  onPlayed?.(c, played);
  if (isOurs && c.settings.has('difference') && why.length > 0 && isLikeReference(c, played))
    why.unshift(`  difference ${c.settings.get('difference')} does not happen any more: this is what the reference does`);
  if (why.length === 0 && c.settings.get('cut') === 'every') {
    try {
      const wrong = await playCuts(c, options, sameSteps);
      if (wrong !== undefined) {
        const wanted = blocksFor(c, isOurs).flatMap((b) => (b.kind === 'steps' ? b.steps : []));
        why.push(`  cut ${wrong.cut}:`, ...diffLines(stepLines(wanted), stepLines(wrong.seen)), ...wrong.problem);
      }
    } catch (err) {
      why.push(`  ${(err as Error).message}`);
    }
  }
  return { status: why.length === 0 ? 'passed' : 'failed', why };
}

/** How many plays a case with cuts makes. */
export const cutCount = (c: Case): number => c.blocks.reduce((n, b) => n + (b.kind === 'steps' ? cuts(b.steps).length : 0), 0);

/** The numbers in the table of differences.md. */
export function listedDifferences(): Set<string> {
  const text = readFileSync(join(HOME, 'differences.md'), 'utf8');
  return new Set([...text.matchAll(/^\| (\d+) \|/gm)].map((m) => m[1]!));
}

/** What does not agree between the cases and differences.md, as sentences. */
export function differenceProblems(files: readonly CaseFile[]): string[] {
  const listed = listedDifferences();
  const used = new Set<string>();
  const out: string[] = [];
  for (const file of files) {
    const c = parseCase(file.text);
    const numbers = (c.settings.get('difference') ?? '').split(/,? +/).filter((n) => n !== '');
    const hasOurs = c.blocks.some((b) => b.kind !== 'prose' && b.ours);
    if (hasOurs !== numbers.length > 0) out.push(`${file.name}: blocks marked ours and a difference number go together`);
    for (const n of numbers) {
      used.add(n);
      if (!listed.has(n)) out.push(`${file.name}: difference ${n} is not in differences.md`);
    }
  }
  for (const n of listed) if (!used.has(n)) out.push(`difference ${n} in differences.md has no case`);
  return out;
}

export const showName = (path: string): string => relative(process.cwd(), path);
