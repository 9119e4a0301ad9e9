// The files that a package installs, wherever it comes from: the Debian package (deb.ts) and the archive (archive.ts) have the same.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { v8Flags } from '../src/daemon/v8-flags.ts';
import { bashCompletion } from './gen/completion.ts';
import { foreignBinary, type Machine } from './machines.ts';
import { filesBelow, type Project, programFiles, runtimeModules } from './payload.ts';
import type { Runtime } from './runtime.ts';

/** standalone carries its own Node.js; small uses the one of the system, which must be 20 or newer. */
export type Variant = 'standalone' | 'small';

export interface ContentsOptions extends Project {
  readonly variant: Variant;
  /** For standalone. */
  readonly runtime: Runtime | undefined;
  readonly machine: Machine;
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
/** A file. */
export interface Entry {
  readonly content: Buffer;
  readonly mode: number;
}
/** Files and links by their path from the root, without the slash at the start. */
export type Tree = Map<string, Entry | { readonly link: string }>;

const gzip = (content: Buffer): Buffer => gzipSync(content, { level: 9 });

/** All files of the package. @throws Error when a binary is not for that machine. */
export function contents(options: ContentsOptions): Tree {
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
const serveScript = (text: string, { variant, runtime }: ContentsOptions): Buffer =>
  Buffer.from(text.replace('exec ', `exec ${INTERPRETER[variant]} ${v8Flags(runtime?.version).join(' ')} `));

const named = (text: Buffer, variant: Variant): Buffer =>
  Buffer.from(text.toString().replaceAll(/^ser2net-node(?= \()/gm, PACKAGE[variant]));

/** Whose work is in the package. The licences of the modules lie beside their code. */
function copyright(options: ContentsOptions): string {
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

/** Where the command is, for tests: what /usr/sbin/ser2net points to. */
export const COMMAND = `/${MAIN}`;

/** Lays files and further empty folders out in a folder for the time of the call. time: of every file, in seconds since 1970. */
export function withFolder<T>(files: Tree, empty: readonly string[], time: number, run: (folder: string) => T): T {
  const stage = mkdtempSync(join(tmpdir(), 'stage-'));
  try {
    const folders = new Set<string>([stage]);
    const makeFolder = (path: string): void => {
      if (folders.has(path)) return;
      makeFolder(dirname(path));
      mkdirSync(path);
      folders.add(path);
    };
    for (const [name, entry] of files) {
      const path = join(stage, name);
      makeFolder(dirname(path));
      if ('link' in entry) {
        symlinkSync(entry.link, path);
        continue;
      }
      writeFileSync(path, entry.content);
      chmodSync(path, entry.mode);
      utimesSync(path, time, time);
    }
    for (const name of empty) makeFolder(join(stage, name));
    for (const folder of folders) {
      chmodSync(folder, 0o755);
      utimesSync(folder, time, time);
    }
    return run(stage);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}
