// Lays the program and its modules out in a folder, for a container's image: `node build/packaging/stage.js FOLDER`.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { programFiles } from './payload.ts';

const [to] = process.argv.slice(2);
if (to === undefined) {
  process.stderr.write('Usage: stage.js FOLDER\n');
  process.exit(1);
}
const project = { root: resolve(import.meta.dirname, '../..'), compiled: resolve(import.meta.dirname, '../src'), node: process.execPath };
for (const { path, content, mode } of programFiles(project, '/usr/bin/env node')) {
  mkdirSync(dirname(join(to, path)), { recursive: true });
  writeFileSync(join(to, path), content);
  chmodSync(join(to, path), mode);
}
