// The scripts that dpkg runs, in a root of their own (DPKG_ROOT): what becomes of files that administrators have written.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONFFILES } from '../../packaging/contents.ts';
import { maintainerScripts } from '../../packaging/deb.ts';
import { makeDirectory, ROOT } from './built.ts';

const scripts = makeDirectory();
for (const [name, text] of Object.entries(maintainerScripts(ROOT))) writeFileSync(join(scripts, name), text);

const shipped = (file: string): string => readFileSync(join(ROOT, 'packaging/debian', CONFFILES[file]!), 'utf8');
const WANTED = 'etc/systemd/system/multi-user.target.wants/ser2net.service';
const NOTE = 'var/lib/systemd/deb-systemd-helper-enabled/ser2net.service.dsh-also';

/** A machine that is a folder. */
function machine(files: Readonly<Record<string, string>> = {}) {
  const root = makeDirectory();
  for (const dir of ['etc/default', 'etc/init.d', 'etc/logrotate.d', 'lib/systemd/system', 'usr/sbin', 'usr/lib/ser2net']) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  const write = (file: string, text: string): void => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  return {
    root,
    write,
    read: (file: string): string => readFileSync(join(root, file), 'utf8'),
    has: (file: string): boolean => lstatSync(join(root, file), { throwIfNoEntry: false }) !== undefined,
    run: (script: string, ...words: string[]): void => {
      execFileSync('/bin/sh', [join(scripts, script), ...words], {
        env: { PATH: process.env.PATH, DPKG_ROOT: root, DPKG_ADMINDIR: root, LC_ALL: 'C' },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
    },
    /** What dpkg does between preinst and postinst: it puts files there that are not there yet, and leaves the others. */
    unpack(): void {
      for (const file of Object.keys(CONFFILES)) if (!existsSync(join(root, file))) write(file, shipped(file));
      write('lib/systemd/system/ser2net.service', 'unit');
      write('usr/lib/ser2net/ser2net.service', 'unit');
      write('usr/sbin/ser2net', '');
    },
  };
}

test('dpkg finds its own text in a file of the administrator, who has it back afterwards, with owner, mode and link', () => {
  const m = machine({ 'etc/default/ser2net': 'mine\n', 'srv/ser2net.yaml': 'my ports, without a line end' });
  symlinkSync('../srv/ser2net.yaml', join(m.root, 'etc/ser2net.yaml'));
  chmodSync(join(m.root, 'etc/default/ser2net'), 0o600);
  m.run('preinst', 'install');
  assert.equal(m.read('/etc/ser2net.yaml'), shipped('/etc/ser2net.yaml'));
  assert.equal(m.read('/etc/default/ser2net'), shipped('/etc/default/ser2net'));
  m.unpack();
  m.run('postinst', 'configure', '');
  assert.equal(m.read('srv/ser2net.yaml'), 'my ports, without a line end');
  assert.equal(readlinkSync(join(m.root, 'etc/ser2net.yaml')), '../srv/ser2net.yaml');
  assert.equal(m.read('/etc/default/ser2net'), 'mine\n');
  assert.equal(statSync(join(m.root, 'etc/default/ser2net')).mode & 0o777, 0o600);
  assert.equal(m.has('var/lib/ser2net-node'), false, 'nothing stays behind');
});

test('a second try after one that was broken off gives back the same text', () => {
  const m = machine({ 'etc/ser2net.yaml': 'my ports\n' });
  m.run('preinst', 'install');
  m.run('preinst', 'install');
  m.unpack();
  m.run('postinst', 'configure', '');
  assert.equal(m.read('etc/ser2net.yaml'), 'my ports\n');
});

test('an installation that cannot be made gives the text back, too', () => {
  const m = machine({ 'etc/ser2net.yaml': 'my ports\n', 'etc/init.d/ser2net': '#!/bin/sh\n' });
  m.run('preinst', 'install');
  m.run('postrm', 'abort-install');
  assert.equal(m.read('etc/ser2net.yaml'), 'my ports\n');
  assert.equal(m.read('etc/init.d/ser2net'), '#!/bin/sh\n');
  assert.equal(m.has('var/lib/ser2net-node'), false);
});

test('an upgrade gives the configuration back, and leaves a new text beside it', () => {
  const m = machine();
  m.unpack();
  m.write('etc/ser2net.yaml', 'my ports\n');
  m.run('preinst', 'upgrade', '0.0.9', '0.1.0');
  m.run('postinst', 'configure', '0.0.9');
  assert.equal(m.read('etc/ser2net.yaml'), 'my ports\n');
  assert.equal(m.read('etc/ser2net.yaml.dpkg-dist'), shipped('/etc/ser2net.yaml'));
  assert.equal(m.has('etc/default/ser2net.dpkg-dist'), false, 'not beside one that nobody has changed');
  assert.equal(m.has(WANTED), false, 'and starts nothing at boot that did not start before');
});

test('a first installation starts at boot; where ser2net was installed its administrator has decided', () => {
  const fresh = machine();
  fresh.run('preinst', 'install');
  fresh.unpack();
  fresh.run('postinst', 'configure', '');
  assert.equal(readlinkSync(join(fresh.root, WANTED)), '/lib/systemd/system/ser2net.service');
  for (const enabled of [true, false]) {
    const m = machine({ [NOTE]: `/${WANTED}\n` });
    if (enabled) {
      mkdirSync(join(m.root, WANTED, '..'), { recursive: true });
      symlinkSync('/lib/systemd/system/ser2net.service', join(m.root, WANTED));
    }
    m.run('preinst', 'install');
    m.unpack();
    m.run('postinst', 'configure', '');
    assert.equal(m.has(WANTED), enabled);
    assert.equal(m.has(NOTE), false, 'so that a purge of the old package does not undo it');
  }
});

test('what the removal of ser2net took from ours is put right: the unit, and the mode of the script', () => {
  const m = machine();
  m.run('preinst', 'install');
  m.unpack();
  rmSync(join(m.root, 'lib/systemd/system/ser2net.service'));
  chmodSync(join(m.root, 'etc/init.d/ser2net'), 0o644);
  m.run('postinst', 'configure', '');
  assert.equal(m.read('lib/systemd/system/ser2net.service'), 'unit');
  assert.equal(statSync(join(m.root, 'etc/init.d/ser2net')).mode & 0o777, 0o755);
});

test('a purge takes what postinst made, but nothing when another ser2net is there by now', () => {
  for (const other of [false, true]) {
    const m = machine();
    m.run('preinst', 'install');
    m.unpack();
    m.run('postinst', 'configure', '');
    m.run('prerm', 'remove');
    if (!other) rmSync(join(m.root, 'usr/sbin/ser2net'));
    m.run('postrm', 'remove');
    assert.equal(m.has(WANTED), true);
    m.run('postrm', 'purge');
    assert.equal(m.has(WANTED), other);
  }
});

test('on ARMv6, which Raspberry Pi OS calls armhf too, preinst refuses with a sentence, before it changes a file', () => {
  const mine = 'CONTROLPORT=1\n';
  const pi = machine({ 'etc/default/ser2net': mine });
  pi.write('bin/uname', '#!/bin/sh\necho armv6l\n');
  chmodSync(join(pi.root, 'bin/uname'), 0o755);
  const env = { PATH: `${join(pi.root, 'bin')}:${process.env.PATH}`, DPKG_ROOT: pi.root, DPKG_ADMINDIR: pi.root, LC_ALL: 'C' };
  const { status, stderr } = spawnSync('/bin/sh', [join(scripts, 'preinst'), 'install'], { env, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^ser2net-node: this machine is ARMv6 .*, for which there is no Node\.js 20; nothing was changed\.\n$/);
  assert.equal(pi.read('etc/default/ser2net'), mine);
});
