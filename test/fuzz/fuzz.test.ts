// Inputs that once broke something, and a moment of new ones for each target; npm run fuzz does it for longer.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../torture/random.ts';
import { campaign, tryInput } from './campaign.ts';
import { minimize, mutate } from './mutate.ts';
import { TARGETS } from './targets.ts';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/fuzz');
const SECONDS = 0.25;

for (const [name, target] of Object.entries(TARGETS)) {
  test(`any input does to ${name} what it may`, async () => {
    const dir = join(FIXTURES, name);
    for (const file of existsSync(dir) ? readdirSync(dir) : [])
      assert.equal(await tryInput(target, readFileSync(join(dir, file))), undefined, file);
    const seed = Math.floor(Math.random() * 0x7fffffff);
    const { findings } = await campaign(target, { seed, seconds: SECONDS });
    const [first] = findings;
    assert.equal(first, undefined, first && `seed ${seed}: ${JSON.stringify(first.input.toString('latin1'))}: ${first.why}`);
  });
}

test('the same seed makes the same inputs', () => {
  const make = (): Buffer => mutate(Buffer.from('hello'), Buffer.from('world'), [Buffer.from('x')], new Random(5));
  assert.deepEqual(make(), make());
});

test('what fails is made as short as it can be', async () => {
  const fails = async (input: Buffer): Promise<boolean> => input.includes('a') && input.includes('b');
  assert.equal((await minimize(Buffer.from('xxxaxxxxxbxxx'), fails)).toString(), 'ab');
});

test('an input that takes its check down is a finding', async () => {
  const target = {
    seeds: [Buffer.from('seed')],
    dictionary: [Buffer.from('boom')],
    check: (input: Buffer): void => assert.ok(!input.includes('boom'), 'it went off'),
  };
  const { findings } = await campaign(target, { seed: 1, seconds: 2 });
  assert.equal(findings[0]?.input.toString(), 'boom');
});
