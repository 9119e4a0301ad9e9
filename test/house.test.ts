// The rules of the house, read from src/README.md, so that rule and check are one text.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const SRC = join(ROOT, 'src');
const readme = readFileSync(join(SRC, 'README.md'), 'utf8');
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
const textOf = (file: string): string => readFileSync(join(SRC, file), 'utf8');
/** The code without comments, so that a word in prose is no use of the thing. Good enough for the words looked for. */
const codeOf = (file: string): string =>
  textOf(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '');

/** The rows of the table whose head has these cells. */
function table(...head: string[]): string[][] {
  const cells = (line: string): string[] =>
    line
      .replace(/^\||\|\s*$/g, '')
      .split('|')
      .map((cell) => cell.trim());
  const lines = readme.split('\n');
  const at = lines.findIndex((line) => line.startsWith('|') && cells(line).join() === head.join());
  assert.notEqual(at, -1, `src/README.md has no table headed ${head.join(' | ')}`);
  const end = lines.findIndex((line, i) => i > at && !line.startsWith('|'));
  return lines.slice(at + 2, end).map(cells);
}
const imports = (file: string): string[] => [...textOf(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((m) => m[1]!);

test('each folder imports only what the table in src/README.md allows', () => {
  const allowed = new Map(table('folder', 'may import').map(([folder, may]) => [folder, may!.split(', ')]));
  for (const file of sources) {
    const folder = file.split('/')[0]!;
    if (!file.includes('/')) continue;
    const may = allowed.get(folder);
    assert.ok(may !== undefined, `src/${folder}/ is not in the import table`);
    for (const target of imports(file).filter((t) => t.startsWith('.'))) {
      const to = relative(SRC, resolve(SRC, dirname(file), target)).split('/')[0]!;
      assert.ok(to === folder || may.includes(to), `src/${file} imports ${to}, which src/README.md does not allow`);
    }
  }
});

test('what may stand in few places stands only there', () => {
  for (const [word, places] of table('only there', 'where')) {
    const needle = word!.replaceAll('`', '');
    const where = places!.split(', ');
    for (const file of sources) {
      if (where.some((place) => file === place || (place.endsWith('/') && file.startsWith(place)))) continue;
      assert.ok(!codeOf(file).includes(needle), `src/${file} uses ${needle}, which may stand only in ${places}`);
    }
  }
});

test('imports between our files end in .ts, and there are no default exports, enums or files named for nothing', () => {
  for (const file of sources) {
    for (const target of imports(file)) assert.ok(!target.startsWith('.') || target.endsWith('.ts'), `src/${file}: '${target}'`);
    assert.ok(!/^export default /m.test(codeOf(file)), `src/${file} has a default export`);
    assert.ok(!/^(export )?(const )?enum /m.test(codeOf(file)), `src/${file} has an enum`);
    assert.ok(!/(^|\/)(utils|helpers|common|types)\.ts$/.test(file), `src/${file} is named for nothing`);
    assert.match(file, /^[a-z0-9/.-]+$/, `src/${file} is not in kebab-case`);
  }
});

test('a file starts with a comment that says what it is, and a file past 400 lines says why there', () => {
  for (const file of sources) {
    const lines = textOf(file).split('\n');
    const first = lines[0]!.startsWith('#!') ? lines[1]! : lines[0]!;
    assert.match(first, /^(\/\/|\/\*\*?) /, `src/${file} starts without a comment`);
    if (lines.length <= 400) continue;
    const head = lines.slice(0, 8).join('\n');
    assert.match(
      head,
      /long|one table|in one file|together/i,
      `src/${file} has ${lines.length} lines and its first comment does not say why`,
    );
  }
});
