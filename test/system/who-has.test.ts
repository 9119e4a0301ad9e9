// Who has a device or an address, found in a /proc of our own.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSpec } from '../../src/gensio/syntax/gensio-str.ts';
import { whoHas } from '../../src/system/who-has.ts';

const SOCKET =
  '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 100 0 0 10 0';

test('the process that has a device or listens on an address is found, with its name; one look a second', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 's2n-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const proc = join(dir, 'proc');
  for (const [pid, name, ...links] of [
    ['12', 'getty', '/dev/null', '/dev/ttyS9'],
    ['13', 'nginx', 'socket:[4242]'],
    ['14', '', '/dev/ttyS8'],
  ]) {
    mkdirSync(join(proc, pid!, 'fd'), { recursive: true });
    writeFileSync(join(proc, pid!, 'comm'), `${name}\n`);
    for (const [fd, to] of links.entries()) symlinkSync(to, join(proc, pid!, 'fd', String(fd)));
  }
  mkdirSync(join(proc, 'net'));
  writeFileSync(join(proc, 'net/tcp'), `  sl  local_address\n${SOCKET}\n`);
  let now = 0;
  const ask = whoHas({ sys: dir, dev: join(dir, 'dev'), proc, locks: dir }, () => now);
  const asked = async (text: string, role: 'accepter' | 'connector'): Promise<string | undefined> => {
    now += 1000;
    return ask(parseSpec(text, role)!);
  };
  assert.equal(await asked('serialdev,/dev/ttyS9', 'connector'), 'getty (process 12)');
  assert.equal(await asked('dev,/dev/ttyS8', 'connector'), 'process 14');
  assert.equal(await asked('tcp,8080', 'accepter'), 'nginx (process 13)');
  for (const nobody of ['udp,8080', 'tcp,8081', 'unix,/none']) assert.equal(await asked(nobody, 'accepter'), undefined, nobody);
  assert.equal(await ask(parseSpec('tcp,8080', 'accepter')!), undefined);
});
