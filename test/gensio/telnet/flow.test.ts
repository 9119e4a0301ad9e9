// A telnet connection whose ends do not keep up with each other, and how it ends meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GensioError } from '../../../src/base/gensio-error.ts';
import { bytesOf } from '../../../src/gensio/telnet/names.ts';
import { MAX_ANSWERS, telnetServer } from '../../../src/gensio/telnet/telnet.ts';
import { settle } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { telnetOptions } from './options.ts';
import { accepted, connecting, endOf, sent } from './telnet-rig.ts';

describe('a far end that does not read', () => {
  const flood = Buffer.alloc(3 * 200, bytesOf('IAC DO STATUS'));

  test('what fits into 256 bytes of answers waits, and data is still read', () => {
    const { child, net, up } = accepted('');
    child.full = true;
    net.write(Buffer.from('data'));
    child.take();
    child.feed(flood.subarray(0, 3 * 50));
    child.feed('x');
    assert.equal(up.take().toString(), 'x');
    assert.equal(sent(child), '');
    assert.equal(net.bufferedBytes(), 150);
    child.drain();
    assert.equal(child.take().length, 150);
    assert.equal(up.writables, 1);
  });

  test('with more than that nothing more is read until it does', () => {
    const { child, net, up } = accepted('');
    child.full = true;
    child.feed(bytesOf('IAC DO STATUS'));
    assert.equal(child.take().length, 3, 'the first answer finds room');
    for (let i = 0; i < 1000; i++) child.feed(flood);
    assert.equal(child.reading, false);
    assert.ok(net.bufferedBytes() <= MAX_ANSWERS + flood.length, `${net.bufferedBytes()} bytes wait`);
    assert.ok(child.unread > 990 * flood.length);
    net.setReading(false);
    net.setReading(true);
    assert.equal(child.reading, false, 'the layer above cannot switch it on');
    child.drain();
    assert.equal(child.reading, true);
    assert.equal(up.writables, 0, 'nobody above was told false');
  });

  test('all its answers come when it reads again, none twice', async () => {
    const { child } = accepted('');
    let answers = 0;
    for (let i = 0; i < 100; i++) {
      child.full = true;
      child.feed(flood);
      answers += child.take().length;
      child.drain();
      await settle(1);
      answers += child.take().length;
    }
    assert.equal(answers, 100 * flood.length);
  });

  test('answers meant for all clients do not pile up at one that is full', () => {
    const { child, net } = accepted('rfc2217');
    child.full = true;
    net.write(Buffer.from('data'));
    child.take();
    for (let i = 0; i < 10000; i++) {
      net.comPort?.reply('speed', i);
      net.comPort?.modemstate(i & 1 ? 0x11 : 0x01);
    }
    assert.ok(net.bufferedBytes() <= MAX_ANSWERS + 20, `${net.bufferedBytes()} bytes wait`);
    child.drain();
    const text = sent(child);
    assert.match(text, / SET-BAUDRATE\+100 0000270f IAC SE IAC SB COM-PORT-OPTION NOTIFY-MODEMSTATE\+100 11 IAC SE$/);
    assert.ok(text.length < 3000);
  });

  test('the layer above hears writable() once, and only after the answers found room', () => {
    const { child, net, up } = accepted('');
    child.full = true;
    assert.equal(net.write(Buffer.from('a')), false);
    child.feed(bytesOf('IAC DO STATUS'));
    child.take();
    child.drain();
    assert.equal(sent(child), 'IAC WONT STATUS');
    assert.equal(up.writables, 1);
    child.drain();
    assert.equal(up.writables, 1);
    assert.equal(net.write(Buffer.from('b')), true);
  });
});

test('setReading(false) inside read() stops within the buffer, and the rest comes later with its commands', async () => {
  const { child, net, up } = accepted('');
  const read = up.read.bind(up);
  up.read = (data) => {
    read(data);
    net.setReading(false);
  };
  child.feed(bytesOf('"a" IAC BRK "b" IAC DO STATUS "c"'));
  assert.equal(up.take().toString(), 'a');
  assert.deepEqual(up.events, []);
  assert.equal(child.reading, false);
  net.setReading(true);
  assert.equal(up.take().toString(), '', 'not before setReading() returns');
  await settle(1);
  assert.equal(up.take().toString(), 'b');
  assert.deepEqual(up.events, [{ on: 'break' }]);
  assert.equal(sent(child), '');
  up.read = read;
  net.setReading(true);
  await settle(1);
  assert.equal(up.take().toString(), 'c');
  assert.equal(sent(child), 'IAC WONT STATUS');
  assert.equal(child.reading, true);
});

test('when the child ends while a part of its buffer waits, that part is read before the end', async () => {
  const { child, net, up } = accepted('');
  const read = up.read.bind(up);
  up.read = (data) => {
    read(data);
    net.setReading(false);
  };
  child.feed(bytesOf('"a" IAC BRK "b"'));
  child.end(new GensioError('remclose'));
  assert.equal(endOf(up), undefined);
  assert.equal(net.peerClosed(), true, 'who does not read is told, too');
  net.setReading(true);
  await settle(1);
  assert.equal(up.take().toString(), 'ab');
  assert.equal(endOf(up)?.err?.code, 'remclose');
});

test('close() while such a part waits ends it', async () => {
  const { child, net, up } = accepted('');
  up.read = () => net.setReading(false);
  child.feed(bytesOf('"a" IAC BRK "b"'));
  child.end(new GensioError('remclose'));
  net.close();
  assert.equal(endOf(up), undefined, 'not before close() returns');
  await settle(1);
  assert.equal(endOf(up)?.err?.code, 'remclose');
});

test('close() sends the answers that wait, then closes the child; nothing is sent after it', async () => {
  const { child, net } = accepted('rfc2217');
  child.full = true;
  net.write(Buffer.from('x'));
  child.take();
  child.feed(bytesOf('IAC DO STATUS'));
  net.close();
  assert.equal(sent(child), 'IAC WONT STATUS');
  net.comPort?.modemstate(1);
  net.write(Buffer.from('late'));
  await settle(1);
  assert.equal(sent(child), '');
  assert.equal(child.state, 'closed');
});

test('drain_timeout ends a close that takes too long', () => {
  const clock = new FakeClock();
  const child = new FakeGensio({ close: 'manual' });
  const net = telnetServer(child, { ...telnetOptions(), drainTimeout: 500 }, clock);
  net.close();
  clock.advance(499);
  assert.deepEqual(child.calls, ['close']);
  clock.advance(1);
  assert.deepEqual(child.calls, ['close', 'abort']);
});

test('drain_timeout is forgotten when the close is done before', async () => {
  const clock = new FakeClock();
  const net = telnetServer(new FakeGensio(), { ...telnetOptions(), drainTimeout: 500 }, clock);
  net.close();
  await settle(1);
  assert.equal(clock.timers, 0);
});

test('requests that wait when the connection ends get no value', async () => {
  const { child, dev, clock } = await connecting('rfc2217');
  child.feed(bytesOf('IAC DO COM-PORT-OPTION'));
  const values: unknown[] = [];
  dev.serial?.set('speed', 9600, (v) => void values.push(v));
  assert.equal(clock.timers, 1);
  child.end();
  assert.deepEqual(values, [undefined]);
  assert.equal(clock.timers, 0);
});

test('a suboption that never ends, full of IACs, is decoded a few of them at a time', async () => {
  const { child, clock, net } = accepted('');
  const now = clock.now.bind(clock);
  clock.now = () => {
    clock.advance(0.1);
    return now();
  };
  child.feed(Buffer.concat([bytesOf('IAC SB'), Buffer.from([44]), Buffer.alloc(3000, Buffer.from([255, 255, 97]))]));
  assert.equal(child.reading, false);
  let turns = 0;
  for (; !child.reading; turns++) await settle(1);
  assert.ok(turns > 20, `${turns} turns`);
  net.abort();
});
