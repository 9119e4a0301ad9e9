import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { judge, missingDevices, runningProcess } from '../../src/cli/health.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { readListening } from '../../src/system/listening.ts';
import { emptyConfig } from '../daemon/rig.ts';
import { connectionConfig } from '../rig/port-rig.ts';

const accepter = (text: string) => parseStack(text, 'accepter');

test('listening sockets are found in the tables of the kernel, with their inodes', (t) => {
  const net = mkdtempSync(join(tmpdir(), 'net-'));
  t.after(() => rmSync(net, { recursive: true, force: true }));
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F91 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 00000000000000000000000000000000:07D0 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 3
`;
  const unix = `Num       RefCount Protocol Flags    Type St Inode Path
0000000070210323: 00000003 00000000 00000000 0001 03 270602
000000007bc8080a: 00000002 00000000 00010000 0001 01 270604 /run/a b.sock
`;
  writeFileSync(join(net, 'tcp'), tcp);
  writeFileSync(join(net, 'unix'), unix);
  const found = readListening(net);
  assert.deepEqual(
    [...found.tcp],
    [
      [8080, ['1']],
      [2000, ['3']],
    ],
  );
  assert.deepEqual([...found.unix], [['/run/a b.sock', ['270604']]]);
  assert.equal(found.udp.size, 0);
});

test('a configuration is well when every port that is on is listened on', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const on = connectionConfig({}, { name: 'on', accepter: accepter(`telnet,tcp,127.0.0.1,${port}`) });
  const now = readListening();
  assert.ok(now.tcp.has(port));
  assert.deepEqual(judge({ ...emptyConfig, connections: [on] }, now), { summary: '1 port listening' });
  const none = readListening('/nowhere');
  const off = connectionConfig({}, { name: 'off', enable: false, accepter: accepter('tcp,2001') });
  const udp = connectionConfig({}, { name: 'udp', accepter: accepter('udp,2002') });
  const path = connectionConfig({}, { name: 'path', accepter: accepter('unix,/run/x') });
  const stdio = connectionConfig({}, { name: 'stdio', accepter: accepter('stdio') });
  assert.deepEqual(judge({ ...emptyConfig, connections: [on, off, udp, path, stdio] }, none), {
    problems: ['on: not listening', 'udp: not listening', 'path: not listening'],
  });
});

test('without a control port --devices looks for the devices of the configuration', () => {
  const connector = (text: string) => parseStack(text, 'connector');
  const connections = [
    connectionConfig({}, { name: 'gone', connector: connector('serialdev,/dev/no-such-device,9600') }),
    connectionConfig({}, { name: 'off', enable: false, connector: connector('serialdev,/dev/no-such-device,9600') }),
    connectionConfig({}, { name: 'there', connector: connector('serialdev,/dev/null,9600') }),
    connectionConfig({}, { name: 'none', connector: connector('echo') }),
  ];
  assert.deepEqual(missingDevices({ ...emptyConfig, connections }), ['gone: device missing (/dev/no-such-device)']);
});

test('a pid file counts while its process runs', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'health-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'pid');
  assert.deepEqual(runningProcess(file), { trouble: `${file}: No such file or directory` });
  writeFileSync(file, 'nonsense\n');
  assert.deepEqual(runningProcess(file), { trouble: `${file}: contains no process id` });
  writeFileSync(file, `${process.pid}\n`);
  assert.deepEqual(runningProcess(file), { pid: process.pid });
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  writeFileSync(file, `${pid}\n`);
  assert.deepEqual(runningProcess(file), { trouble: `${file}: process ${pid} is not running` });
});
