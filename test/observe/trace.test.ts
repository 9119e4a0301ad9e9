import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hexdump, Traces } from '../../src/observe/trace.ts';
import type { ConnectionOptions } from '../../src/options/connection.ts';
import { until } from '../compliance/recording-up.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { PortRig, settle } from '../rig/port-rig.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'trace-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
function rigWith(options: Partial<ConnectionOptions>): { rig: PortRig; traces: Traces; logged: string[] } {
  const logged: string[] = [];
  const traces = new Traces(new FakeClock(new Date(2026, 10, 22, 7, 23, 20)), { log: (_l, text) => void logged.push(text) });
  return { rig: new PortRig({ options: { chardelay: false, ...options }, observers: [traces.observers] }), traces, logged };
}
/** One session: a user says something, the device answers, the user leaves. */
async function session(rig: PortRig): Promise<void> {
  const user = await rig.connect();
  user.feed('hello world\r\n');
  rig.device.feed('device\x00\xff');
  user.end();
  await settle();
}
const content = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

test('rows of a hexdump hold eight bytes, with the rest padded and what cannot be printed as dots', () => {
  assert.equal(
    hexdump(Buffer.from('0123456789\x00\xff', 'latin1'), 'term', ''),
    'term 30 31 32 33 34 35 36 37  |01234567|\nterm 38 39 00 ff              |89..|\n',
  );
});

test('a trace with timestamps and hexdump looks as that of ser2net', async (t) => {
  const file = join(folder(t), 'both');
  const { rig } = rigWith({ traceBoth: file, traceBothHexdump: true, traceBothTimestamp: true });
  await session(rig);
  await until(() => content(file).includes('CLOSE port'), 'the last line');
  const at = '2026/11/22 07:23:20 ';
  assert.equal(
    content(file),
    [
      `${at}OPEN (ipv4,127.0.0.1,4000)`,
      `${at}tcp  68 65 6c 6c 6f 20 77 6f  |hello wo|`,
      `${at}tcp  72 6c 64 0d 0a           |rld..|`,
      `${at}term 64 65 76 69 63 65 00 ff  |device..|`,
      `${at}CLOSE netcon (network read close)`,
      `${at}CLOSE port (All users disconnected)`,
      '',
    ].join('\n'),
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('plain traces hold each direction as it was, and a name in two options is one file', async (t) => {
  const dir = folder(t);
  const { rig } = rigWith({ traceRead: join(dir, 'r-\\N'), traceWrite: join(dir, 'w'), traceBoth: join(dir, 'w') });
  await session(rig);
  await until(() => content(join(dir, 'w')).length >= 34 && content(join(dir, 'r-con0')).length >= 8, 'both directions');
  assert.equal(content(join(dir, 'r-con0')), 'device\x00\xff');
  assert.equal(content(join(dir, 'w')), 'hello world\r\nhello world\r\ndevice\x00\xff');
});

test('a file that cannot be opened is a line in the log, and the session goes on', async (t) => {
  const { rig, logged } = rigWith({ traceBoth: join(folder(t), 'no', 'such', 'folder') });
  const user = await rig.connect();
  rig.device.feed('x');
  assert.equal(user.take().toString(), 'x');
  await until(() => logged.length === 1, 'the line');
  assert.match(logged[0]!, /^Unable to open trace file .*: No such file or directory$/);
});

test('after reopen() what follows goes to a new file of the same name', async (t) => {
  const file = join(folder(t), 'log');
  const { rig, traces } = rigWith({ traceRead: file });
  await rig.connect();
  rig.device.feed('one');
  await until(() => content(file) === 'one', 'the first file');
  renameSync(file, `${file}.1`);
  traces.reopen();
  rig.device.feed('two');
  await until(() => content(file) === 'two', 'the second file');
  assert.equal(content(`${file}.1`), 'one');
});

test('a trace file that is a pipe, a device or a link costs the trace and a line in the log, never the session', async (t) => {
  const dir = folder(t);
  const [fifo, link] = [join(dir, 'fifo'), join(dir, 'link')];
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  symlinkSync(join(dir, 'elsewhere'), link);
  for (const [path, reason] of [
    [fifo, 'not a regular file'],
    ['/dev/null', 'not a regular file'],
    [link, 'a symbolic link'],
  ] as const) {
    const { rig, logged } = rigWith({ traceBoth: path });
    const user = await rig.connect();
    rig.device.feed('x');
    await until(() => logged.length === 1, 'the line');
    assert.equal(logged[0], `Unable to open trace file ${path}: ${reason}`);
    rig.device.feed('y');
    assert.equal(user.take().toString(), 'xy');
  }
});
