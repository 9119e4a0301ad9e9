import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Termios } from '../../../src/base/termios.ts';
import { atClose, type LineSettings, printSettings, rawMode, withSettings } from '../../../src/gensio/serialdev/termios.ts';
import { PLAIN_LINE } from '../../rig/fake-device.ts';
import { anyLineFields } from '../any-line.ts';

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
  const low = [50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
  const high = [57600, 115200, 230400, 460800, 500000, 576000, 921600, 1e6, 1152e3, 15e5, 2e6, 25e5, 3e6, 35e5, 4e6];
  assert.deepEqual(
    low.map(cbaud),
    Array.from({ length: 15 }, (_, i) => 1 + i),
  );
  assert.deepEqual(
    high.map(cbaud),
    Array.from({ length: 15 }, (_, i) => 0o10001 + i),
  );
  for (const speed of [1, 14400, 12345, 28800, 250000, 0xffffffff]) assert.equal(cbaud(speed), 0o10000, String(speed));
});

test('each setting has its bits of asm-generic/termbits.h, and no others', () => {
  const nothing = { ...ALL_ON, iflag: 0, cflag: 0 };
  // 0 has no bits.
  const plain = { ...PLAIN_LINE, speed: 0, databits: 5, stopbits: 1, parity: 'N', local: false, hangupWhenDone: false } as const;
  const bits = (more: Partial<LineSettings>): string => {
    const { iflag, cflag } = withSettings(nothing, { ...plain, ...more });
    return `${iflag.toString(8)} ${cflag.toString(8)}`;
  };
  assert.equal(bits({}), '0 0');
  assert.deepEqual(
    ([5, 6, 7, 8] as const).map((databits) => bits({ databits })),
    ['0 0', '0 20', '0 40', '0 60'],
  );
  assert.deepEqual(
    (['E', 'O', 'M', 'S'] as const).map((parity) => bits({ parity })),
    ['0 400', '0 1400', '0 10000001400', '0 10000000400'],
  );
  assert.deepEqual(
    [{ stopbits: 2 }, { rtscts: true }, { local: true }, { hangupWhenDone: true }, { xonxoff: true }].map((more) =>
      bits(more as Partial<LineSettings>),
    ),
    ['0 100', '0 20000000000', '0 4000', '0 2000', '12000 0'],
  );
});

const settings = fc.record<LineSettings>({
  ...anyLineFields(1, 0xffffffff),
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
