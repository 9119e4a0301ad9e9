// Every member of the contract goes through every layer that forwards. A new member does not compile here until it is listed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GensioError } from '../../src/base/gensio-error.ts';
import { keepopenConnector } from '../../src/gensio/filter/keepopen.ts';
import { type ComPort, Filter, type Gensio, type GensioUp, type Peer, type SerialControl } from '../../src/gensio/gensio.ts';
import { LazyConnector } from '../../src/gensio/lazy-connector.ts';
import { sslFilter } from '../../src/gensio/tls/tls.ts';
import { RecordingUp } from '../compliance/recording-up.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';
import { testEnv } from '../rig/gensio-env.ts';
import { layerSpec, tcpSpec } from './layer-spec.ts';

const PEER: Peer = { user: 'alice', fingerprint: 'AA', authenticated: true };
const serial = {} as SerialControl;
const comPort = {} as ComPort;

/** A layer below with an answer of its own for everything. */
class Below extends FakeGensio {
  override readonly peer = PEER;
  readonly connectionless = true;
  detachBuffer(): void {
    this.calls.push('detach');
  }
  peerClosed(): boolean {
    return true;
  }
  kernelBytes(): number {
    return 33;
  }
}
class Plain extends Filter {
  readonly type = 'plain';
  protected decode(data: Buffer): void {
    this.up.read(data);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
}

type Check = (layer: Gensio, below: Below) => void;
/** What the layer below is asked. The layer is open already. */
const DOWN: { readonly [M in Exclude<keyof Gensio, 'type' | 'up' | 'open'>]-?: Check } = {
  write(layer, below) {
    below.full = true;
    assert.equal(layer.write(Buffer.from('x')), false);
    assert.deepEqual(below.writes, [Buffer.from('x')]);
  },
  setReading(layer, below) {
    layer.setReading(true);
    assert.equal(below.reading, true);
  },
  connectionless(layer) {
    assert.equal(layer.connectionless, true);
  },
  detachBuffer(layer, below) {
    layer.detachBuffer?.();
    assert.equal(below.calls.at(-1), 'detach');
  },
  close(layer, below) {
    layer.close();
    assert.ok(below.calls.includes('close'));
  },
  abort(layer, below) {
    layer.abort();
    assert.ok(below.calls.includes('abort'));
  },
  bufferedBytes(layer, below) {
    below.queuedBytes = 44;
    assert.equal(layer.bufferedBytes(), 44);
  },
  peerClosed: (layer) => assert.equal(layer.peerClosed?.(), true),
  kernelBytes: (layer) => assert.equal(layer.kernelBytes?.(), 33),
  address: (layer) => assert.equal(layer.address(), 'ipv4,127.0.0.1,1234'),
  serial: (layer) => assert.equal(layer.serial, serial),
  comPort: (layer) => assert.equal(layer.comPort, comPort),
  peer: (layer) => assert.equal(layer.peer, PEER),
};
/** What it says. */
const UP: { readonly [M in keyof GensioUp]-?: (below: Below, heard: RecordingUp, layer: Gensio) => void } = {
  read(below, heard, layer) {
    layer.setReading(true);
    below.up.read(Buffer.from('y'));
    assert.equal(heard.text(), 'y');
  },
  writable(below, heard, layer) {
    below.full = true;
    layer.write(Buffer.from('x'));
    below.drain();
    assert.equal(heard.writables, 1);
  },
  closed(below, heard) {
    below.up.closed(new GensioError('remclose'));
    assert.equal(heard.error?.code, 'remclose');
  },
  event(below, heard) {
    below.emit({ on: 'sync' });
    assert.deepEqual(heard.events, [{ on: 'sync' }]);
  },
};

/** How each of them is made open on the given layer, and what it does by itself. */
const LAYERS: Readonly<Record<string, { make(below: Below): Gensio; own: readonly (keyof typeof DOWN | keyof typeof UP)[] }>> = {
  'a filter': { make: (below) => new Plain(below), own: [] },
  LazyConnector: {
    make: (below) =>
      new LazyConnector('lazy', '', (done) => {
        queueMicrotask(() => done(undefined, below));
        return { cancel() {} };
      }),
    own: [],
  },
  // It always looks open.
  keepopen: {
    make: (below) =>
      keepopenConnector(layerSpec('keepopen', {}, { child: tcpSpec(1) }), testEnv(), {
        connector: () => below,
        accepter: () => assert.fail('no accepter'),
      }),
    own: ['peerClosed', 'closed'],
  },
};

for (const [name, { make, own }] of Object.entries(LAYERS)) {
  const open = async (): Promise<{ layer: Gensio; below: Below; heard: RecordingUp }> => {
    const below = new Below({ serial, comPort });
    const layer = make(below);
    const heard = new RecordingUp();
    layer.up = heard;
    await new Promise<void>((resolve, reject) => layer.open((err) => (err === undefined ? resolve() : reject(err))));
    return { layer, below, heard };
  };
  test(`${name} passes every member of the contract on`, async () => {
    for (const [member, check] of Object.entries(DOWN)) {
      if ((own as readonly string[]).includes(member)) continue;
      const { layer, below } = await open();
      check(layer, below);
    }
    for (const [member, check] of Object.entries(UP)) {
      if ((own as readonly string[]).includes(member)) continue;
      const { layer, below, heard } = await open();
      check(below, heard, layer);
    }
  });
}

test('ssl says what the layer below knows of the connection, and of who is there what it found out itself', () => {
  const below = new Below({ serial, comPort });
  const layer = sslFilter(layerSpec('ssl', {}, { child: tcpSpec(0) }), below, true, testEnv());
  for (const member of ['bufferedBytes', 'peerClosed', 'kernelBytes', 'address', 'serial', 'comPort'] as const) DOWN[member](layer, below);
  assert.equal(layer.peer, undefined);
});
