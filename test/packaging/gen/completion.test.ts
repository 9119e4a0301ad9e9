import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bashCompletion } from '../../../packaging/gen/completion.ts';
import { ROOT } from '../../../packaging/gen/pages.ts';

const COMPLETION = 'examples/completion/ser2net.bash';

test('the completion among the examples is that of the command', () => {
  assert.ok(readFileSync(join(ROOT, COMPLETION), 'utf8') === bashCompletion(), `${COMPLETION} is stale: npm run gen`);
});
