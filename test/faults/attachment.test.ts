// An attached device whose server vanishes without a word: the application keeps the device, the loss is noticed in the time that was
// given, and everything goes on when the cable is in again.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { Application } from '../attach/application.ts';
import { until } from '../rig/pty.ts';
import { FAR, FarNetwork } from './far-network.ts';

const network = libc() === undefined ? { why: 'koffi is not installed' } : await FarNetwork.lay();
after(() => {
  if ('close' in network) network.close();
});

const MAIN = join(import.meta.dirname, '../../src/main.js');
const PORT = 2000;
const ECHO = `require('net').createServer((s) => { s.on('error', () => 0); s.pipe(s); }).listen(${PORT}, '${FAR}', () => console.log('up'));`;

function running(t: TestContext, words: readonly string[]): { said: () => string } {
  const child = spawn(words[0]!, words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      said += data.toString();
    });
  t.after(() => child.kill('SIGKILL'));
  return { said: () => said };
}
const count = (text: string, part: string): number => text.split(part).length - 1;

for (const talks of [false, true]) {
  test(`the server vanishes while the application ${talks ? 'writes' : 'waits'}`, { timeout: 60_000 }, async (t) => {
    if ('why' in network) return t.skip(network.why);
    const dir = mkdtempSync(join(tmpdir(), 's2n-vanish-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const server = running(t, [...network.beyond, process.execPath, '-e', ECHO]);
    await until('the server', () => server.said().includes('up'));
    const device = join(dir, 'tty');
    const target = `tcp(keepalive,keepidle=1,keepintvl=1,keepcnt=2,user-timeout=1500),${FAR},${PORT}`;
    const words = ['attach', '-d', '--retry-time', '100m', '--retry-max', '200m', '--connect-timeout', '500m', device, target];
    const attach = running(t, [...network.through, process.execPath, MAIN, ...words]);
    await until('the connection', () => attach.said().includes('connected to'));
    const app = new Application(device);
    app.write('before');
    assert.equal((await app.take(6)).toString(), 'before');
    network.pull();
    try {
      if (talks) app.write('into nothing');
      await until('the loss', () => attach.said().includes(': lost '), 10_000);
      app.write('kept');
    } finally {
      network.plug();
    }
    await until('another connection', () => count(attach.said(), ': connected to') === 2);
    assert.equal((await app.take(4)).toString(), 'kept');
    app.close();
  });
}
