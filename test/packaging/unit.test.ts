// The systemd unit: how much it exposes, what it runs, and that the daemon tells how it is, also without systemd's own tools.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { programFiles } from '../../packaging/payload.ts';
import { start, talk, until } from '../cli/command-rig.ts';
import { receiveDatagrams } from '../rig/datagram-receiver.ts';
import { freePort } from '../rig/free-port.ts';
import { build, COMPILED, makeDirectory, ROOT } from './built.ts';
import { inSandbox, whyNoSandbox } from './sandbox.ts';

const UNIT = join(ROOT, 'packaging/debian/ser2net.service');
const unit = readFileSync(UNIT, 'utf8');
const values = (name: string): string[] => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((m) => m[1]!);
const dir = makeDirectory();
mkdirSync(join(dir, 'given'));

function analyze(t: TestContext, file: string, ...words: string[]): boolean {
  const done = spawnSync('systemd-analyze', [...words, file], { encoding: 'utf8' });
  if (done.error !== undefined || /unrecognized option|unknown option/i.test(done.stderr)) {
    t.skip('systemd-analyze is not there, or too old');
    return false;
  }
  assert.equal(done.status, 0, done.stdout + done.stderr);
  return true;
}

test('the exposure is below 3', (t) => {
  analyze(t, UNIT, 'security', '--offline=true', '--threshold=29', '--no-pager');
});

test('with the example for a daemon without root it is below 2', (t) => {
  const dropIn = readFileSync(join(ROOT, 'packaging/examples/systemd/unprivileged.conf'), 'utf8');
  const file = join(dir, 'unprivileged.service');
  writeFileSync(file, `${unit}\n${dropIn}`);
  analyze(t, file, 'security', '--offline=true', '--threshold=20', '--no-pager');
});

test('systemd understands every line', (t) => {
  const file = join(dir, 'ser2net.service');
  writeFileSync(file, unit.replaceAll(/\/usr\/(?:lib|sbin)\/ser2net\S*/g, '/bin/true'));
  const done = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  if (done.error !== undefined) return t.skip('systemd-analyze is not there');
  const about = done.stderr.split('\n').filter((line) => line.includes('ser2net.service'));
  assert.deepEqual(about, []);
});

test('nothing in it keeps the daemon from serial devices, low ports or LEDs', () => {
  for (const name of ['PrivateDevices', 'DeviceAllow', 'DevicePolicy', 'ProtectClock', 'PrivateNetwork', 'MemoryDenyWriteExecute']) {
    assert.deepEqual(values(name), [], name);
  }
  assert.match(values('CapabilityBoundingSet')[0]!, /CAP_NET_BIND_SERVICE/);
  assert.ok(values('ReadWritePaths').includes('-/sys/devices'));
});

test('where programs lie and what other services are configured by is read-only, although the daemon may override the rights of files', () => {
  const writable = values('ReadWritePaths').flatMap((line) => line.split(' '));
  const readOnly = values('ReadOnlyPaths').flatMap((line) => line.split(' '));
  assert.deepEqual(values('ProtectSystem'), ['strict']);
  for (const path of ['/', '/etc', '/opt', '/usr', '/var', '/var/lib', '/var/spool', '/var/spool/cron', '/var/cache'])
    assert.ok(!writable.includes(`-${path}`) && !writable.includes(path), `${path} is writable`);
  for (const name of ['systemd', 'udev', 'dbus', 'sudo', 'user', 'tmpfiles.d']) assert.ok(readOnly.includes(`-/run/${name}`), name);
  // What it needs: the pid file and sockets, lock files, traces.
  for (const path of ['/run', '/var/log', '/tmp']) assert.ok(writable.includes(`-${path}`), path);
});

test('it has descriptors for many sessions: the daemon may not raise that limit by itself there', () => {
  assert.deepEqual(values('LimitNOFILE'), ['65536']);
});

test('it waits for readiness, is watched, reloads by signal and starts again', () => {
  assert.deepEqual([values('Type'), values('Restart'), values('WatchdogSec').length], [['notify'], ['on-failure'], 1]);
  assert.deepEqual(values('ExecReload'), ['/usr/sbin/ser2net reload --pid-file /run/ser2net.pid']);
  assert.deepEqual(values('EnvironmentFile'), ['-/etc/default/ser2net']);
});

/** The words the unit's script gives to the program in this environment. */
function words(env: Readonly<Record<string, string>>): string[] {
  const script = join(dir, 'serve');
  const program = join(dir, 'program');
  writeFileSync(program, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
  writeFileSync(script, readFileSync(join(ROOT, 'packaging/debian/serve'), 'utf8').replace('/usr/sbin/ser2net', program));
  return execFileSync('/bin/sh', [script], { env, encoding: 'utf8' }).trim().split('\n');
}

test('settings of /etc/default/ser2net become words', () => {
  assert.deepEqual(words({}), ['-n', '-c', '/etc/ser2net.yaml', '-P', '/run/ser2net.pid']);
  assert.deepEqual(words({ CONFFILE: '/srv/a b.yaml', CONTROLPORT: 'localhost,2001', OPTIONS: '-u -l' }), [
    ...['-n', '-p', 'localhost,2001', '-c', '/srv/a b.yaml', '-P', '/run/ser2net.pid', '-u', '-l'],
  ]);
  assert.deepEqual(words({ CONFFILE: '/etc/x.yaml', CONTROLPORT: '', OPTIONS: '' }), ['-n', '-c', '/etc/x.yaml', '-P', '/run/ser2net.pid']);
});

test('the file of defaults has only lines that systemd and a shell read alike', () => {
  const text = readFileSync(join(ROOT, 'packaging/debian/default'), 'utf8');
  for (const line of text.split('\n')) assert.match(line, /^(?:#.*|[A-Z]+="[^"$`\\]*"|)$/, line);
  const shell = execFileSync('/bin/sh', ['-c', '. "$0"; echo "$CONFFILE|$CONTROLPORT|$OPTIONS"', join(ROOT, 'packaging/debian/default')]);
  assert.equal(shell.toString(), '/etc/ser2net.yaml||\n');
});

test('with the capabilities of the unit it has a device of somebody else, a port below 1024, and a socket with an owner', (t) => {
  const unable = whyNoSandbox('setpriv', 'socat', 'dpkg-deb', 'bash');
  if (unable !== undefined) return t.skip(unable);
  execFileSync('dpkg-deb', ['-x', build('standalone', dir), join(dir, 'given/tree')]);
  const file = [
    'connection: &low',
    '  accepter: tcp,127.0.0.1,23',
    '  connector: serialdev,/tmp/one,9600n81,local',
    'connection: &owned',
    '  accepter: unix(owner=nobody,group=dialout,perm=660),/run/owned',
    '  connector: echo',
  ];
  writeFileSync(join(dir, 'given/low.yaml'), `${file.join('\n')}\n`);
  const bounds = values('CapabilityBoundingSet')[0]!
    .split(' ')
    .map((name) => `+${name.replace('CAP_', '').toLowerCase()}`);
  const { out, err, status } = inSandbox(
    join(dir, 'given'),
    `
socat pty,link=/tmp/one,raw,echo=0,user=nobody,mode=600 pty,link=/tmp/two,raw,echo=0 & 
for i in $(seq 200); do [ -e /tmp/two ] && break; sleep 0.02; done
lib=/given/tree/usr/lib/ser2net
setpriv --bounding-set -all,${bounds.join(',')} --inh-caps -all --no-new-privs $lib/ser2net $lib/app/build/src/main.js -c /given/low.yaml -P /run/ser2net.pid
bash -c 'exec 3<>/dev/tcp/127.0.0.1/23; echo hello >&3; head -n 1 /tmp/two'
stat -c '%U %G %a' /run/owned
grep CapEff /proc/$(cat /run/ser2net.pid)/status`,
  );
  assert.equal(status, 0, err);
  assert.match(out, /^hello\nnobody dialout 660\nCapEff:\t0*40b\n$/);
});

test('a life as systemd is told of it: ready, alive, reloading, ready, stopping', async (t) => {
  const socket = join(dir, 'notify');
  const receiver = receiveDatagrams(socket);
  if (receiver === undefined) return t.skip('koffi is not there');
  const port = await freePort();
  const file = join(dir, 'life.yaml');
  writeFileSync(file, `connection: &one\n  accepter: tcp,127.0.0.1,${port}\n  connector: echo\n`);
  // No tool of systemd can be found: the daemon needs none.
  const daemon = start(['-n', '-c', file], { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000', PATH: dir } });
  const next = async (what: RegExp): Promise<string> => {
    for (;;) {
      const said = await receiver.next();
      if (what.test(said)) return said;
      assert.match(said, /^WATCHDOG=1$/);
    }
  };
  assert.equal(await next(/READY/), `READY=1\nMAINPID=${daemon.child.pid}\nSTATUS=1 port, all listening`);
  assert.equal((await talk(port, 'x', (heard) => heard.length === 1)).toString(), 'x');
  await next(/^WATCHDOG=1$/);
  daemon.child.kill('SIGHUP');
  await next(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  await next(/^READY=1\nMAINPID=\d+\nSTATUS=1 port, all listening$/);
  writeFileSync(file, 'connection: [\n');
  daemon.child.kill('SIGHUP');
  await next(/^RELOADING=1\n/);
  assert.match(await next(/^READY=1\n/), /\nSTATUS=1 port, all listening; the last reload was refused: [^\n]+$/);
  daemon.child.kill('SIGTERM');
  await next(/^STOPPING=1$/);
  assert.equal(await daemon.ended, 0);
  receiver.close();
});

test('a daemon without the C library and without systemd-notify serves all the same', async () => {
  const app = join(dir, 'app');
  for (const { path, content, mode } of programFiles({ root: ROOT, compiled: COMPILED }, process.execPath)) {
    if (/koffi/.test(path)) continue;
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), content);
    chmodSync(join(app, path), mode);
  }
  symlinkSync(join(app, 'build/src/main.js'), join(dir, 'ser2net'));
  const port = await freePort();
  const file = join(dir, 'bare.yaml');
  writeFileSync(file, `connection: &one\n  accepter: tcp,127.0.0.1,${port}\n  connector: echo\n`);
  const daemon = start(['-n', '-r', '-c', file], {
    script: join(dir, 'ser2net'),
    env: { NOTIFY_SOCKET: join(dir, 'nobody'), WATCHDOG_USEC: '400000', PATH: dir },
  });
  await until('Ready', () => daemon.out() === 'Ready\n');
  assert.equal((await talk(port, 'x', (heard) => heard.length === 1)).toString(), 'x');
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0, daemon.err());
});
