// What a device is locked with while it is open: the lock file, flock, exclusive mode. The lock file itself is in uucp-lock.test.ts.
import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSerialDev } from '../../../src/gensio/serialdev/serialdev.ts';
import { opened, RecordingUp } from '../../compliance/recording-up.ts';
import { closesWell, env, opensWell, rig, root, spec } from './serial-rig.ts';

test('a pty is locked only when asked, and the lock ends with the close', async (t) => {
  const lock = (path: string): string => join(root, `LCK..${path.replace('/dev/', '').replaceAll('/', '_')}`);
  const plain = rig(t);
  await opensWell(plain.dev);
  assert.equal(existsSync(lock(plain.pty.path)), false);
  for (const opts of [{ nouucplock: false }, { uucplock: true }]) {
    const { dev, recorder, pty } = rig(t, {}, opts);
    await opensWell(dev);
    assert.equal(existsSync(lock(pty.path)), true);
    assert.equal((await opened(createSerialDev(spec(pty.path, {}, opts), env())))?.code, 'inuse');
    await closesWell(dev, recorder);
    assert.equal(existsSync(lock(pty.path)), false);
  }
  const off = rig(t, {}, { nouucplock: false });
  const unlocked = createSerialDev(spec(off.pty.path, {}, { nouucplock: false }), env('no locks'));
  await opensWell(unlocked);
  assert.equal(existsSync(lock(off.pty.path)), false);
  unlocked.abort();
});

test('a name that leads to a locked device finds the flock, which flock=false does not take', async (t) => {
  const free = rig(t, {}, { nouucplock: false, flock: false });
  const link = join(root, 'other-name');
  symlinkSync(free.pty.path, link);
  await opensWell(free.dev);
  const held = createSerialDev(spec(link, {}, { nouucplock: false }), env());
  const recorder = new RecordingUp();
  held.up = recorder;
  await opensWell(held);
  await closesWell(free.dev, free.recorder);
  assert.equal((await opened(createSerialDev(spec(free.pty.path, {}, { nouucplock: false }), env())))?.code, 'inuse');
  await closesWell(held, recorder);
  const later = createSerialDev(spec(free.pty.path, {}, { nouucplock: false }), env());
  const last = new RecordingUp();
  later.up = last;
  await opensWell(later);
  await closesWell(later, last);
});

test('exclusive mode is off again after the close', { skip: process.getuid?.() === 0 && 'it does not bind root' }, async (t) => {
  const { dev, recorder, pty } = rig(t, {}, { nouucplock: false });
  await opensWell(dev);
  assert.throws(() => openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY), /EBUSY/);
  await closesWell(dev, recorder);
  closeSync(openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY));
});
