import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { controllersOf, encodeFrame, FrameDecoder, firstBytes, kissFilter } from '../../../src/gensio/filter/kiss.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { parseStack } from '../../../src/gensio/syntax/gensio-str.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { gensiot, noGensiot } from '../../rig/gensiot.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { listening } from '../../rig/stack-ends.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

const spec = (opts: Partial<LayerOf<'kiss'>['opts']> = {}) => layerSpec('kiss', opts, { child: tcpSpec(1) });
const make = (of: LayerOf<'kiss'>, child: Gensio, server = true): Gensio => kissFilter(of, child, server, testEnv());

compliance('kiss', {
  bulk: 500_000,
  make() {
    const [a, b] = linkedPair();
    return { gensio: make(spec(), a), far: farGensio(make(spec(), b)) };
  },
  unopened: () => make(spec(), linkedPair()[0]),
});

function decoded(chunks: readonly Buffer[], max = 1024, controllers = new Set([0])): string[] {
  const decoder = new FrameDecoder(max, controllers);
  const out: string[] = [];
  for (const chunk of chunks) decoder.push(chunk, (packet) => void out.push(packet.toString('latin1')));
  return out;
}

test('the bytes are those of gensiot 2.6.2, as a client and as a controller', async () => {
  const child = new FakeGensio();
  const client = make(spec(), child, false);
  assert.equal(await opened(client), undefined);
  client.write(Buffer.from('hi\xc0\xdbx', 'latin1'));
  assert.equal(child.take().toString('hex'), 'dbdc0132dbdcdbdc023fdbdcdbdc030adbdcdbdc0500dbdc' + 'c0006869dbdcdbdd78c0');
  const below = new FakeGensio();
  const controller = make(spec(), below, true);
  assert.equal(await opened(controller), undefined);
  assert.equal(below.take().length, 0);
  assert.equal(firstBytes(spec({ tncs: '0,2-4', sethardware: 7, fullduplex: true, txdelay: 15 }).opts).length, 3 * 5 * 6);
});

test('any packet comes through any cut; what is no data, for another controller, too long or wrongly escaped is dropped', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 5 }), fc.nat(300), (packets, cut) => {
      const all = Buffer.concat(packets.map((packet) => encodeFrame(Buffer.from(packet))));
      assert.deepEqual(
        decoded([all.subarray(0, cut), all.subarray(cut)]),
        packets.map((packet) => Buffer.from(packet).toString('latin1')),
      );
    }),
  );
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
  assert.deepEqual(decoded([bytes('\xc0\x00ok\xc0\x01\x32\xc0\x10other\xc0\xc0\x00\xdbx\xc0\x00good\xc0')]), ['ok', 'good']);
  assert.deepEqual(decoded([bytes('\xc0\x10other\xc0')], 1024, new Set([0, 1])), ['other']);
  assert.deepEqual(decoded([bytes('\x00abc\xc0\x00abcd\xc0\x00ab\xc0')], 4), ['abc', 'ab']);
});

test('any bytes never throw', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), (chunks) => {
      for (const packet of decoded(
        chunks.map((c) => Buffer.from(c)),
        50,
      ))
        assert.ok(packet.length <= 49);
    }),
  );
});

test('more than a frame takes becomes several, and a set-up text goes first, with its pause', async () => {
  const child = new FakeGensio();
  const clock = new FakeClock();
  const gensio = kissFilter(spec({ writebuf: 256, d710: true, setupDelay: 500 }), child, true, testEnv({ clock }));
  gensio.up = new RecordingUp();
  let open = false;
  gensio.open((err) => {
    assert.equal(err, undefined);
    open = true;
  });
  await until(() => child.writes.length === 1, 'the set-up');
  assert.equal(child.take().toString(), 'xflow on\rhbaud 1200\rkiss on\rrestart\r');
  clock.advance(499);
  assert.equal(open, false);
  clock.advance(1);
  assert.equal(open, true);
  gensio.write(Buffer.alloc(300, 65));
  assert.equal(child.take().length, 255 + 3 + 45 + 3);
});

test('options are taken and refused as gensio 2.6.2 does', () => {
  const error = (options: string) => parseStack(`kiss(${options}),tcp,h,1`, 'connector').error;
  for (const good of ['tncs=0-15', 'tncs=1,', 'txdelay=2550', 'persist=0', 'sethardware=0x10', 'd710-9600', 'server=no', 'readbuf=256']) {
    assert.equal(error(good), undefined, good);
  }
  for (const bad of ['tncs=16', 'tncs=a', 'tncs=1-', 'txdelay=2551', 'persist=256', 'readbuf=255', 'nosuch']) {
    assert.equal(error(bad), 'inval', bad);
  }
  assert.deepEqual([...controllersOf('1,3-5')], [0, 1, 3, 4]);
  assert.equal(parseStack('kiss,tcp,1', 'accepter').error, undefined);
});

test('gensiot as a client talks to our controller', { skip: noGensiot }, async (t) => {
  const port = await listening(t, spec());
  const far = gensiot(t, `kiss,tcp,127.0.0.1,${port.port}`);
  await until(
    () => port.accepted.length === 1,
    () => `a connection ${far.out()}`,
  );
  const gensio = port.accepted[0]!;
  const up = new RecordingUp();
  gensio.up = up;
  gensio.setReading(true);
  far.write('ping');
  await until(() => up.length === 4, 'ping');
  gensio.write(Buffer.from('pong\xc0\xdb!', 'latin1'));
  await until(() => far.out().endsWith('pong\xc0\xdb!'), 'pong');
});
