// SECURITY.md: each sentence about who can do what has a test that is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './built.ts';

test('each sentence of SECURITY.md about who can do what names a test, and that test is there', () => {
  const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  const chapter = text.split(/^## /m).find((each) => each.startsWith('Who can do what')) ?? '';
  const claims = chapter.split('\n').filter((line) => line.startsWith('- '));
  assert.ok(claims.length > 20);
  for (const claim of claims) {
    const proofs = [...claim.matchAll(/\]\((test\/[^ )]+) "([^"]+)"\)/g)];
    assert.ok(proofs.length > 0, `no test: ${claim}`);
    for (const [, file = '', name = ''] of proofs)
      assert.ok(readFileSync(join(ROOT, file), 'utf8').includes(name), `${file} has no '${name}'`);
  }
});
