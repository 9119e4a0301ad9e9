// A daemon whose engine misbehaves, in a process of its own.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectory, start, until } from '../cli/command-rig.ts';

const dir = makeDirectory();
const script = join(import.meta.dirname, 'stuck.js');

test('a second TERM kills what does not stop; other signals meanwhile change nothing', async () => {
  const daemon = start(['stuck', join(dir, 'a')], { script });
  await until('Ready', () => daemon.out().includes('Ready'));
  daemon.child.kill('SIGTERM');
  await until('it stops', () => daemon.out().includes('stopping'));
  daemon.child.kill('SIGINT');
  daemon.child.kill('SIGHUP');
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 'SIGTERM');
  assert.doesNotMatch(daemon.err(), /SIGHUP/);
});

for (const how of ['throw', 'reject'] as const) {
  test(`a failure nobody caught (${how}) is logged with its stack, and the daemon ends with 1 and without its pid file`, async () => {
    const pidFile = join(dir, how);
    const daemon = start([how, pidFile], { script });
    assert.equal(await daemon.ended, 1);
    await until('the log', () => daemon.err().includes('    at '));
    assert.match(daemon.err(), /^ser2net\[\d+\]: Internal error: Error: bang\nser2net\[\d+\]: {5}at /);
    assert.equal(existsSync(pidFile), false);
  });
}
