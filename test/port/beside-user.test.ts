// A user beside those of the connection: nobody waits for it, and what it gets is right up to the gap it is told of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BesideUser, gapLine } from '../../src/port/beside-user.ts';
import { ALL_RIGHTS, openDoor, RAW } from '../../src/port/door.ts';
import type { NetconUp } from '../../src/port/netcon.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { settle } from '../rig/port-rig.ts';

/** A user that may fall so many bytes behind, and what sends it a buffer that is used again afterwards, as a device's is. */
function rig(behind: number, gap: 'tell' | 'disconnect' = 'tell') {
  const fallen: unknown[] = [];
  const port = {
    round: 0,
    fromUser: () => undefined,
    userWritable: () => undefined,
    userClosed: () => undefined,
    userEvent: () => undefined,
    userBehind: (user: unknown) => void fallen.push(user),
    failed: (err: unknown) => assert.fail(err as Error),
  };
  const gensio = new FakeGensio();
  const door = { ...openDoor(RAW), beside: { maxConnections: 1, timeout: 0, behind, gap, allows: () => true } };
  const user = new BesideUser(gensio, door, ALL_RIGHTS, port satisfies NetconUp, new FakeClock());
  const lent = Buffer.alloc(100_000);
  const send = (text: string): void => {
    port.round++;
    const data = lent.subarray(0, lent.write(text, 'latin1'));
    assert.equal(user.write(data), true);
    lent.fill('?', 0, data.length);
  };
  return { user, gensio, send, fallen };
}

test('whatever sizes come and however often it stops taking, it gets the bytes in order, but for gaps with their length', () => {
  const step = fc.oneof(fc.nat(5000), fc.constant('stop' as const), fc.constant('go' as const), fc.nat(20));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { gensio, send } = rig(6000);
      let said = '';
      for (const each of steps) {
        if (each === 'stop') gensio.full = true;
        else if (each === 'go') {
          if (gensio.full) gensio.drain();
        } else {
          const text = Array.from({ length: each }, (_, i) => String.fromCharCode(97 + ((said.length + i) % 23))).join('');
          said += text;
          if (text !== '') send(text);
        }
      }
      if (gensio.full) gensio.drain();
      let at = 0;
      const got = gensio.take().toString('latin1');
      for (const piece of got.split(/(\r\n\[ser2net: \d+ bytes are missing here\]\r\n)/)) {
        const gap = /: (\d+) bytes/.exec(piece);
        if (gap === null) assert.equal(piece, said.slice(at, at + piece.length));
        at += gap === null ? piece.length : Number(gap[1]);
      }
      assert.equal(at, said.length);
    }),
    { numRuns: 300 },
  );
});

test('it may be as far behind as is allowed and no further', () => {
  const { gensio, send } = rig(1000);
  gensio.full = true;
  send('first');
  for (let i = 0; i < 10; i++) send('x'.repeat(100));
  send('too much');
  send('more');
  gensio.drain();
  assert.equal(gensio.take().toString('latin1'), `first${'x'.repeat(1000)}${gapLine(12)}`);
});

test('one that is not told is let go once, and gets nothing more', async () => {
  const { user, gensio, send, fallen } = rig(1000, 'disconnect');
  gensio.full = true;
  for (let i = 0; i < 5; i++) send('x'.repeat(600));
  assert.deepEqual(fallen, [], 'not from among the users that are just being served');
  await settle();
  assert.deepEqual(fallen, [user]);
  gensio.drain();
  send('later');
  assert.equal(gensio.take().toString('latin1').length, 1200);
});

test('a history is sent whatever its length, and is no being behind', () => {
  const { user, gensio, send } = rig(1000);
  gensio.full = true;
  user.sayAll([Buffer.from('h'.repeat(5000)), Buffer.from('i'.repeat(5000))]);
  send('x'.repeat(900));
  gensio.drain();
  assert.equal(gensio.take().toString('latin1'), `${'h'.repeat(5000)}${'i'.repeat(5000)}${'x'.repeat(900)}`);
});

test('what it has not taken yet goes out when it is closed', () => {
  const { user, gensio, send } = rig(1000);
  gensio.full = true;
  for (const text of ['a', 'b', 'c'.repeat(500), 'd']) send(text);
  user.closeGracefully();
  assert.equal(gensio.take().toString('latin1'), `ab${'c'.repeat(500)}d`);
});
