import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { textSink } from '../../src/system/text-sink.ts';
import { makeDirectory } from '../cli/command-rig.ts';

const flood = join(import.meta.dirname, 'flood.js');
/** Runs it with this as stderr, which nobody reads. */
async function writesOn(stderr: 'pipe' | number): Promise<string> {
  const child = spawn(process.execPath, [flood], { stdio: ['ignore', 'pipe', stderr] });
  child.stderr?.pause();
  const [data] = (await once(child.stdout!, 'data')) as [Buffer];
  child.kill('SIGKILL');
  child.stderr?.destroy();
  return data.toString();
}

test('a socket on stderr that nobody reads does not hold the writer up', async (t) => {
  if (libc() === undefined) return t.skip('koffi is not there');
  // Node gives its children sockets.
  assert.equal(await writesOn('pipe'), 'done\n');
});

test('a pipe on stderr that nobody reads does not hold the writer up', async () => {
  const path = join(makeDirectory(), 'pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const fd = openSync(path, 'r+');
  assert.equal(await writesOn(fd), 'done\n');
  closeSync(fd);
});

test('a file gets every text, behind what is there', () => {
  const path = join(makeDirectory(), 'log');
  const fd = openSync(path, 'w');
  const sink = textSink(fd);
  for (let i = 0; i < 100; i++) sink(`${i}\n`);
  closeSync(fd);
  assert.equal(readFileSync(path, 'latin1'), Array.from({ length: 100 }, (_, i) => `${i}\n`).join(''));
});

test('a descriptor that is not open takes nothing and does no harm', () => {
  textSink(9999)('lost\n');
});
