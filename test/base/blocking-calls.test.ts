// Opens and closes that hang: FIFOs without a reader stand in for devices whose driver does not answer.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BlockingCalls } from '../../src/base/blocking-calls.ts';
import { until } from '../rig/pty.ts';

const dir = mkdtempSync(join(tmpdir(), 'blocking-'));
after(() => rmSync(dir, { recursive: true }));

/** Makes FIFOs that hang whoever opens them for writing; release() lets all of them go. */
function hanging(count: number): { readonly paths: readonly string[]; readonly release: () => void } {
  const paths = Array.from({ length: count }, (_, i) => join(dir, `${count}-${i}`));
  assert.equal(spawnSync('mkfifo', paths).status, 0);
  return {
    paths,
    release: () => {
      for (const path of paths) closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    },
  };
}
const openings = (calls: BlockingCalls, paths: readonly string[]): number[] => {
  const fds: number[] = [];
  for (const path of paths) calls.open(path, constants.O_WRONLY, (err, fd) => fds.push(err === null ? fd : -1));
  return fds;
};

test('with six devices that hang a seventh is opened and closed all the same', async () => {
  const calls = new BlockingCalls({ shared: 2, threads: 8 });
  const { paths, release } = hanging(6);
  const stuck = openings(calls, paths);
  const got = openings(calls, ['/dev/null']);
  await until('the healthy device to be open', () => got.length === 1);
  assert.ok(got[0]! > 0);
  assert.equal(stuck.length, 0);
  let closed: unknown = 'not yet';
  calls.close(got[0]!, (err) => {
    closed = err;
  });
  await until('the healthy device to be closed', () => closed === null);
  assert.equal(calls.pending, 6);
  await until('the others to come back', () => {
    release();
    return stuck.length === 6;
  });
  assert.equal(calls.pending, 0);
  for (const fd of stuck) calls.close(fd);
  await until('all to be closed', () => calls.pending === 0);
});

test('calls that are quick need no thread, and tell what the system says', async () => {
  const calls = new BlockingCalls({ shared: 2, threads: 8 });
  const codes: unknown[] = [];
  // So many that the last of them wait longer than a slow call takes.
  for (let i = 0; i < 20_000; i++) calls.open(join(dir, 'missing'), constants.O_RDWR, (err) => codes.push(err?.code));
  await until('all answers', () => codes.length === 20_000);
  assert.deepEqual(new Set(codes), new Set(['ENOENT']));
  assert.equal(calls.threads, 0);
});

test('a thread of our own tells errors as the shared ones do, and threads are few', async () => {
  const calls = new BlockingCalls({ shared: 2, threads: 8 });
  const { paths, release } = hanging(14);
  const stuck = openings(calls, paths);
  await until('as many threads as there may be', () => calls.threads === 8);
  const late: unknown[] = [];
  calls.open(join(dir, 'missing'), constants.O_RDWR, (err) => late.push(err?.code));
  await until('the others to come back', () => {
    release();
    return stuck.length === 14;
  });
  await until('the error', () => late.length === 1);
  assert.deepEqual(late, ['ENOENT']);
  for (const fd of stuck) if (fd > 0) closeSync(fd);
});

test('where the shared threads hang, a file is read and written on one of our own all the same', async () => {
  const calls = new BlockingCalls({ shared: 1, threads: 4 });
  const { paths, release } = hanging(1);
  const stuck = openings(calls, paths);
  const path = join(dir, 'file');
  const did: unknown[] = [];
  calls.open(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_APPEND,
    (err, fd) => {
      did.push(err);
      calls.write(fd, Buffer.from('hello'), (err, n) => did.push(err, n));
      const data = Buffer.alloc(16, '.');
      calls.read(openSync(path, 'r'), data, (err, n) => did.push(err, n, data.toString()));
    },
    0o640,
  );
  await until('all to be done', () => did.length === 6);
  assert.deepEqual(did, [null, null, 5, null, 5, 'hello...........']);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.equal(stuck.length, 0);
  await until('the pipe to be let go', () => {
    release();
    return stuck.length === 1;
  });
});
