// A port with doors beside its accepter, all of it in the test's hands: sections are given as YAML.
import assert from 'node:assert/strict';
import type { Gensio } from '../../src/gensio/gensio.ts';
import type { Sections } from '../../src/options/sections/table.ts';
import { Doors } from '../../src/port/doors/doors.ts';
import { read } from '../config/sections/reading.ts';
import { FakeGensio, type FakeGensioOptions } from './fake-gensio.ts';
import { PortRig, type PortRigOptions, settle } from './port-rig.ts';

/** What a section of the connection con0 says; keys: the lines below `port:`. */
export function sectionsOf(keys: string): Sections | undefined {
  const accepter = 'certauth,ssl(clientauth),tcp,localhost,2000';
  const { sections, problems } = read(
    `connection: &con0\n  accepter: ${accepter}\n  connector: serialdev,/dev/ttyS0\nport: &con0\n${keys.replace(/^/gm, '  ')}\n`,
  );
  assert.deepEqual(problems, []);
  return sections;
}

/** Rights as a list, one alone without brackets. */
export class DoorRig {
  readonly rig: PortRig;
  readonly room: Doors;
  #next = 5000;

  /** keys: see sectionsOf(). */
  constructor(keys: string, options: PortRigOptions & { readonly findProtocol?: (child: Gensio) => Gensio } = {}) {
    let room: Doors | undefined;
    this.rig = new PortRig({
      ...options,
      room: (rig) => {
        room = new Doors({
          clock: rig.clock,
          deadlines: rig.deadlines,
          log: { log: (level, text) => void rig.logged.push(`${level}: ${text}`) },
          builder: rig.builder,
          findProtocol: options.findProtocol ?? ((child) => child),
        });
        room.apply(sectionsOf(keys), []);
        return room;
      },
    });
    this.room = room!;
  }

  /** Puts another section in force, as a reload does. */
  apply(keys: string | undefined): void {
    this.room.apply(keys === undefined ? undefined : sectionsOf(keys), [this.rig.port]);
  }
  /** Somebody comes in through a door: its number, or the accepter of the connection; user: the name it has proved. */
  async enter(door: number | 'main', user?: string, options: FakeGensioOptions = {}): Promise<FakeGensio> {
    const peer = user === undefined ? {} : { peer: { user, fingerprint: undefined, authenticated: true } };
    const gensio = new FakeGensio({ type: 'tcp', address: `ipv4,127.0.0.1,${this.#next++}`, ...peer, ...options });
    const accepter = door === 'main' ? this.rig.accepter : this.rig.doors[door]!;
    assert.ok(accepter.listening, 'nobody listens');
    accepter.up.accepted(gensio);
    await settle();
    return gensio;
  }
  /** What the device was sent since the last time. */
  sent(): string {
    return this.rig.device.take().toString('latin1');
  }
  /** The device says something. */
  async says(text: string | Buffer): Promise<void> {
    this.rig.device.feed(text);
    await settle();
    this.rig.clock.advance(50);
    await settle();
  }
}

/** What a user was sent since the last time. */
export const got = (user: FakeGensio): string => user.take().toString('latin1');
