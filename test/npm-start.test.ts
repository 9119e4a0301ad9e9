// `npm start` from a checkout: what it says while it works, and to whom Node.js is too old.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN, makeDirectory, start, until, untilListens } from './cli/command-rig.ts';
import { freePort } from './rig/free-port.ts';

const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const dir = makeDirectory();

/** Where Node.js says that it is another version. */
const old = join(dir, 'old.cjs');
writeFileSync(old, "Object.defineProperty(process.versions, 'node', { value: '18.19.1' });\n");
const withOldNode = { ...process.env, NODE_OPTIONS: `--require ${old}` };
const TOO_OLD = 'ser2net needs Node.js 20 or newer, this is 18.19.1: see https://nodejs.org/en/download\n';

/** A checkout in which nothing is installed, and an npm that only says what it is asked. */
function checkout(): { cwd: string; env: NodeJS.ProcessEnv } {
  const cwd = join(makeDirectory(), 'checkout');
  const bin = join(cwd, 'bin');
  mkdirSync(join(cwd, 'build/test/rig'), { recursive: true });
  mkdirSync(bin);
  writeFileSync(join(cwd, 'package-lock.json'), '{}');
  writeFileSync(join(cwd, 'build/test/rig/start.js'), "console.log('started', ...process.argv.slice(2));\n");
  writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "npm $*"\n');
  chmodSync(join(bin, 'npm'), 0o755);
  return { cwd, env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } };
}
const sh = (script: string, options: { cwd: string; env: NodeJS.ProcessEnv }) =>
  spawnSync('sh', ['-c', script], { ...options, encoding: 'utf8' });

test('an old Node.js is told so in one sentence, before anything is installed or loaded', () => {
  const { cwd, env } = checkout();
  const setup = sh(scripts.setup!, { cwd, env: { ...env, NODE_OPTIONS: withOldNode.NODE_OPTIONS } });
  assert.deepEqual([setup.status, setup.stdout, setup.stderr], [1, '', TOO_OLD]);
  const command = spawnSync(process.execPath, [MAIN, '--version'], { env: withOldNode, encoding: 'utf8' });
  assert.deepEqual([command.status, command.stdout, command.stderr], [1, '', TOO_OLD]);
});

test('what takes long is a line each: installing, and building', () => {
  const { cwd, env } = checkout();
  const setup = sh(scripts.setup!, { cwd, env });
  assert.deepEqual([setup.status, setup.stdout], [0, 'Installing the dependencies ...\nnpm ci --no-audit --no-fund\n'], setup.stderr);
  mkdirSync(join(cwd, 'node_modules'));
  writeFileSync(join(cwd, 'node_modules/.package-lock.json'), '{}');
  const again = sh(scripts.setup!, { cwd, env });
  assert.deepEqual([again.status, again.stdout], [0, '']);
  const begun = sh(scripts.start!, { cwd, env });
  assert.deepEqual(begun.stdout.split('\n'), ['npm run --silent setup', 'Building ser2net ...', 'npm run --silent build', 'started', '']);
});

test('with a configuration it says what listens where', async () => {
  const [port, admin] = [await freePort(), await freePort()];
  const file = join(dir, 'start.yaml');
  writeFileSync(
    file,
    `admin:\n  accepter: tcp,localhost,${admin}\nconnection: &plc\n  accepter: tcp,localhost,${port}\n  connector: echo\nconnection: &off\n  accepter: tcp,1\n  connector: echo\n  enable: off\n`,
  );
  const running = start(['-n', '-u', '-c', file], { script: join(import.meta.dirname, 'rig/start.js') });
  await until('the lines', () => running.out().includes('control port'));
  assert.equal(
    running.out(),
    `ser2net is starting with ${file}; Control-C ends it.\n  plc: tcp,localhost,${port} -> echo\n  control port: tcp,localhost,${admin}\n`,
  );
  await untilListens(port);
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
});
