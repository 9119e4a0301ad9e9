import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { announce, matches, mdnsConnector, parseService, type Service, stackOf } from '../../../src/gensio/net/mdns.ts';
import { Builder } from '../../../src/gensio/registry.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../../src/gensio/syntax/gensio-str.ts';
import type { LayerOf, LayerSpec } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farStream, opened, RecordingUp, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { testFolder } from '../../rig/keys.ts';
import { layerSpec } from '../layer-spec.ts';

const dir = testFolder();
let n = 0;
/** A program that stands for one of Avahi's. */
function program(script: string): string {
  const path = join(dir, `p${n++}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
const line = (port: number, name = 'my\\032port', txt = '"provider=ser2net" "gensiostack=telnet(rfc2217),tcp"'): string =>
  `=;lo;IPv4;${name};_iostream._tcp;local;box.local;127.0.0.1;${port};${txt}`;

/** What the connector asked to be read. */
const texts: string[] = [];
function parse(text: string): LayerSpec | undefined {
  texts.push(text);
  return parseStack(text, 'connector', new Defaults()).spec;
}
const make = (opts: Partial<LayerOf<'mdns'>['opts']>, rest: string, browse: string): Gensio => {
  const env = testEnv({ parse });
  return mdnsConnector(layerSpec('mdns', opts, { rest }), env, new Builder(env), browse);
};
async function listening(t: TestContext): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((s) => sockets.push(s)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    for (const s of sockets) s.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, sockets };
}

const plain = (port: number): string => program(`printf '%s\\n' '${line(port, 'my\\032port', '"gensiostack=tcp"')}'`);
compliance('mdns', {
  async make(t) {
    const { port, sockets } = await listening(t);
    const gensio = make({}, 'my port', plain(port));
    assert.equal((await opened(gensio))?.message, undefined);
    await until(() => sockets.length === 1, 'the connection');
    return { gensio, far: farStream(sockets[0]!) };
  },
  unopened: async (t) => make({}, 'my port', plain((await listening(t)).port)),
  refused: () => ({ gensio: make({}, 'another', plain(1)) }),
});

test('a line of the tool is read with its escapes', () => {
  assert.deepEqual(parseService(line(4001)), {
    interface: 'lo',
    protocol: 'IPv4',
    name: 'my port',
    type: '_iostream._tcp',
    domain: 'local',
    host: 'box.local',
    address: '127.0.0.1',
    port: 4001,
    txt: ['provider=ser2net', 'gensiostack=telnet(rfc2217),tcp'],
  });
  assert.equal(parseService(line(1, 'caf\\195\\169'))?.name, 'café');
  assert.deepEqual(parseService(line(1, 'x', '"a;b" "c\\"d"'))?.txt, ['a;b', 'c"d']);
  for (const bad of [
    '',
    '+;lo;IPv4;x;_t._tcp;local',
    line(0),
    line(65536),
    line(1).replace('127.0.0.1', '$(reboot)'),
    line(1).replace('IPv4', 'IPX'),
  ])
    assert.equal(parseService(bad), undefined, bad);
  fc.assert(fc.property(fc.string(), (text) => void parseService(`=;${text}`)));
});

test('names are matched as they stand, as a glob or as a regular expression', () => {
  for (const [pattern, text, want] of [
    ['a.b', 'a.b', true],
    ['a.b', 'axb', false],
    ['=a', 'a', true],
    ['@a*c?', 'abbbcd', true],
    ['@a.c', 'abc', false],
    ['%^a.c$', 'abc', true],
    ['%(', '(', false],
    [undefined, 'x', true],
  ] as const)
    assert.equal(matches(pattern, text), want, pattern);
});

test('what the tool said counts although the tool has ended before it was read', async (t) => {
  const { port } = await listening(t);
  const late = `p=$$; (while kill -0 $p 2>/dev/null; do :; done; printf '%s\\n' '${line(port, 'my\\032port', '"gensiostack=tcp"')}') &`;
  const gensio = make({}, 'my port', program(late));
  assert.equal((await opened(gensio))?.message, undefined);
  gensio.abort();
});

test('the first service that fits is connected to, with the layers it announces', async (t) => {
  const { port, sockets } = await listening(t);
  const browse = program(`printf '%s\\n' '${line(1, 'other')}' '${line(port)}'\nsleep 10`);
  texts.length = 0;
  const gensio = make({}, 'my port', browse);
  assert.equal((await opened(gensio))?.message, undefined);
  assert.deepEqual(texts, [`telnet(rfc2217),tcp,ipv4,127.0.0.1,${port}`]);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  gensio.setReading(true);
  sockets[0]!.write('hi');
  await until(() => recorder.text() === 'hi', 'data');
  gensio.abort();
});

test('txt wants records, all of them, and ignore-v6-link-local passes over addresses of one link', async (t) => {
  const { port, sockets } = await listening(t);
  const other = (txt: string, address = '127.0.0.1', number = 1): string =>
    `=;lo;IPv4;my\\032port;_iostream._tcp;local;box.local;${address};${number};${txt}`;
  const browse = program(
    `printf '%s\\n' '${[other('"room=1"'), other('"bench=2"'), other('"room=1" "bench=2"', 'fe80::1'), other('"bench=2" "room=1"', '127.0.0.1', port)].join("' '")}'`,
  );
  const gensio = make({ txt: ['room=1', 'bench=2'], ignoreV6LinkLocal: true }, 'my port', browse);
  assert.equal((await opened(gensio))?.message, undefined);
  await until(() => sockets.length === 1, 'the connection');
  gensio.abort();
  const parsed = parse('mdns(txt=room:1,txt=bench:a:b,ignore-v6-link-local),x');
  assert.ok(parsed?.type === 'mdns');
  assert.deepEqual([parsed.opts.txt, parsed.opts.ignoreV6LinkLocal], [['room=1', 'bench=a:b'], true]);
  assert.equal(parse('mdns(txt=room),x'), undefined);
});

test('with nostack only the transport counts', async (t) => {
  const { port } = await listening(t);
  texts.length = 0;
  const gensio = make({ nostack: true, name: '@my*' }, '', program(`printf '%s\\n' '${line(port)}'`));
  assert.equal(await opened(gensio), undefined);
  assert.deepEqual(texts, [`tcp,ipv4,127.0.0.1,${port}`]);
  gensio.abort();
});

test('an announcement cannot make us run a program or open a file', () => {
  const service = (stack: string): Service => ({ ...parseService(line(7))!, txt: [`gensiostack=${stack}`] });
  const { opts } = layerSpec('mdns', {}, { rest: '' });
  for (const stack of [
    'stdio,rm -rf /',
    'stdio',
    'script(script=x),tcp',
    'trace(file=/etc/passwd,dir=both),tcp',
    'ssl(key=/x),tcp',
    'ssl(CA=x),tcp',
    'tcp,evil,80,tcp ',
    'tcp\n',
    `${'a'.repeat(300)},tcp`,
  ])
    assert.equal(stackOf(service(stack), opts, parse), undefined, stack);
  assert.equal(
    stackOf(service('telnet,tcp'), opts, () => layerSpec('stdio', {}, { argv: [] })),
    undefined,
  );
  assert.equal(stackOf(service('telnet,tcp'), opts, parse)?.type, 'telnet');
});

test('the family is that of the address, however the service was found; a link-local one names its interface', () => {
  const { opts } = layerSpec('mdns', {}, { rest: '' });
  for (const [address, want] of [
    ['127.0.0.1', 'tcp,ipv4,127.0.0.1,7'],
    ['::1', 'tcp,ipv6,::1,7'],
    ['fe80::1', 'tcp,ipv6,fe80::1%lo,7'],
  ] as const) {
    for (const protocol of ['IPv4', 'IPv6'] as const) {
      texts.length = 0;
      assert.ok(stackOf({ ...parseService(line(7))!, protocol, address, txt: [] }, opts, parse) !== undefined, address);
      assert.deepEqual(texts, [want]);
    }
  }
});

test('nothing found, no tool, or no time is an error that says so', async () => {
  for (const [browse, timeout, code] of [
    [program('exit 0'), 1000, 'notfound'],
    [program('sleep 10'), 20, 'notfound'],
    [join(dir, 'none'), 1000, 'notsup'],
  ] as const) {
    assert.equal((await opened(make({ timeout }, 'x', browse)))?.code, code);
  }
});

test('a service is announced with all its parts until it is withdrawn', async () => {
  const out = join(dir, 'args');
  const publish = program(`for a; do echo "$a"; done >'${out}.new'; mv '${out}.new' '${out}'; exec sleep 1000`);
  const service = announce(
    { name: '-my port', type: '_iostream._tcp', port: 4001, domain: 'local', txt: ['provider=ser2net'] },
    assert.fail,
    publish,
  );
  await until(() => existsSync(out), 'the program');
  assert.equal(readFileSync(out, 'utf8'), '--domain\nlocal\n--\n-my port\n_iostream._tcp\n4001\nprovider=ser2net\n');
  service.withdraw();
});

test('what cannot be announced is told once', async () => {
  const why: string[] = [];
  announce({ name: 'x', type: '_t._tcp', port: 1, txt: [] }, (text) => why.push(text), join(dir, 'none'));
  announce({ name: 'x', type: '_t._tcp', port: 1, txt: [] }, (text) => why.push(text), program('exit 3'));
  await until(() => why.length === 2, 'both');
  assert.match(why.join('\n'), /not installed/);
  assert.match(why.join('\n'), /ended with 3/);
});
