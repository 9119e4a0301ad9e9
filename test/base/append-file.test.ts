import assert from 'node:assert/strict';
import { closeSync, existsSync, linkSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppendFile, type AppendStep } from '../../src/base/append-file.ts';
import { until } from '../compliance/recording-up.ts';
import { testFolder } from '../rig/keys.ts';

const dir = testFolder();
const content = (file: string): string => (existsSync(file) ? readFileSync(file, 'latin1') : '');

test('a file that is opened again, as after SIGHUP, keeps the order of what is traced', async () => {
  const file = join(dir, 'log');
  for (let i = 0; i < 20; i++) {
    const first = new AppendFile(file, assert.fail);
    first.append(Buffer.alloc(300_000, 'a'));
    first.append(Buffer.alloc(300_000, 'b'));
    // Whether it is being opened or written to.
    if (i % 2 === 0) await until(() => content(file).length > 0, 'the beginning');
    first.end();
    const second = new AppendFile(file, assert.fail, { before: first });
    second.append(Buffer.from('c'));
    second.end();
    await second.done;
    assert.equal(content(file).replace(/(.)\1+/g, '$1'), 'abc');
    rmSync(file);
  }
});

test('a disk that takes nothing is told of once, and what did not fit is counted in the file', {
  skip: !existsSync('/dev/full') && 'no /dev/full',
}, async () => {
  const fd = openSync('/dev/full', 'w');
  const told: [string | undefined, AppendStep][] = [];
  const file = new AppendFile(fd, (err, what) => void told.push([err.code, what]));
  for (let i = 1; i < 4; i++) file.append(Buffer.from('x'));
  file.end();
  await file.done;
  assert.deepEqual(told, [['ENOSPC', 'write']]);
  closeSync(fd);
});

test('a file with another name is not written, and one that is to be empty is emptied', async () => {
  const [path, other] = [join(dir, 'one'), join(dir, 'other')];
  writeFileSync(path, 'before');
  linkSync(path, other);
  const told: string[] = [];
  const refused = new AppendFile(path, (err, what) => void told.push(`${what}: ${err.message}`), { empty: true });
  refused.append(Buffer.from('x'));
  await refused.done;
  assert.deepEqual(told, ['open: a file with several names (hard links)']);
  assert.equal(content(path), 'before');
  rmSync(other);
  const file = new AppendFile(path, assert.fail, { empty: true });
  file.append(Buffer.from('after'));
  file.end();
  await file.done;
  assert.equal(content(path), 'after');
});

test('a new file has the rights it was given, else it is for its owner alone', async () => {
  for (const [name, mode, expected] of [
    ['own', undefined, 0o600],
    ['shared', 0o604, 0o604],
  ] as const) {
    const file = new AppendFile(join(dir, name), assert.fail, mode === undefined ? {} : { mode });
    file.end();
    await file.done;
    assert.equal(statSync(join(dir, name)).mode & 0o777, expected);
  }
});
