// The archive for machines without apt, and its install.sh: below a folder that stands for a machine, and in a copy of this one.
import assert from 'node:assert/strict';
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { buildArchive } from '../../packaging/archive.ts';
import { debOptions, makeDirectory } from './built.ts';
import { inSandbox, whyNoSandbox } from './sandbox.ts';

const out = makeDirectory();
const unpacked = makeDirectory();
let folder = '';
let archive = '';
before(() => {
  archive = buildArchive(debOptions('standalone', out));
  execFileSync('tar', ['-xf', archive, '-C', unpacked]);
  folder = join(unpacked, readdirSync(unpacked)[0]!);
});

const install = (...words: string[]): SpawnSyncReturns<string> =>
  spawnSync('/bin/sh', [join(folder, 'install.sh'), ...words], { encoding: 'utf8' });
/** A machine that is a folder, with systemd. */
function machine(): string {
  const root = makeDirectory();
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
  return root;
}

test('one folder, named for version and machine, owned by root, and the same again from the same sources', () => {
  const names = execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' }).trim().split('\n');
  for (const name of names) assert.match(name, / 0\/0 .* ser2net-[0-9.]+-linux-(?:x64|arm64)\//);
  assert.ok(readFileSync(archive).equals(readFileSync(buildArchive(debOptions('standalone', makeDirectory())))));
});

test('below a root it installs the program, the unit and a first configuration, with the paths of the prefix', () => {
  const root = machine();
  const { status, stderr } = install('--root', root, '--prefix', '/opt/serial');
  assert.equal(status, 0, stderr);
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  assert.equal(readlinkSync(join(root, 'opt/serial/sbin/ser2net')), '../lib/ser2net/app/build/src/main.js');
  assert.match(read('opt/serial/lib/ser2net/app/build/src/main.js'), /^#!\/opt\/serial\/lib\/ser2net\/ser2net\n/);
  assert.match(read('etc/systemd/system/ser2net.service'), /^ExecStart=\/opt\/serial\/lib\/ser2net\/serve$/m);
  assert.match(read('opt/serial/lib/ser2net/serve'), /^exec \/opt\/serial\/lib\/ser2net\/ser2net .* \/opt\/serial\/sbin\/ser2net /m);
  assert.ok(existsSync(join(root, 'opt/serial/share/man/man8/ser2net.8.gz')));
  for (const file of ['etc/ser2net.yaml', 'etc/default/ser2net']) assert.ok(existsSync(join(root, file)), file);
});

test('a second installation keeps what the administrator wrote, and --remove takes all else away', () => {
  const root = machine();
  install('--root', root);
  writeFileSync(join(root, 'etc/ser2net.yaml'), '# mine\n');
  writeFileSync(join(root, 'usr/local/lib/ser2net/left-over'), '');
  assert.equal(install('--root', root).status, 0);
  assert.equal(readFileSync(join(root, 'etc/ser2net.yaml'), 'utf8'), '# mine\n');
  assert.ok(!existsSync(join(root, 'usr/local/lib/ser2net/left-over')));
  assert.equal(install('--root', root, '--remove').status, 0);
  const left = execFileSync('find', ['.', '!', '-type', 'd'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(left.sort(), ['./etc/default/ser2net', './etc/ser2net.yaml']);
});

test('a unit that somebody else wrote is set aside, and is back after --remove', () => {
  const root = machine();
  const unit = join(root, 'etc/systemd/system/ser2net.service');
  writeFileSync(unit, '[Service]\n');
  install('--root', root, '--remove');
  assert.ok(existsSync(unit));
  install('--root', root);
  install('--root', root);
  assert.match(readFileSync(unit, 'utf8'), /^ExecStart=/m);
  install('--root', root, '--remove');
  assert.equal(readFileSync(unit, 'utf8'), '[Service]\n');
});

test('it refuses beside a package of ser2net, for another machine, and words it does not know, and changes nothing', () => {
  const root = machine();
  mkdirSync(join(root, 'usr/sbin'), { recursive: true });
  writeFileSync(join(root, 'usr/sbin/ser2net'), '');
  const { status, stderr } = install('--root', root);
  assert.equal(status, 1);
  assert.match(stderr, /^install\.sh: ser2net is installed as a package; remove that first/);
  assert.ok(!existsSync(join(root, 'usr/local')));
  assert.match(install('--root', 'here').stderr, /--root needs an absolute path, not here/);
  assert.equal(install('--other').status, 1);
});

test('in a copy of this machine it installs, starts with the init script, serves, and is removed', {
  timeout: 300_000,
}, (t: TestContext) => {
  const why = whyNoSandbox();
  if (why !== undefined) return t.skip(why);
  const { status, out, err } = inSandbox(
    folder,
    `
rm -f /usr/sbin/ser2net
/given/install.sh --no-start
/usr/local/sbin/ser2net --version
/usr/local/sbin/ser2net health --self
printf 'connection: &one\\n  accepter: tcp,localhost,20555\\n  connector: echo\\n' >/etc/ser2net.yaml
[ ! -e /etc/init.d/ser2net ] || /etc/init.d/ser2net start
/usr/local/sbin/ser2net health -c /etc/ser2net.yaml || [ ! -e /etc/init.d/ser2net ]
/given/install.sh --remove
[ ! -e /usr/local/sbin/ser2net ]
`,
  );
  assert.equal(status, 0, `${out}${err}`);
  assert.match(out, /^ok {6}a datagram arrives/m);
});
