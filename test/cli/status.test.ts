import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AdminServer } from '../../src/admin/server.ts';
import type { ProgramFacts } from '../../src/admin/show-state.ts';
import { dateAt, systemClock } from '../../src/base/clock.ts';
import { noLog } from '../../src/base/log.ts';
import { adminConnector } from '../../src/cli/admin-client.ts';
import { health } from '../../src/cli/health.ts';
import { portsOf } from '../../src/cli/port-status.ts';
import { duration, status, table } from '../../src/cli/status.ts';
import type { Config } from '../../src/config/model.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { Engine } from '../../src/port/engine.ts';
import { schemaOf, violations } from '../rig/json-schema.ts';
import { connectionConfig } from '../rig/port-rig.ts';
import { every } from '../rig/wait.ts';
import { MAIN } from './command-rig.ts';

const defaults = new Defaults();
const stack = (text: string, role: 'accepter' | 'connector') => parseStack(text, role, defaults);

/** A daemon's engine and admin port on real sockets, with ports named p0, p1, ... */
async function daemon(t: TestContext, accepters: readonly string[], connector = 'echo', program?: ProgramFacts) {
  const engine = new Engine({ clock: systemClock, log: noLog, gensio: { lockDir: undefined } });
  const server = new AdminServer({
    engine,
    clock: systemClock,
    log: noLog,
    version: '4.3.11',
    reload: async () => ({ ok: true, problems: [] }),
    ...(program && { program }),
  });
  const pos = { file: '', line: 0, col: 0, len: 0 };
  const admin = { name: undefined, accepter: stack('tcp,127.0.0.1,0', 'accepter'), authdir: '', pamauth: undefined, timeout: 0, pos };
  const connections = accepters.map((text, i) =>
    connectionConfig({}, { name: `p${i}`, accepter: stack(text, 'accepter'), connector: stack(connector, 'connector') }),
  );
  const config: Config = { format: 'yaml', connections, rotators: [], leds: [], admin };
  await server.apply(admin);
  await engine.apply(config);
  t.after(async () => {
    await server.stop();
    await engine.stop();
  });
  return { engine, server, at: `127.0.0.1,${server.port}` };
}

/** What a sub-command says. */
function talk() {
  const said = { out: '', err: '' };
  let wake: () => void = () => undefined;
  return {
    said,
    out: (text: string | Buffer): void => {
      said.out += text;
      wake();
    },
    err: (text: string | Buffer): void => {
      said.err += text;
    },
    /** Waits until the output shows it. */
    until: async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(said.out)) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

async function user(t: TestContext, port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write('hello');
  await new Promise((resolve) => socket.once('data', resolve));
}

test('status shows ports and their users as a table and as JSON', { timeout: 60_000 }, async (t) => {
  const { engine, at } = await daemon(t, ['tcp,127.0.0.1,0', 'tcp,127.0.0.1,0']);
  await user(t, engine.port('p0')!.listeningPort()!);
  const io = talk();
  assert.equal(await status({ admin: at }, io), 0, io.said.err);
  const lines = io.said.out.split('\n');
  assert.equal(lines[0], `ser2net 4.3.11 at ${at}: 2 ports`);
  assert.match(lines[1]!, /^PORT {2}STATE {3}USERS {2}FROM DEVICE {2}TO DEVICE {2}LINE {2}ACCEPTER {9}DEVICE$/);
  assert.match(lines[2]!, /^p0 {4}in use {6}1 {12}5 {10}5 {2}- {5}tcp,127.0.0.1,0 {2}echo$/);
  assert.match(lines[3]!, /^ {4}ipv4,127.0.0.1,\d+ {2}5 bytes in, 5 bytes out$/);
  assert.match(lines[4]!, /^p1 {4}idle /);
  const json = talk();
  assert.equal(await status({ admin: at, json: true }, json), 0);
  assert.deepEqual(violations(JSON.parse(json.said.out), schemaOf('cli/status.schema.json')), []);
  const { ports } = JSON.parse(json.said.out) as { ports: { name: string; users: { bytesIn: number }[]; state: string }[] };
  assert.deepEqual(
    ports.map((p) => [p.name, p.state, p.users.map((u) => u.bytesIn)]),
    [
      ['p0', 'in use', [5]],
      ['p1', 'idle', []],
    ],
  );
});

/** A program that has run for an hour and knows one device. */
const facts = (devices: ReadonlySet<string>): ProgramFacts => ({
  program: () => '0.1.0',
  pid: 4711,
  started: dateAt(Date.UTC(2026, 11, 1, 3, 22)),
  uptime: () => 3720,
  hasDevice: (path) => devices.has(path),
});

test('status shows both versions, the time since the start, totals of all sessions, and a missing device with the last error', {
  timeout: 60_000,
}, async (t) => {
  const there = new Set<string>();
  const { engine, at } = await daemon(t, ['tcp,127.0.0.1,0'], 'serialdev,/dev/no-such-device,9600', facts(there));
  const shown = async (width?: number): Promise<string[]> => {
    const io = talk();
    assert.equal(await status({ admin: at, ...(width !== undefined && { width }) }, io), 0, io.said.err);
    return io.said.out.split('\n');
  };
  const before = await shown();
  assert.equal(before[0], `ser2net 0.1.0 (compatible with 4.3.11) at ${at}, up 1 h 2 min: 1 port`);
  assert.match(before[2]!, /^p0 {4}device missing {2}/);
  const socket = connect(engine.port('p0')!.listeningPort()!, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.resume();
  await once(socket, 'close');
  const failed = await shown();
  assert.match(failed[3]!, /^ {4}\d\d-\d\d \d\d:\d\d {2}p0: cannot open \/dev\/no-such-device: No such file or directory$/);
  for (const line of await shown(60)) assert.ok(line.length <= 60, line);
  there.add('/dev/no-such-device');
  assert.match((await shown())[2]!, /^p0 {4}cannot open {2}/);
  const json = talk();
  await status({ admin: at, json: true }, json);
  const all = JSON.parse(json.said.out);
  assert.deepEqual(violations(all, schemaOf('cli/status.schema.json')), []);
  const { version, program, ports } = all;
  assert.deepEqual(
    [version, program, ports[0].more.lastError.text],
    [
      '4.3.11',
      { program: '0.1.0', pid: 4711, since: '2026-12-01T03:22:00.000Z', uptime: 3720 },
      'p0: cannot open /dev/no-such-device: No such file or directory',
    ],
  );
});

test('totals count every session, the counters of the console only the one now', { timeout: 60_000 }, async (t) => {
  const { engine, at } = await daemon(t, ['tcp,127.0.0.1,0'], 'echo', facts(new Set()));
  const port = engine.port('p0')!;
  for (let i = 0; i < 2; i++) {
    await user(t, port.listeningPort()!);
    await new Promise<void>((resolve) => port.closeSession('admin disconnect', resolve));
  }
  await user(t, port.listeningPort()!);
  const json = talk();
  await status({ admin: at, json: true }, json);
  const [p0] = JSON.parse(json.said.out).ports;
  assert.deepEqual([p0.bytesFromDevice, p0.more.totalFromDevice, p0.more.totalToDevice, p0.more.sessions], [5, 15, 15, 3]);
  const io = talk();
  await status({ admin: at }, io);
  assert.match(io.said.out, /^p0 {4}in use {6}1 {11}15 {9}15 /m);
});

test('a time that has passed is told in two units at most', () => {
  assert.deepEqual([0, 59, 60, 3599, 3600, 86399, 86400, 450_000].map(duration), [
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h 0 min',
    '23 h 59 min',
    '1 d 0 h',
    '5 d 5 h',
  ]);
});

test('status --watch says who comes and goes, and ends with the daemon', { timeout: 60_000 }, async (t) => {
  const { engine, server, at } = await daemon(t, ['tcp,127.0.0.1,0']);
  const io = talk();
  const ended = status({ admin: at, json: true, watch: true }, io);
  await io.until(/"ports":/);
  await user(t, engine.port('p0')!.listeningPort()!);
  await io.until(/connected/);
  engine.port('p0')!.closeSession('admin disconnect');
  await io.until(/disconnected/);
  const events = io.said.out
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as { port: string; event: string; peer: string; time: string });
  assert.deepEqual(
    events.map(({ port, event }) => `${port} ${event}`),
    ['p0 connected', 'p0 disconnected'],
  );
  for (const event of events) assert.deepEqual(violations(event, schemaOf('cli/status-change.schema.json')), []);
  assert.match(events[0]!.peer, /^ipv4,127\.0\.0\.1,\d+$/);
  assert.match(events[0]!.time, /^\d{4}-\d\d-\d\dT/);
  await server.stop();
  assert.equal(await ended, 1);
  assert.match(io.said.err, /Remote end closed connection/);
});

test('status has a place of its own on a full console; it gives 1 and the reason when that is taken, nobody answers, or a string means nothing', {
  timeout: 60_000,
}, async (t) => {
  const { server, at } = await daemon(t, []);
  const sockets = Array.from({ length: 4 }, () => connect(server.port!, '127.0.0.1'));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve))));
  assert.equal(await status({ admin: at }, talk()), 0);
  for (let i = 0; i < 2; i++) {
    const query = connect(server.port!, '127.0.0.1');
    sockets.push(query);
    query.write('yaml\r');
    await new Promise((resolve) => query.once('data', resolve));
  }
  const full = talk();
  assert.equal(await status({ admin: at }, full), 1);
  assert.match(full.said.err, /Too many controller ports/);
  await server.stop();
  const gone = talk();
  assert.equal(await status({ admin: at }, gone), 1);
  assert.match(gone.said.err, /^cannot reach the control port 127\.0\.0\.1,\d+: Connection refused\n$/);
  const odd = talk();
  assert.equal(await status({ admin: 'tcp(nonsense),1' }, odd), 1);
  assert.notEqual(odd.said.err, '');
});

test('health gives 0 while everything listens, 1 and the names of ports that do not', { timeout: 60_000 }, async (t) => {
  const healthy = await daemon(t, ['tcp,127.0.0.1,0']);
  const port = healthy.engine.port('p0')!.listeningPort()!;
  const io = talk();
  assert.equal(await health({ admin: healthy.at }, io), 0, io.said.err);
  assert.equal(io.said.out, `ser2net 4.3.11 at ${healthy.at}: 1 port\n`);
  const unhealthy = await daemon(t, [`tcp,127.0.0.1,${port}`, 'tcp,127.0.0.1,0']);
  const sick = talk();
  assert.equal(await health({ admin: unhealthy.at }, sick), 1);
  assert.equal(sick.said.err, 'p0: not listening\n');
  const quiet = talk();
  assert.equal(await health({ admin: unhealthy.at, quiet: true }, quiet), 1);
  assert.equal(quiet.said.out + quiet.said.err, '');
});

test('health --devices gives 1 while a device is missing; without it 0', { timeout: 60_000 }, async (t) => {
  const there = new Set<string>();
  const { at } = await daemon(t, ['tcp,127.0.0.1,0'], 'serialdev,/dev/no-such-device,9600', facts(there));
  const plain = talk();
  assert.equal(await health({ admin: at }, plain), 0, plain.said.err);
  const io = talk();
  assert.equal(await health({ admin: at, devices: true }, io), 1);
  assert.equal(io.said.err, 'p0: device missing (/dev/no-such-device)\n');
  there.add('/dev/no-such-device');
  const well = talk();
  assert.equal(await health({ admin: at, devices: true }, well), 0, well.said.err);
});

test('an address to listen on everywhere is reached by loopback, and a bare address is TCP', () => {
  const addrs = (text: string): unknown => {
    const spec = adminConnector(text);
    return typeof spec === 'object' && 'addrs' in spec ? spec.addrs.map(({ host, port }) => [host, port]) : spec;
  };
  assert.deepEqual(addrs('2000'), [[undefined, '2000']]);
  assert.deepEqual(addrs('tcp,0.0.0.0,2000'), [[undefined, '2000']]);
  assert.deepEqual(addrs('::,2000'), [[undefined, '2000']]);
  assert.deepEqual(addrs('box,2000'), [['box', '2000']]);
  assert.deepEqual(addrs('box:2000'), [['box', '2000']]);
  assert.deepEqual(addrs('[::1]:2000'), [['::1', '2000']]);
  const telnet = adminConnector('telnet,tcp,2000');
  assert.equal(typeof telnet === 'object' && telnet.type, 'telnet');
});

test('a table fits the columns it is given: columns that can be spared go first, then lines are cut', () => {
  const port = portsOf({
    key: 'response',
    fields: [
      {
        key: 'port',
        fields: Object.entries({
          name: 'board-with-a-long-name',
          accepter: `tcp,${'x'.repeat(40)}`,
          'enable state': 'on',
          device: `serialdev,/dev/serial/by-id/${'y'.repeat(60)}`,
        }).map(([key, value]) => ({ key, value, fields: [] })),
      },
    ],
  } as never);
  assert.match(table('t', port, []), /ACCEPTER.*DEVICE\n/);
  for (const width of [40, 60, 80, 120]) {
    const lines = table('t', port, [], width).split('\n');
    assert.ok(
      lines.every((line) => line.length <= width),
      lines.join('\n'),
    );
    assert.match(lines[1]!, /^PORT +STATE/);
  }
  assert.doesNotMatch(table('t', port, [], 80), /ACCEPTER/);
});

test('status --watch ends when nobody reads on', { timeout: 60_000 }, async (t) => {
  const { engine, at } = await daemon(t, ['tcp,127.0.0.1,0']);
  const child = spawn(process.execPath, [MAIN, 'status', '--watch', '--admin', at], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const port = engine.port('p0')!.listeningPort()!;
  const visit = (): void => {
    connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .end();
  };
  t.after(every(50, visit));
  assert.equal(await ended, 0);
});
