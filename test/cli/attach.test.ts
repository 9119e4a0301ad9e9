// `ser2net attach` and attachments of a configuration, run as users run them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAttachArgs } from '../../src/cli/attach.ts';
import { ATTACH } from '../../src/options/attach.ts';
import { defaults } from '../../src/options/row.ts';
import { Application } from '../attach/application.ts';
import { Peer } from '../attach/attach-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { schemaOf, violations } from '../rig/json-schema.ts';
import { makeDirectory, processState, run, start, until, untilGone } from './command-rig.ts';

const dir = makeDirectory();
const env = { XDG_RUNTIME_DIR: join(dir, 'run'), RUNTIME_DIRECTORY: join(dir, 'run') };

test('in the foreground: the device is there, states are on stderr, and TERM takes it away', async (t) => {
  const peer = new Peer(t);
  peer.onData = (data, socket) => void socket.write(data);
  const url = `tcp://127.0.0.1:${await peer.listen()}`;
  const device = join(dir, 'ttyV0');
  const pidFile = join(dir, 'fg-attach.pid');
  const running = start(['attach', '-n', '-P', pidFile, '--mode', '600', device, url], { env });
  await until('connected', () => running.err().includes(': connected to '));
  assert.equal(readFileSync(pidFile, 'latin1'), `${running.child.pid}\n`);
  assert.equal(statSync(device).mode & 0o777, 0o600);
  const app = new Application(device);
  app.write('hello');
  assert.equal((await app.take(5)).toString(), 'hello');
  running.child.kill('SIGUSR1');
  const fares = `${device}: connected (${url}), in use, 1 connections, 5 bytes out, 5 bytes in, 0 queued, 0 discarded\n`;
  await until('how it fares', () => running.err().includes(fares));
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  assert.equal(existsSync(device), false);
  assert.equal(existsSync(pidFile), false);
  await app.hungUp();
  app.close();
  const lines = running
    .err()
    .replaceAll(/ser2net\[\d+\]: /g, '')
    .replace(fares, '');
  assert.match(
    lines,
    new RegExp(
      `^${device}: ${device} is /dev/pts/\\d+\n${device}: connecting to ${url}\n${device}: connected to ${url} \\(ipv4,127.0.0.1,\\d+\\)\n$`,
    ),
  );
});

test('in the background: the command comes back when the device is there, and the process can be ended by its pid file', async (t) => {
  const peer = new Peer(t);
  const port = await peer.listen();
  const device = join(dir, 'ttyV1');
  const pidFile = join(dir, 'bg-attach.pid');
  const { code, err } = await run(['attach', '-P', pidFile, '--on-demand', device, `tcp://127.0.0.1:${port}`], { env });
  assert.deepEqual([code, err], [0, '']);
  assert.match(readlinkSync(device), /^\/dev\/pts\/\d+$/);
  assert.equal(peer.sockets.length, 0);
  const pid = Number(readFileSync(pidFile, 'latin1'));
  const app = new Application(device);
  app.write('x');
  await until('x', () => peer.got.toString() === 'x');
  let again = false;
  peer.server.once('connection', () => {
    again = true;
  });
  process.kill(pid, 'SIGHUP');
  await until('another connection', () => again);
  app.close();
  process.kill(pid, 'SIGTERM');
  await untilGone(pid);
  assert.equal(existsSync(device), false);
});

test('a device left behind by a killed process is taken over; one of a living process is refused', async (t) => {
  const peer = new Peer(t);
  const url = `tcp://127.0.0.1:${await peer.listen()}`;
  const device = join(dir, 'ttyV2');
  const first = start(['attach', '-n', device, url], { env });
  await until('connected', () => first.err().includes('connected to'));
  const second = await run(['attach', '-n', device, url], { env });
  assert.equal(second.code, 1);
  assert.match(second.err, /ttyV2 is the device of another ser2net/);
  first.child.kill('SIGKILL');
  await first.ended;
  assert.ok(readlinkSync(device));
  const third = start(['attach', '-n', device, url], { env });
  await until('connected', () => third.err().includes('connected to'));
  third.child.kill('SIGINT');
  assert.equal(await third.ended, 0);
  assert.equal(existsSync(device), false);
});

test('what cannot work is said at once, in the background too, and gives 1', async () => {
  const bad = await run(['attach', join(dir, 'x'), 'tpc://h:1'], { env });
  assert.deepEqual([bad.code, bad.err], [1, "ser2net attach: tpc://h:1: 'tpc' is not a way to connect, did you mean 'tcp://'?\n"]);
  const mode = await run(['attach', '--mode', '999', join(dir, 'x'), 'tcp://h:1'], { env });
  assert.deepEqual([mode.code, mode.err], [1, "ser2net attach: --mode: '999' is not an octal mode such as 660\n"]);
  const nowhere = await run(['attach', join(dir, 'nowhere/x'), 'tcp://h:1'], { env });
  assert.deepEqual(
    [nowhere.code, nowhere.err],
    [1, `ser2net attach: cannot create ${dir}/nowhere/x: Value or file not found (there is no directory ${dir}/nowhere)\n`],
  );
  const noCa = await run(['attach', '--tls-ca', 'no.crt', join(dir, 'x'), 'tls://h:1'], { env });
  assert.deepEqual([noCa.code, noCa.err], [1, `ser2net attach: --tls-ca: ${join(process.cwd(), 'no.crt')}: No such file or directory\n`]);
  const link = join(dir, 'precious');
  symlinkSync('/dev/null', link);
  const taken = await run(['attach', link, 'tcp://127.0.0.1:1'], { env });
  assert.equal(taken.code, 1);
  assert.match(taken.err, /^ser2net attach: cannot create .*precious: Value already exists \(.*which is no pseudo-terminal\)\n$/);
  assert.equal(readlinkSync(link), '/dev/null');
});

test('a configuration with a port and its attachment: one daemon, both ends, and a reload', async () => {
  const port = await freePort();
  const device = join(dir, 'ttyV3');
  const file = join(dir, 'both.yaml');
  const text = (more = ''): string =>
    `connection: &echo\n  accepter: telnet(rfc2217),tcp,localhost,${port}\n  connector: echo\nattachment: &v3\n  device: ${device}\n  target: rfc2217://localhost:${port}\n${more}`;
  writeFileSync(file, text());
  const daemon = start(['-d', '-l', '-c', file], { env });
  await until('connected', () => daemon.err().includes('attachment v3: connected to'));
  const app = new Application(device);
  app.write('round');
  assert.equal((await app.take(5)).toString(), 'round');
  const slave = readlinkSync(device);
  const other = join(dir, 'ttyV4');
  writeFileSync(file, text(`attachment: &v4\n  device: ${other}\n  target: tcp://localhost:${port}\n  options:\n    on-demand: true\n`));
  daemon.child.kill('SIGHUP');
  await until('the new one', () => existsSync(other));
  assert.equal(readlinkSync(device), slave);
  app.write('still');
  assert.equal((await app.take(5)).toString(), 'still');
  app.close();
  const comm = processState(daemon.child.pid!)?.comm;
  assert.equal(comm, 'ser2net');
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
  assert.deepEqual([existsSync(device), existsSync(other)], [false, false]);
});

test('status and health tell of attachments: state, target, bytes, what waits and what was thrown away', async (t) => {
  const peer = new Peer(t);
  const port = await peer.listen();
  const admin = await freePort();
  const device = join(dir, 'ttyV5');
  const file = join(dir, 'status.yaml');
  writeFileSync(
    file,
    `admin:\n  accepter: tcp,localhost,${admin}\nattachment: &v5\n  device: ${device}\n  target: tcp://127.0.0.1:${port}\n  options:\n    discard-unread: true\n    retry-time: 50m\n    retry-max: 50m\n`,
  );
  const daemon = start(['-d', '-l', '-c', file], { env });
  await until('connected', () => daemon.err().includes('attachment v5: connected to'));
  peer.send('unread');
  const report = async (): Promise<Record<string, unknown>> => {
    const { code, out, err } = await run(['status', '-c', file, '--json']);
    assert.equal(code, 0, err);
    const all = JSON.parse(out) as { attachments: Record<string, unknown>[] };
    assert.deepEqual(violations(all, schemaOf('cli/status.schema.json')), []);
    return all.attachments[0]!;
  };
  let now = await report();
  while (now.bytesFromTarget !== 6) now = await report();
  const app = new Application(device);
  app.write('hello');
  await until('hello', () => peer.got.toString() === 'hello');
  await peer.close();
  await until('the loss', () => daemon.err().includes('attachment v5: lost'));
  app.write('kept');
  while (now.bytesWaiting !== 4) now = await report();
  assert.ok(now.state === 'waiting' || now.state === 'connecting', String(now.state));
  assert.deepEqual(
    { ...now, state: 'away' },
    {
      name: 'v5',
      device,
      terminal: readlinkSync(device),
      state: 'away',
      target: `tcp://127.0.0.1:${port}`,
      inUse: true,
      connections: 1,
      bytesToTarget: 9,
      bytesFromTarget: 6,
      bytesWaiting: 4,
      discardedToTarget: 0,
      discardedFromTarget: 6,
    },
  );
  const shown = await run(['status', '-c', file]);
  assert.match(
    shown.out,
    /: 0 ports\n1 attachment\nATTACHMENT +STATE +IN USE +FROM TARGET +TO TARGET +WAITING +DISCARDED +CONNECTIONS +DEVICE +TARGET\n/,
  );
  assert.match(shown.out, new RegExp(`\nv5 +(waiting|connecting) +yes +6 +9 +4 +6 +1 +${device} +tcp://127.0.0.1:${port}\n$`));
  assert.match((await run(['health', '-c', file])).out, /: 0 ports, 1 attachment\n$/);
  app.close();
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
});

test('an attachment whose device cannot be made is an ailment, and shown', async () => {
  const admin = await freePort();
  const file = join(dir, 'no-device.yaml');
  const device = join(dir, 'taken');
  writeFileSync(device, '');
  writeFileSync(file, `admin:\n  accepter: tcp,localhost,${admin}\nattachment: &v6\n  device: ${device}\n  target: tcp://127.0.0.1:1\n`);
  const daemon = start(['-d', '-l', '-c', file], { env });
  await until('the failure', () => daemon.err().includes('cannot create'));
  const { code, err } = await run(['health', '-c', file]);
  assert.deepEqual([code, err], [1, 'v6: no device\n']);
  assert.match((await run(['status', '-c', file])).out, /\nv6 +no device +no /);
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
});

test('the device is the first word, or what --link says; without a target nothing is made', () => {
  const first = parseAttachArgs(['/dev/ttyV0', 'tcp://h:1', 'tcp://h:2'], {});
  const link = parseAttachArgs(['tcp://h:1', 'tcp://h:2'], { link: '/dev/ttyV0' });
  assert.ok(typeof first === 'object');
  assert.deepEqual(link, first);
  assert.match(String(parseAttachArgs(['/dev/ttyV0'], {})), /no target given for \/dev\/ttyV0/);
});

test('every option of the table can be given as a word, and is what it is in a file', () => {
  const values: Record<string, string> = {
    mode: '640',
    speed: '9600n81',
    flow: 'none',
    dtr: 'on',
    rts: 'open',
    queue: '5',
    retryTime: '1',
    retryMax: '2',
    connectTimeout: '3',
    disconnectAfter: '4',
  };
  const given = Object.fromEntries(Object.entries(ATTACH).map(([key, row]) => [key, 'bare' in row.kind ? true : (values[key] ?? 'text')]));
  const request = parseAttachArgs(['dev', 'tcp://h:1', 'echo'], given);
  assert.ok(typeof request !== 'string', String(request));
  assert.deepEqual(
    request.targets.map(({ written }) => written),
    ['tcp://h:1', 'echo'],
  );
  for (const [key, value] of Object.entries(defaults(ATTACH)))
    assert.notDeepEqual((request.options as Record<string, unknown>)[key], value, key);
  assert.match(String(parseAttachArgs(['dev', 'tcp://h:1'], { hangup: true, hold: true })), /exclude each other/);
});
