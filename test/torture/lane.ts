// One lane of a run: ports of its own, the sessions held on them, and the part of the configuration that describes them. Lanes do
// their steps at the same time, and never touch each other's ports.
import { Client, type Place, type Protocol } from './client.ts';
import { Device } from './device.ts';
import { LIMIT_MS, pause, until } from './limits.ts';
import type { Subject } from './subject.ts';
import { Talk } from './talk.ts';

/** One port of the configuration with a device behind it. */
export interface PortPlan {
  readonly name: string;
  readonly protocol: Protocol;
  readonly place: Place;
  readonly device: Device;
  /** Users it has room for. */
  readonly users: number;
  readonly kick: boolean;
  banner: string;
  /** Of its line; a change is in force when the port is not used. */
  speed: string;
  enabled: boolean;
}

/** A port without a device, that reloads bring and take away. */
export interface SparePlan {
  readonly place: Place;
  kind: 'none' | 'raw' | 'telnet' | 'broken' | 'off';
  banner: string;
}

export interface Session {
  readonly port: PortPlan;
  readonly client: Client;
  /** What the device says to this client alone. */
  readonly answer: Talk;
}

const REFUSED = /Port already in use\r\n$|Device open failure: .*\r\n$|All ports are in use|is disabled/;

export class Lane {
  readonly number: number;
  readonly subject: Subject;
  readonly ports: PortPlan[] = [];
  readonly spares: SparePlan[] = [];
  /** Two ports without a listener worth using, behind one address. */
  readonly rotator: { readonly place: Place; readonly ports: readonly PortPlan[] };
  readonly sessions: Session[] = [];
  #ids: number;

  constructor(number: number, subject: Subject, base: number, certificate: { readonly key: string; readonly cert: string }) {
    this.number = number;
    this.subject = subject;
    this.#ids = (number + 1) << 24;
    this.#certificate = certificate;
    let next = base;
    const add = (kind: string, protocol: Protocol, more: { users?: number; kick?: boolean; unix?: boolean } = {}): PortPlan => {
      const name = `l${number}-${kind}`;
      const device = new Device(subject.path(`d${number}-${kind}`), name);
      device.plug();
      const place = more.unix === true ? subject.path(`s${number}-${kind}`) : next++;
      const port = {
        name,
        protocol,
        place,
        device,
        users: more.users ?? 1,
        kick: more.kick ?? false,
        banner: '',
        speed: '115200n81',
        enabled: true,
      };
      this.ports.push(port);
      return port;
    };
    add('raw', 'raw');
    add('telnet', 'telnet');
    add('tls', 'tls');
    add('unix', 'raw', { unix: true });
    add('many', 'raw', { users: 4 });
    add('kick', 'raw', { kick: true });
    const behind = [add('rot-a', 'raw'), add('rot-b', 'raw')];
    this.rotator = { place: next++, ports: behind };
    for (let i = 0; i < 3; i++) this.spares.push({ place: next++, kind: 'none', banner: '' });
  }
  readonly #certificate: { readonly key: string; readonly cert: string };
  /** Places a lane takes of a stretch of TCP ports. */
  static readonly PLACES = 12;

  /** Its part of the configuration. */
  text(): string {
    const { key, cert } = this.#certificate;
    const ports = this.ports.map(({ name, protocol, place, device, users, kick, banner, speed, enabled }) => {
      const bottom = typeof place === 'number' ? `tcp,127.0.0.1,${place}` : `unix,${place}`;
      const accepter = { raw: bottom, telnet: `telnet(rfc2217),${bottom}`, tls: `ssl(key=${key},cert=${cert}),${bottom}` }[protocol];
      return [
        `connection: &${name}`,
        `  accepter: ${accepter}`,
        `  connector: serialdev(nouucplock=false),${device.link},${speed},local`,
        `  enable: ${enabled ? 'on' : 'off'}`,
        '  options:',
        `    max-connections: ${users}`,
        `    kickolduser: ${kick}`,
        ...(banner === '' ? [] : [`    banner: "${banner}"`]),
        ...(name.endsWith('many') ? [`    trace-both: ${this.subject.path(`trace-${name}`)}`, '    trace-both-hexdump: true'] : []),
      ].join('\n');
    });
    const spares = this.spares.map(({ place, kind, banner }, i) => {
      if (kind === 'none') return '';
      const accepter = kind === 'telnet' ? `telnet,tcp,127.0.0.1,${place}` : `tcp,127.0.0.1,${place}`;
      const connector = kind === 'broken' ? 'nosuchthing,x' : 'echo';
      const enable = kind === 'off' ? 'off' : 'on';
      return `connection: &l${this.number}-spare${i}\n  accepter: ${accepter}\n  connector: ${connector}\n  enable: ${enable}\n  options:\n    banner: "${banner}"`;
    });
    const { place, ports: behind } = this.rotator;
    const rotator = `rotator: &l${this.number}-rot\n  accepter: tcp,127.0.0.1,${place}\n  connections: [${behind.map((p) => p.name).join(', ')}]`;
    return [...ports, ...spares, rotator].filter((part) => part !== '').join('\n\n');
  }

  nextId(): number {
    return this.#ids++;
  }
  newTalk(name: string): Talk {
    return new Talk(this.nextId(), name);
  }
  /** Sessions on a port. */
  on(port: PortPlan): Session[] {
    return this.sessions.filter((s) => s.port === port);
  }
  /** Ports with a device in place and room for one more, and no rotator's. */
  free(): PortPlan[] {
    return this.ports.filter((p) => p.device.present && !this.rotator.ports.includes(p) && this.on(p).length < p.users);
  }

  /**
   * A client that the daemon takes: its first words have come out at the device. Somebody who has just left may still hold the place:
   * then it is tried again.
   */
  async join(port: PortPlan, place: Place = port.place): Promise<Session> {
    const end = performance.now() + LIMIT_MS;
    for (;;) {
      const client = new Client(this.nextId(), port.protocol, place, port.users > 1);
      port.device.receiver.expect(client.talk);
      client.greet();
      const { talk, receiver } = client;
      await until(
        () => `${client.name} to be taken by ${port.name}: ${client.error?.message ?? ''} heard '${receiver.text}'`,
        () => port.device.receiver.complete(talk) || client.closed || client.ended,
      );
      if (port.device.receiver.complete(talk)) {
        const session = { port, client, answer: this.newTalk(`answer to ${client.name}`) };
        receiver.expect(session.answer);
        this.sessions.push(session);
        return session;
      }
      client.destroy();
      port.device.receiver.forget(talk);
      const plausible = client.error !== undefined || receiver.text === '' || REFUSED.test(receiver.text);
      if (!plausible || performance.now() > end)
        throw new Error(`${client.name} was refused by ${port.name}: '${receiver.text}' ${client.error?.message ?? ''}`);
      await pause(20);
    }
  }

  /** So many bytes each way; all of them must come. */
  async exchange(session: Session, up: number, down: number): Promise<void> {
    const { client, answer, port } = session;
    await Promise.all([client.say(up), down > 0 ? port.device.say(answer, down) : undefined]);
    await this.arrived(session);
  }
  /** Everything said on a session has come. */
  async arrived({ client, answer, port }: Session): Promise<void> {
    const device = port.device.receiver;
    const state = (): string =>
      `${port.name}: ${device.got(client.talk)} of ${client.talk.sent} at the device, ${client.receiver.got(answer)} of ${answer.sent} at ${client.name}` +
      `${client.closed ? ', which is closed' : ''} ${client.error?.message ?? ''}`;
    const done = (): boolean => device.complete(client.talk) && (answer.sent === 0 || client.receiver.complete(answer));
    await until(state, () => done() || this.problem() !== undefined || client.closed);
    if (!done()) throw new Error(this.problem() ?? state());
  }

  /** The session is no more, as far as the model goes. */
  drop(session: Session): void {
    const at = this.sessions.indexOf(session);
    if (at >= 0) this.sessions.splice(at, 1);
    session.port.device.receiver.forget(session.client.talk);
  }
  /** Ends every session, in an orderly way. */
  async quiet(): Promise<void> {
    await Promise.all(
      [...this.sessions].map(async (session) => {
        await session.client.end();
        this.drop(session);
      }),
    );
  }

  /** The first thing that was wrong in what came. */
  problem(): string | undefined {
    for (const { device } of this.ports) if (device.receiver.problem !== undefined) return device.receiver.problem;
    for (const { client } of this.sessions) if (client.receiver.problem !== undefined) return client.receiver.problem;
    return this.subject.problem();
  }
  close(): void {
    for (const { client } of this.sessions) client.destroy();
    for (const { device } of this.ports) device.pull();
  }
}
