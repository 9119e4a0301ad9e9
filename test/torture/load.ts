// npm run torture -- load: many ports, many clients, many who come and go, and a day in a minute. Tells what it measured, and
// rejects when something was lost or kept.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Client } from './client.ts';
import { Device } from './device.ts';
import { pause, until } from './limits.ts';
import type { Holdings } from './probe.ts';
import { soak } from './soak.ts';
import { freePorts, Subject } from './subject.ts';
import { Talk } from './talk.ts';

const PORTS = 256;
const READERS = 200;
const CHURN_PER_SECOND = 1000;
const MB = 1024 * 1024;
/** What noise may add to the heap. */
const HEAP_SLACK = 4 * MB;

type Say = (line: string) => void;

const descriptorsOf = (subject: Subject): number => [...subject.descriptors().values()].reduce((a, b) => a + b, 0);
const holdingText = ({ heap, rss, timers }: Holdings, descriptors: number): string =>
  `heap ${(heap / MB).toFixed(1)} MB, rss ${(rss / MB).toFixed(0)} MB, ${descriptors} descriptors, ${timers} timers`;

interface Line {
  readonly place: number;
  readonly device: Device;
}

/** A daemon with so many ports, each with a device. */
async function farm(count: number, users: number, run: (subject: Subject, lines: readonly Line[]) => Promise<void>): Promise<void> {
  const subject = new Subject({});
  const lines: Line[] = [];
  try {
    const base = await freePorts(count);
    for (let i = 0; i < count; i++) {
      const device = new Device(subject.path(`d${i}`), `d${i}`);
      device.plug();
      lines.push({ place: base + i, device });
    }
    const ports = lines.map(
      ({ place, device }, i) =>
        `connection: &p${i}\n  accepter: tcp,127.0.0.1,${place}\n  connector: serialdev,${device.link},115200n81,local\n  options:\n    max-connections: ${users}\n`,
    );
    subject.configure(`%YAML 1.1\n---\n${ports.join('\n')}`);
    await subject.start();
    await run(subject, lines);
    await subject.stop();
    assert.equal(subject.exit, 0, subject.said.slice(-1000));
  } finally {
    for (const { device } of lines) device.pull();
    subject.remove();
  }
}

const joined = async ({ place, device }: Line, id: number): Promise<Client> => {
  const client = new Client(id, 'raw', place, true);
  device.receiver.expect(client.talk);
  client.greet();
  await until(
    () => `${client.name} to be served: '${client.receiver.text}' ${client.error?.message ?? ''}`,
    () => device.receiver.complete(client.talk),
  );
  return client;
};

/** Each client talks on its own port, both ways, all at once, again and again. */
async function manyPorts(say: Say, seconds: number): Promise<void> {
  await farm(PORTS, 1, async (subject, lines) => {
    const before = await subject.holdings();
    const idle = descriptorsOf(subject);
    const clients = await Promise.all(lines.map((line, i) => joined(line, i + 1)));
    const answers = clients.map((client, i) => {
      const talk = new Talk(10_000 + i, `answer ${i}`);
      client.receiver.expect(talk);
      return talk;
    });
    const end = performance.now() + seconds * 1000;
    let rounds = 0;
    for (; performance.now() < end; rounds++) {
      await Promise.all(
        lines.map(async ({ device }, i) => {
          const [client, answer] = [clients[i]!, answers[i]!];
          await Promise.all([client.say(1000), device.say(answer, 1000)]);
          await until(
            () => `port ${i}: ${device.receiver.got(client.talk)} of ${client.talk.sent}, ${client.receiver.got(answer)} of ${answer.sent}`,
            () => (device.receiver.complete(client.talk) && client.receiver.complete(answer)) || client.closed,
          );
          const problem = device.receiver.problem ?? client.receiver.problem ?? (client.closed ? `client ${i} was closed` : undefined);
          if (problem !== undefined) throw new Error(problem);
        }),
      );
    }
    const busy = descriptorsOf(subject);
    for (const client of clients) client.destroy();
    await until(
      () => `descriptors: ${descriptorsOf(subject)} of ${idle}`,
      () => descriptorsOf(subject) <= idle,
    );
    await pause(1500);
    const after = await subject.holdings();
    say(`${PORTS} ports, ${PORTS} clients: ${rounds} rounds of 1000 bytes each way on each, nothing lost; ${busy} descriptors while busy`);
    say(`  before: ${holdingText(before, idle)}; after: ${holdingText(after, descriptorsOf(subject))}`);
    assert.ok(after.heap < before.heap + HEAP_SLACK + PORTS * 16_384, 'the heap has grown');
  });
}

/** Clients that connect, say a word and leave, so many a second, while one that stays is served. */
async function churn(say: Say, seconds: number): Promise<void> {
  await farm(4, 200, async (subject, lines) => {
    const stay = await Promise.all(lines.map((line, i) => joined(line, i + 1)));
    const idle = descriptorsOf(subject);
    const counts = { made: 0, failed: 0, open: 0 };
    const word = new Talk(999_999, 'nobody listens').header;
    const one = (place: number): void => {
      counts.open++;
      const socket = connect(place, '127.0.0.1');
      socket.on('connect', () => {
        counts.made++;
        socket.end(word);
      });
      socket.on('error', () => counts.failed++);
      socket.on('close', () => counts.open--);
      socket.resume();
    };
    const samples: Holdings[] = [];
    const begin = performance.now();
    let started = 0;
    for (let now = begin; now < begin + seconds * 1000; now = performance.now()) {
      // Not more under way than there is room for: what the machine cannot do is not done later either.
      for (const due = ((now - begin) / 1000) * CHURN_PER_SECOND; started < due && counts.open < 400; started++)
        one(lines[started % lines.length]!.place);
      if (counts.open >= 400) started = Math.max(started, ((now - begin) / 1000) * CHURN_PER_SECOND - 50);
      await pause(2);
      if (now - begin > (samples.length + 1) * 2000) samples.push(await subject.holdings());
    }
    const took = (performance.now() - begin) / 1000;
    await until('the last ones to leave', () => counts.open === 0);
    for (const client of stay) {
      const { device } = lines[stay.indexOf(client)]!;
      await client.say(1000);
      await until('those who stayed to be served', () => device.receiver.complete(client.talk));
    }
    await pause(1500);
    const last = await subject.holdings();
    say(`churn: ${counts.made} connections in ${took.toFixed(1)} s (${(counts.made / took).toFixed(0)}/s), ${counts.failed} failed`);
    say(
      `  heap in MB: ${[...samples, last].map(({ heap }) => (heap / MB).toFixed(1)).join(' ')}; ${holdingText(last, descriptorsOf(subject))}`,
    );
    assert.equal(counts.failed, 0, 'connections failed');
    await until(
      () => `descriptors: ${descriptorsOf(subject)} of ${idle}`,
      () => descriptorsOf(subject) <= idle,
    );
    const [first] = samples;
    if (first !== undefined) assert.ok(last.heap < first.heap + HEAP_SLACK, 'the heap has grown');
    for (const client of stay) client.destroy();
  });
}

/** One device, many who read it: each gets everything. */
async function manyReaders(say: Say): Promise<void> {
  await farm(1, READERS, async (subject, [line]) => {
    const readers: Client[] = [];
    for (let i = 0; i < READERS; i++) readers.push(await joined(line!, i + 1));
    const talk = new Talk(50_000, 'to all');
    for (const { receiver } of readers) receiver.expect(talk);
    const begin = performance.now();
    await line!.device.say(talk, 2 * MB);
    await until(
      () => `all to hear: ${readers.filter(({ receiver }) => !receiver.complete(talk)).length} of ${READERS} have not`,
      () => readers.every(({ receiver }) => receiver.complete(talk)) || readers.some(({ receiver }) => receiver.problem !== undefined),
      60_000,
    );
    const problem = readers.find(({ receiver }) => receiver.problem !== undefined)?.receiver.problem;
    if (problem !== undefined) throw new Error(problem);
    const took = (performance.now() - begin) / 1000;
    say(
      `${READERS} readers of one port: 2 MB each in ${took.toFixed(1)} s (${((READERS * 2) / took).toFixed(0)} MB/s in all); ${holdingText(await subject.holdings(), descriptorsOf(subject))}`,
    );
    for (const reader of readers) reader.destroy();
  });
}

export async function load(say: Say, seconds: number): Promise<void> {
  await manyPorts(say, Math.min(seconds, 20));
  await churn(say, Math.min(seconds, 60));
  await manyReaders(say);
  await soak(say, 24);
}
