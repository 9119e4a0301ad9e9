import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EVENT } from '../../src/record/pcapng.ts';
import { PcapngReader } from '../../src/record/pcapng-reader.ts';

const root = mkdtempSync(join(tmpdir(), 'crash-'));
after(() => rmSync(root, { recursive: true }));
/** What may be missing, ms. */
const LIMIT_MS = 100;

/** Records until it is killed; gives what it said: how much it had recorded, and when. */
async function recordAndKill(file: string, lines: number): Promise<{ count: number; time: number }[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-child.js'), file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > lines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ').map(Number))
    .map(([count, time]) => ({ count: count!, time: time! }));
}

test('after kill -9 the file opens, has all but the last 100 ms, and is continued by the next run', async () => {
  const dir = join(root, 'd');
  mkdirSync(dir, { mode: 0o750 });
  const file = join(dir, 'a.pcapng');
  let before = 0;
  const missing: number[] = [];
  for (const lines of [150, 233, 187, 301, 270]) {
    const said = await recordAndKill(file, lines);
    const reader = new PcapngReader();
    const packets = reader.push(readFileSync(file)).filter(({ event }) => event === EVENT.rx);
    const kept = packets.slice(before);
    before = packets.length;
    // Nothing is missing before the end.
    assert.equal(kept.map(({ data }) => data.toString()).join(''), kept.map((_, i) => `${i}\n`).join(''));
    const end = said.at(-1)!;
    // A machine that is busy runs the program late; what it could not even try does not count.
    const pause = Math.max(...said.slice(1).map(({ time }, i) => time - said[i]!.time));
    missing.push(end.time - (said.find(({ count }) => count > kept.length)?.time ?? end.time) - pause);
  }
  // Nor does one that runs it, but not the thread that writes.
  assert.ok(missing.filter((ms) => ms <= LIMIT_MS).length >= 3, `missing at the ends: ${missing.join(', ')} ms`);
});
