import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Termios } from '../../../src/base/libc.ts';
import { atClose, type LineSettings, printSettings, rawMode, withSettings } from '../../../src/gensio/serialdev/termios.ts';
import { PLAIN_LINE } from '../../rig/fake-device.ts';

const ALL_ON: Termios = {
  iflag: 0xffffffff,
  oflag: 0xffffffff,
  cflag: 0xffffffff,
  lflag: 0xffffffff,
  line: 0,
  cc: new Uint8Array(19).fill(7),
  ispeed: 38400,
  ospeed: 38400,
};
const CMSPAR = 0o10000000000;

test('raw mode is what ser2net makes of a terminal with everything on', () => {
  const t = rawMode(ALL_ON, { ...PLAIN_LINE, hangupWhenDone: false });
  assert.equal(t.iflag, 1);
  assert.equal(t.oflag, 0o37777777772);
  assert.equal(t.lflag, 0o37777670604);
  // 0o160000 means nothing and stays; of the rest CLOCAL CREAD CS8 B9600.
  assert.equal(t.cflag & 0o177777, 0o164275);
  assert.equal(t.cflag & CMSPAR, 0);
  assert.deepEqual([...t.cc], [0, 0, 0, 0, 0, 0, 1, 0, 17, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('each speed with a constant gets it, and every other one is BOTHER', () => {
  const cbaud = (speed: number): number => withSettings({ ...ALL_ON, cflag: 0 }, { ...PLAIN_LINE, speed }).cflag & 0o10017;
  assert.deepEqual(
    [50, 300, 9600, 38400, 57600, 115200, 921600, 4000000].map(cbaud),
    [1, 7, 0o15, 0o17, 0o10001, 0o10002, 0o10007, 0o10017],
  );
  for (const speed of [1, 14400, 12345, 28800, 250000, 0xffffffff]) assert.equal(cbaud(speed), 0o10000, String(speed));
});

const settings = fc.record<LineSettings>({
  speed: fc.integer({ min: 1, max: 0xffffffff }),
  parity: fc.constantFrom('N', 'E', 'O', 'M', 'S'),
  databits: fc.constantFrom(5, 6, 7, 8),
  stopbits: fc.constantFrom(1, 2),
  xonxoff: fc.boolean(),
  rtscts: fc.boolean(),
  local: fc.boolean(),
  hangupWhenDone: fc.boolean(),
});

test('nothing of the settings before stays behind, and what they do not decide is left alone', () => {
  fc.assert(
    fc.property(settings, settings, (before, after) => {
      const fresh = withSettings(ALL_ON, after);
      assert.deepEqual(withSettings(withSettings(ALL_ON, before), after), fresh);
      assert.equal(fresh.cflag >>> 0, fresh.cflag);
      assert.equal((fresh.cflag & CMSPAR) !== 0, after.parity === 'M' || after.parity === 'S');
    }),
  );
});

test('what is put back is what was found, with HUPCL when a hang-up is wanted', () => {
  const found = { ...ALL_ON, cflag: 0o60 };
  assert.equal(atClose(found, false), found);
  assert.equal(atClose(found, true).cflag, 0o2060);
});

test('settings are printed as the console shows them', () => {
  assert.equal(printSettings(PLAIN_LINE), '9600N81,CLOCAL');
  const all: LineSettings = {
    ...PLAIN_LINE,
    speed: 300,
    parity: 'S',
    databits: 7,
    stopbits: 2,
    xonxoff: true,
    rtscts: true,
    hangupWhenDone: true,
  };
  assert.equal(printSettings(all), '300S72,XONXOFF,RTSCTS,CLOCAL,HANGUP_WHEN_DONE');
});
