// The program in one file starts as the modules do, and is left alone when it is not of the same build.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { filesBelow } from '../../packaging/payload.ts';
import { start, talk, until } from '../cli/command-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { COMPILED, makeDirectory, ROOT } from './built.ts';

const dir = makeDirectory();
const folder = join(dir, 'build/src');
const main = join(folder, 'main.js');
const program = join(folder, 'program.js');
mkdirSync(folder, { recursive: true });
for (const name of filesBelow(COMPILED).filter((file) => file.endsWith('.js') && file !== 'program.js')) {
  cpSync(join(COMPILED, name), join(folder, name));
}
cpSync(join(ROOT, 'package.json'), join(dir, 'package.json'));
symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
const builder = resolve(import.meta.dirname, '../../packaging/bundle.js');
const made = spawnSync(process.execPath, [builder, folder], { encoding: 'utf8', timeout: 60_000 });
const run = (...words: string[]) => spawnSync(process.execPath, [main, ...words], { encoding: 'utf8', timeout: 30_000 });
/** Whether a start reads the one file: with a word in it that says so. */
const usesIt = (): boolean => run('-v').stderr.includes('from one file');

test('it is written with a cache, in ASCII, and the command does what it does from modules', () => {
  assert.equal(made.status, 0, made.stderr);
  const text = readFileSync(program, 'latin1');
  assert.ok(/^[\n\t -~]*$/.test(text));
  assert.equal(readFileSync(join(folder, 'program.cache')).toString('latin1', 0, 67), text.slice(0, 67));
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.equal(run('--version').stdout, `ser2net ${version} (compatible with ser2net 4.3.11, Node.js ${process.versions.node})\n`);
  const file = join(dir, 'bad.yaml');
  writeFileSync(file, 'connection: &a\n  accepter: tcp(bogus=1),1\n  connector: echo\n');
  assert.equal(run('check', file).status, 1);
});

test('a daemon started from it serves', async () => {
  const port = await freePort();
  const file = join(dir, 'c.yaml');
  writeFileSync(file, `connection: &one\n  accepter: telnet(rfc2217),tcp,127.0.0.1,${port}\n  connector: echo\n`);
  const daemon = start(['-n', '-r', '-c', file], { script: main });
  await until('Ready', () => daemon.out() === 'Ready\n');
  assert.ok((await talk(port, 'x', (heard) => heard.includes('x'))).includes('x'));
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0, daemon.err());
});

test('a cache of another text is not used, and without one it works as well', () => {
  const cache = join(folder, 'program.cache');
  const kept = readFileSync(cache);
  const other = Buffer.from(kept);
  other.write('0000', 2);
  writeFileSync(cache, other);
  assert.match(run('-v').stdout, /version 4\.3\.11/);
  writeFileSync(cache, kept.subarray(0, 100));
  assert.match(run('-v').stdout, /version 4\.3\.11/);
  writeFileSync(cache, kept);
});

test('one that is older than a compilation is not used', () => {
  writeFileSync(
    program,
    readFileSync(program, 'latin1').replace('(function(require,__base){', "(function(require,__base){console.error('from one file');"),
  );
  assert.ok(usesIt());
  const info = join(dir, 'build/.tsbuildinfo');
  writeFileSync(info, '');
  assert.ok(!usesIt());
  utimesSync(info, 0, 0);
  assert.ok(usesIt());
});
