// Classic files as YAML: what is written, what is said, and that the model stays the same.
// Long because it has a case for each directive.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRaw } from '../../../src/base/raw-text.ts';
import { readConf } from '../../../src/config/conf/model.ts';
import { type ConvertOptions, convert } from '../../../src/config/convert/convert.ts';
import type { Config, ConnectionConfig, Reading } from '../../../src/config/model.ts';
import type { Files } from '../../../src/config/source.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { projectRoot } from '../conf/conf-text.ts';

type Version = 'v1' | 'v2';
const VERSIONS: readonly Version[] = ['v1', 'v2'];
const NO_FILES: Files = {
  read: () => ({ reason: 'No such file or directory' }),
  list: () => undefined,
  exists: () => false,
  variable: () => undefined,
  home: () => '',
};
const yaml = (text: string): Reading => readYaml(text, 'ser2net.yaml', { files: NO_FILES, defaults: new Defaults() });
const toYaml = (text: string, version: Version, options?: ConvertOptions): string => convert(text, 'ser2net.conf', version, options).text;
/** What comes after `---`. */
const body = (text: string, version: Version = 'v1', options?: ConvertOptions): string =>
  toYaml(text, version, options).replace('%YAML 1.1\n---\n', '');

/** A text with the escapes carried out that a conversion may write in another way: names, ports and aliases. */
function expanded(text: string | undefined, connection: ConnectionConfig, name: string, port: string, file: boolean): string | undefined {
  const last = (value: string): string => (file ? value.slice(value.lastIndexOf('/') + 1) : value);
  const plain = (value: string): string => value.replaceAll('\\', '\\\\');
  return text?.replace(/\\(?:x([0-9a-f]{2})|([\s\S]))/gi, (whole, hex: string | undefined, c: string) => {
    if (hex !== undefined) return Number.parseInt(hex, 16) > 0x7f ? String.fromCharCode(0xdc00 + Number.parseInt(hex, 16)) : whole;
    if (c === 'p') return plain(port);
    if (c === 'N') return plain(name);
    if (c === 'o') return plain(last(connection.device ?? name));
    if (c === 'd' && file) return plain(last(connection.connector.text));
    return whole;
  });
}

/** What a connection is, without how it is written and what it is called. */
function meaning(connection: ConnectionConfig, name: string, port: string): unknown {
  const { accepter, connector, timeout, enable, options } = connection;
  const text = (value: string | undefined, file = false) => expanded(value, connection, name, port, file);
  return {
    accepter: accepter.spec ?? accepter.error,
    connector: connector.spec ?? connector.error,
    timeout,
    enable,
    options: {
      ...options,
      banner: text(options.banner),
      openstr: text(options.openstr),
      closestr: text(options.closestr),
      closeon: text(options.closeon),
      sendon: text(options.sendon),
      traceRead: text(options.traceRead, true),
      traceWrite: text(options.traceWrite, true),
      traceBoth: text(options.traceBoth, true),
      ledRx: undefined,
      ledTx: undefined,
    },
  };
}

/** Both configurations mean the same, up to names. */
function assertSame(old: Config, now: Config, message: string): void {
  assert.equal(now.connections.length, old.connections.length, message);
  const place = new Map(now.connections.map((c, i) => [c.name, i]));
  for (const [i, was] of old.connections.entries()) {
    const is = now.connections[i]!;
    assert.deepEqual(meaning(is, was.name, was.name), meaning(was, was.name, was.name), `${message}: ${was.name}`);
    assert.deepEqual(
      [now.leds.findIndex((l) => l.name === is.options.ledRx), now.leds.findIndex((l) => l.name === is.options.ledTx)],
      [old.leds.findIndex((l) => l.name === was.options.ledRx), old.leds.findIndex((l) => l.name === was.options.ledTx)],
      message,
    );
  }
  const indexes = (config: Config, at: ReadonlyMap<string, number>): unknown =>
    config.rotators.map((r) => [r.accepter.spec, r.options, r.connections.map((name) => at.get(name))]);
  assert.deepEqual(indexes(now, place), indexes(old, new Map(old.connections.map((c, i) => [c.name, i]))), message);
  const leds = (config: Config): unknown => config.leds.map(({ device, duration, state, mode }) => [device, duration, state, mode]);
  assert.deepEqual(leds(now), leds(old), message);
  const admin = (config: Config): unknown => config.admin && [config.admin.accepter.spec, config.admin.authdir, config.admin.pamauth];
  assert.deepEqual(admin(now), admin(old), message);
}

/** A conversion reads back to what the text meant, and adds no problems but those of its strings. */
function assertConverts(text: string, message: string): void {
  const old = readConf(text, 'ser2net.conf');
  for (const version of VERSIONS) {
    const written = toYaml(text, version);
    const now = yaml(written);
    const wrong = now.diags.filter((d) => d.severity === 'error' && d.code !== 'bad-accepter' && d.code !== 'bad-connector');
    assert.deepEqual(
      wrong.map((d) => `${d.pos.line}: ${d.text}`),
      [],
      `${message} ${version}\n${written}`,
    );
    assertSame(old.config, now.config, `${message} ${version}\n${written}`);
  }
}

const FIXTURES = join(projectRoot(), 'test/fixtures/conf');

test('every directive and most options, in both versions', () => {
  const text = readFileSync(join(FIXTURES, 'everything.conf'), 'utf8');
  for (const version of VERSIONS) assert.equal(toYaml(text, version), readFileSync(join(FIXTURES, `everything.${version}.yaml`), 'utf8'));
  assertConverts(text, 'everything.conf');
});

const CORPUS = join(projectRoot(), '../shared/corpus/conf');
test('files from the wild mean the same when converted', {
  skip: existsSync(CORPUS) ? false : 'the collection of files is not here',
}, () => {
  for (const file of readdirSync(CORPUS)) assertConverts(decodeRaw(readFileSync(join(CORPUS, file))), file);
});

test('comments, empty lines and order stay', () => {
  assert.equal(
    body('# head\n#\n\n2001:raw:0:/dev/a\n# between\r\n2002:raw:0:/dev/b:9600\n\n   # indented\n  \n#2003:raw:0:/dev/c\n'),
    [
      '# head',
      '#',
      '',
      'connection: &2001',
      '  accepter: tcp,2001',
      '  connector: serialdev,/dev/a',
      '# between',
      'connection: &2002',
      '  accepter: tcp,2002',
      '  connector: serialdev,/dev/b,9600n81',
      '',
      '# indented',
      '',
      '#2003:raw:0:/dev/c',
      '',
    ].join('\n'),
  );
});

test('there is always something in the file', () => {
  assert.equal(body('# nothing\n'), '# nothing\ndefine: &confver 1.0\n');
  assert.equal(body('# nothing\n', 'v2'), "# nothing\ndefines:\n  confver: '1.0'\n");
  for (const version of VERSIONS) assert.deepEqual(yaml(toYaml('', version)).diags, []);
});

test('network ports become accepters that name their layers', () => {
  const accepter = (port: string, state = 'raw', options = ''): string =>
    /accepter: (.*)/.exec(body(`${port}:${state}:0:/dev/a:${options}`))![1]!;
  assert.equal(accepter('3001'), 'tcp,3001');
  assert.equal(accepter('host,3001'), 'tcp,host,3001');
  assert.equal(accepter('ipv4,3001'), 'tcp,ipv4,3001');
  assert.equal(accepter('ipv4,host,3001'), 'tcp,ipv4,host,3001');
  assert.equal(accepter('udp,3001'), 'udp,3001');
  assert.equal(accepter('ipv4,tcp,3001'), 'tcp,ipv4,3001');
  assert.equal(accepter('ipv6,udp(readbuf=100),3001'), 'udp(readbuf=100),ipv6,3001');
  assert.equal(accepter('tcp(nodelay),3001'), 'tcp(nodelay),3001');
  assert.equal(accepter('::1,3001'), 'tcp,::1,3001');
  assert.equal(accepter('0'), 'stdio');
  assert.equal(accepter('3001', 'telnet'), 'telnet,tcp,3001');
  assert.equal(accepter('3001', 'telnet', 'remctl'), 'telnet(rfc2217),tcp,3001');
  assert.equal(accepter('3001', 'raw', 'remctl'), 'tcp,3001');
  assert.equal(accepter('3001', 'on'), 'tcp,3001');
  assert.equal(accepter('telnet(rfc2217),tcp,3001', 'on'), 'telnet(rfc2217),tcp,3001');
  assert.match(body('3001:off:0:/dev/a'), /enable: off/);
});

test('devices become connectors with one word for the line', () => {
  const connector = (device: string, options = '', before = '', state = 'raw'): string =>
    /connector: (.*)/.exec(body(`${before}\n1:${state}:0:${device}:${options}`))![1]!;
  assert.equal(connector('/dev/a', '9600 EVEN 7DATABITS 1STOPBIT'), 'serialdev,/dev/a,9600e71');
  assert.equal(
    connector('/dev/a', 'XONXOFF LOCAL -RTSCTS HANGUP_WHEN_DONE NOBREAK'),
    'serialdev,/dev/a,9600n81,xonxoff,local,hangup-when-done,nobreak',
  );
  assert.equal(connector('/dev/a', '-LOCAL', 'DEFAULT:local:true'), 'serialdev,/dev/a,9600n81,local=false');
  assert.equal(connector('/dev/a', '', 'DEFAULT:local:true'), 'serialdev,/dev/a');
  assert.equal(connector('/dev/lp0', '', '', 'rawlp'), 'serialdev,/dev/lp0,9600n81,wronly');
  assert.equal(connector('x', '8DATABITS', 'DEVICE:x:/dev/a,115200'), 'serialdev,/dev/a,115200n81');
  assert.equal(connector('serialdev(nouucplock),/dev/a', '300'), 'serialdev(nouucplock),/dev/a,300n81');
  assert.equal(connector('tcp,host,5000'), 'tcp,host,5000');
  assert.equal(connector('/dev/a', 'rs485=r', 'RS485CONF:r:1:2:0:1'), 'serialdev,/dev/a,9600n81,rs485=1:2:rts_after_send:rx_during_tx');
  assert.equal(connector('sol.lan x'), "'ipmisol,lan x'");
});

test('a text used under its name is an alias; where \\p or a name gives something else, it is written out', () => {
  const text = 'BANNER:b:port \\p\\r\\n\n3001:raw:0:/dev/a:b\nlocalhost,3002:raw:0:/dev/a:b\n';
  const written = body(text);
  assert.match(written, /define: &b 'port \\N\\r\\n'/);
  assert.match(written, /banner: \*b\n/);
  assert.match(written, /banner: 'port localhost,3002\\r\\n'/);
  assert.equal(body(text, 'v2').match(/banner: \*b/g)!.length, 2);
});

test('an alias of a device stays in texts', () => {
  const written = body('DEVICE:modem:/dev/a\nBANNER:b:\\o \\d\nTRACEFILE:t:/tmp/\\o\n1:raw:0:modem:b tr=t\n');
  assert.match(written, /banner: 'modem \\d'/);
  assert.match(written, /trace-read: \/tmp\/modem/);
});

test('texts that hold quotes, marks of substitution, control characters or bytes that are not UTF-8', () => {
  for (const banner of [
    "it's",
    '*(x)',
    '*{x}',
    '=(x)',
    'a: b # c',
    '- x',
    '',
    ' ',
    '\\n',
    '\t',
    '\x01\x7f',
    'é€😀',
    '\udce9',
    '%YAML',
    '---',
    '*',
    '=',
    '==',
    'a==b',
    '==(',
    '*({',
    '**(',
    '=={',
    'x=',
  ]) {
    assertConverts(`BANNER:b:${banner}\nSIGNATURE:s:${banner.replace('\udce9', 'e')}\n1:raw:0:/dev/a:b s\n`, JSON.stringify(banner));
  }
  assertConverts('1:raw:0:/dev/a:"banner=a\\r\\n\\x01" signature="\\007"\n', 'control characters');
});

test('a text that is defined again holds for the ports after it', () => {
  assertConverts('BANNER:b:one\n1:raw:0:/dev/a:b\nBANNER:b:two\n2:raw:0:/dev/a:b\nOPENSTR:b:three\n3:raw:0:/dev/a:b\n', 'again');
});

test('defaults keep their places', () => {
  const text = [
    'DEFAULT:max-connections:2',
    'DEFAULT:max-connections:3:ser2net',
    '1:raw:0:/dev/a',
    '2:raw:0:/dev/a:max-connections=3 kickolduser',
    'DEFAULT:kickolduser:true',
    'DEFAULT:banner:hello',
    '3:raw:0:/dev/a:-kickolduser banner',
    'DEFAULT:remctl:true',
    '4:telnet:0:/dev/a:-remctl',
    '5:telnet:0:/dev/a',
    'DEFAULT:local:true:serialdev',
    'DELDEFAULT:local:serialdev',
    'DEFAULT:speed:1200',
    'DEFAULT:parity:odd',
    '6:raw:0:/dev/a',
    'DEFAULT:kickolduser',
    '7:raw:0:/dev/a',
    'DEFAULT:remaddr:10.0.0.1,0',
    '8:raw:0:/dev/a:remaddr=10.0.0.2,0;10.0.0.3,0',
    'DEFAULT:authdir-admin:/a',
    'CONTROLPORT:2000',
    'ROTATOR:2100:1 2',
  ].join('\n');
  assertConverts(text, 'defaults');
});

test('a default text keeps what it prints', () => {
  const lines = 'DEFAULT:banner:on \\p\\r\\n\n2000:telnet:0:/dev/a\nDEFAULT:openstr:\\d\n';
  for (const version of ['v1', 'v2'] as const) assert.match(toYaml(lines, version), /value: 'on \\N\\r\\n'/);
  assert.ok(convert(lines, 'f.conf', 'v1').diags.some((d) => d.pos.line === 3 && d.text.startsWith('openstr: \\d prints the connector')));
});

test('defaults without a value keep their meaning in both versions', () => {
  const text = [
    'DEFAULT:closeon:bye',
    'DEFAULT:banner:hello:ser2net',
    'DEFAULT:kickolduser:true',
    'DEFAULT:max-connections:5',
    '1:raw:0:/dev/a',
    'DEFAULT:closeon',
    'DEFAULT:kickolduser',
    'DEFAULT:max-connections',
    '2:raw:0:/dev/a',
    'DEFAULT:laddr:127.0.0.1,0',
    '3:telnet:0:/dev/a',
    'DEFAULT:laddr',
    '4:raw:0:/dev/a',
    'ROTATOR:2100:1 2',
  ].join('\n');
  assertConverts(text, 'taken away');
});

test('what is left out stands as a comment with its reason', () => {
  const written = body('BANNER:\n1:raw:0:/dev/a:oops\nCLOSEON:x:\\q\n2:raw:0:/dev/a\\\n');
  assert.match(written, /# not converted: the BANNER line has no name\n# BANNER:\n/);
  assert.match(written, /# not converted: 'oops' is not an option.*\n# 1:raw:0:\/dev\/a:oops\n/);
  assert.match(written, /# 2:raw:0:\/dev\/a\\\n/);
  assert.deepEqual(yaml(toYaml('BANNER:\nx\n', 'v1')).diags, []);
});

test('every difference is a note in the text and a problem with its place', () => {
  const { text, diags } = convert('BANNER:b:\\d\nlocalhost,3001:raw:0:/dev/a:b timestamp\n', 'f', 'v1');
  assert.deepEqual(
    diags.map((d) => [d.pos.line, d.code, d.text]),
    [
      [1, 'questionable', '\\d prints the connector, which is written differently now'],
      [2, 'old-spelling', "'timestamp' is a word of ser2net 3 and older; it is read as 'trace-timestamp'"],
      [2, 'questionable', "the name 'localhost,3001' is localhost-3001 now"],
    ],
  );
  for (const { text: note } of diags) assert.ok(text.includes(`# note: ${note}`), note);
});

test('connections that shared a device by different words are pointed out', () => {
  const { diags } = convert('1:raw:0:/dev/a:9600 NONE\n2:raw:0:/dev/a:9600\n', 'f', 'v1');
  assert.match(diags[0]!.text, /same connector now/);
});

test('what the author of an old file meant is written when asked for', () => {
  const text =
    'BANNER:b:[\\s] \\\\s\nTRACEFILE:t:/tmp/\\s\n1:raw:0:/dev/a:b tr=t oops # note\n2:raw:0:/dev/a:led-rx=none remaddr=1.2.3.4\n';
  assert.doesNotMatch(body(text), /\\B/);
  const written = body(text, 'v1', { meant: true });
  assert.match(written, /define: &b '\[\\B\] \\\\s'/);
  assert.match(written, /define: &t '\/tmp\/\\S'/);
  const { connections } = yaml(toYaml(text, 'v1', { meant: true })).config;
  assert.deepEqual(
    connections.map((c) => [c.options.banner, c.options.traceRead]),
    [['[\\B] \\\\s', '/tmp/\\S']],
  );
  const led = yaml(toYaml('1:raw:0:/dev/a:led-rx=none kickolduser=TRUE 300\n', 'v2', { meant: true })).config.connections;
  assert.equal(led[0]!.options.ledRx, undefined);
  assert.equal(led[0]!.connector.text, 'serialdev,/dev/a,300n81');
});

test('names are unique, whatever they are in the classic file', () => {
  assertConverts(
    'BANNER:3001:x\nTRACEFILE:3001:/t\nLED:3001:sysfs:device=d\n3001:raw:0:/dev/a:tr=3001 led-rx=3001\na,3001:raw:0:/dev/b\na-3001:raw:0:/dev/c\nROTATOR:3001:a,3001 a-3001\nROTATOR:3001:3001\n',
    'names',
  );
});

/** Lines in which everything that can be written happens often. */
const anyLine = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('2001', '2002', 'localhost,2003', '::1,2004', 'ipv4,udp,2005', 'telnet,2006', 'tcp(nodelay),2007', 'abc', ' 2008'),
        fc.constantFrom('raw', 'telnet', 'on', 'off', 'rawlp'),
        fc.constantFrom('0', '600', '0x10', '-1'),
        fc.constantFrom('/dev/ttyS0', 'dev', '/dev/a b', 'tcp,host,5', '/dev/a,300', 'serialdev(nouucplock),/dev/a', 'x'),
        fc.array(
          fc.constantFrom(
            '9600',
            '115200n82',
            'EVEN',
            '7DATABITS',
            'LOCAL',
            '-LOCAL',
            'XONXOFF',
            '-RTSCTS',
            'NOBREAK',
            'remctl',
            '-remctl',
            'kickolduser',
            '-kickolduser',
            'max-connections=3',
            'b',
            's',
            'o',
            'c',
            'e',
            'banner',
            "banner='a *(b) \\p'",
            'tr=t',
            'tw=t',
            'tb=t',
            'trace-hexdump',
            'timestamp',
            '-tr-timestamp',
            'remaddr=1.2.3.4,0',
            'remaddr=',
            'rs485=r',
            'led-rx=l',
            'mdns-txt=a=b',
            "allowed-users='a b'",
            '-chardelay',
            'chardelay-min=5',
            'closeon=',
            'openstr=',
            'sendon=x\\y',
            'authdir=/x',
          ),
          { maxLength: 5 },
        ),
      )
      .map(([port, state, timeout, device, options]) => `${port}:${state}:${timeout}:${device}:${options.join(' ')}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'BANNER:b:',
          'SIGNATURE:s:',
          'OPENSTR:o:',
          'CLOSESTR:c:',
          'CLOSEON:e:',
          'DEVICE:dev:/dev/',
          'TRACEFILE:t:/tmp/',
          'BANNER:o:',
        ),
        fc.string({
          unit: fc.constantFrom('\\', 'p', 'd', 'N', 'o', 'n', 's', '*', '(', '{', '=', "'", '"', ' ', ':', '#', '0', 'é', '\t'),
        }),
      )
      .map((p) => p.join('')),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'DEFAULT:speed:19200',
      'DEFAULT:parity:even',
      'DEFAULT:local:true',
      'DEFAULT:local:false:serialdev',
      'DELDEFAULT:local:serialdev',
      'DEFAULT:kickolduser:1:ser2net',
      'DEFAULT:kickolduser',
      'DEFAULT:banner:hi',
      'DEFAULT:remaddr:10.0.0.1,0',
      'DEFAULT:remctl:true',
      'DEFAULT:rfc2217:false:telnet',
      'DEFAULT:nodelay:true:tcp',
      'DEFAULT:max-connections:7',
      'DEFAULT:nodelay:false',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '# a comment',
      '',
      'LED:l:sysfs:device=x duration=5',
      'RS485CONF:r:1:2:1:0',
      'CONTROLPORT:2000',
      'CONTROLPORT:telnet,localhost,2000',
      'ROTATOR:2100:2001 localhost,2003',
      'ROTATOR:ipv4,2101:2002',
      'nonsense',
      'BANNER:',
    ),
  },
);

test('any file of these lines means the same when converted', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 14 }), (lines) => {
      // A default that is a text cannot be taken away again in YAML, and is not in this test.
      assertConverts(lines.join('\n'), lines.join('\n'));
    }),
    { numRuns: 400 },
  );
});

test('any text can be converted, and gives YAML', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
      for (const version of VERSIONS) {
        const wrong = yaml(toYaml(text, version)).diags.filter((d) => d.code === 'syntax');
        assert.deepEqual(wrong, [], text);
      }
    }),
  );
});
