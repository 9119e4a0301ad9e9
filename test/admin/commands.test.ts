import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../../src/admin/commands.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import { settle } from '../rig/port-rig.ts';
import { AdminRig, ask, type RigPort } from './rig.ts';

const con = (name: string, more: Partial<RigPort> = {}): RigPort => ({
  name,
  accepter: `tcp,${name}`,
  connector: `serialdev,/dev/${name},9600n81,local`,
  idle: `/dev/${name},9600N81,CLOCAL offline`,
  ...more,
});

/** Gives the answer to a line: what stands between its echo and the next prompt. */
async function console(ports: readonly RigPort[] = [con('con1')]) {
  const rig = await AdminRig.start(ports);
  const client = await rig.admin();
  client.take();
  const run = async (line: string): Promise<string> => {
    const all = await ask(client, `${line}\r`);
    assert.ok(all.startsWith(`${line}\r\n`), all);
    return all.slice(line.length + 2).replace(/-> $/, '');
  };
  return { rig, client, run };
}

test('help lists what the reference lists; help with the name of a command shows that one', async () => {
  const { run } = await console();
  const all = await run('help');
  assert.ok(!all.includes('setportconfig') && !all.includes('quit'));
  assert.equal(await run('help bogus'), all);
  assert.ok(!all.includes('showattachment'));
  assert.equal(await run('showattachment'), '');
  assert.equal(await run('showattachment x'), 'error: No such attachment - x\r\n');
  assert.match(await run('help setportconfig'), /^setportconfig <port> <settings> - .*\r\n/);
  for (const row of Object.values(COMMANDS)) assert.match(row.help, /^[a-z]+ .*\n$/s);
});

test('a port that waits for a reload is shown, and not found by commands that change how it works', async () => {
  const { rig, run } = await console([con('con1'), con('con2')]);
  await rig.user('con1');
  await rig.user('con2');
  await rig.apply([con('con1', { timeout: 9 })]);
  assert.match(await run('showport con1'), /enable state: on\r\n(.*\r\n)*Port will be reconfigured when current session closes\.\r\n$/);
  assert.match(await run('showport con2'), /enable state: off\r\n(.*\r\n)*Port will be deleted when current session closes\.\r\n$/);
  assert.match(await run('showshortport con1'), /\r\ncon1 {19}DEL /);
  assert.equal(await run('setportenable con1 off'), 'error: Invalid port - con1\r\n');
  assert.equal(await run('setportcontrol con1 RTSHI'), 'error: Invalid port number - con1\r\n');
  assert.equal(await run('setportconfig con1 4800'), 'error: Invalid port number - con1\r\n');
  assert.equal(await run('setporttimeout con1 5'), '');
  assert.equal(await run('disconnect con2'), '');
  await settle();
  assert.equal(await run('showport con2'), 'error: Invalid port number - con2\r\n');
});

test('ports stand in the order of the configuration, ports to be deleted last', async () => {
  const { rig, run } = await console([con('con1'), con('con2'), con('con3')]);
  await rig.user('con1');
  await rig.apply([con('con3'), con('con2')]);
  assert.deepEqual(
    [...(await run('showport')).matchAll(/^port: (.*)\r$/gm)].map((m) => m[1]),
    ['con3', 'con2', 'con1'],
  );
});

test('the device of a classic DEVICE line is shown with the name it was used by', async () => {
  const { run } = await console([con('con1', { device: 'alias1' })]);
  assert.match(await run('showport con1'), /device: serialdev,\/dev\/con1,9600n81,local \(alias1\)\r\n/);
});

test('a port one of whose strings means nothing is not started, and nothing is known of its device', async () => {
  const { run } = await console([con('con1', { invalid: true, idle: '' }), con('con2', { invalid: 'accepter' })]);
  for (const name of ['con1', 'con2']) {
    assert.match(
      await run(`showport ${name}`),
      /device config: \?\r\n {2}device controls: \?\r\n {2}tcp to device state: closed\r\n {2}device to tcp state: not started\r\n/,
    );
  }
});

test('while the device opens the user is listed, and disconnect gives it up', async () => {
  const { rig, run } = await console([con('con1', { slow: true })]);
  const user = await rig.user('con1');
  const shown = await run('showport con1');
  assert.match(shown, /connected to: ipv4,127\.0\.0\.1,4000\r\n/);
  assert.match(shown, /tcp to device state: unconnected\r\n {2}device to tcp state: waiting input\r\n/);
  assert.match(await run('showshortport con1'), / 0 unconnected {41}tcp/);
  assert.equal(await run('disconnect con1'), '');
  assert.equal(user.state, 'closed');
});

test('a device that takes nothing, and a user that does not, wait for output', async () => {
  const { rig, run } = await console();
  const user = await rig.user('con1');
  rig.device('con1').full = true;
  user.feed('x');
  user.full = true;
  rig.device('con1').feed('y');
  await settle();
  assert.match(await run('showport con1'), /tcp to device state: waiting output\r\n {2}device to tcp state: waiting output\r\n/);
});

test('a connect-back port without users has no address at all', async () => {
  const { rig, run } = await console([con('con1', { options: { remaddr: ['!127.0.0.1,9'] } })]);
  rig.clock.advance(10_000);
  await settle();
  assert.match(await run('showshortport con1'), / 0 {53}tcp,con1/);
});

test('an address that fills its column has no space after it, and widths count bytes', async () => {
  const { rig, run } = await console([con('grün')]);
  await rig.user('grün', 'a'.repeat(60));
  const all = await run('showshortport');
  assert.ok(all.includes(`${'a'.repeat(60)}tcp,`), all);
  assert.ok(all.includes(`\r\ngr\xc3\xbcn${' '.repeat(17)} on `), all);
});

test('setporttimeout takes digits only, and restarts the wait of those that are connected', async () => {
  const { rig, run } = await console();
  for (const text of ['-5', '+5', 'abc', '5s', '0x10', '2147483648', '99999999999999999999']) {
    assert.equal(await run(`setporttimeout con1 ${text}`), `error: Invalid timeout - ${text}\r\n`);
  }
  const user = await rig.user('con1');
  assert.equal(await run('setporttimeout con1 007'), '');
  assert.match(await run('showport con1'), /timeout: 7\r\n/);
  rig.clock.advance(6000);
  assert.equal(user.state, 'open');
  rig.clock.advance(2000);
  await settle();
  assert.equal(user.state, 'closed');
});

test('setportenable off answers when the port has closed, and nobody else waits for it', async () => {
  const { rig, client } = await console([con('con1', { slow: true })]);
  await rig.user('con1');
  rig.device('con1').opened();
  const device = rig.device('con1');
  assert.equal(await ask(client, 'setportenable con1 off\r'), 'setportenable con1 off\r\n');
  const other = await rig.admin();
  other.take();
  assert.match(await ask(other, 'showport con1\r'), /enable state: off\r\n(.*\r\n)* {2}tcp to device state: closing\r\n/);
  device.end();
  await settle();
  assert.equal(client.take().toString(), '-> ');
});

test('a port that cannot listen stays off and says why; one that could not listen can be switched off', async () => {
  const { rig, run } = await console([con('con1', { enable: false }), con('con2')]);
  assert.equal(await run('setportenable con1 on'), '');
  assert.equal(await run('setportenable con1 off'), '');
  let failing: GensioError | undefined = new GensioError('addrinuse');
  const accepter = rig.engine.builder.accepter;
  rig.engine.builder.accepter = (spec) => {
    const made = accepter(spec);
    rig.accepters.get('con1')!.failure = failing;
    return made;
  };
  assert.equal(await run('setportenable con1 on'), 'error: Unable to startup network port con1: Address already in use\r\n');
  assert.match(await run('showport con1'), /enable state: off\r\n/);
  failing = undefined;
  assert.equal(await run('setportenable con1 on'), '');
  assert.equal(await run('setportenable con1 off'), '');
  failing = new GensioError('addrinuse');
  await rig.apply([con('con1'), con('con2')]);
  assert.match(await run('showport con1'), /enable state: on\r\n(.*\r\n)* {2}tcp to device state: closed\r\n/);
  assert.equal(await run('setportenable con1 off'), '');
  assert.match(await run('showport con1'), /enable state: off\r\n/);
});

test('setportcontrol goes on behind a word it does not know, and stops after the third', async () => {
  const { rig, run } = await console();
  await rig.user('con1');
  assert.equal(await run('setportcontrol con1 RTSLO foo DTRLO'), 'error: Invalid device control - foo\r\n');
  assert.deepEqual(rig.device('con1').lines, { rts: false, dtr: false });
  assert.equal(await run('setportcontrol con1 RTSHI RTSLO RTSHI RTSLO'), '');
  assert.deepEqual(rig.device('con1').lines, { rts: true, dtr: false });
});

test('setportconfig changes the line of an open device and of the next openings, until a reload', async () => {
  const { rig, run } = await console();
  assert.equal(await run('setportconfig'), 'error: No port given\r\n');
  assert.equal(await run('setportconfig con1'), 'error: No device config\r\n');
  assert.equal(await run('setportconfig nope 9600'), 'error: Invalid port number - nope\r\n');
  assert.match(await run('setportconfig con1 9600 fast'), /^error: Invalid device config - 'fast' /);
  await rig.user('con1');
  assert.equal(await run('setportconfig con1 4800 EVEN 7DATABITS 2STOPBITS rtscts'), '');
  assert.deepEqual(rig.device('con1').asked, [
    ['speed', 4800],
    ['databits', 7],
    ['parity', 'even'],
    ['stopbits', 2],
    ['flow', 'rtscts'],
  ]);
  const port = rig.engine.port('con1')!;
  assert.equal(port.line?.speed, 4800);
  assert.equal(port.line?.local, true, 'what is not named stays');
  assert.match(await run('showport con1'), /device: serialdev,\/dev\/con1,9600n81,local\r\n/);
  port.closeSession('admin disconnect');
  await settle();
  await rig.apply();
  assert.equal(port.line?.speed, 9600);
});

test('several sessions may watch one port, each one direction, also over a reload', async () => {
  const { rig, client, run } = await console();
  assert.equal(await run('monitor term con1'), '');
  const other = await rig.admin();
  other.take();
  assert.equal(await ask(other, 'monitor tcp con1\r'), 'monitor tcp con1\r\n-> ');
  await rig.apply([con('con1', { timeout: 3 })]);
  const user = await rig.user('con1');
  user.feed('to');
  rig.device('con1').feed('from');
  await settle();
  assert.equal(other.take().toString(), 'to');
  assert.equal(client.take().toString(), 'from');
  client.full = true;
  client.up.read(Buffer.from('x'));
  client.take();
  rig.device('con1').feed('lost');
  await settle();
  assert.equal(client.take().length, 0);
});

test('a session that ends watches nothing any more', async () => {
  const { rig, client, run } = await console();
  const port = rig.engine.port('con1')!;
  const watch = port.watch.bind(port);
  let watching = 0;
  port.watch = (observer) => {
    watching++;
    const stop = watch(observer);
    return () => {
      watching--;
      stop();
    };
  };
  await run('monitor tcp con1');
  assert.equal(watching, 1);
  client.end();
  assert.equal(watching, 0);
});

test('a session whose port is gone may watch another', async () => {
  const { rig, run } = await console([con('con1'), con('con2')]);
  assert.equal(await run('monitor term con1'), '');
  assert.equal(await run('monitor term con2'), 'error: Already monitoring a port\r\n');
  await rig.apply([con('con2')]);
  assert.equal(await run('monitor term con2'), '');
});

test('reload lists what was wrong, and then how it ended', async () => {
  const { rig, run } = await console();
  rig.reload = async () => ({ ok: true, problems: ['a.yaml:1(column 0): one', 'two'] });
  assert.equal(await run('reload'), 'error: a.yaml:1(column 0): one\r\nerror: two\r\nerror: reload done\r\n');
  rig.reload = async () => ({ ok: false, problems: ['one'] });
  assert.equal(await run('reload'), 'error: one\r\nerror: reload error - Invalid argument\r\n');
  rig.reload = async () => ({ ok: false, problems: [], unreadable: 'No such file or directory' });
  assert.equal(await run('reload'), 'error: reload error - No such file or directory\r\n');
  assert.equal(rig.reloaded, 3);
});
