import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { SystemError } from '../../../src/base/libc.ts';
import { ModemPoller, type ModemWatch, modemLevels, TIOCM } from '../../../src/gensio/serialdev/modemstate.ts';
import { FakeClock } from '../../rig/fake-clock.ts';

class Device implements ModemWatch {
  bits: number | SystemError = 0;
  looks = 0;
  readonly reports: number[] = [];
  readonly device: string;
  constructor(device = '/dev/a') {
    this.device = device;
  }
  look(): number | SystemError {
    this.looks++;
    return this.bits;
  }
  report(state: number): void {
    this.reports.push(state);
  }
}
const failing = (code: 'ENOTTY' | 'EIO'): SystemError => new SystemError(constants.errno[code], 'ioctl');

test('the lines have the bits of RFC 2217', () => {
  // asm-generic/termios.h
  assert.deepEqual(TIOCM, { DTR: 2, RTS: 4, CTS: 0x20, CD: 0x40, RI: 0x80, DSR: 0x100 });
  assert.deepEqual([TIOCM.CTS, TIOCM.DSR, TIOCM.RI, TIOCM.CD, TIOCM.DTR | TIOCM.RTS].map(modemLevels), [0x10, 0x20, 0x40, 0x80, 0]);
});

test('a report comes at open and then once for each change, within a second', () => {
  const clock = new FakeClock();
  const poller = new ModemPoller(clock);
  const d = new Device();
  poller.start(d);
  assert.deepEqual(d.reports, [0]);
  d.bits = TIOCM.CTS;
  clock.advance(1000);
  clock.advance(1000);
  d.bits = 0;
  clock.advance(1000);
  d.bits = TIOCM.CTS | TIOCM.CD;
  clock.advance(1000);
  d.bits = TIOCM.DSR | TIOCM.CD;
  clock.advance(1000);
  assert.deepEqual(d.reports, [0, 0x11, 0x01, 0x99, 0xa3]);
});

test('the memory of a device outlives its close', () => {
  const clock = new FakeClock();
  const poller = new ModemPoller(clock);
  const first = new Device();
  first.bits = TIOCM.CTS;
  poller.start(first);
  assert.deepEqual(first.reports, [0x11]);
  poller.stop(first);
  assert.equal(clock.timers, 0);
  const second = new Device();
  second.bits = TIOCM.CTS;
  poller.start(second);
  assert.deepEqual(second.reports, [0x10]);
});

test('ENOTTY is all lines off and ends the watch; another failure keeps what was known', () => {
  const clock = new FakeClock();
  const poller = new ModemPoller(clock);
  const d = new Device();
  d.bits = TIOCM.CTS;
  poller.start(d);
  d.bits = failing('EIO');
  clock.advance(1000);
  assert.deepEqual(d.reports, [0x11]);
  assert.equal(clock.timers, 1);
  d.bits = failing('ENOTTY');
  clock.advance(1000);
  assert.deepEqual(d.reports, [0x11, 0x01]);
  assert.equal(clock.timers, 0);
});

test('one timer serves all devices, and each is looked at once a second', () => {
  for (const count of [1, 5, 8, 9, 48, 100]) {
    const clock = new FakeClock();
    const poller = new ModemPoller(clock);
    const devices = Array.from({ length: count }, (_, i) => new Device(`/dev/${i}`));
    for (const d of devices) poller.start(d);
    assert.equal(clock.timers, 1);
    clock.advance(10_000);
    for (const d of devices) assert.ok(d.looks >= 10 && d.looks <= 14, `${count} devices: ${d.looks} looks in 10 s`);
    for (const d of devices) poller.stop(d);
    assert.equal(clock.timers, 0);
  }
});

test('a device that stops inside a report of another one is left alone', () => {
  const clock = new FakeClock();
  const poller = new ModemPoller(clock);
  const a = new Device('/dev/a');
  const b = new Device('/dev/b');
  poller.start(a);
  poller.start(b);
  a.report = () => poller.stop(b);
  a.bits = TIOCM.CTS;
  clock.advance(1000);
  assert.equal(b.looks, 1);
  clock.advance(1000);
  assert.equal(a.looks, 3);
});

test('a clock has one poller', () => {
  const clock = new FakeClock();
  assert.equal(ModemPoller.of(clock), ModemPoller.of(clock));
  assert.notEqual(ModemPoller.of(clock), ModemPoller.of(new FakeClock()));
});

test('a device that answers slowly is looked at so seldom that looks take a hundredth of the time', () => {
  class LaggingClock extends FakeClock {
    lag = 0;
    override now(): number {
      return super.now() + this.lag;
    }
  }
  const clock = new LaggingClock();
  const poller = new ModemPoller(clock);
  const slow = new Device('/dev/slow');
  slow.look = () => {
    slow.looks++;
    clock.lag += 500;
    return 0;
  };
  const quick = new Device('/dev/quick');
  poller.start(slow);
  poller.start(quick);
  for (let i = 0; i < 49; i++) clock.advance(1000);
  assert.deepEqual([slow.looks, quick.looks], [1, 50]);
  clock.advance(1000);
  assert.equal(slow.looks, 2);
});
