// Completion in bash, asked as bash asks.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bashCompletion } from '../../packaging/gen/completion.ts';
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts';
import { makeDirectory } from './built.ts';

const dir = makeDirectory();
writeFileSync(join(dir, 'completion'), bashCompletion());
for (const file of ['a.yaml', 'a.conf']) writeFileSync(join(dir, file), '');
mkdirSync(join(dir, 'a-directory'));

const bash = spawnSync('bash', ['--version']).status === 0;
/** What is offered for the last word. */
function offered(...words: string[]): string[] {
  const script = `. ./completion
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ser2net
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'ser2net', ...words], { cwd: dir, encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}
function skipped(t: TestContext): boolean {
  if (!bash) t.skip('bash is not there');
  return !bash;
}

test('every sub-command is offered first, and flags after a dash', (t) => {
  if (skipped(t)) return;
  assert.deepEqual(offered(''), Object.keys(SUBCOMMANDS));
  assert.deepEqual(
    offered('con'),
    Object.keys(SUBCOMMANDS).filter((name) => name.startsWith('con')),
  );
  const flags = offered('-');
  for (const flag of ['-c', '-n', '-P', '--check', '--log-level']) assert.ok(flags.includes(flag), flag);
});

test('values: files, directories, and the words there are', (t) => {
  if (skipped(t)) return;
  assert.deepEqual(offered('-n', '-c', 'a.').sort(), ['a.conf', 'a.yaml']);
  assert.deepEqual(offered('-a', 'a'), ['a-directory']);
  assert.deepEqual(offered('--log-level', 'w'), ['warning']);
  assert.deepEqual(offered('-p', ''), []);
});

test('options of each sub-command, with their values', (t) => {
  if (skipped(t)) return;
  assert.deepEqual(offered('check', 'a.y'), ['a.yaml']);
  assert.deepEqual(offered('gencert', '--use', 'c'), ['client']);
  assert.deepEqual(offered('attach', '--flow', ''), ['none', 'xonxoff', 'rtscts']);
  assert.deepEqual(offered('attach', '--dtr', 'o'), ['on', 'off', 'open']);
  assert.deepEqual(offered('monitor', 'plc', 't'), ['term', 'tcp']);
  for (const [name, { options }] of Object.entries(SUBCOMMANDS)) {
    const words = offered(name, '--');
    for (const { flags } of options) {
      const long = /--[a-z0-9-]+/.exec(flags)?.[0];
      if (long !== undefined) assert.ok(words.includes(long), `${name} ${long}`);
    }
    assert.ok(words.includes('--help'), name);
  }
});

test('console, monitor and disconnect offer the connections of the file, and run nothing that is in it', (t) => {
  if (skipped(t)) return;
  const names = ['plc', 'bench-2', '$(touch evil)'].map((name) => `connection: &${name}\n  accepter: tcp,1\n`).join('');
  writeFileSync(join(dir, 'names.yaml'), names);
  for (const command of ['console', 'monitor', 'disconnect']) {
    assert.deepEqual(offered(command, '-c', 'names.yaml', 'p'), ['plc'], command);
    assert.ok(offered(command, '--config', 'names.yaml', '').includes('bench-2'), command);
  }
  assert.ok(!existsSync(join(dir, 'evil')));
});
