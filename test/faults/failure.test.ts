// An unexpected failure inside the built daemon, and the end that leaves no time for anything: kill -9.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { libc } from '../../src/base/libc.ts';
import { Client, type Place } from '../torture/client.ts';
import { Device } from '../torture/device.ts';
import { LIMIT_MS, pause, until } from '../torture/limits.ts';
import { freePorts, Subject } from '../torture/subject.ts';

const BOMB = pathToFileURL(join(import.meta.dirname, 'port-bomb.js')).href;
const subjects: Subject[] = [];
after(() => {
  for (const subject of subjects) subject.remove();
});
function subject(...args: ConstructorParameters<typeof Subject>): Subject {
  const made = new Subject(...args);
  subjects.push(made);
  return made;
}
/** A port of the daemon with a device behind it. */
class Line {
  readonly name: string;
  readonly place: Place;
  readonly device: Device;
  readonly #protocol: 'raw' | 'telnet';
  constructor(daemon: Subject, name: string, place: Place, protocol: 'raw' | 'telnet' = 'raw') {
    this.#protocol = protocol;
    this.name = name;
    this.place = place;
    this.device = new Device(daemon.path(`dev-${name}`), name);
    this.device.plug();
    after(() => this.device.pull());
  }
  text(): string {
    const address = typeof this.place === 'number' ? `tcp,127.0.0.1,${this.place}` : `unix,${this.place}`;
    const over = this.#protocol === 'telnet' ? 'telnet(rfc2217),' : '';
    return `connection: &${this.name}\n  accepter: ${over}${address}\n  connector: serialdev(nouucplock=false),${this.device.link},9600n81,local\n`;
  }
  /** A client whose first words came out at the device. */
  async call(id: number): Promise<Client> {
    for (const end = performance.now() + LIMIT_MS; ; ) {
      const client = new Client(id, this.#protocol, this.place);
      this.device.receiver.expect(client.talk);
      client.greet();
      await until(`${this.name} to answer`, () => this.device.receiver.complete(client.talk) || client.closed || client.ended);
      if (this.device.receiver.complete(client.talk) || performance.now() > end) return client;
      client.destroy();
      await pause(50);
    }
  }
  heard(client: Client): Promise<void> {
    const { receiver } = this.device;
    return until(
      () => `${this.name} to hear ${client.name}: '${client.receiver.text}' ${client.error?.message ?? ''}`,
      () => receiver.complete(client.talk),
    );
  }
}
const configuration = (...lines: readonly Line[]): string => ['%YAML 1.1\n---', ...lines.map((line) => line.text())].join('\n');
const needsPtys = { skip: libc() === undefined && 'koffi is not installed: no ptys' };

/** What makes a place run: either at once, or once a client is there. */
type Trigger = { readonly at: string; readonly of: string } & (
  | { readonly run: (place: Place, rotator: number, admin: number) => Promise<void> }
  | { readonly act: (client: Client, line: Line) => unknown }
);
/** Where it fails, and whose failure the log says it is. */
const FAILURES: readonly Trigger[] = [
  { at: 'allows', of: 'on port a', run: (place) => refused(place) },
  { at: 'deviceOpened', of: 'on port a', run: (place) => refused(place) },
  { at: 'fromUser', of: 'on port a', act: (client) => client.raw(Buffer.from('x')) },
  { at: 'userEvent', of: 'on port a', act: (client) => client.raw(SET_BAUDRATE) },
  { at: 'fromDevice', of: 'on port a', act: (_client, line) => line.device.write(Buffer.from('x')) },
  // By the timer of chardelay.
  { at: 'flush', of: 'on port a', act: (_client, line) => line.device.write(Buffer.from('x')) },
  { at: 'userClosed', of: 'on port a', act: (client) => client.socket.end() },
  { at: 'deviceClosed', of: 'on port a', act: (client) => client.socket.end() },
  { at: 'couldTake', of: 'in rotator r', run: (_place, rotator) => refused(rotator) },
  { at: 'changeTimeout', of: 'in the admin port', run: (_place, _rotator, admin) => asked(admin) },
];
const SET_BAUDRATE = Buffer.from([255, 251, 44, 255, 250, 44, 1, 0, 0, 37, 128, 255, 240]);
async function ends(client: Client): Promise<void> {
  await until(`${client.name} to be closed`, () => client.closed || client.ended);
  client.destroy();
}
const refused = (place: Place): Promise<void> => ends(new Client(99, 'telnet', place));
/** A command that fails is answered, and so is the next one. */
async function asked(place: number): Promise<void> {
  const client = new Client(98, 'raw', place);
  client.raw(Buffer.from('setporttimeout a 0\r\nversion\r\n'));
  await until(
    () => `the admin port: '${client.receiver.text}'`,
    () => /version: .*-> $/s.test(client.receiver.text),
  );
  client.destroy();
}

test(
  'a failure anywhere in the code of one connection is logged with its stack; all others go on, and it comes back',
  needsPtys,
  async () => {
    const bomb = join(mkdtempSync(join(tmpdir(), 'bomb-')), 'place');
    after(() => rmSync(dirname(bomb), { recursive: true, force: true }));
    const daemon = subject({ env: { NODE_OPTIONS: `--import ${BOMB}`, SER2NET_MODULES: '1', BOMB: bomb }, broken: true });
    const base = await freePorts(4);
    const [a, b] = [new Line(daemon, 'a', base, 'telnet'), new Line(daemon, 'b', base + 1)];
    daemon.configure(
      `${configuration(a, b)}\nrotator: &r\n  accepter: tcp,127.0.0.1,${base + 2}\n  connections: [a]\nadmin:\n  accepter: tcp,127.0.0.1,${base + 3}\n`,
    );
    await daemon.start();
    const bystander = await b.call(50);
    for (const [i, trigger] of FAILURES.entries()) {
      const { at, of } = trigger;
      const from = daemon.saidSoFar;
      const fail = async (): Promise<void> => {
        const client = 'act' in trigger ? await a.call(i + 1) : undefined;
        writeFileSync(bomb, at);
        if ('run' in trigger) return trigger.run(a.place, base + 2, base + 3);
        trigger.act(client!, a);
        await ends(client!);
      };
      await fail().catch((err: unknown) => {
        throw new Error(`${at}: ${(err as Error).message}\n${daemon.saidSince(from)}`);
      });
      const told = new RegExp(`Internal error ${of}[^\\n]*: Error: injected failure at ${at}\\n[^\\n]*: +at [^\\n]*port-bomb`);
      await until(
        () => `the failure at ${at} in the log: ${daemon.saidSince(from)}`,
        () => told.test(daemon.saidSince(from)),
      );
      await bystander.say(1000);
      await b.heard(bystander);
      (await a.call(100 + i)).destroy();
    }
    bystander.destroy();
    await daemon.stop();
    assert.equal(daemon.exit, 0);
  },
);

test('kill -9 leaves nothing that hinders the next start: locks, pid file, unix sockets', needsPtys, async () => {
  const pidFile = 'ser2net.pid';
  const daemon = subject({});
  const [a, b] = [new Line(daemon, 'a', await freePorts(1)), new Line(daemon, 'b', daemon.path('socket'))];
  daemon.configure(configuration(a, b));
  await daemon.start(['-P', daemon.path(pidFile)]);
  const clients = [await a.call(1), await b.call(2)];
  const before = daemon.locks();
  daemon.kill('SIGKILL');
  await until('the end', () => !daemon.alive && clients.every((c) => c.closed));
  // What such an end leaves behind.
  assert.deepEqual([daemon.locks(), existsSync(daemon.path(pidFile)), lstatSync(daemon.path('socket')).isSocket()], [before, true, true]);
  await daemon.start(['-P', daemon.path(pidFile)]);
  assert.doesNotMatch(daemon.said, /Unable|failed/);
  for (const [i, line] of [a, b].entries()) (await line.call(10 + i)).destroy();
  assert.equal(readFileSync(daemon.path(pidFile), 'latin1'), `${daemon.pid}\n`);
  await daemon.stop();
  assert.deepEqual([daemon.locks(), existsSync(daemon.path(pidFile))], [[], false]);
});
