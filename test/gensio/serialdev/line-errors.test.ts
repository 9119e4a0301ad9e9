import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { type LineErrorCounts, SystemError } from '../../../src/base/libc.ts';
import { LineErrorWatch } from '../../../src/gensio/serialdev/line-errors.ts';
import { SerialDev } from '../../../src/gensio/serialdev/serialdev.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { needLibc, until } from '../../rig/pty.ts';
import { closesWell, opensWell, rig } from './serial-rig.ts';

const NONE: LineErrorCounts = { overrun: 3, parity: 0, framing: 0, break: 7 };

test('what is counted since the look before is told once, what was counted earlier is not', () => {
  const clock = new FakeClock();
  let counts: LineErrorCounts | SystemError = NONE;
  const told: number[] = [];
  const watch = new LineErrorWatch(
    clock,
    () => counts,
    (state) => void told.push(state),
  );
  clock.advance(1000);
  assert.deepEqual(told, []);
  counts = { ...NONE, break: 8, framing: 1 };
  clock.advance(100);
  clock.advance(1000);
  assert.deepEqual(told, [0x18]);
  counts = { ...counts, parity: 5, overrun: 4 };
  clock.advance(100);
  assert.deepEqual(told, [0x18, 0x06]);
  watch.stop();
  counts = { ...NONE };
  clock.advance(1000);
  assert.deepEqual(told, [0x18, 0x06]);
  assert.equal(clock.timers, 0);
});

test('a driver that counts nothing is asked once', () => {
  const clock = new FakeClock();
  new LineErrorWatch(
    clock,
    () => new SystemError(constants.errno.ENOTTY, 'ioctl TIOCGICOUNT'),
    () => assert.fail(),
  );
  assert.equal(clock.timers, 0);
});

test('a device reports errors while it is asked to, and is not looked at before or afterwards', async (t) => {
  let looks = 0;
  let counts = NONE;
  const c = {
    ...needLibc(),
    lineErrors: () => {
      looks++;
      return counts;
    },
  };
  const { dev, recorder } = rig(t, {}, {}, undefined, (spec, env) => new SerialDev(spec.device, spec.opts, spec, env, () => c));
  dev.serial!.watchErrors!(true);
  await opensWell(dev);
  assert.equal(looks, 0);
  dev.serial!.watchErrors!(true);
  assert.equal(looks, 1);
  counts = { ...NONE, parity: 1 };
  const states = (): number[] => recorder.events.flatMap((event) => (event.on === 'linestate' ? [event.state] : []));
  await until('the report', () => states().length === 2);
  assert.deepEqual(states(), [4, 0]);
  dev.serial!.watchErrors!(false);
  const before = looks;
  dev.serial!.watchErrors!(true);
  await closesWell(dev, recorder);
  assert.equal(looks, before + 1);
});
