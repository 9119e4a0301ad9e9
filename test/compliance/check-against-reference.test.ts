// A slice of npm run prove -- check-against-reference.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { reference } from '../../compat/suite.ts';
import { Random } from '../torture/random.ts';
import { withMistakes } from './config-mutations.ts';
import { ownNetworkIsPossible } from './reference-verdict.ts';

const skip =
  reference() === undefined
    ? 'ser2net 4.3.11 is not installed'
    : ownNetworkIsPossible()
      ? false
      : 'no network of its own can be had (unshare -rn)';

test('what ser2net 4.3.11 refuses is an error of check, and what it takes is none', { skip, timeout: 120_000 }, async () => {
  const program = join(import.meta.dirname, 'check-against-reference.js');
  const child = spawn(process.execPath, ['--enable-source-maps', program, '--seconds', '20', '--show', '3'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, said);
  const [, files = '0', mutations = '0'] = /(\d+) configurations and (\d+) mutations/.exec(said) ?? [];
  assert.ok(Number(files) > 0 && Number(mutations) > 0, said);
});

test('the same seed makes the same mistakes, and a mistake changes the text', () => {
  const text = 'connection: &c\n  accepter: tcp,2000\n  connector: echo\n';
  const made = (seed: number): string => withMistakes(text, 'yaml', new Random(seed));
  assert.equal(made(7), made(7));
  const all = Array.from({ length: 100 }, (_, seed) => made(seed));
  assert.ok(new Set(all).size > 50 && all.filter((each) => each === text).length < 20);
});
