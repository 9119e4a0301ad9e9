import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pages, ROOT } from './pages.ts';

test('the generated parts of the manual pages are those of the option rows', () => {
  for (const { path, is, should } of pages()) assert.ok(is === should, `${path} is stale: npm run gen`);
});

test('man finds nothing to warn about', (t) => {
  if (spawnSync('man', ['--version']).status !== 0) return t.skip('no man here');
  for (const { path } of pages()) {
    const { stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', join(ROOT, path)], { encoding: 'utf8' });
    assert.equal(stderr, '', path);
  }
});
