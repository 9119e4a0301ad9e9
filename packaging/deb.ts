// A Debian package: the tree it installs, its description and scripts, put together with dpkg-deb alone.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { COMPATIBLE } from '../src/daemon/messages.ts';
import { v8Flags } from '../src/daemon/v8-flags.ts';
import { bashCompletion } from './gen/completion.ts';
import { foreignBinary, type Machine } from './machines.ts';
import { filesBelow, type Project, programFiles, runtimeModules } from './payload.ts';
import { libraries, type Runtime } from './runtime.ts';

/** standalone carries its own Node.js; small uses the one of the system, which must be 20 or newer. */
export type Variant = 'standalone' | 'small';
export type Compression = 'xz' | 'zstd' | 'gzip' | 'none';

export interface DebOptions extends Project {
  readonly variant: Variant;
  /** For standalone. */
  readonly runtime: Runtime | undefined;
  readonly compression: Compression;
  readonly machine: Machine;
  /** Of every file, in seconds since 1970: the same sources give the same package. */
  readonly time: number;
  /** The folder the package goes to. */
  readonly out: string;
}

export const PACKAGE: Readonly<Record<Variant, string>> = { standalone: 'ser2net-node', small: 'ser2net-node-small' };

/** Where the program lives. The runtime has the command's name, which is what ps shows. */
const LIB = 'usr/lib/ser2net';
const MAIN = `${LIB}/app/build/src/main.js`;
export const RUNTIME = `${LIB}/ser2net`;
const INTERPRETER: Readonly<Record<Variant, string>> = { standalone: `/${RUNTIME}`, small: '/usr/bin/node' };

/** Configuration files, and where their first text comes from. dpkg asks before it changes one; preinst sees that it need not. */
export const CONFFILES: Readonly<Record<string, string>> = {
  '/etc/default/ser2net': 'default',
  '/etc/init.d/ser2net': 'init',
  '/etc/logrotate.d/ser2net': 'logrotate',
  '/etc/ser2net.yaml': 'ser2net.yaml',
};
/** Kept even when it is what ser2net's package has shipped: its ports are in use. */
const ALWAYS_KEPT = '/etc/ser2net.yaml';

interface Entry {
  readonly content: Buffer;
  readonly mode: number;
}
type Tree = Map<string, Entry | { readonly link: string }>;

const gzip = (content: Buffer): Buffer => gzipSync(content, { level: 9 });

function tree(options: DebOptions): Tree {
  const { root, variant, runtime } = options;
  const debian = (name: string): Buffer => readFileSync(join(root, 'packaging/debian', name));
  const all: Tree = new Map();
  const add = (path: string, content: Buffer, mode = 0o644): void => void all.set(path, { content, mode });
  for (const { path, content, mode } of programFiles(options, INTERPRETER[variant])) add(`${LIB}/app/${path}`, content, mode);
  if (runtime !== undefined) add(RUNTIME, runtime.content, 0o755);
  add(`${LIB}/serve`, serveScript(debian('serve').toString(), options), 0o755);
  all.set('usr/sbin/ser2net', { link: `../lib/ser2net/app/build/src/main.js` });
  for (const [path, from] of Object.entries(CONFFILES)) add(path.slice(1), debian(from), from === 'init' ? 0o755 : 0o644);
  add('lib/systemd/system/ser2net.service', debian('ser2net.service'));
  // For postinst, where the removal of ser2net's own package takes the unit away.
  add(`${LIB}/ser2net.service`, debian('ser2net.service'));
  add('usr/share/bash-completion/completions/ser2net', Buffer.from(bashCompletion()));
  for (const page of filesBelow(join(root, 'man'))) {
    add(`usr/share/man/man${page.slice(-1)}/${page}.gz`, gzip(readFileSync(join(root, 'man', page))));
  }
  const doc = `usr/share/doc/${PACKAGE[variant]}`;
  for (const example of filesBelow(join(root, 'examples')))
    add(`${doc}/examples/${example}`, readFileSync(join(root, 'examples', example)));
  for (const example of filesBelow(join(root, 'packaging/examples'))) {
    add(`${doc}/examples/${example}`, readFileSync(join(root, 'packaging/examples', example)));
  }
  add(`${doc}/changelog.gz`, gzip(named(debian('changelog'), variant)));
  add(`${doc}/NEWS.Debian.gz`, gzip(named(debian('NEWS'), variant)));
  add(`${doc}/copyright`, Buffer.from(copyright(options)));
  if (runtime?.licence !== undefined) add(`${doc}/node.LICENSE.gz`, gzip(runtime.licence));
  for (const [path, entry] of all) {
    const foreign = 'link' in entry ? undefined : foreignBinary(entry.content, options.machine);
    if (foreign !== undefined) throw new Error(`${path} is ${foreign}`);
  }
  return all;
}

/** Runs the Node.js of the package, or the system's, with the settings of V8 that a daemon is given. */
const serveScript = (text: string, { variant, runtime }: DebOptions): Buffer =>
  Buffer.from(text.replace('exec ', `exec ${INTERPRETER[variant]} ${v8Flags(runtime?.version).join(' ')} `));

const named = (text: Buffer, variant: Variant): Buffer =>
  Buffer.from(text.toString().replaceAll(/^ser2net-node(?= \()/gm, PACKAGE[variant]));

/** Whose work is in the package. The licences of the modules lie beside their code. */
function copyright(options: DebOptions): string {
  const { root, runtime } = options;
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const rows = runtimeModules(options).map((one) => `${one.name} ${one.version}: ${one.license}`);
  return [
    `${name} ${version}: ${license}`,
    '',
    `Modules it uses, with their licences, in /${LIB}/app/node_modules:`,
    ...rows,
    ...(runtime === undefined ? [] : ['', `Node.js ${runtime.version}: MIT, and what is in node.LICENSE.gz here`]),
    '',
  ].join('\n');
}

/** What dpkg and apt know of the package. */
function control(options: DebOptions, contents: Tree): string {
  const { root, variant, machine } = options;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const binaries: Buffer[] = [];
  let bytes = 0;
  for (const [path, entry] of contents) {
    if ('link' in entry) continue;
    bytes += entry.content.length + 4096;
    if (path.endsWith('.node') || path === RUNTIME) binaries.push(entry.content);
  }
  const needs = [...libraries(binaries), ...(variant === 'small' ? ['nodejs (>= 20)'] : [])].sort();
  const others = Object.values(PACKAGE).filter((name) => name !== PACKAGE[variant]);
  // Every version of ser2net but the one that is provided (its own package has a revision): dpkg does not give one package that
  // provides a name for another that does and conflicts with it, so the other forms of this one are named.
  const rivals = [`ser2net (<< ${COMPATIBLE}~)`, `ser2net (>> ${COMPATIBLE})`, ...others];
  const how =
    variant === 'small'
      ? [' This form of the package uses the Node.js of the system, which must be version', ' 20 or newer.']
      : [' This form of the package carries its own Node.js.'];
  return [
    `Package: ${PACKAGE[variant]}`,
    `Version: ${version}`,
    `Architecture: ${machine.debian}`,
    'Maintainer: ser2net-node <root@localhost>',
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    `Depends: ${needs.join(', ')}, sysvinit-utils (>= 3.05-3~) | lsb-base`,
    'Pre-Depends: init-system-helpers (>= 1.54~)',
    'Suggests: logrotate, bash-completion, telnet | telnet-client',
    `Provides: ser2net (= ${COMPATIBLE})`,
    `Conflicts: ${rivals.join(', ')}`,
    `Replaces: ${['ser2net', ...others].join(', ')}`,
    'Section: utils',
    'Priority: optional',
    'Description: serial ports on the network',
    ' Joins network connections to serial ports, as raw bytes or through telnet with',
    ' control of the line (RFC 2217), and serial ports elsewhere to devices here.',
    ` Takes the place of ser2net ${COMPATIBLE}: the same configuration files in both`,
    ' formats, the same command line, control port, init script and pid file.',
    ...how,
    '',
  ].join('\n');
}

/** preinst's calls that keep what the administrator has written; see there. */
function keeping(debian: (name: string) => string): string {
  return Object.entries(CONFFILES)
    .map(([path, from]) => `settle ${path}${path === ALWAYS_KEPT ? ' always' : ''} <<'END_OF_FILE'\n${debian(from)}END_OF_FILE`)
    .join('\n');
}

/** The scripts dpkg runs, with their files filled in. */
export function maintainerScripts(root: string): Readonly<Record<string, string>> {
  const debian = (name: string): string => readFileSync(join(root, 'packaging/debian', name), 'utf8');
  const fill = (text: string): string =>
    text.replaceAll('@KEPT@', () => Object.keys(CONFFILES).join(' ')).replaceAll('\t@KEEP@', () => keeping(debian));
  return Object.fromEntries(['preinst', 'postinst', 'prerm', 'postrm'].map((name) => [name, fill(debian(name))]));
}

/** Builds the package and gives its path. Needs dpkg-deb. */
export function buildDeb(options: DebOptions): string {
  const { out, variant, machine, compression, time, root } = options;
  const contents = tree(options);
  const stage = mkdtempSync(join(tmpdir(), 'deb-'));
  try {
    const directories = new Set<string>([stage]);
    const makeDirectory = (path: string): void => {
      if (directories.has(path)) return;
      makeDirectory(dirname(path));
      mkdirSync(path, { mode: 0o755 });
      directories.add(path);
    };
    const write = (path: string, content: Buffer | string, mode: number): void => {
      makeDirectory(dirname(join(stage, path)));
      writeFileSync(join(stage, path), content);
      chmodSync(join(stage, path), mode);
      utimesSync(join(stage, path), time, time);
    };
    const sums: string[] = [];
    for (const [path, entry] of contents) {
      if ('link' in entry) {
        makeDirectory(dirname(join(stage, path)));
        symlinkSync(entry.link, join(stage, path));
        continue;
      }
      write(path, entry.content, entry.mode);
      if (!(`/${path}` in CONFFILES)) sums.push(`${createHash('md5').update(entry.content).digest('hex')}  ${path}\n`);
    }
    makeDirectory(join(stage, 'var/log/ser2net'));
    write('DEBIAN/control', control(options, contents), 0o644);
    write('DEBIAN/md5sums', sums.sort().join(''), 0o644);
    write('DEBIAN/conffiles', `${Object.keys(CONFFILES).join('\n')}\n`, 0o644);
    for (const [name, text] of Object.entries(maintainerScripts(root))) write(`DEBIAN/${name}`, text, 0o755);
    for (const dir of directories) {
      chmodSync(dir, 0o755);
      utimesSync(dir, time, time);
    }
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const path = join(out, `${PACKAGE[variant]}_${version}_${machine.debian}.deb`);
    mkdirSync(out, { recursive: true });
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', stage, path], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
    });
    return path;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Where the command is, for tests: what /usr/sbin/ser2net points to. */
export const COMMAND = `/${MAIN}`;
