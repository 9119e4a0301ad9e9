// Writes the compiled program as one file beside its modules, and what V8 makes of it: src/cli/bundle-loader.ts says why, and loads
// it. Each module becomes a function in one object; they call each other by their paths. Run after each compilation.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { Script } from 'node:vm';
import ts from 'typescript';
import { MARK_LENGTH } from '../src/cli/bundle-loader.ts';

const COMPILED = resolve(import.meta.dirname, '../src');
const ENTRY = 'cli/enter.js';
/** Modules of Node that most configurations never use: loaded at the first use. Nothing of them may be used byte by byte. */
const LATE = ['node:child_process', 'node:crypto', 'node:dgram', 'node:dns', 'node:tls'];

/** A module and all it imports, by path below the folder, as the bodies of functions of exports and require. */
function collect(folder: string, file: string, bodies: Map<string, string>): string {
  const path = relative(folder, file);
  if (bodies.has(path)) return path;
  bodies.set(path, '');
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: true },
  });
  const body = outputText
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    .replaceAll('import.meta.url', `url(${JSON.stringify(path)})`)
    .replace(
      /\brequire\("(\.[^"]+)"\)/g,
      (_, to: string) => `require(${JSON.stringify(collect(folder, resolve(dirname(file), to), bodies))})`,
    );
  bodies.set(path, body);
  return path;
}

/** One expression: a function of Node's require and of what gives the URL of a module. */
export function oneFile(folder: string): string {
  const bodies = new Map<string, string>();
  collect(folder, join(folder, ENTRY), bodies);
  const functions = [...bodies].map(([path, body]) => `${JSON.stringify(path)}(exports,require){${body}}`);
  const text = `(function(node,url){const modules={${functions.join(',\n')}};const known={};
const late=new Set(${JSON.stringify(LATE)});
const atUse=(name)=>new Proxy({},{get:(_,key)=>node(name)[key]});
const require=(path)=>{const make=modules[path];if(make===undefined)return late.has(path)?atUse(path):node(path);let exports=known[path];
if(exports===undefined){exports=known[path]={};make(exports,require);}return exports;};return require(${JSON.stringify(ENTRY)});})\n`;
  const ascii = text.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const mark = `//${createHash('sha256').update(ascii).digest('hex')}\n`.padEnd(MARK_LENGTH, '\n');
  return mark + ascii;
}

const [how = 'write', at = COMPILED] = process.argv.slice(2);
const source = join(at, 'program.js');
const cache = join(at, 'program.cache');
const mtime = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (how === 'write' && mtime(source) <= mtime(join(at, '../.tsbuildinfo'))) {
  rmSync(cache, { force: true });
  writeFileSync(source, oneFile(at));
  // A process of its own lives through a start, so that V8 keeps what a start needs.
  execFileSync(process.execPath, [import.meta.filename, 'cache', at], { stdio: ['ignore', 'ignore', 'inherit'] });
} else if (how === 'cache') {
  const text = readFileSync(source, 'latin1');
  const script = new Script(text, { filename: source });
  const program = script.runInThisContext() as (require: NodeJS.Require, url: (path: string) => string) => { enter(): Promise<never> };
  const { enter } = program(createRequire(import.meta.url), (path) => new URL(path, `file://${at}/`).href);
  const config = `connection: &one\n  accepter: tcp,127.0.0.1,0\n  connector: echo\nconnection: &two\n  accepter: telnet(rfc2217),tcp,127.0.0.1,0\n  connector: serialdev,/dev/null,9600n81,local\n  options:\n    max-connections: 2\n`;
  process.argv.splice(2, process.argv.length, '-n', '-u', '-Y', config);
  const done = (): void => {
    writeFileSync(cache, Buffer.concat([Buffer.from(text.slice(0, MARK_LENGTH), 'latin1'), script.createCachedData()]));
    process.exit(0);
  };
  setTimeout(done, 1500);
  await enter();
}
