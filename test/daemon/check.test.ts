// check and convert as they are called from the command line, without a process.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../src/config/model.ts';
import { noFlags } from '../../src/daemon/command.ts';
import { makeReader } from '../../src/daemon/reader.ts';
import { SUBCOMMANDS, type SubcommandOptions } from '../../src/daemon/subcommands.ts';
import { makeDirectory } from './command-rig.ts';

const dir = makeDirectory();

async function call(
  name: string,
  args: readonly string[],
  options: SubcommandOptions = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string | Buffer): void => {
      out += text.toString();
    },
    err: (text: string): void => {
      err += text;
    },
  };
  return { code: await SUBCOMMANDS[name]!.run(args, options, io), out, err };
}
function write(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

test('check gives 0 and one line for a good file', async () => {
  const file = write('good.conf', '2000:raw:0:/dev/ttyS0:9600\n2001:raw:0:/dev/ttyS1:9600\n');
  assert.deepEqual(await call('check', [file]), { code: 0, out: '2 connections: no problems\n', err: '' });
});

test('check gives 1, and shows each problem with its place in the text', async () => {
  const file = write('bad.conf', '2000:raw:0:/dev/ttyS0:9600\n\tbad line\n');
  const { code, out, err } = await call('check', [file]);
  assert.deepEqual([code, err], [1, '']);
  const lines = out.split('\n');
  assert.match(lines[0]!, /bad\.conf:2:\d+: error: /);
  assert.equal(lines[1], '  | \tbad line');
  assert.match(lines[2]!, /^ {2}\| \t? *\^+$/);
  assert.match(out, /\n1 connection: 1 error, 0 warnings\n$/);
});

test('check can be quiet', async () => {
  const file = write('bad2.conf', 'bad\n');
  assert.deepEqual(await call('check', [file], { quiet: true }), { code: 1, out: '', err: '' });
});

test('check gives 1 and the reason when there is nothing to read', async () => {
  const { code, out, err } = await call('check', ['/nowhere/x.yaml']);
  assert.deepEqual([code, out, err], [1, '', "Unable to open config file '/nowhere/x.yaml': No such file or directory\n"]);
});

test('convert prints YAML, byte for byte what texts were', async () => {
  const path = join(dir, 'old.conf');
  writeFileSync(path, Buffer.from('BANNER:b:Gr\xfc\xdfe\n2000:raw:0:/dev/ttyS0:9600 b\n', 'latin1'));
  const { code, out } = await call('convert', [path]);
  assert.equal(code, 0);
  assert.match(out, /^%YAML 1\.1\n---\n/);
  assert.match(out, /accepter: tcp,2000/);
});

test('convert gives 1 when something had to be left out, and says what', async () => {
  const file = write('old2.conf', 'bad\n2000:raw:0:/dev/ttyS0:9600\n');
  const { code, out, err } = await call('convert', [file]);
  assert.equal(code, 1);
  assert.match(out, /accepter: tcp,2000/);
  assert.match(err, /old2\.conf:1:1: error: /);
});

/** What of a configuration has a meaning: without places and spellings. */
const meaning = ({ connections, rotators, leds, admin }: Config): unknown => ({
  connections: connections.map((c) => [c.name, c.accepter.spec, c.connector.spec, c.timeout, c.enable, c.options]),
  rotators: rotators.map((r) => [r.name, r.accepter.spec, r.connections, r.options]),
  leds: leds.map(({ pos: _, ...led }) => led),
  admin: admin && [admin.accepter.spec, admin.authdir, admin.pamauth],
});

async function readBack(file: string): Promise<{ before: Config; after: Config; text: string }> {
  const config = async (path: string): Promise<Config> => {
    const outcome = await makeReader({ ...noFlags('ser2net'), file: path }, { stdinDone: () => undefined }).read('start');
    assert.equal(outcome.kind, 'read');
    const { reading } = outcome as Extract<typeof outcome, { kind: 'read' }>;
    assert.deepEqual(
      reading.diags.filter(({ severity }) => severity === 'error'),
      [],
    );
    return reading.config;
  };
  const { code, out, err } = await call('dump', [file]);
  assert.deepEqual([code, err], [0, '']);
  return { before: await config(file), after: await config(write(`dumped-${files++}.yaml`, out)), text: out };
}
let files = 0;

test('a dump reads back to the same configuration, with defines and defaults worked in', async () => {
  const file = write(
    'all.yaml',
    [
      'define: &banner "hello \\\\d\\\\r\\\\n"',
      'default:',
      '  name: kickolduser',
      '  value: true',
      'default:',
      '  name: speed',
      '  value: 19200n81',
      '  class: serialdev',
      'led: &l1',
      '  driver: sysfs',
      '  options:',
      '    device: lamp',
      '    duration: 20',
      'admin:',
      '  accepter: tcp,localhost,3001',
      '  options:',
      '    authdir-admin: /own',
      'connection: &a-1',
      '  accepter: telnet(rfc2217),tcp(nodelay),localhost,2001',
      '  connector: serialdev,/dev/ttyS0,local',
      '  timeout: 7',
      '  options:',
      '    banner: *banner',
      '    openstr: "a *(*x) b"',
      '    led-rx: l1',
      '    remaddr: 127.0.0.1,0',
      '    remaddr: "10.0.0.1,5;10.0.0.2,6"',
      '    mdns-txt: a=b',
      '    mdns-txt: c=d',
      '    signature: ""',
      'connection: &b',
      '  accepter: tcp,2002',
      '  connector: echo',
      '  enable: off',
      'rotator: &r',
      '  accepter: tcp,2003',
      '  connections: [ a-1, b ]',
      '',
    ].join('\n'),
  );
  const { before, after, text } = await readBack(file);
  assert.equal(before.connections.length, 2);
  assert.deepEqual(meaning(after), meaning(before));
  assert.match(text, /connection: &a-1\n {2}accepter: /);
  assert.match(text, /kickolduser: true/);
});

test('names that only version 2 can have make it a dump in version 2', async () => {
  const file = write(
    'names.conf',
    'BANNER:b:hi\\r\\n\nlocalhost,2000:telnet:5:/dev/ttyS0:9600 remctl banner=b kickolduser\n2001:raw:0:/dev/ttyS1:9600 -RTSCTS\n',
  );
  const { before, after, text } = await readBack(file);
  assert.deepEqual(meaning(after), meaning(before));
  assert.match(text, /^connections:$/m);
});
