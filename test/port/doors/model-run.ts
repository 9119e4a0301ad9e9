// npm run prove -- doors: 100,000 random steps over doors of six kinds, or --steps N of them, from --seed N.
import { parseArgs } from 'node:util';
import { runModel, type Seen } from './model.ts';

const { values } = parseArgs({ options: { steps: { type: 'string', default: '100000' }, seed: { type: 'string', default: '' } } });
const [steps, PIECE] = [Number(values.steps), 5000];
let seed = values.seed === '' ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
process.stdout.write(`${steps} steps from seed ${seed}\n`);
const total: Seen = { steps: 0, gaps: 0, takeovers: 0, refused: 0, closedBehind: 0, replays: 0 };
// Each takeover rule in turn, and a port that is new now and then.
while (total.steps < steps) {
  const seen = await runModel(Math.min(PIECE, steps - total.steps), seed++);
  for (const key of Object.keys(total) as (keyof Seen)[]) total[key] += seen[key];
}
process.stdout.write(
  `${total.steps} steps: ${total.takeovers} takeovers, ${total.refused} refused, ${total.gaps} gaps told, ${total.closedBehind} closed for being behind, ${total.replays} replays\n`,
);
