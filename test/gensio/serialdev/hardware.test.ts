// What only hardware does, on a pty that is taken for hardware and a C library with modem lines put over the real one.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type TestContext, test } from 'node:test';
import { type Libc, SystemError } from '../../../src/base/libc.ts';
import { createSerialDevWith } from '../../../src/gensio/serialdev/serialdev.ts';
import { defaults } from '../../../src/options/row.ts';
import { SERIALDEV, type SerialLine } from '../../../src/options/serialdev.ts';
import { opened, RecordingUp } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { PLAIN_LINE } from '../../rig/fake-device.ts';
import { needLibc, openPty, until } from '../../rig/pty.ts';

function rig(t: TestContext, line: Partial<SerialLine> = {}, over: Partial<Libc> = {}) {
  const pty = openPty({ raw: true });
  const clock = new FakeClock();
  const logged: string[] = [];
  const calls: string[] = [];
  const real = needLibc();
  const uart = { lines: 0x006, inChip: 0, closeWorks: true };
  const c: Libc = {
    ...real,
    getLines: () => uart.lines,
    setLines: (_fd, bits) => {
      calls.push(`lines ${bits.toString(16)}`);
      uart.lines = bits;
      return undefined;
    },
    setBreak: (_fd, on) => {
      calls.push(`break ${on}`);
      return undefined;
    },
    timedBreak: () => {
      calls.push('a call that waits');
      return undefined;
    },
    transmitterEmpty: () => uart.inChip === 0,
    flush: (fd, queue) => {
      calls.push(`flush ${queue}`);
      return real.flush(fd, queue);
    },
    setTermios: (fd, termios) => {
      calls.push(`speed ${termios.ospeed}`);
      return real.setTermios(fd, termios);
    },
    close: (fd) => {
      calls.push('close at once');
      return real.close(fd);
    },
    closeLater: (fd, done) => {
      calls.push('close');
      if (uart.closeWorks) real.closeLater(fd, done);
      else real.close(fd);
    },
    ...over,
  };
  const dev = createSerialDevWith(
    { type: 'serialdev', device: pty.path, opts: defaults(SERIALDEV), line: { ...PLAIN_LINE, ...line } },
    { clock, log: { log: (level, text) => void logged.push(`${level} ${text}`) }, lockDir: undefined },
    c,
    true,
  );
  const recorder = new RecordingUp();
  dev.up = recorder;
  t.after(() => pty.close());
  return { dev, recorder, clock, calls, logged, uart, pty };
}
const ends = (recorder: RecordingUp): Promise<void> => until('closed()', () => recorder.closes === 1);

test('lines are set in the order given, and put back before the settings, and the close waits on a thread', async (t) => {
  const { dev, recorder, calls, pty } = rig(t, {
    lines: [
      { line: 'rts', on: false },
      { line: 'dtr', on: false },
    ],
  });
  assert.equal(await opened(dev), undefined);
  assert.equal(dev.address(), `${pty.path},9600N81,CLOCAL RTSLO DTRLO`);
  assert.deepEqual(calls.splice(0), ['speed 9600', 'lines 2', 'lines 0', 'break false']);
  dev.close();
  await ends(recorder);
  assert.deepEqual(calls, ['flush both', 'lines 6', 'speed 38400', 'close']);
});

test('what was written and went out is not thrown away at close, what did not is', async (t) => {
  const { dev, recorder, calls, pty } = rig(t);
  await opened(dev);
  dev.write(Buffer.from('bye'));
  dev.close();
  await ends(recorder);
  assert.equal(
    calls.find((call) => call.startsWith('flush')),
    'flush input',
  );
  assert.equal((await pty.master.takeBytes(3)).toString(), 'bye');
});

test('a break lasts a quarter of a second without waiting, and ends with the close', async (t) => {
  const { dev, recorder, calls, clock } = rig(t, { nobreak: true });
  await opened(dev);
  calls.length = 0;
  dev.serial!.sendBreak();
  assert.deepEqual(calls, ['break true']);
  clock.advance(249);
  assert.deepEqual(calls, ['break true']);
  clock.advance(1);
  assert.deepEqual(calls, ['break true', 'break false']);
  dev.serial!.sendBreak();
  clock.advance(100);
  dev.serial!.sendBreak();
  clock.advance(249);
  assert.equal(calls.length, 4);
  dev.close();
  assert.equal(calls[4], 'break false');
  await ends(recorder);
  assert.equal(clock.timers, 0);
});

test('at close the last character leaves the chip before the settings change', async (t) => {
  const { dev, recorder, calls, clock, uart } = rig(t);
  await opened(dev);
  calls.length = 0;
  uart.inChip = 1;
  dev.close();
  clock.advance(100);
  assert.deepEqual(calls, []);
  uart.inChip = 0;
  clock.advance(10);
  assert.deepEqual(calls, ['flush both', 'lines 6', 'speed 38400', 'close']);
  await ends(recorder);
});

test('a chip that never gets empty is given up after char_drain_wait', async (t) => {
  const { dev, recorder, calls, clock, uart } = rig(t);
  await opened(dev);
  calls.length = 0;
  uart.inChip = 1;
  dev.close();
  clock.advance(490);
  assert.deepEqual(calls, []);
  clock.advance(20);
  assert.equal(calls.length, 4);
  await ends(recorder);
});

test('a driver that does not come back from close is let go after five seconds', async (t) => {
  const { dev, recorder, clock, uart } = rig(t);
  await opened(dev);
  uart.closeWorks = false;
  dev.abort();
  await until('the stream to end', () => clock.next !== undefined);
  clock.advance(4999);
  assert.equal(recorder.closes, 0);
  clock.advance(1);
  await ends(recorder);
});

test('modem lines are reported at open and once a second', async (t) => {
  const { dev, recorder, clock, uart } = rig(t);
  uart.lines |= 0x020;
  await opened(dev);
  uart.lines |= 0x040;
  clock.advance(999);
  assert.deepEqual(recorder.events, [{ on: 'modemstate', state: 0x11 }]);
  clock.advance(1);
  assert.deepEqual(recorder.events.slice(1), [{ on: 'modemstate', state: 0x98 }]);
  dev.abort();
  await ends(recorder);
  assert.equal(clock.timers, 0);
});

test('a speed the driver cannot do and a break it cannot clear are said once, and the device is used', async (t) => {
  const setTermios: Libc['setTermios'] = (fd, termios) =>
    needLibc().setTermios(fd, { ...termios, cflag: (termios.cflag & ~0o10017) | 0o15 });
  const setBreak = (): SystemError => new SystemError(constants.errno.EIO, 'ioctl TIOCCBRK');
  const { dev, recorder, logged, pty } = rig(t, { speed: 12345 }, { setTermios, setBreak });
  assert.equal(await opened(dev), undefined);
  assert.deepEqual(logged, [
    `warning serialdev: ${pty.path} cannot do 12345 bps, its driver made it 9600`,
    `warning serialdev: Setting break failed on ${pty.path}, try adding the nobreak option: Input/output error`,
  ]);
  let answer: number | null | undefined;
  dev.serial!.set('speed', 12345, (value) => {
    answer = value;
  });
  assert.equal(answer, 12345);
  assert.equal(logged.length, 2);
  dev.abort();
  await ends(recorder);
});

test('between slow calls on a device others have their turn: when it is opened, set and closed', async (t) => {
  let turn = 0;
  let over = false;
  const others = (): void => {
    turn++;
    if (!over) setImmediate(others);
  };
  setImmediate(others);
  t.after(() => {
    over = true;
  });
  const seen: number[] = [];
  const slow =
    <A extends readonly unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      seen.push(turn);
      clock.advance(20);
      return call(...args);
    };
  const real = needLibc();
  const { dev, recorder, clock } = rig(
    t,
    {},
    {
      getTermios: slow(real.getTermios),
      getLines: slow(() => 0),
      setTermios: slow(real.setTermios),
      setBreak: slow(() => undefined),
      flush: slow(real.flush),
      setLines: slow(() => undefined),
    },
  );
  /** So many calls, each in a turn of its own. */
  const apart = (calls: number): void => {
    assert.equal(seen.length, calls);
    assert.equal(new Set(seen.splice(0)).size, calls);
  };
  assert.equal(await opened(dev), undefined);
  apart(6);
  dev.serial!.set('speed', 19_200, () => undefined);
  dev.serial!.set('speed', 38_400, () => undefined);
  await until('a look at the speed', () => seen.length === 3);
  seen.length = 0;
  dev.close();
  await ends(recorder);
  apart(3);
});
