// The entrances of the package: what each gives is a part of the whole, and loads no more than it needs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../packaging/gen/pages.ts';

const hooks = `let n = 0; export async function load(url, context, next) { process._rawDebug("loaded " + url); return next(url, context); }`;
const register = `import { register } from 'node:module'; register('data:text/javascript,${encodeURIComponent(hooks)}');`;

/** What a program that imports this has loaded of this package and others, as URLs. */
function loaded(name: string): string[] {
  const program = `import '${name}'`;
  const words = ['--import', `data:text/javascript,${encodeURIComponent(register)}`, '--input-type=module', '-e', program];
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return [...stderr.matchAll(/^loaded (file:.*)$/gm)].map((m) => m[1]!);
}

for (const [name, limit] of [
  ['ser2net/telnet', 10],
  ['ser2net/rfc2217', 25],
  ['ser2net/config', 100],
] as const) {
  test(`import '${name}' loads fewer than ${limit} modules, and no package`, () => {
    const urls = loaded(name);
    assert.ok(urls.length > 1 && urls.length < limit, `${urls.length} modules:\n${urls.join('\n')}`);
    assert.deepEqual(
      urls.filter((url) => url.includes('/node_modules/')),
      [],
    );
  });
}

test('every entrance is a part of the whole', async () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, { default: string }> };
  const whole: object = await import('../../src/index.ts');
  for (const { default: file } of Object.values(exports)) {
    const part = (await import(join(ROOT, file))) as object;
    assert.ok(Object.keys(part).length > 0);
    for (const [name, value] of Object.entries(part)) assert.equal((whole as Record<string, unknown>)[name], value, `${file}: ${name}`);
  }
});
