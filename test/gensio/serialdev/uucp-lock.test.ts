import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GensioError } from '../../../src/base/gensio-error.ts';
import {
  isPseudoTerminal,
  lockDevice,
  lockName,
  lockOwner,
  locksByDefault,
  type UucpLock,
} from '../../../src/gensio/serialdev/uucp-lock.ts';
import { openPty } from '../../rig/pty.ts';

const root = mkdtempSync(join(tmpdir(), 'uucp-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
function rig() {
  const dir = join(root, String(++count));
  mkdirSync(dir);
  const logged: string[] = [];
  const log = { log: (level: string, text: string) => void logged.push(`${level} ${text}`) };
  return { dir, logged, log, file: join(dir, 'LCK..ttyS0'), take: () => lockDevice(dir, '/dev/ttyS0', log) };
}
const good = (lock: UucpLock | GensioError): UucpLock => {
  assert.ok(!(lock instanceof GensioError), String(lock));
  return lock;
};
const refused = (lock: UucpLock | GensioError): string => {
  assert.ok(lock instanceof GensioError);
  return lock.code;
};
/** The number of a process that has just ended. */
async function deadPid(): Promise<number> {
  const child = spawn('true');
  await new Promise((resolve) => child.once('exit', resolve));
  return child.pid!;
}

test('the name is the path without /dev/ and with underscores, links not followed', () => {
  for (const [device, name] of [
    ['/dev/ttyS0', 'LCK..ttyS0'],
    ['/dev/serial/by-id/usb-foo-port0', 'LCK..serial_by-id_usb-foo-port0'],
    ['/dev/lnk/a', 'LCK..lnk_a'],
    ['/tmp/../dev/ttyX', 'LCK.._tmp_.._dev_ttyX'],
    ['/opt/x', 'LCK.._opt_x'],
    ['ttyS0', 'LCK..ttyS0'],
  ] as const)
    assert.equal(lockName(device), name);
});

test('a lock file holds the pid in ten columns, mode 0644, and goes at release', () => {
  const { take, file, dir, logged } = rig();
  const lock = good(take());
  assert.equal(readFileSync(file, 'latin1'), `${String(process.pid).padStart(10)}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(dir), ['LCK..ttyS0']);
  lock.release();
  assert.deepEqual(readdirSync(dir), []);
  lock.release();
  assert.deepEqual(logged, []);
});

test('a living owner keeps the device, also when it is this process', () => {
  const { take, file, logged } = rig();
  const lock = good(take());
  assert.equal(refused(take()), 'inuse');
  assert.deepEqual(logged, [`err Port in use by pid ${process.pid}`]);
  lock.release();
  writeFileSync(file, `  ${process.ppid} and more\n`);
  assert.equal(refused(take()), 'inuse');
  const binary = Buffer.from(Int32Array.of(process.ppid).buffer);
  writeFileSync(file, binary);
  assert.equal(refused(take()), 'inuse');
  assert.deepEqual(readFileSync(file), binary);
});

test('a remnant with our own pid, as the last process of a container leaves, is taken over', () => {
  const { take, file } = rig();
  writeFileSync(file, `${process.pid}\n`);
  const lock = good(take());
  assert.equal(refused(take()), 'inuse');
  lock.release();
  assert.equal(existsSync(file), false);
});

test('the file of a dead process is taken over, text or binary', async () => {
  const { take, file, dir } = rig();
  const dead = await deadPid();
  for (const content of [
    Buffer.from(`${String(dead).padStart(10)}\n`),
    Buffer.from(Int32Array.of(dead).buffer),
    Buffer.from('99999999999999\n'),
    Buffer.from('abc\n'),
  ]) {
    writeFileSync(file, content);
    const lock = good(take());
    assert.equal(Number(readFileSync(file, 'latin1')), process.pid);
    assert.deepEqual(readdirSync(dir), ['LCK..ttyS0']);
    lock.release();
  }
});

test('a file that cannot be understood refuses and stays', () => {
  for (const content of ['', 'x123456', '0\n', '-5\n', '\0\0\0\0', '\xff\xff\xff\xff']) {
    const { take, file, dir, logged } = rig();
    writeFileSync(file, content, 'latin1');
    assert.equal(refused(take()), 'notfound', JSON.stringify(content));
    assert.equal(readFileSync(file, 'latin1'), content);
    assert.deepEqual(logged, [`err Error accessing locks in ${dir}: File exists`]);
  }
});

test('without a directory the device is used without a lock, and a warning says so once', () => {
  const { log, logged } = rig();
  const gone = join(root, 'missing');
  good(lockDevice(gone, '/dev/ttyS0', log)).release();
  good(lockDevice(gone, '/dev/ttyS0', log)).release();
  assert.equal(logged.length, 1);
  assert.match(
    logged[0]!,
    /^warning Unable to make lock file .*\/missing\/LCK\.\.ttyS0: No such file or directory; \/dev\/ttyS0 is used without \(hint: /,
  );
});

test('a directory that may not be written counts for what is in it', {
  skip: process.getuid?.() === 0 && 'root may write anything',
}, () => {
  const { dir, take, file, logged } = rig();
  writeFileSync(file, `${process.ppid}\n`);
  chmodSync(dir, 0o555);
  assert.equal(refused(take()), 'inuse');
  chmodSync(dir, 0o755);
  rmSync(file);
  chmodSync(dir, 0o555);
  good(take());
  assert.match(logged[1]!, /Permission denied/);
  chmodSync(dir, 0o755);
});

test('the file of somebody else is not removed at release', () => {
  const { take, file } = rig();
  const lock = good(take());
  rmSync(file);
  writeFileSync(file, `${process.ppid}\n`);
  lock.release();
  assert.ok(existsSync(file));
});

test('with -u there are no lock files', () => {
  good(lockDevice(undefined, '/dev/ttyS0', { log: () => assert.fail('logged') })).release();
});

test('of many processes that find a stale file exactly one gets the device', async () => {
  const { dir, file } = rig();
  const racer = `
    import { lockDevice } from ${JSON.stringify(new URL('../../../src/gensio/serialdev/uucp-lock.js', import.meta.url).href)};
    const lock = lockDevice(process.argv[1], '/dev/ttyS0', { log: () => undefined });
    process.stdout.write(lock.release ? 'got ' : 'no ');
    process.stdin.once('end', () => process.exit()).resume();`;
  writeFileSync(file, `${await deadPid()}\n`);
  const racers = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', racer, dir], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const said = await Promise.all(
    racers.map((child) => new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString())))),
  );
  for (const child of racers) child.stdin.end();
  assert.deepEqual(said.sort(), ['got ', 'no ', 'no ', 'no ']);
  assert.equal(readdirSync(dir).filter((name) => name.startsWith('LCK')).length, 1);
});

test('ptys and tty itself are not locked unless asked; a link to a pty is, and is a pty all the same', async () => {
  const pty = openPty();
  const link = join(root, 'modem');
  symlinkSync(pty.path, link);
  for (const device of [pty.path, '/dev/tty', 'tty', '/dev/ttyp3', '/dev/ttyaf']) assert.equal(locksByDefault(device), false, device);
  for (const device of ['/dev/ttyS0', '/dev/ttyUSB0', '/dev/ttyfg', '/dev/ttyf0', '/dev/mytty', '/nowhere/x', link])
    assert.equal(locksByDefault(device), true, device);
  assert.deepEqual([pty.path, link, '/dev/ttyp3', '/nowhere/x', '/dev/null'].map(isPseudoTerminal), [true, true, true, false, false]);
  await pty.close();
});

test('owners are read as numbers of the machine or decimal digits', () => {
  assert.equal(lockOwner(Buffer.from('      1234\n')), 1234);
  assert.equal(lockOwner(Buffer.from('+12 x')), 12);
  assert.equal(lockOwner(Buffer.from(Int32Array.of(77).buffer)), 77);
  assert.equal(lockOwner(Buffer.from('12a')), 12);
  assert.equal(lockOwner(Buffer.from('no')), undefined);
  assert.equal(lockOwner(Buffer.alloc(0)), undefined);
});

test('what is no small regular file is no lock that could be read: the device is refused with the reason, and nobody waits', () => {
  const made: readonly [(file: string) => void, string][] = [
    [(file) => execFileSync('mkfifo', [file]), 'not a regular file'],
    [(file) => mkdirSync(file), 'Is a directory'],
    [(file) => symlinkSync('/dev/zero', file), 'a symbolic link'],
    [
      (file) => {
        writeFileSync(file, '');
        truncateSync(file, 2 ** 31);
      },
      '2147483648 bytes, more than the 1024 expected',
    ],
  ];
  for (const [make, reason] of made) {
    const { take, file, dir, logged } = rig();
    make(file);
    const before = lstatSync(file);
    assert.equal(refused(take()), 'notfound', reason);
    assert.deepEqual(logged, [`err Error accessing locks in ${dir}: ${reason}`]);
    assert.equal(lstatSync(file).ino, before.ino);
  }
});

test('temporary files that a dead process of this user left are removed, those of others and of the living stay', async () => {
  const { take, dir } = rig();
  const dead = await deadPid();
  const stay = ['LTMP.note', `LTMP.${process.ppid}.00ff00ff00ff00ff`, `LTMP.${dead}`, 'LCK..ttyS9'];
  for (const name of [...stay, `LTMP.${dead}.7`, `LTMP.${dead}.00ff00ff00ff00ff`]) writeFileSync(join(dir, name), '');
  execFileSync('mkfifo', [join(dir, `LTMP.${dead}.8`)]);
  good(take()).release();
  assert.deepEqual(readdirSync(dir).sort(), [...stay, `LTMP.${dead}.8`].sort());
});

test('names that somebody guessed for temporary files block nothing', () => {
  const { take, dir, logged } = rig();
  for (let i = 0; i < 64; i++) writeFileSync(join(dir, `LTMP.${process.pid}.${i}`), '');
  good(take()).release();
  assert.deepEqual(logged, []);
});
