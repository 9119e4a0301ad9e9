// Runs the tests: every file ending in .test.js below this folder whose path has each word given, at most two at once.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const here = import.meta.dirname;
const words = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && words.every((word) => file.includes(word)))
  .sort()
  .map((file) => relative(process.cwd(), join(here, file)));
if (files.length === 0) {
  process.stderr.write(`no test file has all of: ${words.join(' ')}\n`);
  process.exit(1);
}
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-timeout=240000', '--enable-source-maps', ...files],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
