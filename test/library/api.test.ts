import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { API_REPORT, apiReport, surface, writtenReport } from '../../packaging/gen/api.ts';
import { ROOT } from '../../packaging/gen/pages.ts';

test('the report of the public surface is that of the declarations', () => {
  assert.ok(writtenReport() === apiReport(), `${API_REPORT} is stale: npm run gen`);
});

test('nothing exported is any', () => {
  for (const { name, text } of surface().exported) assert.doesNotMatch(text, /(?<![.\w])any(?!\w)/, name);
});

test('each exported name is in the tests of types', () => {
  const dir = join(ROOT, 'test/types');
  const tests = readdirSync(dir).filter((file) => file.endsWith('.test-d.ts'));
  const text = tests.map((file) => readFileSync(join(dir, file), 'utf8').replace(/^import [^;]*;/gm, '')).join('');
  for (const { name } of surface().exported) assert.match(text, new RegExp(`\\b${name}\\b`), `test/types does not use ${name}`);
});
