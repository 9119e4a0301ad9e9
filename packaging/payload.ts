// The files of the program as a package carries them: compiled code, and of the modules it uses at run time what is loaded there.
// Not their types, sources, documents, tests, or code for other machines.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A file to be installed. path is relative, with slashes. */
export interface PayloadFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** Where things are taken from. */
export interface Project {
  /** The folder with package.json, node_modules, man, examples and packaging. */
  readonly root: string;
  /** The folder with the compiled code of src. */
  readonly compiled: string;
}

const text = (path: string): string => readFileSync(path, 'utf8');
const file = (path: string, from: string, mode = 0o644): PayloadFile => ({ path, content: readFileSync(from), mode });

/** Files below dir, sorted, as relative paths. */
export function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

/** The program in one file, and what V8 made of it (bundle.ts). Not when they are older than the build: src/cli/bundle-loader.ts. */
function whole(compiled: string): readonly string[] {
  const mtime = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const made = mtime(join(compiled, 'program.js'));
  return made === 0 || mtime(join(compiled, '../.tsbuildinfo')) > made ? [] : ['program.js', 'program.cache'];
}

/** The compiled code, without what is left of sources that are gone, types and maps. */
function code({ root, compiled }: Project): PayloadFile[] {
  const also = whole(compiled);
  return filesBelow(compiled)
    .filter((name) => also.includes(name) || (name.endsWith('.js') && existsSync(join(root, 'src', name.replace(/\.js$/, '.ts')))))
    .map((name) => file(`build/src/${name}`, join(compiled, name)));
}

/** An installed module that the program needs at run time. */
export interface Module {
  /** Its folder below the root: `node_modules/yaml`. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

interface LockedModule {
  readonly version: string;
  readonly dev?: boolean;
  readonly license?: string;
}

/** What package-lock.json names for run time, and is installed: parts for other machines are not. */
export function runtimeModules(root: string): Module[] {
  const lock = JSON.parse(text(join(root, 'package-lock.json'))) as { packages: Record<string, LockedModule> };
  return Object.entries(lock.packages)
    .filter(([folder, { dev }]) => folder !== '' && dev !== true && existsSync(join(root, folder, 'package.json')))
    .map(([folder, { version, license }]) => ({
      folder,
      name: folder.replace(/^.*node_modules\//, ''),
      version,
      license: license ?? 'unknown',
    }));
}

/** Folders of a module that hold nothing to run. */
const IDLE = /^(?:test|tests|docs|doc|examples?|bench|benchmarks?|browser|typings|vendor|\.github)\//;
/** Only needed to build: the prebuilt binaries are here. */
const UNUSED = new Set(['node-addon-api']);
const LICENCE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/** Whether a file of a module is loaded at run time on this kind of machine, or must be there for its licence. */
export function isNeeded(path: string, arch: string = process.arch): boolean {
  if (IDLE.test(path)) return false;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (LICENCE.test(name)) return true;
  if (name.endsWith('.node')) return !path.includes('musl') && (!path.includes('prebuilds/') || path.includes(`prebuilds/linux-${arch}/`));
  return /\.(?:js|cjs|mjs|json)$/.test(name);
}

function modules(root: string): PayloadFile[] {
  return runtimeModules(root)
    .filter(({ name }) => !UNUSED.has(name))
    .flatMap(({ folder }) =>
      filesBelow(join(root, folder))
        .filter((path) => !path.startsWith('node_modules/') && isNeeded(path))
        .map((path) => file(`${folder}/${path}`, join(root, folder, path))),
    );
}

/** The program with its modules. main.js starts with the interpreter given, so that it is a command. */
export function programFiles(project: Project, interpreter: string): PayloadFile[] {
  const main = 'build/src/main.js';
  const { name, version, type, license } = JSON.parse(text(join(project.root, 'package.json'))) as Record<string, string>;
  const files = [...code(project), ...modules(project.root)].map((one) =>
    one.path === main
      ? { path: main, mode: 0o755, content: Buffer.from(one.content.toString().replace(/^#!.*\n/, `#!${interpreter}\n`)) }
      : one,
  );
  const description = { name, version, type, license, private: true };
  return [...files, { path: 'package.json', mode: 0o644, content: Buffer.from(`${JSON.stringify(description, null, 2)}\n`) }];
}
