import { test } from 'node:test';
import { soak } from './soak.ts';

test('eight hours of people who come and go leave neither timers nor memory behind', { timeout: 60_000 }, async (t) => {
  await soak((line) => t.diagnostic(line), 8);
});
