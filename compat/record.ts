// record WORD...: plays the cases whose name has every word on the reference and writes what happened into them.
// --new: only cases that were never recorded. --check: play once more and tell when the second time was different.
// --ours=N: plays them on the program of this project instead and writes what differs into blocks marked ours, as difference N.
import { writeFileSync } from 'node:fs';
import { type Block, type Case, parseCase, printCase } from './case-file.ts';
import { canonicalText, compare } from './compare.ts';
import { type Played, play } from './play.ts';
import { type CaseFile, check, findCases, needs, ours, pool, reference, showName } from './suite.ts';

/** The case with what was seen; blocks marked ours stay as they are, at its end. */
export function recorded(c: Case, played: Played): Case {
  const ours = c.blocks.filter((b) => b.kind !== 'prose' && b.ours);
  const settings = new Map([['reference', 'ser2net 4.3.11, gensio 2.6.2'], ...c.settings]);
  return { ...c, settings, blocks: [...played.blocks, ...ours] };
}

/** The case with blocks marked ours wherever this program did something else; undefined when it did not. */
export function withOurs(c: Case, played: Played, difference: string): Case | undefined {
  const plain = c.blocks.filter((b) => b.kind === 'prose' || !b.ours);
  const text = (blocks: readonly Block[], wanted: (b: Block) => boolean): string => canonicalText(blocks.filter(wanted)).join('\n');
  const isSteps = (b: Block): boolean => b.kind === 'steps';
  const mine: Block[] = [];
  if (text(plain, isSteps) !== text(played.blocks, isSteps))
    mine.push(...played.blocks.flatMap((b): Block[] => (b.kind === 'steps' ? [{ ...b, ours: true }] : [])));
  const keys = new Set([...plain, ...played.blocks].flatMap((b) => (b.kind === 'text' ? [`${b.type} ${b.name}`] : [])));
  for (const key of keys) {
    const isIt = (b: Block): boolean => b.kind === 'text' && `${b.type} ${b.name}` === key;
    if (text(plain, isIt) === text(played.blocks, isIt)) continue;
    const [type = '', name = ''] = key.split(' ');
    const seen = played.blocks.find(isIt);
    mine.push({ kind: 'text', type, name, ours: true, text: seen?.kind === 'text' ? seen.text : '' });
  }
  if (mine.length === 0) return undefined;
  return { ...c, settings: new Map([...c.settings, ['difference', difference]]), blocks: [...plain, ...mine] };
}

async function recordOurs(file: CaseFile, difference: string): Promise<string[]> {
  const c = parseCase(file.text);
  const need = needs(c);
  if (typeof need === 'string') return [`  ${need}`];
  const played = await play(c, { command: ours(), mode: 'record', ours: false, shim: need.shim, lenient: true });
  if (played.problem !== undefined) return [`  ${played.problem}`];
  const changed = withOurs(c, played, difference);
  if (changed === undefined) return ['  nothing differs'];
  writeFileSync(file.path, printCase(changed));
  return [];
}

const isRecorded = (c: Case): boolean => c.settings.has('reference');

async function main(args: readonly string[]): Promise<number> {
  const words = args.filter((a) => !a.startsWith('--'));
  const difference = args.find((a) => a.startsWith('--ours='))?.slice('--ours='.length);
  const command = difference === undefined ? reference() : ours();
  if (command === undefined) {
    process.stderr.write('the reference (ser2net 4.3.11) is not installed; SER2NET_REFERENCE may name it\n');
    return 1;
  }
  const files = findCases(words).filter((f) => !args.includes('--new') || !isRecorded(parseCase(f.text)));
  let failed = 0;
  await pool(files, 6, async (file) => {
    const problems =
      difference === undefined ? await recordOne(file, command, args.includes('--check')) : await recordOurs(file, difference);
    if (problems.length > 0) failed++;
    process.stdout.write(
      `${problems.length > 0 ? 'FAILED' : 'recorded'} ${showName(file.path)}\n${problems.map((p) => `${p}\n`).join('')}`,
    );
  });
  process.stdout.write(`${files.length - failed} recorded, ${failed} failed\n`);
  return failed > 0 || files.length === 0 ? 1 : 0;
}

async function recordOne(file: CaseFile, command: { file: string; args: readonly string[] }, again: boolean): Promise<string[]> {
  let c: Case;
  try {
    c = parseCase(file.text);
  } catch (err) {
    return [`  ${(err as Error).message}`];
  }
  const need = needs(c);
  if (typeof need === 'string') return [`  ${need}`];
  if (c.settings.get('only') === 'ours') return [];
  const played = await play(c, { command, mode: 'record', ours: false, shim: need.shim });
  if (played.problem !== undefined) return [`  ${played.problem}`, ...compare(c, false, played)];
  const text = printCase(recorded(c, played));
  writeFileSync(file.path, text);
  if (!again) return [];
  const verdict = await check({ ...file, text }, command, false);
  return verdict.status === 'failed' ? ['  the second time was different:', ...verdict.why] : [];
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.slice(2));
