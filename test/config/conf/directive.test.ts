import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConf } from '../../../src/config/conf/model.ts';
import { classics, conf, lineOf, places, port, withOptions } from './conf-text.ts';

test('a directive is a word in capitals in the first column with its colon right after it', () => {
  for (const line of ['banner:b:x', ' BANNER:b:x', 'BANNER :b:x', 'BANNERS:b:x']) {
    assert.deepEqual(classics(conf(line)), ['No state given on line 1'], line);
  }
});

test('the text of a directive runs to the end of the line, colons included, and may be missing', () => {
  assert.equal(withOptions('b', 'BANNER:b:a:b::c').options.banner, 'a:b::c');
  assert.equal(withOptions('b', 'BANNER:b::a').options.banner, ':a');
  assert.equal(withOptions('x', 'BANNER::x').options.banner, '');
  assert.equal(withOptions('b', 'BANNER:b').options.banner, '');
  assert.equal(withOptions('b', 'CLOSEON:b').options.closeon, undefined);
});

test('a text may go on over several lines', () => {
  assert.equal(withOptions('b', 'BANNER:b:one \\', 'two\\', '  three').options.banner, 'one two  three');
});

test('what a directive lacks is reported', () => {
  const said = (line: string): string[] => classics(conf('', line));
  assert.deepEqual(said('BANNER:'), ['No banner name given on line 2']);
  assert.deepEqual(said('SIGNATURE:'), ['No signature given on line 2']);
  assert.deepEqual(said('OPENSTR:'), ['No open string name given on line 2']);
  assert.deepEqual(said('CLOSESTR:'), ['No close string name given on line 2']);
  assert.deepEqual(said('CLOSEON:'), ['No close on string name given on line 2']);
  assert.deepEqual(said('DEVICE:'), ['No device name given on line 2']);
  assert.deepEqual(said('TRACEFILE:'), ['No tracefile name given on line 2']);
  assert.deepEqual(said('TRACEFILE:t'), ['No tracefile given on line 2']);
  assert.deepEqual(said('TRACEFILE:t:'), ['No tracefile given on line 2']);
  assert.deepEqual(said('RS485CONF:'), ['No signature given on line 2']);
  assert.deepEqual(said('RS485CONF:r'), ['No RS485 configuration given on line 2']);
  assert.deepEqual(said('ROTATOR::'), ['No rotator name given on line 2']);
  assert.deepEqual(said('DEFAULT:'), ['No default name given on line 2']);
  assert.deepEqual(said('DELDEFAULT:'), ['No default name given on line 2']);
  assert.deepEqual(said('DELDEFAULT:speed'), ['Can only delete class default on line 2']);
  assert.deepEqual(said('LED:'), ['No LED name given on line 2']);
  assert.deepEqual(said('LED:l'), ['No LED driver given on line 2']);
});

test('escapes of CLOSEON are checked when the line is read; a text with a wrong one is not defined', () => {
  const said = (text: string): string[] => classics(conf(`CLOSEON:c:${text}`));
  for (const fine of ['\\r', '\\r\\n\\r\\n', '\\n\\n>', '\\004', '\\004\\x03\\n', '\\400', '\\\\', '\\t\\v\\a', 'plain'])
    assert.deepEqual(said(fine), [], fine);
  assert.deepEqual(said('\\q'), ['Unknown escape sequence (starting at ) on line 1']);
  assert.deepEqual(said('x\\z\\12'), ['Unknown escape sequence (starting at x\\z\\12) on line 1']);
  assert.deepEqual(said('x\\128'), ['Invalid octal sequence (starting at x\\128) on line 1']);
  for (const cut of ['x\\12', 'x\\x1', '\\n\\1']) {
    assert.deepEqual(said(cut), ['end of string right after a \\ (starting at ) on line 1'], cut);
  }
  assert.deepEqual(said('x\\xg0'), ['Invalid octal sequence (starting at x\\xg0) on line 1']);
  const reading = conf('CLOSEON:c:x\\q', '1:raw:0:/dev/a:c');
  assert.deepEqual(places(reading).slice(0, 1), ['1:12 bad-escape']);
  assert.equal(reading.config.connections.length, 0);
});

test('texts that 4.3.11 refuses because it counts wrong are taken', () => {
  for (const text of ['\\r\\n', 'a\\r\\n', 'OK\\r\\n']) {
    assert.deepEqual(conf(`CLOSEON:c:${text}`).diags, []);
    assert.equal(withOptions('c', `CLOSEON:c:${text}`).options.closeon, text);
  }
});

test('\\s in texts is pointed out: it is a letter now', () => {
  assert.deepEqual(places(conf('BANNER:b:port \\p [\\s]')), ['1:19 questionable']);
  assert.deepEqual(places(conf('TRACEFILE:t:/tmp/\\i:\\s')), ['1:21 questionable']);
  assert.deepEqual(places(conf('BANNER:b:\\\\s', 'SIGNATURE:s:\\s')), []);
});

test('the first control port counts', () => {
  const reading = conf('CONTROLPORT:localhost,2000', 'CONTROLPORT:2001');
  assert.equal(reading.config.admin?.accepter.text, 'localhost,2000');
  assert.deepEqual(places(reading), ['2:13 duplicate-key']);
  assert.deepEqual(classics(reading), []);
  assert.equal(conf('CONTROLPORT:::1,2000').config.admin?.accepter.text, '::1,2000');
});

test('a control port that cannot be read is left out, and the next one counts', () => {
  const reading = conf('CONTROLPORT:abc', 'CONTROLPORT:2001');
  assert.equal(reading.config.admin?.accepter.text, '2001');
  assert.deepEqual(classics(reading), ['Unable to allocate controller accepter: Unknown name server lookup failure']);
});

test('the control port takes the defaults that stand before it', () => {
  const admin = conf('DEFAULT:authdir-admin:/a', 'DEFAULT:pamauth-admin:p', 'CONTROLPORT:2000', 'DEFAULT:authdir-admin:/b').config.admin!;
  assert.deepEqual([admin.authdir, admin.pamauth], ['/a', 'p']);
  assert.equal(conf('CONTROLPORT:2000').config.admin!.authdir, '/etc/ser2net/auth');
});

test('RS485CONF lines that make no sense are left out', () => {
  for (const text of ['x', '1', '1:2:3:0', '1:2:0:7']) {
    const reading = conf(`RS485CONF:r:${text}`, '1:raw:0:/dev/a:rs485=r');
    assert.deepEqual(
      reading.diags.map((d) => [d.severity, d.pos.line]),
      [
        ['error', 1],
        ['warning', 2],
      ],
      text,
    );
    assert.equal(reading.config.connections.length, 1);
  }
  assert.deepEqual(places(conf('RS485CONF:r:1:2:1:0')), ['1:13 old-spelling']);
});

test('a default holds for the lines after it, for all or for one class', () => {
  const { connections } = conf(
    '1:raw:0:/dev/a',
    'DEFAULT:kickolduser:true',
    'DEFAULT:max-connections:3:ser2net',
    'DEFAULT:local:1:serialdev',
    'DEFAULT:banner:hello',
    '2:raw:0:/dev/a',
    'DEFAULT:max-connections:4',
    'DEFAULT:kickolduser',
    'DELDEFAULT:local:serialdev',
    '3:raw:0:/dev/a',
  ).config;
  const facts = connections.map((c) => [c.options.kickolduser, c.options.maxConnections, lineOf(c).local, c.options.banner]);
  assert.deepEqual(facts, [
    [false, 1, false, undefined],
    [true, 3, true, 'hello'],
    [false, 3, false, 'hello'],
  ]);
});

test('what is wrong with a default', () => {
  const said = (line: string): string[] => classics(conf(line));
  assert.deepEqual(said('DEFAULT:nonsense:1'), ['error setting default value on line 1 for nonsense: Interrupted system call']);
  assert.deepEqual(said('DEFAULT:kickolduser:yes'), ['error setting default value on line 1 for kickolduser: No such process']);
  assert.deepEqual(said('DEFAULT:max-connections:0'), [
    'error setting default value on line 1 for max-connections: No such device or address',
  ]);
  assert.deepEqual(said('DELDEFAULT:kickolduser:tcp'), ['error deleting default value on line 1 for kickolduser: Interrupted system call']);
  assert.deepEqual(said('DELDEFAULT:kickolduser:ser2net'), ['Can only delete class default on line 1']);
  assert.match(conf('DEFAULT:kickoldusr:true').diags[0]!.hint ?? '', /kickolduser/);
  assert.match(conf('DEFAULT:kickolduser:yes').diags[0]!.hint ?? '', /true or false/);
});

test('spaces around the value, which 3.x left out, and after the class do no harm', () => {
  const reading = conf('DEFAULT:kickolduser: true ', 'DEFAULT:max-connections:3:ser2net ', '1:raw:0:/dev/a');
  assert.deepEqual([reading.config.connections[0]!.options.kickolduser, reading.config.connections[0]!.options.maxConnections], [true, 3]);
  assert.deepEqual(classics(reading), ['error setting default value on line 1 for kickolduser: No such process']);
});

test('a default speed without its suffix keeps parity, size and stop bits', () => {
  const line = (...before: readonly string[]) => {
    const { speed, parity, databits, stopbits } = lineOf(port(...before, '1:raw:0:/dev/a'));
    return `${speed}${parity}${databits}${stopbits}`;
  };
  assert.equal(line('DEFAULT:speed:115200'), '115200N81');
  assert.equal(line('DEFAULT:speed:19200e71:serialdev'), '19200E71');
  assert.equal(line('DEFAULT:speed:19200e71', 'DEFAULT:speed:300'), '300E71');
  assert.equal(line('DEFAULT:speed:300', 'DEFAULT:speed'), '9600N81');
});

test('the four defaults of 3.x for the line are folded into one', () => {
  const lines = ['DEFAULT:databits:7', 'DEFAULT:parity:even', 'DEFAULT:speed:19200', 'DEFAULT:stopbits:2'];
  const reading = conf(...lines, '1:raw:0:/dev/a:8DATABITS');
  const { speed, parity, databits, stopbits } = lineOf(reading.config.connections[0]!);
  assert.deepEqual([speed, parity, databits, stopbits], [19200, 'E', 8, 2]);
  assert.deepEqual(classics(reading), [
    'error setting default value on line 1 for databits: Interrupted system call',
    'error setting default value on line 2 for parity: Interrupted system call',
    'error setting default value on line 4 for stopbits: Interrupted system call',
  ]);
  for (const bad of ['DEFAULT:databits:9', 'DEFAULT:parity:odds', 'DEFAULT:stopbits']) assert.equal(conf(bad).diags[0]!.severity, 'error');
});

test('other defaults of 3.x have their names of today', () => {
  const reading = conf(...['DEFAULT:remctl:true', 'DEFAULT:telnet_brk_on_sync:1', 'DEFAULT:dev-to-tcp-bufsize:100'], '1:telnet:0:/dev/a');
  const [c] = reading.config.connections;
  assert.ok(c!.accepter.spec?.type === 'telnet' && c!.accepter.spec.opts.rfc2217);
  assert.deepEqual([c!.options.telnetBrkOnSync, c!.options.devToNetBufsize], [true, 100]);
  assert.equal(classics(reading).length, 3);
});

test('a default speed that means nothing is 9600N81, and is said of each device', () => {
  const reading = conf('DEFAULT:speed:115200', 'DEFAULT:speed:fast', '1:raw:0:/dev/a', '2:raw:0:echo');
  assert.equal(lineOf(reading.config.connections[0]!).speed, 9600);
  assert.deepEqual(classics(reading), ['Default speed settings (fast) are invalid, defaulting to 9600N81']);
});

test('a rotator names connections, also later ones', () => {
  const reading = conf('DEFAULT:authdir:/a', 'ROTATOR:2000:a,1 2001  "b c"', '2001:raw:0:/dev/a', 'a,1:raw:0:/dev/a');
  const [rotator] = reading.config.rotators;
  assert.deepEqual(
    [rotator!.name, rotator!.accepter.text, rotator!.connections, rotator!.options.authdir],
    ['2000', '2000', ['a,1', '2001', 'b c'], '/a'],
  );
  assert.deepEqual(reading.diags, []);
});

test('a rotator that cannot be read is left out', () => {
  assert.deepEqual(classics(conf('ROTATOR:a,b:2001')), ['accepter was invalid on line 1 on line 1']);
  assert.deepEqual(classics(conf("ROTATOR:2000:'2001")), ['Unable to allocate rotator argv on line 1']);
});

test('LEDs', () => {
  const led = (text: string) => {
    const [only] = conf(`LED:l:sysfs:${text}`).config.leds;
    return only === undefined ? undefined : [only.device, only.duration, only.state];
  };
  assert.deepEqual(led('device=x'), ['x', 10, 1]);
  assert.deepEqual(led('device=a:b:c duration=5 state=0'), ['a:b:c', 5, 0]);
  assert.deepEqual(led('dev=x DEVICE=y dur=0'), ['y', 10, 1]);
  assert.deepEqual(led('d=7'), ['7', 7, 1]);
  assert.deepEqual(led('device=x unknown=1'), ['x', 10, 1]);
  assert.deepEqual(led('device=x duration=-3 state=7'), ['x', 10, 1]);
  for (const bad of ['duration=3', 'x', '=x', "'x", '']) assert.equal(led(bad), undefined, bad);
});

test('what is wrong with a LED', () => {
  const said = (...lines: readonly string[]): string[] => classics(conf(...lines));
  assert.deepEqual(said('LED:l:gpio:device=x'), ["Unknown LED driver 'gpio' for LED 'l' on 1"]);
  assert.deepEqual(said('LED:l:sysfs:x'), ["Missing '=' in option x on line 1"]);
  assert.deepEqual(said('LED:l:sysfs:=x'), ["Missing key in option '=x' on line 1"]);
  assert.deepEqual(said('LED:l:sysfs:duration=1'), ["LED 'l': parameter 'device' required, but missing on line 1."]);
  assert.deepEqual(said("LED:l:sysfs:'x"), ['Error parsing LED config: Invalid data to parameter']);
  assert.deepEqual(said('LED:l:sysfs:device=a', 'LED:l:sysfs:device=b'), ['LED l already exists on line 2']);
  assert.deepEqual(said('LED:l:sysfs:device=a duration=-1 state=2'), [
    "LED 'l': invalid duration, using default on line 1.",
    "LED 'l': invalid state, using default on line 1.",
  ]);
});

test('the first form of LED lines is taken, and ports that use one are kept', () => {
  assert.equal(conf('LED:rx:/sys/class/leds/lamp/trigger 15').config.leds[0]!.device, 'lamp');
  const reading = conf('LED:rx:beaglebone:green:usr2 15', '1:raw:0:/dev/a:led-rx=rx', '2:raw:0:/dev/a:led-tx=rx');
  assert.deepEqual([reading.config.leds[0]!.device, reading.config.leds[0]!.duration], ['beaglebone:green:usr2', 15]);
  assert.deepEqual(
    reading.config.connections.map((c) => [c.options.ledRx, c.options.ledTx]),
    [
      ['rx', undefined],
      [undefined, 'rx'],
    ],
  );
  assert.deepEqual(classics(reading), [
    "Unknown LED driver 'beaglebone' for LED 'rx' on 1",
    'Could not find led-rx LED: rx on line 2',
    'Could not find led-tx LED: rx on line 3',
  ]);
});

test('lines that crash 4.3.11 are reported and left out', () => {
  const reading = conf('CONTROLPORT:', 'ROTATOR:2000:', 'ROTATOR:2000', 'LED:l:sysfs', '1:raw:0:/dev/a');
  assert.equal(reading.config.connections.length, 1);
  assert.deepEqual(
    reading.diags.map((d) => [d.severity, d.pos.line, d.classic]),
    [
      ['error', 1, undefined],
      ['error', 2, undefined],
      ['error', 3, undefined],
      ['error', 4, undefined],
    ],
  );
});

test('places are true also after long lines, where 4.3.11 counts on', () => {
  const reading = readConf(`# ${'x'.repeat(600)}\r\nBANNER:b:one \\\r\ntwo \\\r\n\r\n1:raw:0:/dev/a:oops\r\n`, 'f');
  assert.deepEqual(places(reading), ['5:16 unknown-option']);
  assert.deepEqual(classics(reading), ['Unknown config item: oops on line 7']);
});
