import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineControl } from '../../../src/gensio/serialdev/control.ts';
import { TIOCM } from '../../../src/gensio/serialdev/modemstate.ts';
import { FakeTerminal, PLAIN_LINE } from '../../rig/fake-device.ts';
import { ask as askByNumber, type Setting } from '../../rig/numbers.ts';

function rig(line: Partial<typeof PLAIN_LINE> = {}) {
  const terminal = new FakeTerminal();
  const config = { ...PLAIN_LINE, ...line };
  const control = new LineControl(config, () => terminal);
  const ask = (setting: Setting, value: number): number | undefined => {
    let answers = 0;
    let got: number | undefined;
    askByNumber(control, setting, value, (answer) => {
      answers++;
      got = answer;
    });
    assert.equal(answers, 1);
    return got;
  };
  return { terminal, control, ask };
}
/** A pty as it comes: no lines, breaks taken. */
function bare() {
  const r = rig();
  r.terminal.faults.set('lines', 'ENOTTY').set('setLine', 'ENOTTY');
  return r;
}

test('each setting is asked with 0 and answered as last asked for', () => {
  const { ask, terminal } = rig({ speed: 300, parity: 'E', databits: 7, stopbits: 2 });
  assert.deepEqual(
    (['baudrate', 'datasize', 'parity', 'stopsize'] as const).map((s) => ask(s, 0)),
    [300, 7, 3, 2],
  );
  assert.deepEqual([terminal.settings], [undefined]);
  for (const speed of [9600, 14400, 12345, 1, 4294967295]) {
    assert.equal(ask('baudrate', speed), speed);
    assert.equal(terminal.settings?.speed, speed);
    assert.equal(ask('baudrate', 0), speed);
  }
  for (const size of [5, 6, 7, 8]) assert.equal(ask('datasize', size), size);
  for (const stop of [1, 2]) assert.equal(ask('stopsize', stop), stop);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 2, 1].map((p) => [ask('parity', p), terminal.settings?.parity, ask('parity', 0)].join()),
    ['1,N,1', '2,O,2', '3,E,3', '4,M,4', '5,S,5', '2,O,2', '1,N,1'],
  );
});

test('a value that is not possible gets no answer and changes nothing', () => {
  const { ask, terminal } = rig();
  for (const [setting, values] of [
    ['datasize', [1, 4, 9, 255]],
    ['parity', [6, 255]],
    ['stopsize', [3, 4, 255]],
    ['control', [20, 127, 255]],
    ['baudrate', [-1, 2 ** 32]],
  ] as const) {
    for (const value of values) assert.equal(ask(setting, value), undefined, `${setting} ${value}`);
  }
  assert.deepEqual([terminal.settings], [undefined]);
});

test('a setting the device refuses gets no answer and is not kept', () => {
  const { ask, terminal, control } = rig();
  terminal.faults.set('change', 'EIO');
  assert.equal(ask('baudrate', 19200), undefined);
  assert.equal(ask('baudrate', 0), 9600);
  assert.equal(control.settings.speed, 9600);
});

test('flow control is asked and set outbound, and only asked inbound', () => {
  const { ask, terminal } = rig();
  assert.equal(ask('control', 0), 1);
  assert.equal(ask('control', 2), 2);
  assert.deepEqual([terminal.settings?.xonxoff, terminal.settings?.rtscts, ask('control', 0)], [true, false, 2]);
  assert.deepEqual(
    [13, 14, 15, 19].map((v) => ask('control', v)),
    [16, 16, 16, 16],
  );
  assert.equal(ask('control', 3), 3);
  assert.deepEqual([terminal.settings?.xonxoff, terminal.settings?.rtscts, ask('control', 0)], [false, true, 3]);
  assert.deepEqual(
    [13, 19].map((v) => ask('control', v)),
    [14, 14],
  );
  assert.equal(ask('control', 1), 1);
  assert.deepEqual([terminal.settings?.xonxoff, terminal.settings?.rtscts, ask('control', 0)], [false, false, 1]);
  assert.equal(rig({ rtscts: true, xonxoff: true }).ask('control', 0), 3);
});

test('break goes on and off, and is answered as it is', () => {
  const { ask, terminal } = rig();
  assert.equal(ask('control', 4), 6);
  assert.equal(ask('control', 5), 5);
  assert.equal(terminal.breakOn, true);
  assert.equal(ask('control', 4), 5);
  assert.equal(ask('control', 6), 6);
  assert.equal(terminal.breakOn, false);
  terminal.faults.set('setBreak', 'ENOTTY');
  assert.equal(ask('control', 5), 5);
  terminal.faults.set('setBreak', 'EIO');
  assert.equal(ask('control', 6), undefined);
});

test('DTR and RTS are asked and set one by one', () => {
  const { ask, terminal } = rig();
  terminal.bits |= TIOCM.CTS;
  assert.deepEqual(
    [7, 10].map((v) => ask('control', v)),
    [8, 11],
  );
  assert.equal(ask('control', 9), 9);
  assert.equal(terminal.bits, TIOCM.RTS | TIOCM.CTS);
  assert.equal(ask('control', 12), 12);
  assert.deepEqual(
    [7, 10].map((v) => ask('control', v)),
    [9, 12],
  );
  assert.equal(ask('control', 8), 8);
  assert.equal(ask('control', 11), 11);
  assert.equal(terminal.bits, TIOCM.RTS | TIOCM.DTR | TIOCM.CTS);
  terminal.faults.set('setLine', 'EIO');
  assert.equal(ask('control', 8), undefined);
  assert.equal(ask('control', 12), undefined);
});

test('without modem lines DTR and RTS are answered as asked for, on at first', () => {
  const { ask } = bare();
  assert.deepEqual(
    [7, 9, 7, 8, 7, 10, 12, 10].map((v) => ask('control', v)),
    [8, 9, 9, 8, 8, 11, 12, 12],
  );
});

test('a purge of the output throws both queues away, as ser2net 4.3.11 does', () => {
  const { control, terminal } = rig();
  for (const queue of ['input', 'output', 'both'] as const) control.purge(queue);
  assert.deepEqual(terminal.purges, ['input', 'both', 'both']);
  control.sendBreak();
  assert.equal(terminal.timedBreaks, 1);
});

test('a device that is not open answers nothing', () => {
  const control = new LineControl(PLAIN_LINE, () => undefined);
  control.get('speed', (answer) => assert.equal(answer, undefined));
  control.set('dtr', true, (answer) => assert.equal(answer, undefined));
  control.purge('both');
  control.sendBreak();
  assert.deepEqual(control.rate(), { bps: 9600, databits: 8, stopbits: 1, parity: false });
});
