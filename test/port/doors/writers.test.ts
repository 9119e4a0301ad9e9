// One user at a time may write: who has the right, who gets it, and who is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SerialControl } from '../../../src/gensio/gensio.ts';
import { DoorRig, got } from '../../rig/door-rig.ts';
import { settle } from '../../rig/port-rig.ts';

/** Three doors for two users each: telnet (0), raw (1), telnet for reading (2). */
const DOORS = `writers: one
doors:
  - {accepter: 'telnet,tcp,localhost,3001', rights: [read, write, control], escape: '\\x05c'}
  - {accepter: 'tcp,localhost,3002', rights: [read, write, control]}
  - {accepter: 'telnet,tcp,localhost,3003', rights: [read], escape: '\\x05c'}
`;
const KEYS = '\x05c';
const rigWith = (takeover = 'ask', options = {}): DoorRig => new DoorRig(`takeover: ${takeover}\n${DOORS}`, options);

test('the first who sends something has the right; connecting does not take it, and leaving frees it', async () => {
  const rig = rigWith();
  const [idle, a, b] = [await rig.enter(0), await rig.enter(0), await rig.enter(1)];
  a.feed('a');
  b.feed('b');
  idle.feed('i');
  assert.equal(rig.sent(), 'a');
  assert.equal(rig.rig.port.access!.writer?.peer, a.address());
  a.end();
  await settle();
  assert.equal(rig.rig.port.access!.writer, undefined);
  b.feed('b');
  assert.equal(rig.sent(), 'b');
});

test('what is refused is dropped, never queued, and told once where people read', async () => {
  const rig = rigWith();
  const [a, b, raw, reader] = [await rig.enter(1), await rig.enter(0), await rig.enter(1), await rig.enter(2)];
  a.feed('a');
  for (const user of [b, b, raw, reader, reader]) user.feed('no');
  assert.equal(rig.sent(), 'a');
  assert.equal(got(b), `\r\n[ser2net: ${a.address()} has the right to write, what you type is dropped; ^Ec f asks for it]\r\n`);
  assert.equal(got(raw), '');
  assert.equal(got(reader), '\r\n[ser2net: you may only watch here]\r\n');
  a.end();
  await settle();
  b.feed('yes');
  assert.equal(rig.sent(), 'yes');
});

test('with takeover now the right goes at once, and both sides and the log are told', async () => {
  const rig = rigWith('now');
  const [a, b] = [await rig.enter(0, 'alice'), await rig.enter(0, 'bob')];
  a.feed('a');
  b.feed(`${KEYS}f`);
  b.feed('b');
  a.feed('a');
  assert.equal(rig.sent(), 'ab');
  assert.equal(got(b), '\r\n[ser2net: you have the right to write]\r\n');
  assert.equal(
    got(a),
    '\r\n[ser2net: bob has the right to write now]\r\n\r\n[ser2net: bob has the right to write, what you type is dropped; ^Ec f asks for it]\r\n',
  );
  assert.ok(rig.rig.logged.includes(`notice: con0: bob (${b.address()}) has taken the right to write from alice (${a.address()})`));
});

test('with takeover never nobody takes it', async () => {
  const rig = rigWith('never');
  const [a, b] = [await rig.enter(1), await rig.enter(0)];
  a.feed('a');
  b.feed(`${KEYS}fb`);
  assert.equal(rig.sent(), 'a');
  assert.match(got(b), /has the right to write, and nobody takes it over here\]/);
});

test('with takeover ask whoever has the right is asked: a key keeps it, 15 seconds of silence give it away', async () => {
  const rig = rigWith('ask');
  const [a, b] = [await rig.enter(0), await rig.enter(0)];
  a.feed('a');
  b.feed(`${KEYS}f`);
  assert.equal(got(b), `\r\n[ser2net: ${a.address()} is asked, and has 15 s to answer]\r\n`);
  assert.equal(
    got(a),
    `\r\n[ser2net: ${b.address()} asks for the right to write: type anything within 15 s to keep it, or ^Ec s to give it away]\r\n`,
  );
  a.feed('k');
  assert.equal(got(b), `\r\n[ser2net: ${a.address()} keeps the right to write]\r\n`);
  rig.rig.clock.advance(20_000);
  b.feed('b');
  assert.equal(rig.sent(), 'ak');
  got(b);
  b.feed(`${KEYS}f`);
  rig.rig.clock.advance(14_999);
  b.feed('b');
  assert.equal(rig.sent(), '');
  rig.rig.clock.advance(1);
  b.feed('b');
  assert.equal(rig.sent(), 'b');
});

test('whoever is asked can give the right away at once, and whoever asks gets it when the other leaves', async () => {
  for (const how of ['key', 'leave'] as const) {
    const rig = rigWith('ask');
    const [a, b] = [await rig.enter(0), await rig.enter(0)];
    a.feed('a');
    b.feed(`${KEYS}f`);
    if (how === 'key') a.feed(`${KEYS}s`);
    else a.end();
    await settle();
    assert.equal(rig.rig.port.access!.writer?.peer, b.address(), how);
  }
});

test('one that cannot be asked keeps the right while it was active in the last 60 seconds', async () => {
  const rig = rigWith('ask');
  const [raw, b] = [await rig.enter(1), await rig.enter(0)];
  raw.feed('a');
  rig.rig.clock.advance(59_000);
  b.feed(`${KEYS}f`);
  assert.match(got(b), /cannot be asked, and has sent something within the last minute\]/);
  assert.equal(rig.rig.port.access!.writer?.peer, raw.address());
  rig.rig.clock.advance(1000);
  b.feed(`${KEYS}f`);
  assert.equal(rig.rig.port.access!.writer?.peer, b.address());
});

test('requests need the right of control, and the right to write where somebody else has it; they are answered with what is in force', async () => {
  const asked: string[] = [];
  const serial = {
    get: (item: string, done: (value: unknown) => void) => {
      asked.push(`get ${item}`);
      done(9600);
    },
    set: (item: string, value: unknown, done: (value: unknown) => void) => {
      asked.push(`set ${item} ${value}`);
      done(value);
    },
    sendBreak: () => void asked.push('break'),
    purge: () => void asked.push('purge'),
  } as unknown as SerialControl;
  const replies: string[] = [];
  const comPort = (who: string) => ({ comPort: { reply: (_: string, value: unknown) => void replies.push(`${who} ${value}`) } as never });
  const rig = rigWith('now', { device: { serial } });
  const [a, b, c] = [await rig.enter(0, 'a', comPort('a')), await rig.enter(1, 'b', comPort('b')), await rig.enter(2, 'c', comPort('c'))];
  const speed = { on: 'serial', item: 'speed', value: 115200 } as const;
  // Nobody writes yet: nobody is disturbed.
  b.emit(speed);
  assert.deepEqual(asked.splice(0), ['set speed 115200']);
  a.feed('a');
  replies.length = 0;
  for (const user of [b, c]) for (const event of [speed, { on: 'break' }, { on: 'purge', queue: 'both' }] as const) user.emit(event);
  assert.deepEqual(asked.splice(0), ['get speed', 'get speed']);
  assert.deepEqual(replies, ['b 9600', 'c 9600']);
  a.emit({ on: 'break' });
  assert.deepEqual(asked, ['break']);
});

test('the console gives the right to a user, or takes it away', async () => {
  const rig = rigWith('never');
  const [a, b] = [await rig.enter(0), await rig.enter(0)];
  const { access, users } = rig.rig.port;
  a.feed('a');
  access!.giveWriter(users[1], 'the control port');
  b.feed('b');
  a.feed('a');
  assert.equal(rig.sent(), 'ab');
  assert.ok(rig.rig.logged.at(-1)!.startsWith(`notice: con0: the control port has given ${b.address()} the right to write`));
  access!.giveWriter(undefined, 'the control port');
  assert.match(got(b), /the right to write was taken away by the control port\]/);
  a.feed('a');
  assert.equal(rig.sent(), 'a');
});

test('the keys of a door: who is here, watch only, break, help, leave; typed twice they are sent', async () => {
  const rig = rigWith();
  const [a, reader] = [await rig.enter(0, 'alice'), await rig.enter(2)];
  a.feed(`x${KEYS}w`);
  assert.equal(
    got(a),
    '\r\n alice (ipv4,127.0.0.1,5000)  telnet  read, write, control  (writes, you)\r\n ipv4,127.0.0.1,5001  telnet  read\r\n',
  );
  a.feed(`${KEYS}s`);
  a.feed('dropped');
  a.feed(`${KEYS}f`);
  a.feed(`y${KEYS}${KEYS}z`);
  assert.equal(rig.sent(), `xy${KEYS}z`);
  got(a);
  reader.feed(`${KEYS}l1${KEYS}?`);
  const text = got(reader);
  assert.match(text, /you may not send a break/);
  assert.match(text, /\^Ec \. {2}leave/);
  reader.feed(`${KEYS}.`);
  await settle();
  assert.equal(reader.state, 'closed');
});
