// The layer telnet: what passes through it, what it says by itself, and RFC 2217 in it. Ends that do not keep up are in flow.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { GensioError } from '../../../src/base/gensio-error.ts';
import type { GensioEvent } from '../../../src/gensio/gensio.ts';
import { bytesOf } from '../../../src/gensio/telnet/names.ts';
import { telnetClient, telnetServer } from '../../../src/gensio/telnet/telnet.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, settle } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio, RecordingUp } from '../../rig/fake-gensio.ts';
import { linkPair } from '../../rig/link.ts';
import { ask } from '../../rig/numbers.ts';
import { ModelDevice, ModelPort } from './model-port.ts';
import { telnetOptions } from './options.ts';
import { type Accepted, accepted, connecting, endOf, sent } from './telnet-rig.ts';

test('an accepted connection has its first bytes written when it is made, and is open at once', async () => {
  const child = new FakeGensio();
  const net = telnetServer(child, telnetOptions('rfc2217'), new FakeClock());
  assert.match(sent(child), /^IAC WILL SUPPRESS-GO-AHEAD .* IAC DO COM-PORT-OPTION$/);
  let done = 0;
  net.open(() => done++);
  assert.equal(done, 0, 'not before open() returns');
  await settle(1);
  assert.equal(done, 1);
  assert.deepEqual(child.calls, [], 'the child is not opened a second time');
});

test('comPort is there on an RFC 2217 server only, serial on an RFC 2217 client only', () => {
  const clock = new FakeClock();
  const ends = (options: string) => {
    const { net } = accepted(options);
    const dev = telnetClient(new FakeGensio(), telnetOptions(options), clock);
    return [net, dev].map((g) => `${g.comPort === undefined ? '' : 'comPort'}${g.serial === undefined ? '' : 'serial'}`);
  };
  assert.deepEqual(ends(''), ['', '']);
  assert.deepEqual(ends('rfc2217'), ['comPort', 'serial']);
  assert.deepEqual(ends('rfc2217,mode=client'), ['serial', 'serial']);
  assert.deepEqual(ends('rfc2217,mode=server'), ['comPort', 'comPort']);
});

test('requests on plain telnet are not heard', () => {
  const { child, up } = accepted('');
  child.feed(bytesOf('IAC SB COM-PORT-OPTION SET-BAUDRATE 00004b00 IAC SE IAC SB COM-PORT-OPTION SIGNATURE IAC SE "x" IAC BRK'));
  assert.deepEqual(up.events, [{ on: 'break' }]);
  assert.equal(up.take().toString(), 'x');
  assert.equal(sent(child), '');
});

test('IAC DM is told as a Synch and is no data', () => {
  const { child, up } = accepted('rfc2217');
  child.feed(bytesOf('"a" IAC DM "b"'));
  assert.equal(up.take().toString(), 'ab');
  assert.deepEqual(up.events, [{ on: 'sync' }]);
});

test('data and events reach the layer above in the order of the wire', () => {
  const { child, net } = accepted('rfc2217');
  const seen: string[] = [];
  net.up = {
    ...new RecordingUp(),
    read: (d) => void seen.push(d.toString()),
    event: (e) => void seen.push(e.on),
    writable: () => undefined,
    closed: () => undefined,
  };
  child.feed(bytesOf('"a" IAC BRK "b" IAC SB COM-PORT-OPTION PURGE-DATA 01 IAC SE "c" IAC IAC'));
  assert.deepEqual(seen, ['a', 'break', 'b', 'purge', 'c\ufffd']);
});

test('answers to several requests of one packet go out in one write, in order', () => {
  const { child, net, up } = accepted('rfc2217');
  const device = new ModelDevice(false, false);
  const port = new ModelPort();
  port.accepted(net);
  port.open(new FakeGensio(), device);
  child.feed(
    bytesOf(
      'IAC WILL COM-PORT-OPTION IAC SB COM-PORT-OPTION SET-BAUDRATE 00004b00 IAC SE IAC DO COM-PORT-OPTION IAC SB COM-PORT-OPTION SET-PARITY 02 IAC SE',
    ),
  );
  assert.equal(child.writes.length, 1);
  const words = [
    'SB COM-PORT-OPTION NOTIFY-MODEMSTATE+100 00',
    'SB COM-PORT-OPTION SET-BAUDRATE+100 00004b00',
    'WONT COM-PORT-OPTION',
    'SB COM-PORT-OPTION SET-PARITY+100 02',
  ];
  assert.equal(sent(child), words.map((w) => (w.startsWith('SB') ? `IAC ${w} IAC SE` : `IAC ${w}`)).join(' '));
  assert.deepEqual(up.events, []);
});

test('answers go out before data written while the buffer is read', () => {
  const { child, net } = accepted('');
  net.up = { ...new RecordingUp(), read: (d) => void net.write(d), writable: () => undefined, closed: () => undefined };
  child.feed(bytesOf('IAC DO TIMING-MARK "a" IAC DO STATUS "b"'));
  assert.equal(sent(child), 'IAC WONT TIMING-MARK "a" IAC WONT STATUS "b"');
});

test('a BREAK from a server is not a request', async () => {
  const { child, dev, up } = await connecting('');
  dev.setReading(true);
  child.feed(bytesOf('"a" IAC BRK "b"'));
  assert.equal(up.take().toString(), 'ab');
  assert.deepEqual(up.events, []);
});

describe('a client that wants RFC 2217', () => {
  test('asks, and is open with the first word about it, whatever it is', async () => {
    for (const word of ['DO', 'DONT', 'WILL', 'WONT']) {
      const { child, done, clock } = await connecting('rfc2217');
      assert.equal(sent(child), 'IAC WILL COM-PORT-OPTION');
      child.feed(bytesOf('IAC WILL ECHO'));
      assert.deepEqual(done, []);
      child.feed(bytesOf(`IAC ${word} COM-PORT-OPTION`));
      assert.deepEqual(done, [undefined], word);
      assert.equal(clock.timers, 0);
      assert.equal(child.reading, false, 'reading is off until it is wanted');
    }
  });

  test('is open after four seconds without a word', async () => {
    const { clock, done, dev } = await connecting('rfc2217');
    clock.advance(3999);
    assert.deepEqual(done, []);
    clock.advance(1);
    assert.deepEqual(done, [undefined]);
    const values: (number | null | undefined)[] = [];
    dev.serial?.set('speed', 9600, (v) => void values.push(v));
    assert.deepEqual(values, [undefined]);
  });

  test('keeps what comes before, and gives it when it is read, in order', async () => {
    const { child, dev, up, done } = await connecting('rfc2217');
    child.feed(bytesOf('"banner" IAC DO COM-PORT-OPTION IAC SB COM-PORT-OPTION NOTIFY-MODEMSTATE+100 11 IAC SE "more"'));
    assert.deepEqual(done, [undefined]);
    assert.equal(up.reads.length, 0);
    dev.setReading(true);
    child.feed('last');
    assert.equal(up.reads.length, 0, 'not before setReading() returns');
    await settle(1);
    assert.deepEqual(up.reads.map(String), ['banner', 'more', 'last']);
    assert.deepEqual(up.events, [{ on: 'modemstate', state: 0x11 }]);
  });

  test('keeps no more than it must', async () => {
    const { child, clock, done } = await connecting('rfc2217');
    for (let i = 0; i < 100; i++) child.feed(Buffer.alloc(4096, 'x'));
    assert.equal(child.unread, 84 * 4096);
    clock.advance(4000);
    assert.deepEqual(done, [undefined]);
  });

  test('fails when the server goes away before', async () => {
    const { child, clock, done, up } = await connecting('rfc2217');
    child.end();
    assert.equal(done[0]?.code, 'remclose');
    assert.equal(endOf(up), undefined);
    assert.equal(clock.timers, 0);
  });

  test('close() while it waits ends in closed(), and open() says nothing', async () => {
    const { clock, done, up, dev } = await connecting('rfc2217');
    dev.close();
    await settle(1);
    assert.notEqual(endOf(up), undefined);
    assert.deepEqual(done, []);
    assert.equal(clock.timers, 0);
  });
});

test('a client without RFC 2217 says nothing and is open with its child', async () => {
  const { child, done } = await connecting('');
  assert.equal(sent(child), '');
  assert.deepEqual(done, [undefined]);
});

test('a connector that cannot open says why', async () => {
  const child = new FakeGensio({ open: 'manual' });
  const dev = telnetClient(child, telnetOptions('rfc2217'), new FakeClock());
  const done: unknown[] = [];
  dev.open((err) => void done.push(err?.code));
  child.opened(new GensioError('connrefuse'));
  assert.deepEqual(done, ['connrefuse']);
  assert.equal(sent(child), '');
});

const talk = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((a) => Buffer.from(a)),
  fc
    .array(fc.oneof(fc.constantFrom(255, 255, 250, 240, 44, 251, 252, 253, 254, 0, 1, 3, 5, 101, 107), fc.nat(255)), { maxLength: 40 })
    .map((a) => Buffer.from(a)),
);

/** Everything that can be seen of a layer that was fed these pieces: data, events, what it sent. */
function trace({ child, net, up }: Accepted, pieces: readonly Buffer[]): unknown[] {
  for (const piece of pieces) child.feed(piece);
  net.setReading(false);
  return [up.take().toString('hex'), up.events, child.take().toString('hex')];
}

test('any bytes, in any cut, on either end: nothing throws, and the cut makes no difference', () => {
  const options = fc.constantFrom('', 'rfc2217', 'winsize', 'mode=client', 'rfc2217,winsize');
  fc.assert(
    fc.property(options, talk, fc.integer({ min: 1, max: 7 }), (o, bytes, cut) => {
      const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) => bytes.subarray(i * cut, (i + 1) * cut));
      assert.deepEqual(trace(accepted(o), pieces), trace(accepted(o), [bytes]));
    }),
    { numRuns: 500 },
  );
});

test('two ends joined fall silent, whatever was said to them before', async () => {
  const options = fc.constantFrom('', 'rfc2217', 'winsize', 'mode=client', 'rfc2217,mode=client', 'rfc2217,mode=server');
  await fc.assert(
    fc.asyncProperty(options, options, talk, talk, async (oa, ob, toA, toB) => {
      const a = accepted(oa);
      const b = accepted(ob);
      a.child.feed(toA);
      b.child.feed(toB);
      let bytes = 0;
      for (let round = 0; a.child.writes.length + b.child.writes.length > 0; round++) {
        assert.ok(round < 8, 'still talking');
        const [fromA, fromB] = [a.child.take(), b.child.take()];
        bytes += fromA.length + fromB.length;
        b.child.feed(fromA);
        a.child.feed(fromB);
      }
      assert.ok(bytes <= 16 * (toA.length + toB.length) + 200, `${bytes} bytes`);
    }),
  );
});

test('client and server joined: settings, break, purge and modem state arrive, data passes', async () => {
  const clock = new FakeClock();
  const [a, b] = linkPair(65536, 3);
  const net = telnetServer(a, telnetOptions('rfc2217'), clock);
  const device = new ModelDevice(true, false);
  const port = new ModelPort();
  device.onState = (state) => port.modemstate(state);
  const wire = new FakeGensio();
  wire.up = port.devUp;
  port.accepted(net);
  port.open(wire, device);
  const dev = telnetClient(b, telnetOptions('rfc2217'), clock);
  const up = new RecordingUp();
  dev.up = up;
  const err = await new Promise((resolve) => dev.open(resolve));
  assert.equal(err, undefined);
  dev.setReading(true);
  const values: string[] = [];
  for (const [setting, value] of [
    ['baudrate', 115200],
    ['datasize', 7],
    ['parity', 2],
    ['stopsize', 2],
    ['control', 3],
    ['control', 9],
    ['baudrate', 0],
  ] as const) {
    ask(dev.serial!, setting, value, (v) => void values.push(`${setting} ${v}`));
  }
  dev.serial?.sendBreak();
  dev.serial?.purge('output');
  dev.write(Buffer.from([1, 255, 2]));
  await settle(200);
  device.setLines(['CTS']);
  wire.feed(Buffer.from([3, 255, 255]));
  await settle(200);
  assert.deepEqual(values, ['baudrate 115200', 'datasize 7', 'parity 2', 'stopsize 2', 'control 3', 'control 9', 'baudrate 115200']);
  assert.deepEqual(device.calls, ['break', 'purge output']);
  assert.equal(wire.take().toString('hex'), '01ff02');
  assert.equal(up.take().toString('hex'), '03ffff');
  const states = up.events.filter((e): e is GensioEvent & { on: 'modemstate' } => e.on === 'modemstate').map((e) => e.state);
  assert.deepEqual(states, [0, 0x11]);
  assert.equal(clock.timers, 0);
});

for (const options of ['', 'rfc2217']) {
  compliance(`telnet server (${options})`, {
    make: () => {
      const clock = new FakeClock();
      const [a, b] = linkPair();
      const gensio = telnetServer(a, telnetOptions(options), clock);
      return { gensio, far: farGensio(telnetServer(b, telnetOptions(`${options},mode=client`), clock)) };
    },
  });
}

compliance('telnet client', {
  make: async () => {
    const clock = new FakeClock();
    const [a, b] = linkPair();
    const far = farGensio(telnetServer(b, telnetOptions('rfc2217'), clock));
    const gensio = telnetClient(a, telnetOptions('rfc2217'), clock);
    await new Promise((resolve) => gensio.open(resolve));
    return { gensio, far };
  },
  unopened: () => {
    const clock = new FakeClock();
    const [a, b] = linkPair();
    farGensio(telnetServer(b, telnetOptions('rfc2217'), clock));
    return telnetClient(a, telnetOptions('rfc2217'), clock);
  },
  refused: () => {
    const [a, b] = linkPair();
    b.close();
    return { gensio: telnetClient(a, telnetOptions('rfc2217'), new FakeClock()), code: 'remclose' };
  },
});
