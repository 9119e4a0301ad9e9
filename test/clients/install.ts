// What the rows need from outside: whether it is there, which version it is, and how to bring it when asked to.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modemShim } from '../../compat/rig.ts';
import { CACHE, PLACES, UNPACKED } from './places.ts';
import type { Row } from './row.ts';

/** Python with the modules of Debian's packages, where there are several. */
export const PYTHON = ['/usr/bin/python3', 'python3'].find((p) => spawnSync(p, ['-c', 'import serial']).status === 0) ?? 'python3';

const onPath = (command: string): boolean => PLACES.some((place) => existsSync(join(place, command)));
const nameOf = (spec: string): string => spec.slice(0, spec.lastIndexOf('@'));
const versionOf = (name: string): string | undefined => {
  try {
    const file = join(CACHE, 'node_modules', name, 'package.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
};

/** What is missing for a row; undefined: nothing. */
export function missing({ needs }: Row): string | undefined {
  for (const command of needs.commands ?? []) if (!onPath(command)) return `${command} is not installed`;
  for (const module of needs.python ?? [])
    if (spawnSync(PYTHON, ['-c', `import ${module}`]).status !== 0) return `Python has no module ${module}`;
  for (const spec of needs.npm ?? [])
    if (versionOf(nameOf(spec)) !== spec.slice(nameOf(spec).length + 1)) return `${spec} is not in ${CACHE}`;
  if (needs.modem === true && modemShim() === undefined) return 'there is no C compiler for simulated modem lines';
  return undefined;
}

/** The version of a row's program: that of its first npm package, else of its first Debian package; empty when nobody knows. */
export function version({ needs }: Row): string {
  const npm = needs.npm?.[0];
  if (npm !== undefined) return versionOf(nameOf(npm)) ?? '';
  const debian = needs.unpacked?.[0] ?? needs.debian?.[0];
  if (debian === undefined) return '';
  const unpacked = join(UNPACKED, `${debian}.version`);
  return (existsSync(unpacked) ? readFileSync(unpacked, 'utf8') : field(debian, 'Version')).replace(/^\d+:/, '').replace(/[-+~].*$/, '');
}

/** Brings the packages of the rows. Says what could not be had; the rows that need it are skipped then. */
export function install(rows: readonly Row[]): void {
  const debian = [...new Set(rows.flatMap(({ needs }) => needs.debian ?? []))];
  const npm = [...new Set(rows.flatMap(({ needs }) => needs.npm ?? []))].filter((s) => versionOf(nameOf(s)) === undefined);
  const lacking = debian.filter((name) => !/^install ok installed/.test(field(name, 'Status')));
  if (lacking.length > 0) {
    // RUNLEVEL: services of these packages are not to be started.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = (...args: string[]): number | null =>
      spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status;
    process.stdout.write(`apt-get install ${lacking.join(' ')}\n`);
    apt('update');
    // One at a time when all at once does not go: one that is not to be had must not keep the others away.
    const flags = ['install', '-y', '--no-install-recommends'];
    if (apt(...flags, ...lacking) !== 0)
      for (const name of lacking) if (apt(...flags, name) !== 0) process.stdout.write(`${name} could not be installed\n`);
  }
  for (const name of new Set(rows.flatMap(({ needs }) => needs.unpacked ?? []))) unpack(name);
  if (npm.length > 0) {
    mkdirSync(CACHE, { recursive: true });
    if (!existsSync(join(CACHE, 'package.json'))) writeFileSync(join(CACHE, 'package.json'), '{"private":true}\n');
    process.stdout.write(`npm install ${npm.join(' ')} (in ${CACHE})\n`);
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', '--silent', ...npm];
    if (spawnSync('npm', args, { cwd: CACHE, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
      process.stdout.write('npm could not install all of it\n');
  }
}
/** Unpacks a package of Debian without installing it. */
function unpack(name: string): void {
  const done = join(UNPACKED, `${name}.version`);
  if (existsSync(done)) return;
  const dir = mkdtempSync(join(tmpdir(), 's2n-unpack-'));
  process.stdout.write(`apt-get download ${name} (unpacked in ${UNPACKED})\n`);
  spawnSync('apt-get', ['-qq', 'download', name], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
  const file = readdirSync(dir).find((each) => each.endsWith('.deb'));
  mkdirSync(UNPACKED, { recursive: true });
  if (file !== undefined && spawnSync('dpkg-deb', ['-x', file, UNPACKED], { cwd: dir }).status === 0)
    writeFileSync(done, decodeURIComponent(file.split('_')[1]!));
  rmSync(dir, { recursive: true, force: true });
}
/** A field of an installed package; empty where there is none. */
const field = (name: string, which: string): string =>
  spawnSync('dpkg-query', ['-W', '-f', `\${${which}}`, name], { encoding: 'utf8' }).stdout ?? '';
