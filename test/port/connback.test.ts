// Connect back: whom it calls and what they get, and that it keeps its device open, also after it failed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import { bottomOf } from '../../src/gensio/syntax/stack.ts';
import type { LayerSpec, NetAddr } from '../../src/options/stack.ts';
import { Connback } from '../../src/port/connback.ts';
import { layerSpec, tcpSpec } from '../gensio/layer-spec.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { connectionConfig, PortRig, settle } from '../rig/port-rig.ts';

const at = (rig: PortRig): string => rig.port.state.at;

/** A port that would call, whose device fails at its first open. */
async function failedOnce(): Promise<PortRig> {
  const rig = new PortRig({ options: { connback: ['127.0.0.1,5000'], connectorRetryTime: 10 }, device: { open: 'manual' } });
  assert.equal(at(rig), 'opening');
  rig.device.opened(new GensioError('notfound'));
  await settle();
  assert.equal(at(rig), 'unconnected');
  return rig;
}

test('a device that cannot be opened, or is lost, is opened again after connector-retry-time', async () => {
  const rig = await failedOnce();
  rig.clock.advance(9_999);
  assert.equal(at(rig), 'unconnected');
  rig.clock.advance(1);
  assert.equal(at(rig), 'opening');
  rig.device.opened();
  await settle();
  assert.equal(at(rig), 'open');
  rig.device.end(new GensioError('ioerr'));
  await settle();
  assert.equal(at(rig), 'unconnected');
  rig.clock.advance(10_000);
  assert.equal(at(rig), 'opening');
});

test('a port that calls nobody any more after a reload does not open its device by itself', async () => {
  const rig = await failedOnce();
  rig.port.replace(connectionConfig(), true);
  rig.clock.advance(60_000);
  assert.equal(at(rig), 'unconnected');
  assert.equal(rig.clock.timers, 0);
});

test('a port that is taken out of service does not open its device again', async () => {
  const rig = await failedOnce();
  rig.port.setEnabled(false, () => undefined);
  rig.clock.advance(60_000);
  assert.equal(at(rig), 'closed');
  assert.equal(rig.clock.timers, 0);
});

/** The calls alone: each waits for the test to answer it. */
function calls(options: Parameters<typeof connectionConfig>[0], spec: LayerSpec | undefined = tcpSpec(2000)) {
  const clock = new FakeClock();
  const made: { readonly to: string; readonly gensio: FakeGensio }[] = [];
  const lines: string[] = [];
  const places: (FakeGensio | undefined)[] = [];
  const got: string[] = [];
  const config = connectionConfig(
    { maxConnections: 2, accepterRetryTime: 10, ...options },
    { accepter: { text: 'a', spec, error: spec === undefined ? 'notsup' : undefined } },
  );
  const connback = Connback.of(
    config,
    {
      log: { log: (level, text) => void lines.push(`${level} ${text}`) },
      deadlines: new Deadlines(clock),
    },
    {
      connect: (of) => {
        const [addr] = (bottomOf(of) as { addrs: readonly NetAddr[] }).addrs;
        made.push({ to: `${of.type} ${addr!.host} ${addr!.port}`, gensio: new FakeGensio({ open: 'manual' }) });
        return made.at(-1)!.gensio;
      },
      occupied: (place) => places[place] !== undefined,
      enter: (_door, gensio, place) => {
        places[place] = gensio as FakeGensio;
      },
      deliver: (data) => void got.push(String(data)),
      reopen: () => undefined,
    },
  );
  const say = (text: string): boolean => connback!.wants(Buffer.from(text));
  const answer = (i: number, err?: GensioError): void => made[i]!.gensio.opened(err);
  return { connback, clock, made, lines, places, got, say, answer };
}
const TWO = { connback: ['127.0.0.1,5000', '127.0.0.1,5001'] };
const TELNET_TWO = { connback: ['telnet,127.0.0.1,5000', 'telnet,tcp,127.0.0.1,5001'] };

test('when the device speaks everybody is called at the address given; all get what it said', () => {
  const { connback, made, places, got, say, answer } = calls(TELNET_TWO, layerSpec('telnet', {}, { child: tcpSpec(2000) }) as LayerSpec);
  assert.deepEqual(
    [0, 1, 2].map((place) => connback!.reserves(place)),
    [true, true, false],
  );
  assert.equal(connback!.calling, false);
  assert.equal(say('one '), true);
  assert.equal(say('two'), true);
  assert.deepEqual(
    made.map(({ to }) => to),
    ['telnet 127.0.0.1 5000', 'telnet 127.0.0.1 5001'],
  );
  assert.equal(connback!.calling, true);
  answer(1);
  assert.deepEqual(got, []);
  answer(0);
  assert.deepEqual(got, ['one two']);
  assert.deepEqual(places, [made[0]!.gensio, made[1]!.gensio]);
  assert.equal(connback!.calling, false);
  assert.equal(say('to those who are there'), false);
  delete places[0];
  assert.equal(say('three'), true);
  assert.deepEqual([made.length, made[2]!.to], [3, 'telnet 127.0.0.1 5000']);
  answer(2);
  assert.deepEqual(got, ['one two', 'three']);
});

test('who does not answer is called again after accepter-retry-time, and what was said is kept until then', () => {
  const { connback, clock, made, got, say, answer } = calls(TWO);
  say('x');
  answer(0, new GensioError('timedout'));
  assert.ok(made[0]!.gensio.calls.includes('abort'));
  answer(1);
  assert.deepEqual([got, connback!.calling], [[], true]);
  say('y');
  clock.advance(9999);
  assert.equal(made.length, 2);
  clock.advance(1);
  assert.deepEqual(
    made.slice(2).map(({ to }) => to),
    ['tcp 127.0.0.1 5000'],
  );
  answer(2);
  assert.deepEqual(got, ['xy']);
  assert.equal(clock.timers, 0);
});

test('no more than 64 KiB is kept', () => {
  const { got, say, answer } = calls({ connback: ['127.0.0.1,5000'] });
  say('x'.repeat(65_535));
  say('yy');
  say('z');
  answer(0);
  assert.equal(got.join(''), `${'x'.repeat(65_535)}z`);
});

test('when the session is over calls end, whoever answers, and nothing is kept for the next one', () => {
  const { connback, clock, made, places, got, say, answer } = calls(TWO);
  say('old');
  answer(1, new GensioError('timedout'));
  connback!.stop();
  assert.ok(made[0]!.gensio.calls.includes('abort'));
  answer(0);
  assert.deepEqual([places, got, connback!.calling], [[], [], false]);
  say('new');
  answer(2);
  answer(3);
  assert.deepEqual(got, ['new']);
  say('x');
  places.length = 0;
  say('y');
  answer(4, new GensioError('timedout'));
  answer(5, new GensioError('timedout'));
  connback!.stop();
  clock.advance(60_000);
  assert.equal(made.length, 6);
});

test('addresses of remaddr with an exclamation mark are called, too; too many, and those of another form than the accepter, are logged', () => {
  const more = calls({
    connback: ['127.0.0.1,5000', 'udp,h,1'],
    remaddr: ['127.0.0.2,0', '!127.0.0.1,5001', '!127.0.0.1,5002'],
    maxConnections: 3,
  });
  assert.deepEqual(more.lines, ['err Too many connect back remote addresses specified for the max-connections given']);
  more.say('x');
  assert.deepEqual(
    more.made.map(({ to }) => to),
    ['tcp 127.0.0.1 5000', 'tcp 127.0.0.1 5001'],
  );
  assert.deepEqual(more.lines.slice(1), ['err Unable to allocate connect back port con0, addr udp,h,1: Invalid data to parameter']);
  assert.equal(calls({ remaddr: ['127.0.0.2,0'] }).connback, undefined);
  const fits = calls(TWO);
  assert.deepEqual(fits.lines, []);
});

test('an accepter without an address to put another one in calls nobody, which is logged at each try', () => {
  const { connback, clock, lines, say } = calls({ connback: ['127.0.0.1,5000'] }, layerSpec('dummy', {}, { rest: '' }) as LayerSpec);
  say('x');
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^err Unable to allocate connect back port con0, addr 127\.0\.0\.1,5000: /);
  assert.equal(connback!.calling, true);
  clock.advance(10_000);
  assert.equal(lines.length, 2);
});
