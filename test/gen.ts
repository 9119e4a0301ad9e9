// npm run gen: writes the generated parts of the manual pages anew.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, ROOT } from './gen/pages.ts';

for (const { path, is, should } of pages()) {
  if (is === should) continue;
  writeFileSync(join(ROOT, path), should);
  process.stdout.write(`${path}\n`);
}
