// `ser2net replay`, run as users run it.
import assert from 'node:assert/strict';
import { existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENT, packetBlock, sectionHeader } from '../../src/record/pcapng.ts';
import { Application } from '../attach/application.ts';
import { makeDirectory, run, start, until } from './command-rig.ts';

const dir = makeDirectory();
const env = { XDG_RUNTIME_DIR: join(dir, 'run'), RUNTIME_DIRECTORY: join(dir, 'run') };
const packet = (ms: number, text: string, event: number = EVENT.rx): Buffer =>
  packetBlock({ time: ms * 1000, event, lines: 0, data: Buffer.from(text, 'latin1') });

test('what the device said comes from the device, with its pauses, and what clients sent does not; it ends with its last user', async () => {
  const file = join(dir, 'a.pcapng');
  const parts = [
    packet(0, 'login: '),
    packet(1, 'root\r', EVENT.tx),
    packet(2, '\xff\x00\x03'),
    packet(0, '', EVENT.status),
    packet(302, '$ '),
  ];
  writeFileSync(file, Buffer.concat([sectionHeader('p', '', 't'), ...parts.slice(0, 3), sectionHeader('p', '', 't'), ...parts.slice(3)]));
  const link = join(dir, 'ttyR0');
  const running = start(['replay', file, '--device', link], { env });
  await until('the device', () => running.out() === `${link}\n`);
  assert.match(readlinkSync(link), /^\/dev\/pts\/[0-9]+$/);
  const opened = performance.now();
  const app = new Application(link);
  app.write('nobody reads this');
  const first = await app.take(10);
  assert.equal(first.toString('latin1'), 'login: \xff\x00\x03');
  assert.equal((await app.take(2)).toString(), '$ ');
  // It begins when the device is opened; no piece is early.
  const took = performance.now() - opened;
  assert.ok(took >= 301, `after ${took} ms`);
  app.close();
  assert.equal(await running.ended, 0);
  assert.equal(running.err(), '');
  assert.equal(existsSync(link), false);
});

test('at full speed, and from raw bytes, everything comes at once and complete', async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 255));
  const raw = join(dir, 'b.raw');
  writeFileSync(raw, bytes);
  const long = join(dir, 'b.pcapng');
  const blocks = Array.from({ length: 300 }, (_, i) =>
    packetBlock({ time: i * 60_000_000, event: EVENT.rx, lines: 0, data: bytes.subarray(i * 1000, i * 1000 + 1000) }),
  );
  writeFileSync(long, Buffer.concat([sectionHeader('p', '', 't'), ...blocks]));
  for (const args of [[raw], [long, '--full-speed']]) {
    const running = start(['replay', ...args], { env });
    await until('the device', () => /^\/dev\/pts\/[0-9]+\n$/.test(running.out()));
    const app = new Application(running.out().trim());
    assert.deepEqual(await app.take(bytes.length), bytes);
    app.close();
    assert.equal(await running.ended, 0);
  }
});

test('what is no recording is told, with its place, and no device is made', async () => {
  const broken = join(dir, 'c.pcapng');
  writeFileSync(broken, 'hello, world');
  const empty = join(dir, 'd.pcapng');
  writeFileSync(empty, Buffer.concat([sectionHeader('p', '', 't'), packet(0, 'x', EVENT.tx)]));
  for (const [file, problem] of [
    [broken, `${broken}: not a pcapng file, at byte 0`],
    [empty, `${empty}: the device says nothing in it`],
    [join(dir, 'none.pcapng'), `${join(dir, 'none.pcapng')}: No such file or directory`],
    ['/dev/zero.raw', '/dev/zero.raw: No such file or directory'],
    ['x.log', 'x.log: only recordings that end in .pcapng or .raw can be played'],
  ] as const) {
    assert.deepEqual(await run(['replay', file], { env }), { code: 1, out: '', err: `ser2net replay: ${problem}\n` });
  }
});

test('TERM ends it at any time, and takes the device away', async () => {
  const file = join(dir, 'e.pcapng');
  writeFileSync(file, Buffer.concat([sectionHeader('p', '', 't'), packet(0, 'a'), packet(3_600_000, 'b')]));
  const link = join(dir, 'ttyR1');
  const running = start(['replay', file, '--device', link], { env });
  await until('the device', () => running.out() !== '');
  const app = new Application(link);
  await app.take(1);
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  assert.equal(existsSync(link), false);
  app.close();
});
