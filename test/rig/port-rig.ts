// A port with both of its ends in the test's hands: users and device are FakeGensios, time is a FakeClock.
import assert from 'node:assert/strict';
import { Deadlines } from '../../src/base/deadlines.ts';
import type { GensioError } from '../../src/base/gensio-error.ts';
import type { Log } from '../../src/base/log.ts';
import type { ConnectionConfig } from '../../src/config/model.ts';
import type { Accepter, AccepterUp } from '../../src/gensio/gensio.ts';
import type { StackBuilder } from '../../src/gensio/stack-builder.ts';
import { CONNECTION, type ConnectionOptions } from '../../src/options/connection.ts';
import { defaults } from '../../src/options/row.ts';
import type { LayerSpec } from '../../src/options/stack.ts';
import type { ObserverFactory } from '../../src/port/events.ts';
import { Port } from '../../src/port/port.ts';
import type { PortRoom } from '../../src/port/port-room.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeGensio, type FakeGensioOptions } from './fake-gensio.ts';

/** A listener that the test makes succeed or fail. */
export class FakeAccepter implements Accepter {
  readonly type = 'fake';
  up!: AccepterUp;
  listening = false;
  /** What the next listen() ends with. */
  failure: GensioError | undefined;
  listen(done: (err?: GensioError) => void): void {
    this.listening = this.failure === undefined;
    done(this.failure);
  }
  close(done: () => void): void {
    this.listening = false;
    done();
  }
  port(): number | undefined {
    return this.listening ? 1 : undefined;
  }
}

const SPEC = { type: 'dummy', opts: {}, rest: '' } as unknown as LayerSpec;

export interface PortRigOptions {
  readonly options?: Partial<ConnectionOptions>;
  readonly config?: Partial<ConnectionConfig>;
  readonly device?: FakeGensioOptions;
  readonly observers?: readonly ObserverFactory[];
  /** Another port has the device. */
  readonly deviceInUse?: () => boolean;
  /** What is added to the port. */
  readonly room?: (rig: PortRig) => PortRoom;
  /** Why no connector can be made now; undefined: it can. */
  readonly noDevice?: () => GensioError | undefined;
}

/** What a connection says when nothing is said. */
export function connectionConfig(options: Partial<ConnectionOptions> = {}, more: Partial<ConnectionConfig> = {}): ConnectionConfig {
  return {
    name: 'con0',
    accepter: { text: 'tcp,0', spec: SPEC, error: undefined },
    connector: { text: 'serialdev,/dev/ttyS0,9600n81,local', spec: SPEC, error: undefined },
    device: undefined,
    timeout: 0,
    enable: true,
    options: { ...defaults(CONNECTION), ...options },
    pos: { file: 'test', line: 1, col: 1, len: 0 },
    ...more,
  };
}

export class PortRig {
  readonly clock = new FakeClock();
  readonly deadlines = new Deadlines(this.clock);
  /** Of the doors beside the accepter, in the order in which they were made. */
  readonly doors: FakeAccepter[] = [];
  readonly accepter = new FakeAccepter();
  readonly port: Port;
  /** Every device made, the newest last: the last one is not open yet. */
  readonly devices: FakeGensio[] = [];
  /** What each of them was made from. */
  readonly specs: LayerSpec[] = [];
  readonly logged: string[] = [];
  rests = 0;

  constructor(rig: PortRigOptions = {}) {
    const log: Log = { log: (_level, text) => void this.logged.push(text) };
    this.port = new Port(connectionConfig(rig.options, rig.config), {
      clock: this.clock,
      deadlines: this.deadlines,
      log,
      announce: () => ({ withdraw: () => undefined }),
      observers: rig.observers ?? [],
      builder: {
        accepter: (spec) => (spec === SPEC ? this.accepter : this.#door()),
        connector: (spec) => {
          this.specs.push(spec);
          const none = rig.noDevice?.();
          if (none !== undefined) throw none;
          const device = new FakeGensio({ address: '/dev/ttyS0,9600N81,CLOCAL offline', ...rig.device });
          this.devices.push(device);
          return device;
        },
      },
      deviceInUse: () => rig.deviceInUse?.() ?? false,
      idle: () => void this.rests++,
    });
    if (rig.room !== undefined) this.port.furnish(rig.room(this));
    this.port.listen(() => undefined);
  }
  #door(): FakeAccepter {
    const door = new FakeAccepter();
    this.doors.push(door);
    return door;
  }
  /** Makes layers as the port does: a door beside the accepter is one of `doors`. */
  get builder(): StackBuilder {
    return { accepter: () => this.#door(), connector: () => new FakeGensio() };
  }

  /** The device in use, or the next to be opened. */
  get device(): FakeGensio {
    return this.devices.findLast((d) => d.calls.includes('open')) ?? this.devices.at(-1)!;
  }

  /** A client connects; comes back when all that follows at once has happened. */
  async connect(options: FakeGensioOptions = {}): Promise<FakeGensio> {
    const user = new FakeGensio({ type: 'tcp', address: 'ipv4,127.0.0.1,4000', ...options });
    assert.ok(this.accepter.listening, 'nobody listens');
    this.accepter.up.accepted(user);
    await settle();
    return user;
  }
}

/** Lets everything run that was put off to "right after this". */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
