// TCP wrappers at a tcp accepter: the files, the names of those who come, and what a refused one hears.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lookupService } from 'node:dns';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { MAX_HANDSHAKES } from '../../../src/gensio/handshakes.ts';
import { HostsFiles, nameOf, plainAddress } from '../../../src/gensio/net/hosts-files.ts';
import { tcpAccepter } from '../../../src/gensio/net/tcp.ts';
import { knownAs } from '../../../src/gensio/syntax/stack-properties.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { testFolder } from '../../rig/keys.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

type Opts = Partial<LayerOf<'tcp'>['opts']>;
const dir = testFolder();
let folders = 0;

/** A listener with files of its own. lookup: in place of the name server. */
async function rig(t: TestContext, opts: Opts = {}, lookup: typeof nameOf = (_address, done) => setImmediate(() => done('unknown'))) {
  const [allow, deny] = [join(dir, `allow${++folders}`), join(dir, `deny${folders}`)];
  const clock = new FakeClock();
  const env = { ...testEnv({ clock }), hosts: new HostsFiles(allow, deny, lookup) };
  const spec = tcpSpec(0) as LayerOf<'tcp'>;
  const accepter = tcpAccepter({ ...spec, opts: { ...spec.opts, ...opts } }, env);
  const accepted: Gensio[] = [];
  accepter.up = { accepted: (g) => void accepted.push(g), failed: (err) => assert.fail(err) };
  assert.equal(await new Promise((resolve) => accepter.listen(resolve)), undefined);
  const sockets: Socket[] = [];
  t.after(() => {
    for (const g of accepted) g.abort();
    for (const s of sockets) s.destroy();
    return new Promise<void>((resolve) => accepter.close(resolve));
  });
  const dial = () => {
    // The files are looked at again.
    clock.advance(250);
    const far = { heard: '', ended: false, socket: connect(accepter.port()!, '127.0.0.1') };
    sockets.push(far.socket);
    far.socket.on('data', (data: Buffer) => {
      far.heard += data.toString('latin1');
    });
    far.socket.on('error', () => undefined);
    far.socket.on('close', () => {
      far.ended = true;
    });
    return far;
  };
  /** What somebody who connects hears before the end; undefined: it is let in. */
  const knock = async (): Promise<string | undefined> => {
    const before = accepted.length;
    const far = dial();
    await until(() => far.ended || accepted.length > before, 'an answer');
    return accepted.length > before ? undefined : far.heard;
  };
  return { allow, deny, accepted, env, clock, accepter, dial, knock };
}

test('a refused client hears so and is closed; the files are read again when they change', async (t) => {
  const { allow, deny, env, knock } = await rig(t);
  assert.equal(await knock(), undefined, 'no files');
  writeFileSync(deny, 'ser2net: 127.0.0.1\n');
  assert.equal(await knock(), 'Access denied\r\n');
  assert.match(env.lines[0]!, /^info Error accepting net gensio: tcpd check failed: ipv4,127\.0\.0\.1,\d+$/);
  writeFileSync(allow, 'ALL: 127.\n');
  assert.equal(await knock(), undefined);
  rmSync(allow);
  assert.equal(await knock(), 'Access denied\r\n');
  rmSync(deny);
  assert.equal(await knock(), undefined);
});

test('with tcpd=on a refused client hears nothing, and with tcpd=off nobody is refused', async (t) => {
  for (const [tcpd, heard] of [
    ['on', ''],
    ['print', 'Access denied\r\n'],
    ['off', undefined],
  ] as const) {
    const { deny, knock } = await rig(t, { tcpd });
    writeFileSync(deny, 'ALL: ALL\n');
    assert.equal(await knock(), heard, tcpd);
  }
});

test('rules may name the daemon: ser2net, or what tcpdname says; the admin port has a name of its own', async (t) => {
  const named = await rig(t, { tcpdname: 'lab' });
  writeFileSync(named.deny, 'ALL EXCEPT lab: ALL\n');
  assert.equal(await named.knock(), undefined);
  writeFileSync(named.deny, 'lab: ALL\n');
  assert.equal(await named.knock(), 'Access denied\r\n');
  const nameIn = (spec: unknown): unknown => (spec as { child: LayerOf<'tcp'> }).child.opts.tcpdname;
  const on = (opts: Opts) => layerSpec('telnet', {}, { child: { ...tcpSpec(0), opts: { ...tcpSpec(0).opts, ...opts } } as LayerOf<'tcp'> });
  assert.equal(nameIn(knownAs('ser2net-control', on({}))), 'ser2net-control');
  assert.equal(nameIn(knownAs('ser2net-control', on({ tcpdname: 'x' }))), 'x');
});

test('a rule with names waits for the name server, and for nobody else', async (t) => {
  const asked: ((name: string) => void)[] = [];
  const { deny, accepted, knock, dial } = await rig(t, {}, (address, done) => {
    assert.equal(address, '127.0.0.1');
    asked.push(done);
  });
  writeFileSync(deny, 'ser2net: .bad.example\n');
  const [good, bad] = [dial(), dial()];
  await until(() => asked.length === 2, 'both to be asked about');
  assert.equal(accepted.length, 0);
  asked[1]!('pc.bad.example');
  await until(() => good.ended || bad.ended, 'the refusal');
  const refused = good.ended ? good : bad;
  assert.equal(refused.heard, 'Access denied\r\n');
  writeFileSync(deny, '');
  assert.equal(await knock(), undefined, 'no rule, no name');
  asked[0]!('pc.good.example');
  await until(() => accepted.length === 2, 'the other one');
  asked[0]!('a second answer');
  assert.equal(accepted.length, 2);
});

test('a name server that is silent knows no name; who leaves meanwhile is forgotten', async (t) => {
  const { deny, accepted, clock, dial } = await rig(t, {}, () => undefined);
  writeFileSync(deny, 'ser2net: UNKNOWN\n');
  const far = dial();
  await until(() => clock.timers === 1, 'the question');
  clock.advance(10_000);
  await until(() => far.ended || clock.next !== undefined, 'the refusal');
  clock.advance(1000);
  await until(() => far.ended, 'the end');
  assert.equal(far.heard, 'Access denied\r\n');
  const reset = dial();
  await until(() => clock.timers === 1, 'the question');
  reset.socket.resetAndDestroy();
  clock.advance(10_000);
  clock.advance(1000);
  assert.equal(accepted.length, 0);
});

test('those whose names are looked for are bounded, and end with the listener', async (t) => {
  const { deny, accepted, accepter, dial, env } = await rig(t, {}, () => undefined);
  writeFileSync(deny, 'ser2net: .example\n');
  const all = Array.from({ length: MAX_HANDSHAKES + 20 }, dial);
  await until(() => all.filter((far) => far.ended).length === 20, 'those too many to go');
  assert.match(env.lines[0]!, /^warning tcp,\d+: more than 128 handshakes at once, giving up the oldest/);
  await new Promise<void>((resolve) => accepter.close(resolve));
  await until(() => all.every((far) => far.ended), 'all to go');
  assert.equal(accepted.length, 0);
});

test('the log tells once what is wrong with a file, with its line', async (t) => {
  const { allow, deny, env, knock } = await rig(t);
  writeFileSync(allow, 'nonsense\nser2net: joe@10.0.0.1\n');
  writeFileSync(deny, 'ser2net: 10.0.0.2 : spawn /bin/true\nsshd: @group\nser2net: @group 127. : spawn /bin/true\n');
  const expected = [
    `warning ${allow}, line 1: missing ":" separator`,
    `warning ${allow}, line 2: user names are not asked for: 'joe@10.0.0.1'`,
    `warning ${deny}, line 3: netgroups are not supported: '@group'`,
    `warning ${deny}, line 3: option 'spawn' is not supported`,
  ];
  for (let i = 0; i < 2; i++) assert.equal(await knock(), 'Access denied\r\n');
  assert.deepEqual(
    env.lines.filter((line) => !line.startsWith('info')),
    expected,
  );
});

/** The files alone. says: whether somebody from this address may pass, when that takes no name. */
function filesRig(lookup: typeof nameOf = () => assert.fail('no name is needed')) {
  const [allow, deny] = [join(dir, `allow${++folders}`), join(dir, `deny${folders}`)];
  const clock = new FakeClock();
  const env = testEnv({ clock });
  const files = new HostsFiles(allow, deny, lookup);
  const ask = (address: string, done: (passes: boolean) => void): void =>
    files.ask({ daemon: 'ser2net', address, server: '127.0.0.1' }, env, done);
  const says = (address: string): boolean | undefined => {
    let said: boolean | undefined;
    clock.advance(250);
    ask(address, (passes) => {
      said = passes;
    });
    return said;
  };
  return { allow, deny, clock, env, ask, says };
}

test('the files are looked at four times a second at most', () => {
  const { deny, clock, ask } = filesRig();
  const said: boolean[] = [];
  const look = (): void => ask('10.0.0.1', (passes) => void said.push(passes));
  look();
  writeFileSync(deny, 'ALL: ALL\n');
  clock.advance(249);
  look();
  clock.advance(1);
  look();
  assert.deepEqual(said, [true, true, false]);
});

test('of a file with a mebibyte of rules all count; a bigger one, and one that cannot be read, has none, and the log says so once', () => {
  const { allow, deny, env, says } = filesRig();
  const rule = 'ALL: ALL\n';
  writeFileSync(deny, `${rule}${' '.repeat((1 << 20) - rule.length)}`);
  assert.equal(says('10.0.0.1'), false);
  writeFileSync(deny, `${rule}${' '.repeat((1 << 20) - rule.length + 1)}`);
  assert.equal(says('10.0.0.1'), true);
  mkdirSync(allow);
  assert.equal(says('10.0.0.1'), true);
  assert.equal(says('10.0.0.1'), true);
  assert.deepEqual(env.lines, [`warning ${deny}: 1048577 bytes, more than the 1048576 expected`, `warning ${allow}: Is a directory`]);
});

test('a rule may name a file of patterns, which is read when it is needed; one that is not there has none', () => {
  const { deny, env, says } = filesRig();
  const patterns = `${deny}.patterns`;
  writeFileSync(deny, `ALL: ${patterns}\n`);
  assert.equal(says('10.0.0.1'), true);
  assert.deepEqual(env.lines, []);
  writeFileSync(patterns, '10.0.0.\n192.0.2.7\n');
  assert.deepEqual(['10.0.0.1', '192.0.2.7', '192.0.2.8'].map(says), [false, false, true]);
  writeFileSync(patterns, ' '.repeat((1 << 20) + 1));
  assert.equal(says('10.0.0.1'), true);
  assert.deepEqual(env.lines.splice(0), [`warning ${patterns}: 1048577 bytes, more than the 1048576 expected`]);
  rmSync(patterns);
  execFileSync('mkfifo', [patterns]);
  assert.equal(says('10.0.0.1'), true);
  assert.deepEqual(env.lines.splice(0), [`warning ${patterns}: not a regular file`]);
  const loop = `${deny}.loop`;
  symlinkSync(loop, loop);
  writeFileSync(deny, `ALL: ${loop}\n`);
  assert.equal(says('10.0.0.1'), true);
  assert.deepEqual(env.lines, [`warning ${loop}: Too many levels of symbolic links`]);
});

test('a question is answered once, by the name server or after ten seconds without one, and leaves no timer', () => {
  const answers: ((name: string) => void)[] = [];
  const { deny, clock, ask } = filesRig((_address, done) => void answers.push(done));
  writeFileSync(deny, 'ALL: UNKNOWN\n');
  const said: boolean[] = [];
  const look = (): void => ask('10.0.0.1', (passes) => void said.push(passes));
  look();
  answers[0]!('pc.example');
  answers[0]!('unknown');
  assert.deepEqual([said, clock.timers], [[true], 0]);
  look();
  clock.advance(9999);
  assert.equal(said.length, 1);
  clock.advance(1);
  answers[1]!('pc.example');
  assert.deepEqual([said, clock.timers], [[true, false], 0]);
});

test('a name counts when it leads back to its address', async () => {
  const names: string[] = [];
  nameOf('127.0.0.1', (name) => void names.push(name));
  lookupService('127.0.0.1', 0, (err, name) => void names.push(err === null ? name : 'unknown'));
  await until(() => names.length === 2, 'a name');
  assert.equal(names[0], names[1]);
  assert.equal(plainAddress('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1');
  assert.equal(plainAddress('::ffff:1:2'), '::ffff:1:2');
});
