// Files from public repositories: what listens, and what is said, is what ser2net 4.3.11 does with them, or is listed here.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeRaw } from '../../../src/base/raw-text.ts';
import { readConf } from '../../../src/config/conf/model.ts';
import { readTree } from '../../../src/config/conf/tree.ts';
import type { Config } from '../../../src/config/model.ts';
import type { Stack } from '../../../src/gensio/syntax/stack.ts';
import { layersOf } from '../../../src/gensio/syntax/stack.ts';
import { classics, projectRoot } from './conf-text.ts';
import { printTree } from './print-tree.ts';

const CORPUS = join(projectRoot(), '../shared/corpus');
const skip = existsSync(CORPUS) ? false : 'the collection of files is not here';

/** Where we do better on purpose: what listens besides, which messages are not ours, and why. */
const BETTER: Readonly<
  Record<string, { readonly listening?: readonly string[]; readonly unsaid?: readonly string[]; readonly why: string }>
> = {
  '005-adicon-CyeLoFi.conf': {
    unsaid: ['No state given on line 1', 'No state given on line 3'],
    why: 'a line of a CRLF file that holds nothing is empty',
  },
  '017-cminyard-ser2net.conf': { listening: ['tcp *:6271'], why: "'timestamp' is a word of 3.x: it keeps the port" },
  '040-JoeyPei-instant-console.conf': {
    listening: ['tcp 127.0.0.1:4321', 'tcp [::1]:4321'],
    unsaid: ['Unable to allocate controller accepter: Unknown name server lookup failure', 'No state given on line 3'],
    why: 'the carriage return of a CRLF file is no part of the control port, and an empty line is empty',
  },
  '052-lynxis-bbb_screwdriver_builder.conf': { listening: ['tcp *:2000', 'tcp *:2001'], why: 'LED lines in their first form are taken' },
};

interface Row {
  readonly file: string;
  readonly listening: readonly string[];
  readonly messages: readonly string[];
}

function rows(): Row[] {
  const [head, ...lines] = readFileSync(join(CORPUS, 'INDEX.tsv'), 'utf8').trimEnd().split('\n');
  const column = (line: string, name: string): string => line.split('\t')[head!.split('\t').indexOf(name)] ?? '';
  return lines
    .filter((line) => line.startsWith('conf/'))
    .map((line) => ({
      file: column(line, 'file').slice('conf/'.length),
      listening: column(line, 'listening')
        .split('; ')
        .filter((text) => text !== ''),
      messages: column(line, 'messages')
        .split('\\n')
        .filter((text) => text !== '')
        .map((text) => text.replace('ser2net[PID]: ', '')),
    }));
}

/** The sockets an accepter opens, as the collection writes them. */
function sockets(stack: Stack): string[] {
  const bottom = stack.spec === undefined ? undefined : layersOf(stack.spec).at(-1);
  if (bottom?.type !== 'tcp') return [];
  return bottom.addrs.flatMap(({ family, host, port }) => {
    if (host === undefined) return [`tcp ${family === 'ipv4' ? '0.0.0.0' : family === 'ipv6' ? '[::]' : '*'}:${port}`];
    if (host === 'localhost') return [`tcp 127.0.0.1:${port}`, `tcp [::1]:${port}`];
    return [`tcp ${host.includes(':') ? `[${host}]` : host}:${port}`];
  });
}

function listening({ connections, rotators, admin }: Config): string[] {
  const stacks = [
    ...connections.filter((c) => c.enable && c.connector.spec !== undefined),
    ...rotators,
    ...(admin === undefined ? [] : [admin]),
  ];
  return [...new Set(stacks.flatMap(({ accepter }) => sockets(accepter)))].sort();
}

test('files from the wild listen and complain as with ser2net 4.3.11, but for those listed', { skip }, () => {
  const seen = rows();
  assert.ok(seen.length > 40);
  for (const { file, listening: wanted, messages } of seen) {
    const text = decodeRaw(readFileSync(join(CORPUS, 'conf', file)));
    const reading = readConf(text, file);
    const better = BETTER[file];
    assert.deepEqual(listening(reading.config), [...new Set([...wanted, ...(better?.listening ?? [])])].sort(), file);
    assert.deepEqual(
      classics(reading),
      messages.filter((message) => !better?.unsaid?.includes(message)),
      file,
    );
    if (better !== undefined)
      assert.ok(better.listening?.some((l) => !wanted.includes(l)) || better.unsaid?.every((m) => messages.includes(m)), file);
    assert.equal(printTree(readTree(text)), text, file);
  }
});
