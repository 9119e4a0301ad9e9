import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConf } from '../../../src/config/conf/model.ts';
import { classics, conf, lineOf, places, port } from './conf-text.ts';

test('a port line is network port, state, timeout, device and options', () => {
  const c = port('2000:raw:600:/dev/ttyS0:9600 8DATABITS -RTSCTS');
  assert.equal(c.name, '2000');
  assert.equal(c.accepter.text, '2000');
  assert.equal(c.accepter.spec?.type, 'tcp');
  assert.equal(c.connector.text, '/dev/ttyS0,9600,8DATABITS,rtscts=false');
  assert.equal(c.timeout, 600);
  assert.equal(c.enable, true);
  assert.equal(c.device, undefined);
  assert.deepEqual(c.pos, { file: 'ser2net.conf', line: 1, col: 1, len: 46 });
});

test('raw and on are the same, off does not listen, rawlp only writes', () => {
  const [raw, on, off, rawlp] = conf('1:raw:0:/dev/a', '2:on:0:/dev/a', '3:off:0:/dev/a', '4:rawlp:0:/dev/lp0').config.connections;
  assert.equal(raw!.accepter.spec!.type, 'tcp');
  assert.equal(on!.accepter.spec!.type, 'tcp');
  assert.deepEqual([raw!.enable, on!.enable, off!.enable, rawlp!.enable], [true, true, false, true]);
  assert.equal(rawlp!.connector.text, '/dev/lp0,WRONLY');
  assert.equal(lineOf(rawlp!).wronly, true);
  assert.equal(lineOf(raw!).wronly, false);
});

test('telnet puts a telnet layer on the accepter, whose text stays; with remctl it offers RFC 2217', () => {
  const plain = port('2000:telnet:0:/dev/a').accepter;
  assert.equal(plain.text, '2000');
  assert.ok(plain.spec?.type === 'telnet' && plain.spec.child.type === 'tcp' && plain.spec.opts.rfc2217 === false);
  const remctl = port('2000:telnet:0:/dev/a:remctl').accepter.spec;
  assert.ok(remctl?.type === 'telnet' && remctl.opts.rfc2217 === true);
  const minus = port('DEFAULT:rfc2217:true:telnet', '2000:telnet:0:/dev/a:remctl -remctl').accepter.spec;
  assert.ok(minus?.type === 'telnet' && minus.opts.rfc2217 === false);
  const byDefault = port('DEFAULT:rfc2217:true:telnet', '2000:telnet:0:/dev/a').accepter.spec;
  assert.ok(byDefault?.type === 'telnet' && byDefault.opts.rfc2217 === true);
});

test('telnet over telnet, and remctl without telnet, are reported', () => {
  assert.deepEqual(places(conf('telnet,tcp,3001:telnet:0:/dev/a')), ['1:1 questionable']);
  assert.deepEqual(places(conf('3001:raw:0:/dev/a:remctl')), ['1:19 questionable']);
  assert.equal(port('3001:raw:0:/dev/a:remctl').accepter.spec?.type, 'tcp');
});

test('the network port may hold colons: the first state from the left counts', () => {
  assert.equal(port('::1,3001:raw:0:/dev/a').name, '::1,3001');
  assert.equal(port('::,3001:telnet:0:/dev/a').name, '::,3001');
  assert.equal(port('a:rawx:raw:0:/dev/a').name, 'a:rawx');
});

/** The state found by trying one character after the other, starting again after the one that does not fit. */
function slowState(text: string): number | undefined {
  const words = [':raw:', ':rawlp:', ':telnet:', ':off:', ':on:'];
  let begin = 0;
  for (let i = 0; i < text.length; i++) {
    const so = text.slice(begin, i + 1);
    if (words.includes(so)) return begin;
    if (!words.some((w) => w.startsWith(so))) begin = i + 1;
  }
  return undefined;
}

test('a try for a state that fails goes on after the character that did not fit', () => {
  assert.deepEqual(classics(conf('21501::raw:0:/dev/a')), ['No state given on line 1']);
  const piece = fc.constantFrom(':', 'raw', 'rawlp', 'telnet', 'off', 'on', 'r', 'ra', 'o', 't', 'l', 'lp', 'tel', 'x');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = `7${pieces.join('')}`;
      const { config, diags } = conf(`${text}`);
      const found = slowState(text);
      if (found === undefined)
        assert.ok(
          diags.some((d) => d.classic === 'No state given on line 1'),
          text,
        );
      else {
        assert.ok(!diags.some((d) => d.classic === 'No state given on line 1'), text);
        for (const c of config.connections) assert.equal(c.name, text.slice(0, found));
      }
    }),
    { numRuns: 2000 },
  );
});

test('the state is compared exactly', () => {
  for (const state of ['RAW', 'Raw', ' raw', 'raw ', 'tcp', 'ssl', '']) {
    const { config, diags } = conf(`3001:${state}:0:/dev/a`);
    assert.equal(config.connections.length, 0, state);
    assert.equal(diags[0]!.classic, 'No state given on line 1');
  }
});

test('a timeout is an unsigned C number of 32 bits', () => {
  const seconds = (text: string): number | undefined => conf(`1:raw:${text}:/dev/a`).config.connections[0]?.timeout;
  assert.equal(seconds('600'), 600);
  assert.equal(seconds('0x10'), 16);
  assert.equal(seconds('010'), 8);
  assert.equal(seconds(' +7'), 7);
  assert.equal(seconds('-1'), 0xffffffff);
  assert.equal(seconds('4294967297'), 1);
  assert.equal(seconds('9'.repeat(40)), 0xffffffff);
  assert.equal(seconds(`${'0'.repeat(50)}17`), 15);
  for (const bad of ['1s', '08', '0x', ' ', '1 ', 'x', '1.5', '--1']) assert.equal(seconds(bad), undefined, bad);
});

test('empty fields vanish', () => {
  assert.deepEqual(classics(conf('2000:raw::/dev/x:9600')), ["Invalid timeout '/dev/x' on line 1"]);
  assert.equal(port('2000:raw:0::9600').connector.text, '9600');
  assert.equal(port('2000:raw::::0:::/dev/x').connector.text, '/dev/x');
  assert.deepEqual(classics(conf('2000:raw:0:/dev/x::9600')), ['Unknown config item: :9600 on line 1']);
});

test('the same network port twice: the first stays, also when it is off', () => {
  const reading = conf('3001:off:0:/dev/a', 'tcp,3001:raw:0:/dev/b', '3001:raw:0:/dev/c');
  assert.deepEqual(
    reading.config.connections.map((c) => c.connector.text),
    ['/dev/a', '/dev/b'],
  );
  assert.deepEqual(classics(reading), ['Duplicate connection name: 3001 on line 3']);
  assert.equal(reading.diags[0]!.hint, 'the first is on line 1');
});

test('a line that is left out does not take its name', () => {
  assert.equal(port('3001:raw:0:/dev/a:nonsense', '3001:raw:0:/dev/b').connector.text, '/dev/b');
});

test('where 4.3.11 did not have the first, it says nothing of the second', () => {
  const reading = conf('3001:raw:0:/dev/a:timestamp', '3001:raw:0:/dev/b');
  assert.deepEqual(classics(reading), ['Unknown config item: timestamp on line 1']);
  assert.equal(reading.config.connections.length, 1);
});

test('an alias stands for its device, and the word is kept for \\o', () => {
  const c = port('DEVICE:modem:/dev/ttyS9,115200n81,local', '2000:raw:0:modem:EVEN');
  assert.equal(c.connector.text, '/dev/ttyS9,115200n81,local,EVEN');
  assert.equal(c.device, 'modem');
  assert.deepEqual([lineOf(c).speed, lineOf(c).parity, lineOf(c).local], [115200, 'E', true]);
  assert.equal(port('DEVICE:a:/dev/x:y', '2000:raw:0:a').connector.text, '/dev/x:y');
});

test('an alias hidden by a newer text of the same name is not put in', () => {
  const c = port('DEVICE:/dev/a:/dev/b', 'BANNER:/dev/a:hello', '2000:raw:0:/dev/a');
  assert.equal(c.connector.text, '/dev/a');
  assert.equal(c.device, undefined);
});

test('any kind of gensio may be the device', () => {
  assert.equal(port('2000:raw:0:tcp,localhost,5000').connector.spec?.type, 'tcp');
  assert.equal(port('2000:raw:0:echo').connector.spec?.type, 'echo');
  assert.equal(port('2000:raw:0:serialdev,/dev/ttyS0:9600').connector.spec?.type, 'serialdev');
});

test('a device that cannot be read keeps the connection', () => {
  const reading = conf('2000:raw:0:/dev/ttyS0:9600X81');
  assert.equal(reading.config.connections[0]!.connector.spec, undefined);
  assert.equal(reading.config.connections[0]!.connector.error, 'inval');
  assert.deepEqual(classics(reading), ['device configuration /dev/ttyS0,9600X81 invalid: Invalid data to parameter on line 1']);
});

test('the word that spoils a device or a network port is where the problem is', () => {
  const place = (line: string): string => {
    const { pos, text } = conf(line).diags[0]!;
    return `${pos.col}+${pos.len} ${text}`;
  };
  assert.equal(
    place('2000:raw:0:/dev/a:9600 1STOPBITS LOCAL'),
    "24+9 the device cannot be used: '1STOPBITS' is not a setting of the serial line, did you mean '1STOPBIT'?",
  );
  assert.match(place('2000:raw:0:/dev/a,lcoal:9600'), /^19\+5 .*'lcoal'/);
  assert.match(place('tcp(nodelya),2000:raw:0:echo'), /^5\+7 .*'nodelya'/);
  // The word stands there twice, or is not the user's: the whole of it.
  assert.match(place('2000:raw:0:/dev/a,1X:1X'), /^12\+9 /);
  assert.match(place('2000:raw:0:/dev/1X:1X'), /^20\+2 /);
});

test('a network port that cannot be read keeps the connection', () => {
  const reading = conf('abc:raw:0:/dev/ttyS0');
  assert.equal(reading.config.connections[0]!.accepter.error, 'unknownname');
  assert.deepEqual(classics(reading), ["Invalid accepter port name/number 'abc': Unknown name server lookup failure on line 1"]);
  // 4.3.11 looks at the device first, and then at nothing else.
  assert.equal(classics(conf('abc:raw:0:/dev/ttyS0:1X')).length, 1);
});

test('forms of the network port', () => {
  const type = (text: string): string | undefined => port(`${text}:raw:0:/dev/a`).accepter.spec?.type;
  for (const text of [
    '3001',
    '127.0.0.1,3001',
    '::1,3001',
    '*,3001',
    'ipv4,3001',
    'ipv6,::1,3001',
    'ipv6n4,3001',
    'tcp,3001',
    ' 3001',
    'tcp, localhost, 3001',
  ])
    assert.equal(type(text), 'tcp', text);
  assert.equal(type('udp,3001'), 'udp');
  assert.equal(type('ipv4,udp,3001'), 'udp');
  assert.equal(type('0'), 'stdio');
  assert.equal(type('telnet(rfc2217),tcp,3001'), 'telnet');
  assert.equal(type('unix,/tmp/s'), 'unix');
});

test('IPMI devices of 3.x become ipmisol, which cannot run here', () => {
  const reading = conf('2000:raw:0:sol.lan -U x 10.0.0.1:9600 -authenticated ack-timeout=5');
  assert.equal(reading.config.connections[0]!.connector.text, 'ipmisol,lan -U x 10.0.0.1,9600');
  assert.equal(reading.config.connections[0]!.connector.error, 'notsup');
  assert.ok(reading.diags.some((d) => d.hint === "write 'ipmisol,lan -U x 10.0.0.1'"));
});

test('what is most often wrong with a line is hinted at', () => {
  const hint = (line: string): string => conf(line).diags[0]!.hint ?? '';
  assert.match(hint('  # text'), /first column/);
  assert.match(hint('   '), /must not contain spaces/);
  assert.match(hint('banner:b:text'), /BANNER: in capitals/);
  assert.match(hint(' BANNER:b:text'), /first column/);
  assert.match(hint('BANNER :b:text'), /followed by the colon/);
  assert.match(hint('BANER:b:text'), /did you mean 'BANNER:'/);
  assert.match(hint('connection: &con1'), /looks like YAML/);
  assert.match(hint('  accepter: tcp,2000'), /looks like YAML/);
  assert.match(hint('%YAML 1.1'), /looks like YAML/);
  assert.match(hint('3001:Raw:0:/dev/a'), /':raw:'/);
  assert.match(hint('3001:telent:0:/dev/a'), /did you mean the state 'telnet'/);
  assert.match(hint('3001::raw:0:/dev/a'), /two colons/);
  assert.match(hint('3001 /dev/a'), /a port line is/);
  assert.match(hint('2000:raw::/dev/x'), /may not be empty/);
  assert.match(conf('  # a:raw:0:/dev/x').diags[0]!.hint ?? '', /first column/);
});

test('lines given with -C come before the file and have the number 0', () => {
  const { config, diags } = readConf('2001:raw:0:/dev/a:b\n', 'f', {
    lines: ['BANNER:b:hello', '2000:raw:0:/dev/a:oops', '2002:raw:0:/dev/a\\'],
  });
  assert.deepEqual(
    config.connections.map((c) => [c.name, c.options.banner]),
    [['2001', 'hello']],
  );
  assert.deepEqual(
    diags.map((d) => [d.pos.file, d.pos.line, d.classic]),
    [
      ['<cmdline>', 0, 'Unknown config item: oops on line 0'],
      ['<cmdline>', 0, undefined],
    ],
  );
  assert.equal(readConf(undefined, '', { lines: ['2000:raw:0:/dev/a'] }).config.connections.length, 1);
});

test('any text gives a configuration, and its problems have places in the text', () => {
  const word = fc.constantFrom(
    ':',
    ':raw:',
    ':telnet:0:',
    '0',
    '/dev/a',
    'BANNER:',
    'LED:a:sysfs:',
    'DEFAULT:',
    'ROTATOR:',
    'CLOSEON:a:',
    '\\',
    '\n',
    '\r\n',
    '#',
    "'",
    '"',
    ' ',
    '9600',
    'rs485=a',
    'RS485CONF:a:',
    '1:2:1:0',
    'remaddr=',
    'x',
    '\0',
    '\udcff',
    'é',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const text = words.join('');
      const lines = text.split('\n');
      for (const { pos } of readConf(text, 'f').diags) {
        assert.ok(pos.line >= 1 && pos.line <= lines.length, text);
        assert.ok(pos.col >= 1 && pos.len >= 1 && pos.col <= lines[pos.line - 1]!.length + 1, JSON.stringify([text, pos]));
      }
    }),
    { numRuns: 3000 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => readConf(text, 'f').complete));
});

test('problems beyond a thousand are counted, not listed', () => {
  const { diags } = readConf('bad\n'.repeat(1500), 'f');
  assert.deepEqual([diags.length, diags.at(-1)?.code, diags.at(-1)?.pos.line], [1001, 'limit', 1001]);
});

test('reading is linear in the number of lines, words and mistakes', { timeout: 20_000 }, () => {
  const many = Array.from({ length: 5000 }, (_, i) => `BANNER:text${i}:x\n${i}:raw:0:/dev/a:9600 txt${i} tixt${i}\n`).join('');
  assert.equal(readConf(many, 'f').diags.length, 1001);
  assert.equal(readConf(`1:raw:0:/dev/a:${'oops '.repeat(20_000)}`, 'f').diags.length, 1001);
  assert.equal(readConf(`1:raw:0:${'9'.repeat(2_000_000)}`, 'f').config.connections.length, 1);
  assert.equal(readConf(`1${':ra'.repeat(1_000_000)}`, 'f').config.connections.length, 0);
  assert.equal(readConf(`CLOSEON:a:${'\\n'.repeat(1_000_000)}`, 'f').diags.length, 0);
});

test('a device with colons gets a name, a protocol is no state, and OpenWrt has another format: each is said once', () => {
  const one = (text: string): string => {
    const { diags } = conf(text);
    assert.equal(diags.length, 1, text);
    return diags[0]!.hint ?? '';
  };
  const named =
    "a device with colons needs a name: a line 'DEVICE:dev1:/dev/serial/by-path/pci-0000:00:14.0' before this one, and dev1 here";
  assert.equal(one('2000:raw:0:"/dev/serial/by-path/pci-0000:00:14.0":9600'), named);
  assert.equal(one('2000:raw:0:/dev/serial/by-path/pci-0000:00:14.0:9600'), named);
  assert.equal(one('11880:UDP:0:/dev/ttyS0:9600'), "there is no state 'UDP': write 'udp,11880:raw:...'");
  const uci = [
    '',
    'config ser2net global',
    "\toption enabled '1'",
    'config proxy',
    '\toption port 5001',
    "\toption device '/dev/ttyS1'",
    '',
  ];
  assert.match(one(uci.join('\n')), /^convert it: ser2net convert --from uci \S+$/);
  assert.equal(conf(uci.join('\n')).diags[0]!.classic, 'No state given on line 2');
});
