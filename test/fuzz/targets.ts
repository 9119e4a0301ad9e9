// What is fuzzed: one row for each thing that takes bytes from outside, with inputs to begin with and what must hold for any input.
// Long because it is one table, with what its rows need.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputReader } from '../../src/admin/input.ts';
import { readYamlCommand } from '../../src/admin/yaml-command.ts';
import { onImmediate, runIn } from '../../src/base/fault-domain.ts';
import { noLog } from '../../src/base/log.ts';
import { encodeRaw } from '../../src/base/raw-text.ts';
import type { ConnectionConfig } from '../../src/config/model.ts';
import { readConfig } from '../../src/config/read.ts';
import { printYaml } from '../../src/config/yaml/print.ts';
import type { Authority } from '../../src/gensio/context.ts';
import { encodeMessage, MessageDecoder, msgdelimFilter } from '../../src/gensio/filter/msgdelim.ts';
import { dataMessage, initMessage, MuxDecoder, newChannelMessage, newChannelResponse } from '../../src/gensio/filter/mux-codec.ts';
import { relpktFilter } from '../../src/gensio/filter/relpkt.ts';
import { parseService, stackOf } from '../../src/gensio/net/mdns.ts';
import { Builder } from '../../src/gensio/registry.ts';
import { lockOwner } from '../../src/gensio/serialdev/uucp-lock.ts';
import { TelnetDecoder } from '../../src/gensio/telnet/codec.ts';
import { telnetClient, telnetServer } from '../../src/gensio/telnet/telnet.ts';
import { certauthFilter } from '../../src/gensio/tls/certauth.ts';
import { CertauthDecoder, ELEMENT, encodeCertauth, MESSAGE, number16 } from '../../src/gensio/tls/certauth-codec.ts';
import { parseCertificates } from '../../src/gensio/tls/certificates.ts';
import type { LayerSpec } from '../../src/options/stack.ts';
import { AdminRig } from '../admin/rig.ts';
import { memoryFiles } from '../config/memory-files.ts';
import { layerSpec, tcpSpec } from '../gensio/layer-spec.ts';
import { telnetOptions } from '../gensio/telnet/options.ts';
import { testEnv } from '../rig/gensio-env.ts';
import { Random } from '../torture/random.ts';
import { feedLayer } from './layer-target.ts';

/** Throws, or rejects, when something does not hold. */
type Check = (input: Buffer) => void | Promise<void>;
export interface Target {
  readonly seeds: readonly Buffer[];
  /** What inputs of this kind are made of. */
  readonly dictionary: readonly Buffer[];
  readonly check: Check;
}

const ROOT = join(import.meta.dirname, '../../..');
const bytes = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'));
/** Files of the project whose name has this ending, small enough to begin with. */
function files(folder: string, ending: string): Buffer[] {
  const path = join(ROOT, folder);
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending));
  return names.map((name) => readFileSync(join(path, name))).filter((data) => data.length < 4096);
}

function readAs(format: 'yaml' | 'conf', input: Buffer): ReturnType<typeof readConfig> {
  const included = memoryFiles({
    '/inc.yaml': 'connection: &i\n  accepter: tcp,1\n  connector: echo\n',
    '/etc/services': 'telnet 23/tcp\n',
  });
  return readConfig({ format, file: '/x', bytes: input, lines: [], oldFormat: false, diags: [], files: included });
}
/** What a connection says. Not its name: version 1 makes anchors of names. */
const meaning = ({ accepter, connector, device, timeout, enable, options }: ConnectionConfig): unknown => ({
  stacks: [accepter, connector].map(({ spec, text }) => spec ?? text),
  device,
  timeout,
  enable,
  options,
});
/** What was understood can be written, and says the same when it is read. YAML has no empty strings for accepters and connectors. */
function configuration(format: 'yaml' | 'conf'): Check {
  return (input) => {
    const { config } = readAs(format, input);
    const connections = config.connections.filter((c) => c.accepter.text.trim() !== '' && c.connector.text.trim() !== '');
    const text = printYaml({ ...config, connections });
    const again = readAs('yaml', encodeRaw(text));
    assert.equal(again.config.connections.length, connections.length);
    // Bytes that are not UTF-8 have no place in YAML: they are replaced, and that is said.
    for (const [i, before] of connections.entries())
      if (!/\\ud[c-f]/.test(JSON.stringify(before))) assert.deepEqual(meaning(again.config.connections[i]!), meaning(before), text);
  };
}

/** Whole, and cut anywhere, the decoder says the same. */
function cutAnywhere(decode: (pieces: readonly Buffer[]) => unknown): Check {
  return (input) => {
    const random = new Random(input.length, input[0] ?? 0);
    const pieces: Buffer[] = [];
    for (let at = 0; at < input.length; ) {
      const size = random.between(1, 9);
      pieces.push(Buffer.from(input.subarray(at, at + size)));
      at += size;
    }
    assert.deepEqual(decode(pieces), decode([Buffer.from(input)]));
  };
}
function telnetCalls(pieces: readonly Buffer[]): unknown[] {
  const calls: unknown[] = [];
  let run = '';
  const other = (call: unknown): void => {
    if (run !== '') calls.push(run);
    run = '';
    calls.push(call);
  };
  const decoder = new TelnetDecoder();
  for (const piece of pieces) {
    decoder.push(piece, {
      data: (data) => {
        run += data.toString('latin1');
        return true;
      },
      command: (code) => other([code]),
      negotiate: (verb, option) => other([verb, option]),
      suboption: (body) => other(body.toString('hex')),
    });
  }
  other('end');
  return calls;
}
function muxCalls(pieces: readonly Buffer[]): unknown[] {
  const calls: unknown[] = [];
  let run = '';
  const note = (...call: unknown[]): void => void calls.push(call);
  const decoder = new MuxDecoder();
  for (const piece of pieces) {
    decoder.push(piece, {
      init: (version) => note('init', version),
      newChannel: (id, window, length) => note('new', id, window, length),
      newChannelResponse: (to, window, id, error) => note('response', to, window, id, error),
      closeChannel: (to, code) => note('close', to, code),
      data: (to, ack, length) => note('data', to, ack, length),
      fragment: (part, last) => {
        run += part.toString('latin1');
        if (last) note(run);
        if (last) run = '';
      },
      broken: (why) => note('broken', why),
    });
  }
  calls.push(run);
  return calls;
}
function messages(pieces: readonly Buffer[]): string[] {
  const found: string[] = [];
  const decoder = new MessageDecoder(300, true);
  for (const piece of pieces) decoder.push(piece, (message) => found.push(message.toString('hex')));
  return found;
}
function certauthMessages(pieces: readonly Buffer[]): unknown[] {
  const found: unknown[] = [];
  const decoder = new CertauthDecoder();
  const all = Object.values(MESSAGE);
  for (const piece of pieces) {
    for (let rest: Buffer = piece; rest.length > 0; ) {
      const got = decoder.next(rest, all);
      rest = got.rest;
      if (got.problem !== undefined) return [...found, got.problem];
      if (got.message !== undefined)
        found.push([got.message.kind, [...got.message.elements].map(([n, data]) => [n, data.toString('hex')])]);
    }
  }
  return found;
}
function adminInput(pieces: readonly Buffer[]): unknown[] {
  const found: unknown[] = [];
  // A read that finds a line full is thrown away, so that the cuts count: the rest must hold for each byte by itself.
  const reader = new InputReader(() => undefined);
  for (const piece of pieces) {
    for (const byte of piece) {
      for (let at = 0; at < 1; ) at = reader.feed(Buffer.of(byte), at, ({ is, bytes: line }) => found.push([is, line.toString('latin1')]));
    }
  }
  return found;
}

/** Nobody is let in, and certificates are nobody's. */
const nobodysAuthority: Authority = {
  userAllowed: () => true,
  certificates: (_user, _source, done) => {
    onImmediate(() => done([]));
    return () => undefined;
  },
  password: (_user, _password, _source, done) => {
    onImmediate(() => done());
    return () => undefined;
  },
};
const { lines: _lines, ...env } = testEnv();
const layer = (type: LayerSpec['type'], opts: object): LayerSpec => layerSpec(type as 'mux', opts as never, { child: tcpSpec(1) } as never);

/** A whole session of the admin port, with ports that have devices and users behind it. */
async function adminSession(input: Buffer): Promise<void> {
  const rig = await AdminRig.start([
    { name: 'one', accepter: 'tcp,1', connector: 'serialdev,/dev/x,9600N81', idle: '/dev/x,9600N81 offline' },
    { name: 'two', accepter: 'tcp,2', connector: 'serialdev,/dev/y,9600N81', idle: '/dev/y,9600N81 offline' },
  ]);
  let failure: unknown;
  const owner = {
    failed: (err: unknown): void => {
      failure ??= err;
    },
  };
  const user = await rig.user('one');
  const session = await rig.admin();
  const size = 1 + ((input[0] ?? 0) & 127);
  for (let at = 1, n = 0; at < input.length && session.state === 'open'; at += size, n++) {
    runIn(owner, () => session.feed(Buffer.from(input.subarray(at, at + size))));
    if (n % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
    if (n % 8 === 3 && user.state === 'open') runIn(owner, () => user.feed('words'));
  }
  await new Promise((resolve) => setImmediate(resolve));
  if (session.state === 'open') runIn(owner, () => session.end());
  assert.ok(session.writes.reduce((n, data) => n + data.length, 0) < 4_000_000, 'too much of an answer');
  const broken = rig.logged.find((line) => line.includes('Internal error'));
  assert.equal(broken, undefined);
  await rig.server.stop();
  await rig.engine.stop();
  if (failure !== undefined) throw failure;
}

const IAC = '\xff';
const TELNET_WORDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 100, 101, 105, 106, 107].map((code) =>
  Buffer.concat([Buffer.from([255, 250, 44, code, 0, 0, 37, 128]), Buffer.from([255, 240])]),
);
const TELNET_SEEDS = bytes(
  `${IAC}\xfb\x2c${IAC}\xfd\x2c${IAC}\xfa\x2c\x01\0\0\x25\x80${IAC}\xf0hello`,
  `\x05${IAC}\xfb\x2c${IAC}\xfa\x2c\0sig${IAC}\xf0${IAC}\xfa\x2c\x05\x08${IAC}\xf0x${IAC}${IAC}y`,
  `\x01${IAC}\xfd\x01${IAC}\xfb\x03${IAC}\xf1${IAC}\xf3${IAC}\xf2${IAC}\xfa\x1f\0\x50\0\x18${IAC}\xf0`,
);
const TELNET_DICTIONARY = [
  ...TELNET_WORDS,
  ...bytes(
    IAC,
    `${IAC}${IAC}`,
    `${IAC}\xfa\x2c`,
    `${IAC}\xf0`,
    `${IAC}\xfb\x2c`,
    `${IAC}\xfd\x2c`,
    `${IAC}\xfc\x2c`,
    `${IAC}\xfe\x2c`,
    '\r\0',
    '\r\n',
  ),
];
const YAML_WORDS = bytes(
  ...'%YAML 1.1\n,---\n,connection: ,&a\n,*a,accepter: ,connector: ,options:\n,  ,    ,rotator: ,led: ,admin:\n,default:\n,define: ,delete_default: ,include: ,tcp\x2c1234,telnet(rfc2217)\x2ctcp\x2c1,serialdev\x2c/dev/x\x2c9600n81,- ,[,],{,},: ,? ,|\n,>-\n,!!str ,<<: ,\\x41,\\u0041,#,\'\',"",true,false,max-connections: 2,/inc.yaml,connections: ,name: ,value: ,class: ,enable: off'.split(
    ',',
  ),
  ',',
);
const CONF_WORDS = bytes(
  ...[
    'BANNER:b:',
    'DEVICE:d:',
    'TRACEFILE:t:',
    'LED:l:',
    'ROTATOR:r:',
    'CONTROLPORT:',
    'DEFAULT:',
    'OPENSTR:',
    'CLOSESTR:',
    'CLOSEON:',
    'RS485CONF:',
    'SIGNATURE:',
    ':raw:',
    ':telnet:',
    ':rawlp:',
    ':off:',
    '/dev/ttyS0:',
    '9600',
    ' NONE',
    ' 8DATABITS',
    ' 1STOPBIT',
    ' remctl',
    ' banner',
    ' XONXOFF',
    ' remaddr=',
    ' [x]',
    '\\\n',
    '\n',
    '\\"',
    '\\x41',
    '#',
  ],
);
const STACK_WORDS = bytes(
  ...'tcp|udp|ssl|telnet|certauth|mux|relpkt|msgdelim|keepopen|conacc|serialdev|sdev|stdio|unix|file|pty|echo|dummy|script|ratelimit|trace|perf|xlt|mdns|(|)|,|=|"|\'|\\|{|}|localhost|::1|1234|rfc2217|mode=server|key=|nodelay=true'.split(
    '|',
  ),
);
const YAML_COMMANDS = bytes(
  '%YAML\n',
  '...\n',
  'command:\n',
  '  name: showport\n',
  '  id: 1\n',
  '  parms: [one]\n',
  '{name: x}',
  '---\n',
  'version\r\n',
  'showport\r\n',
  'showport one\r\n',
  'monitor term one\r\n',
  'monitor stop\r\n',
  'setporttimeout one 3\r\n',
  'setportenable one off\r\n',
  'setportcontrol one DTRHI\r\n',
  'setportconfig one 9600\r\n',
  'disconnect one\r\n',
  'reload\r\n',
  'yaml\r\n',
  'exit\r\n',
  'help\r\n',
  '\x08',
  '\x7f',
  '%',
  '\xff\xfa',
);
const relpktPair = (child: LayerSpec): LayerSpec => layerSpec('msgdelim', {}, { child });
const certauthSeeds = [
  encodeCertauth(MESSAGE.clientHello, [
    [ELEMENT.version, number16(4)],
    [ELEMENT.username, Buffer.from('joe')],
    [ELEMENT.challenge, Buffer.alloc(32, 7)],
  ]),
  encodeCertauth(MESSAGE.challengeResponse, [
    [ELEMENT.certificate, Buffer.alloc(100, 3)],
    [ELEMENT.response, Buffer.alloc(64, 1)],
  ]),
  encodeCertauth(MESSAGE.password, [[ELEMENT.password, Buffer.alloc(100, 65)]]),
  encodeCertauth(MESSAGE.serverHello, [
    [ELEMENT.version, number16(4)],
    [ELEMENT.challenge, Buffer.alloc(32, 9)],
  ]),
  encodeCertauth(MESSAGE.passwordRequest, [[ELEMENT.passwordType, number16(1)]]),
  encodeCertauth(MESSAGE.serverDone, [[ELEMENT.result, number16(1)]]),
];
const certauthTalk = [
  Buffer.concat([Buffer.from([9]), ...certauthSeeds.slice(0, 3)]),
  Buffer.concat([Buffer.from([40]), ...certauthSeeds.slice(3)]),
];

export const TARGETS: Readonly<Record<string, Target>> = {
  conf: {
    seeds: [...files('compat/cases/conf', '.conf'), ...bytes('2000:raw:600:/dev/ttyS0:9600 NONE\nBANNER:b:hi\\r\\n\n')],
    dictionary: CONF_WORDS,
    check: configuration('conf'),
  },
  yaml: {
    seeds: [...files('examples', '.yaml'), ...bytes('connection: &a\n  accepter: tcp,1\n  connector: echo\n')],
    dictionary: YAML_WORDS,
    check: configuration('yaml'),
  },
  stack: {
    seeds: bytes(
      'telnet(rfc2217),ssl(key=a,cert=b),tcp(nodelay),localhost,1234',
      'relpkt,msgdelim,udp,1',
      'serialdev(nouucplock),/dev/ttyS0,9600n81,local',
    ),
    dictionary: STACK_WORDS,
    check: (input) =>
      configuration('yaml')(
        Buffer.concat([
          Buffer.from(`connection: &a\n  ${input.length % 2 === 0 ? 'connector: echo\n  accepter' : 'accepter: tcp,1\n  connector'}: `),
          Buffer.from(JSON.stringify(input.toString('latin1'))),
        ]),
      ),
  },
  telnetCodec: { seeds: TELNET_SEEDS, dictionary: TELNET_DICTIONARY, check: cutAnywhere(telnetCalls) },
  telnetServer: {
    seeds: TELNET_SEEDS,
    dictionary: TELNET_DICTIONARY,
    check: (input) => feedLayer((child, clock) => telnetServer(child, telnetOptions('rfc2217,winsize'), clock), input),
  },
  telnetClient: {
    seeds: TELNET_SEEDS,
    dictionary: TELNET_DICTIONARY,
    check: (input) => feedLayer((child, clock) => telnetClient(child, telnetOptions('rfc2217'), clock), input),
  },
  muxCodec: {
    seeds: [
      initMessage(),
      newChannelMessage(1, 4096, Buffer.from('svc')),
      newChannelResponse(1, 4096, 2, 0),
      dataMessage(1, 0, Buffer.from('hello')),
    ],
    dictionary: [initMessage(), newChannelMessage(1, 4096, Buffer.alloc(0)), dataMessage(1, 10, Buffer.alloc(3))],
    check: cutAnywhere(muxCalls),
  },
  mux: {
    seeds: [
      Buffer.concat([
        Buffer.from([20]),
        initMessage(),
        newChannelMessage(1, 4096, Buffer.alloc(0)),
        dataMessage(0, 0, Buffer.from('hello')),
      ]),
    ],
    dictionary: [
      initMessage(),
      newChannelMessage(1, 4096, Buffer.alloc(0)),
      newChannelResponse(0, 4096, 0, 0),
      dataMessage(0, 10, Buffer.alloc(3)),
      dataMessage(1, 0, Buffer.alloc(9)),
    ],
    check: (input) => feedLayer((child, clock) => new Builder({ ...env, clock, log: noLog }).onAccepted(layer('mux', {}), child), input),
  },
  msgdelim: {
    seeds: [encodeMessage(Buffer.from('hello'), true), encodeMessage(Buffer.from([254, 0, 1, 254]), true)],
    dictionary: [Buffer.from([254]), Buffer.from([254, 0]), Buffer.from([254, 1]), encodeMessage(Buffer.from('x'), true)],
    check: cutAnywhere(messages),
  },
  relpkt: {
    seeds: [0, 1, 2, 3, 4].map((kind) =>
      Buffer.concat([Buffer.from([63]), encodeMessage(Buffer.from([kind << 4, 0, 0, 0, 0, 4, 0, 0]), true)]),
    ),
    dictionary: [0, 1, 2, 3, 4, 5].map((kind) => encodeMessage(Buffer.from([kind << 4, 0, 0, 0, 0]), true)),
    check: (input) =>
      feedLayer((child, clock) => {
        const spec = layerSpec('relpkt', {}, { child: relpktPair(tcpSpec(1)) });
        const own = { ...env, clock, log: noLog };
        const packets = msgdelimFilter(layerSpec('msgdelim', {}, { child: tcpSpec(1) }), child, false, own);
        return relpktFilter(spec, packets, (input[0] ?? 0) < 128, own);
      }, reframed(input)),
  },
  certauthCodec: { seeds: certauthSeeds, dictionary: certauthSeeds, check: cutAnywhere(certauthMessages) },
  certauthServer: {
    seeds: certauthTalk,
    dictionary: certauthSeeds,
    check: (input) =>
      feedLayer(
        (child, clock) =>
          certauthFilter(layerSpec('certauth', { password: 'x' }, { child: layer('ssl', {}) }), child, true, {
            ...env,
            clock,
            log: noLog,
            auth: nobodysAuthority,
          }),
        input,
      ),
  },
  certauthClient: {
    seeds: certauthTalk,
    dictionary: certauthSeeds,
    check: (input) =>
      feedLayer(
        (child, clock) =>
          certauthFilter(layerSpec('certauth', { username: 'joe', password: 'x' }, { child: layer('ssl', {}) }), child, false, {
            ...env,
            clock,
            log: noLog,
          }),
        input,
      ),
  },
  adminInput: {
    seeds: bytes('version\r\n', '%YAML\ncommand: {name: version}\n...\n'),
    dictionary: YAML_COMMANDS,
    check: cutAnywhere(adminInput),
  },
  adminYaml: {
    seeds: bytes('%YAML 1.1\n---\ncommand:\n  name: showport\n  id: 3\n  parms: [one, two]\n...\n'),
    dictionary: YAML_COMMANDS,
    check: (input) => void readYamlCommand(input),
  },
  admin: {
    seeds: bytes('\x7fversion\r\nshowport one\r\n', '\x09%YAML\ncommand: {name: version}\n...\n', '\x11yaml\r\nshowport\r\n'),
    dictionary: YAML_COMMANDS,
    check: adminSession,
  },
  certificates: {
    seeds: bytes('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'),
    dictionary: bytes('-----BEGIN CERTIFICATE-----\n', '-----END CERTIFICATE-----\n'),
    check: (input) => void parseCertificates(input.toString('latin1')),
  },
  mdns: {
    seeds: bytes('=;eth0;IPv4;a\\032b;_iostream._tcp;local;h.local;192.0.2.1;2000;"gensiostack=telnet(rfc2217),tcp" "x=\\"y"'),
    dictionary: bytes(
      ';',
      '"',
      '\\',
      '\\032',
      'IPv6',
      'fe80::1',
      '_udp',
      'gensiostack=',
      'serialdev,/dev/x',
      'ssl(CA=/x),',
      'file',
      '(',
      ')',
      ',',
    ),
    check: (input) => {
      const service = parseService(input.toString('latin1'));
      const spec = service && stackOf(service, { nostack: false } as never);
      // An announcement names no file, no program and no device.
      for (let at = spec; at !== undefined; at = 'child' in at ? at.child : undefined)
        assert.ok(
          ['tcp', 'udp', 'telnet', 'ssl', 'mux', 'msgdelim', 'relpkt'].includes(at.type) &&
            (at.type !== 'ssl' || (at.opts.CA === undefined && at.opts.key === undefined && at.opts.cert === undefined)),
          at.type,
        );
    },
  },
  lockFile: { seeds: bytes('     12345\n', '\x01\x02\0\0'), dictionary: [], check: (input) => void lockOwner(input) },
};

/** Puts right the frames and their sums, so that what is in them gets through to the layer above. */
function reframed(input: Buffer): Buffer {
  const parts: Buffer[] = [input.subarray(0, 1)];
  for (const message of messagesBetween(input.subarray(1))) parts.push(encodeMessage(message, true));
  return Buffer.concat(parts);
}
function messagesBetween(input: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < input.length && found.length < 200; ) {
    const next = input.indexOf(Buffer.from([254, 1]), at);
    const end = next < 0 ? input.length : next;
    if (end > at) found.push(input.subarray(at, Math.min(end, at + 120)));
    at = end + 2;
  }
  return found;
}
