import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { runIn } from '../../../src/base/fault-domain.ts';
import { type Libc, libc, SystemError, unixAddress } from '../../../src/base/libc.ts';
import { watchDescriptor } from '../../../src/gensio/net/readiness.ts';
import { forcePublicInterfaces } from '../../../src/gensio/uv-handle.ts';
import { settle, until } from '../../compliance/recording-up.ts';
import { must, needLibc } from '../../rig/pty.ts';

const skip = libc() === undefined && 'koffi is not installed';
let n = 0;

/** A socket, and how to send to it. */
function receiver(t: TestContext, c: Libc): { fd: number; send(): SystemError | undefined } {
  const fd = must(c.datagramSocket()) as number;
  const name = unixAddress(`@ser2net-readiness-${process.pid}-${n++}`)!;
  must(c.bindUnix(fd, name));
  t.after(() => void c.close(fd));
  const sender = must(c.datagramSocket()) as number;
  t.after(() => void c.close(sender));
  return { fd, send: () => c.sendTo(sender, Buffer.from('x'), name) };
}
const NOTHING = { read: false, write: false };

test('it is told again and again that there is something to read, until it is read or nobody wants to know', { skip }, async (t) => {
  const c = needLibc();
  const { fd, send } = receiver(t, c);
  let told = 0;
  const watched = watchDescriptor(fd, ({ read, write }) => {
    assert.deepEqual([read, write], [true, false]);
    told++;
  })!;
  t.after(() => watched.stop());
  send();
  await settle();
  assert.equal(told, 0, 'before it is wanted');
  watched.want({ read: true, write: false });
  await until(() => told > 2, 'it is told');
  c.receiveFrom(fd, Buffer.alloc(10));
  await settle();
  const before = told;
  await settle();
  assert.equal(told, before, 'when it is read');
  send();
  await until(() => told > before, 'the next one');
  watched.want(NOTHING);
  const then = told;
  await settle();
  assert.equal(told, then, 'when it is not wanted any more');
});

test('many are told of at once; who stops one of them in there hears nothing more of it', { skip }, async (t) => {
  const c = needLibc();
  const all = Array.from({ length: 20 }, () => receiver(t, c));
  const told = new Set<number>();
  const watches = all
    .map(({ fd }) =>
      watchDescriptor(fd, () => {
        assert.ok(!told.has(fd), 'told after stop()');
        told.add(fd);
        watches[all.findIndex((r) => r.fd === fd)]!.stop();
      }),
    )
    .map((watched) => watched!);
  for (const [i, { send }] of all.entries()) {
    send();
    watches[i]!.want({ read: true, write: true });
  }
  await until(() => told.size === all.length, 'all of them');
  watches[0]!.want({ read: true, write: true });
  await settle();
});

test('what throws is the failure of its owner, and others are told all the same', { skip }, async (t) => {
  const c = needLibc();
  const [bad, good] = [receiver(t, c), receiver(t, c)];
  const failures: unknown[] = [];
  let told = 0;
  runIn({ failed: (err) => void failures.push(err) }, () => {
    const watched = watchDescriptor(bad.fd, () => {
      watched.stop();
      throw new Error('oops');
    })!;
    watched.want({ read: true, write: false });
  });
  const watched = watchDescriptor(good.fd, () => {
    told++;
    watched.stop();
  })!;
  watched.want({ read: true, write: false });
  bad.send();
  good.send();
  await until(() => told === 1 && failures.length === 1, 'both');
});

test('without the insides of Node nothing can be watched', { skip }, (t) => {
  const { fd } = receiver(t, needLibc());
  forcePublicInterfaces(true);
  t.after(() => forcePublicInterfaces(false));
  assert.equal(
    watchDescriptor(fd, () => undefined),
    undefined,
  );
});

const PROGRAM = `
import { libc } from '${new URL('../../../src/base/libc.js', import.meta.url)}';
import { watchDescriptor } from '${new URL('../../../src/gensio/net/readiness.js', import.meta.url)}';
const fd = libc().datagramSocket();
const watched = watchDescriptor(fd, () => undefined);
watched.want({ read: true, write: false });
setImmediate(() => watched.stop());
`;

test('a program that watches nothing any more ends', { skip }, () => {
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', PROGRAM], { timeout: 20_000, encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('a wrong descriptor is an error, not an end', { skip }, () => {
  const c = needLibc();
  for (const got of [
    c.receiveFrom(-1, Buffer.alloc(1)),
    c.sendTo(-1, Buffer.alloc(1), unixAddress('/x')!),
    c.bindUnix(-1, undefined),
    c.epollSet(-1, 0, 'add', NOTHING),
  ])
    assert.ok(got instanceof SystemError && got.code === 'EBADF');
  assert.deepEqual(c.epollReady(-1), []);
  assert.equal(c.writable(-1), false);
});
