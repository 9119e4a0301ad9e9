// The whole program from one file, for a quick start: Node takes half a millisecond for each module it has to find, read and link,
// and there are two hundred. packaging/bundle.ts writes `program.js` (every module as a function) and `program.cache` (what V8
// made of it, for the version of Node it was made with). Without them, or when they are older than a build, the modules are loaded.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
// Not imported: making ES modules of these takes longer than what they are needed for here.
const { readFileSync, statSync } = require('node:fs') as typeof import('node:fs');
const { Script } = require('node:vm') as typeof import('node:vm');

/** What stands for a module of Node or node_modules, and for import.meta.url of a file below src. */
type Program = (require: NodeJS.Require, url: (path: string) => string) => typeof import('./enter.ts');

/** Both files begin with the same line of this length: they belong together. */
export const MARK_LENGTH = 68;
const FOLDER = new URL('../', import.meta.url);

/** The start of the program out of one file; undefined: it is not there, or not of this build. */
export function fromOneFile(): typeof import('./enter.ts') | undefined {
  // To look into single modules, or to change one: debugging, and tests that inject failures.
  if (process.env.SER2NET_MODULES !== undefined) return undefined;
  const file = new URL('program.js', FOLDER);
  try {
    const made = statSync(file).mtimeMs;
    // Written by each compilation, and not a part of packages.
    const build = statSync(new URL('../.tsbuildinfo', FOLDER), { throwIfNoEntry: false });
    if (build !== undefined && build.mtimeMs > made) return undefined;
    // Only ASCII stands in it; so read, it stays one byte a character.
    const source = readFileSync(file, 'latin1');
    const script = new Script(source, { filename: file.pathname, ...cacheFor(source, new URL('program.cache', FOLDER)) });
    const program = script.runInThisContext() as Program;
    return program(require, (path) => new URL(path, FOLDER).href);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw err;
  }
}

function cacheFor(source: string, file: URL): { cachedData?: Buffer } {
  try {
    const cache = readFileSync(file);
    const mark = cache.toString('latin1', 0, MARK_LENGTH);
    // Another version of Node than it was made with sees that, and does without.
    return source.startsWith(mark) ? { cachedData: cache.subarray(MARK_LENGTH) } : {};
  } catch {
    return {};
  }
}
