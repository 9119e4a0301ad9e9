// npm run torture: a minute of torture, or as long as asked; the seed is printed, and gives the same steps again.
import { parseArgs } from 'node:util';
import { torture } from './run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    lanes: { type: 'string' },
    only: { type: 'string' },
    all: { type: 'boolean' },
    json: { type: 'boolean' },
    row: { type: 'string' },
    ours: { type: 'boolean' },
    profile: { type: 'string' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

async function main(): Promise<void> {
  const seed = number(values.seed) ?? Math.floor(Math.random() * 0x7fffffff);
  const minutes = number(values.minutes);
  const seconds = number(values.seconds) ?? (minutes === undefined ? 60 : minutes * 60);
  const rounds = number(values.rounds);
  const lanes = number(values.lanes);
  if (positionals[0] === 'load') {
    const { load } = await import('./load.ts');
    await load(say, seconds);
    return;
  }
  if (positionals[0] === 'hostile') {
    const { hostile, tableOf } = await import('./hostile/hostile.ts');
    const { ROWS } = await import('./hostile/rows.ts');
    const rows = ROWS.filter(({ name }) => name.includes(values.row ?? ''));
    const outcomes = await hostile({
      rows,
      programs: values.ours === true ? ['ours'] : ['ours', 'reference'],
      seconds: number(values.seconds) ?? 3,
      say: values.json === true ? () => undefined : say,
      ...(values.profile !== undefined && { profile: values.profile }),
    });
    say(values.json === true ? JSON.stringify(outcomes, undefined, 2) : `\n${tableOf(outcomes)}`);
    return;
  }
  if (positionals[0] === 'faults') {
    const { faults } = await import('../faults/single.ts');
    const told = await faults({ seed, seconds, say, all: values.all === true });
    say('why' in told ? `skipped: ${told.why}` : `${told.stood} faults stood; the daemon ended, with a message, ${told.ended} times`);
    return;
  }
  say(`seed ${seed} (again: npm run torture -- --seed ${seed})`);
  const { steps, samples } = await torture({
    seed,
    seconds,
    say,
    ...(rounds !== undefined && { rounds }),
    ...(lanes !== undefined && { lanes }),
    ...(values.only !== undefined && { only: values.only }),
  });
  say(`${steps} steps, ${samples.length} looks: nothing lost, nothing kept`);
}

main().then(
  () => process.exit(0),
  (err: unknown) => {
    process.stderr.write(`${err instanceof Error ? (err.stack ?? err.message) : String(err)}\n`);
    process.exit(1);
  },
);
