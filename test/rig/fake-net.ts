// A network in memory for the engine: addresses that can be listened on once, and devices that always open.
import { GensioError } from '../../src/base/gensio-error.ts';
import type { Accepter, AccepterUp, Gensio } from '../../src/gensio/gensio.ts';
import type { Stack } from '../../src/gensio/syntax/stack.ts';
import type { LayerSpec } from '../../src/options/stack.ts';
import { FakeGensio } from './fake-gensio.ts';
import { settle } from './port-rig.ts';

export class FakeNet {
  readonly listening = new Map<string, FakeListener>();
  readonly devices: FakeGensio[] = [];
  readonly builder = {
    onAccepted: (_spec: LayerSpec, child: Gensio): Gensio => child,
    accepter: (spec: LayerSpec): Accepter => new FakeListener(this, 'rest' in spec ? spec.rest : ''),
    connector: (): FakeGensio => {
      const device = new FakeGensio({ address: 'dev' });
      this.devices.push(device);
      return device;
    },
  };
  async connect(address: string): Promise<FakeGensio | undefined> {
    const listener = this.listening.get(address);
    if (listener === undefined) return undefined;
    const user = new FakeGensio({ type: 'tcp' });
    listener.up.accepted(user);
    await settle();
    return user;
  }
}
class FakeListener implements Accepter {
  readonly type = 'fake';
  up!: AccepterUp;
  readonly #net: FakeNet;
  readonly #address: string;
  constructor(net: FakeNet, address: string) {
    this.#net = net;
    this.#address = address;
  }
  listen(done: (err?: GensioError) => void): void {
    if (this.#net.listening.has(this.#address)) return done(new GensioError('addrinuse'));
    this.#net.listening.set(this.#address, this);
    done();
  }
  close(done: () => void): void {
    if (this.#net.listening.get(this.#address) === this) this.#net.listening.delete(this.#address);
    done();
  }
  port(): undefined {
    return undefined;
  }
}

/** A stack whose address is its text. */
export const stack = (text: string): Stack => ({ text, spec: { type: 'dummy', opts: {}, rest: text } as LayerSpec, error: undefined });
