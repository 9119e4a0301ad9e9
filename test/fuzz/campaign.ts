// A campaign: mutated inputs into one target, those that reach new code kept, those that break something made short and told.
import { createHash } from 'node:crypto';
import { Random } from '../torture/random.ts';
import type { Coverage } from './coverage.ts';
import { minimize, mutate } from './mutate.ts';
import type { Target } from './targets.ts';

/** More processor time than this for one small input is a finding, ms. */
const SLOW_MS = 1500;
/** Inputs between two looks at what ran. */
const BATCH = 8;
const MAX_CORPUS = 2000;

export interface Finding {
  readonly input: Buffer;
  readonly why: string;
}
export interface CampaignOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Without it inputs are kept at random. */
  readonly coverage?: Coverage;
  /** Told of each input before it is tried: one may end the process. */
  readonly trying?: (input: Buffer) => void;
  /** Inputs of earlier campaigns. */
  readonly corpus?: readonly Buffer[];
}
export interface CampaignResult {
  readonly runs: number;
  readonly corpus: readonly Buffer[];
  readonly findings: readonly Finding[];
}

/** A name for an input. */
export const nameOf = (input: Buffer): string => createHash('sha256').update(input).digest('hex').slice(0, 16);

/** What is wrong with an input; undefined: nothing. */
export async function tryInput(target: Target, input: Buffer): Promise<string | undefined> {
  const before = process.cpuUsage();
  try {
    await target.check(Buffer.from(input));
  } catch (err) {
    return err instanceof Error ? (err.stack ?? err.message) : String(err);
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  return ms > SLOW_MS ? `slow: ${ms.toFixed(0)} ms` : undefined;
}

/** Where it went wrong, without what differs from input to input: findings of one kind are told once. */
const kindOf = (why: string): string =>
  why.startsWith('slow') ? 'slow' : (/\n +at [^\n]*\/src\/[^\n]*/.exec(why)?.[0] ?? why.split('\n')[0]!);

export async function campaign(
  target: Target,
  { seed, seconds, coverage, trying, corpus: earlier = [] }: CampaignOptions,
): Promise<CampaignResult> {
  const random = new Random(seed);
  const corpus: Buffer[] = [...target.seeds, ...earlier];
  const findings: Finding[] = [];
  const kinds = new Set<string>();
  const end = performance.now() + seconds * 1000;
  let runs = 0;
  const run = async (input: Buffer): Promise<boolean> => {
    runs++;
    trying?.(input);
    const why = await tryInput(target, input);
    if (why === undefined) return true;
    const kind = kindOf(why);
    if (kinds.has(kind)) return false;
    kinds.add(kind);
    const short =
      kind === 'slow' ? input : await minimize(input, async (shorter) => kindOf((await tryInput(target, shorter)) ?? '') === kind);
    findings.push({ input: short, why: (await tryInput(target, short)) ?? why });
    return false;
  };
  for (const input of [...corpus]) await run(input);
  coverage?.fresh();
  while (performance.now() < end && findings.length < 20) {
    const batch: Buffer[] = [];
    for (let i = 0; i < BATCH; i++) {
      const input = mutate(random.pick(corpus), random.pick(corpus), target.dictionary, random);
      if (await run(input)) batch.push(input);
      if (runs % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const keep = coverage === undefined ? random.chance(2) : coverage.fresh() > 0;
    if (keep && corpus.length < MAX_CORPUS) corpus.push(...batch);
  }
  return { runs, corpus, findings };
}
