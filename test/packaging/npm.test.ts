// `npm pack`, and the tarball installed globally under another prefix: the command works from there and /usr is not touched.
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { filesBelow } from '../../packaging/payload.ts';
import { start, talk, until } from '../cli/command-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { COMPILED, makeDirectory, ROOT } from './built.ts';

const dir = makeDirectory();
const stage = join(dir, 'project');

const npm = (words: readonly string[], cwd: string): SpawnSyncReturns<string> =>
  spawnSync('npm', [...words, '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, npm_config_fetch_retries: '0', npm_config_fetch_timeout: '15000' },
  });

/** What a checkout has after a build, so that other builds in it are not in the way. Gives the tarball. */
function pack(): { tarball: string; files: readonly string[] } {
  mkdirSync(join(stage, 'build'), { recursive: true });
  const { files: named } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const path of ['package.json', 'README.md', 'LICENSE', ...named.filter((each) => each !== 'build/src')]) {
    cpSync(join(ROOT, path), join(stage, path), { recursive: true });
  }
  cpSync(COMPILED, join(stage, 'build/src'), { recursive: true });
  const done = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', dir, '--cache', join(dir, 'cache')], stage);
  assert.equal(done.status, 0, done.stderr);
  const [packed] = JSON.parse(done.stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(dir, packed.filename), files: packed.files.map(({ path }) => path) };
}

function skipped(t: TestContext): boolean {
  const why = spawnSync('npm', ['--version']).status === 0 ? undefined : 'npm is not there';
  if (why !== undefined) t.skip(why);
  return why !== undefined;
}

test('the tarball has the program, its pages and examples, and nothing else', (t) => {
  if (skipped(t)) return;
  const { files } = pack();
  for (const file of ['package.json', 'build/src/main.js', 'man/ser2net.8', 'examples/demo.yaml']) assert.ok(files.includes(file), file);
  const known =
    /^(?:build\/src|man|examples|packaging\/(?:docker|examples))\/|^src\/(?:README\.md|.*\.schema\.json)$|^(?:package\.json|LICENSE)$/;
  const pages = [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'packaging/README.md',
    'compat/differences.md',
    'test/types/api.md',
  ];
  assert.deepEqual(
    files.filter((file) => !known.test(file) && !pages.includes(file)),
    [],
  );
});

test('what README links to is in the tarball', (t) => {
  if (skipped(t)) return;
  const { files } = pack();
  const links = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((m) => m[1]!);
  assert.ok(links.length > 20);
  const missing = links.filter((link) => !files.some((file) => file === link || file.startsWith(`${link}/`)));
  assert.deepEqual(missing, []);
});

test('installed globally it is the command ser2net, with its manual, and nothing outside the prefix is touched', async (t) => {
  if (skipped(t)) return;
  const { tarball } = pack();
  const prefix = join(dir, 'prefix');
  const install = (how: string) => npm(['install', '-g', '--prefix', prefix, how, tarball], dir);
  // From what npm has kept; else from the registry, if it is there.
  let done = install('--offline');
  if (done.status !== 0) done = install('--prefer-offline');
  if (done.status !== 0) return t.skip(`npm cannot install here: ${done.stderr.split('\n')[0]}`);
  const command = join(prefix, 'bin/ser2net');
  assert.ok(realpathSync(command).startsWith(realpathSync(prefix)));
  const run = (...words: string[]) => spawnSync(command, words, { encoding: 'utf8', cwd: '/' });
  const bare = run('-v');
  assert.equal(bare.stdout, `${command} version 4.3.11\n`, bare.stderr);
  const { version, man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string; man: string[] };
  assert.equal(run('--version').stdout, `ser2net ${version} (compatible with ser2net 4.3.11, Node.js ${process.versions.node})\n`);
  assert.ok(filesBelow(join(prefix, 'lib/node_modules/ser2net')).includes('build/src/main.js'));
  const pages = spawnSync('find', [join(prefix, 'share/man'), '-name', 'ser2net*', '-printf', '%f\n'], { encoding: 'utf8' });
  assert.deepEqual(pages.stdout.trim().split('\n').sort(), man.map((page) => basename(page)).sort());
  assert.deepEqual(
    man.toSorted(),
    filesBelow(join(ROOT, 'man')).map((page) => `man/${page}`),
    'package.json names every page',
  );
  const port = await freePort();
  const file = join(dir, 'c.yaml');
  writeFileSync(file, `connection: &one\n  accepter: tcp,127.0.0.1,${port}\n  connector: echo\n`);
  const daemon = start(['-n', '-r', '-c', file], { script: command });
  await until('Ready', () => daemon.out() === 'Ready\n');
  assert.equal((await talk(port, 'x', (heard) => heard.length === 1)).toString(), 'x');
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0, daemon.err());
});
