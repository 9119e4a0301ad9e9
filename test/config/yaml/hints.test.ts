// What people get wrong most, and what they are told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../../../src/config/check.ts';
import { read, withLines, withOptions } from './reading.ts';

/** The hints of reading and checking. */
function hints(text: string): string[] {
  const { config, diags, origins } = read(text);
  return [...diags, ...checkConfig(config, origins)].flatMap((diag) => (diag.hint === undefined ? [] : [diag.hint]));
}
const said = (text: string): string[] =>
  read(text).diags.map(({ pos, severity, text: words }) => `${pos.line}:${pos.col} ${severity} ${words}`);
const stacks = (accepter: string, connector = 'echo'): string => `connection: &a\n  accepter: ${accepter}\n  connector: ${connector}\n`;

test('usual slips have a hint that says what to write', () => {
  for (const [text, hint] of [
    [stacks('tcp,1', 'serialdev,\n    /dev/ttyS0\n    9600n81'), "a comma is missing after '/dev/ttyS0'"],
    ['connection: &a\n\taccepter: tcp,1\n', 'use spaces'],
    ['connection: &a\n  accepter:tcp,1\n', "write 'accepter: ' with a space after the colon"],
    ['connection: & a\n  accepter: tcp,1\n', "write it without a space: '&name'"],
    [`${withLines()}rotator: &r\n  accepter: tcp,1\n  connections: '[c, d]'\n`, "write '[c, d]', without quotes around it all"],
    [`${withLines()}rotator: &r\n  accepter: tcp,1\n  connections: c d\n`, "write '[c, d]', without quotes around it all"],
    [stacks('tcp,1', 'serialdev,/dev/ttyS0 ,9600n81'), 'spaces beside a comma are part of the text: leave them out'],
    [stacks('tcp:localhost:2000'), "the parts are separated by commas: 'tcp,localhost,2000'"],
    [stacks('telnet(rfc2217,tcp,2000'), "close the options before the next layer: 'telnet(rfc2217),...'"],
    [stacks('ssl(key=a),telnet(rfc2217,tcp,2000'), "close the options before the next layer: 'ssl(key=a),telnet(rfc2217),...'"],
    [stacks('telnet,rfc2217,tcp,2000'), "options of a layer stand in its parentheses: 'telnet(rfc2217),...'"],
    [stacks('tcp,1', 'serialdev,/dev/ttyS0,9600,n,8,1'), "write the speed as one word: '9600n81'"],
    [` %YAML 1.1\n---\n${stacks('tcp,1')}`, 'take away what is before it'],
    [`YAML 1.1\n---\n${stacks('tcp,1')}`, 'write %YAML 1.1, with a percent sign, as the first line'],
    [stacks('tcp,1', '[serialdev, /dev/a, 9600n81]'), "write it as one text, without brackets: 'serialdev,/dev/a,9600n81'"],
    [stacks('tcp,1', '\n    - serialdev'), "write it as one text, without '- '"],
    [stacks('tcp,1', '{a: b}'), 'put the value in single quotes'],
    [`define: &port 2000\n${stacks('tcp,*port')}`, "within a text a name is written '*(port)'"],
    [stacks('tcp,1', 'ttyUSB0,9600'), "write 'serialdev,/dev/ttyUSB0,9600'"],
    [stacks('pty,echo'), "'pty' is for connectors; in an accepter write 'conacc,pty,...'"],
    [stacks('tcp,localhost:30151'), "host and port are separated by a comma: 'tcp,localhost,30151'"],
    [stacks('tcp,[::1]:30151'), "host and port are separated by a comma: 'tcp,::1,30151'"],
    [stacks('tcp,1', 'serialdev,/dev/a,9600,8,n,1'), "write the speed as one word: '9600n81'"],
    [stacks('\u201ctcp,1\u201d'), 'leave the typographic quotes out, or write plain ones around the whole value'],
    [stacks('tcp,1', 'serialdev,\u201c/dev/a\u201d'), 'leave the typographic quotes out, or write plain ones around the whole value'],
    [stacks('tcp,1', "serialdev,'/dev/pci-0000:00:14.0'"), 'a device needs no quotes: leave them out'],
    ['connections:\n  - a:\n    accepter: tcp,1\n', "write 'name:' in place of '- ', and the keys of the connection indented under it"],
    ['connection:\n  - accepter: tcp,1\n', "write 'connection: &name' once for each of them, without '- '"],
    [`define: &hello x\n${withOptions('banner: hello')}`, "to use what is defined as '&hello', write '*hello'"],
    [withOptions("banner: 'at \\s'"), "'\\B' is the line parameters"],
    [withOptions("trace-read: '/t-\\s'"), "'\\S' is the seconds"],
    [withOptions('kickolduse: true'), "did you mean 'kickolduser'?"],
    [withOptions('kickolduser: True'), 'write it in small letters'],
    [withLines('  kickolduser: true\n'), "'kickolduser' is an option: put it under 'options:'"],
    [
      `${withLines()}rotator: &r\n  accepter: tcp,1\n  connections: [c]\n  options:\n    kickolduser: true\n`,
      "'kickolduser' is an option of connections: put it there",
    ],
    [`${withOptions('banner: *baner')}define: &baner x\n`, "'&baner' is in line 6; it must come before it is used"],
    [`define: &banner x\n${withOptions('banner: *baner')}`, "did you mean 'banner'?"],
  ] as const) {
    assert.deepEqual(hints(text), [hint], text);
  }
});

test('a colon that is missing is put in', () => {
  assert.deepEqual(
    new Set(hints('connection: &a\n  accepter tcp,2000\n  connector: echo\n')),
    new Set(["a colon is missing: 'accepter: tcp,2000'"]),
  );
});

test('what looks like a mistake and is none has no hint', () => {
  for (const text of [
    stacks('conacc,serialdev,/dev/a,115200'),
    `define: &hello x\n${withOptions('banner: *hello')}`,
    withOptions('signature: c'),
    withOptions("banner: 'a \\\\s'"),
    stacks('tcp,*,2000'),
  ])
    assert.deepEqual(hints(text), [], text);
});

test('the words of a stack say what is wrong and what to write', () => {
  const words = (text: string): string =>
    read(text)
      .diags.map((diag) => diag.text)
      .join();
  assert.match(words(stacks('tcp,1', 'serialdev,/dev/a,9600,8N1')), /write speed and frame as one word, '9600n81'/);
  assert.match(words(stacks('tcp,1', 'ttyUSB0,9600n81')), /'ttyUSB0' is not a full path: write 'serialdev,\/dev\/ttyUSB0'/);
  assert.match(words(stacks('frobnicate,tcp,1')), /unknown layer 'frobnicate'/);
  assert.match(words(stacks('serialdev,/dev/a')), /'serialdev' cannot be an accepter: write 'conacc,serialdev,...'/);
});

test('an address or device that two connections want is pointed out with the place of the first', () => {
  const two = stacks('tcp,1', 'serialdev,/dev/a') + stacks('tcp,1', 'serialdev,/dev/a').replace('&a', '&b');
  assert.deepEqual(hints(two), ['see f.yaml, line 2', 'see f.yaml, line 1']);
});

test('what is given twice is a warning where the last one counts', () => {
  assert.deepEqual(said(withLines('  timeout: 1\n  enable: on\n  timeout: 2\n')), [
    "6:3 warning 'timeout' is given twice in one connection; the last one counts",
  ]);
  assert.deepEqual(said(withOptions('banner: a', 'Banner: b', 'remaddr: 127.0.0.1,0', 'remaddr: 127.0.0.2,0')), [
    "6:5 warning the option 'Banner' is given twice; the last one counts",
  ]);
  assert.equal(read(withLines('  timeout: 1\n  timeout: 2\n')).config.connections[0]!.timeout, 2);
});

test('a substitution that is not closed leaves its text as it is', () => {
  const { config, diags } = read(withOptions("banner: 'a *(b'"));
  assert.equal(config.connections[0]!.options.banner, 'a *(b');
  assert.deepEqual(
    diags.map(({ code, severity, classic }) => [code, severity, classic]),
    [['bad-escape', 'warning', undefined]],
  );
});

test('separators alone are an empty list, as in 4.3.11', () => {
  assert.deepEqual(read(withOptions("allowed-users: ' '", "remaddr: ';'")).config.connections[0]!.options.allowedUsers, []);
  assert.deepEqual(
    read(`rotator: &r\n  accepter: tcp,1\n  connections: [c]\n  options:\n    allowed-users: ' '\n`).config.rotators.length,
    1,
  );
});
