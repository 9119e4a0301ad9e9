import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComPort, GensioEvent, SerialControl } from '../../src/gensio/gensio.ts';
import { Netcon, type NetconUp } from '../../src/port/netcon.ts';
import { SerialEvents, type SerialPort } from '../../src/port/serial-events.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';

const PORT = {} as NetconUp;

/** Two users whose answers are written down behind their names, a device, and what the port was told. */
function rig(more: Partial<SerialPort> = {}) {
  const lines: string[] = [];
  const user = (name: string): Netcon => {
    const comPort: ComPort = {
      reply: (setting, value) => void lines.push(`${name} ${setting} ${value}`),
      signature: (text) => void lines.push(`${name} signature ${text}`),
      modemstate: (state) => void lines.push(`${name} modemstate ${state}`),
      linestate: (state) => void lines.push(`${name} linestate ${state}`),
    };
    return new Netcon(new FakeGensio({ comPort }), PORT, new FakeClock());
  };
  let answer: ((value: number | undefined) => void) | undefined;
  const serial: SerialControl = {
    request: (setting, value, done) => {
      lines.push(`asked ${setting} ${value}`);
      answer = done;
    },
    sendBreak: () => void lines.push('break'),
    purge: (which) => void lines.push(`purge ${which}`),
  };
  const users = [user('a'), user('b')] as const;
  const events = new SerialEvents({
    serial,
    users,
    signature: 'sig',
    breakOnSync: false,
    lineChanged: () => void lines.push('changed'),
    ...more,
  });
  return {
    lines,
    a: users[0],
    answer: (value: number | undefined) => answer?.(value),
    /** What follows from an event of the user a; clears what was before. */
    from: (event: GensioEvent): string[] => {
      lines.length = 0;
      events.fromUser(users[0], event);
      return lines;
    },
    device: (event: GensioEvent): string[] => {
      lines.length = 0;
      events.fromDevice(event);
      return lines;
    },
  };
}

test('an answer to a setting goes to every user; a question alone changes nothing, and no answer is told to nobody', () => {
  const { lines, from, answer } = rig();
  assert.deepEqual(from({ on: 'serial', setting: 'baudrate', value: 9600 }), ['asked baudrate 9600']);
  answer(9601);
  assert.deepEqual(lines.slice(1), ['changed', 'a baudrate 9601', 'b baudrate 9601']);
  from({ on: 'serial', setting: 'parity', value: 0 });
  answer(1);
  assert.deepEqual(lines.slice(1), ['a parity 1', 'b parity 1']);
  from({ on: 'serial', setting: 'parity', value: 3 });
  answer(undefined);
  assert.deepEqual(lines.length, 1);
});

test('purges and breaks go to the device, a Synch only as a break where that is wanted', () => {
  const { from } = rig();
  assert.deepEqual(from({ on: 'purge', which: 3 }), ['purge 3']);
  assert.deepEqual(from({ on: 'break' }), ['break']);
  assert.deepEqual(from({ on: 'sync' }), []);
  assert.deepEqual(rig({ breakOnSync: true }).from({ on: 'sync' }), ['break']);
});

test('who asks for the signature gets it, nobody else', () => {
  assert.deepEqual(rig().from({ on: 'signature' }), ['a signature sig']);
});

for (const kind of ['modemstate', 'linestate'] as const) {
  test(`who sets a ${kind} mask hears the state as it is, within the mask`, () => {
    const { from, device } = rig();
    assert.deepEqual(from({ on: `${kind}-mask`, mask: 0xff }), [`a ${kind} 0`]);
    device({ on: kind, state: 0xb1 });
    assert.deepEqual(from({ on: `${kind}-mask`, mask: 0xf0 }), [`a ${kind} ${0xb0}`]);
  });
}

test('a modem state goes to those whose mask has a line that changed, within the mask', () => {
  const { from, device, a } = rig();
  from({ on: 'modemstate-mask', mask: 0x11 });
  assert.equal(a.modemMask, 0x11);
  assert.deepEqual(device({ on: 'modemstate', state: 0x33 }), ['a modemstate 17']);
  // The line is on, but another one changed.
  assert.deepEqual(device({ on: 'modemstate', state: 0x32 }), []);
});

test('a line state goes to those whose mask has one of its bits, within the mask', () => {
  const { from, device, a } = rig();
  from({ on: 'linestate-mask', mask: 0x12 });
  assert.equal(a.lineMask, 0x12);
  assert.deepEqual(device({ on: 'linestate', state: 0x13 }), ['a linestate 18']);
  assert.deepEqual(device({ on: 'linestate', state: 0x21 }), []);
  assert.deepEqual(device({ on: 'sync' }), []);
});

test('without a device, or with one that is no serial line, requests are dropped', () => {
  const { from } = rig({ serial: undefined });
  for (const event of [
    { on: 'serial', setting: 'baudrate', value: 9600 },
    { on: 'purge', which: 1 },
    { on: 'break' },
    { on: 'modemstate', state: 1 },
  ] as const)
    assert.deepEqual(from(event), []);
});
