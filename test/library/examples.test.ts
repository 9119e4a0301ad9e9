// examples/: every recipe read without a word, and served on ptys to real clients. Names of devices, hosts and ports become those of
// the test. The page examples/article has a test of its own, test/cli/article.test.ts.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ROOT } from '../../packaging/gen/pages.ts';
import { makeReader } from '../../src/daemon/load-config.ts';
import { noFlags } from '../../src/daemon/run-options.ts';
import {
  createServer,
  formatDiag,
  type GensioStream,
  openGensio,
  readConfig,
  readConfigFile,
  type Ser2netServer,
} from '../../src/index.ts';
import { makeDirectory, run, start, until, untilListens } from '../cli/command-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { openPty, type Pty } from '../rig/pty.ts';

const EXAMPLES = join(ROOT, 'examples');
const read = (name: string): string => readFileSync(join(EXAMPLES, name), 'utf8');
const dir = makeDirectory();

interface Recipe {
  readonly text: string;
  readonly server: Ser2netServer;
  /** Far ends of the lines, by the name of the device in the recipe. */
  readonly ptys: ReadonlyMap<string, Pty>;
  /** The port used in place of one of the recipe. */
  port(written: number): number;
  device(written: string): Pty['master'];
  client(written: number, above?: string): Promise<GensioStream>;
}

/** Serves a recipe until the test ends. */
async function serveRecipe(name: string, t: TestContext): Promise<Recipe> {
  // A pty has no modem lines to be set.
  let text = read(name).replaceAll('/var/log/ser2net/', `${dir}/`).replaceAll('192.168.1.10', '127.0.0.1').replace(',dtr=off,rts=off', '');
  const ptys = new Map<string, Pty>();
  for (const [, device] of text.matchAll(/serialdev,(\/dev\/[^,\n]*)/g)) {
    if (!ptys.has(device!)) ptys.set(device!, openPty({ raw: true }));
  }
  for (const [device, pty] of ptys) text = text.replaceAll(`serialdev,${device},`, `serialdev,${pty.path},`);
  const ports = new Map<number, number>();
  for (const [, port] of text.matchAll(/^ {2}accepter: .*,([0-9]+)$/gm)) ports.set(Number(port), await freePort());
  text = text.replace(/^( {2}accepter: .*,)([0-9]+)$/gm, (_, before: string, port: string) => `${before}${ports.get(Number(port))}`);
  const server = createServer(readConfig(text).config, { lockDir: false });
  await server.start();
  const clients: GensioStream[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await server.stop();
    for (const pty of ptys.values()) await pty.close();
  });
  const port = (written: number): number => ports.get(written)!;
  return {
    text,
    server,
    ptys,
    port,
    device: (written) => ptys.get(written)!.master,
    client: async (written, above = '') => {
      const client = await openGensio(`${above}tcp,127.0.0.1,${port(written)}`);
      clients.push(client);
      client.on('error', () => undefined);
      return client;
    },
  };
}

/** Waits until a stream has said this. */
function hears(stream: GensioStream, text: string): Promise<void> {
  let heard = '';
  return new Promise((resolve, reject) => {
    stream.on('data', (data: Buffer) => {
      heard += data.toString('latin1');
      if (heard.includes(text)) resolve();
    });
    stream.on('close', () => reject(new Error(`the stream ended after '${heard}', before '${text}'`)));
  });
}

test('every configuration among the examples is read without a word', () => {
  const files = readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml'));
  assert.ok(files.length > 5);
  for (const file of files.filter((each) => each !== 'demo.yaml')) {
    const { diags, complete } = readConfigFile(join(EXAMPLES, file));
    assert.deepEqual(diags.map(formatDiag), [], file);
    assert.ok(complete);
  }
});

test('the sections beside the configuration for a team are read without a word, and every console has its doors', async () => {
  const folder = join(dir, 'team');
  cpSync(join(EXAMPLES, 'console-team'), folder, { recursive: true });
  for (const path of ['ser2net.yaml.d', 'ser2net.yaml.d/team.yaml']) chmodSync(join(folder, path), 0o755);
  const outcome = await makeReader({ ...noFlags('ser2net'), file: join(folder, 'ser2net.yaml') }).read('start');
  assert.ok(outcome.kind === 'read');
  const { config, diags } = outcome.reading;
  assert.deepEqual(diags.map(formatDiag), []);
  assert.equal(config.connections.length, 8);
  for (const { name } of config.connections) {
    const { doors, writers, record } = config.sections!.ports.get(name)!.values;
    assert.deepEqual([doors.length, writers, record?.keep], [2, 'one', 14], name);
  }
});

test('every recipe carries bytes both ways from each port to its device', async (t) => {
  for (const name of ['zigbee.yaml', 'console-server.yaml', 'lab.yaml', 'esp.yaml', 'lava.yaml']) {
    await t.test(name, async (t) => {
      const { server, ptys, text } = await serveRecipe(name, t);
      const { connections } = readConfig(text).config;
      for (const [i, { name: port, accepter }] of connections.entries()) {
        const above = accepter.spec?.type === 'telnet' ? 'telnet(rfc2217),' : '';
        const client = await openGensio(`${above}tcp,127.0.0.1,${server.port(port)?.listening}`);
        const { master } = [...ptys.values()][i]!;
        // keepopen opens its device in its own time, and drops what comes before.
        await until(`bytes from ${port}`, () => {
          if (master.peek().length === 0) client.write(`to ${port}`);
          return master.peek().includes(`to ${port}`);
        });
        const heard = hears(client, `from ${port}`);
        await master.write(`from ${port}`);
        await heard;
        client.destroy();
      }
    });
  }
});

test('zigbee: a program that comes back takes the place of its old connection', async (t) => {
  const { client, device } = await serveRecipe('zigbee.yaml', t);
  const stick = device('/dev/serial/by-id/usb-zigbee-if00-port0');
  const old = await client(6638);
  old.write('one');
  await stick.takeUntil('one');
  const gone = once(old.resume(), 'close');
  const fresh = await client(6638);
  await gone;
  fresh.write('two');
  await stick.takeUntil('two');
});

test('console server: a banner, a second user who watches, and a log of what the device says and who came', async (t) => {
  const { client, device, server } = await serveRecipe('console-server.yaml', t);
  const user = await client(7001, 'telnet(rfc2217),');
  await hears(user, 'console1 (');
  const watcher = await client(7001, 'telnet(rfc2217),');
  const both = [hears(user, 'login:'), hears(watcher, 'login:')];
  await device('/dev/ttyUSB0').write('login:\n');
  await Promise.all(both);
  user.destroy();
  watcher.destroy();
  await until('the session to end', () => server.port('console1')?.state === 'unconnected');
  const log = join(dir, 'console1.log');
  await until('the log', () => existsSync(log) && readFileSync(log, 'latin1').includes('login:'));
  assert.match(readFileSync(log, 'latin1'), /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d OPEN \(.*\)\nlogin:\n/m);
});

test('lab: the rotator gives each client the next free board, and says so when there is none', async (t) => {
  const { client } = await serveRecipe('lab.yaml', t);
  for (const board of [1, 2, 3]) await hears(await client(7100, 'telnet,'), `board board${board}`);
  await hears(await client(7100, 'telnet,'), 'No free port found');
});

test('telnet(1) shows what consoles, boards and the LAVA worker say', async (t) => {
  if (spawnSync('telnet', ['--version']).error !== undefined) return t.skip('telnet is not installed');
  /** Resolves when telnet has shown this. */
  const shows = async (port: number, text: string, meanwhile: () => void = () => undefined): Promise<void> => {
    const child = spawn('telnet', ['127.0.0.1', String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
    t.after(() => child.kill('SIGKILL'));
    let out = '';
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString('latin1');
    });
    await until(`'${text}' in telnet`, () => {
      meanwhile();
      return out.includes(text);
    });
    child.stdin.end();
  };
  await shows((await serveRecipe('console-server.yaml', t)).port(7001), 'console1 (');
  await shows((await serveRecipe('lab.yaml', t)).port(7100), 'board board1');
  const { port, device } = await serveRecipe('lava.yaml', t);
  await shows(port(7101), 'U-Boot', () => void device('/dev/ttyUSB0').write('U-Boot '));
});

test('esp: speed, DTR and RTS are worked as a flashing program works them', async (t) => {
  const { client, ptys } = await serveRecipe('esp.yaml', t);
  const { serial } = await client(4000, 'telnet(rfc2217),');
  for (const lines of [{ dtr: false, rts: true }, { dtr: true, rts: false }, { dtr: false }]) await serial!.setLines(lines);
  await serial!.set({ speed: 460800 });
  assert.deepEqual(await serial!.getLines(), { dtr: false, rts: false, break: false });
  assert.equal([...ptys.values()][0]!.settings().ospeed, 460800);
});

test('esp: the same with python3-serial, through the URL of the recipe', async (t) => {
  const python = '/usr/bin/python3';
  if (!existsSync(python)) return t.skip('no python3 here');
  const { port, device } = await serveRecipe('esp.yaml', t);
  const program = `
import sys
try:
    import serial
except ImportError:
    sys.exit(77)
p = serial.serial_for_url('rfc2217://127.0.0.1:${port(4000)}?ign_set_control', 115200, timeout=5)
p.setDTR(False); p.setRTS(True); p.setDTR(True); p.setRTS(False); p.setDTR(False)
p.baudrate = 460800
p.write(b'sync'); print(p.read(4).decode()); p.close()`;
  const child = spawn(python, ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  const ended = once(child, 'close') as Promise<[number]>;
  const first = await Promise.race([ended, device('/dev/ttyUSB0').takeUntil('sync', 20_000)]);
  if (Array.isArray(first)) return first[0] === 77 ? t.skip('python3-serial is not installed') : assert.fail(`it ended with ${first[0]}`);
  await device('/dev/ttyUSB0').write('good');
  assert.equal((await ended)[0], 0);
  assert.equal(out, 'good\n');
});

test('lava: the connection stays while the device is away', async (t) => {
  const { client, server, ptys } = await serveRecipe('lava.yaml', t);
  const user = await client(7101, 'telnet,');
  user.resume();
  await until('the session', () => server.port('board')?.state === 'open');
  for (const pty of ptys.values()) await pty.close();
  user.write('to nobody');
  await until('what was written to pass', () => (server.port('board')?.counters.toDevice ?? 0) > 0);
  assert.equal(server.port('board')?.users.length, 1);
});

test('home assistant: two readers, and nothing is written to the meter', async (t) => {
  const { client, device } = await serveRecipe('home-assistant.yaml', t);
  const meter = device('/dev/serial/by-id/usb-p1-meter-if00-port0');
  const readers = [await client(2001), await client(2001)];
  const heard = readers.map((reader) => hears(reader, '!ABCD'));
  readers[0]!.write('never');
  await meter.write('/ISk5 1-0:1.8.1(000001.000*kWh) !ABCD\r\n');
  await Promise.all(heard);
  assert.equal(meter.received, 0);
});

test('labgrid: the command of its exporter, in both forms, and the version it asks for', async () => {
  const { out } = await run(['-v']);
  assert.match(out, /^\S+ version 4\.\d+\.\d+\n$/);
  for (const form of ['yaml', 'conf'] as const) {
    const pty = openPty({ raw: true });
    const port = await freePort();
    const yaml = [
      `connection: &con01#  accepter: telnet(rfc2217,mode=server),tcp,${port}`,
      `  connector: serialdev(nouucplock=true),${pty.path},115200n81,local`,
      '  options:',
      '    max-connections: 10',
    ];
    const words =
      form === 'yaml'
        ? yaml.flatMap((line) => ['-Y', line])
        : ['-u', '-C', `${port}:telnet:0:${pty.path}:115200 NONE 8DATABITS 1STOPBIT LOCAL`];
    const daemon = start(['-d', '-n', ...words]);
    await untilListens(port);
    // That was a client, too: the place may be taken for a moment.
    await until('a client to be let in', async () => {
      const client = await openGensio(`telnet(rfc2217),tcp,127.0.0.1,${port}`).catch(() => undefined);
      client?.on('error', () => undefined);
      if (client !== undefined) await once(client.resume().end('hello'), 'close');
      return pty.master.peek().includes('hello');
    });
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0, form);
    await pty.close();
  }
});

test('the table for users of socat: every line of ours is read', async () => {
  const { readCommand } = await import('../../src/cli/command.ts');
  const { parseAttachArgs } = await import('../../src/cli/attach.ts');
  const ours = read('socat.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) =>
      [
        ...line
          .split(' | ')
          .at(-1)!
          .matchAll(/`([^`]+)`/g),
      ].map((m) => m[1]!),
    );
  const known = { accepter: 'tcp,4001', connector: 'serialdev,/dev/ttyUSB0,9600n81,local' };
  let count = 0;
  for (const text of ours) {
    if (text.startsWith('ser2net ')) {
      const command = await readCommand('ser2net', text.split(' ').slice(1), { isDirectory: () => false, version: () => '' });
      assert.ok(command.do === 'subcommand', text);
      if (command.name === 'attach') assert.equal(typeof parseAttachArgs(command.args, command.options), 'object', text);
      count++;
      continue;
    }
    const m = /^([a-z-]+): (.+)$/.exec(text);
    if (m === null) continue;
    const [, key = '', value = ''] = m;
    const ends = Object.entries({ ...known, ...((key in known || key === 'timeout') && { [key]: value }) });
    const options = key in known || key === 'timeout' ? '' : `  options:\n    ${key}: ${value}\n`;
    const yaml = `connection: &a\n${ends.map(([k, v]) => `  ${k}: ${v}\n`).join('')}${options}`;
    assert.deepEqual(readConfig(yaml).diags.map(formatDiag), [], text);
    count++;
  }
  assert.ok(count > 20);
});
