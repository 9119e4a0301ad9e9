import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { noteDescriptor } from '../../../src/gensio/net/descriptors.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { testEnv } from '../../rig/gensio-env.ts';

test('the log tells once a minute that descriptors run out, and looks at the limit again every second', () => {
  const clock = new FakeClock();
  const env = testEnv({ clock });
  let limit = 64;
  const accepted = (fd: number | undefined): void => noteDescriptor(fd, env, () => limit);
  accepted(undefined);
  accepted(55);
  assert.deepEqual(env.lines, []);
  accepted(56);
  accepted(63);
  const line = (used: string): string =>
    `err accept: too many open files: ${used} are in use, new connections are closed when none is left (raise LimitNOFILE= or ulimit -Hn)`;
  assert.deepEqual(env.lines, [line('57 of 64')]);
  clock.advance(59_999);
  accepted(60);
  assert.equal(env.lines.length, 1);
  clock.advance(1);
  accepted(60);
  assert.deepEqual(env.lines.splice(0), [line('57 of 64'), line('61 of 64')]);
  limit = 1000;
  clock.advance(60_000);
  accepted(63);
  limit = 40;
  accepted(63);
  assert.deepEqual(env.lines, []);
  clock.advance(1000);
  accepted(63);
  assert.deepEqual(env.lines, [line('64 of 40')]);
});

test('with the limit of this process nothing is said of a small number, and something of one that is beyond it', () => {
  const env = testEnv();
  noteDescriptor(3, env);
  assert.deepEqual(env.lines, []);
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  noteDescriptor(2 ** 31 - 1, env);
  assert.equal(env.lines.length, limit === undefined ? 0 : 1);
  if (limit !== undefined) assert.match(env.lines[0]!, new RegExp(`of ${limit} are in use`));
});
