// The files of the program as a package carries them: compiled code, and of the modules it uses at run time what is loaded there.
// Not their types, sources, documents, tests, or code for other machines.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fetchPackage } from './fetch.ts';
import { MACHINES, type Machine, machineOf } from './machines.ts';

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
  /** The kind of machine it is for; by default this one. */
  readonly machine?: Machine;
  /** Where packages are fetched to that are not installed here, because they are for another kind of machine. */
  readonly cache?: string;
  /** The Node.js it will run with, which makes V8's cache of the program; `undefined`: there is none, or it cannot run here. */
  readonly node?: string | undefined;
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

/** The program in one file. None when it is older than the build: src/main.ts. */
function whole(compiled: string): string | undefined {
  const mtime = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const program = join(compiled, 'program.js');
  return mtime(program) === 0 || mtime(join(compiled, '../.tsbuildinfo')) > mtime(program) ? undefined : program;
}

/** What V8 makes of the program, in that Node.js: another version takes none of it. */
function caches(program: string, node: string): PayloadFile[] {
  const dir = mkdtempSync(join(tmpdir(), 'cache-'));
  try {
    copyFileSync(program, join(dir, 'program.js'));
    execFileSync(node, [join(import.meta.dirname, 'code-cache.js'), dir], { stdio: ['ignore', 'ignore', 'inherit'] });
    return filesBelow(dir)
      .filter((name) => name.endsWith('.cache'))
      .map((name) => file(`build/src/${name}`, join(dir, name)));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The compiled code, without what is left of sources that are gone, types and maps. */
function code({ root, compiled, node }: Project): PayloadFile[] {
  const program = whole(compiled);
  const modules = filesBelow(compiled)
    .filter((name) => name.endsWith('.js') && existsSync(join(root, 'src', name.replace(/\.js$/, '.ts'))))
    .map((name) => file(`build/src/${name}`, join(compiled, name)));
  if (program === undefined) return modules;
  return [...modules, file('build/src/program.js', program), ...(node === undefined ? [] : caches(program, node))];
}

/** A module that the program needs at run time. */
export interface Module {
  /** Its folder in the package: `node_modules/pino`. */
  readonly folder: string;
  /** Where it is here. */
  readonly from: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

interface LockedModule {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

/** The machine this runs on. */
export function thisMachine(): Machine {
  const machine = machineOf(process.arch);
  if (machine === undefined)
    throw new Error(`packages are built on ${Object.values(MACHINES).map((each) => each.node)}, not on ${process.arch}`);
  return machine;
}

/**
 * What package-lock.json names for run time on a kind of machine. What is not installed is fetched.
 * @throws Error when it cannot be.
 */
export function runtimeModules({ root, machine = thisMachine(), cache }: Omit<Project, 'compiled'>): Module[] {
  const lock = JSON.parse(text(join(root, 'package-lock.json'))) as { packages: Record<string, LockedModule> };
  return Object.entries(lock.packages)
    .filter(
      ([folder, { dev, os = ['linux'], cpu = [machine.node] }]) =>
        folder !== '' && dev !== true && os.includes('linux') && cpu.includes(machine.node),
    )
    .flatMap(([folder, { version, license, cpu, integrity = '' }]) => {
      const name = folder.replace(/^.*node_modules\//, '');
      let from = join(root, folder);
      if (!existsSync(join(from, 'package.json'))) {
        // Optional, and npm could not install it.
        if (cpu === undefined || cache === undefined) return [];
        from = fetchPackage({ name, version, integrity }, cache);
      }
      return [{ folder, from, name, version, license: license ?? 'unknown' }];
    });
}

/** Folders of a module that hold nothing to run. */
const IDLE = /^(?:test|tests|docs|doc|examples?|bench|benchmarks?|browser|typings|vendor|\.github)\//;
/** Only needed to build: the prebuilt binaries are here. */
const UNUSED = new Set(['node-addon-api']);
const LICENCE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/** Whether a file of a module is loaded at run time on this kind of machine, or must be there for its licence. */
export function isNeeded(path: string, arch: string): boolean {
  if (IDLE.test(path)) return false;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (LICENCE.test(name)) return true;
  if (name.endsWith('.node')) return !path.includes('musl') && (!path.includes('prebuilds/') || path.includes(`prebuilds/linux-${arch}/`));
  return /\.(?:js|cjs|mjs|json)$/.test(name);
}

function modules(project: Project): PayloadFile[] {
  const { node } = project.machine ?? thisMachine();
  return runtimeModules(project)
    .filter(({ name }) => !UNUSED.has(name))
    .flatMap(({ folder, from }) =>
      filesBelow(from)
        .filter((path) => !path.startsWith('node_modules/') && isNeeded(path, node))
        .map((path) => file(`${folder}/${path}`, join(from, path))),
    );
}

/** The program with its modules. main.js starts with the interpreter given, so that it is a command. */
export function programFiles(project: Project, interpreter: string): PayloadFile[] {
  const main = 'build/src/main.js';
  const { name, version, type, license } = JSON.parse(text(join(project.root, 'package.json'))) as Record<string, string>;
  const files = [...code(project), ...modules(project)].map((one) =>
    one.path === main
      ? { path: main, mode: 0o755, content: Buffer.from(one.content.toString().replace(/^#!.*\n/, `#!${interpreter}\n`)) }
      : one,
  );
  const description = { name, version, type, license, private: true };
  return [...files, { path: 'package.json', mode: 0o644, content: Buffer.from(`${JSON.stringify(description, null, 2)}\n`) }];
}
