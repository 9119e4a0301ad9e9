// Writes the compiled program as one file beside its modules, and what V8 makes of it (code-cache.ts): src/main.ts says why, and loads it. Run after
// each compilation: `node build/packaging/bundle.js [FOLDER]`, where FOLDER has the compiled code of src.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

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

const compiled = resolve(process.argv[2] ?? join(import.meta.dirname, '../src'));
const program = join(compiled, 'program.js');
const mtime = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (mtime(program) <= mtime(join(compiled, '../.tsbuildinfo'))) {
  writeFileSync(program, bundle(compiled));
  execFileSync(process.execPath, [join(import.meta.dirname, 'code-cache.js'), compiled], { stdio: ['ignore', 'ignore', 'inherit'] });
}
