import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pages, ROOT } from '../../../packaging/gen/pages.ts';
import { LAYERS } from '../../../src/options/stack.ts';

test('the generated parts of the manual pages are those of the option rows', () => {
  for (const { path, is, should } of pages()) assert.ok(is === should, `${path} is stale: npm run gen`);
});

test('man finds nothing to warn about', (t) => {
  if (spawnSync('man', ['--version']).status !== 0) return t.skip('no man here');
  for (const { path } of pages()) {
    const { stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', join(ROOT, path)], { encoding: 'utf8' });
    assert.equal(stderr, '', path);
  }
});

test('every layer is in ser2net.yaml(5), with its options when it has some', () => {
  const { is } = pages().find(({ path }) => path.endsWith('ser2net.yaml.5'))!;
  const text = is.replaceAll('\\-', '-');
  for (const [name, layer] of Object.entries(LAYERS)) {
    const { rows } = layer;
    const radio = /^(sound|soapy|cm108gpio|afskmdm|fsk|hdlc|convcode|axfec|ax25)$/.test(name);
    // sdev is another word for serialdev, and dev has its options.
    if (radio || name === 'sdev') continue;
    assert.match(text, new RegExp(`\\b${name}\\b`), name);
    // Those of layers that cannot run here can only be set as defaults.
    if (Object.keys(rows).length > 0 && !('unsupported' in layer) && !['dev', 'unixseq'].includes(name))
      assert.match(text, new RegExp(`options: ${name} yaml`), name);
  }
});
