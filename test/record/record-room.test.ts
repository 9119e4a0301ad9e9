// Recordings and histories at a real port, whose two ends are in the test's hands.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { noLog } from '../../src/base/log.ts';
import { EVENT } from '../../src/record/pcapng.ts';
import { RecordRoom } from '../../src/record/record-room.ts';
import { TICK_MS } from '../../src/record/recordings.ts';
import { DoorRig, got, sectionsOf } from '../rig/door-rig.ts';
import { PortRig, settle } from '../rig/port-rig.ts';
import { bytesOf, folder, packetsOf } from './recording-rig.ts';

/** A port with these keys in its section, and what records and remembers it. */
function recorded(keys: string) {
  let room: RecordRoom | undefined;
  const rig = new PortRig({
    room: (rig) => {
      room = new RecordRoom(rig.clock, { log: (_, text) => void rig.logged.push(text) });
      room.apply(sectionsOf(keys));
      return room;
    },
  });
  return { rig, room: room! };
}

test('a recorded port has its device open from the start and when its last user has left, and opens it again when it was lost', async () => {
  const file = join(folder(), 'a.pcapng');
  const { rig, room } = recorded(`record:\n  file: ${file}`);
  await settle();
  assert.equal(rig.port.state.at, 'open');
  rig.device.feed('nobody is here');
  const user = await rig.connect();
  user.feed('secret\r');
  rig.device.feed(', now somebody is');
  rig.clock.advance(50);
  assert.match(got(user), /now somebody is/);
  user.end();
  await settle();
  assert.equal(rig.port.state.at, 'open');
  rig.device.feed(', gone again');
  const lost = rig.device;
  lost.end();
  await settle();
  assert.notEqual(rig.port.state.at, 'open');
  rig.clock.advance(10_000);
  await settle();
  assert.notEqual(rig.device, lost);
  assert.equal(rig.port.state.at, 'open');
  rig.device.feed(', and back');
  rig.clock.advance(TICK_MS);
  await room.written();
  const packets = packetsOf(file);
  assert.equal(bytesOf(packets), 'nobody is here, now somebody is, gone again, and back');
  assert.equal(bytesOf(packets, EVENT.tx), '');
  assert.equal(packets.filter(({ comment }) => comment?.startsWith('device opened')).length, 2);
});

test('a section that changes begins and ends recordings at a port at work; without one the device is closed with its last user', async () => {
  const [one, two] = [join(folder(), 'a.raw'), join(folder(), 'b.raw')];
  const { rig, room } = recorded('history: 4k');
  await settle();
  assert.equal(rig.port.state.at, 'unconnected');
  room.apply(sectionsOf(`record:\n  file: ${one}`));
  await settle();
  rig.device.feed('first');
  room.apply(sectionsOf(`record:\n  file: ${two}`));
  rig.device.feed('second');
  room.apply(undefined);
  await settle();
  assert.equal(rig.port.state.at, 'unconnected');
  await room.written();
  assert.deepEqual([readFileSync(one, 'utf8'), readFileSync(two, 'utf8')], ['first', 'second']);
});

test('a port that no longer listens lets its device go, and its recording ends with it', async () => {
  const file = join(folder(), 'a.pcapng');
  const { rig, room } = recorded(`record:\n  file: ${file}`);
  await settle();
  rig.device.feed('x');
  rig.port.unlisten(() => undefined);
  await settle();
  assert.equal(rig.port.inUse, false);
  await room.written();
  assert.equal(packetsOf(file).at(-1)!.event, EVENT.complete);
});

test('what clients send is never in the history, also when it is recorded', async () => {
  const { rig } = recorded(`history: 4k\nrecord:\n  file: ${join(folder(), 'a.pcapng')}\n  directions: [device, client]`);
  await settle();
  const user = await rig.connect();
  rig.device.feed('password: ');
  user.feed('hunter2\r');
  rig.device.feed('\r\nwelcome\r\n');
  const past = Buffer.concat([...rig.port.history!.recent()]).toString();
  assert.equal(past, 'password: \r\nwelcome\r\n');
});

const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ says: fc.integer({ min: 1, max: 600 }) }) },
  fc.record({ joins: fc.constant(true) }),
  fc.record({ waits: fc.nat(30) }),
  fc.record({ fills: fc.nat(3) }),
  fc.record({ drains: fc.nat(3) }),
);

test('whoever joins a door with replay gets the history and then what is said, nothing twice and nothing missing, whenever and however slow', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
      const doors = new DoorRig(
        'history: 2k\ndoors:\n  - accepter: tcp,localhost,3001\n    replay: true\n    max-connections: 50\n    behind: 1M',
      );
      const room = new RecordRoom(doors.rig.clock, noLog);
      room.apply(sectionsOf('history: 2k'));
      doors.rig.port.furnish(room);
      await settle();
      let all = '';
      let n = 0;
      const readers: { user: Awaited<ReturnType<DoorRig['enter']>>; from: number; got: string }[] = [];
      // The device is open as long as somebody is there.
      const first = await doors.enter('main');
      for (const step of steps) {
        if ('says' in step) {
          const text = Array.from({ length: step.says }, () => String.fromCharCode(32 + (n++ % 90))).join('');
          all += text;
          doors.rig.device.feed(text);
        } else if ('joins' in step) readers.push({ user: await doors.enter(0), from: Math.max(0, all.length - 2048), got: '' });
        else if ('waits' in step) doors.rig.clock.advance(step.waits);
        else if ('fills' in step) {
          const reader = readers[step.fills];
          if (reader !== undefined) reader.user.full = true;
        } else {
          const reader = readers[step.drains];
          if (reader?.user.full === true) {
            reader.user.full = false;
            reader.user.drain();
          }
        }
        first.take();
      }
      doors.rig.clock.advance(1000);
      await settle();
      for (const { user, from } of readers) {
        if (user.full) {
          user.full = false;
          user.drain();
        }
        assert.equal(got(user), all.slice(from));
      }
    }),
    { numRuns: 60 },
  );
});
