// Ten thousand connections to a TLS port that never finish a handshake, some with garbage or half a record: memory stays, others are
// served, descriptors come back. The daemon is a process of its own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { makeKey, testFolder } from '../rig/keys.ts';
import { Client } from '../torture/client.ts';
import { Device } from '../torture/device.ts';
import { until } from '../torture/limits.ts';
import { freePorts, Subject } from '../torture/subject.ts';

const skip = libc() === undefined && 'koffi is not installed: no ptys';
const MANY = 10_000;
/** Connections on their way at once. */
const WAVE = 100;
const MB = 1024 * 1024;
/** What 10,000 connections may cost the daemon while they are open; without a limit it is some 100 KB for each. Newer Nodes take 155 MB. */
const MEMORY = 250 * MB;
const key = makeKey(testFolder(), 'server');

/** The start of a ClientHello: a record of 512 bytes of which this is all that comes. */
const HALF_RECORD = Buffer.concat([Buffer.from('160301020001000001fc0303', 'hex'), randomBytes(32)]);

/** Descriptors this process may have; Node has made the soft limit as high as it can be. */
const descriptorLimit = (): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.POSITIVE_INFINITY);

/** A daemon with a TLS port and a plain one, each with a device. */
async function daemonWithTls(t: TestContext): Promise<{ daemon: Subject; tls: number; plain: number; secret: Device; open: Device }> {
  const daemon = new Subject();
  const [secret, open] = [new Device(daemon.path('secret'), 'secret'), new Device(daemon.path('open'), 'open')];
  t.after(() => {
    secret.pull();
    open.pull();
    daemon.remove();
  });
  const base = await freePorts(2);
  secret.plug();
  open.plug();
  const connection = (name: string, accepter: string, device: Device): string =>
    `connection: &${name}\n  accepter: ${accepter}\n  connector: serialdev,${device.link},9600n81,local\n  options:\n    max-connections: 100\n`;
  const ssl = `ssl(key=${key.key},cert=${key.cert}),tcp,${base}`;
  daemon.configure(`%YAML 1.1\n---\n${connection('secret', ssl, secret)}${connection('open', `tcp,127.0.0.1,${base + 1}`, open)}`);
  await daemon.start();
  return { daemon, tls: base, plain: base + 1, secret, open };
}

/** So many connections, from a dozen addresses; each says something, which may be nothing, and then no more. They stay open. */
class Crowd {
  readonly #sockets: Socket[] = [];
  #connected = 0;
  #failed = 0;

  async connect(port: number, count: number, words: (i: number) => Buffer | undefined): Promise<void> {
    for (let i = 0; i < count; i++) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (i % 12)}`, allowHalfOpen: true });
      socket.pause();
      socket.on('error', () => this.#failed++);
      socket.once('connect', () => {
        this.#connected++;
        const data = words(i);
        if (data !== undefined) socket.write(data);
      });
      this.#sockets.push(socket);
      await until(
        () => `connections: ${this.#connected} of ${this.#sockets.length}`,
        () => this.#sockets.length - this.#connected - this.#failed < WAVE,
        60_000,
      );
    }
    await until('all to be connected', () => this.#connected + this.#failed >= this.#sockets.length, 60_000);
  }
  get connected(): number {
    return this.#connected;
  }
  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** A client of the TLS port gets its bytes to the device. */
async function served(port: number, protocol: 'tls' | 'raw', device: Device, id: number): Promise<Client> {
  const client = new Client(id, protocol, port);
  device.receiver.expect(client.talk);
  client.greet();
  await until(
    () => `${client.name} to be served: ${client.error?.message}`,
    () => device.receiver.complete(client.talk),
  );
  return client;
}

/** Serves one client after the other on the TLS port, and a session on the other one, until over() says so. Gives how many were served. */
async function serveAll(rig: Awaited<ReturnType<typeof daemonWithTls>>, talker: Client, over: () => boolean): Promise<number> {
  let count = 0;
  do {
    await talker.say(100);
    await until('the other port', () => rig.open.receiver.complete(talker.talk));
    (await served(rig.tls, 'tls', rig.secret, 100 + count++)).destroy();
  } while (!over());
  return count;
}

/** Sockets and terminals the daemon has. */
const held = (daemon: Subject): string => JSON.stringify([...daemon.descriptors()].sort());

async function underFire(t: TestContext, count: number, words: (i: number) => Buffer | undefined): Promise<Subject> {
  const rig = await daemonWithTls(t);
  const { daemon, tls, plain } = rig;
  const talker = await served(plain, 'raw', rig.open, 1);
  const before = held(daemon);
  // What is loaded or allocated only once is there now.
  await serveAll(rig, talker, () => true);
  await until('the session to end', () => held(daemon) === before);
  const { rss: rssBefore, timers } = await daemon.holdings();
  const crowd = new Crowd();
  let over = false;
  const fire = crowd.connect(tls, count, words).finally(() => {
    over = true;
  });
  try {
    await serveAll(rig, talker, () => over);
    await fire;
    const { rss } = await daemon.holdings();
    assert.ok(rss - rssBefore < MEMORY, `it took ${Math.round((rss - rssBefore) / MB)} MB more`);
    assert.ok(crowd.connected > count * 0.99, `${crowd.connected} connected`);
  } finally {
    over = true;
    crowd.leave();
    await fire.catch(() => undefined);
  }
  await until(
    () => `the descriptors to come back: ${held(daemon)}, at first ${before}`,
    () => held(daemon) === before,
  );
  const after = await daemon.holdings();
  assert.ok(after.timers <= timers + 2, `${after.timers} timers, at first ${timers}`);
  assert.equal(daemon.problem(), undefined);
  talker.destroy();
  return daemon;
}

test('10,000 half-open handshakes cost nobody else anything, and leave nothing behind', { skip, timeout: 200_000 }, async (t) => {
  const limit = descriptorLimit();
  if (limit < MANY + 500) return t.skip(`this process may open only ${limit} descriptors (ulimit -Hn)`);
  const daemon = await underFire(t, MANY, (i) => [undefined, Buffer.of(0x16), HALF_RECORD][i % 3]);
  const lines = daemon.said.split('\n').filter((line) => /handshake/.test(line));
  assert.match(lines[0] ?? '', /ssl,[0-9]+: more than 128 handshakes at once, giving up the oldest/);
  assert.ok(lines.length < 30, `${lines.length} lines in the log`);
});

test('garbage and records that are cut short in place of a handshake are refused one by one', { skip, timeout: 200_000 }, async (t) => {
  const hello = Buffer.concat([HALF_RECORD, Buffer.alloc(512 - HALF_RECORD.length + 5)]);
  const words = [() => randomBytes(300), () => Buffer.from('GET / HTTP/1.0\r\n\r\n'), () => hello, () => Buffer.alloc(70_000, 0x16)];
  const daemon = await underFire(t, 1000, (i) => words[i % words.length]!());
  for (const wanted of [/ssl: Failed SSL read: error:.*http request/, /secret: Error accepting a gensio: Protocol error/])
    await until(String(wanted), () => wanted.test(daemon.said));
});
