// Sessions recorded on ser2net 4.3.11, played on ours. Requests of a group were sent in order on one session, so that later ones show
// the effects of earlier ones; what users and devices did between them is done here, by the name of the record.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import type { FakeGensio } from '../rig/fake-gensio.ts';
import { settle } from '../rig/port-rig.ts';
import { AdminRig, ask, type RigPort } from './rig.ts';

interface Exchange {
  readonly group: string;
  readonly name: string;
  readonly send: string;
  readonly recv: string;
}
const FILE = resolve(import.meta.dirname, '../../../test/fixtures/admin/exchanges.jsonl');
const EXCHANGES = readFileSync(FILE, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Exchange);
const group = (name: string): Exchange[] => EXCHANGES.filter((e) => e.group === name);

/** 4.3.11 prints the states under wrong names; ours are those of 4.6.2. */
const REAL_NAME: Readonly<Record<string, string>> = {
  closed: 'not started',
  unconnected: 'closed',
  'waiting input': 'unconnected',
  'waiting output': 'waiting input',
  closing: 'waiting output',
};
const STATE = '(closed|unconnected|waiting input|waiting output|closing)';
/** A port that was not started is closed towards the device, which has a name of its own. */
const real = (text: string): string =>
  text
    .replace(new RegExp(`(state: (?:!!str ')?)${STATE}`, 'g'), (_, before: string, name: string) => before + REAL_NAME[name])
    .replace(
      new RegExp(`${STATE} +${STATE} +(?=\\d)`, 'g'),
      (all: string, a: string, b: string) =>
        `${REAL_NAME[a]!.padEnd(14)} ${REAL_NAME[b]!.padEnd(14)} ${' '.repeat(all.length - Math.max(14, a.length) - Math.max(14, b.length) - 2)}`,
    );

const PORTS: readonly RigPort[] = [
  { name: 'con1', accepter: 'tcp,127.0.0.1,22501', connector: 'serialdev,ttyA0,9600n81,local', idle: 'ttyA0,9600N81,CLOCAL offline' },
  {
    name: 'con2',
    accepter: 'telnet(rfc2217),tcp,127.0.0.1,22502',
    connector: 'serialdev,ttyA1,115200n81,local',
    timeout: 30,
    options: { maxConnections: 3 },
    idle: 'ttyA1,115200N81,CLOCAL offline',
  },
  { name: 'off1', accepter: 'tcp,22503', connector: 'serialdev,ttyA2,9600n81', enable: false, idle: 'ttyA2,9600N81 offline' },
  { name: 'unix1', accepter: 'unix,s2n.sock', connector: 'serialdev,ttyA3,19200e72,local', idle: 'ttyA3,19200E72,CLOCAL offline' },
  { name: 'udp1', accepter: 'udp,127.0.0.1,22504', connector: 'serialdev,ttyA4,9600n81,local', idle: 'ttyA4,9600N81,CLOCAL offline' },
  {
    name: 'averyveryverylongconnectionname',
    accepter: 'tcp,127.0.0.1,22505',
    connector: 'serialdev,nonexistent,9600n81',
    idle: 'nonexistent,9600N81 offline',
    broken: true,
  },
  { name: 'echo1', accepter: 'tcp,127.0.0.1,22506', connector: 'echo', idle: 'echo', open: 'echo' },
];

/** What 4.3.11 answers otherwise, on purpose. */
const DIFFERENT = new Set(['setportconfig', 'monitor-second-admin']);

class Players {
  readonly rig: AdminRig;
  readonly users = new Map<string, FakeGensio>();
  constructor(rig: AdminRig) {
    this.rig = rig;
  }
  async join(port: string, peer: string): Promise<void> {
    this.users.set(peer, await this.rig.user(port, peer));
  }
  async say(peer: string, text: string): Promise<void> {
    this.users.get(peer)!.feed(text);
    await settle();
  }
  async device(port: string, text: string): Promise<void> {
    this.rig.device(port).feed(text);
    await settle();
  }
}

/** A user joins a port, says something, and hears what the device says. */
const talk =
  (port: string, user: string, say: string, hear: string) =>
  async (p: Players): Promise<void> => {
    await p.join(port, user);
    await p.say(user, say);
    await p.device(port, hear);
  };

const BEFORE: Readonly<Record<string, (p: Players) => Promise<void>>> = {
  'showport-connected': talk('con1', 'ipv4,127.0.0.1,22901', 'hello', 'worldwide'),
  'showport-two-users': async (p) => {
    await p.join('con2', 'ipv4,127.0.0.1,22902');
    await p.join('con2', 'ipv4,127.0.0.1,22903');
    await p.say('ipv4,127.0.0.1,22902', 'abc');
    await p.device('con2', 'def');
  },
  'showport-unix': (p) => p.join('unix1', 'unix,'),
  'showport-udp': talk('udp1', 'ipv4,127.0.0.1,22904', 'ping', 'pong'),
  'showport-echo': talk('echo1', 'ipv4,127.0.0.1,22905', 'hello', 'hello'),
  'showport-openfail': async (p) => void (await p.rig.user('averyveryverylongconnectionname')),
  'monitor-tcp-data': (p) => p.say('ipv4,127.0.0.1,22901', 'MON1'),
  'monitor-tcp-otherdir': (p) => p.device('con1', 'MON2'),
  'monitor-term-data': (p) => p.device('con1', 'MON3\r\n'),
  // Recorded on a program that had just been started.
  'yamlin-id': async (p) => p.rig.engine.port('con1')!.changeTimeout(0),
  'yaml-newcon-report': (p) => p.join('con1', 'ipv4,127.0.0.1,22905'),
  'yaml-disconnect-report': async (p) => {
    p.users.get('ipv4,127.0.0.1,22905')!.end();
    await settle();
  },
};

test('what was recorded with many ports comes out the same, but for the names of states', async () => {
  const rig = await AdminRig.start(PORTS);
  const players = new Players(rig);
  let client = await rig.admin();
  for (const { name, send, recv } of group('ports')) {
    if (DIFFERENT.has(name) || name === 'fifth-admin' || name === 'connect-disabled') continue;
    await BEFORE[name]?.(players);
    if (name === 'disconnect-effect') {
      const user = players.users.get('ipv4,127.0.0.1,22901')!;
      assert.equal(user.take().toString(), 'worldwideMON2MON3\r\n', name);
      assert.equal(user.state, 'closed', name);
    } else if (name === 'setportenable-off-effect') {
      for (const peer of ['ipv4,127.0.0.1,22902', 'ipv4,127.0.0.1,22903']) assert.equal(players.users.get(peer)!.state, 'closed', name);
    } else if (recv === "<'eof'>") {
      assert.equal(await ask(client, send), '', name);
      assert.equal(client.state, 'closed', name);
      client = await rig.admin();
      client.take();
    } else if (name === 'line-too-long') {
      assert.equal(await ask(client, 'x'.repeat(2048)), 'x'.repeat(2048), name);
      assert.equal(await ask(client, 'y'), 'Input line too long\r\n', name);
    } else assert.equal(await ask(client, send), real(recv), name);
  }
});

test('what was recorded in YAML, and character by character, comes out the same', async () => {
  const rig = await AdminRig.start([PORTS[0]!]);
  const players = new Players(rig);
  let client = await rig.admin();
  client.take();
  for (const { name, send, recv } of group('yaml')) {
    await BEFORE[name]?.(players);
    // The first of a kind of session.
    if (name.startsWith('yamlin-') || name === 'char-v' || name === 'percent' || name === 'exit-char') {
      client.end();
      client = await rig.admin();
      client.take();
    }
    const half = send.indexOf('<shutdown write>');
    if (half >= 0) {
      client.end();
      client = await rig.admin();
      client.take();
      assert.equal(await ask(client, send.slice(0, half)), recv.replace("'eof'", ''), name);
      client.end();
      await settle();
    } else if (recv === "'eof'" || name === 'yamlin-syntax') {
      assert.equal(await ask(client, send), '', name);
      assert.equal(client.state, 'closed', name);
    } else assert.equal(await ask(client, send), real(recv), name);
  }
  assert.equal(rig.server.sessions, 0);
});

const CONNECTORS: readonly RigPort[] = [
  { name: 'tcpc', accepter: 'tcp,127.0.0.1,22510', connector: 'tcp,127.0.0.1,22601', idle: 'ipv4,127.0.0.1,22601' },
  { name: 'udpc', accepter: 'tcp,127.0.0.1,22511', connector: 'udp,127.0.0.1,22602', idle: 'ipv4,127.0.0.1,22602' },
  {
    name: 'sslc',
    accepter: 'tcp,127.0.0.1,22512',
    connector: 'ssl(CA=@KEYS@/server.crt,key=@KEYS@/joe.key,cert=@KEYS@/joe.crt),tcp,127.0.0.1,22603',
    idle: 'ipv4,127.0.0.1,22603',
  },
  {
    name: 'telc',
    accepter: 'tcp,127.0.0.1,22513',
    connector: 'telnet(rfc2217),tcp,127.0.0.1,22604',
    idle: 'ipv4,127.0.0.1,22604',
    slow: true,
  },
  { name: 'ptyc', accepter: 'tcp,127.0.0.1,22514', connector: 'pty,cat', idle: '"cat"' },
  { name: 'unixc', accepter: 'tcp,127.0.0.1,22515', connector: 'unix,peer.sock', idle: 'unix,peer.sock' },
  { name: 'echoc', accepter: 'tcp,127.0.0.1,22516', connector: 'echo', idle: 'echo' },
  {
    name: 'wronly',
    accepter: 'tcp,127.0.0.1,22517',
    connector: 'serialdev,ttyA0,9600n81,WRONLY',
    idle: 'ttyA0 offline',
    open: 'ttyA0 offline',
  },
  {
    name: 'xon',
    accepter: 'tcp,127.0.0.1,22518',
    connector: 'serialdev,ttyA1,9600n81,XONXOFF,RTSCTS,local,hangup-when-done',
    idle: 'ttyA1,9600N81,XONXOFF,RTSCTS,CLOCAL,HANGUP_WHEN_DONE offline',
  },
  {
    name: 'sslacc',
    accepter: 'ssl(key=@KEYS@/server.key,cert=@KEYS@/server.crt),tcp,127.0.0.1,22530',
    connector: 'serialdev,ttyA2,9600n81,local',
    timeout: 9,
    idle: 'ttyA2,9600N81,CLOCAL offline',
  },
  { name: 'nodev', accepter: 'tcp,127.0.0.1,22531', connector: 'foo,bar', invalid: true },
];

test('every kind of connector is shown as it was recorded', async () => {
  const rig = await AdminRig.start(CONNECTORS);
  const client = await rig.admin();
  client.take();
  for (const { name, send, recv } of group('connectors')) {
    if (name === 'connectors-connected') {
      for (const [i, { name: port }] of CONNECTORS.entries()) {
        if (port === 'nodev') continue;
        const user = await rig.user(port, `ipv4,127.0.0.1,${port === 'sslacc' ? 22940 : 22910 + i}`);
        if (port !== 'sslacc' && port !== 'telc') user.feed('ab');
        if (port === 'ptyc' || port === 'echoc') rig.device(port).feed('ab');
      }
      await settle();
    }
    assert.equal(await ask(client, send), real(recv), name);
  }
});
