// Whether every layer there is passes the suite of gensio.ts: a new one cannot be forgotten.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LAYERS } from '../../src/options/stack.ts';

const SOURCES = join(import.meta.dirname, '../../../test/gensio');
/** dummy has no connections; sdev is another name of serialdev. */
const WITHOUT = ['dummy', 'sdev'];

test('every layer that can run here is in the compliance suite', () => {
  const tested = new Set<string>();
  for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts')) continue;
    for (const [, layer = ''] of readFileSync(join(SOURCES, file), 'utf8').matchAll(/\b(?:pairC|c)ompliance\([`'](\w+)/g))
      tested.add(layer);
  }
  const layers = Object.entries(LAYERS).flatMap(([name, info]) => ('unsupported' in info ? [] : [name]));
  assert.deepEqual(
    layers.filter((name) => !tested.has(name) && !WITHOUT.includes(name)),
    [],
  );
});
