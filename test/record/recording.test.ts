import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENT, LINE } from '../../src/record/pcapng.ts';
import { bytesOf, folder, packetsOf, Rig, user, visible } from './recording-rig.ts';

test('what the device says is recorded with its times, what happened with comments, and what clients send is not', async () => {
  const dir = join(folder(), 'new', 'er');
  const file = join(dir, 'console1.pcapng');
  const rig = new Rig({ file: join(dir, '\\N.pcapng') });
  const port = rig.port();
  port.opened();
  port.userJoined(user('ipv4,127.0.0.1,1234', 'operator'));
  rig.clock.advance(3.25);
  port.fromDevice(Buffer.from('login: '));
  port.toDevice(Buffer.from('secret\r'));
  port.settingChanged({ item: 'speed', value: 115200 });
  port.settingChanged({ item: 'dtr', value: true });
  port.deviceEvent({ on: 'modemstate', state: 0x99 });
  port.deviceEvent({ on: 'linestate', state: 0x10 });
  port.userLeft(user('ipv4,127.0.0.1,1234', 'operator'), 'netcon closed');
  port.closed('last user left');
  await rig.recordings.written();
  const packets = packetsOf(file);
  const begin = Date.UTC(2024, 0, 2, 3, 4, 5) * 1000;
  assert.deepEqual(
    packets.map(({ event, lines, data, comment, port }) => [event, lines, data.toString(), comment, port]),
    [
      [EVENT.status, 0, '', 'device opened, 9600N81,CLOCAL', 'console1'],
      [EVENT.status, 0, '', 'connected: operator (ipv4,127.0.0.1,1234)', 'console1'],
      [EVENT.rx, 0, 'login: ', undefined, 'console1'],
      [EVENT.status, 0, '', 'speed 115200', 'console1'],
      [EVENT.status, LINE.dtr, '', 'dtr on', 'console1'],
      [EVENT.status, LINE.dtr | LINE.cts | LINE.dcd, '', 'cts on, cd on', 'console1'],
      [EVENT.break, LINE.dtr | LINE.cts | LINE.dcd, '', 'break received', 'console1'],
      [EVENT.status, LINE.dtr | LINE.cts | LINE.dcd, '', 'disconnected: operator (ipv4,127.0.0.1,1234): netcon closed', 'console1'],
      [EVENT.complete, LINE.dtr | LINE.cts | LINE.dcd, '', 'device closed: last user left', 'console1'],
    ],
  );
  assert.deepEqual(
    packets.slice(1, 3).map(({ time }) => time),
    [begin, begin + 3250],
  );
  assert.equal(statSync(file).mode & 0o7777 & ~0o640, 0);
  assert.equal(statSync(dir).mode & 0o7777 & ~0o750, 0);
  assert.deepEqual(rig.logged, []);
});

test('with both directions wanted, each has its packets, in order', async () => {
  const file = join(folder(), 'a.pcapng');
  const rig = new Rig({ file, directions: ['device', 'client'] });
  const port = rig.port();
  port.opened();
  port.fromDevice(Buffer.from('>'));
  port.toDevice(Buffer.from('date\r'));
  port.fromDevice(Buffer.from('Tue\r\n'));
  await rig.tick();
  assert.deepEqual(
    packetsOf(file)
      .slice(1)
      .map(({ event, data }) => [event, data.toString()]),
    [
      [EVENT.rx, '>'],
      [EVENT.tx, 'date\r'],
      [EVENT.rx, 'Tue\r\n'],
    ],
  );
});

test('the name is as written until the first rotation; then what is done gets the time into its name, and no byte is lost', async () => {
  const dir = folder();
  const rig = new Rig({ file: join(dir, 'a.pcapng'), rotate: { size: 4096, age: undefined } });
  const port = rig.port();
  port.opened();
  let said = '';
  for (let i = 0; i < 100; i++) {
    const line = `line ${i} ${'x'.repeat(i)}\n`;
    said += line;
    port.fromDevice(Buffer.from(line));
    if (i === 0) {
      await rig.tick(1000);
      assert.deepEqual(visible(dir), ['a.pcapng']);
    }
    if (i % 7 === 0) await rig.tick(1000);
  }
  port.closed('shutdown');
  await rig.recordings.written();
  assert.deepEqual(rig.logged, []);
  const index = readFileSync(join(dir, '.ser2net-console1.index'), 'utf8');
  const names = index
    .trim()
    .split('\n')
    .map((line) => line.slice(line.indexOf(' ') + 1));
  assert.deepEqual([...names].sort(), visible(dir));
  assert.ok(names.length >= 3, names.join());
  assert.equal(names.at(-1), 'a.pcapng');
  for (const name of names.slice(0, -1)) assert.match(name, /^a\.20240102-\d{6}(-\d+)?\.pcapng$/);
  assert.equal(names.map((name) => bytesOf(packetsOf(join(dir, name)))).join(''), said);
  for (const name of names) assert.ok(statSync(join(dir, name)).size < 4096 + 400, name);
});

test('a name with the time in it is another one after a rotation, and nothing is renamed', async () => {
  const dir = folder();
  const rig = new Rig({ file: join(dir, '\\N-\\e.raw'), rotate: { size: undefined, age: 60_000 } });
  const port = rig.port();
  port.opened();
  for (const text of ['one', 'two', 'three']) {
    port.fromDevice(Buffer.from(text));
    await rig.tick(59_000);
  }
  const first = Date.UTC(2024, 0, 2, 3, 4, 5) / 1000;
  assert.deepEqual(
    visible(dir).map((name) => [name, readFileSync(join(dir, name), 'latin1')]),
    [
      [`console1-${first}.raw`, 'onetwo'],
      [`console1-${first + 118}.raw`, 'three'],
    ],
  );
});

test('the age of a file counts on over a restart', async () => {
  const dir = folder();
  const file = join(dir, 'a.raw');
  const first = new Rig({ file, rotate: { size: undefined, age: 3_600_000 } });
  const before = first.port();
  before.opened();
  before.fromDevice(Buffer.from('old'));
  before.closed('shutdown');
  await first.recordings.written();
  const second = new Rig({ file, rotate: { size: undefined, age: 3_600_000 } });
  const port = second.port();
  port.opened();
  second.clock.advance(1_800_000);
  port.fromDevice(Buffer.from('-half'));
  await second.tick();
  second.clock.advance(1_800_000);
  port.fromDevice(Buffer.from('new'));
  await second.tick();
  assert.deepEqual(
    visible(dir)
      .map((name) => readFileSync(join(dir, name), 'latin1'))
      .sort(),
    ['new', 'old-half'],
  );
});

test('only files that this port wrote count for keep, and nothing else of the folder is touched', async () => {
  const dir = folder();
  for (const name of ['a.20200101-000000.raw', 'other.raw', 'b.raw']) writeFileSync(join(dir, name), 'mine');
  const rig = new Rig({ file: join(dir, 'a.raw'), rotate: { size: 4096, age: undefined }, keep: 2 });
  const other = rig.port('b');
  assert.notEqual(other, undefined);
  const port = rig.port();
  port.opened();
  for (let i = 0; i < 8; i++) {
    port.fromDevice(Buffer.alloc(4096, 65 + i));
    await rig.tick(2000);
  }
  const own = visible(dir).filter((name) => readFileSync(join(dir, name), 'latin1') !== 'mine');
  assert.deepEqual(own.map((name) => readFileSync(join(dir, name), 'latin1')[0]).sort(), ['F', 'G', 'H']);
  assert.equal(visible(dir).length, 3 + 3);
  assert.deepEqual(rig.logged, []);
});

test('a port that is configured again writes on in the same file', async () => {
  const file = join(folder(), 'a.raw');
  const rig = new Rig({ file });
  const before = rig.port();
  before.opened();
  before.fromDevice(Buffer.from('1'));
  before.closed('reconfigured');
  const port = rig.port();
  port.opened();
  port.fromDevice(Buffer.from('2'));
  await rig.tick();
  assert.equal(readFileSync(file, 'utf8'), '12');
  assert.deepEqual(rig.logged, []);
});

test('a file that was moved away is made again when the files are opened again, and the one that was moved gets no more', async () => {
  const file = join(folder(), 'a.pcapng');
  const rig = new Rig({ file });
  const port = rig.port();
  port.opened();
  port.fromDevice(Buffer.from('before'));
  await rig.tick();
  renameSync(file, `${file}.1`);
  port.fromDevice(Buffer.from(' moved'));
  rig.recordings.reopen();
  port.fromDevice(Buffer.from('after'));
  await rig.tick();
  assert.equal(bytesOf(packetsOf(`${file}.1`)), 'before moved');
  assert.equal(bytesOf(packetsOf(file)), 'after');
});

test('the text form has the time of each line, whose it is, and no character that moves a cursor', async () => {
  const file = join(folder(), 'a.log');
  const rig = new Rig({ file, directions: ['device', 'client'] });
  const port = rig.port();
  port.opened();
  port.fromDevice(Buffer.from('one\r\ntw'));
  port.fromDevice(Buffer.from('o\r'));
  port.fromDevice(Buffer.from('\nlogin: '));
  port.toDevice(Buffer.from('me\r'));
  port.fromDevice(Buffer.from('\x1b[2J\xe4\tx\n', 'latin1'));
  port.closed('shutdown');
  await rig.recordings.written();
  const lines = readFileSync(file, 'latin1').split('\n');
  for (const line of lines.slice(0, -1)) assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [<>*] /);
  assert.deepEqual(
    lines.map((line) => line.slice(24)),
    [
      '* recording of console1, serialdev,/dev/ttyS0,9600',
      '* device opened, 9600N81,CLOCAL',
      '< one',
      '< two',
      '< login: ',
      '> me',
      '< \\x1b[2J\xe4\tx',
      '* device closed: shutdown',
      '',
    ],
  );
});

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
test('tshark reads a file of several sections and rotations', { skip: !hasTshark && 'tshark is not installed' }, async () => {
  const dir = folder();
  const said: string[] = [];
  for (let run = 0; run < 2; run++) {
    const rig = new Rig({ file: join(dir, 'a.pcapng'), rotate: { size: 4096, age: undefined } });
    const port = rig.port();
    port.opened();
    for (let i = 0; i < 60; i++) {
      const text = `${run} ${i}`.padEnd(20 + (i % 5), '.');
      said.push(text);
      port.fromDevice(Buffer.from(text));
      if (i % 20 === 0) await rig.tick();
    }
    port.closed('shutdown');
    await rig.recordings.written();
  }
  assert.ok(visible(dir).length > 1);
  const read = visible(dir).flatMap((name) =>
    execFileSync('tshark', ['-r', join(dir, name), '-Y', 'rtacser.eventtype == 2', '-T', 'fields', '-e', 'data.data'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split('\n')
      .map((hex) => Buffer.from(hex, 'hex').toString()),
  );
  assert.deepEqual(read.sort(), said.sort());
});
