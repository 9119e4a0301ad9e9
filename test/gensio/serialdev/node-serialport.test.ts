// The way without the C library: what it can do, and that it says so where it cannot. The bytes are in serialdev.test.ts.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createSerialDevWith } from '../../../src/gensio/serialdev/serialdev.ts';
import type { SerialLine } from '../../../src/options/serialdev.ts';
import { opened } from '../../compliance/recording-up.ts';
import { openPty, until } from '../../rig/pty.ts';
import { rig as serialRig } from './serial-rig.ts';

/** A device on a pty, without the C library. */
const rig = (t: TestContext, line: Partial<SerialLine> = {}) =>
  serialRig(t, line, {}, openPty({ raw: true }), (spec, env) => createSerialDevWith(spec, env, undefined));

test('speed, stop bits and flow control of the configuration reach the terminal', async (t) => {
  const { dev, pty } = rig(t, { speed: 12345, stopbits: 2, rtscts: true });
  assert.equal(await opened(dev), undefined);
  assert.equal(pty.settings().ospeed, 12345);
  assert.equal(pty.settings().cflag & 0o20000000100, 0o20000000100 | 0);
});

test('the speed can be changed, the rest only asked', async (t) => {
  const { dev, pty, ask } = rig(t);
  await opened(dev);
  assert.equal(ask('baudrate', 19200), 19200);
  await until('the speed', () => pty.settings().ospeed === 19200);
  assert.deepEqual(
    (['baudrate', 'datasize', 'parity', 'stopsize', 'control'] as const).map((s) => ask(s, 0)),
    [19200, 8, 1, 1, 1],
  );
  assert.deepEqual(
    [ask('datasize', 7), ask('parity', 2), ask('stopsize', 2), ask('control', 3)],
    [undefined, undefined, undefined, undefined],
  );
  assert.equal(ask('datasize', 8), 8);
});

test('on a pty lines and breaks are answered as with the C library', async (t) => {
  const { dev, recorder, ask } = rig(t);
  await opened(dev);
  assert.deepEqual(
    [4, 5, 6, 7, 8, 10, 11].map((v) => ask('control', v)),
    [6, 5, 6, 8, 8, 11, 11],
  );
  dev.serial!.sendBreak();
  for (const queue of ['input', 'output', 'both'] as const) dev.serial!.purge(queue);
  assert.equal(dev.address(), '');
  assert.deepEqual(recorder.events, [{ on: 'modemstate', state: 0 }]);
});

test('what it cannot set is not supported, and bad text is bad here too', async (t) => {
  for (const [line, code] of [
    [{ parity: 'M' }, 'notsup'],
    [{ parity: 'S' }, 'notsup'],
    [{ rs485: '1:2' }, 'notsup'],
    [{ rs485: 'x' }, 'inval'],
    [{ lines: [{ line: 'dtr', on: true }] }, 'oserr'],
  ] as const)
    assert.equal((await opened(rig(t, line).dev))?.code, code, JSON.stringify(line));
});

test('a pty whose other end closes ends it', async (t) => {
  const { dev, recorder, pty } = rig(t);
  await opened(dev);
  dev.setReading(true);
  await pty.close();
  await until('closed()', () => recorder.closes === 1);
  assert.equal(recorder.error?.code, 'remclose');
});
