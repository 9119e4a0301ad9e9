// One fault after the other, for some seconds; npm run torture -- faults --all goes through all of them. And no descriptors left.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { Client } from '../torture/client.ts';
import { Device } from '../torture/device.ts';
import { until } from '../torture/limits.ts';
import { freePorts, Subject } from '../torture/subject.ts';
import { faults } from './single.ts';

const skip = libc() === undefined && 'koffi is not installed: no ptys';

test('after any single failing call the daemon serves on, or has ended with a message', { skip, timeout: 120_000 }, async (t) => {
  const seed = Math.floor(Math.random() * 0x7fffffff);
  const told = await faults({ seed, seconds: 8, say: () => undefined });
  if ('why' in told) t.skip(told.why);
  else assert.ok(told.stood > 0);
});

test('out of descriptors it keeps its sessions, and takes clients again when there are some', { skip, timeout: 60_000 }, async (t) => {
  if (spawnSync('prlimit', ['--version']).error !== undefined) return t.skip('prlimit is not installed');
  const daemon = new Subject();
  const device = new Device(daemon.path('dev'), 'device');
  const other = new Device(daemon.path('other'), 'other');
  const crowd: Socket[] = [];
  try {
    const base = await freePorts(2);
    device.plug();
    other.plug();
    const connection = (name: string, place: number, link: string): string =>
      `connection: &${name}\n  accepter: tcp,127.0.0.1,${place}\n  connector: serialdev,${link},9600n81,local\n  options:\n    max-connections: 200\n`;
    daemon.configure(`%YAML 1.1\n---\n${connection('a', base, device.link)}\n${connection('b', base + 1, other.link)}`);
    await daemon.start();
    assert.equal(spawnSync('prlimit', [`--pid=${daemon.pid}`, '--nofile=64:64']).status, 0);
    const client = new Client(1, 'raw', base);
    device.receiver.expect(client.talk);
    client.greet();
    const heard = (): boolean => device.receiver.complete(client.talk);
    await until(
      () =>
        `the session: '${client.receiver.text}' ${client.error?.message ?? ''} ${JSON.stringify([...daemon.descriptors()])} ${daemon.said}`,
      heard,
    );
    for (let i = 0; i < 100; i++) {
      const socket = connect(base + 1, '127.0.0.1');
      socket.on('error', () => undefined);
      crowd.push(socket);
    }
    const crowded = /accept: too many open files: [0-9]+ of 64 are in use/g;
    await until('a word about the crowd', () => crowded.test(daemon.said));
    await client.say(1000);
    await until('the session to go on', heard);
    assert.equal(daemon.said.match(crowded)?.length, 1, daemon.said);
    for (const socket of crowd) socket.destroy();
    // Until they are gone from the daemon, too, libuv closes whoever comes.
    const used = (): number => [...daemon.descriptors().values()].reduce((sum, count) => sum + count, 0);
    await until(
      () => `the crowd to be gone: ${used()}`,
      () => used() < 50,
    );
    const next = new Client(2, 'raw', base + 1);
    other.receiver.expect(next.talk);
    next.greet();
    await until('the next client to be taken', () => other.receiver.complete(next.talk));
    assert.equal(daemon.problem(), undefined);
    client.destroy();
    next.destroy();
    await daemon.stop();
    assert.equal(daemon.exit, 0);
  } finally {
    for (const socket of crowd) socket.destroy();
    device.pull();
    other.pull();
    daemon.remove();
  }
});
