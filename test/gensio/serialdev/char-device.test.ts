// A device that is used as it is: the layer dev, and serialdev with the word wronly.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Libc } from '../../../src/base/libc.ts';
import { createDev, createSerialDev, createSerialDevWith, type SerialDev } from '../../../src/gensio/serialdev/serialdev.ts';
import { defaults } from '../../../src/options/row.ts';
import { SERIALDEV } from '../../../src/options/serialdev.ts';
import { compliance } from '../../compliance/gensio.ts';
import { opened, RecordingUp } from '../../compliance/recording-up.ts';
import { needLibc, openPty, until } from '../../rig/pty.ts';
import { closesWell, env, farEnd, opensWell, rig, root, spec } from './serial-rig.ts';

compliance('dev', {
  make: async (t) => {
    const pty = openPty({ raw: true });
    t.after(() => pty.close());
    const dev = createDev({ type: 'dev', path: pty.path, opts: defaults(SERIALDEV) }, env());
    await opensWell(dev);
    return { gensio: dev, far: farEnd(pty.master) };
  },
  refused: () => ({ gensio: createDev({ type: 'dev', path: join(root, 'missing'), opts: defaults(SERIALDEV) }, env()), code: 'notfound' }),
  without: ['far-close'],
  piece: 4096,
  bulk: 1024 * 1024,
});

test('of a device that cannot be watched, too, what detachBuffer() was said of stays as it is when reading goes on', async () => {
  const dev = createDev({ type: 'dev', path: '/dev/urandom', opts: defaults(SERIALDEV) }, env());
  const recorder = new RecordingUp();
  dev.up = recorder;
  const kept: Buffer[] = [];
  recorder.onRead = (piece) => {
    kept.push(piece);
    dev.setReading(false);
  };
  await opensWell(dev);
  for (let i = 1; i <= 3; i++) {
    dev.setReading(true);
    await until('a piece', () => kept.length === i);
    dev.detachBuffer();
  }
  assert.ok(Buffer.concat(kept).equals(recorder.data()));
  await closesWell(dev, recorder);
});

test('with the word wronly a terminal is not touched and not read, and the port is not serial', async (t) => {
  const pty = openPty();
  const { dev, recorder, master } = rig(t, { wronly: true }, {}, pty);
  const before = pty.settings();
  await opensWell(dev);
  assert.deepEqual(pty.settings(), before);
  assert.equal(dev.serial, undefined);
  assert.equal(dev.address(), `${pty.path} offline`);
  dev.setReading(true);
  await master.write('no\n');
  dev.write(Buffer.from('print this'));
  await master.takeUntil('print this');
  assert.equal(recorder.length, 0);
  assert.deepEqual(recorder.events, []);
  await closesWell(dev, recorder);
});

test('with the word wronly a FIFO and a character device that cannot be watched work, and a plain file does not', async () => {
  const dir = join(root, 'wronly');
  mkdirSync(dir);
  const fifo = join(dir, 'fifo');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  for (const device of [fifo, '/dev/null', '/dev/zero']) {
    const dev = createSerialDev(spec(device, { wronly: true }), env());
    const recorder = new RecordingUp();
    dev.up = recorder;
    await opensWell(dev);
    dev.setReading(true);
    for (let i = 0; i < 5; i++) {
      const before = recorder.writables;
      if (!recorder.during(() => dev.write(Buffer.from('some text')))) await until('writable()', () => recorder.writables > before);
    }
    assert.equal(dev.bufferedBytes(), 0);
    assert.equal(recorder.length, 0);
    await closesWell(dev, recorder);
    assert.equal(existsSync(join(root, `LCK..${device.replace('/dev/', '').replaceAll('/', '_')}`)), false);
  }
  closeSync(reader);
  const plain = join(dir, 'plain');
  writeFileSync(plain, '');
  assert.equal((await opened(createSerialDev(spec(plain, { wronly: true }), env())))?.code, 'oserr');
});

test('a character device that fails ends with its error', async () => {
  const dev = createSerialDev(spec('/dev/full', { wronly: true }), env());
  const recorder = new RecordingUp();
  dev.up = recorder;
  await opensWell(dev);
  dev.write(Buffer.from('x'));
  await until('closed()', () => recorder.closes === 1);
  assert.equal(recorder.error?.code, 'oserr');
  assert.deepEqual(recorder.broken, []);
});

test('a character device that fails while its output is waited for is closed, and its descriptor is not touched any more', async () => {
  const flushed: number[] = [];
  const c: Libc = {
    ...needLibc(),
    flush: (fd) => {
      flushed.push(fd);
      return undefined;
    },
  };
  const dev = createSerialDevWith(spec('/dev/full', { wronly: true }), env(), c);
  const recorder = new RecordingUp();
  dev.up = recorder;
  await opensWell(dev);
  dev.write(Buffer.from('x'));
  await closesWell(dev, recorder);
  assert.deepEqual(flushed, []);
});

test('the layer dev reads and writes a device as it is, watched or not', async (t) => {
  const dev = (path: string): { dev: SerialDev; recorder: RecordingUp } => {
    const made = createDev({ type: 'dev', path, opts: defaults(SERIALDEV) }, env());
    const recorder = new RecordingUp();
    made.up = recorder;
    return { dev: made, recorder };
  };
  const pty = openPty({ raw: true });
  t.after(() => pty.close());
  const watched = dev(pty.path);
  const before = pty.settings();
  await opensWell(watched.dev);
  assert.equal(watched.dev.serial, undefined);
  watched.dev.setReading(true);
  await pty.master.write('in');
  watched.dev.write(Buffer.from('out'));
  await pty.master.takeUntil('out');
  await until('the text', () => watched.recorder.text() === 'in');
  assert.deepEqual(pty.settings(), before);
  await closesWell(watched.dev, watched.recorder);

  const zero = dev('/dev/zero');
  await opensWell(zero.dev);
  zero.recorder.onRead = () => zero.dev.setReading(false);
  zero.dev.setReading(true);
  await until('a piece', () => zero.recorder.length > 0);
  const { length } = zero.recorder;
  zero.dev.setReading(true);
  await until('another piece', () => zero.recorder.length === 2 * length);
  await closesWell(zero.dev, zero.recorder);

  const empty = dev('/dev/null');
  await opensWell(empty.dev);
  empty.dev.setReading(true);
  await until('closed()', () => empty.recorder.closes === 1);
  assert.equal(empty.recorder.error?.code, 'remclose');
});
