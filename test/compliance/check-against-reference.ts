// npm run prove -- check-against-reference: configurations of the project (and of ../shared/corpus where it is), and mistakes made in
// them, given to ser2net 4.3.11 and to `check`. What the one refuses is an error of the other, but for the numbered differences.
// In a network of its own, so that nothing that listens here is in the way.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findCases, reference } from '../../compat/suite.ts';
import { check } from '../../src/cli/check/check.ts';
import { Random } from '../torture/random.ts';
import { configurationOfCase, type Format, withMistakes } from './config-mutations.ts';
import { type Disagreement, EXCUSED } from './excused.ts';
import { OWN_NETWORK, ownNetworkIsPossible, verdictOf } from './reference-verdict.ts';

const { values } = parseArgs({
  options: {
    mutations: { type: 'string', default: '2000' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    inside: { type: 'boolean', default: false },
    show: { type: 'string', default: '10' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const program = reference();
if (program === undefined) {
  say('skipped: ser2net 4.3.11 is not installed');
  process.exit(0);
}
if (!values.inside) {
  if (!ownNetworkIsPossible()) {
    say('skipped: no network of its own can be had (unshare -rn)');
    process.exit(0);
  }
  const [unshare = '', ...words] = OWN_NETWORK;
  const again = [process.execPath, '--enable-source-maps', ...process.argv.slice(1), '--inside'];
  process.exit(spawnSync(unshare, [...words, ...again], { stdio: 'inherit' }).status ?? 1);
}

interface Sample {
  readonly name: string;
  readonly format: Format;
  readonly text: string;
}

const ROOT = join(import.meta.dirname, '../../..');
function filesIn(dir: string): Sample[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { encoding: 'utf8' })
    .filter((name) => /\.(yaml|conf)$/.test(name))
    .map((name) => ({
      name,
      format: name.endsWith('.conf') ? ('conf' as const) : ('yaml' as const),
      text: readFileSync(join(dir, name), 'latin1'),
    }));
}
const samples: Sample[] = [
  ...findCases([]).flatMap(({ name, path }): Sample[] => {
    const got = configurationOfCase(path);
    return got === undefined ? [] : [{ name: `case ${name}`, ...got }];
  }),
  ...['examples', 'test/fixtures/conf', '../shared/corpus/conf', '../shared/corpus/yaml'].flatMap((dir) => filesIn(join(ROOT, dir))),
];

const scratch = mkdtempSync(join(tmpdir(), 's2n-check-'));
let runs = 0;
async function compare({ format, text }: Sample): Promise<Disagreement & { readonly crashed: boolean }> {
  const file = join(scratch, `c${runs++ % 8}.${format}`);
  writeFileSync(file, Buffer.from(text, 'latin1'));
  const { refused, crashed } = await verdictOf([program!.file], file, text, scratch);
  const problemsOf = async (flags: { readonly for?: '4.3.11' }): Promise<Disagreement['problems']> => {
    let out = '';
    const io = {
      out: (more: string | Buffer): void => {
        out += more.toString();
      },
      err: (): void => undefined,
    };
    await check([file], { json: true, ...flags }, io);
    return (JSON.parse(out) as { files: { problems?: Disagreement['problems'] }[] }).files[0]!.problems ?? [];
  };
  const problems = await problemsOf({});
  const agreed = problems.some(({ severity }) => severity === 'error') === refused.length > 0;
  const newer = !agreed && (await problemsOf({ for: '4.3.11' })).some(({ code }) => code === 'other-version');
  return { text, refused, problems, newer, crashed };
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(values.seed);
const random = new Random(seed);
const given = values.seconds === undefined ? Number.POSITIVE_INFINITY : Number(values.seconds) * 1000;
const begun = performance.now();
const hasTime = (part: number): boolean => performance.now() - begun < given * part;
const shuffled = <T>(things: readonly T[]): T[] =>
  things
    .map((thing) => ({ thing, at: random.below(0x7fffffff) }))
    .sort((a, b) => a.at - b.at)
    .map(({ thing }) => thing);
const counts = { files: 0, mutations: 0, refused: 0, taken: 0, crashed: 0, excused: new Map<number, number>(), wrong: 0 };
function judge(sample: Sample, d: Disagreement & { readonly crashed: boolean }): void {
  if (d.crashed) {
    counts.crashed++;
    return;
  }
  const errors = d.problems.filter(({ severity }) => severity === 'error');
  if (d.refused.length > 0) counts.refused++;
  else counts.taken++;
  if (errors.length > 0 === d.refused.length > 0) return;
  const excuse = EXCUSED.find(({ holds }) => holds(d));
  if (excuse !== undefined) {
    counts.excused.set(excuse.difference, (counts.excused.get(excuse.difference) ?? 0) + 1);
    return;
  }
  if (counts.wrong++ >= Number(values.show)) return;
  say(`--- ${sample.name}: ${d.refused.length > 0 ? 'refused there, no error here' : 'taken there, an error here'}`);
  for (const line of d.refused) say(`ser2net: ${line}`);
  for (const { severity, code, text } of d.problems) say(`check: ${severity}: ${text} [${code}]`);
  say(d.text.split('\n').slice(0, 60).join('\n'));
}

const good: Sample[] = [];
say(`seed ${seed}`);
for (const sample of shuffled(samples)) {
  if (!hasTime(0.5) && good.length > 0) break;
  counts.files++;
  const d = await compare(sample);
  judge(sample, d);
  if (!d.crashed && d.refused.length === 0) good.push(sample);
}
while (counts.mutations < Number(values.mutations) && hasTime(1)) {
  counts.mutations++;
  const sample = random.pick(good);
  const mutated = { ...sample, text: withMistakes(sample.text, sample.format, random) };
  judge(sample, await compare(mutated));
}
rmSync(scratch, { recursive: true, force: true });
const excused = [...counts.excused].sort(([a], [b]) => a - b).map(([number, n]) => `${n} by difference ${number}`);
say(
  `${counts.files} configurations and ${counts.mutations} mutations: ${counts.refused} refused, ${counts.taken} taken, ${counts.crashed} end the reference; ` +
    `${excused.length === 0 ? 'none' : excused.join(', ')} excused, ${counts.wrong} wrong`,
);
process.exit(counts.wrong > 0 ? 1 : 0);
