// Writes the compiled program as one file beside its modules, and what V8 makes of it: src/main.ts says why, and loads it. Run after
// each compilation: `node build/packaging/bundle.js [FOLDER]`, where FOLDER has the compiled code of src.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';
import { buildSync } from 'esbuild';
import { v8Flags } from '../src/daemon/v8-flags.ts';

/** One expression, in ASCII: a function of `require` and of the URL of base/, which gives what cli/main.ts exports. */
function bundle(folder: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(folder, 'cli/main.js')],
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // A script of node:vm has no import().
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__base' },
    banner: { js: '(function(require,__base){var module={exports:{}};' },
    footer: { js: 'return module.exports})' },
    minifyWhitespace: true,
    legalComments: 'none',
    write: false,
  });
  const { text } = outputFiles[0]!;
  return `//${createHash('sha256').update(text).digest('hex')}\n${text}`;
}

/** Starts a daemon in this process, and returns what V8 compiled for that. */
async function codeOfStart(file: string, source: string): Promise<Buffer> {
  const script = new Script(source, { filename: file });
  const program = script.runInThisContext() as (require: NodeJS.Require, base: string) => { main(): Promise<never> };
  const config = `connection: &one\n  accepter: tcp,127.0.0.1,0\n  connector: echo\nconnection: &two\n  accepter: telnet(rfc2217),tcp,127.0.0.1,0\n  connector: serialdev,/dev/null,9600n81,local\n  options:\n    max-connections: 2\n`;
  process.argv.splice(2, process.argv.length, '-n', '-u', '-Y', config);
  void program(createRequire(import.meta.url), new URL('base/', `file://${file}`).href).main();
  await new Promise((done) => setTimeout(done, 1500));
  return script.createCachedData();
}

const compiled = resolve(process.argv[2] ?? join(import.meta.dirname, '../src'));
const program = join(compiled, 'program.js');
/** Each with the options of node it is for. */
const caches = [
  { name: 'program.cache', flags: [] },
  { name: 'program.daemon.cache', flags: v8Flags(process.versions.v8) },
];
const mtime = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const [, , , cache] = process.argv;
if (cache !== undefined) {
  const source = readFileSync(program, 'latin1');
  const code = await codeOfStart(program, source);
  writeFileSync(join(compiled, cache), Buffer.concat([Buffer.from(source.slice(0, source.indexOf('\n') + 1), 'latin1'), code]));
  process.exit(0);
}
if (mtime(program) <= mtime(join(compiled, '../.tsbuildinfo'))) {
  for (const { name } of caches) rmSync(join(compiled, name), { force: true });
  writeFileSync(program, bundle(compiled));
  // In processes of their own: what is compiled there is what a start needs, and nothing else.
  for (const { name, flags } of caches)
    execFileSync(process.execPath, [...flags, import.meta.filename, compiled, name], { stdio: ['ignore', 'ignore', 'inherit'] });
}
