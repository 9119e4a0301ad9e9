import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Backoff } from '../../src/attach/backoff.ts';
import {
  firstTermios,
  isHonoured,
  type Line,
  lineOfOptions,
  lineOfTermios,
  NO_LINE,
  requestsFor,
  withSpeed,
} from '../../src/attach/line.ts';
import { WriteQueue } from '../../src/attach/write-queue.ts';
import type { Termios } from '../../src/base/termios.ts';
import { ATTACH } from '../../src/options/attach.ts';

const TERMIOS: Termios = {
  iflag: 0o2400,
  oflag: 5,
  cflag: 0o277,
  lflag: 0o105073,
  line: 0,
  cc: new Uint8Array(19),
  ispeed: 38400,
  ospeed: 38400,
};
const anyLine: fc.Arbitrary<Line> = fc.record({
  speed: fc.option(fc.constantFrom(0, 50, 9600, 74880, 4_000_000), { nil: undefined }),
  databits: fc.option(fc.constantFrom(5, 6, 7, 8), { nil: undefined }),
  parity: fc.option(fc.constantFrom('N', 'E', 'O', 'M', 'S'), { nil: undefined }),
  stopbits: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
  flow: fc.option(fc.constantFrom('none', 'xonxoff', 'rtscts'), { nil: undefined }),
  inboundXoff: fc.boolean(),
});

test('what a pty shows for the options is read back as the same line, where a pty can carry it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50, max: 4_000_000 }),
      fc.constantFrom(1, 2),
      fc.constantFrom('none', 'xonxoff', 'rtscts'),
      (speed, stopbits, flow) => {
        const line = { ...NO_LINE, speed, stopbits, flow };
        assert.deepEqual(lineOfTermios(firstTermios(TERMIOS, line), NO_LINE), line);
      },
    ),
  );
});

test('raw settings have no processing at all and keep the rest', () => {
  const { iflag, oflag, lflag, cc } = firstTermios(TERMIOS, NO_LINE);
  assert.deepEqual([iflag, oflag, lflag, cc], [0, 0, 0, TERMIOS.cc]);
  assert.equal(withSpeed(TERMIOS, 12345).ospeed, 12345);
});

test('from any line to any other only what differs is asked for, and nothing for no difference', () => {
  fc.assert(
    fc.property(anyLine, anyLine, (line, before) => {
      assert.deepEqual(requestsFor(line, line), []);
      const settings = requestsFor(line, before).map(({ item }) => item);
      if (line.speed !== undefined && line.speed !== 0 && line.speed !== before.speed) assert.ok(settings.includes('speed'));
      if (line.parity === before.parity) assert.ok(!settings.includes('parity'));
      for (const { value } of requestsFor(line, undefined)) assert.ok(value !== undefined && value !== 0);
    }),
  );
});

test('each part of a line that is wanted is a request with a text for people', () => {
  const asked = (line: Partial<Line>, before?: Partial<Line>): string[] =>
    requestsFor({ ...NO_LINE, ...line }, before && { ...NO_LINE, ...before }).map(({ item, value, text }) => `${item} ${value}: ${text}`);
  assert.deepEqual(asked({ speed: 9600, databits: 7, stopbits: 2 }), [
    'speed 9600: speed 9600',
    'databits 7: 7 data bits',
    'stopbits 2: 2 stop bits',
  ]);
  assert.deepEqual(
    (['N', 'O', 'E', 'M', 'S'] as const).flatMap((parity) => asked({ parity })),
    [
      'parity none: no parity',
      'parity odd: odd parity',
      'parity even: even parity',
      'parity mark: mark parity',
      'parity space: space parity',
    ],
  );
  assert.deepEqual(
    (['none', 'xonxoff', 'rtscts'] as const).flatMap((flow) => asked({ flow })),
    ['flow none: no flow control', 'flow xonxoff: XON/XOFF', 'flow rtscts: RTS/CTS'],
  );
  const inbound = 'inboundFlow xonxoff: inbound XON/XOFF';
  assert.deepEqual(asked({ inboundXoff: true }), [inbound]);
  assert.deepEqual(asked({ inboundXoff: true, flow: 'none' }, { inboundXoff: true, flow: 'none' }), []);
  assert.deepEqual(asked({ inboundXoff: true, flow: 'none' }, { inboundXoff: true, flow: 'rtscts' }), [
    'flow none: no flow control',
    inbound,
  ]);
});

test('a speed of 0 drops the modem lines and leaves the speed, the next one raises them', () => {
  const asked = (speed: number, before: number): string[] =>
    requestsFor({ ...NO_LINE, speed }, { ...NO_LINE, speed: before }).map(({ item, value, text }) => `${item} ${value}: ${text}`);
  assert.deepEqual(asked(0, 9600), ['dtr false: DTR off', 'rts false: RTS off']);
  assert.deepEqual(asked(0, 0), []);
  assert.deepEqual(asked(1200, 0), ['dtr true: DTR on', 'rts true: RTS on', 'speed 1200: speed 1200']);
});

test('options say the whole line, an application only its part', () => {
  const got = ATTACH.speed.kind.parse('1200e72');
  assert.ok('ok' in got);
  const line = lineOfOptions({ speed: got.ok, flow: undefined });
  assert.deepEqual(
    requestsFor(line, undefined).map(({ text }) => text),
    ['speed 1200', '7 data bits', 'even parity', '2 stop bits'],
  );
  const after = lineOfTermios({ ...TERMIOS, iflag: 0, ospeed: 9600 }, line);
  assert.deepEqual(
    requestsFor(after, line).map(({ text }) => text),
    ['speed 9600', '1 stop bit', 'no flow control'],
  );
});

test('a speed is honoured when it is near enough, anything else when it is the same', () => {
  const speed = { item: 'speed', value: 115200, text: '' } as const;
  assert.ok(isHonoured(speed, 115384) && isHonoured(speed, 113636) && !isHonoured(speed, 9600));
  assert.ok(!isHonoured({ item: 'parity', value: 'even', text: '' }, 'none'));
});

test('speeds are read as far as they are written, and print back', () => {
  const { parse, print } = ATTACH.speed.kind;
  for (const text of ['9600', '9600N', '9600E7', '74880N81']) {
    const got = parse(text);
    assert.ok('ok' in got);
    assert.equal(print(got.ok), text);
  }
  for (const text of ['', 'fast', '9600x', '9600n9', '9', '9600n813']) assert.ok('expected' in parse(text), text);
});

test('waits double up to the limit, lose at most half, and start over after a reset', () => {
  const backoff = new Backoff({ first: 500, max: 30_000, random: () => 0 });
  const waits = Array.from({ length: 9 }, () => backoff.next());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
  assert.equal(new Backoff({ first: 500, max: 30_000, random: () => 0.5 }).next(), 375);
  const least = new Backoff({ first: 0, max: 0, random: () => 0 });
  assert.deepEqual([least.next(), least.next()], [10, 10]);
  const long = new Backoff({ first: 1, max: 1e15, random: () => 0 });
  for (let i = 0; i < 40; i++) long.next();
  assert.equal(long.next(), 10 * 2 ** 30);
});

test('an outbox gives back what was put in, in order, and says when it is full', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 300 }), fc.nat(600), (pieces, limit) => {
      const outbox = new WriteQueue(limit);
      let bytes = 0;
      for (const piece of pieces) {
        bytes += piece.length;
        const copy = Buffer.from(piece);
        assert.equal(outbox.put(copy), bytes < limit);
        copy.fill(0xee);
      }
      assert.equal(outbox.bytes, bytes);
      assert.deepEqual(outbox.take() ?? Buffer.alloc(0), Buffer.concat(pieces));
      assert.equal(outbox.take(), undefined);
      // Nothing of it is left, nor of what was thrown away.
      for (const piece of pieces) outbox.put(Buffer.from(piece));
      outbox.clear();
      assert.equal(outbox.bytes, 0);
      outbox.put(Buffer.from('next'));
      assert.equal(String(outbox.take()), 'next');
    }),
  );
});

test('many single bytes, which are joined now and then, come back once each', () => {
  const outbox = new WriteQueue(1000);
  const all = Array.from({ length: 200 }, (_, i) => i);
  for (const byte of all) outbox.put(Buffer.of(byte));
  assert.deepEqual([...outbox.take()!], all);
});
