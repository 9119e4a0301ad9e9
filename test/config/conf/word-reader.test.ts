import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reading } from '../../../src/config/model.ts';
import type { ConnectionOptions } from '../../../src/options/connection.ts';
import { classics, conf, lineOf, withOptions } from './conf-text.ts';

const optionsOf = (words: string, ...before: readonly string[]): ConnectionOptions => withOptions(words, ...before).options;
const plain = optionsOf('');
const hints = ({ diags }: Reading): (string | undefined)[] => diags.map(({ hint }) => hint);

test('serial parameters are appended to the device in their order, and mean what they say', () => {
  const line = (words: string) => lineOf(withOptions(words));
  assert.equal(withOptions('9600 8DATABITS -RTSCTS').connector.text, '/dev/ttyS0,9600,8DATABITS,rtscts=false');
  assert.equal(line('').speed, 9600);
  assert.equal(line('115200').speed, 115200);
  assert.equal(line('9600 19200').speed, 19200);
  assert.deepEqual([line('9600e71').parity, line('9600e71').databits], ['E', 7]);
  assert.equal(line('115200N82').stopbits, 2);
  for (const bits of [5, 6, 7, 8] as const) assert.equal(line(`${bits}DATABITS`).databits, bits);
  assert.equal(line('8databits').databits, 8);
  assert.equal(line('1STOPBIT').stopbits, 1);
  assert.equal(line('2STOPBITS').stopbits, 2);
  for (const [word, parity] of Object.entries({ NONE: 'N', EVEN: 'E', ODD: 'O', MARK: 'M', SPACE: 'S' }))
    assert.equal(line(word).parity, parity);
  assert.equal(line('XONXOFF').xonxoff, true);
  assert.equal(line('XONXOFF -XONXOFF').xonxoff, false);
  assert.equal(line('RTSCTS').rtscts, true);
  assert.equal(line('RTSCTS -RTSCTS').rtscts, false);
  assert.equal(line('LOCAL').local, true);
  assert.equal(line('LOCAL -LOCAL').local, false);
  assert.equal(line('HANGUP_WHEN_DONE').hangupWhenDone, true);
  assert.equal(line('HANGUP_WHEN_DONE -HANGUP_WHEN_DONE').hangupWhenDone, false);
  assert.equal(line('NOBREAK').nobreak, true);
  assert.equal(line('NOBREAK -NOBREAK').nobreak, false);
});

test('a list with commas works when it begins with a digit', () => {
  const line = lineOf(withOptions('115200,8DATABITS,NONE,1STOPBIT,-XONXOFF,-RTSCTS,LOCAL'));
  assert.deepEqual([line.speed, line.local, line.xonxoff], [115200, true, false]);
  assert.deepEqual(classics(conf('1:raw:0:/dev/a:NONE,8DATABITS')), ['Unknown config item: NONE,8DATABITS on line 1']);
  const mixed = conf('1:raw:0:/dev/a:9600 8DATABITS,kickolduser');
  assert.deepEqual(classics(mixed), []);
  assert.equal(mixed.config.connections[0]?.options.kickolduser, true);
});

test('commas between words, as 2.x and 3.x took them, are taken with a hint, each word for itself', () => {
  const reading = conf('BANNER:hi:hello\n2:telnet:600:/dev/a:9600,8DATABITS,NONE,1STOPBIT,hi');
  assert.deepEqual([reading.config.connections[0]?.options.banner, reading.config.connections[0]?.connector.error], ['hello', undefined]);
  assert.deepEqual(
    reading.diags.map(({ pos, severity, code, hint }) => `${pos.line}:${pos.col} ${severity} ${code} ${hint}`),
    ["2:21 warning old-spelling write '9600 8DATABITS NONE 1STOPBIT hi'"],
  );
  const [first] = conf('2:raw:0:/dev/a:kickolduser,LOCAL').diags;
  assert.match(`${first!.classic} ${first!.text}`, /^Unknown config item: kickolduser,LOCAL on line 1 .*read as 2 words/);
  assert.equal(conf('2:raw:0:/dev/a:kickolduser,nonsense').config.connections.length, 0);
});

test('a text whose name begins with a digit is taken with a hint, unless it is a speed', () => {
  const reading = conf('BANNER:2000-port1:hello\n2000:raw:0:/dev/a:9600 2000-port1');
  assert.deepEqual([reading.config.connections[0]?.options.banner, reading.config.connections[0]?.connector.error], ['hello', undefined]);
  assert.deepEqual(
    reading.diags.map(({ pos, code, hint }) => `${pos.line}:${pos.col} ${code} ${hint}`),
    ['2:24 old-spelling let names begin with a letter'],
  );
  const speed = conf('BANNER:1200:hello\n2000:raw:0:/dev/a:1200');
  assert.deepEqual([speed.config.connections[0]?.options.banner, lineOf(speed.config.connections[0]!).speed], [undefined, 1200]);
});

test('a bare name that makes a text empty is pointed out', () => {
  assert.deepEqual(hints(conf('1:raw:0:/dev/a:banner')), ["define it with a line 'BANNER:banner:text' before this one"]);
  assert.deepEqual(hints(conf('1:raw:0:/dev/a:banner\nBANNER:banner:x')), ['move line 2 before this one']);
  assert.deepEqual(hints(conf('BANNER:banner:x\n1:raw:0:/dev/a:banner')), []);
});

test('words for the line that 4.3.11 refuses stay refused: the connection is kept and cannot be opened', () => {
  for (const word of ['0', '9', '9600X81', '9600N91', '9600N83', '9600N811', '1STOPBITS', '2STOPBIT']) {
    assert.equal(withOptions(word).connector.error, 'inval', word);
  }
});

test('options of 4.x', () => {
  const cases: readonly (readonly [string, Partial<ConnectionOptions>])[] = [
    ['kickolduser', { kickolduser: true }],
    ['KickOldUser', { kickolduser: true }],
    ['kickolduser -kickolduser', { kickolduser: false }],
    ['kickolduser=no', { kickolduser: false }],
    ['telnet_brk_on_sync', { telnetBrkOnSync: true }],
    ['telnet-brk-on-sync=yes', { telnetBrkOnSync: true }],
    ['telnet_brk_on_sync -telnet_brk_on_sync', { telnetBrkOnSync: false }],
    ['max-connections=3', { maxConnections: 3 }],
    ['max-connections=0x10', { maxConnections: 16 }],
    ['max-connections=0', { maxConnections: 1 }],
    ['MAX-CONNECTIONS=5', { maxConnections: 5 }],
    ['remaddr=127.0.0.1,0;10.0.0.1,0 remaddr=!::1,5', { remaddr: ['127.0.0.1,0', '10.0.0.1,0', '!::1,5'] }],
    ['remaddr=', {}],
    ['connback=tcp,localhost,5', { connback: ['tcp,localhost,5'] }],
    ['-chardelay', { chardelay: false }],
    ['chardelay=0', { chardelay: false }],
    ['-chardelay chardelay', { chardelay: true }],
    ['chardelay-scale=5 chardelay-min=6 chardelay-max=7', { chardelayScale: 5, chardelayMin: 6, chardelayMax: 7 }],
    ['dev-to-net-bufsize=1 net-to-dev-bufsize=100000', { devToNetBufsize: 2, netToDevBufsize: 100000 }],
    ['accepter-retry-time=0 connector-retry-time=9', { accepterRetryTime: 1, connectorRetryTime: 9 }],
    ['no-con-to-acc no-acc-to-con', { noConToAcc: true, noAccToCon: true }],
    ["authdir=/a pamauth=p allowed-users='a b' allowed-users=c", { authdir: '/a', pamauth: 'p', allowedUsers: ['a', 'b', 'c'] }],
    ['mdns mdns-sysattrs=on', { mdns: true, mdnsSysattrs: true }],
    ['mdns-port=5 mdns-interface=2 mdns-nettype=IPv4', { mdnsPort: 5, mdnsInterface: 2, mdnsNettype: 'ipv4' }],
    ['mdns-name=n mdns-type=t mdns-domain=d mdns-host=h', { mdnsName: 'n', mdnsType: 't', mdnsDomain: 'd', mdnsHost: 'h' }],
    ['mdns-txt=a=b mdns-txt=c', { mdnsTxt: ['a=b', 'c'] }],
    ["banner='hello world' openstr=o closestr=c signature=s", { banner: 'hello world', openstr: 'o', closestr: 'c', signature: 's' }],
    ['closeon=x sendon=y', { closeon: 'x', sendon: 'y' }],
    ['banner openstr closestr signature', { banner: '', openstr: '', closestr: '', signature: '' }],
    ['closeon= sendon= pamauth= trace-read=', {}],
    ['trace-read=/r trace-write=/w trace-both=/b', { traceRead: '/r', traceWrite: '/w', traceBoth: '/b' }],
    ['trace-hexdump', { traceReadHexdump: true, traceWriteHexdump: true, traceBothHexdump: true }],
    ['trace-timestamp=1', { traceReadTimestamp: true, traceWriteTimestamp: true, traceBothTimestamp: true }],
    ['trace-hexdump -tr-hexdump', { traceReadHexdump: false, traceWriteHexdump: true, traceBothHexdump: true }],
    ['trace-hexdump -hexdump', {}],
    ['trace-timestamp -timestamp', {}],
    ['trace-timestamp -tr-timestamp -tw-timestamp -tb-timestamp', {}],
    ['trace-hexdump -tw-hexdump -tb-hexdump', { traceReadHexdump: true }],
    [
      'trace-read-hexdump trace-write-timestamp trace-both-hexdump=yes',
      { traceReadHexdump: true, traceWriteTimestamp: true, traceBothHexdump: true },
    ],
  ];
  for (const [words, wanted] of cases) {
    const { diags } = conf(`2000:raw:0:/dev/ttyS0:${words}`);
    assert.deepEqual(
      diags.filter(({ code }) => code !== 'questionable'),
      [],
      words,
    );
    assert.deepEqual(optionsOf(words), { ...plain, ...wanted }, words);
  }
});

test('a bad value makes the word unknown, and the port is left out', () => {
  for (const word of [
    'kickolduser=TRUE',
    'max-connections=x',
    'max-connections=-1',
    'trace-hexdump=2',
    'mdns-nettype=x',
    'chardelay-min=1.5',
  ]) {
    const reading = conf(`1:raw:0:/dev/a:${word}`);
    assert.deepEqual(classics(reading), [`Unknown config item: ${word} on line 1`]);
    assert.equal(reading.config.connections.length, 0);
    assert.equal(reading.diags[0]!.code, 'bad-value');
  }
});

test('an unknown word removes the port; all of them are reported, and 4.3.11 only the first', () => {
  const reading = conf('1:raw:0:/dev/a:9600 oops max-conections=3 # a comment here');
  assert.equal(reading.config.connections.length, 0);
  assert.deepEqual(classics(reading), ['Unknown config item: oops on line 1']);
  assert.deepEqual(
    reading.diags.map((d) => [d.pos.col, d.pos.len, d.hint]),
    [
      [21, 4, 'a text is used by its name, after the BANNER, SIGNATURE, OPENSTR, CLOSESTR or CLOSEON line that defines it'],
      [26, 16, "did you mean 'max-connections'?"],
      [43, 1, 'a comment must stand on a line of its own, with its # in the first column'],
    ],
  );
});

test('hints for words', () => {
  const hint = (words: string, ...before: readonly string[]): string =>
    conf(...before, `1:raw:0:/dev/a:${words}`, 'BANNER:late:x').diags[0]!.hint ?? '';
  assert.match(hint('local'), /capitals: LOCAL/);
  assert.match(hint('-rtscts'), /capitals: -RTSCTS/);
  assert.match(hint('NONE,8DATABITS'), /spaces, not with commas/);
  assert.match(hint('n81'), /after the speed/);
  assert.match(hint('late'), /defined later, on line 2/);
  assert.match(conf('CLOSEON:bad:\\9', '1:raw:0:/dev/a:bad').diags[1]!.hint ?? '', /^line 1, which defines 'bad', was left out$/);
  assert.match(hint('dev1', 'DEVICE:dev1:/dev/x'), /device field/);
  assert.match(hint('bannr1', 'BANNER:banner1:x'), /did you mean 'banner1'/);
  assert.match(hint('kickoldusr'), /did you mean 'kickolduser'/);
});

test('quotes group and backslashes escape; what is left open costs the port', () => {
  assert.equal(optionsOf('banner="a b\\n"').banner, 'a b\n');
  assert.equal(optionsOf("banner='\\x4A\\101'").banner, 'JA');
  assert.equal(optionsOf('banner=a\\ b').banner, 'a b');
  for (const words of ["'abc", 'banner="x', 'abc\\x']) {
    assert.deepEqual(classics(conf(`1:raw:0:/dev/a:${words}`)), ['Invalid device config on line 1: Invalid data to parameter'], words);
  }
});

test('named strings are used by their names, the last of a kind wins, and texts are copied when the line is read', () => {
  const { connections } = conf(
    ...['BANNER:b1:one', 'BANNER:b2:two', 'SIGNATURE:s:sig', 'OPENSTR:o:open', 'CLOSESTR:c:close', 'CLOSEON:x:\\r\\n'],
    '1:raw:0:/dev/a:b1 b2 s o c x',
    ...['BANNER:b2:three', '2:raw:0:/dev/a:b2'],
  ).config;
  const { banner, signature, openstr, closestr, closeon } = connections[0]!.options;
  assert.deepEqual([banner, signature, openstr, closestr, closeon], ['two', 'sig', 'open', 'close', '\\r\\n']);
  assert.equal(connections[1]!.options.banner, 'three');
});

test('a text named banner, signature, openstr or closestr is used, where 4.3.11 sets an empty one', () => {
  const lines = ['BANNER:banner:hello', 'SIGNATURE:signature:sig', 'OPENSTR:openstr:open', 'CLOSESTR:closestr:close', 'CLOSEON:closeon:x'];
  const { banner, signature, openstr, closestr, closeon } = optionsOf('banner signature openstr closestr closeon', ...lines);
  assert.deepEqual([banner, signature, openstr, closestr, closeon], ['hello', 'sig', 'open', 'close', 'x']);
  assert.equal(optionsOf('banner=other', ...lines).banner, 'other');
  assert.deepEqual(classics(conf('1:raw:0:/dev/a:BANNER')), ['Unknown config item: BANNER on line 1']);
});

test('other names of options hide texts of the same name, as in 4.3.11', () => {
  const options = optionsOf('mdns', 'BANNER:mdns:x');
  assert.deepEqual([options.mdns, options.banner], [true, undefined]);
  assert.equal(optionsOf('sendon', 'BANNER:sendon:x').banner, 'x');
});

test('the newest definition of a name is the one found, whatever its kind', () => {
  const options = optionsOf('x', 'BANNER:x:a', 'OPENSTR:x:b');
  assert.deepEqual([options.banner, options.openstr], [undefined, 'b']);
  assert.deepEqual(classics(conf('BANNER:x:a', 'DEVICE:x:/dev/a', '1:raw:0:/dev/a:x')), ['Unknown config item: x on line 3']);
});

test('trace files are used by their names; one that is not defined is only a warning, and takes an earlier one away', () => {
  const options = optionsOf('tr=r tw=w TB=b', 'TRACEFILE:r:/r', 'TRACEFILE:w:/w:\\p', 'TRACEFILE:b:/b');
  assert.deepEqual([options.traceRead, options.traceWrite, options.traceBoth], ['/r', '/w:\\p', '/b']);
  const reading = conf('TRACEFILE:r:/r', '1:raw:0:/dev/a:tr=r tr=none');
  assert.deepEqual(classics(reading), ['Tracefile none not found, it will be ignored']);
  assert.equal(reading.config.connections[0]!.options.traceRead, undefined);
});

test('words of 2.x and 3.x that 4.3.11 drops the port for keep their meaning, with its message', () => {
  const cases: readonly (readonly [string, Partial<ConnectionOptions>])[] = [
    ['hexdump', { traceReadHexdump: true, traceWriteHexdump: true, traceBothHexdump: true }],
    ['timestamp', { traceReadTimestamp: true, traceWriteTimestamp: true, traceBothTimestamp: true }],
    ['tr-hexdump', { traceReadHexdump: true }],
    ['tw-hexdump', { traceWriteHexdump: true }],
    ['tb-hexdump', { traceBothHexdump: true }],
    ['tr-timestamp', { traceReadTimestamp: true }],
    ['tw-timestamp', { traceWriteTimestamp: true }],
    ['tb-timestamp', { traceBothTimestamp: true }],
    ['dev-to-tcp-bufsize=100', { devToNetBufsize: 100 }],
    ['tcp-to-dev-bufsize=100', { netToDevBufsize: 100 }],
  ];
  for (const [word, wanted] of cases) {
    const reading = conf(`1:raw:0:/dev/a:${word}`);
    assert.deepEqual(reading.config.connections[0]!.options, { ...plain, ...wanted }, word);
    assert.deepEqual(classics(reading), [`Unknown config item: ${word} on line 1`]);
    assert.deepEqual([reading.diags[0]!.severity, reading.diags[0]!.code], ['warning', 'old-spelling']);
  }
  for (const [word, parity] of Object.entries({ none: 'N', even: 'E', odd: 'O', mark: 'M', space: 'S' })) {
    assert.equal(lineOf(withOptions(`ODD ${word}`)).parity, parity);
  }
  assert.equal(classics(conf('1:raw:0:/dev/a:timestamp hexdump even')).length, 1);
  assert.equal(conf('1:raw:0:/dev/a:dev-to-tcp-bufsize=x').config.connections.length, 0);
});

test('a name of a text comes before a word of 3.x, as in 4.3.11', () => {
  const options = optionsOf('timestamp', 'BANNER:timestamp:x');
  assert.deepEqual([options.banner, options.traceReadTimestamp], ['x', false]);
});

test('remaddr needs a port, and a wrong address costs the port', () => {
  const reading = conf('1:raw:0:/dev/a:remaddr=127.0.0.1');
  assert.deepEqual(classics(reading), ["Error adding remote address '127.0.0.1': Unknown name server lookup failure\n on line 1"]);
  assert.equal(reading.config.connections.length, 0);
  const byDefault = conf('DEFAULT:remaddr:127.0.0.1', '1:raw:0:/dev/a');
  assert.deepEqual(classics(byDefault), ["Error adding remote address '127.0.0.1': Unknown name server lookup failure\n on line 2"]);
  assert.equal(byDefault.config.connections.length, 0);
});

test('an empty remaddr leaves the default in force, and a given one replaces it', () => {
  const lines = ['DEFAULT:remaddr:10.0.0.1,0'];
  assert.deepEqual(optionsOf('remaddr=', ...lines).remaddr, ['10.0.0.1,0']);
  assert.deepEqual(optionsOf('remaddr=127.0.0.1,0', ...lines).remaddr, ['127.0.0.1,0']);
});

test('an LED that is not defined costs the port', () => {
  assert.equal(optionsOf('led-rx=l led-tx=l', 'LED:l:sysfs:device=x').ledTx, 'l');
  assert.deepEqual(classics(conf('1:raw:0:/dev/a:led-rx=l')), ['Could not find led-rx LED: l on line 1']);
  assert.deepEqual(classics(conf('1:raw:0:/dev/a:led-tx=l')), ['Could not find led-tx LED: l on line 1']);
  assert.equal(conf('1:raw:0:/dev/a:led-tx=l').config.connections.length, 0);
});

test('RS-485 settings go into the connector, in both forms', () => {
  const spec = (config: string): string | undefined => lineOf(withOptions('9600 rs485=r', `RS485CONF:r:${config}`)).rs485;
  assert.equal(spec('1:2:rts_on_send:rx_during_tx'), '1:2:rts_on_send:rx_during_tx');
  assert.equal(spec('1:2'), '1:2');
  assert.equal(spec('1:2:1:0'), '1:2:rts_on_send');
  assert.equal(spec('1:2:0:1'), '1:2:rts_after_send:rx_during_tx');
  assert.equal(withOptions('9600 rs485=r', 'RS485CONF:r:1:2').connector.text, '/dev/ttyS0,9600,rs485=1:2');
  const reading = conf('1:raw:0:/dev/a:rs485=none');
  assert.deepEqual(classics(reading), ['RS485 configuration none not found, it will be ignored']);
  assert.equal(lineOf(reading.config.connections[0]!).rs485, undefined);
});
