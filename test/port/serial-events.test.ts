import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SerialItem, SerialState } from '../../src/base/serial.ts';
import type { ComPort, GensioEvent, SerialAnswer, SerialControl } from '../../src/gensio/gensio.ts';
import { ALL_RIGHTS, openDoor, RAW, type Rights } from '../../src/port/door.ts';
import { Netcon, type NetconUp } from '../../src/port/netcon.ts';
import { SerialEvents } from '../../src/port/serial-events.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';

const PORT = {} as NetconUp;

/** Two users whose answers are written down behind their names, a device, and what the port was told. */
function rig({
  breakOnSync = false,
  device = true,
  rights = ALL_RIGHTS,
}: {
  breakOnSync?: boolean;
  device?: boolean;
  rights?: Rights;
} = {}) {
  const lines: string[] = [];
  const user = (name: string): Netcon => {
    const comPort: ComPort = {
      reply: (setting, value) => void lines.push(`${name} ${setting} ${value}`),
      signature: (text) => void lines.push(`${name} signature ${text}`),
      modemstate: (state) => void lines.push(`${name} modemstate ${state}`),
      linestate: (state) => void lines.push(`${name} linestate ${state}`),
    };
    return new Netcon(new FakeGensio({ comPort }), openDoor(RAW), rights, PORT, new FakeClock());
  };
  let answer: SerialAnswer<SerialItem> | undefined;
  const serial: SerialControl = {
    get: (item, done) => {
      lines.push(`asked ${item}`);
      answer = done as SerialAnswer<SerialItem>;
    },
    set: (item, value, done) => {
      lines.push(`asked ${item} ${value}`);
      answer = done as SerialAnswer<SerialItem>;
    },
    sendBreak: () => void lines.push('break'),
    purge: (queue) => void lines.push(`purge ${queue}`),
    watchErrors: (on) => void lines.push(`watch ${on}`),
  };
  const users = [user('a'), user('b')] as const;
  const events = new SerialEvents(users, () => void lines.push('changed'));
  const options = { signature: 'sig', telnetBrkOnSync: breakOnSync };
  return {
    lines,
    a: users[0],
    b: users[1],
    /** The device is open, a user has left, or the session is over. */
    update: (open: boolean): string[] => {
      lines.length = 0;
      events.update(open ? serial : undefined);
      return lines;
    },
    answer: (value: SerialState[SerialItem] | undefined) => answer?.(value),
    /** What follows from an event of the user a; clears what was before. */
    from: (event: GensioEvent): string[] => {
      lines.length = 0;
      events.fromUser(users[0], event, device ? serial : undefined, options);
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
  assert.deepEqual(from({ on: 'serial', item: 'speed', value: 9600 }), ['asked speed 9600']);
  answer(9601);
  assert.deepEqual(lines.slice(1), ['changed', 'a speed 9601', 'b speed 9601']);
  from({ on: 'serial', item: 'parity', value: undefined });
  answer('none');
  assert.deepEqual(lines.slice(1), ['a parity none', 'b parity none']);
  from({ on: 'serial', item: 'parity', value: 'even' });
  answer(undefined);
  assert.deepEqual(lines.length, 1);
});

test('purges and breaks go to the device, a Synch only as a break where that is wanted', () => {
  const { from } = rig();
  assert.deepEqual(from({ on: 'purge', queue: 'both' }), ['purge both']);
  assert.deepEqual(from({ on: 'break' }), ['break']);
  assert.deepEqual(from({ on: 'sync' }), []);
  assert.deepEqual(rig({ breakOnSync: true }).from({ on: 'sync' }), ['break']);
});

test('a user without the right of control is answered with what is in force, and changes, breaks and purges nothing', () => {
  const { lines, from, answer } = rig({ rights: { ...ALL_RIGHTS, control: false }, breakOnSync: true });
  assert.deepEqual(from({ on: 'serial', item: 'speed', value: 9600 }), ['asked speed']);
  answer(115200);
  assert.deepEqual(lines.slice(1), ['a speed 115200']);
  assert.deepEqual(from({ on: 'serial', item: 'dtr', value: false }), ['asked dtr']);
  for (const event of [{ on: 'purge', queue: 'both' }, { on: 'break' }, { on: 'sync' }] as const) assert.deepEqual(from(event), []);
  assert.deepEqual(from({ on: 'signature' }), ['a signature sig']);
  assert.deepEqual(from({ on: 'modemstate-mask', mask: 255 }), ['a modemstate 0']);
});

test('who asks for the signature gets it, nobody else', () => {
  assert.deepEqual(rig().from({ on: 'signature' }), ['a signature sig']);
});

for (const kind of ['modemstate', 'linestate'] as const) {
  test(`who sets a ${kind} mask hears the state as it is, within the mask`, () => {
    const { from, device } = rig();
    assert.equal(from({ on: `${kind}-mask`, mask: 0xff })[0], `a ${kind} 0`);
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
  const { from } = rig({ device: false });
  for (const event of [
    { on: 'serial', item: 'speed', value: 9600 },
    { on: 'purge', queue: 'input' },
    { on: 'break' },
    { on: 'modemstate', state: 1 },
  ] as const)
    assert.deepEqual(from(event), []);
});

test('a device is asked for breaks and errors while a user wants to hear of any, and not otherwise', () => {
  const { from, update, b } = rig();
  assert.deepEqual(from({ on: 'linestate-mask', mask: 0x61 }), ['a linestate 0']);
  assert.deepEqual(from({ on: 'linestate-mask', mask: 0x10 }), ['a linestate 0', 'watch true']);
  assert.deepEqual(from({ on: 'linestate-mask', mask: 0x02 }), ['a linestate 0']);
  b.lineMask = 0x08;
  assert.deepEqual(from({ on: 'linestate-mask', mask: 0 }), ['a linestate 0']);
  b.lineMask = 0;
  assert.deepEqual(update(true), ['watch false']);
  // The device closes by itself what it watches; the next session asks again.
  b.lineMask = 0x08;
  assert.deepEqual(update(true), ['watch true']);
  assert.deepEqual(update(false), []);
  assert.deepEqual(update(true), ['watch true']);
});
