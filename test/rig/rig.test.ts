import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openGensio } from '../../src/index.ts';
import { start, until, untilListens } from '../cli/command-rig.ts';

test('npm run rig joins what is typed to whoever connects, shows what happens inside, and ends when told', async () => {
  const rig = start([''], { script: join(import.meta.dirname, 'rig.js'), env: { TRACE: 'port' } });
  await until('the port to be told', () => /port {5}localhost,\d+/.test(rig.out()));
  const port = Number(/port {5}localhost,(\d+)/.exec(rig.out())?.[1]);
  await untilListens(port);
  const client = await openGensio(`tcp,localhost,${port}`);
  client.write('from the client');
  await until('what the client sent', () => rig.out().includes('from the client'));
  client.destroy();
  await until('what happened inside', () => rig.err().includes('port rig: unconnected, joined: opening (open-device)'));
  rig.child.kill('SIGTERM');
  assert.equal(await rig.ended, 0);
});
