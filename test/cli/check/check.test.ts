// check and convert as they are called from the command line, without a process.
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SubcommandOptions } from '../../../src/cli/subcommand.ts';
import { SUBCOMMANDS } from '../../../src/cli/subcommands.ts';
import type { Config } from '../../../src/config/model.ts';
import { makeReader } from '../../../src/daemon/load-config.ts';
import { noFlags } from '../../../src/daemon/run-options.ts';
import { schemaOf, violations } from '../../rig/json-schema.ts';
import { makeDirectory } from '../command-rig.ts';

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
  assert.equal(lines[1], '  |         bad line');
  assert.match(lines[2]!, /^ {2}\| {9}\^+$/);
  assert.match(out, /\n1 connection: 1 error, 0 warnings\n$/);
});

test('check can be quiet', async () => {
  const file = write('bad2.conf', 'bad\n');
  assert.deepEqual(await call('check', [file], { quiet: true }), { code: 1, out: '', err: '' });
});

test('check gives 2 and the reason when there is nothing to read', async () => {
  const { code, out, err } = await call('check', ['/nowhere/x.yaml']);
  assert.deepEqual([code, out, err], [2, '', "Unable to open config file '/nowhere/x.yaml': No such file or directory\n"]);
  assert.deepEqual(await call('check', [dir]), { code: 2, out: '', err: `'${dir}' cannot be read: Is a directory\n` });
});

test('check tells the problems of every file in one run, whatever is in them', async () => {
  const good = write('g.conf', '2000:raw:0:/dev/ttyS0:9600\n');
  const bad = write('h.yaml', 'connection: &a\n  accepter: tcp,1\n  conector: echo\n');
  const worse = write('i.yaml', 'a: [\n');
  const { code, out, err } = await call('check', [good, bad, '/nowhere/x.yaml', worse, good]);
  assert.deepEqual([code, err], [2, "Unable to open config file '/nowhere/x.yaml': No such file or directory\n"]);
  assert.deepEqual(
    out
      .split('\n')
      .filter((line) => /^\S*(g\.conf|h\.yaml|i\.yaml)/.test(line))
      .map((line) => line.replaceAll(`${dir}/`, '').replace(/: error:.*\[/, ' [')),
    [
      'g.conf: 1 connection: no problems',
      'h.yaml:3:3 [unknown-key]',
      'h.yaml: 0 connections: 1 error, 0 warnings',
      'i.yaml:1:1 [unknown-section]',
      'i.yaml:2:1 [syntax]',
      'i.yaml: 0 connections: 2 errors, 0 warnings',
      'g.conf: 1 connection: no problems',
    ],
  );
  assert.equal((await call('check', [good, bad])).code, 1);
});

test('the line of a problem in an included file is shown from that file', async () => {
  const inner = write('inner.yaml', 'connection: &a\n  accepter: tcp,1\n  connector: echo\n  options:\n    baner: x\n');
  const { out } = await call('check', [write('outer.yaml', `include: ${inner}\n`)]);
  assert.match(out, /inner\.yaml:5:5: error: .*\n {2}\| {5}baner: x\n {2}\| {5}\^{5}\n {2}hint: did you mean 'banner'\?\n/);
});

test('check --json is one document with every file, problem and place', async () => {
  const bad = write('j.conf', '2000:raw:0:/dev/ttyS0:9600\nbad\n');
  const { code, out, err } = await call('check', [bad, '/nowhere/x.yaml'], { json: true });
  assert.deepEqual([code, err], [2, '']);
  assert.deepEqual(violations(JSON.parse(out), schemaOf('cli/check/check.schema.json')), []);
  const { files, ...counts } = JSON.parse(out) as { files: Record<string, unknown>[] };
  assert.deepEqual(counts, { errors: 1, warnings: 0, unreadable: 1 });
  assert.equal(files[0]!.connections, 1);
  const [problem] = files[0]!.problems as Record<string, unknown>[];
  assert.deepEqual(
    [problem!.line, problem!.column, problem!.length, problem!.severity, problem!.code, problem!.source, problem!.ser2net],
    [2, 1, 3, 'error', 'bad-line', 'bad', 'No state given on line 2'],
  );
  assert.deepEqual(files[1], {
    file: '/nowhere/x.yaml',
    unreadable: "Unable to open config file '/nowhere/x.yaml': No such file or directory",
  });
});

test('check --devices and --listen look at the machine', async () => {
  const file = write('k.yaml', 'connection: &a\n  accepter: tcp,192.0.2.1,1\n  connector: serialdev,/dev/nothing-of-the-kind\n');
  assert.equal((await call('check', [file])).code, 0);
  const { code, out } = await call('check', [file], { devices: true, listen: true });
  assert.equal(code, 1);
  assert.match(out, /k\.yaml:3:14: error: .* does not exist \[no-device\]\n {2}\| {3}connector: serialdev,.*\n {2}\| {14}\^+\n/);
  assert.match(out, /k\.yaml:2:13: error: .* \[port-busy\]/);
});

test('a dump has every value, and with --origin where it came from; short, only what differs', async () => {
  const file = write('o.yaml', 'default:\n  name: chardelay-min\n  value: 7\nconnection: &a\n  accepter: tcp,1\n  connector: echo\n');
  const { out } = await call('dump', [file], { origin: true });
  assert.match(out, /^ {2}accepter: tcp,1 {2}# \S*o\.yaml:5$/m);
  assert.match(out, /^ {4}chardelay-min: 7 {2}# default at \S*o\.yaml:3$/m);
  assert.match(out, /^ {4}kickolduser: false {2}# built-in$/m);
  assert.match(out, /^ {2}timeout: 0 {2}# built-in$/m);
  const short = (await call('dump', [file], { short: true })).out;
  assert.equal(short, '%YAML 1.1\n---\nconnection: &a\n  accepter: tcp,1\n  connector: echo\n  options:\n    chardelay-min: 7\n');
  assert.deepEqual((await call('dump', ['/nowhere/x.yaml'])).code, 2);
});

test('convert writes a file as a whole, keeps its rights, and says what is wrong with the words', async () => {
  const old = write('c.conf', '2000:raw:0:/dev/ttyS0:9600\n');
  const to = join(dir, 'c.yaml');
  assert.deepEqual(await call('convert', [old], { v2: true, output: to }), { code: 0, out: '', err: '' });
  assert.match(readFileSync(to, 'utf8'), /^connections:$/m);
  chmodSync(to, 0o640);
  assert.equal((await call('convert', [to], { v1: true, output: to })).code, 0);
  assert.match(readFileSync(to, 'utf8'), /^connection: &2000$/m);
  assert.equal(statSync(to).mode & 0o777, 0o640);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith('.c.yaml')),
    [],
  );
  assert.deepEqual(await call('convert', [old], { v1: true, v2: true }), {
    code: 2,
    out: '',
    err: 'give only one of --v1 and --v2\n',
  });
  assert.equal((await call('convert', ['/nowhere/x.conf'])).code, 2);
  assert.deepEqual(await call('convert', [old], { output: '/nowhere/x/y' }), {
    code: 2,
    out: '',
    err: 'cannot write /nowhere/x/y: No such file or directory\n',
  });
});

test('convert --inline puts included files in, without it they are named', async () => {
  write('part.yaml', 'connection: &a {accepter: "2000", connector: echo}\n');
  const file = write('whole.yaml', `include: ${join(dir, 'part.yaml')}\nconnection: &b {accepter: "tcp,2001", connector: echo}\n`);
  const { code, out, err } = await call('convert', [file], { v2: true, inline: true });
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^# from \S*part\.yaml\nconnections:\n {2}a:\n {4}accepter: tcp,2000$/m);
  assert.match((await call('convert', [file], { v2: true })).err, /whole\.yaml:1:10: warning: .* put them in with --inline/);
  const same = await call('convert', [file], { v1: true, inline: true });
  assert.match(same.err, /whole\.yaml:1:1: warning: it is of that version already, and stays as it is/);
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
  // All forms mean the same.
  for (const flags of [{ short: true }, { origin: true }]) {
    const other = await call('dump', [file], flags);
    assert.deepEqual(meaning(await config(write(`form-${files++}.yaml`, other.out))), meaning(await config(file)));
  }
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

/** Lines of a connection, each with what is wrong in it: the word that check points at. Each costs the connection something of its own. */
const MISTAKES: readonly { readonly line: string; readonly word: string }[] = [
  { line: '  accepter: tcq,localhost,3000', word: 'tcq' },
  { line: '  connector: serialdv,/dev/ttyS0', word: 'serialdv' },
  { line: '  timeout: soon', word: 'soon' },
  { line: '  enable: perhaps', word: 'perhaps' },
];
const OPTIONS: typeof MISTAKES = [
  { line: '    kickoldusr: true', word: 'kickoldusr' },
  { line: '    max-connections: many', word: 'many' },
  { line: '    banner: *nothing', word: '*nothing' },
];

test('check reports every mistake of every connection in one run, at its place and in the order of the file', async () => {
  const some = <T>(all: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...all]);
  let n = 0;
  const connection = fc.tuple(some(MISTAKES), some(OPTIONS));
  await fc.assert(
    fc.asyncProperty(fc.array(connection, { minLength: 1, maxLength: 5 }), async (connections) => {
      const lines: string[] = [];
      const wanted: string[] = [];
      const put = ({ line, word }: { readonly line: string; readonly word: string }): void => {
        lines.push(line);
        wanted.push(`${lines.length}:${line.indexOf(word) + 1}`);
      };
      for (const [i, [mistakes, options]] of connections.entries()) {
        lines.push(`connection: &c${i}`);
        if (!mistakes.includes(MISTAKES[0]!)) lines.push(`  accepter: tcp,localhost,${3001 + i}`);
        if (!mistakes.includes(MISTAKES[1]!)) lines.push('  connector: echo');
        mistakes.forEach(put);
        if (options.length > 0) lines.push('  options:');
        options.forEach(put);
      }
      const file = write(`every${n++}.yaml`, `${lines.join('\n')}\n`);
      const { out } = await call('check', [file], { json: true });
      const [{ problems: found }] = (
        JSON.parse(out) as {
          files: [{ problems: readonly { readonly line: number; readonly column: number; readonly severity: string }[] }];
        }
      ).files;
      assert.deepEqual(
        found.filter(({ severity }) => severity === 'error').map(({ line, column }) => `${line}:${column}`),
        wanted,
        lines.join('\n'),
      );
    }),
    { numRuns: 60 },
  );
});
