// The built command, run as users, init scripts and labgrid run it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../rig/free-port.ts';
import { stands } from '../rig/wait.ts';
import { listens, MAIN, makeDirectory, processState, run, start, talk, until, untilGone, untilListens } from './command-rig.ts';

const dir = makeDirectory();
let files = 0;
function write(text: string, ending = '.yaml'): string {
  const path = join(dir, `f${files++}${ending}`);
  writeFileSync(path, text);
  return path;
}
const echo = (port: number, name = 'a'): string => `connection: &${name}\n  accepter: tcp,localhost,${port}\n  connector: echo\n`;
const hears = (text: string) => (heard: Buffer) => heard.includes(text);

test('-v prints three words', async () => {
  const { code, out, err } = await run(['-v']);
  assert.deepEqual([code, err], [0, '']);
  assert.equal(out.trim().split(' ').length, 3);
  assert.match(out, /^\S+ version 4\.3\.11\n$/);
});

test('a bad argument gives the text and the usage on stderr, and 1', async () => {
  const { code, out, err } = await run(['-n', '-q']);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^Invalid option: '-q'\nser2net: Valid parameters are:\n/);
});

for (const words of [['-n'], ['-d'], []]) {
  test(`a missing file gives 1 and says so once (${words[0] ?? 'in the background'})`, async () => {
    const { code, err } = await run([...words, '-c', '/nowhere/x.yaml']);
    assert.equal(code, 1);
    assert.match(err, /^(ser2net\[\d+\]: )?Unable to open config file '\/nowhere\/x\.yaml': No such file or directory\n$/);
  });
}

test('in the foreground it serves, says Ready, and TERM ends it at once with 0', async () => {
  const port = await freePort();
  const daemon = start(['-n', '-r', '-c', write(echo(port)), '-P', join(dir, 'fg.pid')]);
  await until('Ready', () => daemon.out() === 'Ready\n');
  assert.equal(readFileSync(join(dir, 'fg.pid'), 'latin1'), `${daemon.child.pid}\n`);
  assert.equal(processState(daemon.child.pid!)?.comm, 'ser2net');
  assert.equal((await talk(port, 'hello', hears('hello'))).toString(), 'hello');
  const at = performance.now();
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
  assert.ok(performance.now() - at < 1500, 'promptly');
  assert.equal(existsSync(join(dir, 'fg.pid')), false);
});

test('TERM ends it at once also when a listener could not be had', async () => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  const daemon = start(['-d', '-c', write(echo(port))]);
  await until('the failure is logged', () => daemon.err().includes('Unable to startup network port a: Address already in use'));
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
  other.close();
});

test('in the background: returns when everything listens, with the pid file written, and leaves nothing of the caller in use', async () => {
  const port = await freePort();
  writeFileSync(join(dir, 'bg.yaml'), `${echo(port)}bogus: 1\n`);
  const { code, out, err } = await run(['-c', 'bg.yaml', '-P', 'bg.pid', '-r'], { cwd: dir });
  assert.deepEqual([code, out], [0, '']);
  assert.match(err, /^bg\.yaml:\d+\(column \d+\): .*bogus/, 'problems are told on the stderr of the caller');
  const pid = Number(readFileSync(join(dir, 'bg.pid'), 'latin1'));
  try {
    assert.ok(await listens(port));
    const state = processState(pid);
    assert.equal(state?.comm, 'ser2net');
    assert.notEqual(state?.ppid, process.pid);
    assert.equal(state?.session, pid);
    assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/');
    for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/null');
    assert.doesNotMatch(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /main\.js/);

    // The relative name still means the same file.
    const second = await freePort();
    writeFileSync(join(dir, 'bg.yaml'), echo(second, 'b'));
    process.kill(pid, 'SIGHUP');
    await untilListens(second);
    await untilListens(port, false);
  } finally {
    process.kill(pid, 'SIGTERM');
  }
  await untilGone(pid);
  assert.equal(existsSync(join(dir, 'bg.pid')), false);
});

test('in the background with the configuration on standard input', async () => {
  const port = await freePort();
  const pidFile = join(dir, 'stdin.pid');
  const { code } = await run(['-c', '-', '-P', pidFile], { stdin: echo(port) });
  const pid = Number(readFileSync(pidFile, 'latin1'));
  try {
    assert.equal(code, 0);
    assert.equal((await talk(port, 'x', hears('x'))).toString(), 'x');
    assert.equal(readlinkSync(`/proc/${pid}/fd/0`), '/dev/null');
  } finally {
    process.kill(pid, 'SIGTERM');
  }
  await untilGone(pid);
});

test('USR1 and PIPE do nothing, HUP without a file does nothing', async () => {
  const port = await freePort();
  const daemon = start(['-d', '-r', '-Y', echo(port).replaceAll('\n', '#')]);
  await until('Ready', () => daemon.out() === 'Ready\n');
  for (const signal of ['SIGUSR1', 'SIGPIPE', 'SIGHUP'] as const) daemon.child.kill(signal);
  assert.equal((await talk(port, 'x', hears('x'))).toString(), 'x');
  daemon.child.kill('SIGINT');
  assert.equal(await daemon.ended, 0);
  assert.match(daemon.err(), /^ser2net\[\d+\]: Ready: 1 port, all listening\n$/);
});

test('a bad new file changes nothing and says why', async () => {
  const port = await freePort();
  const file = write(echo(port));
  const daemon = start(['-d', '-l', '-r', '-c', file]);
  await until('Ready', () => daemon.out() === 'Ready\n');
  writeFileSync(file, 'connection: [\n');
  daemon.child.kill('SIGHUP');
  await until('the reload failed', () => daemon.err().includes('nothing was changed'));
  assert.match(
    daemon.err(),
    /^ser2net\[\d+\]: Ready: 1 port, all listening\nser2net\[\d+\]: Got SIGHUP, re-reading configuration\nser2net\[\d+\]: .*\(column \d+\): /,
  );
  assert.equal((await talk(port, 'x', hears('x'))).toString(), 'x');
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
});

test('file and strings are one configuration, in either order', async () => {
  for (const words of [
    (file: string, text: string) => ['-c', file, '-Y', text],
    (file: string, text: string) => ['-Y', text, '-c', file],
  ]) {
    const [a, b] = [await freePort(), await freePort()];
    const daemon = start(['-n', '-r', ...words(write(echo(a)), echo(b, 'b').replaceAll('\n', '#'))]);
    await until('Ready', () => daemon.out() === 'Ready\n');
    assert.deepEqual([await listens(a), await listens(b)], [true, true]);
    daemon.child.kill('SIGTERM');
    await daemon.ended;
  }
});

test("labgrid's two command lines start, and a client is answered", async () => {
  const device = '/dev/nonexistent-device';
  for (const words of [
    (port: number) => [
      '-d',
      '-n',
      '-Y',
      `connection: &con01#  accepter: telnet(rfc2217,mode=server),tcp,${port}`,
      '-Y',
      `  connector: serialdev(nouucplock=true),${device},115200n81,local`,
      '-Y',
      '  options:',
      '-Y',
      '    max-connections: 10',
    ],
    (port: number) => ['-d', '-n', '-u', '-C', `${port}:telnet:0:${device}:115200 NONE 8DATABITS 1STOPBIT LOCAL`],
  ]) {
    const port = await freePort();
    const daemon = start(['-r', ...words(port)]);
    await until('Ready', () => daemon.out() === 'Ready\n');
    const heard = await talk(port, '', hears('Device open failure'));
    assert.match(heard.toString('latin1'), /Device open failure: Value or file not found\r\n/);
    assert.equal(daemon.child.exitCode, null);
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
  }
});

test('start-stop-daemon finds it by name and pid file', async (t) => {
  if (spawnSync('start-stop-daemon', ['--version']).status !== 0) return t.skip('start-stop-daemon is not there');
  const pidFile = join(dir, 'ssd.pid');
  const file = write(echo(await freePort()));
  const started = spawnSync('start-stop-daemon', [
    '--start',
    '--quiet',
    '--pidfile',
    pidFile,
    '--exec',
    process.execPath,
    '--startas',
    process.execPath,
    '--',
    MAIN,
    '-c',
    file,
    '-P',
    pidFile,
  ]);
  assert.equal(started.status, 0, started.stderr.toString());
  const pid = Number(readFileSync(pidFile, 'latin1'));
  try {
    const status = spawnSync('start-stop-daemon', ['--status', '--pidfile', pidFile, '--name', 'ser2net']);
    assert.equal(status.status, 0);
    const reload = spawnSync('start-stop-daemon', ['--stop', '--signal', '1', '--quiet', '--pidfile', pidFile, '--name', 'ser2net']);
    assert.equal(reload.status, 0);
  } finally {
    const stop = spawnSync('start-stop-daemon', ['--stop', '--quiet', '--pidfile', pidFile, '--name', 'ser2net']);
    assert.equal(stop.status, 0);
  }
  await untilGone(pid);
});

test('the log as JSON lines', async () => {
  const port = await freePort();
  const file = write(echo(port));
  const daemon = start(['-n', '-r', '--log-format', 'json', '-c', file]);
  await until('Ready', () => daemon.out() === 'Ready\n');
  daemon.child.kill('SIGHUP');
  await until('the second line', () => daemon.err().split('\n').length > 2);
  const line = JSON.parse(daemon.err().split('\n')[1]!) as Record<string, unknown>;
  assert.deepEqual([line.level, line.msg, line.pid], ['info', 'Got SIGHUP, re-reading configuration', daemon.child.pid]);
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
});

test('a long output goes out in full to a slow reader, and a reader who leaves is no failure', async () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `${10000 + i}:raw:0:/dev/ttyS${i}:9600\n`).join('');
  const file = write(lines, '.conf');
  const command = start(['dump', file]);
  command.child.stdout?.pause();
  await until('the first of it', () => (command.child.stdout?.readableLength ?? 0) > 0);
  await stands('the command', () => processState(command.child.pid!)?.ticks ?? -1);
  const closed = new Promise((resolve) => command.child.on('close', resolve));
  command.child.stdout?.resume();
  assert.equal(await command.ended, 0);
  await closed;
  assert.equal(command.out().match(/^connection:/gm)?.length, 3000);
  const left = spawnSync('/bin/sh', ['-c', '"$0" "$1" dump "$2" | head -1', process.execPath, MAIN, file]);
  assert.deepEqual([left.stdout.toString(), left.stderr.toString()], ['%YAML 1.1\n', '']);
});
