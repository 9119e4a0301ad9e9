import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { type FileRules, type FileUse, openFile, openFileLater, readSmallFile, readSmallFileLater } from '../../src/base/safe-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'safe-file-'));
after(() => rmSync(dir, { recursive: true }));
let number = 0;
const fresh = (): string => join(dir, `f${++number}`);
const USES: readonly FileUse[] = ['read', 'change', 'append', 'replace'];

/** Both ways to open: at once, and on a thread. */
const WAYS: readonly ((path: string, use: FileUse, rules?: FileRules) => Promise<number>)[] = [
  async (path, use, rules) => openFile(path, use, rules),
  async (path, use, rules = {}) => (await promisify(openFileLater)(path, use, rules))!,
];
const READS: readonly ((path: string, maxBytes: number) => Promise<Buffer>)[] = [
  async (path, maxBytes) => readSmallFile(path, { maxBytes }),
  async (path, maxBytes) => (await promisify(readSmallFileLater)(path, { maxBytes }))!,
];
const refusal = (message: RegExp): { name: string; code: string; message: RegExp } => ({ name: 'Error', code: 'EUNSAFE', message });

test('a pipe, a device and a directory are refused for every use, without waiting for anybody', async () => {
  const pipe = fresh();
  execFileSync('mkfifo', [pipe]);
  const folder = fresh();
  mkdirSync(folder);
  for (const open of WAYS) {
    for (const use of USES) {
      await assert.rejects(open(pipe, use), refusal(/^not a regular file$/), use);
      await assert.rejects(open('/dev/null', use), refusal(/^not a regular file$/), use);
      await assert.rejects(open(folder, use), { code: 'EISDIR' }, use);
    }
    await assert.rejects(open(pipe, 'create'), { code: 'EEXIST' });
  }
});

test('a link is followed only where the rules say so, one that leads to nothing makes no file', async () => {
  const target = fresh();
  writeFileSync(target, 'kept');
  const link = fresh();
  symlinkSync(target, link);
  const dangling = fresh();
  symlinkSync(join(dir, 'nowhere'), dangling);
  for (const open of WAYS) {
    for (const use of USES) {
      await assert.rejects(open(link, use), refusal(/^a symbolic link$/), use);
      await assert.rejects(open(dangling, use), refusal(/^a symbolic link$/), use);
    }
    assert.equal(readFileSync(target, 'latin1'), 'kept');
    closeSync(await open(link, 'read', { links: true }));
    await assert.rejects(open(dangling, 'append', { links: true }), { code: 'ENOENT' });
  }
  assert.throws(() => statSync(join(dir, 'nowhere')), { code: 'ENOENT' });
});

test('a file that has another name is not written', async () => {
  const shadow = fresh();
  writeFileSync(shadow, 'root:secret');
  const name = fresh();
  linkSync(shadow, name);
  for (const open of WAYS) {
    for (const use of ['change', 'append', 'replace'] as const) await assert.rejects(open(name, use), refusal(/several names/), use);
    closeSync(await open(name, 'read'));
  }
  assert.equal(readFileSync(shadow, 'latin1'), 'root:secret');
});

test('a use does what it says: changed from the beginning, appended, replaced, made with the mode given, never over something', async () => {
  for (const open of WAYS) {
    const path = fresh();
    const put = async (use: FileUse, text: string, rules?: FileRules): Promise<string> => {
      const fd = await open(path, use, rules);
      writeSync(fd, text);
      closeSync(fd);
      return readFileSync(path, 'latin1');
    };
    await assert.rejects(put('change', 'x'), { code: 'ENOENT' });
    await assert.rejects(put('read', ''), { code: 'ENOENT' });
    const umask = process.umask(0);
    assert.equal(await put('append', 'one', { mode: 0o640 }).finally(() => process.umask(umask)), 'one');
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.equal(await put('append', 'two'), 'onetwo');
    assert.equal(await put('change', 'ON'), 'ONetwo');
    assert.equal(await put('replace', 'x'), 'x');
    await assert.rejects(put('create', 'y'), { code: 'EEXIST' });
    rmSync(path);
    assert.equal(await put('replace', 'z'), 'z');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    rmSync(path);
    assert.equal(await put('create', 'y'), 'y');
    await assert.rejects(open(join(dir, 'no', 'folder'), 'replace'), { code: 'ENOENT' });
  }
});

test('a file without end, sparse or a device of zeros, is not read', async () => {
  const sparse = fresh();
  writeFileSync(sparse, '');
  truncateSync(sparse, 2 ** 41);
  for (const read of READS) {
    await assert.rejects(read(sparse, 64), refusal(/^2199023255552 bytes, more than the 64 expected$/));
    await assert.rejects(read('/dev/zero', 64), refusal(/^not a regular file$/));
  }
});

test('a file that does not tell its size is read to its end, or to the limit', { skip: process.platform !== 'linux' }, async () => {
  for (const read of READS) {
    assert.match((await read('/proc/self/status', 1 << 16)).toString(), /^Name:.*\nvoluntary_ctxt_switches/s);
    await assert.rejects(read('/proc/self/status', 20), refusal(/^more than the 20 bytes expected$/));
  }
});

test('whatever a file holds up to the limit is read as it is', async () => {
  const path = fresh();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 3 }), async (size, room) => {
      const content = Buffer.alloc(size, 'pattern');
      writeFileSync(path, content);
      for (const read of READS) {
        assert.ok((await read(path, size + room)).equals(content));
        if (size > 0) await assert.rejects(read(path, size - 1), refusal(/expected$/));
      }
    }),
    { numRuns: 40 },
  );
});

test('no descriptor is left open by what was refused', { skip: process.platform !== 'linux' }, async () => {
  const highest = async (): Promise<number> => {
    const fd = await WAYS[0]!(process.execPath, 'read', { links: true });
    closeSync(fd);
    return fd;
  };
  const pipe = fresh();
  execFileSync('mkfifo', [pipe]);
  const before = await highest();
  for (const open of WAYS) for (const use of USES) await assert.rejects(open(pipe, use));
  for (const read of READS) {
    await assert.rejects(read('/proc/self/status', 1));
    await read('/proc/self/status', 1 << 16);
  }
  assert.equal(await highest(), before);
});
