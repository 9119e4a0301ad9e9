// The words of 4.3.11 for mistakes in YAML files.
// Long because it is one table, a row for each mistake.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from './reading.ts';

/** A file with a mistake, where it is (line:column from 1), and what ser2net 4.3.11 prints for it, without line ends at its end. */
const CASES: readonly (readonly [text: string, place: string, classics: readonly string[]])[] = [
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nbogus: x\n',
    '4:1',
    ['f.yaml:3(column 0): Invalid token at the main level: bogus'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nconnection: &a\n  accepter: tcp,1\n  bogus: 1\n',
    '6:3',
    ['f.yaml:5(column 2): Invalid token in the connection: bogus'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  trace-both: /tmp/x\n',
    '4:3',
    ['f.yaml:3(column 2): Invalid token in the connection: trace-both'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nconnection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    bogus: 1\n',
    '8:5',
    ['f.yaml:8(column 0): Unknown config item: bogus=1'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    kickolduser: TRUE\n',
    '5:18',
    ['f.yaml:5(column 0): Unknown config item: kickolduser=TRUE'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nconnection: &good\n  accepter: tcp,localhost,23993\n  connector: echo\n',
    '4:13',
    ['f.yaml:6(column 0): Duplicate connection name: good'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  accepter: tcp,1\n',
    '4:3',
    ['f.yaml:3(column 12): connection accepter already set in connection'],
  ],
  ['connection: &c\n  accepter:\n  connector: echo\n', '2:3', ['f.yaml:1(column 11): Empty connection accepter not permitted']],
  ['default:\n  name: speed\n  value: ""\n', '3:3', ['f.yaml:2(column 9): Empty default value not permitted']],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    "": x\n',
    '5:5',
    ['f.yaml:4(column 4): Empty connection option name not permitted'],
  ],
  ['connection: &c\n  accepter: tcp,23992\n', '1:13', ['f.yaml:2(column 0): No connector given in connection']],
  ['connection: &c\n  connector: echo\n', '1:13', ['f.yaml:2(column 0): No accepter given in connection']],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nrotator: &r\n  connections: [good]\n',
    '4:10',
    ['f.yaml:5(column 0): No accepter given in rotator'],
  ],
  ['rotator: &r\n  accepter: tcp,23994\n', '1:10', ['f.yaml:2(column 0): No connections given in rotator']],
  ['admin:\n  options:\n    x: y\n', '1:1', ['f.yaml:3(column 0): No accepter given in admin']],
  ['led: &l\n  options:\n    device: x\n', '1:6', ['f.yaml:3(column 0): No driver given in led']],
  ['default:\n  value: x\n', '1:1', ['f.yaml:2(column 0): No name given in default']],
  ['delete_default:\n  class: x\n', '1:1', ['f.yaml:2(column 0): No name given in delete_default']],
  ['delete_default:\n  name: x\n', '1:1', ['f.yaml:2(column 0): No class given in delete_default']],
  ['connection:\n  accepter: x\n', '1:1', ['f.yaml:1(column 2): Main mapping requires an anchor for the name']],
  [
    'define: foo\nconnection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n',
    '1:9',
    ['f.yaml:0(column 8): No anchor for define, define ignored'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nconnection: &c2\n  accepter: &x tcp,localhost,23992\n  connector: echo\n',
    '5:13',
    ['f.yaml:4(column 12): Anchor on non-scalar ignored'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  timeout: 1x\n',
    '4:12',
    ['f.yaml:3(column 11): Invalid number in connection timeout'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  enable: true\n',
    '4:11',
    ["f.yaml:3(column 10): enable must be 'on' or 'off'"],
  ],
  [
    'connection: &c\n  accepter: foo,localhost,2000\n  connector: echo\n',
    '2:13',
    ["f.yaml:3(column 0): Invalid accepter port name/number 'foo,localhost,2000': Unknown name server lookup failure"],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: foo,bar\n',
    '3:14',
    ['f.yaml:3(column 0): device configuration foo,bar invalid: Unknown name server lookup failure'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ndefine: &a *x\n',
    '4:12',
    ['f.yaml:3(column 11): did not find expected key'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ndefine: &a x*(x) rest\n',
    '4:12',
    ["f.yaml:3(column 8): unknown alias at '*(x) rest'"],
  ],
  ['define: &a "*{/nonexist}"\n', '1:12', ['f.yaml:0(column 8): Error opening /nonexist: No such file or directory']],
  ['default:\n  name: foo\n  value: x\n', '2:9', ['f.yaml:3(column 0): Unable to set default name :foo:x: Value or file not found']],
  [
    'default:\n  name: kickolduser\n  value: yes\n  class: ser2net\n',
    '3:10',
    ['f.yaml:4(column 0): Unable to set default name ser2net:kickolduser:yes: Invalid data to parameter'],
  ],
  [
    'default:\n  name: max-connections\n  value: 0\n',
    '3:10',
    ['f.yaml:3(column 0): Unable to set default name :max-connections:0: Value out of range'],
  ],
  [
    'delete_default:\n  name: kickolduser\n  class: foo\n',
    '3:10',
    ['f.yaml:3(column 0): Unable to set default name foo:kickolduser:(null): Value or file not found'],
  ],
  [
    'delete_default:\n  name: foo\n  class: foo\n',
    '2:9',
    ['f.yaml:3(column 0): Unable to set default name foo:foo:(null): Value or file not found'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    remaddr: 127.0.0.1\n',
    '5:14',
    ["f.yaml:5(column 0): Error adding remote address '127.0.0.1': Unknown name server lookup failure"],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    remaddr: 127.0.0.1,0;x,y,z\n',
    '5:14',
    ["f.yaml:5(column 0): Error adding remote address 'x,y,z': Unknown name server lookup failure"],
  ],
  ['foo\n', '1:1', ['f.yaml:0(column 0): Unexpected scalar value']],
  ['- a\n', '1:1', ['f.yaml:0(column 0): Unexpected sequence start: 1']],
  ['include: {a: b}\n', '1:10', ['f.yaml:0(column 9): Unexpected mapping start: 4']],
  ['connection: &c\n  accepter: {a: b}\n', '2:13', ['f.yaml:1(column 12): Unexpected mapping start: 7']],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    a: {b: c}\n',
    '5:8',
    ['f.yaml:4(column 7): Unexpected mapping start: 10'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    banner: [\\B] x\n',
    '5:13',
    ['f.yaml:4(column 12): Unexpected sequence start: 10'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    banner: [\\B]\n',
    '5:13',
    ['f.yaml:4(column 12): Unexpected sequence start: 10'],
  ],
  ['define: &x [a]\n', '1:9', ['f.yaml:0(column 8): Unexpected sequence start: 3']],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  timeout: {a: b}\n',
    '4:12',
    ['f.yaml:3(column 11): Unexpected mapping start: 11'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  enable: [on]\n',
    '4:11',
    ['f.yaml:3(column 10): Unexpected sequence start: 12'],
  ],
  ['rotator: &r\n  accepter: x\n  connections: {a: b}\n', '3:16', ['f.yaml:2(column 15): Unexpected mapping start: 13']],
  ['rotator: &r\n  accepter: x\n  connections: "a, b"\n', '3:16', ['f.yaml:2(column 15): Unexpected scalar value']],
  ['rotator: &r\n  accepter: x\n  connections: [{a: b}]\n', '3:17', ['f.yaml:2(column 16): Unexpected mapping start: 14']],
  ['rotator: &r\n  accepter: x\n  connections: [[a]]\n', '3:17', ['f.yaml:2(column 16): Unexpected sequence start: 14']],
  ['connection: &c [a]\n', '1:13', ['f.yaml:0(column 12): Unexpected sequence start: 5']],
  ['connection: &c\n', '1:13', ['f.yaml:0(column 12): Unexpected scalar value']],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options: [a]\n',
    '4:12',
    ['f.yaml:3(column 11): Unexpected sequence start: 8'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options: a\n',
    '4:12',
    ['f.yaml:3(column 11): Unexpected scalar value'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n',
    '4:11',
    ['f.yaml:3(column 10): Unexpected scalar value'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  ? {a: b}\n  : c\n',
    '4:5',
    ['f.yaml:3(column 4): Unexpected mapping start: 6'],
  ],
  ['', '1:1', ['f.yaml:0(column 0): yaml file ended in invalid state: 1']],
  ['# x\n', '2:1', ['f.yaml:1(column 0): yaml file ended in invalid state: 1']],
  ['---\n# x\n', '3:1', ['f.yaml:2(column 0): Unexpected scalar value']],
  ['---\n', '2:1', ['f.yaml:1(column 0): Unexpected scalar value']],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nconnection: &c\n\taccepter: x\n',
    '5:1',
    ['f.yaml:4(column 0): found character that cannot start any token'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ndefine: &a b: c: d\n',
    '4:13',
    ['f.yaml:3(column 12): mapping values are not allowed in this context'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nfoo\nbar: x\n',
    '4:1',
    ["f.yaml:3(column 0): could not find expected ':'"],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ndefine: &a "foo\n',
    '4:12',
    ['f.yaml:3(column 11): found unexpected end of stream'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ndefine: &a [x\n',
    '4:9',
    ['f.yaml:3(column 8): Unexpected sequence start: 3'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ndefine: &a "\\d"\n',
    '4:13',
    ['f.yaml:3(column 12): found unknown escape character'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n...\nfoo: x\n',
    '5:1',
    ['f.yaml:4(column 0): did not find expected <document start>'],
  ],
  [
    '%YAML 1.1\nconnection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n',
    '2:1',
    ['f.yaml:1(column 0): did not find expected <document start>'],
  ],
  [
    '%YAML\n---\nconnection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n',
    '1:6',
    ['f.yaml:0(column 5): did not find expected version number'],
  ],
  [
    '%YAML 2.0\n---\nconnection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n',
    '1:1',
    ['f.yaml:0(column 0): found incompatible YAML document'],
  ],
  [
    '%YAML 1.1\n%YAML 1.1\n---\nconnection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n',
    '2:1',
    ['f.yaml:1(column 0): found duplicate %YAML directive'],
  ],
  [
    '%FOO\n---\nconnection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n',
    '1:5',
    ['f.yaml:0(column 4): found unknown directive name'],
  ],
  ['connection: &a.b\n  accepter: x\n', '1:13', ['f.yaml:0(column 12): did not find expected alphabetic or numeric character']],
  ['define: & x\n', '1:9', ['f.yaml:0(column 8): did not find expected alphabetic or numeric character']],
  [
    'define: &x a\x01b\nconnection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\n',
    '1:13',
    ['f.yaml:0(column 12): control characters are not allowed'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nconnection: &c\n  accepter:tcp,localhost,2\n  connector: echo\n',
    '5:3',
    ['f.yaml:3(column 12): Unexpected scalar value'],
  ],
  ['connection: &c\n  accepter: tcp,localhost,23992\n connector: echo\n', '1:13', ['f.yaml:2(column 1): No connector given in connection']],
  ['connection: &c\n  accepter: tcp,localhost,23992\nconnector: echo\n', '1:13', ['f.yaml:2(column 0): No connector given in connection']],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ndefine: &x @foo\n',
    '4:12',
    ['f.yaml:3(column 11): found character that cannot start any token'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nrotator: &r\n  accepter: tcp,localhost,23994\n  connections: [good]\n  options:\n    banner: x\n',
    '8:5',
    ['f.yaml:8(column 0): Invalid option banner=x for rotator on line 8'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nrotator: &r\n  accepter: foo,bar,x\n  connections: [good]\n',
    '5:13',
    ['f.yaml:6(column 0): accepter was invalid on line 6'],
  ],
  [
    'admin:\n  accepter: tcp,localhost,23995\n  options:\n    foo: bar\n',
    '4:5',
    ['f.yaml:4(column 0): Invalid option to admin port: foo=bar'],
  ],
  [
    'admin:\n  accepter: tcp,localhost,23995\nadmin:\n  accepter: tcp,localhost,23996\n',
    '3:1',
    ['f.yaml:4(column 0): Admin port already configured'],
  ],
  [
    'admin:\n  accepter: foo,bar,x\n',
    '2:13',
    ['f.yaml:2(column 0): Unable to allocate controller accepter: Unknown name server lookup failure'],
  ],
  ['led: &l\n  driver: foo\n', '2:11', ["Unknown LED driver 'foo' for LED 'l' on 2"]],
  ['led: &l\n  driver: sysfs\n  options:\n    foo: x\n', '1:6', ["LED 'l': parameter 'device' required, but missing on line 4."]],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    led-rx: foo\n',
    '5:13',
    ['f.yaml:5(column 0): Could not find led-rx LED: foo'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    tr: foo\n',
    '5:9',
    ['Tracefile foo not found, it will be ignored'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    rs485: foo\n',
    '5:12',
    ['RS485 configuration foo not found, it will be ignored'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ninclude: $(ls)\n',
    '4:10',
    ['f.yaml:3(column 9): Command substitution not allowed in include directive'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ninclude: "a|b"\n',
    '4:10',
    ['f.yaml:3(column 9): Bad character in include directive'],
  ],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\ninclude: "\'x"\n',
    '4:10',
    ['f.yaml:3(column 9): Syntax error in include directive'],
  ],
  [
    'connection: &c\n  accepter: telnet(bogus),tcp,23992\n  connector: echo\n',
    '2:20',
    ["f.yaml:3(column 0): Invalid accepter port name/number 'telnet(bogus),tcp,23992': Invalid data to parameter"],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: serialdev,/dev/x,9600q\n',
    '3:31',
    ['f.yaml:3(column 0): device configuration serialdev,/dev/x,9600q invalid: Invalid data to parameter'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost\n  connector: echo\n',
    '2:17',
    ["f.yaml:3(column 0): Invalid accepter port name/number 'tcp,localhost': Unknown name server lookup failure"],
  ],
  [
    'connection: &c\n  accepter: tcp\n  connector: echo\n',
    '2:13',
    ["f.yaml:3(column 0): Invalid accepter port name/number 'tcp': Value or file not found"],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,0,127.0.0.1,2000\n  connector: echo\n',
    '2:13',
    ["f.yaml:3(column 0): Invalid accepter port name/number 'tcp,localhost,0,127.0.0.1,2000': Parameters inconsistent in call"],
  ],
  [
    'connection: &c\n  accepter: tcp\n  connector: foo,bar\n',
    '3:14',
    ['f.yaml:3(column 0): device configuration foo,bar invalid: Unknown name server lookup failure'],
  ],
  ['2000:raw:0:/dev/x:9600\n', '1:1', ['f.yaml:0(column 0): Unexpected scalar value']],
  [
    'connection: &good\n  accepter: tcp,localhost,23991\n  connector: echo\nrotator: &r\n  accepter: tcp,localhost,23994\n  connections: []\n',
    '4:10',
    ['f.yaml:6(column 0): No connections given in rotator'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    banner: a\n  options:\n    bogus:\n',
    '7:5',
    ['f.yaml:7(column 0): Unknown config item: bogus'],
  ],
  [
    'define: &k connection\n*k : &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  bogus: x\n',
    '5:3',
    ['f.yaml:4(column 2): Invalid token in the connection: bogus'],
  ],
  ['default:\n  name: tcpd\n', '2:9', ['f.yaml:2(column 0): Unable to set default name :tcpd:(null): Invalid data to parameter']],
  ['led: &l\n  driver: sysfs\n  options:\n    device: x\n    state:\n', '5:5', ["Missing '=' in option state on line 5"]],
  [
    'connection: &c\n  accepter: tcp,localhost,23992\n  connector: echo\n  options:\n    chardelay-min: -1\n',
    '5:20',
    ['f.yaml:5(column 0): Unknown config item: chardelay-min=-1'],
  ],
  [
    'connection: &c\n  accepter: tcp,localhost,nosuchservice\n  connector: echo\n',
    '2:17',
    ["f.yaml:3(column 0): Invalid accepter port name/number 'tcp,localhost,nosuchservice': Unknown name server lookup failure"],
  ],
  [
    'define: &a 😀é\nconnection: &c\n  accepter: 😀 tcp\n  options:\n    é😀: {a: b}\n',
    '5:9',
    ['f.yaml:4(column 8): Unexpected mapping start: 10'],
  ],
];

test('every mistake is printed as ser2net 4.3.11 does, with its place, and placed where it is', () => {
  for (const [text, place, want] of CASES) {
    const printed = read(text).diags.filter((d) => d.classic !== undefined);
    const got = [...new Set(printed.map((d) => d.classic!.trimEnd()))];
    assert.deepEqual(got, want, text);
    const { line, col } = printed[0]!.pos;
    assert.equal(`${line}:${col}`, place, text);
  }
});

test('messages that 4.3.11 ends with a line of their own do so', () => {
  const ends = ['mainToken: x\n', 'define: x\n', 'define: &a b\ninclude: &b /x\n'].map((text) =>
    read(text).diags.at(-1)?.classic?.endsWith('\n'),
  );
  assert.deepEqual(ends, [true, true, true]);
});

test('places are the same with CR LF and a byte order mark', () => {
  const text = 'define: &x y\nconnection: &c\n  accepter: tcp,1\n  connector: echo\n  options:\n    bogus: 1\n';
  for (const t of [text, text.replaceAll('\n', '\r\n'), `\ufeff${text}`]) {
    assert.equal(read(t).diags[0]?.classic, 'f.yaml:6(column 0): Unknown config item: bogus=1');
  }
});
