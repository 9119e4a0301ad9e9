import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenProblems } from '../../../src/cli/check/listen.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { type HostPaths, THIS_HOST } from '../../../src/system/host.ts';
import { OpenFiles } from '../../../src/system/open-files.ts';
import { memoryFiles } from '../../config/memory-files.ts';
import { makeDirectory } from '../command-rig.ts';

const dir = makeDirectory();
const connection = (accepter: string): string => `connection: &c\n  accepter: ${accepter}\n  connector: echo\n`;

async function problems(text: string, host: HostPaths = THIS_HOST): Promise<string[]> {
  const reading = readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() });
  const found = await listenProblems(reading, { holders: new OpenFiles(host), net: '/proc/net', file: '/none' });
  return found.map(({ code, pos, text: said, hint }) => `${pos.line}:${pos.col} ${code} ${said}${hint === undefined ? '' : ` (${hint})`}`);
}

const listen = (on: { port: number; host: string } | string): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(on, () => resolve(server));
  });
const portOf = (server: Server): number => (server.address() as { port: number }).port;

test('an address that is free has no problem, and is free afterwards', async () => {
  const server = await listen({ port: 0, host: '127.0.0.1' });
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await problems(connection(`telnet,tcp,localhost,${port}`)), []);
  const again = await listen({ port, host: '127.0.0.1' });
  again.close();
});

test('an address that is taken is an error at the accepter, which says by whom', async (t) => {
  const server = await listen({ port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  const port = portOf(server);
  const [said] = await problems(connection(`tcp,127.0.0.1,${port}`));
  assert.match(
    said!,
    new RegExp(`^2:13 port-busy 'tcp,127\\.0\\.0\\.1,${port}' of the connection 'c' is already in use by .*\\(process ${process.pid}\\)$`),
  );
  assert.match(
    (await problems(connection(`tcp,127.0.0.1,${port}`), { ...THIS_HOST, proc: dir }))[0]!,
    /is already in use by another program$/,
  );
});

test('the admin port and rotators are tried too; a connection that is off is not', async (t) => {
  const server = await listen({ port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  const at = `tcp,127.0.0.1,${portOf(server)}`;
  const said = await problems(
    `admin:\n  accepter: ${at}\nrotator: &r\n  accepter: ${at}\n  connections: [c]\n${connection(at)}  enable: off\n`,
  );
  assert.deepEqual(
    said.map((line) => line.replace(/ '.*' of /, ' ').replace(/:.*/, '')),
    ['2', '4'],
  );
});

test('an address of another host is an error', async () => {
  assert.match(
    (await problems(connection('tcp,192.0.2.1,2000')))[0]!,
    /port-busy cannot listen on 'tcp,192\.0\.2\.1,2000' of the connection 'c': .*EADDRNOTAVAIL/,
  );
});

test('the path of a socket is looked at, and nothing is made or taken away', async (t) => {
  const path = join(dir, 'sock');
  assert.deepEqual(await problems(connection(`unix,${path}`)), []);
  const server = await listen(path);
  t.after(() => server.close());
  assert.match((await problems(connection(`unix,${path}`)))[0]!, /is already in use by .*$/);
  assert.match((await problems(connection('unix,/nowhere/sock')))[0]!, /the directory of '\/nowhere\/sock' does not exist/);
  assert.match((await problems(connection(`unix,${dir}`)))[0]!, /already exists$/);
});
