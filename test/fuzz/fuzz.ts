// npm run fuzz: a campaign against each target, or those named, guided by what code each input reaches. What is found is written
// to test/fixtures/fuzz/<target>/, where the tests take it from.
import { ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { campaign, nameOf } from './campaign.ts';
import { Coverage } from './coverage.ts';
import { TARGETS } from './targets.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' }, seconds: { type: 'string' } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/fuzz');

const seed = values.seed === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(values.seed);
const names = positionals.length > 0 ? positionals : Object.keys(TARGETS);
const unknown = names.filter((name) => !Object.hasOwn(TARGETS, name));
if (unknown.length > 0) {
  say(`no such target: ${unknown.join(' ')}; there are ${Object.keys(TARGETS).join(' ')}`);
  process.exit(1);
}
const seconds = values.seconds === undefined ? 10 : Number(values.seconds);
say(`seed ${seed}, ${seconds} s each (again: npm run fuzz -- --seed ${seed} ${positionals.join(' ')})`);
// The input under trial, for when it ends the process.
const LAST = join(import.meta.dirname, 'last-input');
const last = openSync(LAST, 'w');
const trying = (input: Buffer): void => {
  ftruncateSync(last, input.length);
  writeSync(last, input, 0, input.length, 0);
};
say(`an input that ends the process stays in ${LAST}`);
const coverage = new Coverage();
let found = 0;
for (const name of names) {
  const before = coverage.size;
  const { runs, corpus, findings } = await campaign(TARGETS[name]!, { seed, seconds, coverage, trying });
  say(`${name}: ${runs} inputs, ${corpus.length} kept, ${coverage.size - before} stretches of code, ${findings.length} findings`);
  for (const { input, why } of findings) {
    found++;
    const dir = join(FIXTURES, name);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, nameOf(input)), input);
    say(`  ${nameOf(input)}: ${JSON.stringify(input.toString('latin1').slice(0, 300))}\n${why.split('\n').slice(0, 8).join('\n')}`);
  }
}
coverage.stop();
rmSync(LAST);
process.exit(found > 0 ? 1 : 0);
