import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentDomain } from '../../src/base/fault-domain.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import { ALL_RIGHTS, openDoor, RAW } from '../../src/port/door.ts';
import { closeGracefully, Netcon, type NetconUp } from '../../src/port/netcon.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { settle } from '../rig/port-rig.ts';

/** A port that writes down what it hears, and on whose behalf it does. */
class Heard implements NetconUp {
  readonly lines: string[] = [];
  onData: () => void = () => undefined;
  #note(line: string): void {
    this.lines.push(currentDomain() === this ? line : `${line}, on behalf of another`);
  }
  fromUser(_user: Netcon, data: Buffer): void {
    this.#note(`data ${data}`);
    this.onData();
  }
  userWritable(): void {
    this.#note('writable');
  }
  userClosed(_user: Netcon, err: GensioError | undefined): void {
    this.#note(`closed ${err?.code}`);
  }
  userEvent(): void {
    this.#note('event');
  }
  userBehind(): void {
    this.#note('behind');
  }
  readonly round = 0;
  failed(err: unknown): void {
    this.lines.push(`failed ${(err as Error).message}`);
  }
}

function rig() {
  const clock = new FakeClock();
  clock.advance(1000);
  const [gensio, port] = [new FakeGensio(), new Heard()];
  return { clock, gensio, port, user: new Netcon(gensio, openDoor(RAW), ALL_RIGHTS, port, clock, 3) };
}

test('a new user has moved nothing and asked for nothing, and knows since when it is here', () => {
  const { user } = rig();
  const { peer, since, bytesIn, bytesOut, full, modemMask, lineMask, idle, active, wrote, target } = user;
  assert.deepEqual(
    { peer, since, bytesIn, bytesOut, full, modemMask, lineMask, idle, active, wrote, target },
    {
      peer: 'ipv4,127.0.0.1,1234',
      since: 1000,
      bytesIn: 0,
      bytesOut: 0,
      full: false,
      modemMask: 0,
      lineMask: 0,
      idle: 0,
      active: false,
      wrote: false,
      target: 3,
    },
  );
});

test('bytes are counted both ways, and each direction is noted for the idle watch', () => {
  const { gensio, user } = rig();
  gensio.up.read(Buffer.from('four'));
  gensio.up.read(Buffer.from('!'));
  assert.deepEqual([user.bytesIn, user.bytesOut, user.active, user.wrote], [5, 0, true, false]);
  assert.equal(user.write(Buffer.from('ok')), true);
  assert.equal(user.write(Buffer.from('.')), true);
  assert.deepEqual([user.bytesIn, user.bytesOut, user.wrote], [5, 3, true]);
});

test('a user that takes no more is full from then on, however much is written, until it says writable', () => {
  const { clock, gensio, user, port } = rig();
  gensio.full = true;
  assert.equal(user.write(Buffer.from('a')), false);
  assert.deepEqual([user.full, user.fullSince, user.wrote], [true, 1000, false]);
  clock.advance(500);
  assert.equal(user.write(Buffer.from('b')), false);
  assert.deepEqual([user.full, user.fullSince], [true, 1000]);
  // What a layer takes at once meanwhile makes no room.
  gensio.full = false;
  assert.equal(user.write(Buffer.from('c')), false);
  user.wrote = false;
  gensio.drain();
  assert.deepEqual([user.full, user.wrote], [false, true]);
  assert.deepEqual(port.lines, ['writable']);
  assert.equal(user.write(Buffer.from('d')), true);
});

test('what a connection says is handed on on behalf of the port, and what the port throws is its own failure', () => {
  const { gensio, port } = rig();
  gensio.up.read(Buffer.from('x'));
  gensio.up.event?.({ on: 'sync' });
  port.onData = () => {
    throw new Error('a bug');
  };
  gensio.up.read(Buffer.from('y'));
  assert.equal(currentDomain(), undefined);
  gensio.up.closed(new GensioError('remclose'));
  assert.deepEqual(port.lines, ['data x', 'event', 'data y', 'failed a bug', 'closed remclose']);
});

test('a dismissed connection gets the last word, may send it for four seconds, and is not heard any more', async () => {
  const clock = new FakeClock();
  const [quick, stuck] = [new FakeGensio(), new FakeGensio({ close: 'manual' })];
  closeGracefully(quick, clock, 'bye');
  await settle();
  assert.deepEqual([quick.take().toString(), quick.calls, quick.state, clock.timers], ['bye', ['close'], 'closed', 0]);
  const { user, port } = { user: new Netcon(stuck, openDoor(RAW), ALL_RIGHTS, new Heard(), clock), port: new Heard() };
  user.closeGracefully();
  stuck.up.read(Buffer.from('too late'));
  assert.deepEqual([stuck.take().length, stuck.calls, port.lines], [0, ['close'], []]);
  clock.advance(3999);
  assert.deepEqual(stuck.calls, ['close']);
  clock.advance(1);
  assert.deepEqual(stuck.calls, ['close', 'abort']);
});

test('a user without the right to read gets nothing and is not held up; whether what it sends counts is the port to say', () => {
  const [gensio, port, clock] = [new FakeGensio(), new Heard(), new FakeClock()];
  const user = new Netcon(gensio, openDoor(RAW), { read: false, write: false, control: false }, port, clock);
  assert.equal(user.write(Buffer.from('device')), true);
  gensio.up.read(Buffer.from('abc'));
  assert.deepEqual([gensio.take().length, port.lines, user.bytesIn, user.bytesOut, user.active], [0, ['data abc'], 3, 0, true]);
});

test('a datagram is not answered with a refusal', async () => {
  const [stranger, clock] = [new FakeGensio(), new FakeClock()];
  closeGracefully(Object.assign(stranger, { connectionless: true }), clock, 'Port already in use');
  await settle();
  assert.deepEqual([stranger.take().length, stranger.state], [0, 'closed']);
});
