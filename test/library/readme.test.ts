// README.md and its like: links lead somewhere, configurations are read, tables are complete, commands exist.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../packaging/gen/pages.ts';
import { formatDiag, readConfig } from '../../src/index.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const readme = read('README.md');
const { scripts, dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
  string,
  Record<string, string>
>;
const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'src/README.md', 'examples/socat.md', 'examples/article/README.md'];

test('links of the pages lead to files that are there', () => {
  for (const page of PAGES) {
    for (const [, to] of read(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^https?:/.test(to!)) assert.ok(existsSync(join(ROOT, dirname(page), to!)), `${page}: ${to}`);
    }
  }
});

test('npm commands of the pages are scripts of the package', () => {
  for (const page of PAGES) {
    for (const [, name] of read(page).matchAll(/npm run ([a-z:]+)/g)) assert.ok(Object.hasOwn(scripts!, name!), `${page}: npm run ${name}`);
  }
});

test('the configurations in the README are read without a word', () => {
  const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map((m) => m[1]!);
  assert.ok(blocks.length > 0);
  for (const block of blocks) assert.deepEqual(readConfig(block, 'README.yaml').diags.map(formatDiag), []);
});

test('each package the project depends on has a row or a word with its reason', () => {
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
    assert.match(readme, new RegExp(`^\\| \`${name}\``, 'm'), name);
  for (const name of Object.keys(devDependencies!)) assert.ok(readme.includes(`\`${name}\``), name);
});

test('what the README says the library has, it has', async () => {
  const library = await import('../../src/index.ts');
  const named = readme.slice(readme.indexOf('## In a program'), readme.indexOf('## Compared with')).matchAll(/\| (`[^|]*) \|/g);
  const names = [...named].flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)`/g)].map((m) => m[1]!));
  assert.ok(names.length > 10);
  for (const name of names) assert.ok(Object.hasOwn(library, name), name);
});
