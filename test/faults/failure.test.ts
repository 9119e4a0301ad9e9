// An unexpected failure inside the built daemon, and the end that leaves no time for anything: kill -9.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  constructor(daemon: Subject, name: string, place: Place) {
    this.name = name;
    this.place = place;
    this.device = new Device(daemon.path(`dev-${name}`), name);
    this.device.plug();
    after(() => this.device.pull());
  }
  text(): string {
    const address = typeof this.place === 'number' ? `tcp,127.0.0.1,${this.place}` : `unix,${this.place}`;
    return `connection: &${this.name}\n  accepter: ${address}\n  connector: serialdev(nouucplock=false),${this.device.link},9600n81,local\n`;
  }
  /** A client whose first words came out at the device. */
  async call(id: number): Promise<Client> {
    for (const end = performance.now() + LIMIT_MS; ; ) {
      const client = new Client(id, 'raw', this.place);
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

test('a failure in the code of one connection is logged with its stack; all others go on, and it comes back', needsPtys, async () => {
  const daemon = subject({ env: { NODE_OPTIONS: `--import ${BOMB}`, SER2NET_MODULES: '1' }, broken: true });
  const base = await freePorts(2);
  const [a, b] = [new Line(daemon, 'a', base), new Line(daemon, 'b', base + 1)];
  daemon.configure(configuration(a, b));
  await daemon.start();
  const bystander = await b.call(1);
  const victim = await a.call(2);
  victim.raw(Buffer.from('BOOM'));
  await until('the victim to be closed', () => victim.closed || victim.ended);
  assert.match(daemon.said, /: Internal error on port a, which is started anew: Error: injected failure\n.*: +at .*port-bomb/);
  await bystander.say(1000);
  await b.heard(bystander);
  (await a.call(3)).destroy();
  bystander.destroy();
  await daemon.stop();
  assert.equal(daemon.exit, 0);
});

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
