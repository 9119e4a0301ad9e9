// The commands `who` and `takewriter`: who is on a port, and who has the right to write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Doors } from '../../src/port/doors/doors.ts';
import { sectionsOf } from '../rig/door-rig.ts';
import { AdminRig, ask } from './rig.ts';

const PORTS = [{ name: 'con0', accepter: 'tcp,2000', connector: 'serialdev,/dev/ttyS0', options: { maxConnections: 3 } }];

/** A console of a port with this section. */
async function consoleOf(keys: string) {
  const rig = new AdminRig(PORTS);
  const { clock, engine, logged } = rig;
  const log = { log: (level: string, text: string) => void logged.push(`${level} ${text}`) };
  const { builder, deadlines } = engine;
  const doors = new Doors({ clock, deadlines, log, builder, findProtocol: (child) => child });
  doors.apply(sectionsOf(keys), []);
  engine.addRoom(doors);
  await rig.apply();
  const client = await rig.admin();
  const answer = async (line: string): Promise<string> =>
    (await ask(client, `${line}\r`)).replaceAll('\r\n', '\n').replace(/^.*\n/, '').replace(/-> $/, '');
  await ask(client, '');
  return { rig, answer };
}

test('who shows users with their rights, and takewriter gives the right to write to one of them or frees it', async () => {
  const { rig, answer } = await consoleOf('writers: one');
  const [a, b] = [await rig.user('con0', 'ipv4,127.0.0.1,4000'), await rig.user('con0', 'ipv4,127.0.0.1,4001')];
  a.feed('a');
  const users = (first: string, second: string): string =>
    `port con0\n  writers: one\n${[4000, 4001]
      .map(
        (port, i) =>
          `  user: ipv4,127.0.0.1,${port}\n    door: raw\n    rights: read write control\n    has the right to write: ${[first, second][i]}\n`,
      )
      .join('')}`;
  const plain = (text: string): string =>
    text
      .replace(/^port(:)? /, 'port ')
      .replaceAll(/[ \t]+/g, ' ')
      .replaceAll(/^ /gm, '');
  assert.equal(plain(await answer('who con0')), plain(users('yes', 'no')));
  assert.equal(await answer('takewriter con0 127.0.0.1:4001'), '');
  assert.equal(plain(await answer('who')), plain(users('no', 'yes')));
  a.feed('dropped');
  b.feed('b');
  assert.equal(rig.device('con0').take().toString(), 'ab');
  assert.equal(await answer('takewriter con0'), '');
  assert.equal(plain(await answer('who con0')), plain(users('no', 'no')));
});

test('what takewriter cannot do it says', async () => {
  const { rig, answer } = await consoleOf('writers: one\nrights: [read]');
  await rig.user('con0', 'ipv4,127.0.0.1,4000');
  assert.equal(await answer('takewriter'), 'error: No port given\n');
  assert.equal(await answer('takewriter nowhere'), 'error: Invalid port number - nowhere\n');
  assert.equal(await answer('takewriter con0 127.0.0.1:1'), 'error: No such user on con0 - 127.0.0.1:1\n');
  assert.equal(await answer('takewriter con0 127.0.0.1:4000'), 'error: No right to write - 127.0.0.1:4000\n');
  const all = await consoleOf('takeover: now');
  assert.equal(await all.answer('takewriter con0'), 'error: Every user may write - con0\n');
});
