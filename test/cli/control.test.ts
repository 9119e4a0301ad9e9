// Commands that tell a running daemon something: reload, disconnect and monitor; and init, which begins one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { unixAddress } from '../../src/base/libc.ts';
import { init } from '../../src/cli/init.ts';
import { newServiceFile } from '../../src/cli/read-configuration.ts';
import { freePort } from '../rig/free-port.ts';
import { must, needLibc } from '../rig/pty.ts';
import { FakeHost } from '../system/fake-host.ts';
import { makeDirectory, run, start, until } from './command-rig.ts';
import { portDaemon } from './port-daemon.ts';

const dir = makeDirectory();

test('reload waits for the outcome: 0 when it is in force, 1 with the reason when the file was refused', async (t) => {
  const { file, text } = await portDaemon(t);
  const port = await freePort();
  writeFileSync(file, text(`connection: &two\n  accepter: tcp,localhost,${port}\n  connector: echo\n`));
  assert.deepEqual(await run(['reload', '-c', file]), { code: 0, out: 'reloaded\n', err: '' });
  const echo = connect(port, '127.0.0.1');
  t.after(() => echo.destroy());
  await once(echo, 'connect');
  writeFileSync(file, text('connection: &three\n  accepter: tcp,1\n  connector: echo\n  options:\n    nosuch: 1\n'));
  const partly = await run(['reload', '-c', file]);
  assert.deepEqual([partly.code, partly.out], [0, 'reloaded\n']);
  assert.match(partly.err, /nosuch/);
  const admin = /localhost,(\d+)/.exec(text())![1]!;
  writeFileSync(file, 'connection: [\n');
  const refused = await run(['reload', '--admin', `localhost:${admin}`]);
  assert.deepEqual([refused.code, refused.out], [1, '']);
  assert.match(refused.err, /^(.+\n)*ser2net reload: the configuration was refused and nothing was changed \(.+\)\n$/);
  const nobody = await run(['reload', '--admin', `localhost:${await freePort()}`]);
  assert.deepEqual([nobody.code, nobody.out], [1, '']);
  assert.match(nobody.err, /^ser2net reload: cannot reach the control port localhost:\d+: Connection refused\n$/);
});

test('disconnect takes all users of a port, or the one that is named', async (t) => {
  const { file, user } = await portDaemon(t);
  const [one, two] = [await user(), await user()];
  const ended: string[] = [];
  one.on('close', () => ended.push('one'));
  two.on('close', () => ended.push('two'));
  one.resume();
  two.resume();
  const at = `127.0.0.1:${two.localPort}`;
  assert.deepEqual(await run(['disconnect', '-c', file, 'plc', at]), { code: 0, out: '', err: '' });
  await until('the second to go', () => ended.length > 0);
  assert.deepEqual(ended, ['two']);
  one.write('x');
  const again = await run(['disconnect', '-c', file, 'plc', at]);
  assert.deepEqual([again.code, again.err], [1, `ser2net disconnect: No such user on plc - ${at}\n`]);
  assert.equal((await run(['disconnect', '-c', file, 'plc'])).code, 0);
  await until('the first to go', () => ended.length === 2);
  const unknown = await run(['disconnect', '-c', file, 'nosuch']);
  assert.deepEqual([unknown.code, unknown.err], [1, 'ser2net disconnect: Invalid port number - nosuch\n']);
  const idle = await run(['disconnect', '-c', file, 'plc']);
  assert.deepEqual([idle.code, idle.err], [1, 'ser2net disconnect: Port not connected - plc\n']);
});

test('monitor prints what the device sends, or what users send, and ends with the daemon', async (t) => {
  const { file, user, instrument, running } = await portDaemon(t);
  const client = await user();
  client.resume();
  const term = start(['monitor', '-c', file, 'plc']);
  const tcp = start(['monitor', '-c', file, '--hex', 'plc', 'tcp']);
  await until('both to watch', async () => {
    client.write('q');
    await instrument.master.write('-> device\n');
    return tcp.out() !== '' && term.out() !== '';
  });
  assert.match(term.out(), /^(-> device\n)+$/);
  assert.match(tcp.out(), /^00000000 {2}71/);
  const wrong = await run(['monitor', '-c', file, 'nosuch']);
  assert.deepEqual([wrong.code, wrong.out, wrong.err], [1, '', 'ser2net monitor: Invalid port number - nosuch\n']);
  const what = await run(['monitor', '-c', file, 'plc', 'both']);
  assert.deepEqual([what.code, what.err], [1, "ser2net monitor: 'both' is neither tcp nor term\n"]);
  running.child.kill('SIGTERM');
  assert.deepEqual([await term.ended, await tcp.ended], [1, 1]);
  assert.match(term.err(), /^ser2net monitor: /);
});

test('a console that is full says so to monitor', async (t) => {
  const server = createServer((socket) => socket.end('Too many controller ports\r\n')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const full = await run(['monitor', '--admin', `127.0.0.1:${port}`, 'plc']);
  assert.deepEqual([full.code, full.err], [1, 'ser2net monitor: Too many controller ports\n']);
});

test('init writes a configuration for the serial ports of the machine, which check takes, and never overwrites a file', async () => {
  const fake = new FakeHost();
  fake.usb('ttyUSB9', { id: 'usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0', serial: 'A50285BI' });
  const { host } = fake;
  const said = { out: '', err: '' };
  const io = {
    out: (text: string | Buffer) => {
      said.out += text;
    },
    err: (text: string) => {
      said.err += text;
    },
  };
  const file = join(dir, 'new', 'ser2net.yaml');
  assert.equal(init(file, { port: '3001' }, io, host), 0, said.err);
  assert.equal(said.out, `${file}: 1 serial port. Check it with: ser2net check ${file}\n`);
  const text = readFileSync(file, 'utf8');
  assert.match(text, /accepter: telnet\(rfc2217\),tcp,localhost,3001\n/);
  assert.equal((await run(['check', file])).code, 0);
  // With its comment taken away there is a control port.
  writeFileSync(file, text.replaceAll(/^#(admin:| {2}accepter)/gm, '$1'));
  assert.match((await run(['dump', file])).out, /^admin:\n {2}accepter: tcp,localhost,2000/m);
  writeFileSync(file, 'mine');
  assert.equal(init(file, {}, io, host), 1);
  assert.equal(said.err, `ser2net init: ${file} exists and was not changed; name another file\n`);
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  const other = join(dir, 'none.yaml');
  assert.equal(init(other, {}, io, new FakeHost().host), 1);
  assert.equal(existsSync(other), false);
  assert.equal(init(other, { port: 'x' }, io, host), 2);
});

test('the file that init writes is the one the service reads first', () => {
  const root = makeDirectory();
  assert.equal(newServiceFile(root), '/etc/ser2net/ser2net.yaml');
  mkdirSync(join(root, 'etc/default'), { recursive: true });
  writeFileSync(join(root, 'etc/default/ser2net'), 'CONFFILE=/srv/lab.yaml\n');
  assert.equal(newServiceFile(root), '/srv/lab.yaml');
});

test('reload --pid-file asks by SIGHUP and waits for the outcome, without a control port', async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  const file = join(dir, 'signal.yaml');
  const pidFile = join(dir, 'signal.pid');
  const text = (at: number): string => `connection: &one\n  accepter: tcp,localhost,${at}\n  connector: echo\n`;
  writeFileSync(file, text(port));
  const running = start(['-n', '-r', '-u', '-c', file, '-P', pidFile]);
  await until('Ready', () => running.out() === 'Ready\n');
  t.after(async () => {
    running.child.kill('SIGTERM');
    await running.ended;
  });
  writeFileSync(file, text(other));
  assert.deepEqual(await run(['reload', '--pid-file', pidFile]), { code: 0, out: 'reloaded\n', err: '' });
  const echo = connect(other, '127.0.0.1');
  t.after(() => echo.destroy());
  await once(echo, 'connect');
  writeFileSync(file, 'connection: [\n');
  const refused = await run(['reload', '--pid-file', pidFile]);
  assert.deepEqual([refused.code, refused.out], [1, '']);
  assert.match(refused.err, /\nser2net reload: the configuration was refused and nothing was changed\n$/);
  assert.equal(existsSync(`${pidFile}.reload`), false);
  writeFileSync(file, text(other));
  // A signal that nobody waits for is answered to nobody.
  running.child.kill('SIGHUP');
  assert.deepEqual(await run(['reload', '--pid-file', pidFile]), { code: 0, out: 'reloaded\n', err: '' });
});

test('reload --pid-file takes over the socket of one that was killed, not that of one that waits, and says when nobody runs', async () => {
  const pidFile = join(dir, 'other.pid');
  const gone = await run(['reload', '--pid-file', pidFile]);
  assert.deepEqual([gone.code, gone.out], [1, '']);
  assert.match(gone.err, /^ser2net reload: .*other\.pid: No such file or directory\n$/);
  const running = start(['-n', '-r', '-u', '-Y', 'connection: &one\n  accepter: tcp,localhost,0\n  connector: echo', '-P', pidFile]);
  await until('Ready', () => running.out() === 'Ready\n');
  const c = needLibc();
  const fd = must(c.datagramSocket());
  must(c.bindUnix(fd, unixAddress(`${pidFile}.reload`)));
  const second = await run(['reload', '--pid-file', pidFile]);
  assert.match(second.err, /^ser2net reload: another reload waits at /);
  c.close(fd);
  const taken = await run(['reload', '--pid-file', pidFile]);
  assert.deepEqual([taken.code, taken.err], [0, '']);
  running.child.kill('SIGTERM');
  await running.ended;
});
