import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { libc } from '../../../src/base/libc.ts';
import { warmUp } from '../../../src/gensio/serialdev/warm-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { until } from '../../rig/pty.ts';

test('warming up opens a terminal of its own and leaves nothing open', async (t) => {
  const c = libc();
  if (c === undefined) return t.skip('no koffi here');
  const opened: number[] = [];
  const real = c.getTermios;
  t.mock.method(c, 'getTermios', (fd: number) => {
    opened.push(fd);
    return real(fd);
  });
  const warm = async (): Promise<void> => {
    const clock = new FakeClock();
    let over = false;
    warmUp(clock, () => {
      over = true;
    });
    clock.advance(0);
    await until('the end', () => over);
  };
  await warm();
  const before = readdirSync('/proc/self/fd').length;
  await warm();
  assert.equal(readdirSync('/proc/self/fd').length, before);
  assert.ok(opened.length > 0);
});
