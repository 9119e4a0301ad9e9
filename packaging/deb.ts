// A Debian package: the files it installs (contents.ts), its description and scripts, put together with dpkg-deb alone.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPATIBLE } from '../src/daemon/messages.ts';
import { CONFFILES, type ContentsOptions, contents, type Entry, PACKAGE, RUNTIME, type Tree, withFolder } from './contents.ts';
import { libraries } from './runtime.ts';

export type Compression = 'xz' | 'zstd' | 'gzip' | 'none';

export interface DebOptions extends ContentsOptions {
  readonly compression: Compression;
  /** Of every file, in seconds since 1970: the same sources give the same package. */
  readonly time: number;
  /** The folder the package goes to. */
  readonly out: string;
}

/** What dpkg and apt know of the package. */
function control(options: DebOptions, files: Tree): string {
  const { root, variant, machine } = options;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const binaries: Buffer[] = [];
  let bytes = 0;
  for (const [path, entry] of files) {
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

/** Kept even when it is what ser2net's package has shipped: its ports are in use. */
const ALWAYS_KEPT = '/etc/ser2net.yaml';

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
  const files = contents(options);
  const sums = [...files]
    .filter(([path, entry]) => !('link' in entry) && !(`/${path}` in CONFFILES))
    .map(
      ([path, entry]) =>
        `${createHash('md5')
          .update((entry as Entry).content)
          .digest('hex')}  ${path}\n`,
    );
  const add = (name: string, text: string, mode = 0o644): void => void files.set(`DEBIAN/${name}`, { content: Buffer.from(text), mode });
  add('control', control(options, files));
  add('md5sums', sums.sort().join(''));
  add('conffiles', `${Object.keys(CONFFILES).join('\n')}\n`);
  for (const [name, text] of Object.entries(maintainerScripts(root))) add(name, text, 0o755);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const path = join(out, `${PACKAGE[variant]}_${version}_${machine.debian}.deb`);
  mkdirSync(out, { recursive: true });
  return withFolder(files, ['var/log/ser2net'], time, (stage) => {
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', stage, path], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
    });
    return path;
  });
}
