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
    [stacks('tcp,1', 'serialdev,\n    /dev/ttyS0\n    9600n81'), "a comma is missing behind '/dev/ttyS0'"],
    ['connection: &a\n\taccepter: tcp,1\n', 'use blanks'],
    ['connection: &a\n  accepter:tcp,1\n', "write 'accepter: ' with a blank behind the colon"],
    ['connection: & a\n  accepter: tcp,1\n', "write it without a blank: '&name'"],
    [`${withLines()}rotator: &r\n  accepter: tcp,1\n  connections: '[c, d]'\n`, "write '[c, d]', without quotes around it all"],
    [`${withLines()}rotator: &r\n  accepter: tcp,1\n  connections: c d\n`, "write '[c, d]', without quotes around it all"],
    [stacks('tcp,1', 'serialdev,/dev/ttyS0 ,9600n81'), 'blanks around a comma belong to what is beside it: leave them out'],
    [stacks('tcp:localhost:2000'), "the parts are separated by commas: 'tcp,localhost,2000'"],
    [stacks('telnet(rfc2217,tcp,2000'), "close the options before the next layer: 'telnet(rfc2217),...'"],
    [stacks('ssl(key=a),telnet(rfc2217,tcp,2000'), "close the options before the next layer: 'ssl(key=a),telnet(rfc2217),...'"],
    [stacks('telnet,rfc2217,tcp,2000'), "options of a layer stand in its parentheses: 'telnet(rfc2217),...'"],
    [stacks('tcp,1', 'serialdev,/dev/ttyS0,9600,n,8,1'), "write the speed as one word: '9600n81'"],
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
