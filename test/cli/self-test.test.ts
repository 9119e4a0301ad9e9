import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { tryAll } from '../../src/cli/self-test.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.js');
const dir = mkdtempSync(join(tmpdir(), 'self-'));
after(() => rmSync(dir, { recursive: true }));
const run = (env: Record<string, string> = {}): { readonly status: number | null; readonly stdout: string } =>
  spawnSync(process.execPath, [MAIN, 'health', '--self'], { encoding: 'utf8', env: { ...process.env, ...env } });

test('health --self tries terminals, speeds, bytes and datagrams, and says on what', () => {
  const { status, stdout } = run();
  const lines = stdout.trimEnd().split('\n');
  assert.match(
    lines[0]!,
    new RegExp(`^ser2net \\S+, Node\\.js ${process.versions.node.replaceAll('.', '\\.')}, Linux \\S+, ${process.arch}$`),
  );
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(/ +/)[0]),
    Array(7).fill('ok'),
    stdout,
  );
  assert.equal(status, 0);
});

test('on a machine without termios2 standard speeds work, and the others are what is missing', (t) => {
  const library = join(dir, 'old-kernel.so');
  const source = resolve(import.meta.dirname, '../../../test/cli/old-kernel.c');
  const cc = spawnSync('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', library, source], { encoding: 'utf8' });
  if (cc.error !== undefined) return t.skip('no C compiler is installed');
  assert.equal(cc.status, 0, cc.stderr);
  const { status, stdout } = run({ LD_PRELOAD: library });
  assert.match(stdout, /^limited settings of a terminal .*: only standard speeds \(Invalid argument\)$/m);
  assert.equal(stdout.match(/^ok /gm)?.length, 6, stdout);
  assert.equal(status, 0);
});

test('without the C library nothing is tried, and the answer says what is missing', async () => {
  const [trial, ...more] = await tryAll(undefined);
  assert.equal(trial?.is, 'limited');
  assert.deepEqual(more, []);
});
