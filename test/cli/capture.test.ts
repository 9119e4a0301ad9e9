// `ser2net capture`, run as users run it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastLines } from '../../src/cli/port-stream.ts';
import { EVENT } from '../../src/record/pcapng.ts';
import { PcapngReader, type RecordedPacket } from '../../src/record/pcapng-reader.ts';
import { freePort } from '../rig/free-port.ts';
import { MAIN, makeDirectory, run, start, until } from './command-rig.ts';
import { portDaemon } from './port-daemon.ts';

const dir = makeDirectory();
/** What is whole in a file now. */
const packetsOf = (file: string): RecordedPacket[] => {
  try {
    return new PcapngReader().push(readFileSync(file));
  } catch {
    return [];
  }
};
const textOf = (packets: readonly RecordedPacket[], event: number): string =>
  packets
    .filter((packet) => packet.event === event)
    .map(({ data }) => data.toString())
    .join('');

test('a connection of a running daemon is captured live into a file, both sides of it, and TERM ends that', async (t) => {
  const { file, user, instrument } = await portDaemon(t);
  const client = await user();
  client.resume();
  const out = join(dir, 'live.pcapng');
  const running = start(['capture', 'plc', '-c', file, '-w', out]);
  await until('the beginning', () => packetsOf(out).length > 0);
  client.write('to the device');
  await instrument.master.takeBytes(13);
  await instrument.master.write('from the device');
  await until('both', () => textOf(packetsOf(out), EVENT.rx) === 'from the device' && textOf(packetsOf(out), EVENT.tx) === 'to the device');
  assert.equal(statSync(out).mode & 0o137, 0);
  running.child.kill('SIGTERM');
  assert.deepEqual([await running.ended, running.out(), running.err()], [0, '', '']);
  const content = readFileSync(out);
  const reader = new PcapngReader();
  assert.ok(reader.push(content).every(({ port }) => port === 'plc'));
  assert.equal(reader.wholeUpTo, content.length);
});

test('HOST:PORT is captured as a client sees it', async (t) => {
  const { port, instrument } = await portDaemon(t);
  const out = join(dir, 'client.pcapng');
  const running = start(['capture', `127.0.0.1:${port}`, '-w', out]);
  await until('the device to be heard', async () => {
    await instrument.master.write('x');
    return textOf(packetsOf(out), EVENT.rx) !== '';
  });
  running.child.kill('SIGINT');
  assert.equal(await running.ended, 0);
  assert.match(textOf(packetsOf(out), EVENT.rx), /^x+$/);
});

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
test('tshark reads it live from a pipe, and the capture ends with it', { skip: !hasTshark && 'tshark is not installed' }, async (t) => {
  const { file, user, instrument } = await portDaemon(t);
  const client = await user();
  client.resume();
  const pipe = spawn('sh', [
    '-c',
    `"${process.execPath}" "${MAIN}" capture plc -c "${file}" | tshark -l -r - -T fields -e rtacser.eventtype -e data.data 2>/dev/null`,
  ]);
  t.after(() => pipe.kill('SIGKILL'));
  let said = '';
  pipe.stdout.on('data', (data: Buffer) => {
    said += data.toString();
  });
  await until('tshark to print it', async () => {
    await instrument.master.write('hello');
    return /68656c6c6f/.test(said);
  });
});

test('what cannot be captured is told, with the reason', async (t) => {
  const { file, port } = await portDaemon(t);
  const nosuch = await run(['capture', 'nosuch', '-c', file]);
  assert.deepEqual([nosuch.code, nosuch.out, nosuch.err], [1, '', 'ser2net capture: Invalid port number - nosuch\n']);
  const nobody = await run(['capture', `127.0.0.1:${await freePort()}`]);
  assert.deepEqual([nobody.code, nobody.out], [1, '']);
  assert.match(nobody.err, /^ser2net capture: cannot connect to 127\.0\.0\.1:\d+: Connection refused/);
  const wrong = await run(['capture', `127.0.0.1:${port}`, '-w', join(dir, 'no', 'x.pcapng')]);
  assert.match(wrong.err, /No such file or directory\n$/);
});

test('the daemon goes, and the capture says so', async (t) => {
  const { file, running } = await portDaemon(t);
  const out = join(dir, 'gone.pcapng');
  const capture = start(['capture', 'plc', '-c', file, '-w', out]);
  await until('the beginning', () => packetsOf(out).length > 0);
  running.child.kill('SIGTERM');
  assert.equal(await capture.ended, 1);
  assert.equal(capture.err(), 'ser2net capture: the connection was closed\n');
});

test('a recorded port is recorded from the start, and its history is shown by console --history and by a door with replay', async (t) => {
  const log = join(dir, 'log');
  const door = await freePort();
  const more = `port: &plc\n  history: 64k\n  record:\n    file: ${log}/\\N.pcapng\n  doors:\n    - accepter: tcp,localhost,${door}\n      replay: true\n`;
  const { file, instrument, running } = await portDaemon(t, more);
  await instrument.master.write('one\r\ntwo\r\nlogin: ');
  const recording = join(log, 'plc.pcapng');
  await until('the recording', () => textOf(packetsOf(recording), EVENT.rx) === 'one\r\ntwo\r\nlogin: ');
  const late = connect(door, '127.0.0.1');
  t.after(() => late.destroy());
  let got = '';
  late.on('data', (data: Buffer) => {
    got += data.toString();
  });
  await until('the history', () => got === 'one\r\ntwo\r\nlogin: ');
  const shown = await run(['console', 'plc', '-c', file, '--history', '2', '--wait', '0s', '--raw'], { stdin: '' });
  assert.equal(shown.err, '');
  assert.match(shown.out, /^two\r\nlogin: /);
  const none = await run(['console', 'plc', '-c', file, '--history', 'x'], { stdin: '' });
  assert.deepEqual([none.code, none.err], [1, "ser2net console: --history: 'x' is not a whole number from 0 to 1000000\n"]);
  running.child.kill('SIGTERM');
  await running.ended;
  const packets = packetsOf(recording);
  assert.equal(packets.at(-1)!.event, EVENT.complete);
  assert.equal(textOf(packets, EVENT.tx), '');
});

test('a fault in a recording costs that section alone', async (t) => {
  const { file, port, user } = await portDaemon(t, 'port: &plc\n  record:\n    file: relative.pcapng\n');
  const checked = await run(['check', file]);
  assert.equal(checked.code, 1);
  assert.match(checked.out + checked.err, /'relative.pcapng' of 'file' is not an absolute path/);
  assert.ok(port > 0);
  (await user()).destroy();
});

test('the last lines are those that a terminal would show', () => {
  const last = (text: string, n: number): string => lastLines(Buffer.from(text), n).toString();
  assert.equal(last('a\nb\nc\n', 2), 'b\nc\n');
  assert.equal(last('a\nb\nlogin: ', 2), 'b\nlogin: ');
  assert.equal(last('a\nb\n', 9), 'a\nb\n');
  assert.equal(last('a\nb\n', Infinity), 'a\nb\n');
  assert.equal(last('a\nb\n', 0), '');
  assert.equal(last('', 3), '');
  assert.equal(last('one', 1), 'one');
});
