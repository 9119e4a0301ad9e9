// What `ser2net dump` prints, in each of its forms, is what was read.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { printConfig } from '../../../src/cli/check/dump.ts';
import type { Reading } from '../../../src/config/model.ts';
import { readConfig } from '../../../src/config/read.ts';
import { diskFiles, formatOf } from '../../../src/config/source.ts';
import { projectRoot } from '../../config/conf/conf-text.ts';

const FORMS = [{}, { short: true }, { origin: true }, { short: true, origin: true }] as const;
const read = (file: string, bytes: Buffer): Reading =>
  readConfig({ ...formatOf(file, bytes), file, bytes, lines: [], oldFormat: false, files: diskFiles({}) });
/** What of a configuration has a meaning: without places and spellings. */
const meaning = ({ config: { connections, rotators, leds, admin } }: Reading): unknown => ({
  connections: connections.map((c) => [c.name, c.accepter.spec, c.connector.spec, c.timeout, c.enable, c.options]),
  rotators: rotators.map((r) => [r.name, r.accepter.spec, r.connections, r.options]),
  leds: leds.map(({ pos: _, ...led }) => led),
  admin: admin && [admin.accepter.spec, admin.authdir, admin.pamauth],
});

function assertReadsBack(file: string, bytes: Buffer): void {
  const config = read(file, bytes);
  for (const form of FORMS) {
    const text = printConfig(config, form);
    assert.deepEqual(meaning(read('dumped.yaml', Buffer.from(text))), meaning(config), `${file} ${JSON.stringify(form)}\n${text}`);
  }
}

const FIXTURES = join(projectRoot(), 'test/fixtures');
test('every form of a dump reads back to the same configuration', () => {
  for (const name of ['conf/everything.v1.yaml', 'conf/everything.v2.yaml']) assertReadsBack(name, readFileSync(join(FIXTURES, name)));
  assertReadsBack(
    'a.yaml',
    Buffer.from(
      "connection: &a\n  accepter: tcp,1\n  connector: echo\n  options:\n    allowed-users: ' '\n    banner: '# no comment  # at all'\n",
    ),
  );
  assertReadsBack('a.yaml', Buffer.from('default:\n  name: signature\nconnection: &a\n  accepter: tcp,1\n  connector: echo\n'));
});

const CORPUS = join(projectRoot(), '../shared/corpus');
test('files from the wild are dumped so that they read back', {
  skip: existsSync(CORPUS) ? false : 'the collection of files is not here',
}, () => {
  for (const dir of ['conf', 'yaml']) {
    for (const name of readdirSync(join(CORPUS, dir))) assertReadsBack(name, readFileSync(join(CORPUS, dir, name)));
  }
});

test('what a classic file alone can say is written out', () => {
  const text = printConfig(read('a.conf', Buffer.from('DEVICE:d:serialdev,/dev/a\nBANNER:b:caf\xe9 \\o\n2000:raw:0:d:b\n', 'latin1')), {
    short: true,
  });
  assert.match(text, /banner: .*caf\\+xe9 d/);
});
