import assert from 'node:assert/strict';
import { chmodSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { deviceProblems } from '../../../src/cli/check/devices.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { deviceFacts, type HostPaths, THIS_HOST } from '../../../src/system/host.ts';
import { OpenFiles } from '../../../src/system/open-files.ts';
import { memoryFiles } from '../../config/memory-files.ts';
import { openPty } from '../../rig/pty.ts';
import { FakeHost } from '../../system/fake-host.ts';

const connection = (device: string): string => `connection: &c\n  accepter: tcp,1\n  connector: serialdev,${device},9600\n`;

/** The devices of this host, with processes and locks that are made up. */
const withRealDevices = ({ host: { proc, locks } }: FakeHost): HostPaths => ({ ...THIS_HOST, proc, locks });

function problems(text: string, host: HostPaths, file = '/etc/ser2net/ser2net.yaml', uucpLocks = true): string[] {
  const reading = readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() });
  return deviceProblems(reading, { host, holders: new OpenFiles(host), file, uucpLocks }).map(
    ({ severity, code, pos, text: said, hint }) =>
      `${pos.line}:${pos.col} ${severity} ${code} ${said}${hint === undefined ? '' : ` (${hint})`}`,
  );
}

test('a device that is not there is an error at its connector, with the nearest name', () => {
  const fake = new FakeHost();
  fake.usb('ttyUSB0', { id: 'usb-a' });
  assert.deepEqual(problems(connection('/dev/ttyUSB1'), fake.host), [
    "3:14 error no-device /dev/ttyUSB1 does not exist (did you mean '/dev/ttyUSB0'?)",
  ]);
  assert.deepEqual(problems(connection('/dev/serial/by-id/usb-FTDI_0000000000000'), fake.host), [
    '3:14 error no-device /dev/serial/by-id/usb-FTDI_0000000000000 does not exist (there is /dev/serial/by-id/usb-a)',
  ]);
});

test('a file or a directory in the place of a device is an error', () => {
  const fake = new FakeHost();
  fake.file('dev', 'ttyUSB0');
  fake.file('dev', 'dir/x');
  assert.match(
    problems(connection('/dev/ttyUSB0'), fake.host)[0]!,
    /error no-device \/dev\/ttyUSB0 is a file, not a device \(a program that wrote/,
  );
  assert.match(problems(connection('/dev/dir'), fake.host)[0]!, /error no-device \/dev\/dir is a directory/);
});

test('a device that is no terminal is an error, and nobody is said to hold it', () => {
  const said = problems(connection('/dev/null'), THIS_HOST, 'f', false);
  assert.deepEqual(said, ['3:14 error no-device /dev/null is a device, but not a tty']);
});

test('a pseudo-terminal that nobody holds has no problem; who holds it is named once', async (t) => {
  const pty = openPty();
  t.after(() => pty.close());
  const fake = new FakeHost();
  const here = withRealDevices(fake);
  assert.deepEqual(problems(connection(pty.path), here), []);
  fake.process(5, 'picocom', [pty.path, pty.path]);
  fake.file('locks', `LCK..${pty.path.slice(5).replaceAll('/', '_')}`, '         5\n');
  assert.deepEqual(problems(connection(pty.path), here), [`3:14 warning device-busy ${pty.path} is in use by picocom (process 5)`]);
  for (let pid = 6; pid < 10; pid++) fake.process(pid, 'cat', [pty.path]);
  assert.match(problems(connection(pty.path), here)[0]!, /picocom \(process 5\), cat \(process 6\), cat \(process 7\) and 2 more$/);
});

test('the daemon that serves the file may hold its devices', (t) => {
  const pty = openPty();
  t.after(() => pty.close());
  for (const [command, cwd, file, fine] of [
    ['ser2net -n -c /a/b.yaml', '/', '/a/b.yaml', true],
    ['/usr/sbin/ser2net -c b.yaml', '/a', '/a/b.yaml', true],
    ['ser2net -c b.yaml', '/', '/a/b.yaml', true],
    ['ser2net -c /a/c.yaml', '/', '/a/b.yaml', false],
    ['ser2net', '/', '/a/b.yaml', false],
    ['ser2net', '/', '/etc/ser2net/ser2net.yaml', true],
    ['ser2net', '/', undefined, true],
  ] as const) {
    const fake = new FakeHost();
    fake.process(5, 'ser2net', [pty.path], command, cwd);
    const here = withRealDevices(fake);
    const reading = readYaml(connection(pty.path), 'f', { files: memoryFiles({}), defaults: new Defaults() });
    const found = deviceProblems(reading, { host: here, holders: new OpenFiles(here), file, uucpLocks: true });
    assert.equal(found.length === 0, fine, `${command} ${file}`);
  }
});

test('a lock directory that cannot be used is pointed out once, unless no lock files are wanted', (t) => {
  const fake = new FakeHost();
  fake.file('dev', 'ttyUSB0');
  fake.file('dev', 'ttyUSB1');
  const two = connection('/dev/ttyUSB0') + connection('/dev/ttyUSB1').replace('&c', '&d').replace('tcp,1', 'tcp,2');
  const about = (text: string, locks = true): string[] => problems(text, fake.host, 'f', locks).filter((line) => line.includes('lock-dir'));
  assert.deepEqual(about(two), []);
  rmSync(fake.host.locks, { recursive: true });
  assert.deepEqual(about(two).length, 1);
  assert.match(about(two)[0]!, /does not exist: LCK\.\.ttyUSB0 cannot be created/);
  assert.deepEqual(about(two, false), []);
  assert.deepEqual(about(two.replaceAll('serialdev,', 'serialdev(nouucplock),')), []);
  if (process.getuid?.() === 0) return t.diagnostic('root may write anywhere');
  const other = new FakeHost();
  other.file('dev', 'ttyUSB0');
  chmodSync(other.host.locks, 0o500);
  assert.match(problems(connection('/dev/ttyUSB0'), other.host).join('\n'), /lock-dir this user cannot write to .*: Permission denied/);
});

test('a LED that is not there is pointed out; connections that are off are not looked at', () => {
  const fake = new FakeHost();
  fake.file('sys', 'class/leds/board:green/brightness', '0');
  const led = (device: string): string => `led: &l\n  driver: sysfs\n  options:\n    device: ${device}\n`;
  assert.deepEqual(problems(led("'board:green'"), fake.host), []);
  assert.deepEqual(problems(led("'board:gren'"), fake.host), [
    "4:13 warning no-device LED 'l': /sys/class/leds has no 'board:gren' (did you mean 'board:green'?)",
  ]);
  assert.deepEqual(problems(`${connection('/dev/none')}  enable: off\n`, fake.host), []);
});

test('an advisory lock on the device tells who holds it where descriptors may not be seen', (t) => {
  const pty = openPty();
  t.after(() => pty.close());
  const fake = new FakeHost();
  const host = withRealDevices(fake);
  const id = deviceFacts(host, pty.path)!.lockId;
  fake.file('proc', 'locks', `1: POSIX  ADVISORY  READ 98 00:01:2 0 0\n2: FLOCK  ADVISORY  WRITE 99 ${id} 0 EOF\n`);
  assert.deepEqual(new OpenFiles(host).findProcessesUsing(pty.path), [{ pid: 99, name: '', how: 'lock' }]);
});
