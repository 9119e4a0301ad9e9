// run WORD...: plays the cases whose name has every word on the program of this project and compares.
// --reference: on the reference instead. --re-record: records each case again on the reference and compares with what is here.
import { parseCase, printCase } from './case-file.ts';
import { diffLines } from './compare.ts';
import { play } from './play.ts';
import { recorded } from './record.ts';
import { type CaseFile, check, differenceProblems, findCases, needs, ours, pool, reference, showName, type Verdict } from './suite.ts';

async function recordAgain(file: CaseFile): Promise<Verdict> {
  const command = reference();
  const c = parseCase(file.text);
  const need = needs(c);
  if (command === undefined) return { status: 'skipped', why: ['  the reference is not installed'] };
  if (typeof need === 'string') return { status: 'skipped', why: [`  ${need}`] };
  if (c.settings.get('only') === 'ours') return { status: 'skipped', why: ['  only for ours'] };
  const played = await play(c, { command, mode: 'record', ours: false, shim: need.shim });
  const why =
    played.problem === undefined ? diffLines(file.text.split('\n'), printCase(recorded(c, played)).split('\n')) : [played.problem];
  return { status: why.length === 0 ? 'passed' : 'failed', why };
}

async function main(args: readonly string[]): Promise<number> {
  const words = args.filter((a) => !a.startsWith('--'));
  const again = args.includes('--re-record');
  const onReference = args.includes('--reference');
  const command = onReference ? reference() : again ? undefined : ours();
  if (onReference && command === undefined) {
    process.stderr.write('the reference (ser2net 4.3.11) is not installed\n');
    return 1;
  }
  const files = findCases(words);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const tell = (name: string, { status, why }: Verdict): void => {
    counts[status]++;
    if (status !== 'passed') process.stdout.write(`${status}: ${name}\n${why.map((line) => `${line}\n`).join('')}`);
  };
  const judge = async (file: CaseFile): Promise<Verdict> => {
    try {
      return command === undefined ? await recordAgain(file) : await check(file, command, !onReference);
    } catch (err) {
      return { status: 'failed', why: [`  ${err instanceof Error ? err.message : String(err)}`] };
    }
  };
  const doubtful: CaseFile[] = [];
  await pool(files, 4, async (file) => {
    const verdict = await judge(file);
    if (verdict.status === 'failed') doubtful.push(file);
    else tell(showName(file.path), verdict);
  });
  // On a busy machine a case may run out of time: what failed among others is judged by how it does alone.
  await pool(doubtful, 1, async (file) => {
    const verdict = await judge(file);
    if (verdict.status === 'passed') process.stdout.write(`only alone: ${showName(file.path)}\n`);
    tell(showName(file.path), verdict);
  });
  if (words.length === 0)
    for (const problem of differenceProblems(files)) tell('differences.md', { status: 'failed', why: [`  ${problem}`] });
  if (files.length === 0) process.stdout.write(`no case has all of: ${words.join(' ')}\n`);
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  return counts.failed > 0 || files.length === 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
