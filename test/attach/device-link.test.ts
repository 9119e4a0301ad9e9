import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DeviceLink, type LinkEnv } from '../../src/attach/device-link.ts';
import { openPty } from '../rig/pty.ts';

const GONE = '/dev/pts/999999';

function rig(t: TestContext): { dir: string; path: string; env: LinkEnv } {
  const dir = mkdtempSync(join(tmpdir(), 's2n-link-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, path: join(dir, 'ttyV0'), env: { stateDir: join(dir, 'state'), pid: process.pid } };
}

test('a link is made, pointed elsewhere in one step, and removed with its record', (t) => {
  const { dir, path, env } = rig(t);
  const link = new DeviceLink(path, env);
  link.point('/dev/pts/7');
  assert.equal(readlinkSync(path), '/dev/pts/7');
  link.point('/dev/pts/8');
  assert.equal(readlinkSync(path), '/dev/pts/8');
  assert.equal(readdirSync(join(dir, 'state')).length, 1);
  link.remove();
  assert.deepEqual(readdirSync(dir), ['state']);
  assert.deepEqual(readdirSync(join(dir, 'state')), []);
});

test('a file, a folder, a link to something else and a link to a pty in use are never replaced', async (t) => {
  const { dir, path, env } = rig(t);
  const refused = (code: string) => assert.throws(() => new DeviceLink(path, env).point('/dev/pts/7'), { code });
  writeFileSync(path, 'precious');
  refused('exists');
  assert.equal(readFileSync(path, 'utf8'), 'precious');
  rmSync(path);
  mkdirSync(path);
  refused('exists');
  rmSync(path, { recursive: true });
  symlinkSync('/dev/null', path);
  refused('exists');
  rmSync(path);
  symlinkSync(join(dir, 'nothing'), path);
  refused('exists');
  rmSync(path);
  const pty = openPty();
  t.after(() => pty.close());
  symlinkSync(pty.path, path);
  refused('exists');
  assert.equal(readlinkSync(path), pty.path);
});

test('a link to a pty that is gone is replaced', (t) => {
  const { path, env } = rig(t);
  symlinkSync(GONE, path);
  const link = new DeviceLink(path, env);
  link.point('/dev/pts/7');
  assert.equal(readlinkSync(path), '/dev/pts/7');
  link.remove();
});

test('a link that a process of ours left behind is replaced although its pty is there again; that of a living one is not', async (t) => {
  const { path, env } = rig(t);
  const pty = openPty();
  t.after(() => pty.close());
  const child = spawn('sleep', ['60']);
  t.after(() => void child.kill());
  new DeviceLink(path, { ...env, pid: child.pid! }).point(pty.path);
  assert.throws(() => new DeviceLink(path, env).point('/dev/pts/7'), { code: 'inuse' });
  await new Promise((resolve) => child.once('exit', resolve).kill());
  const link = new DeviceLink(path, env);
  link.point('/dev/pts/7');
  assert.equal(readlinkSync(path), '/dev/pts/7');
  link.remove();
});

test('what somebody else put in its place is left alone at the end', (t) => {
  const { path, env } = rig(t);
  const link = new DeviceLink(path, env);
  link.point('/dev/pts/7');
  rmSync(path);
  symlinkSync('/dev/null', path);
  link.remove();
  assert.equal(readlinkSync(path), '/dev/null');
});

test('without a place for records, or with one that cannot be written, the link works', (t) => {
  const { dir, path } = rig(t);
  writeFileSync(join(dir, 'file'), '');
  for (const stateDir of [undefined, join(dir, 'file', 'state')]) {
    const link = new DeviceLink(path, { stateDir, pid: process.pid });
    link.point('/dev/pts/7');
    link.remove();
    assert.equal(existsSync(path), false);
  }
});

test('a folder that is not there, or where nobody may make links, is an error of the caller, and leaves no record', (t) => {
  const { dir, env } = rig(t);
  assert.throws(() => new DeviceLink(join(dir, 'no', 'ttyV0'), env).point('/dev/pts/7'), {
    code: 'notfound',
    detail: `there is no directory ${join(dir, 'no')}`,
  });
  assert.throws(() => new DeviceLink('/sys/ttyV0', env).point('/dev/pts/7'), { code: 'perm', detail: 'no right to make a link in /sys' });
  assert.deepEqual(readdirSync(join(dir, 'state')), []);
});
