import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENT } from '../../src/record/pcapng.ts';
import { bytesOf, folder, packetsOf, Rig, root } from './recording-rig.ts';

test('a file that exists is continued by a section, after what was torn off at its end is removed', async () => {
  const file = join(folder(), 'a.pcapng');
  for (const [i, torn] of [0, 1, 17, 43].entries()) {
    const rig = new Rig({ file });
    const port = rig.port();
    port.opened();
    port.fromDevice(Buffer.from(`run ${i}\n`));
    port.closed('shutdown');
    await rig.recordings.written();
    assert.deepEqual(rig.logged, []);
    const whole = readFileSync(file);
    assert.equal(packetsOf(file).filter(({ event }) => event === EVENT.rx).length, i + 1);
    appendFileSync(file, whole.subarray(-whole.readUInt32LE(whole.length - 4)).subarray(0, torn));
  }
});

test('a file that is no recording is left alone, which is told once, and the session goes on', async () => {
  const file = join(folder(), 'a.pcapng');
  writeFileSync(file, 'precious');
  const rig = new Rig({ file });
  const port = rig.port();
  port.opened();
  for (let i = 0; i < 3; i++) {
    port.fromDevice(Buffer.from('x'));
    await rig.tick();
  }
  assert.equal(readFileSync(file, 'utf8'), 'precious');
  assert.deepEqual(rig.logged, [
    `err: console1: cannot open the recording ${file}: it exists and cannot be continued: not a pcapng file, at byte 0`,
  ]);
});

test('a folder that others may write to, and a link in the place of the file, are refused', async () => {
  const dir = folder();
  chmodSync(dir, 0o777);
  const rig = new Rig({ file: join(dir, 'a.raw') });
  const port = rig.port();
  port.opened();
  port.fromDevice(Buffer.from('x'));
  await rig.tick();
  assert.deepEqual(rig.logged, [`err: console1: cannot open the recording ${dir}/a.raw: others may write to ${dir} (mode 777)`]);
  // As soon as that is put right it is recorded again, and what is missing is counted.
  chmodSync(dir, 0o750);
  port.fromDevice(Buffer.from('y'));
  await rig.tick();
  assert.equal(readFileSync(join(dir, 'a.raw'), 'latin1'), 'y');
  assert.equal(rig.logged[1], `notice: console1: recording to ${dir}/a.raw goes on; 1 bytes were lost`);

  const target = join(folder(), 'precious');
  writeFileSync(target, 'mine');
  const linked = join(folder(), 'a.raw');
  symlinkSync(target, linked);
  const second = new Rig({ file: linked });
  const other = second.port();
  other.opened();
  other.fromDevice(Buffer.from('x'));
  await second.tick();
  assert.equal(readFileSync(target, 'utf8'), 'mine');
  assert.deepEqual(second.logged, [`err: console1: cannot open the recording ${linked}: a symbolic link`]);
});

test('a list that was tampered with leads to no file outside the folder, and to none that is not a file', async () => {
  const dir = folder();
  const outside = join(root, 'outside.raw');
  writeFileSync(outside, 'mine');
  mkdirSync(join(dir, 'folder.raw'));
  writeFileSync(join(dir, '.ser2net-console1.index'), ['1 ../outside.raw', '2 folder.raw', `3 ${outside}`, '4 ..', 'x', ''].join('\n'));
  const rig = new Rig({ file: join(dir, 'a.raw'), keep: 0 });
  const port = rig.port();
  port.opened();
  port.fromDevice(Buffer.from('x'));
  await rig.tick();
  assert.equal(readFileSync(outside, 'utf8'), 'mine');
  assert.ok(existsSync(join(dir, 'folder.raw')));
  assert.equal(readFileSync(join(dir, 'a.raw'), 'utf8'), 'x');
});

test('two ports cannot record to the same file', async () => {
  const file = join(folder(), 'a.raw');
  const rig = new Rig({ file });
  const [one, two] = [rig.port('one'), rig.port('two')];
  one.opened();
  one.fromDevice(Buffer.from('1'));
  await rig.tick();
  two.opened();
  two.fromDevice(Buffer.from('2'));
  await rig.tick();
  assert.equal(readFileSync(file, 'utf8'), '1');
  assert.deepEqual(rig.logged, [`err: two: cannot open the recording ${file}: another port records to it`]);
  // When the first one is done the second may.
  one.closed('shutdown');
  await rig.recordings.written();
  two.fromDevice(Buffer.from('3'));
  await rig.tick();
  assert.equal(readFileSync(file, 'utf8'), '13');
});

test('while the disk takes nothing, a bounded amount is kept, and the gap is told with its size in the file and in the log', async () => {
  const file = join(folder(), 'a.pcapng');
  const rig = new Rig({ file });
  const port = rig.port();
  port.opened();
  const piece = Buffer.alloc(50_000, 'x');
  for (let i = 0; i < 40; i++) port.fromDevice(piece);
  await rig.tick();
  port.fromDevice(Buffer.from('on'));
  await rig.tick();
  const packets = packetsOf(file);
  const kept = bytesOf(packets).length;
  assert.ok(kept <= (1 << 20) + 50_002 && kept > 900_000, String(kept));
  const gaps = packets.filter(({ event }) => event === EVENT.lost).map(({ comment }) => comment);
  assert.deepEqual(gaps, [`${40 * 50_000 + 2 - kept} bytes lost`]);
  assert.equal(packets.at(-1)!.data.toString(), 'on');
  assert.deepEqual(rig.logged, [`warning: console1: recording: ${gaps[0]}, the disk is too slow`]);
});

test('a full disk is told once, the file stays whole, and it goes on when there is room', async (t) => {
  const dir = folder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0750', 'tmpfs', dir]).status === 0;
  if (!mounted) return t.skip('needs the right to mount a small file system');
  try {
    const file = join(dir, 'a.pcapng');
    const rig = new Rig({ file });
    const port = rig.port();
    port.opened();
    port.fromDevice(Buffer.from('first'));
    await rig.tick();
    const ballast = join(dir, 'ballast');
    spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096']);
    for (let i = 0; i < 5; i++) {
      port.fromDevice(Buffer.alloc(6000, 'y'));
      await rig.tick();
    }
    assert.equal(bytesOf(packetsOf(file)).slice(0, 5), 'first');
    assert.deepEqual(rig.logged, [`err: console1: cannot write to the recording ${file}: No space left on device`]);
    rmSync(ballast);
    port.fromDevice(Buffer.from('last'));
    await rig.tick();
    const packets = packetsOf(file);
    const [gap] = packets.filter(({ event }) => event === EVENT.lost);
    const written = bytesOf(packets);
    assert.ok(written.endsWith('last'));
    assert.equal(gap?.comment, `${5 + 5 * 6000 + 4 - written.length} bytes lost`);
    assert.match(rig.logged[1]!, /^notice: console1: recording to .* goes on; [0-9]+ bytes were lost$/);
    assert.equal(rig.logged.length, 2);
    port.closed('shutdown');
    await rig.recordings.written();
  } finally {
    spawnSync('umount', ['-l', dir]);
  }
});
