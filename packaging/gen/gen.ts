// npm run gen: writes what is generated again: parts of the manual pages, the shell completion, the report of the public surface.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_REPORT, apiReport } from './api.ts';
import { bashCompletion } from './completion.ts';
import { pages, ROOT } from './pages.ts';

const read = (path: string): string => {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return '';
  }
};
const others = [
  { path: API_REPORT, should: apiReport() },
  { path: 'examples/completion/ser2net.bash', should: bashCompletion() },
].map(({ path, should }) => ({ path, is: read(path), should }));

for (const { path, is, should } of [...pages(), ...others]) {
  if (is === should) continue;
  writeFileSync(join(ROOT, path), should);
  process.stdout.write(`${path}\n`);
}
