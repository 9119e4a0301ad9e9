import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bashCompletion } from '../../packaging/completion.ts';
import { ROOT } from './pages.ts';

const COMPLETION = 'examples/completion/ser2net.bash';

test('the shell completion is that of the command', () => {
  assert.ok(readFileSync(join(ROOT, COMPLETION), 'utf8') === bashCompletion(), `${COMPLETION} is stale: npm run gen`);
});

/** What bash offers for a line; the cursor is at its end. */
function offered(...words: string[]): string[] {
  const script = `compopt() { :; }; . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ser2net; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', join(ROOT, COMPLETION), 'ser2net', ...words], {
    encoding: 'utf8',
    cwd: ROOT,
  });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

test('bash completes commands, options, choices and files', (t) => {
  if (spawnSync('bash', ['--version']).status !== 0) return t.skip('no bash here');
  assert.deepEqual(offered('che'), ['check']);
  assert.ok(offered('').includes('convert') && offered('-').includes('-c') && offered('-').includes('--check'));
  assert.deepEqual(offered('--log-format', ''), ['text', 'json']);
  assert.deepEqual(offered('convert', '--to', ''), ['v1', 'v2']);
  assert.deepEqual(offered('check', '--q'), ['--quiet']);
  assert.deepEqual(offered('check', 'package.js'), ['package.json']);
  assert.deepEqual(offered('-c', 'package.js'), ['package.json']);
  assert.deepEqual(offered('-n', '--log-level', 'd'), ['debug']);
});
