// Runs the tests: every file ending in .test.js below this folder whose path has each word given, two at once, each in a process of its own.
// A file that passes is one line; of one that fails everything it said is shown. What failed among others runs once more alone, as on a
// busy machine a test may run out of time: it counts as passed then, and is named in the last lines, after the counts.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const AT_ONCE = 2;
const MAX_MS = 240_000;
const COUNTS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

interface Outcome {
  readonly file: string;
  readonly passed: boolean;
  readonly output: string;
  readonly counts: Counts;
}

const here = import.meta.dirname;
const words = process.argv.slice(2);
/** The compiler leaves the output of a source that was moved or removed: that is no test any more. */
const hasSource = (file: string): boolean => existsSync(join(here, '../../test', file.replace(/\.js$/, '.ts')));
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && hasSource(file) && words.every((word) => file.includes(word)))
  .sort()
  .map((file) => relative(process.cwd(), join(here, file)));
if (files.length === 0) {
  process.stderr.write(`no test file has all of: ${words.join(' ')}\n`);
  process.exit(1);
}

const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };

function runFile(file: string): Promise<Outcome> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', '--test-reporter=spec', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    timeout: MAX_MS,
    killSignal: 'SIGKILL',
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return new Promise((resolve) => {
    child.on('error', (err) => said.push(`${err.message}\n`));
    child.on('close', (code, signal) => {
      if (signal !== null) said.push(`${file} ended by ${signal} after ${Math.round(performance.now() - began)} ms\n`);
      const output = said.join('');
      const count = (name: string): number => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
      const counts = Object.fromEntries(COUNTS.map((name) => [name, count(name)])) as Counts;
      const outcome = { file, passed: code === 0, output, counts };
      show(outcome, performance.now() - began);
      resolve(outcome);
    });
  });
}

/** What skips say, and the tests' own remarks. */
const REMARK = new RegExp(`^\\s*(﹣|ℹ (?!(${COUNTS.join('|')}|duration_ms) ))`);
function show({ file, passed, output, counts }: Outcome, ms: number): void {
  if (!passed || files.length === 1) process.stdout.write(output);
  const remarks = passed && files.length > 1 ? output.split('\n').filter((line) => REMARK.test(line)) : [];
  process.stdout.write(`${passed ? 'ok' : 'NOT OK'} ${file}: ${counts.pass} passed, ${(ms / 1000).toFixed(1)} s\n`);
  for (const line of remarks) process.stdout.write(`   ${line.trim()}\n`);
}

const began = performance.now();
const outcomes: Outcome[] = [];
const waiting = [...files];
const worker = async (): Promise<void> => {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) outcomes.push(await runFile(file));
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));

const failed = outcomes.filter(({ passed }) => !passed);
const onlyAlone: Outcome[] = [];
if (failed.length > 0 && files.length > 1) {
  process.stdout.write('\nOnce more, alone:\n');
  for (const first of failed) {
    const again = await runFile(first.file);
    if (!again.passed) continue;
    onlyAlone.push(first);
    outcomes[outcomes.indexOf(first)] = again;
  }
}
for (const { file, output } of onlyAlone) process.stdout.write(`\nFailed among others: ${file}\n${reasons(output)}\n`);
const lost = outcomes.filter(({ passed }) => !passed);
for (const { file, output } of lost) process.stdout.write(`\nFailed: ${file}\n${reasons(output)}\n`);
process.stdout.write('\n');
for (const name of COUNTS) process.stdout.write(`# ${name} ${outcomes.reduce((sum, { counts }) => sum + counts[name], 0)}\n`);
process.stdout.write(`# duration_ms ${Math.round(performance.now() - began)}\n`);
for (const { file, output } of onlyAlone)
  for (const name of failures(output)) process.stdout.write(`Passed only alone: ${file}: ${name}\n`);
process.exitCode = lost.length > 0 ? 1 : 0;

/** The names of the tests that failed; of a file that was ended, why that was. */
function failures(output: string): readonly string[] {
  const names = [...reasons(output).matchAll(/^✖ (.*?)(?: \([0-9.]+ms\))?$/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'failing tests:');
  return names.length > 0 ? names : [output.trim().split('\n').at(-1) ?? ''];
}

/** The part of the reporter's output that tells why, or its end. */
function reasons(output: string): string {
  const at = output.indexOf('✖ failing tests:');
  return output.slice(at >= 0 ? at : -4000).trim();
}
