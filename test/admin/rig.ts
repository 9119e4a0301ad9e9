// An admin server over an engine whose listeners and devices are in memory: the test plays admin clients, users and devices.
import assert from 'node:assert/strict';
import type { ReloadOutcome } from '../../src/admin/commands.ts';
import { AdminServer } from '../../src/admin/server.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import type { SerialItem } from '../../src/base/serial.ts';
import type { AdminConfig, Config, ConnectionConfig } from '../../src/config/model.ts';
import type { Stack } from '../../src/gensio/syntax/stack.ts';
import { CONNECTION, type ConnectionOptions } from '../../src/options/connection.ts';
import { defaults } from '../../src/options/row.ts';
import type { LayerSpec } from '../../src/options/stack.ts';
import { Engine } from '../../src/port/engine.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { PLAIN_LINE } from '../rig/fake-device.ts';
import { FakeGensio, type FakeGensioOptions } from '../rig/fake-gensio.ts';
import { FakeAccepter, settle } from '../rig/port-rig.ts';

export interface RigPort {
  readonly name: string;
  readonly accepter: string;
  readonly connector: string;
  readonly timeout?: number;
  readonly enable?: boolean;
  readonly device?: string;
  readonly options?: Partial<ConnectionOptions>;
  /** What the device says of itself; the parts behind a blank are its lines. `open` is what it says while open. */
  readonly idle?: string;
  readonly open?: string;
  /** Its opening fails. */
  readonly broken?: true;
  /** open() and close() wait for the test. */
  readonly slow?: true;
  /** The string means nothing. */
  readonly invalid?: true | 'accepter';
}

/** A serial device of which the admin port can ask everything. */
export class RigDevice extends FakeGensio {
  readonly #port: RigPort;
  readonly asked: (readonly [SerialItem, unknown])[] = [];
  readonly lines = { rts: true, dtr: true };
  constructor(port: RigPort) {
    const options: FakeGensioOptions = {
      type: 'serialdev',
      ...((port.broken === true || port.slow === true) && { open: 'manual' }),
      ...(port.slow === true && { close: 'manual' }),
    };
    super({
      ...options,
      serial: {
        get: (_item, done) => done(undefined),
        set: (item, value, done) => {
          if (item === 'dtr') this.lines.dtr = value === true;
          else if (item === 'rts') this.lines.rts = value === true;
          else this.asked.push([item, value]);
          done(value);
        },
        sendBreak: () => undefined,
        purge: () => undefined,
      },
    });
    this.#port = port;
  }
  override open(done: (err?: GensioError) => void): void {
    super.open(done);
    if (this.#port.broken === true) queueMicrotask(() => this.opened(new GensioError('notfound')));
  }
  override address(): string {
    const { idle = '', open } = this.#port;
    if (!this.calls.includes('open') || this.state === 'closed') return idle;
    if (open !== undefined) return open;
    return idle.replace(' offline', ` ${this.lines.rts ? 'RTSHI' : 'RTSLO'} ${this.lines.dtr ? 'DTRHI' : 'DTRLO'}`);
  }
}

export const stack = (text: string, spec: object | undefined): Stack =>
  spec === undefined ? { text, spec: undefined, error: 'inval' } : { text, spec: spec as unknown as LayerSpec, error: undefined };

export function connection(port: RigPort): ConnectionConfig {
  const { name, accepter, connector, timeout = 0, enable = true, device, options, invalid } = port;
  return {
    name,
    accepter: stack(accepter, invalid === 'accepter' ? undefined : { type: 'dummy', opts: {}, rest: name }),
    connector: stack(connector, invalid === true ? undefined : { type: 'serialdev', opts: {}, device: name, line: PLAIN_LINE }),
    device,
    timeout,
    enable,
    options: { ...defaults(CONNECTION), chardelay: false, ...options },
    pos: { file: 'test', line: 1, col: 1, len: 0 },
  };
}

export const adminConfig = (more: Partial<AdminConfig> = {}): AdminConfig => ({
  name: undefined,
  accepter: stack('tcp,2000', { type: 'dummy', opts: {}, rest: ' admin' }),
  authdir: '/nowhere',
  pamauth: undefined,
  timeout: 0,
  pos: { file: '<cmdline>', line: 0, col: 0, len: 0 },
  ...more,
});

export class AdminRig {
  readonly clock = new FakeClock();
  readonly engine: Engine;
  readonly server: AdminServer;
  readonly accepters = new Map<string, FakeAccepter>();
  readonly devices = new Map<string, RigDevice[]>();
  readonly logged: string[] = [];
  ports: readonly RigPort[];
  reloaded = 0;
  /** What the next reload comes to. */
  reload: () => Promise<ReloadOutcome> = async () => ({ ok: true, problems: [] });
  /** What opening the admin listener ends with. */
  adminFailure: GensioError | undefined;

  constructor(ports: readonly RigPort[]) {
    this.ports = ports;
    const log = { log: (level: string, text: string) => void this.logged.push(`${level} ${text}`) };
    this.engine = new Engine({
      clock: this.clock,
      log,
      gensio: { lockDir: undefined },
      builder: {
        onAccepted: (_spec, child) => child,
        accepter: (spec) => {
          const accepter = new FakeAccepter();
          const name = (spec as unknown as { rest: string }).rest;
          if (name === ' admin') accepter.failure = this.adminFailure;
          this.accepters.set(name, accepter);
          return accepter;
        },
        connector: (spec) => {
          const name = (spec as unknown as { device: string }).device;
          const device = new RigDevice(this.ports.find((p) => p.name === name)!);
          this.devices.set(name, [...(this.devices.get(name) ?? []), device]);
          return device;
        },
      },
    });
    this.server = new AdminServer({
      engine: this.engine,
      clock: this.clock,
      log,
      version: '4.3.11',
      reload: () => {
        this.reloaded++;
        return this.reload();
      },
    });
  }
  static async start(ports: readonly RigPort[]): Promise<AdminRig> {
    const rig = new AdminRig(ports);
    await rig.apply();
    return rig;
  }
  async apply(ports: readonly RigPort[] = this.ports, admin: AdminConfig | undefined = adminConfig()): Promise<void> {
    this.ports = ports;
    await this.server.apply(admin);
    const config: Config = { format: 'yaml', connections: ports.map(connection), rotators: [], leds: [], admin };
    await this.engine.apply(config);
  }

  /** An admin client; what it was sent so far stands in its writes. */
  async admin(address = 'ipv4,127.0.0.1,5000'): Promise<FakeGensio> {
    return this.#accept(' admin', { address });
  }
  async user(port: string, address = 'ipv4,127.0.0.1,4000'): Promise<FakeGensio> {
    return this.#accept(port, { address });
  }
  async #accept(name: string, options: FakeGensioOptions): Promise<FakeGensio> {
    const accepter = this.accepters.get(name);
    assert.ok(accepter?.listening, `nobody listens: ${name}`);
    const gensio = new FakeGensio(options);
    accepter.up.accepted(gensio);
    await settle();
    return gensio;
  }
  /** The device of a port that was opened last. */
  device(port: string): RigDevice {
    return this.devices.get(port)!.findLast((d) => d.calls.includes('open'))!;
  }
}

/** Sends bytes as one read and gives what comes back, one character a byte. */
export async function ask(client: FakeGensio, bytes: string): Promise<string> {
  client.feed(Buffer.from(bytes, 'latin1'));
  await settle();
  return client.take().toString('latin1');
}
