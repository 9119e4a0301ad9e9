// The rules of the house, read from src/README.md, so that rule and check are one text.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { LAYERS } from '../src/options/stack.ts';

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

/** Our TypeScript below a folder of the repository. */
const filesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));

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

/** Where an import of our own leads, below src. */
const targetsOf = (file: string): string[] =>
  imports(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(SRC, resolve(SRC, dirname(file), target)));

test('each room imports only what the table in src/README.md allows', () => {
  const rooms = new Map(table('room', 'may import').map(([room, may]) => [room!, may!.split(', ')]));
  const roomOf = (file: string): string => {
    if (rooms.has(file)) return file;
    let folder = dirname(file);
    while (!rooms.has(folder) && folder !== '.') folder = dirname(folder);
    return folder;
  };
  for (const file of sources.filter((each) => each.includes('/'))) {
    const room = roomOf(file);
    assert.notEqual(room, '.', `src/${file} is in no room of the import table`);
    for (const target of targetsOf(file)) {
      const to = roomOf(target);
      assert.ok(to === room || rooms.get(room)!.includes(to), `src/${file} imports ${target} of ${to}, which src/README.md does not allow`);
    }
  }
});

test('the rooms stand on floors: what a room may import never leads back to it', () => {
  const rooms = new Map(table('room', 'may import').map(([room, may]) => [room!, may! === '' ? [] : may!.split(', ')]));
  assert.deepEqual(circleIn(rooms), []);
});

test('no import leads back to where it came from, be it of values, of types or at run time', () => {
  assert.deepEqual(circleIn(new Map(sources.map((file) => [file, targetsOf(file)]))), []);
});

/** The first circle found in a graph, as the names along it; empty if there is none. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return [];
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const circle = visit(node);
    if (circle.length > 0) return circle;
  }
  return [];
}

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

test('a port knows no layer by its name: what it has to know of a stack it asks', () => {
  for (const file of sources.filter((each) => each.startsWith('port/'))) {
    const [named] = [...codeOf(file).matchAll(/'([a-z0-9]+)'/g)].map(([, word]) => word!).filter((word) => Object.hasOwn(LAYERS, word));
    assert.equal(named, undefined, `src/${file} names the layer ${named}`);
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

/** How the reason for more than 400 lines begins. */
const LONG = /^(\/\/|\/\*\*| \*) Long because /m;

test('a file starts with a comment that says what it is, and a file past 400 lines says why there', () => {
  for (const file of sources) {
    const lines = textOf(file).split('\n');
    const first = lines[0]!.startsWith('#!') ? lines[1]! : lines[0]!;
    assert.match(first, /^(\/\/|\/\*\*?) /, `src/${file} starts without a comment`);
  }
  for (const file of ['src', 'test', 'compat', 'packaging'].flatMap(filesOf)) {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
    if (lines.length <= 401) continue;
    assert.match(lines.slice(0, 12).join('\n'), LONG, `${file} has ${lines.length} lines and no line that begins "Long because"`);
  }
});

test('tests wait for what must come and never a fixed time: timers are only in the rigs, and where a run is to last', () => {
  for (const file of filesOf('test')) {
    if (/^test\/(rig|bench|torture|clients)\//.test(file)) continue;
    const text = readFileSync(join(ROOT, file), 'utf8');
    assert.ok(text.match(/from '(node:)?timers\/promises'/) === null, `${file} imports timers/promises`);
    const found = /(?<!\.)\b(setTimeout|setInterval|sleep)\(/.exec(text.replace(/'(?:[^'\\\n]|\\.)*'/g, "''"));
    assert.equal(found, null, `${file} uses ${found?.[0]}`);
  }
});
