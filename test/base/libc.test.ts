import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { libc, SystemError } from '../../src/base/libc.ts';
import { must, needLibc, openPty, type Pty, until } from '../rig/pty.ts';

const dir = mkdtempSync(join(tmpdir(), 'libc-'));
after(() => rmSync(dir, { recursive: true }));
const OPEN = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
function ptyOf(t: TestContext, raw = false): Pty {
  const pty = openPty({ raw });
  t.after(() => pty.close());
  return pty;
}
const code = (result: unknown): unknown => (result instanceof SystemError ? result.code : result);

test('settings written to a terminal are read back the same, custom speeds included', (t) => {
  const c = needLibc();
  const pty = ptyOf(t);
  const fd = openSync(pty.path, OPEN);
  const was = must(c.getTermios(fd));
  assert.equal(was.cc.length, 19);
  was.cc[5] = 7;
  must(c.setTermios(fd, { ...was, cflag: (was.cflag & ~0o10017) | 0o10000, ispeed: 12345, ospeed: 12345, lflag: 0 }));
  const back = must(c.getTermios(pty.slave!));
  assert.equal(back.ospeed, 12345);
  assert.equal(back.ispeed, 12345);
  assert.equal(back.lflag, 0);
  assert.equal(back.cc[5], 7);
  assert.equal(back.iflag, was.iflag);
  closeSync(fd);
});

test('what a pty does not have is ENOTTY, and a wrong descriptor EBADF', (t) => {
  const c = needLibc();
  const pty = ptyOf(t);
  assert.equal(code(c.getLines(pty.slave!)), 'ENOTTY');
  assert.equal(code(c.setLines(pty.slave!, 0)), 'ENOTTY');
  assert.equal(code(c.lineErrors(pty.slave!)), 'ENOTTY');
  assert.equal(code(c.setRs485(pty.slave!, new Uint32Array(8))), 'ENOTTY');
  assert.equal(c.setBreak(pty.slave!, false), undefined);
  assert.equal(code(c.getTermios(-1)), 'EBADF');
  assert.equal(code(c.close(-1)), 'EBADF');
  assert.equal(code(c.dup(-1)), 'EBADF');
});

test('queues are counted and thrown away one by one', async (t) => {
  const c = needLibc();
  const pty = ptyOf(t, true);
  await pty.master.write('hello');
  // The kernel moves it when it has time.
  await until('five bytes', () => c.inputQueued(pty.slave!) === 5);
  must(c.flush(pty.slave!, 'output'));
  assert.equal(c.inputQueued(pty.slave!), 5);
  must(c.flush(pty.slave!, 'input'));
  assert.equal(c.inputQueued(pty.slave!), 0);
  assert.equal(c.outputQueued(pty.slave!), 0);
});

test('flock on a second descriptor gives EAGAIN until the first lets go', () => {
  const c = needLibc();
  const path = join(dir, 'lock');
  const a = openSync(path, 'w');
  const b = openSync(path, 'r');
  assert.equal(c.flock(a, 'exclusive'), undefined);
  assert.equal(code(c.flock(b, 'exclusive')), 'EAGAIN');
  assert.equal(c.flock(a, 'unlock'), undefined);
  assert.equal(c.flock(b, 'shared'), undefined);
  closeSync(a);
  closeSync(b);
});

test('dup and closeLater give and end descriptors; packet mode and nonblocking mode can be set', async (t) => {
  const c = needLibc();
  const pty = ptyOf(t);
  const fd = must(c.dup(pty.slave!));
  assert.ok(fd > 2 && fd !== pty.slave);
  assert.equal(c.setNonblocking(fd, false), undefined);
  assert.equal(c.setNonblocking(fd, true), undefined);
  assert.equal(c.setPacketMode(pty.master.fd, true), undefined);
  assert.equal(c.setExclusive(fd, true), undefined);
  assert.equal(c.isExclusive(fd), true);
  assert.equal(c.setExclusive(fd, false), undefined);
  assert.equal(c.isExclusive(fd), false);
  await new Promise<void>((resolve) => c.closeLater(fd, () => resolve()));
  assert.equal(code(c.getTermios(fd)), 'EBADF');
  await new Promise<void>((resolve) =>
    c.closeLater(fd, (err) => {
      assert.ok(err instanceof SystemError);
      resolve();
    }),
  );
});

test('the keepalive settings of a socket are written and read', async () => {
  const c = needLibc();
  const server = createServer((s) => s.resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const socket = tcpConnect(port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const fd = (socket as unknown as { _handle: { fd: number } })._handle.fd;
  for (const [knob, value] of [
    ['keepalive', 1],
    ['keepidle', 33],
    ['keepintvl', 7],
    ['keepcnt', 4],
    ['userTimeout', 12000],
  ] as const) {
    assert.equal(c.setTcp(fd, knob, value), undefined, knob);
    assert.equal(c.getTcp(fd, knob), value, knob);
  }
  assert.equal(code(c.setTcp(fd, 'keepcnt', 100000)), 'EINVAL');
  assert.equal(code(c.getTcp(0x7fffffff, 'keepcnt')), 'EBADF');
  socket.destroy();
  server.close();
});

const RECEIVE = `
import os, socket, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + path[1:] if path[0] == '@' else path)
s.settimeout(5)
pid = os.fork()
if pid == 0:
  os.execvp(sys.argv[2], sys.argv[2:])
sys.stdout.write(s.recv(100).decode())
os.waitpid(pid, 0)
`;
const SEND = `
import { libc } from '${new URL('../../src/base/libc.js', import.meta.url)}';
const c = libc(), fd = c.connectDatagram(process.argv[1]);
process.exitCode = typeof fd === 'number' && c.sendDatagram(fd, Buffer.from('READY=1')) === undefined ? 0 : 1;
`;
for (const path of [join(dir, 'notify'), `@libc-test-${process.pid}`]) {
  test(`a datagram reaches its receiver at ${path.startsWith('@') ? 'an abstract name' : 'a path'}`, (t) => {
    const got = spawnSync('python3', ['-c', RECEIVE, path, process.execPath, '--input-type=module', '-e', SEND, path], {
      encoding: 'utf8',
    });
    if (got.error) return t.skip('no python3');
    assert.equal(got.stdout, 'READY=1', got.stderr);
  });
}

test('a receiver that is not there, and a path that is none, are errors', () => {
  const c = needLibc();
  assert.equal(code(c.connectDatagram(join(dir, 'nobody'))), 'ENOENT');
  assert.equal(code(c.connectDatagram('')), 'EINVAL');
  assert.equal(code(c.connectDatagram('x'.repeat(108))), 'EINVAL');
  assert.equal(code(c.connectDatagram('a\0b')), 'EINVAL');
});

test('the library is loaded once', () => {
  assert.equal(libc(), libc());
});
