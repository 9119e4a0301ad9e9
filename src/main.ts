#!/usr/bin/env node
// The command ser2net. The whole program comes from one file where there is one: Node takes half a millisecond for each module it has
// to find, read and link, and there are two hundred. packaging/bundle.ts writes `program.js` (all modules) and `program.cache` (what V8
// made of it, for one version of Node). Without them, or when they are older than a build, the modules are loaded one by one.
import { createRequire } from 'node:module';

if (Number.parseInt(process.versions.node, 10) < 20) {
  process.stderr.write(`ser2net needs Node.js 20 or newer, this is ${process.versions.node}: see https://nodejs.org/en/download\n`);
  process.exit(1);
}

const require = createRequire(import.meta.url);
// Not imported: making ES modules of these takes longer than what they are needed for here.
const { readFileSync, statSync } = require('node:fs') as typeof import('node:fs');
const { Script } = require('node:vm') as typeof import('node:vm');

/** Modules of Node that most configurations never use: the bundle loads them when something of them is first used. */
const LATE = new Set(['node:child_process', 'node:crypto', 'node:dgram', 'node:dns', 'node:tls']);
const requireLate = (name: string): unknown =>
  LATE.has(name) ? new Proxy({}, { get: (_, key) => (require(name) as Record<PropertyKey, unknown>)[key] }) : require(name);

/** A function of what stands for `require`, and of the URL that stands for import.meta.url of modules in base/. */
type Program = (require: typeof requireLate, url: string) => typeof import('./cli/main.ts');

/** `undefined` if it is not there, or not of this build. */
function fromBundle(): typeof import('./cli/main.ts') | undefined {
  // To look into single modules, or to change one: debugging, and tests that inject failures.
  if (process.env.SER2NET_MODULES !== undefined) return undefined;
  const file = new URL('program.js', import.meta.url);
  try {
    const made = statSync(file).mtimeMs;
    // Written by each compilation, and not a part of packages.
    const build = statSync(new URL('../.tsbuildinfo', import.meta.url), { throwIfNoEntry: false });
    if (build !== undefined && build.mtimeMs > made) return undefined;
    const cache = readCache();
    // It is ASCII: read like this it stays one byte a character.
    const source = readFileSync(file, 'latin1');
    const mark = source.indexOf('\n') + 1;
    // Both begin with the same line, or they do not belong together.
    const valid = cache.length > 0 && source.startsWith(cache.toString('latin1', 0, mark));
    const script = new Script(source, { filename: file.pathname, ...(valid && { cachedData: cache.subarray(mark) }) });
    return (script.runInThisContext() as Program)(requireLate, new URL('base/', import.meta.url).href);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw err;
  }
}

/**
 * Empty if there is none. V8 takes one only with the options of node it was made with: there is one without any, and one for a daemon
 * (daemon/v8-flags.ts).
 */
function readCache(): Buffer {
  try {
    return readFileSync(new URL(process.execArgv.length > 0 ? 'program.daemon.cache' : 'program.cache', import.meta.url));
  } catch {
    return Buffer.alloc(0);
  }
}

const { main } = fromBundle() ?? (await import('./cli/main.ts'));
await main();
