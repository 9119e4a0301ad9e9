import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import type { RotatorConfig } from '../../src/config/model.ts';
import type { Gensio } from '../../src/gensio/gensio.ts';
import { ROTATOR } from '../../src/options/rotator.ts';
import { defaults } from '../../src/options/row.ts';
import type { LayerSpec } from '../../src/options/stack.ts';
import type { Door } from '../../src/port/door.ts';
import { REFUSAL } from '../../src/port/messages.ts';
import type { Port } from '../../src/port/port.ts';
import { Rotator } from '../../src/port/rotator.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { FakeNet, stack } from '../rig/fake-net.ts';
import { settle } from '../rig/port-rig.ts';

/** `telnet` over something else, as a stack. */
const telnet = { text: 'telnet', spec: { type: 'telnet', opts: {}, child: stack('x').spec } as unknown as LayerSpec, error: undefined };

/** A rotator at R over ports of these names; those in `taken` refuse. */
function rig(names: string, config: Partial<RotatorConfig> = {}, accepters: Record<string, ReturnType<typeof stack>> = {}) {
  const [net, clock] = [new FakeNet(), new FakeClock()];
  const taken = new Set<string>();
  const got: string[] = [];
  const asked: string[] = [];
  const lines: string[] = [];
  /** The last layer put on a client, still to be opened when manual. */
  const layers: FakeGensio[] = [];
  let manual = false;
  const ports = new Map(
    [...names].map((name) => {
      const port = {
        config: { accepter: accepters[name] ?? stack(name) },
        couldTake: (_door: Door, gensio: Gensio) => {
          asked.push(gensio.address());
          return !taken.has(name);
        },
        enter: ({ kind }: Door, gensio: Gensio) => {
          assert.equal(kind, layers.includes(gensio as FakeGensio) || config.accepter === telnet ? 'telnet' : 'raw');
          got.push(`${name}${layers.includes(gensio as FakeGensio) ? ' telnet' : ''}`);
        },
      };
      return [name, port as unknown as Port] as const;
    }),
  );
  const onAccepted = (): Gensio => {
    layers.push(new FakeGensio(manual ? { open: 'manual', close: 'manual' } : {}));
    return layers.at(-1)!;
  };
  const rotator = new Rotator(
    {
      name: 'r',
      accepter: stack('R'),
      connections: [...names],
      options: defaults(ROTATOR),
      pos: { file: 'f', line: 1, col: 1, len: 0 },
      ...config,
    },
    {
      clock,
      deadlines: new Deadlines(clock),
      log: { log: (level, text) => void lines.push(`${level} ${text}`) },
      builder: { ...net.builder, onAccepted },
      port: (name) => ports.get(name),
    },
  );
  const holdLayers = (): void => {
    manual = true;
  };
  const listen = (): Promise<void> => new Promise((resolve) => rotator.listen(resolve));
  return { rotator, net, clock, taken, got, asked, lines, layers, listen, holdLayers };
}

test('clients go to the ports in turn, past those that are taken, and one too many hears so', async () => {
  const { net, taken, got, listen, asked } = rig('abc');
  await listen();
  for (let i = 0; i < 4; i++) await net.connect('R');
  assert.deepEqual(got.splice(0), ['a', 'b', 'c', 'a']);
  assert.ok(asked.every((peer) => peer === 'ipv4,127.0.0.1,1234'));
  taken.add('b');
  for (let i = 0; i < 2; i++) await net.connect('R');
  assert.deepEqual(got.splice(0), ['c', 'a']);
  taken.add('a').add('c');
  const refused = await net.connect('R');
  assert.equal(refused?.take().toString(), REFUSAL.noFreePort);
  assert.equal(refused?.state, 'closed');
  taken.delete('b');
  await net.connect('R');
  assert.deepEqual(got, ['b']);
});

test('a name that no port has is passed over', async () => {
  const { net, got, listen } = rig('ab', { connections: ['nobody', 'b'] });
  await listen();
  await net.connect('R');
  await net.connect('R');
  assert.deepEqual(got, ['b', 'b']);
});

test('a port with telnet speaks telnet to clients of the rotator, unless the rotator does so itself', async () => {
  const { net, got, listen } = rig('ab', {}, { a: telnet });
  await listen();
  await net.connect('R');
  await net.connect('R');
  assert.deepEqual(got, ['a telnet', 'b']);
  // What telnet(...) stands on has no address here: the fake listener's is ''.
  const own = rig('a', { accepter: telnet }, { a: telnet });
  await own.listen();
  await own.net.connect('');
  assert.deepEqual(own.got, ['a']);
});

test('a client that goes, or fails, while telnet opens gets no port', async () => {
  const { net, got, layers, listen, holdLayers } = rig('a', {}, { a: telnet });
  holdLayers();
  await listen();
  await net.connect('R');
  layers[0]!.end();
  layers[0]!.opened();
  await net.connect('R');
  layers[1]!.opened(new GensioError('protoerr'));
  assert.ok(layers[1]!.calls.includes('abort'));
  assert.deepEqual(got, []);
  await net.connect('R');
  layers[2]!.opened();
  assert.deepEqual(got, ['a telnet']);
});

test('an address in use is logged with its place the first time, and tried again', async () => {
  for (const [place, first] of [
    [['f:1: ', ' there'], 'err f:1: Address already in use there'],
    [undefined, 'err Failed to start rotator: Address already in use'],
  ] as const) {
    const { net, clock, lines, got, listen } = rig('a', {
      options: { ...defaults(ROTATOR), accepterRetryTime: 10 },
      ...(place !== undefined && { place }),
    });
    const other = net.builder.accepter(stack('R').spec!);
    other.listen(() => undefined);
    await listen();
    clock.advance(10_000);
    assert.deepEqual(lines, [
      first,
      'err r: cannot listen on R: Address already in use',
      'err Failed to start rotator: Address already in use',
    ]);
    other.close(() => undefined);
    clock.advance(9999);
    assert.equal(await net.connect('R'), undefined);
    clock.advance(1);
    await net.connect('R');
    assert.deepEqual(got, ['a']);
  }
});

test('a rotator that is closed does not listen; one whose accepter means nothing never does, and both say when they are done', async () => {
  const { rotator, net, listen } = rig('a');
  await listen();
  await new Promise<void>((resolve) => rotator.close(resolve));
  assert.equal(await net.connect('R'), undefined);
  const none = rig('a', { accepter: { text: 'nosuch', spec: undefined, error: 'notsup' } });
  await none.listen();
  await new Promise<void>((resolve) => none.rotator.close(resolve));
  assert.equal(none.net.listening.size, 0);
});

test('a failure of a new connection and one of our own are logged with the name of the rotator', async () => {
  const { rotator, net, lines, listen } = rig('a');
  await listen();
  net.listening.get('R')!.up.failed(new GensioError('protoerr'));
  rotator.failed(new Error('a bug'));
  await settle();
  assert.match(lines[0]!, /^err r: Error accepting a gensio: /);
  assert.match(lines[1]!, /^err Internal error in rotator r: .*a bug/);
});
