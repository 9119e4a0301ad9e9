// Writes what V8 makes of the program in one file (`program.js`, bundle.ts) beside it, for the Node.js that runs this: another version
// takes none of it. `node build/packaging/code-cache.js FOLDER`.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';
import { v8Flags } from '../src/daemon/v8-flags.ts';

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

/** Each with the options of node it is for. */
const CACHES = [
  { name: 'program.cache', flags: [] },
  { name: 'program.daemon.cache', flags: v8Flags(process.versions.node) },
];
const [, , given, cache] = process.argv;
if (given === undefined) {
  process.stderr.write('Usage: code-cache.js FOLDER\n');
  process.exit(1);
}
const folder = resolve(given);
if (cache === undefined) {
  for (const { name } of CACHES) rmSync(join(folder, name), { force: true });
  // In processes of their own: what is compiled there is what a start needs, and nothing else.
  for (const { name, flags } of CACHES)
    execFileSync(process.execPath, [...flags, import.meta.filename, folder, name], { stdio: ['ignore', 'ignore', 'pipe'] });
} else {
  const program = join(folder, 'program.js');
  const source = readFileSync(program, 'latin1');
  const code = await codeOfStart(program, source);
  writeFileSync(join(folder, cache), Buffer.concat([Buffer.from(source.slice(0, source.indexOf('\n') + 1), 'latin1'), code]));
  process.exit(0);
}
