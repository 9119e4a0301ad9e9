// What is in the Debian packages, and what they say of themselves.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CONFFILES } from '../../packaging/contents.ts';
import { buildDeb } from '../../packaging/deb.ts';
import { foreignBinary, MACHINES } from '../../packaging/machines.ts';
import { filesBelow, isNeeded, programFiles, runtimeModules, thisMachine } from '../../packaging/payload.ts';
import { libraries } from '../../packaging/runtime.ts';
import { build, COMPILED, debOptions, hasDpkg, makeDirectory, ROOT } from './built.ts';

const tree = makeDirectory();
const out = makeDirectory();
let path = '';
before(() => {
  if (!hasDpkg) return;
  path = build('small', out);
  execFileSync('dpkg-deb', ['-R', path, tree]);
});
function skipped(t: TestContext): boolean {
  if (!hasDpkg) t.skip('dpkg-deb is not there');
  return !hasDpkg;
}
const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
const read = (file: string): string => readFileSync(join(tree, file), 'utf8');
const fields = (): Record<string, string> =>
  Object.fromEntries([...read('DEBIAN/control').matchAll(/^([A-Z][A-Za-z-]+): (.*)$/gm)].map((m) => [m[1]!, m[2]!]));

test('it takes the place of ser2net', (t) => {
  if (skipped(t)) return;
  const control = fields();
  assert.equal(control.Package, 'ser2net-node-small');
  assert.equal(control.Version, version);
  assert.equal(control.Provides, 'ser2net (= 4.3.11)');
  assert.match(control.Conflicts!, /^ser2net \(.*\bser2net-node$/);
  assert.equal(control.Replaces, 'ser2net, ser2net-node');
  assert.match(control.Depends!, /\bnodejs \(>= 20\)/);
  assert.deepEqual(read('DEBIAN/conffiles').trim().split('\n'), Object.keys(CONFFILES));
});

test('changelog and NEWS are of this version, and say the name of the package', (t) => {
  if (skipped(t)) return;
  for (const file of ['changelog.gz', 'NEWS.Debian.gz']) {
    const text = gunzipSync(readFileSync(join(tree, 'usr/share/doc/ser2net-node-small', file))).toString();
    if (file === 'changelog.gz') assert.ok(text.startsWith(`ser2net-node-small (${version}) `), text.slice(0, 40));
    else assert.match(text, /^ser2net-node-small \(/);
  }
});

test('the sums of all files but the configuration are right', (t) => {
  if (skipped(t)) return;
  const sums = new Map(
    read('DEBIAN/md5sums')
      .trim()
      .split('\n')
      .map((line) => [line.slice(34), line.slice(0, 32)] as const),
  );
  const files = filesBelow(tree).filter((file) => !file.startsWith('DEBIAN/') && !(`/${file}` in CONFFILES));
  assert.deepEqual([...sums.keys()].sort(), files.sort());
  for (const file of files) {
    assert.equal(
      createHash('md5')
        .update(readFileSync(join(tree, file)))
        .digest('hex'),
      sums.get(file),
      file,
    );
  }
});

test('everything belongs to root, is readable by all and writable by root alone', (t) => {
  if (skipped(t)) return;
  const lines = execFileSync('dpkg-deb', ['-c', path], { encoding: 'utf8' }).trim().split('\n');
  for (const line of lines) assert.match(line, /^(?:d|-)rwxr-xr-x root\/root|^-rw-r--r-- root\/root|^lrwxrwxrwx root\/root/, line);
});

test('manual pages, completion, examples, unit and scripts are where they are looked for', (t) => {
  if (skipped(t)) return;
  for (const page of ['man8/ser2net.8', 'man5/ser2net.yaml.5', 'man5/ser2net.conf.5']) {
    assert.match(gunzipSync(readFileSync(join(tree, `usr/share/man/${page}.gz`))).toString(), /^(?:\.\\".*\n)*\.TH /);
  }
  assert.equal(readlinkSync(join(tree, 'usr/sbin/ser2net')), '../lib/ser2net/app/build/src/main.js');
  assert.equal(read('usr/sbin/ser2net').split('\n')[0], '#!/usr/bin/node');
  for (const file of [
    'usr/share/bash-completion/completions/ser2net',
    'usr/share/doc/ser2net-node-small/examples/demo.yaml',
    'lib/systemd/system/ser2net.service',
    'etc/init.d/ser2net',
    'var/log/ser2net',
  ]) {
    assert.ok(existsSync(join(tree, file)), file);
  }
});

test('the program runs from the package alone, with the C library, and what it reads by default has no fault', (t) => {
  if (skipped(t)) return;
  const main = join(tree, 'usr/lib/ser2net/app/build/src/main.js');
  const run = (...words: string[]) => spawnSync(process.execPath, [main, ...words], { encoding: 'utf8', cwd: '/' });
  assert.equal(run('--version').stdout, `ser2net ${version} (compatible with ser2net 4.3.11, Node.js ${process.versions.node})\n`);
  assert.deepEqual(run('check', join(tree, 'etc/ser2net.yaml')).status, 0);
  const app = join(tree, 'usr/lib/ser2net/app');
  const loads = `
    process.chdir('/'); const { libc } = await import('${app}/build/src/base/libc.js');
    const { openNodeSerialport } = await import('${app}/build/src/gensio/serialdev/node-serialport.js');
    const { SerialPort } = await import('${app}/node_modules/serialport/dist/index.js');
    const { pino } = await import('${app}/node_modules/pino/pino.js');
    console.log(libc() !== undefined, typeof openNodeSerialport, typeof SerialPort.binding.open, typeof pino);`;
  const loaded = spawnSync(process.execPath, ['--input-type=module', '-e', loads], { encoding: 'utf8', cwd: '/' });
  assert.equal(loaded.stdout, 'true function function function\n', loaded.stderr);
});

test('only what runs is in it', (t) => {
  if (skipped(t)) return;
  const files = filesBelow(join(tree, 'usr/lib/ser2net/app'));
  assert.deepEqual(
    files.filter((file) => /\.(?:ts|map|md|cc?|h|gyp)$|(?:^|\/)test\//.test(file) && !/licen[cs]e/i.test(file)),
    [],
  );
  assert.equal(files.filter((file) => file.endsWith('.node')).length, 2, 'one of koffi and one of serialport');
  for (const tool of ['typescript', 'fast-check', '@biomejs', 'tsd']) assert.ok(!files.some((file) => file.includes(`/${tool}/`)), tool);
  for (const { name, folder } of runtimeModules({ root: ROOT }).filter(({ name }) =>
    /^(?:yaml|pino|commander|serialport|koffi)$/.test(name),
  )) {
    assert.ok(
      files.some((file) => file.startsWith(`${folder}/`) && /\/licen[cs]e/i.test(file)),
      `${name} has its licence`,
    );
  }
  const sources = filesBelow(join(ROOT, 'src')).filter((file) => file.endsWith('.ts'));
  for (const source of sources) {
    const compiled = source.replace(/\.ts$/, '.js');
    if (existsSync(join(COMPILED, compiled))) assert.ok(files.includes(`build/src/${compiled}`), compiled);
  }
  assert.ok(lstatSync(path).size < 10e6);
});

test('the same sources give the same package, byte by byte', (t) => {
  if (skipped(t)) return;
  const again = buildDeb(debOptions('small', makeDirectory()));
  assert.ok(readFileSync(path).equals(readFileSync(again)));
});

test("V8's cache is made by the Node.js that the package carries, and is left out where that cannot run", (t) => {
  const files = (node?: string) => programFiles({ root: ROOT, compiled: COMPILED, node }, '/usr/bin/node');
  if (!files().some(({ path: at }) => at === 'build/src/program.js')) return t.skip('the bundle is older than the build');
  const caches = (node?: string): readonly string[] =>
    files(node)
      .filter(({ path: at }) => at.endsWith('.cache'))
      .map(({ path: at, content }) => `${at} ${content.toString('latin1', 0, 67)}`);
  assert.deepEqual(caches(), []);
  const first = readFileSync(join(COMPILED, 'program.js')).toString('latin1', 0, 67);
  assert.deepEqual(caches(process.execPath), [`build/src/program.cache ${first}`, `build/src/program.daemon.cache ${first}`]);
});

test('code for other machines stays out', () => {
  for (const [file, arch, needed] of [
    ['linux_x64/koffi.node', 'x64', true],
    ['musl_x64/koffi.node', 'x64', false],
    ['prebuilds/linux-x64/a.glibc.node', 'x64', true],
    ['prebuilds/linux-arm64/a.glibc.node', 'x64', false],
    ['prebuilds/linux-arm/a.armv7.glibc.node', 'arm', true],
    ['dist/doc/Document.js', 'x64', true],
    ['doc/index.js', 'x64', false],
    ['LICENSE.txt', 'x64', true],
    ['index.d.ts', 'x64', false],
  ] as const) {
    assert.equal(isNeeded(file, arch), needed, file);
  }
});

test('the libraries a binary needs are read from its symbol versions', () => {
  const elf = Buffer.from('\0libstdc++.so.6\0GLIBC_2.2.5\0GLIBC_2.28\0GLIBC_2.9\0GLIBCXX_3.4.21\0GLIBCXX_3.4.9\0');
  assert.deepEqual(libraries([elf]), ['libc6 (>= 2.28)', 'libgcc-s1', 'libstdc++6 (>= 5)']);
  assert.deepEqual(libraries([Buffer.from('\0GLIBC_2.2.5\0')]), ['libc6 (>= 2.17)']);
  assert.deepEqual(libraries([Buffer.from('\0GLIBC_2.34\0libatomic.so.1\0')]), ['libc6 (>= 2.34)', 'libatomic1']);
});

test('a binary for another machine or system is told from one for this', () => {
  const elf = (bits: 1 | 2, machine: number): Buffer => {
    const head = Buffer.alloc(64);
    head.write('\x7fELF', 'latin1');
    head[4] = bits;
    head.writeUInt16LE(machine, 18);
    return head;
  };
  for (const [machine, fits] of [
    [MACHINES.amd64, elf(2, 62)],
    [MACHINES.arm64, elf(2, 183)],
    [MACHINES.armhf, elf(1, 40)],
  ] as const) {
    assert.equal(foreignBinary(fits, machine), undefined);
    for (const other of [elf(2, 62), elf(2, 183), elf(1, 40), elf(1, 3)].filter((each) => !each.equals(fits))) {
      assert.match(foreignBinary(other, machine)!, /^an ELF file for machine \d+ with \d\d bits, where \w+ has/);
    }
  }
  assert.equal(foreignBinary(Buffer.from('MZ\x90\0'.padEnd(64, '\0'), 'latin1'), MACHINES.amd64), 'a binary of another system');
  assert.equal(foreignBinary(Buffer.from('MZ is how this text begins'), MACHINES.amd64), undefined);
});

test('a package with a binary of another machine is not built', (t) => {
  if (skipped(t)) return;
  const runtime = { content: readFileSync(process.execPath), version: '0.0.0', path: '', licence: undefined, stripped: true };
  const other = thisMachine() === MACHINES.amd64 ? MACHINES.arm64 : MACHINES.amd64;
  const options = { ...debOptions('small', makeDirectory()), variant: 'standalone' as const, runtime, machine: other };
  assert.throws(() => buildDeb(options), /usr\/lib\/ser2net\/ser2net is an ELF file for machine/);
});
