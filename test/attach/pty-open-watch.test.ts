import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PtyOpenWatch } from '../../src/attach/pty-open-watch.ts';
import { type Libc, SystemError } from '../../src/base/libc.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { needLibc } from '../rig/pty.ts';

test('without inotify its owners are told to look, also those that came after all others had gone', () => {
  const libc: Libc = Object.create(needLibc(), { inotify: { value: () => new SystemError(24, 'inotify_init1') } });
  const clock = new FakeClock();
  const watch = new PtyOpenWatch(libc, clock);
  const told: string[] = [];
  const first = watch.add('/dev/pts/0', (event) => told.push(`first ${event}`));
  clock.advance(300);
  first.remove();
  const second = watch.add('/dev/pts/0', (event) => told.push(`second ${event}`));
  clock.advance(300);
  second.remove();
  assert.deepEqual(told, ['first look', 'second look']);
  assert.equal(clock.timers, 0);
});
