// Random steps over a port with doors of six kinds, and what must be true after each: never two writers, no reader whose bytes differ
// before its gap is told, no right crossed. Clients, device and time are the test's.
import assert from 'node:assert/strict';
import type { SerialControl } from '../../../src/gensio/gensio.ts';
import { telnetServer } from '../../../src/gensio/telnet/telnet.ts';
import { defaults } from '../../../src/options/row.ts';
import { TELNET } from '../../../src/options/telnet.ts';
import type { UserView } from '../../../src/port/events.ts';
import { DoorRig } from '../../rig/door-rig.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { settle } from '../../rig/port-rig.ts';
import { Random } from '../../torture/random.ts';

const KEYS = '\x05c';
/** What the last reader through the door with replay may have missed at most: the history that is kept. */
const HISTORY = 3000;
const BEHIND = 1024;

/** The kinds of doors: what they say of themselves, and who comes through them. */
const KINDS = [
  { name: 'raw', accepter: 'tcp,localhost,3001', more: 'rights: [read, write]' },
  { name: 'telnet', accepter: 'telnet,tcp,localhost,3002', more: `rights: [read, write, control]\n    escape: '\\x05c'` },
  { name: 'rfc2217', accepter: 'telnet(rfc2217),tcp,localhost,3003', more: 'rights: [read, write, control]' },
  {
    name: 'tls',
    accepter: 'ssl(clientauth),tcp,localhost,3004',
    more: 'rights: {alice: [read, write, control], bob: [read], carol: [write]}',
  },
  { name: 'unix', accepter: 'unix,/run/x', more: 'rights: [read, write, control]\n    gap: tell' },
  { name: 'reader', accepter: 'tcp,localhost,3005', more: 'replay: true' },
] as const;
type Kind = (typeof KINDS)[number]['name'] | 'main';
const NAMES = ['alice', 'bob', 'carol', 'mallory', undefined] as const;

const RIGHTS: Readonly<Record<Kind, (name: string | undefined) => string>> = {
  raw: () => 'rw',
  telnet: () => 'rwc',
  rfc2217: () => 'rwc',
  tls: (name) => ({ alice: 'rwc', bob: 'r', carol: 'w' })[name ?? ''] ?? '',
  unix: () => 'rwc',
  reader: () => 'r',
  main: () => 'rwc',
};

/** One client, and what it must have been sent. */
interface Client {
  readonly kind: Kind;
  readonly fake: FakeGensio;
  /** r, w and c. */
  readonly rights: string;
  readonly address: string;
  /** Where in what the device has said it stands: all up to here has been seen by it. */
  at: number;
  /** What it was sent and is not a whole piece yet. */
  rest: string;
  sent: number;
}

/** What one run has seen, to show that the steps led somewhere. */
export interface Seen {
  steps: number;
  gaps: number;
  takeovers: number;
  refused: number;
  closedBehind: number;
  replays: number;
}

/** Runs so many steps. Throws with the seed in its message where something is not as it must be. */
export async function runModel(steps: number, seed: number): Promise<Seen> {
  const model = new Model(seed);
  for (let i = 0; i < steps; i++) {
    try {
      await model.step();
    } catch (err) {
      throw new Error(`seed ${seed}, step ${i} (${model.last}): ${(err as Error).message}`, { cause: err });
    }
  }
  return { ...model.seen, steps };
}

class Model {
  readonly seen: Seen = { steps: 0, gaps: 0, takeovers: 0, refused: 0, closedBehind: 0, replays: 0 };
  last = '';
  readonly #random: Random;
  readonly #rig: DoorRig;
  /** Everything the device has said. */
  #said = '';
  readonly #sets: string[] = [];
  #clients: Client[] = [];
  #writer: UserView | undefined;
  #asked = false;
  #next = 10_000;

  constructor(seed: number) {
    this.#random = new Random(seed);
    const serial = {
      get: (_: string, done: (value: unknown) => void) => done(9600),
      set: (item: string, value: unknown, done: (value: unknown) => void) => {
        this.#sets.push(`${item} ${value}`);
        done(value);
      },
      sendBreak: () => void this.#sets.push('break'),
      purge: () => void this.#sets.push('purge'),
    } as unknown as SerialControl;
    const doors = KINDS.map(({ accepter, more }) => `  - accepter: ${accepter}\n    behind: ${BEHIND}\n    ${more}\n`).join('');
    const takeover = this.#random.pick(['ask', 'now', 'never']);
    this.#rig = new DoorRig(`history: 256k\nwriters: one\ntakeover: ${takeover}\ndoors:\n${doors}`, {
      device: { serial },
      options: { maxConnections: 2 },
    });
    const { port } = this.#rig.rig;
    port.watch({
      fromDevice: (data) => {
        this.#said += data.toString('latin1');
      },
    });
    port.history = { recent: () => [Buffer.from(this.#said.slice(-HISTORY), 'latin1')] };
  }

  async step(): Promise<void> {
    const random = this.#random;
    const client = this.#clients.length === 0 ? undefined : random.pick(this.#clients);
    const before = this.#writer;
    const moves = client === undefined ? 'enter' : random.pick(STEPS);
    this.last = `${moves} ${client?.kind ?? ''}`;
    let mayMove = false;
    switch (moves) {
      case 'enter':
        await this.#enter();
        break;
      case 'leave':
        client!.fake.end();
        await settle();
        mayMove = true;
        break;
      case 'send':
        await this.#send(client!);
        break;
      case 'say':
        if (this.#rig.rig.port.isOpen)
          this.#rig.rig.device.feed(Buffer.from(random.bytes(1 + random.below(700)).map((byte) => ALPHABET[byte % ALPHABET.length]!)));
        break;
      case 'block':
        client!.fake.full = true;
        break;
      case 'drain':
        if (client!.fake.full) client!.fake.drain();
        break;
      case 'wait':
        mayMove = this.#asked;
        this.#rig.rig.clock.advance(random.below(20_000));
        break;
      case 'key':
        mayMove = client!.kind === 'telnet';
        if (mayMove) client!.fake.feed(`${KEYS}${random.pick(['w', 'f', 's', '?', 'l1', 'x'])}`);
        this.#asked ||= mayMove;
        break;
      case 'request':
        await this.#request(client!);
        break;
      case 'give': {
        mayMove = true;
        const { users, access } = this.#rig.rig.port;
        const writers = users.filter((user) => user.rights.write);
        if (access?.writer !== undefined || writers.length > 0) access?.giveWriter(random.pick([...writers, undefined]), 'the test');
        break;
      }
      default:
        if (random.below(20) > 0 || !this.#rig.rig.port.isOpen) break;
        this.#rig.rig.device.end();
        mayMove = true;
    }
    await settle();
    this.#check(before, mayMove);
  }

  async #enter(): Promise<void> {
    const random = this.#random;
    if (this.#clients.length > 12) return;
    const kind: Kind = random.pick([...KINDS.map(({ name }) => name), 'main'] as const);
    const name = kind === 'tls' ? random.pick(NAMES) : undefined;
    const address = `ipv4,127.0.0.1,${this.#next++}`;
    const peer = name === undefined ? {} : { peer: { user: name, fingerprint: undefined, authenticated: true } };
    const fake = new FakeGensio({ type: 'tcp', address, ...peer });
    const index = KINDS.findIndex((each) => each.name === kind);
    const accepter = index < 0 ? this.#rig.rig.accepter : this.#rig.rig.doors[index]!;
    if (!accepter.listening) return;
    const speaks = kind === 'telnet' || kind === 'rfc2217';
    const gensio = speaks ? telnetServer(fake, { ...defaults(TELNET), rfc2217: kind === 'rfc2217' }, this.#rig.rig.clock) : fake;
    accepter.up.accepted(gensio);
    await settle();
    const rights = RIGHTS[kind](name);
    const from = kind === 'reader' ? Math.max(0, this.#said.length - HISTORY) : this.#said.length;
    if (kind === 'reader' && fake.state === 'open' && from < this.#said.length) this.seen.replays++;
    const refused = fake.state !== 'open';
    if (rights === '') assert.equal(refused, true, `${kind} ${name} was let in`);
    if (refused) return;
    // To drive the line it says that it speaks RFC 2217, as programs do.
    if (kind === 'rfc2217') fake.feed(Buffer.from([255, 251, 44]));
    this.#clients.push({ kind, fake, rights, address, at: from, rest: '', sent: 0 });
  }

  /** A client sends a piece of its own, of which all or nothing may reach the device, now or never. */
  async #send(client: Client): Promise<void> {
    const text = `<${client.address.split(',')[2]}:${client.sent++}>`;
    client.fake.feed(text);
    await settle();
    const user = this.#rig.rig.port.users.find(({ peer }) => peer === client.address);
    const arrived = this.#rig.sent();
    if (!client.fake.reading && client.fake.unread > 0) return;
    const writes = client.rights.includes('w') && user !== undefined && user === this.#rig.rig.port.access!.writer;
    if (arrived === '') {
      assert.equal(writes, false, `${text} of the writer is lost`);
      if (client.rights.includes('w')) this.seen.refused++;
    } else {
      assert.equal(arrived, text);
      assert.equal(writes, true, `${text} of another one than the writer`);
    }
  }

  /** A client of RFC 2217 wants another speed: only with control, and not while somebody else writes. */
  async #request(client: Client): Promise<void> {
    if (client.kind !== 'rfc2217') return;
    const { access, users, isOpen } = this.#rig.rig.port;
    const user = users.find(({ peer }) => peer === client.address);
    const may = isOpen && (access!.writer === undefined || access!.writer === user);
    this.#sets.length = 0;
    client.fake.feed(Buffer.from([255, 250, 44, 1, 0, 0, 37, 128, 255, 240]));
    await settle();
    if (!client.fake.reading) return;
    assert.deepEqual(this.#sets.splice(0), may ? ['speed 9600'] : []);
  }

  #check(before: UserView | undefined, mayMove: boolean): void {
    const { port } = this.#rig.rig;
    const { writer } = port.access!;
    if (writer !== before) {
      assert.ok(mayMove || before === undefined || !port.users.includes(before), 'the right to write moved by itself');
      if (before !== undefined && writer !== undefined) this.seen.takeovers++;
      this.#writer = writer;
      this.#asked = false;
    }
    if (writer !== undefined) {
      assert.ok(port.users.includes(writer), 'somebody who is gone has the right to write');
      assert.ok(writer.rights.write, 'somebody without the right of writing writes');
    }
    assert.equal(this.#rig.rig.device.take().length, 0, 'something reached the device that nobody sent now');
    for (const client of this.#clients) this.#reads(client);
    this.#clients = this.#clients.filter(({ fake }) => fake.state === 'open');
    const blocked = this.#clients.some(({ kind, fake }) => kind === 'main' && fake.full);
    if (port.isOpen && !blocked) assert.equal(this.#rig.rig.device.reading, true, 'the device waits for somebody beside the connection');
  }

  /** What a client was sent is what the device said, but for gaps that it is told. */
  #reads(client: Client): void {
    const speaks = client.kind === 'telnet' || client.kind === 'rfc2217';
    client.rest += client.fake.take().toString('latin1');
    if (client.fake.state !== 'open' && this.#rig.rig.logged.some((line) => line.includes(`${client.address} is more than`)))
      this.seen.closedBehind++;
    for (;;) {
      const taken = this.#piece(client, speaks);
      if (taken === 0) return;
      client.rest = client.rest.slice(taken);
    }
  }

  /** Takes one piece from the beginning of what a client was sent. Gives its length; 0 if there is none or it is not whole. */
  #piece(client: Client, speaks: boolean): number {
    const { rest, kind, fake } = client;
    if (rest === '') return 0;
    if (speaks && rest[0] === '\xff') {
      const command = /^\xff(?:\xff|[\xfb-\xfe][\s\S]|\xfa(?:[^\xff]|\xff\xff)*\xff\xf0)/.exec(rest)?.[0];
      if (command === undefined || command !== '\xff\xff') return command?.length ?? 0;
      this.#saw(client, '\xff');
      return 2;
    }
    const gap = /^\r\n\[ser2net: (\d+) bytes are missing here\]\r\n/.exec(rest);
    if (gap !== null) {
      assert.ok(kind === 'telnet' || kind === 'unix', `${kind} was told of a gap`);
      this.seen.gaps++;
      client.at += Number(gap[1]);
      return gap[0].length;
    }
    const told = /^\r\n(?:\[ser2net: [^\r]*\]\r\n|(?: [^\r]*\r\n)+)/.exec(rest);
    if (told !== null) {
      assert.equal(kind, 'telnet', `${kind} was told ${JSON.stringify(told[0])}`);
      return told[0].length;
    }
    if (rest[0] === '\r') {
      // A refusal ends a connection.
      assert.ok(fake.state !== 'open' || rest.length < 3, JSON.stringify(rest.slice(0, 60)));
      return 0;
    }
    const run = /^[^\r\xff]+/.exec(rest)?.[0] ?? rest[0]!;
    if (fake.state !== 'open' && /^P/.test(run)) return run.length;
    this.#saw(client, run);
    return run.length;
  }
  #saw(client: Client, run: string): void {
    assert.ok(client.rights.includes('r'), 'somebody without the right of reading was sent something');
    assert.equal(run, this.#said.slice(client.at, client.at + run.length), client.kind);
    client.at += run.length;
  }
}

/** What a device says here has none of the characters that text of ours begins with. */
const ALPHABET = Buffer.from('abcdefghijklmnopqrstuvwxyz\n\xff\0', 'latin1');

const STEPS = [
  'enter',
  'enter',
  'leave',
  ...Array.from({ length: 4 }, () => 'send' as const),
  ...Array.from({ length: 6 }, () => 'say' as const),
  'block',
  'drain',
  'drain',
  'wait',
  'wait',
  'key',
  'key',
  'request',
  'give',
  'lose',
] as const;
