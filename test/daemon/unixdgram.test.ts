// The built command with Unix datagram sockets at both ends: clients on one side, an instrument on the other.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { makeDirectory, run, start, until } from '../cli/command-rig.ts';
import { DatagramPeer } from '../rig/datagram-peer.ts';

const skip = libc() === undefined && 'koffi is not installed';
const dir = makeDirectory();
let n = 0;
const fresh = (): string => join(dir, `s${n++}`);
const peerOf = (t: TestContext): DatagramPeer => new DatagramPeer(t, fresh());

interface Rack {
  readonly file: string;
  readonly listener: string;
  readonly own: string;
  readonly instrument: DatagramPeer;
}
function rack(t: TestContext): Rack {
  const instrument = peerOf(t);
  const [file, listener, own] = [`${fresh()}.yaml`, fresh(), fresh()];
  writeFileSync(
    file,
    `connection: &rack
  accepter: unixdgram(perm=600),${listener}
  connector: unixdgram(laddr=${own}),${instrument.path}
  options:
    banner: "rack\\r\\n"
    kickolduser: false
`,
  );
  return { file, listener, own, instrument };
}

test('a client hears the banner and the instrument, another one that it is too late, and TERM takes the paths away', {
  skip,
}, async (t) => {
  const { file, listener, own, instrument } = rack(t);
  const daemon = start(['-n', '-r', '-c', file]);
  await until('Ready', () => daemon.out() === 'Ready\n');
  assert.equal((lstatSync(listener).mode & 0o777).toString(8), '600');
  const [first, second] = [peerOf(t), peerOf(t)];
  first.send(listener, 'idn?\r');
  assert.equal(await first.next(), 'rack\r\n');
  assert.equal(await instrument.next(), 'idn?\r');
  instrument.send(own, 'an instrument\r');
  assert.equal(await first.next(), 'an instrument\r');
  second.send(listener, 'x');
  assert.equal(await second.next(), 'Port already in use\r\n');
  // It goes without a word; the next one finds that out.
  first.close();
  const third = peerOf(t);
  third.send(listener, 'idn?\r');
  assert.equal(await third.next(), 'rack\r\n');
  assert.equal(await instrument.next(), 'idn?\r');
  assert.equal(existsSync(own), true);
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
  assert.deepEqual([existsSync(listener), existsSync(own)], [false, false]);
});

test('a reload moves the listener to another path, in the background too', { skip }, async (t) => {
  const { file, listener, instrument } = rack(t);
  const pidFile = `${fresh()}.pid`;
  assert.equal((await run(['-c', file, '-P', pidFile])).code, 0);
  const pid = Number(readFileSync(pidFile, 'latin1'));
  const client = peerOf(t);
  client.send(listener, 'a');
  assert.equal(await client.next(), 'rack\r\n');
  assert.equal(await instrument.next(), 'a');
  const moved = fresh();
  writeFileSync(file, readFileSync(file, 'latin1').replace(listener, moved));
  process.kill(pid, 'SIGHUP');
  // As with other clients, the change waits for the end of the session.
  client.close();
  await until('the new path', () => {
    if (existsSync(listener)) new DatagramPeer(t, undefined).send(listener, 'x');
    return existsSync(moved) && !existsSync(listener);
  });
  const next = peerOf(t);
  next.send(moved, 'b');
  assert.equal(await next.next(), 'rack\r\n');
  assert.equal(await instrument.next(), 'b');
  process.kill(pid, 'SIGTERM');
  await until('the end', () => !existsSync(pidFile) && !existsSync(moved));
});
