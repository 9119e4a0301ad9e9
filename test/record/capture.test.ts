import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PortObserver, PortView } from '../../src/port/events.ts';
import { type CapturedPort, capture, sendHistory } from '../../src/record/capture.ts';
import { History } from '../../src/record/history.ts';
import { EVENT, LINE } from '../../src/record/pcapng.ts';
import { PcapngReader, type RecordedPacket } from '../../src/record/pcapng-reader.ts';
import { Stamp } from '../../src/record/stamp.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { settle } from '../rig/wait.ts';

const config = { name: 'p', connector: { text: 'serialdev,/dev/ttyS0' } };
const view = { config, lineText: () => ',9600N81' } as unknown as PortView;
const packetsOf = (gensio: FakeGensio): RecordedPacket[] => {
  const reader = new PcapngReader();
  // Each write has whole blocks.
  return gensio.writes.flatMap((data) => {
    const before = reader.wholeUpTo;
    const packets = reader.push(data);
    assert.equal(reader.wholeUpTo, before + data.length);
    return packets;
  });
};

/** A port that somebody captures. */
function captured(directions: readonly ('device' | 'client')[] = ['device', 'client']) {
  const watching = new Set<PortObserver>();
  const port = {
    ...view,
    watch: (observer: PortObserver) => {
      watching.add(observer);
      return () => watching.delete(observer);
    },
  } as CapturedPort;
  const gensio = new FakeGensio();
  let ended = 0;
  capture(port, directions, gensio, new Stamp(new FakeClock()), () => ended++);
  const tell = (say: (observer: PortObserver) => void): void => {
    for (const observer of watching) say(observer);
  };
  return { gensio, tell, ended: () => ended, watching };
}

test('what happens is sent as it happens, each time as whole packets, until the connection is closed', async () => {
  const { gensio, tell, ended, watching } = captured();
  tell((o) => o.fromDevice?.(Buffer.from('>')));
  tell((o) => o.toDevice?.(Buffer.from('date\r')));
  tell((o) => o.deviceEvent?.({ on: 'modemstate', state: 0x11 }));
  tell((o) => o.closed?.('last user left'));
  assert.deepEqual(
    packetsOf(gensio).map(({ event, lines, data, comment }) => [event, lines, data.toString(), comment]),
    [
      [EVENT.status, 0, '', 'capture begins, 9600N81'],
      [EVENT.rx, 0, '>', undefined],
      [EVENT.tx, 0, 'date\r', undefined],
      [EVENT.status, LINE.cts, '', 'cts on'],
      [EVENT.status, LINE.cts, '', 'device closed: last user left'],
    ],
  );
  gensio.abort();
  await settle();
  assert.deepEqual([ended(), watching.size], [1, 0]);
});

test('what clients send is not in a capture of the device alone', () => {
  const { gensio, tell } = captured(['device']);
  tell((o) => o.toDevice?.(Buffer.from('secret')));
  tell((o) => o.fromDevice?.(Buffer.from('x')));
  assert.ok(!Buffer.concat(gensio.writes).includes('secret'));
  assert.equal(packetsOf(gensio).at(-1)!.data.toString(), 'x');
});

test('a connection that takes nothing costs a bounded amount, and is told how much it has missed', () => {
  const { gensio, tell } = captured();
  gensio.full = true;
  const piece = Buffer.alloc(1000, 'x');
  for (let i = 0; i < 1000; i++) tell((o) => o.fromDevice?.(piece));
  gensio.full = false;
  gensio.drain();
  tell((o) => o.fromDevice?.(Buffer.from('on')));
  const packets = packetsOf(gensio);
  const kept = packets.filter(({ event }) => event === EVENT.rx).reduce((sum, { data }) => sum + data.length, 0);
  const gaps = packets.filter(({ event }) => event === EVENT.lost).map(({ comment }) => comment);
  assert.ok(kept > 200_000 && kept < 300_000, String(kept));
  assert.deepEqual(gaps, [`${1_000_002 - kept} bytes lost`]);
  assert.equal(packets.at(-1)!.data.toString(), 'on');
});

test('a history is sent as it is kept, whatever its size and however it is taken, and then the connection is closed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300_000 }),
      fc.array(fc.oneof(fc.nat(50_000), fc.constant(-1)), { maxLength: 30 }),
      fc.array(fc.boolean(), { maxLength: 9 }),
      async (size, steps, stops) => {
        const history = new History(size);
        let all = Buffer.alloc(0);
        let events = 0;
        for (const [i, step] of steps.entries()) {
          if (step < 0) {
            history.note({ on: 'modemstate', state: 0x11 }, i * 2000);
            events++;
            continue;
          }
          const data = Buffer.alloc(step, i + 1);
          history.push(data, i * 2000);
          all = Buffer.concat([all, data]);
        }
        const gensio = new FakeGensio();
        let ended = 0;
        gensio.full = stops[0] === true;
        sendHistory(view, history, gensio, () => ended++);
        for (const stop of [...stops, false, false]) {
          await settle(1);
          gensio.full = stop;
          if (gensio.calls.includes('close')) break;
          gensio.drain();
        }
        for (let i = 0; i < 20 && ended === 0; i++) {
          gensio.full = false;
          gensio.drain();
          await settle(2);
        }
        assert.equal(ended, 1);
        const packets = packetsOf(gensio);
        const said = Buffer.concat(packets.filter(({ event }) => event === EVENT.rx).map(({ data }) => data));
        assert.ok(said.equals(all.subarray(Math.max(0, all.length - size))), `${said.length} of ${all.length} bytes`);
        assert.ok(packets.filter(({ event }) => event === EVENT.status).length <= events);
      },
    ),
    { numRuns: 60 },
  );
});
