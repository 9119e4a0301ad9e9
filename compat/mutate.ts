// mutate WORD...: is the comparison awake? Changes one wanted byte or line of a case at a time and demands that the runner fails.
// What happened is taken from the case itself, so nothing is started; a few mutants (--live=N, 3) are played for real.
// A sample with a printed seed (--seed=N repeats it); --all takes every byte.
import { type Block, type Case, isGiven, parseCase, type Step } from './case-file.ts';
import { compare } from './compare.ts';
import { blocksFor, play } from './play.ts';
import { type CaseFile, findCases, needs, ours, pool, reference } from './suite.ts';

/** A case with one thing changed, and what that is. */
export interface Mutant {
  readonly what: string;
  readonly mutant: Case;
}

/** mulberry32: the same numbers for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every change of one wanted byte, line or word; pick says which of so many bytes to take. */
export function* mutants(c: Case, isOurs: boolean, pick: (bytes: number) => Iterable<number>): Generator<Mutant> {
  const active = new Set(blocksFor(c, isOurs));
  for (const [at, block] of c.blocks.entries()) {
    if (!active.has(block) || block.kind === 'prose' || (block.kind === 'text' && isGiven(block.type))) continue;
    const put = (what: string, changed: Block): Mutant => ({ what, mutant: { ...c, blocks: c.blocks.with(at, changed) } });
    if (block.kind === 'text') {
      if (block.text === '') continue;
      yield put(`${block.type} emptied`, { ...block, text: '' });
      yield put(`${block.type} with a line more`, { ...block, text: `${block.text}\nmore` });
      for (const i of pick(block.text.length)) {
        const c1 = String.fromCharCode(block.text.charCodeAt(i) ^ 1);
        yield put(`${block.type} character ${i}`, { ...block, text: block.text.slice(0, i) + c1 + block.text.slice(i + 1) });
      }
      continue;
    }
    for (const [s, step] of block.steps.entries()) {
      const put1 = (what: string, ...steps: Step[]): Mutant =>
        put(`step ${s} (${what})`, { ...block, steps: block.steps.toSpliced(s, 1, ...steps) });
      if (step.kind === 'state') {
        yield put1('dropped');
        yield put1('another word', { ...step, text: `${step.text}x` });
      }
      if (step.kind !== 'bytes' || step.bytes === undefined) continue;
      yield put1('dropped');
      yield put1('a byte more', { ...step, bytes: Buffer.concat([step.bytes, Buffer.of(0x21)]) });
      for (const i of pick(step.bytes.length)) {
        const bytes = Buffer.from(step.bytes);
        bytes[i] = bytes[i]! ^ 1;
        yield put1(`byte ${i}`, { ...step, bytes });
      }
    }
  }
}

const number = (args: readonly string[], name: string, otherwise: number): number =>
  Number(args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise);

async function main(args: readonly string[]): Promise<number> {
  const seed = number(args, 'seed', Math.floor(Math.random() * 2 ** 31));
  const random = randomNumbers(seed);
  const all = args.includes('--all');
  const pick = (count: number): Iterable<number> =>
    all ? Array.from({ length: count }, (_, i) => i) : count === 0 ? [] : [Math.floor(random() * count), count - 1];
  const files = findCases(args.filter((a) => !a.startsWith('--')));
  const survivors: string[] = [];
  const candidates: { readonly file: CaseFile; readonly mutant: Mutant }[] = [];
  let count = 0;
  for (const file of files) {
    const c = parseCase(file.text);
    for (const isOurs of [false, true]) {
      const played = { blocks: blocksFor(c, isOurs), problem: undefined };
      if (compare(c, isOurs, played).length > 0) survivors.push(`${file.name}: is not like itself`);
      for (const mutant of mutants(c, isOurs, pick)) {
        count++;
        if (compare(mutant.mutant, isOurs, played).length === 0) survivors.push(`${file.name}: ${mutant.what}`);
        if (isOurs) candidates.push({ file, mutant });
      }
    }
  }
  const onReference = args.includes('--reference');
  const command = onReference ? reference() : ours();
  const live = Array.from(
    { length: Math.min(number(args, 'live', 3), candidates.length) },
    () => candidates[Math.floor(random() * candidates.length)]!,
  );
  await pool(live, 3, async ({ file, mutant: { what, mutant } }) => {
    const need = needs(mutant);
    if (typeof need === 'string' || command === undefined) return;
    count++;
    const limited = { ...mutant, settings: new Map([...mutant.settings, ['limit', '3']]) };
    const played = await play(limited, { command, mode: 'check', ours: !onReference, shim: need.shim });
    if (compare(limited, !onReference, played).length === 0) survivors.push(`${file.name}: ${what}, played`);
  });
  process.stdout.write(
    `${survivors.map((s) => `not noticed: ${s}\n`).join('')}seed ${seed}: ${count} mutants, ${survivors.length} not noticed\n`,
  );
  return survivors.length > 0 || files.length === 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.slice(2));
