// Configurations from the wild, each with what ser2net 4.3.11 made of it. Skipped where they are not at hand.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../src/config/model.ts';
import { readConfig } from '../../src/config/read.ts';
import { diskFiles, readSource } from '../../src/config/source.ts';
import { layersOf } from '../../src/gensio/syntax/stack.ts';
import { projectRoot } from './conf/conf-text.ts';

const dir = process.env.SER2NET_CORPUS ?? join(projectRoot(), '../shared/corpus');
const index = join(dir, 'INDEX.tsv');
const there = existsSync(index);

const unescaped = (text: string): string => text.replace(/\\([nt\\])/g, (_, c: string) => ({ n: '\n', t: '\t', '\\': '\\' })[c]!);
const ports = ({ connections, rotators, admin }: Config): string[] => {
  const accepters = [
    ...connections.filter((c) => c.enable && c.connector.spec !== undefined),
    ...rotators,
    ...(admin === undefined ? [] : [admin]),
  ];
  return accepters.flatMap(({ accepter }) => {
    const bottom = accepter.spec === undefined ? undefined : layersOf(accepter.spec).at(-1);
    return bottom !== undefined && 'addrs' in bottom ? bottom.addrs.map((a) => a.port) : [];
  });
};
const sorted = (list: readonly string[]): string[] => [...new Set(list)].sort();

test('every YAML file of the corpus gives the connections, ports and messages of 4.3.11', {
  skip: there ? false : 'the collection of files is not here',
}, () => {
  for (const row of readFileSync(index, 'utf8').trimEnd().split('\n').slice(1)) {
    const [name = '', , , , , , accepted, registered, , , listening = '', messages = ''] = row.split('\t');
    if (!name.startsWith('yaml/')) continue;
    const file = join(dir, name);
    const source = readSource({ file, lines: [], strings: [] }, diskFiles({}));
    assert.ok('format' in source);
    const { config, diags } = readConfig(source);
    const usable = config.connections.filter((c) => c.enable && c.accepter.spec !== undefined && c.connector.spec !== undefined);
    assert.deepEqual([usable.length, config.connections.length], [Number(accepted), Number(registered)], name);
    assert.deepEqual(sorted(ports(config)), sorted([...listening.matchAll(/:(\d+)(?=;|$)/g)].map((m) => m[1]!)), name);
    const printed = diags.flatMap((d) => (d.classic === undefined ? [] : [d.classic.trimEnd().replace(file, 'FILE')]));
    const wanted = unescaped(messages)
      .split('\n')
      .map((line) => line.replace(/^ser2net\[PID\]: /, ''));
    assert.deepEqual(sorted(printed), sorted(wanted.filter((line) => line !== '')), name);
  }
});
