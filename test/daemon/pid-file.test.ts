import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PidFile } from '../../src/daemon/pid-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'pidfile-'));
after(() => rmSync(dir, { recursive: true }));

test('the pid and a line end replace whatever was there', () => {
  const path = join(dir, 'a');
  writeFileSync(path, '1234567890\nextra\n');
  assert.equal(new PidFile(path, 4321).write(), undefined);
  assert.equal(readFileSync(path, 'latin1'), '4321\n');
});

test('it is removed at the end', () => {
  const path = join(dir, 'b');
  const file = new PidFile(path, 1);
  file.write();
  file.remove();
  assert.equal(existsSync(path), false);
  file.remove();
});

test("another instance's file stays", () => {
  const path = join(dir, 'c');
  const mine = new PidFile(path, 1);
  mine.write();
  new PidFile(path, 12).write();
  mine.remove();
  assert.equal(readFileSync(path, 'latin1'), '12\n');
});

test('a file that cannot be written is a warning in the words of ser2net, and nothing is removed later', () => {
  const path = join(dir, 'missing', 'd');
  const file = new PidFile(path, 1);
  assert.equal(file.write(), `Error opening pidfile '${path}': No such file or directory, pidfile not created`);
  file.remove();
  assert.match(new PidFile(dir, 1).write() ?? '', /: Is a directory, pidfile not created$/);
});

test('nobody else may write it, whatever the umask', () => {
  const path = join(dir, 'mode');
  const before = process.umask(0);
  new PidFile(path, 1).write();
  process.umask(before);
  assert.equal(statSync(path).mode & 0o777, 0o644);
});

test('a link is not followed and a pipe is not waited for: a warning, nothing is written, and nothing is removed', () => {
  const precious = join(dir, 'precious');
  writeFileSync(precious, 'kept');
  const link = join(dir, 'link');
  symlinkSync(precious, link);
  const other = join(dir, 'other');
  linkSync(precious, other);
  const pipe = join(dir, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const [path, reason] of [
    [link, 'a symbolic link'],
    [other, 'a file with several names (hard links)'],
    [pipe, 'not a regular file'],
  ] as const) {
    const file = new PidFile(path, 1);
    assert.equal(file.write(), `Error opening pidfile '${path}': ${reason}, pidfile not created`);
    file.remove();
    assert.ok(lstatSync(path));
  }
  assert.equal(readFileSync(precious, 'latin1'), 'kept');
});

test('what took its place since is not waited for at the end, and stays', () => {
  const path = join(dir, 'e');
  const file = new PidFile(path, 1);
  file.write();
  rmSync(path);
  execFileSync('mkfifo', [path]);
  file.remove();
  assert.ok(lstatSync(path).isFIFO());
});
