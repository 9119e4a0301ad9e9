import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMMANDS, type ReloadOutcome } from '../../src/admin/commands.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import { settle } from '../rig/port-rig.ts';
import { AdminRig, ask, type RigPort } from './rig.ts';

const CON1: RigPort = { name: 'con1', accepter: 'tcp,1', connector: 'serialdev,ttyA0', idle: 'ttyA0,9600N81 offline' };
const ONE: readonly RigPort[] = [CON1];
const VERSION = 'version\r\nversion: 4.3.11\r\n-> ';

/** A rig with an admin client that has seen its prompt. */
async function session(ports: readonly RigPort[] = ONE) {
  const rig = await AdminRig.start(ports);
  const client = await rig.admin();
  assert.equal(client.take().toString(), '-> ');
  return { rig, client };
}

test('every cut of the input gives the same output', async () => {
  const input = 'verx\bsion\r\n%version\r\0show\tport nope\rshowport con1 x y z\rhelp\r\rmonitor tcp\r';
  const { rig, client } = await session();
  const whole = await ask(client, input);
  client.end();
  for (let cut = 1; cut < input.length; cut++) {
    const other = await rig.admin();
    other.take();
    assert.equal((await ask(other, input.slice(0, cut))) + (await ask(other, input.slice(cut))), whole, `cut at ${cut}`);
    other.end();
  }
});

test('every cut of YAML input gives the same output, and several documents in one read are all answered', async () => {
  const input =
    "%YAML 1.1\r\n---\r\ncommand:\r\n  name: version\r\n...\r\n---\ncommand: {name: 'a b', id: x}\n...\n---\ncommand: [1]\n...\n---\n...\n";
  const version = "response: \r\n  name: !!str 'version'\r\n  version: !!str '4.3.11'\r\n...\r\n";
  const unknown = "response: \r\n  name: !!str 'a b'\r\n  id: !!str 'x'\r\n  error: !!str 'Unknown command - a b'\r\n...\r\n";
  const start = '\r\n%YAML 1.1\r\n---\r\n';
  const want = `${start}${version}${start}${unknown}${start}response: \r\n  error: !!str 'Invalid yaml command'\r\n`;
  const { rig, client } = await session();
  assert.equal(await ask(client, input), want);
  client.end();
  for (let cut = 1; cut < input.length; cut++) {
    const other = await rig.admin();
    other.take();
    assert.equal((await ask(other, input.slice(0, cut))) + (await ask(other, input.slice(cut))), want, `cut at ${cut}`);
    other.end();
  }
});

test('a line of 2048 characters is taken; one more throws away its read and the line, without a prompt', async () => {
  const { client } = await session();
  const full = 'x'.repeat(2048);
  assert.equal(await ask(client, full), full);
  assert.equal(await ask(client, 'y\rversion\r'), 'Input line too long\r\n');
  assert.equal(await ask(client, 'version\r'), VERSION);
});

test('of much input without a line end only the part behind a full line is lost, a read of 1024 at a time', async () => {
  const { client } = await session();
  const input = `${'x'.repeat(2048)}${'y'.repeat(1024)}version\r`;
  assert.equal(await ask(client, input), `${'x'.repeat(2048)}Input line too long\r\n${VERSION}`);
});

test('a YAML document that is too long is thrown away, and the next one is read', async () => {
  const { client } = await session();
  assert.equal(await ask(client, `%YAML 1.1\n---\n${'#'.repeat(2040)}\n`), 'Input line too long\r\n');
  assert.match(await ask(client, '\n---\ncommand:\n  name: version\n...\n'), /version: !!str '4.3.11'/);
});

test('bytes that are no UTF-8 come back as they were sent', async () => {
  const { client } = await session();
  assert.equal(await ask(client, 'f\xfc\xff\x80\r'), 'f\xfc\xff\x80\r\nerror: Unknown command - f\xfc\xff\x80\r\n-> ');
});

test('while the peer takes nothing, nothing is read, and the rest is done when it does', async () => {
  const { client } = await session();
  client.full = true;
  assert.equal(await ask(client, 'version\r'), VERSION);
  assert.equal(client.reading, false);
  assert.equal(await ask(client, 'version\r'), '');
  client.drain();
  await settle();
  assert.equal(client.take().toString(), VERSION);
  assert.equal(client.reading, true);
});

test('a great many commands in one read are answered in pieces, as fast as they are taken', async () => {
  const { client } = await session();
  client.full = true;
  client.feed(Buffer.from('help\r'.repeat(3000)));
  let rounds = 0;
  let total = 0;
  while (!client.reading) {
    const bytes = client.take().length;
    assert.ok(bytes < 64 * 1024, `${bytes} bytes at once`);
    total += bytes;
    rounds++;
    client.up.writable();
    await settle();
  }
  total += client.take().length;
  assert.ok(rounds > 100);
  client.full = false;
  assert.equal(total, (await ask(client, 'help\r')).length * 3000);
});

test('what follows a command that takes time waits for it, and other sessions do not', async () => {
  const { rig, client } = await session();
  let done: (outcome: ReloadOutcome) => void = () => undefined;
  rig.reload = () => new Promise((resolve) => (done = resolve));
  assert.equal(await ask(client, 'reload\rversion\r'), 'reload\r\n');
  assert.equal(client.reading, false);
  const other = await rig.admin();
  other.take();
  assert.equal(await ask(other, 'version\r'), VERSION);
  done({ ok: true, problems: [] });
  await settle();
  assert.equal(client.take().toString(), `error: reload done\r\n-> ${VERSION}`);
  assert.equal(client.reading, true);
});

test('a command that fails inside is answered, and the session lives on', async () => {
  const { rig, client } = await session();
  rig.reload = () => Promise.reject(new Error('broken'));
  assert.equal(await ask(client, 'reload\r'), 'reload\r\nerror: Internal error\r\n-> ');
  assert.match(rig.logged.join(), /err Internal error in the admin port: Error: broken/);
  assert.equal(await ask(client, 'version\r'), VERSION);
});

test('a session that is gone while its command works is forgotten', async () => {
  const { rig, client } = await session();
  let done: (outcome: ReloadOutcome) => void = () => undefined;
  rig.reload = () => new Promise((resolve) => (done = resolve));
  await ask(client, 'reload\r');
  client.end();
  assert.equal(rig.server.sessions, 0);
  done({ ok: true, problems: [] });
  await settle();
  assert.equal(client.take().length, 0);
});

test('exit throws away what was said in the same read, and what came behind', async () => {
  for (const word of ['exit', 'quit']) {
    const { rig, client } = await session();
    assert.equal(await ask(client, `version\r${word} now\rversion\r`), '');
    assert.equal(client.state, 'closed');
    assert.equal(rig.server.sessions, 0);
  }
});

test('a read error is logged, a plain end is not', async () => {
  const { rig, client } = await session();
  client.end(new GensioError('remclose'));
  assert.deepEqual(rig.logged, []);
  (await rig.admin()).end(new GensioError('ioerr'));
  assert.deepEqual(rig.logged, ['err read error for controller port: Internal I/O error']);
});

test('sessions in YAML hear of users that come and go, also of one whose device fails to open; others hear nothing', async () => {
  const { rig, client } = await session([CON1, { name: 'bad', accepter: 'tcp,2', connector: 'serialdev,none', broken: true }]);
  const text = await rig.admin();
  await ask(text, 'version\r');
  await ask(client, 'yaml\r');
  const doc = (what: string, name: string, peer: string): string =>
    `\r\n%YAML 1.1\r\n---\r\n${what}: \r\n  name: !!str '${name}'\r\n  remaddr: !!str '${peer}'\r\n...\r\n`;
  const user = await rig.user('con1', 'ipv4,127.0.0.1,7');
  assert.equal(client.take().toString(), doc('new connection', 'con1', 'ipv4,127.0.0.1,7'));
  await rig.user('con1', 'ipv4,127.0.0.1,8');
  assert.equal(client.take().toString(), '', 'one that is refused');
  user.end();
  await settle();
  assert.equal(client.take().toString(), doc('disconnect', 'con1', 'ipv4,127.0.0.1,7'));
  await rig.user('bad', '');
  assert.equal(client.take().toString(), doc('new connection', 'bad', '*unknown*') + doc('disconnect', 'bad', '*unknown*'));
  assert.equal(text.take().toString(), '');
});

test('reports are left out while a session takes nothing', async () => {
  const { rig, client } = await session();
  await ask(client, 'yaml\r');
  client.full = true;
  client.queuedBytes = 1 << 20;
  await rig.user('con1');
  assert.equal(client.take().length, 0);
});

test('any bytes in any cut never throw, and what a session keeps and says is bounded', async () => {
  const command = fc.constantFrom(...Object.keys(COMMANDS).filter((name) => name !== 'exit' && name !== 'quit'));
  const word = fc.constantFrom('con1', 'nope', 'tcp', 'term', 'stop', 'on', 'off', 'RTSHI', '5', "'", '"', '\xff', '%YAML 1.1', '...');
  const line = fc.tuple(command, fc.array(word, { maxLength: 6 })).map(([c, args]) => [c, ...args].join(' '));
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b).toString('latin1')),
    line.map((l) => `${l}\r`),
    fc.constantFrom('\r\n', '\n...\n', '\n---\ncommand:\n  name: showport\n', '%YAML 1.1\n', 'parms: [', '\b', '\0', 'x'.repeat(3000)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 5000 }), async (pieces, size) => {
      const { rig, client } = await session();
      const user = await rig.user('con1');
      const input = Buffer.from(pieces.join(''), 'latin1');
      for (let at = 0; at < input.length && client.state === 'open'; at += size) {
        client.feed(input.subarray(at, at + size));
        await settle();
        const device = rig.device('con1');
        if (device.state === 'open') device.feed('x');
        if (user.state === 'open') user.feed('y');
        await settle();
        assert.ok(client.take().length < 2_000_000);
        rig.clock.advance(10);
      }
      assert.ok(rig.server.sessions <= 1);
      assert.deepEqual(
        rig.logged.filter((text) => !text.includes('Unable to')),
        [],
      );
      await rig.server.stop();
      await settle();
      assert.equal(rig.server.sessions, 0);
    }),
    { numRuns: 300 },
  );
});

test('a read with many commands is worked on a few at a time, and whatever else there is to do comes in between', async () => {
  const { rig, client } = await session();
  const now = rig.clock.now.bind(rig.clock);
  // Each look at the time finds that a command has taken a while.
  rig.clock.now = () => {
    rig.clock.advance(0.1);
    return now();
  };
  client.feed(Buffer.from('version\r'.repeat(200)));
  const pieces = [client.take().length];
  while (pieces.reduce((sum, length) => sum + length, 0) < 200 * VERSION.length) {
    await settle();
    pieces.push(client.take().length);
  }
  assert.ok(pieces.length > 20, `${pieces.length} turns`);
  assert.equal(client.take().length, 0);
});

test('an exit ends the session without a word also when what came with it was worked on in several turns', async () => {
  const { rig, client } = await session();
  const now = rig.clock.now.bind(rig.clock);
  rig.clock.now = () => {
    rig.clock.advance(1);
    return now();
  };
  client.feed(Buffer.from('version\rversion\rexit\rversion\r'));
  for (let turn = 0; turn < 10; turn++) await settle();
  assert.equal(client.take().length, 0);
  assert.notEqual(client.state, 'open');
});
