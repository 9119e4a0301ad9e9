import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GensioError } from '../../../src/base/gensio-error.ts';
import { openDevice } from '../../../src/gensio/serialdev/device-open.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { until } from '../../rig/pty.ts';

const dir = mkdtempSync(join(tmpdir(), 'device-open-'));
after(() => rmSync(dir, { recursive: true }));

test('an open that hangs is given up after ten seconds, and is not tried again until it comes back', async () => {
  const fifo = join(dir, 'hangs');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  const clock = new FakeClock();
  const got: (number | GensioError)[] = [];
  const before = readdirSync('/proc/self/fd').length;
  // The open of a FIFO for writing waits for its reader.
  openDevice(fifo, constants.O_WRONLY, clock, (result) => got.push(result));
  clock.advance(9999);
  assert.equal(got.length, 0);
  clock.advance(1);
  assert.ok(got[0] instanceof GensioError && got[0].code === 'timedout');
  openDevice(fifo, constants.O_WRONLY, clock, (result) => got.push(result));
  assert.equal(got.length, 1);
  await until('the second answer', () => got.length === 2);
  assert.ok(got[1] instanceof GensioError && got[1].code === 'timedout');
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  await until('the late descriptor to be closed', () => {
    const open = readdirSync('/proc/self/fd').length;
    return open === before + 1;
  });
  for (let i = 0; typeof got[2 + i - 1] !== 'number' || i === 0; i++) {
    openDevice(fifo, constants.O_WRONLY, clock, (result) => got.push(result));
    await until('an answer', () => got.length === 3 + i);
  }
  closeSync(got.at(-1) as number);
  closeSync(reader);
  assert.equal(clock.timers, 0);
});

test('the error of the system is told', async () => {
  const got: (number | GensioError)[] = [];
  openDevice(join(dir, 'missing'), constants.O_RDWR, new FakeClock(), (result) => got.push(result));
  assert.equal(got.length, 0);
  await until('the answer', () => got.length === 1);
  assert.ok(got[0] instanceof GensioError && got[0].code === 'notfound');
});
