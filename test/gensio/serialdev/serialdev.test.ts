// The connector serialdev on a pty: its settings, its bytes, how it opens and ends; both ways to a terminal where they do the same.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import type { Libc } from '../../../src/base/libc.ts';
import type { Termios } from '../../../src/base/termios.ts';
import { createSerialDevWith } from '../../../src/gensio/serialdev/serialdev.ts';
import { compliance, pattern } from '../../compliance/gensio.ts';
import { opened } from '../../compliance/recording-up.ts';
import { must, needLibc, openPty, until } from '../../rig/pty.ts';
import { closesWell, env, farEnd, opensWell, rig, root, spec } from './serial-rig.ts';

// The suite of all layers.
const library = (lib: 'libc' | 'none'): Libc | undefined => (lib === 'libc' ? needLibc() : undefined);
for (const lib of ['libc', 'none'] as const) {
  const make = async (t: TestContext) => {
    const pty = openPty({ raw: true });
    t.after(() => pty.close());
    return { pty, dev: createSerialDevWith(spec(pty.path), env(), library(lib)) };
  };
  compliance(`serialdev (${lib === 'libc' ? 'C library' : 'serialport package'})`, {
    make: async (t) => {
      const { pty, dev } = await make(t);
      await opensWell(dev);
      return { gensio: dev, far: farEnd(pty.master) };
    },
    unopened: async (t) => (await make(t)).dev,
    refused: () => ({
      gensio: createSerialDevWith(spec(join(root, 'missing')), env(), library(lib)),
      code: 'notfound',
    }),
    without: ['far-close'],
    piece: 4096,
    bulk: 1024 * 1024,
  });
}

// Settings, as a second descriptor of the terminal sees them.
const BITS = {
  CSTOPB: 0o100,
  CREAD: 0o200,
  PARODD: 0o1000,
  HUPCL: 0o2000,
  CLOCAL: 0o4000,
  CMSPAR: 0o10000000000,
  CRTSCTS: 0o20000000000,
} as const;
const flags = (t: Termios): string =>
  Object.entries(BITS)
    .filter(([, bit]) => (t.cflag & bit) >>> 0 !== 0)
    .map(([name]) => name)
    .concat((t.iflag & 0o2000) !== 0 ? 'IXON' : [], (t.iflag & 0o10000) !== 0 ? 'IXOFF' : [])
    .join(' ');

test('the terminal is raw and set as configured while open, and as before afterwards', async (t) => {
  const { dev, recorder, pty } = rig(t, {}, {}, openPty());
  const before = pty.settings();
  await opensWell(dev);
  const open = pty.settings();
  assert.equal(open.ospeed, 9600);
  assert.equal(open.iflag, 1);
  assert.equal(open.lflag & 0o107173, 0);
  assert.equal(open.oflag & 5, 0);
  assert.equal(flags(open), 'CREAD CLOCAL');
  assert.equal(open.cc[6], 1);
  await closesWell(dev, recorder);
  assert.deepEqual(pty.settings(), before);
});

for (const [line, want, speed] of [
  [{ speed: 14400 }, 'CREAD CLOCAL', 14400],
  [{ speed: 12345, parity: 'O' }, 'CREAD PARODD CLOCAL', 12345],
  [{ speed: 4000000, parity: 'M' }, 'CREAD PARODD CLOCAL CMSPAR', 4000000],
  [{ parity: 'S', stopbits: 2 }, 'CSTOPB CREAD CLOCAL CMSPAR', 9600],
  [{ rtscts: true, local: false }, 'CREAD CRTSCTS', 9600],
  [{ xonxoff: true, hangupWhenDone: true }, 'CREAD HUPCL CLOCAL IXON IXOFF', 9600],
] as const) {
  test(`configured ${JSON.stringify(line)} reaches the terminal`, async (t) => {
    const { dev, pty } = rig(t, line);
    await opensWell(dev);
    assert.equal(flags(pty.settings()), want);
    assert.equal(pty.settings().ospeed, speed);
  });
}

test('requests change the terminal, are answered as asked, and do not outlive the close', async (t) => {
  const { dev, recorder, pty, ask } = rig(t);
  const before = pty.settings();
  await opensWell(dev);
  for (const speed of [115200, 14400, 12345, 50, 1]) {
    assert.equal(ask('baudrate', speed), speed);
    assert.equal(pty.settings().ospeed, speed);
  }
  assert.equal(ask('datasize', 7), 7);
  assert.equal(ask('datasize', 0), 7);
  assert.equal(ask('parity', 4), 4);
  assert.equal(flags(pty.settings()), 'CREAD PARODD CLOCAL CMSPAR');
  assert.equal(ask('parity', 2), 2);
  assert.equal(flags(pty.settings()), 'CREAD PARODD CLOCAL');
  assert.equal(ask('parity', 1), 1);
  assert.equal(ask('stopsize', 2), 2);
  assert.equal(ask('control', 3), 3);
  assert.equal(flags(pty.settings()), 'CSTOPB CREAD CLOCAL CRTSCTS');
  assert.equal(ask('control', 2), 2);
  assert.equal(flags(pty.settings()), 'CSTOPB CREAD CLOCAL IXON IXOFF');
  assert.deepEqual(
    [4, 5, 6, 7, 8, 9, 10, 11, 12].map((v) => ask('control', v)),
    [6, 5, 6, 8, 8, 9, 11, 11, 12],
  );
  await closesWell(dev, recorder);
  assert.deepEqual(pty.settings(), before);
  assert.equal(ask('baudrate', 0), undefined);
});

test('a hang-up that is wanted stays in the settings that are put back', async (t) => {
  const { dev, recorder, pty } = rig(t, { hangupWhenDone: true });
  const before = pty.settings();
  assert.equal(before.cflag & BITS.HUPCL, 0);
  await opensWell(dev);
  await closesWell(dev, recorder);
  assert.deepEqual(pty.settings(), { ...before, cflag: before.cflag | BITS.HUPCL });
});

// Bytes.

test('what waits on the line before the open is delivered, and not before reading is wanted', async (t) => {
  const { dev, recorder, master } = rig(t);
  await master.write('early');
  await opensWell(dev);
  await master.write(' and late');
  assert.equal(recorder.length, 0);
  dev.setReading(true);
  await until('the text', () => recorder.text() === 'early and late');
});

test('a mebibyte of any bytes passes both ways while the reader stops again and again', async (t) => {
  const { dev, recorder, master } = rig(t);
  await opensWell(dev);
  const data = pattern(1 << 20, 5);
  recorder.onRead = () => {
    if (recorder.chunks.length % 16 !== 0) return;
    dev.setReading(false);
    setImmediate(() => dev.setReading(true));
  };
  dev.setReading(true);
  let sent = 0;
  const more = (): void => {
    while (sent < data.length) {
      const piece = data.subarray(sent, sent + 1000);
      sent += piece.length;
      if (!dev.write(piece)) return;
    }
  };
  recorder.onWritable = more;
  more();
  await Promise.all([master.write(data), until('all bytes up', () => recorder.length === data.length, 20_000)]);
  assert.ok(recorder.data().equals(data), 'up');
  assert.ok((await master.takeBytes(data.length, 20_000)).equals(data), 'down');
});

test('a device that takes nothing is given up at close after char_drain_wait, and the loop goes on meanwhile', async (t) => {
  const { dev, recorder, master, pty } = rig(t, {}, { charDrainWait: 10 });
  await opensWell(dev);
  master.setReading(false);
  assert.equal(dev.write(pattern(1 << 20)), false);
  let worst = 0;
  let last = systemClock.now();
  let watching = true;
  const tick = (): void => {
    worst = Math.max(worst, systemClock.now() - last);
    last = systemClock.now();
    if (watching) systemClock.after(1, tick);
  };
  tick();
  const began = systemClock.now();
  dev.close();
  await until('closed()', () => recorder.closes === 1);
  watching = false;
  const took = systemClock.now() - began;
  assert.ok(took >= 90 && took < 1500, `closed after ${took} ms`);
  assert.ok(worst < 90, `the loop stood still for ${worst} ms`);
  assert.equal(recorder.error, undefined);
  assert.equal(needLibc().outputQueued(pty.slave!), 0);
});

test('drain_time limits the wait as a whole, and abort() ends it', async (t) => {
  for (const [opts, abort] of [
    [{ charDrainWait: 'off', drainTime: 5 }, false],
    [{ charDrainWait: 'off' }, true],
  ] as const) {
    const { dev, recorder, master } = rig(t, {}, opts);
    await opensWell(dev);
    master.setReading(false);
    assert.equal(dev.write(pattern(1 << 20)), false);
    const began = systemClock.now();
    dev.close();
    if (abort) dev.abort();
    await until('closed()', () => recorder.closes === 1);
    const took = systemClock.now() - began;
    assert.ok(abort ? took < 1000 : took >= 45 && took < 1500, `${JSON.stringify(opts)} took ${took} ms`);
  }
});

test('output still under way is waited for at close', async (t) => {
  const { dev, recorder, master } = rig(t);
  await opensWell(dev);
  const data = pattern(200_000, 3);
  master.setReading(false);
  dev.write(data);
  dev.close();
  master.setReading(true);
  assert.ok((await master.takeBytes(data.length)).equals(data));
  await until('closed()', () => recorder.closes === 1);
});

// Failing and vanishing.

test('a pty whose other end closes is the remote end closing', async (t) => {
  const pty = openPty({ raw: true, keepOpen: false });
  const { dev, recorder } = rig(t, {}, {}, pty);
  await opensWell(dev);
  dev.setReading(true);
  await pty.close();
  await until('closed()', () => recorder.closes === 1);
  assert.equal(recorder.error?.code, 'remclose');
  assert.equal(dev.write(Buffer.from('x')), true);
  assert.deepEqual(recorder.broken, []);
});

test('a write to a pty whose other end has closed ends it too', async (t) => {
  const pty = openPty({ raw: true, keepOpen: false });
  const { dev, recorder } = rig(t, {}, {}, pty);
  await opensWell(dev);
  await pty.close();
  dev.write(Buffer.from('x'));
  await until('closed()', () => recorder.closes === 1);
  assert.equal(recorder.error?.code, 'remclose');
});

for (const lib of ['libc', 'none'] as const) {
  test(`a device that cannot be a serial one says why (${lib === 'libc' ? 'C library' : 'serialport package'})`, async () => {
    const plain = join(root, `plain-${lib}`);
    writeFileSync(plain, '');
    for (const [device, code] of [
      ['', 'notfound'],
      [join(root, 'no-such-device'), 'notfound'],
      [plain, 'oserr'],
      [root, 'oserr'],
      ['/dev/null', 'oserr'],
      ['a\0b', 'inval'],
    ] as const) {
      const before = readdirSync('/proc/self/fd').length;
      const err = await opened(createSerialDevWith(spec(device), env('no locks'), library(lib)));
      assert.equal(err?.code, code, `${device}: ${err?.detail}`);
      assert.equal(readdirSync('/proc/self/fd').length, before, `${device}: a descriptor stayed open`);
    }
  });
}

test('dtr, rts and rs485 on a device without them make the open fail, and nothing of it stays', async (t) => {
  for (const [line, code] of [
    [{ lines: [{ line: 'dtr', on: true }] }, 'oserr'],
    [{ lines: [{ line: 'rts', on: false }] }, 'oserr'],
    [{ rs485: '1:2' }, 'oserr'],
    [{ rs485: 'nonsense' }, 'inval'],
  ] as const) {
    const { dev, pty } = rig(t, line, { nouucplock: false });
    const before = pty.settings();
    assert.equal((await opened(dev))?.code, code);
    assert.deepEqual(pty.settings(), before);
    assert.deepEqual(
      readdirSync(root).filter((name) => name.startsWith('LCK')),
      [],
    );
  }
  const { dev } = rig(t, { rs485: 'off' });
  await opensWell(dev);
});

test('giving up while it opens leaves nothing behind', async (t) => {
  for (const how of ['close', 'abort'] as const) {
    const { dev, recorder, pty } = rig(t, {}, { nouucplock: false });
    const before = pty.settings();
    let dones = 0;
    dev.open(() => dones++);
    dev[how]();
    await until('closed()', () => recorder.closes === 1);
    await until('the lock to go', () => !readdirSync(root).some((name) => name.startsWith('LCK')));
    await until('the settings to come back', () => pty.settings().ospeed === before.ospeed);
    assert.equal(dones, 0);
  }
});

// The rest of the surface.

test('the address shows the settings asked for while closed, and nothing on an open pty', async (t) => {
  const { dev, recorder, pty, ask } = rig(t, { speed: 300, parity: 'E', databits: 7, rtscts: true });
  assert.equal(dev.address(), `${pty.path},300E71,RTSCTS,CLOCAL offline`);
  await opensWell(dev);
  assert.equal(dev.address(), '');
  ask('baudrate', 1200);
  await closesWell(dev, recorder);
  assert.equal(dev.address(), `${pty.path},300E71,RTSCTS,CLOCAL offline`);
});

test('the modem state is reported once after the open, all lines off on a pty', async (t) => {
  const { dev, recorder } = rig(t);
  await opensWell(dev);
  assert.deepEqual(recorder.events, [{ on: 'modemstate', state: 0 }]);
});

test('purging throws away what waits and keeps what comes', async (t) => {
  const { dev, recorder, master, pty } = rig(t);
  await opensWell(dev);
  const waits = (): boolean => must(needLibc().inputQueued(pty.slave!)) > 0;
  for (const queue of ['input', 'output', 'both'] as const) {
    await master.write('old');
    await until('the bytes', waits);
    dev.serial!.purge(queue);
    assert.equal(waits(), false);
  }
  dev.serial!.sendBreak();
  dev.setReading(true);
  await master.write('new');
  await until('the text', () => recorder.text() === 'new');
});

test('rdonly sends nothing, wronly as an option reads nothing, and both set the terminal', async (t) => {
  const ro = rig(t, {}, { rdonly: true });
  await opensWell(ro.dev);
  ro.dev.setReading(true);
  assert.equal(ro.dev.write(Buffer.from('no')), true);
  await ro.master.write('in');
  await until('the text', () => ro.recorder.text() === 'in');
  assert.equal(ro.master.received, 0);
  const wo = rig(t, { speed: 1200 }, { wronly: true });
  await opensWell(wo.dev);
  wo.dev.setReading(true);
  await wo.master.write('in');
  wo.dev.write(Buffer.from('out'));
  await wo.master.takeUntil('out');
  assert.equal(wo.recorder.length, 0);
  assert.equal(wo.pty.settings().ospeed, 1200);
});
