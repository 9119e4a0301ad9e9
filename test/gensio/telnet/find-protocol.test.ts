// A door that finds out by itself whether its client speaks telnet or plain bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginsWithNegotiation, findProtocol } from '../../../src/gensio/telnet/find-protocol.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio, RecordingUp } from '../../rig/fake-gensio.ts';
import { settle } from '../../rig/port-rig.ts';

const WILL_COM_PORT = Buffer.from([255, 251, 44]);

/** A client that has just connected, read by a port. */
function rig() {
  const [child, clock] = [new FakeGensio(), new FakeClock()];
  const gensio = findProtocol(child, clock);
  const up = new RecordingUp();
  gensio.up = up;
  gensio.setReading(true);
  const heard = (): string => Buffer.concat(up.reads.splice(0)).toString('latin1');
  return { child, clock, gensio, up, heard, sent: () => child.take().toString('latin1') };
}

test('what the device says is held until it is known what the client speaks', () => {
  const { clock, gensio, sent } = rig();
  assert.equal(gensio.write(Buffer.from('login: ')), false);
  clock.advance(299);
  assert.equal(sent(), '');
  clock.advance(1);
  assert.equal(sent(), 'login: ');
  assert.equal(gensio.write(Buffer.from('\xff', 'latin1')), true);
  assert.equal(sent(), '\xff');
});

test('a client that sends data gets plain bytes at once, and is known from then on', () => {
  const { child, clock, gensio, heard, sent } = rig();
  gensio.write(Buffer.from('a'));
  child.feed('GET \xff');
  assert.deepEqual([heard(), sent(), clock.timers], ['GET \xff', 'a', 0]);
  child.feed(WILL_COM_PORT);
  assert.equal(heard(), WILL_COM_PORT.toString('latin1'));
});

test('a client that begins with negotiation gets telnet with RFC 2217, in any cut', async () => {
  for (const cut of [1, 2, 3]) {
    const { child, gensio, up, heard, sent } = rig();
    gensio.write(Buffer.from('a\xffb', 'latin1'));
    child.feed(WILL_COM_PORT.subarray(0, cut));
    child.feed(WILL_COM_PORT.subarray(cut));
    await settle();
    assert.match(sent(), /^(\xff[\xfb-\xfe].)+.*a\xff\xffb/s);
    child.feed(Buffer.from([120, 255, 255, 121, 255, 250, 44, 1, 0, 0, 37, 128, 255, 240]));
    assert.equal(heard(), 'x\xffy');
    assert.deepEqual(
      up.events.filter(({ on }) => on === 'serial'),
      [{ on: 'serial', item: 'speed', value: 9600 }],
    );
    assert.notEqual(gensio.comPort, undefined);
  }
});

test('negotiation that comes later, but before any data, still means telnet', async () => {
  const { child, clock, gensio, sent } = rig();
  clock.advance(300);
  gensio.write(Buffer.from('login: '));
  assert.equal(sent(), 'login: ');
  assert.equal(gensio.comPort, undefined);
  child.feed(WILL_COM_PORT);
  await settle();
  assert.notEqual(gensio.comPort, undefined);
  gensio.write(Buffer.from('\xff', 'latin1'));
  assert.match(sent(), /\xff\xff$/);
});

test('what only looks like the beginning of negotiation is data after a while, or when it goes on otherwise', () => {
  const quiet = rig();
  quiet.child.feed(Buffer.from([255]));
  assert.equal(quiet.heard(), '');
  quiet.clock.advance(300);
  assert.equal(quiet.heard(), '\xff');
  const other = rig();
  other.child.feed(Buffer.from([255]));
  other.child.feed('x');
  assert.equal(other.heard(), '\xffx');
});

test('only IAC with a verb and an option, or a suboption, is the beginning of negotiation', () => {
  const tell = (...bytes: number[]) => beginsWithNegotiation(Buffer.from(bytes));
  for (const verb of [250, 251, 252, 253, 254]) assert.equal(tell(255, verb, 1), true);
  for (const other of [240, 249, 255, 0]) assert.equal(tell(255, other, 1), false);
  assert.equal(tell(97, 255, 251, 1), false);
  assert.equal(tell(255, 251, 255), false);
  for (const few of [[], [255], [255, 251]]) assert.equal(tell(...few), undefined);
});

test('a client that goes before it has said anything leaves no timer, and closing sends what was held', () => {
  const gone = rig();
  gone.child.end();
  assert.equal(gone.clock.timers, 0);
  const closed = rig();
  closed.gensio.write(Buffer.from('bye'));
  closed.gensio.close();
  assert.equal(closed.sent(), 'bye');
  assert.equal(closed.clock.timers, 0);
});
