import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { parseStack, printStack } from '../../../src/gensio/syntax/gensio-str.ts';
import { layersOf } from '../../../src/gensio/syntax/stack.ts';
import { LAYERS } from '../../../src/options/stack.ts';
import { anyText as anyUnits } from '../../config/any-text.ts';
import { cpuMs } from '../../config/cpu-time.ts';

type Role = 'accepter' | 'connector';
const parse = (text: string, role: Role, defaults = new Defaults()) => parseStack(text, role, defaults);
/** The stack as it is printed, or its error. */
const shown = (text: string, role: Role, defaults?: Defaults): string => {
  const stack = parse(text, role, defaults);
  return stack.spec === undefined ? stack.error! : printStack(stack.spec);
};
const detail = (text: string, role: Role): string => parse(text, role).detail ?? '';

test('the forms of both generations are read', () => {
  const cases: readonly (readonly [string, Role, string])[] = [
    ['tcp,2000', 'accepter', 'tcp,2000'],
    ['2000', 'accepter', 'tcp,2000'],
    ['localhost,2000', 'accepter', 'tcp,localhost,2000'],
    ['ipv4,2000', 'accepter', 'tcp,ipv4,2000'],
    ['ipv6,udp,2000', 'accepter', 'udp,ipv6,2000'],
    ['ipv4,tcp(nodelay),2000', 'accepter', 'tcp(nodelay),ipv4,2000'],
    ['tcp(readbuf=100),127.0.0.1,2000', 'accepter', 'tcp(readbuf=100),127.0.0.1,2000'],
    ['tcp,localhost,telnet', 'accepter', 'tcp,localhost,23'],
    ['telnet,2000', 'accepter', 'telnet,tcp,2000'],
    ['telnet(rfc2217=true),tcp,2000', 'accepter', 'telnet(rfc2217),tcp,2000'],
    ['telnet(rfc2217,mode=server),2000', 'accepter', 'telnet(rfc2217,mode=server),tcp,2000'],
    ['  telnet, tcp, 2000', 'accepter', 'telnet,tcp,2000'],
    ['0', 'accepter', 'stdio'],
    ['000', 'accepter', 'stdio'],
    ['echo', 'accepter', 'tcp,7'],
    ['unix,/run/x,y', 'accepter', 'unix,/run/x,y'],
    ['conacc,tcp,localhost,1', 'accepter', 'conacc,tcp,localhost,1'],
    ['conacc,/dev/x', 'accepter', 'conacc,serialdev,/dev/x,9600N81'],
    ['/dev/ttyS0,9600n81,local', 'connector', 'serialdev,/dev/ttyS0,9600N81,local'],
    ['serialdev, /dev/ttyS0, 9600n81,local', 'connector', 'serialdev,/dev/ttyS0,9600N81,local'],
    ['serialdev(nouucplock=true),/dev/ttyS0', 'connector', 'serialdev(nouucplock),/dev/ttyS0,9600N81'],
    [
      'keepopen(retry-time=2000,discard-badwrites),serialdev,/dev/x',
      'connector',
      'keepopen(retry-time=2s,discard-badwrites),serialdev,/dev/x,9600N81',
    ],
    ['echo(noecho,data="a b")', 'connector', 'echo(noecho,"data=a b")'],
    ['stdio,sh -c "x y"', 'connector', 'stdio,sh -c "x y"'],
    ['xlt(in=10:13 in=1:2,crlf),echo', 'connector', 'xlt(in=10:13,in=1:2,crlf),echo'],
    ['sdev,/dev/x,300', 'connector', 'sdev,/dev/x,300N81'],
    ['unixdgram(laddr=/tmp/a,nocon),/tmp/b,c', 'connector', 'unixdgram(laddr=/tmp/a,nocon),/tmp/b,c'],
  ];
  for (const [text, role, want] of cases) assert.equal(shown(text, role), want, text);
});

test('option words are separated by whitespace and commas alike, keys in any case, the last one counting', () => {
  assert.equal(shown('tcp(  readbuf=100 NODELAY\t,nodelay=off ),2000', 'accepter'), 'tcp(readbuf=100,nodelay=false),2000');
});

test('errors are those of gensio 2.6.2', () => {
  const cases: readonly (readonly [string, Role, string])[] = [
    ['tcp', 'accepter', 'notfound'],
    ['tcp,', 'accepter', 'notfound'],
    ['telnet', 'accepter', 'notfound'],
    ['', 'accepter', 'notfound'],
    ['tcp,localhost', 'accepter', 'unknownname'],
    ['foo,localhost,2000', 'accepter', 'unknownname'],
    ['foo,bar', 'connector', 'unknownname'],
    ['tcp , localhost , 2000', 'accepter', 'unknownname'],
    ['tcp(nodelay)2000', 'accepter', 'inval'],
    ['tcp(nodelay,2000', 'accepter', 'inval'],
    ['tcp(nodelay=YES),2000', 'accepter', 'inval'],
    ['tcp(nodelay=),2000', 'accepter', 'inval'],
    ['tcp(bogus),2000', 'accepter', 'inval'],
    ["tcp(''),2000", 'accepter', 'inval'],
    ['telnet(rfc2217=TRUE),tcp,2000', 'accepter', 'inval'],
    ['telnet(bogus),tcp', 'accepter', 'notfound'],
    ['telnet(bog"us),tcp', 'accepter', 'inval'],
    ['dummy', 'connector', 'unknownname'],
    ['pty', 'accepter', 'unknownname'],
    ['tcp,localhost,0', 'connector', 'inval'],
    ['tcp,localhost,0,127.0.0.1,2000', 'accepter', 'inconsistent'],
    ['serialdev,/dev/x,9600q81', 'connector', 'inval'],
    ['dev,/dev/lp0,9600', 'connector', 'inval'],
    ['ratelimit,echo', 'connector', 'inval'],
    ['script,echo', 'connector', 'inval'],
    ['tcp(laddr=127.0.0.1),x,1', 'connector', 'inval'],
    ['sctp,2000', 'accepter', 'notsup'],
    ['ipmisol,lan', 'connector', 'notsup'],
    [`unix,/${'x'.repeat(120)}`, 'accepter', 'toobig'],
    [`unixdgram,/${'x'.repeat(120)}`, 'accepter', 'toobig'],
    [`unixdgram(laddr=/${'x'.repeat(120)}),/x`, 'connector', 'inval'],
    ['unixdgram(laddr=),/x', 'connector', 'inval'],
    ['unixdgram(permusers=root),/x', 'accepter', 'inval'],
    ['telnet,'.repeat(40), 'accepter', 'toobig'],
  ];
  for (const [text, role, want] of cases) assert.equal(shown(text, role), want, text);
});

test('a string that means nothing is explained', () => {
  assert.match(detail('tpc,localhost,2000', 'accepter'), /unknown layer 'tpc', did you mean 'tcp'/);
  assert.match(detail('telent,2000,x', 'accepter'), /did you mean 'telnet'/);
  assert.match(detail('tcp , localhost , 2000', 'accepter'), /space after 'tcp'/);
  assert.match(detail('serialdev,/dev/x,9600', 'accepter'), /'serialdev' cannot be an accepter/);
  assert.match(detail('ttyS0,9600n81', 'connector'), /'ttyS0' is not a full path/);
  assert.match(detail('tcp(nodlay),2000', 'accepter'), /did you mean 'nodelay'/);
  assert.match(detail('tcp,127.0.0.1', 'accepter'), /a port is missing after '127.0.0.1'/);
  assert.match(detail('tcp,[::1],2000', 'accepter'), /without brackets/);
  assert.match(detail('ipmisol,lan', 'connector'), /IPMI/);
  assert.equal(parse('tcp', 'accepter').error, 'notfound');
});

test('defaults fill in what the string leaves open', () => {
  const d = new Defaults();
  d.set('rfc2217', 'telnet', 'true');
  d.set('reuseaddr', undefined, 'false');
  d.set('speed', undefined, '300e71');
  assert.equal(shown('telnet,tcp,1', 'accepter', d), 'telnet(rfc2217),tcp(reuseaddr=false),1');
  assert.equal(shown('telnet(rfc2217=off),tcp,1', 'accepter', d), 'telnet,tcp(reuseaddr=false),1');
  assert.equal(shown('/dev/x', 'connector', d), 'serialdev,/dev/x,300E71');
});

test('names of ports come from the services of the defaults', () => {
  const d = new Defaults((name) => (name === 'rack1' ? 4001 : undefined));
  assert.equal(shown('tcp,rack1', 'accepter', d), 'tcp,4001');
  assert.equal(shown('tcp,telnet', 'accepter', d), 'unknownname');
});

test('the layers of a stack are listed from the top', () => {
  const { spec } = parse('telnet,ssl,tcp,1', 'accepter');
  assert.deepEqual(
    layersOf(spec!).map((l) => l.type),
    ['telnet', 'ssl', 'tcp'],
  );
});

const names = Object.keys(LAYERS);
const piece = fc.oneof(
  fc.constantFrom(
    ...names,
    ',',
    '(',
    ')',
    '=',
    ' ',
    '"',
    "'",
    '\\',
    '/dev/ttyS0',
    '2000',
    'localhost',
    '127.0.0.1',
    '::1',
    'ipv4',
    'rfc2217',
    'nodelay',
    'readbuf=5',
  ),
  fc.string({ maxLength: 3 }),
);
const anyText = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));

test('any text is a stack or an error with a detail', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, anyUnits), fc.constantFrom<Role>('accepter', 'connector'), (text, role) => {
      const stack = parse(text, role);
      assert.equal(stack.text, text);
      assert.ok(stack.spec !== undefined || (stack.error !== undefined && stack.detail !== undefined));
    }),
    { numRuns: 2000 },
  );
});

test('what is printed reads back to the same stack', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom<Role>('accepter', 'connector'), (text, role) => {
      const { spec } = parse(text, role);
      if (spec !== undefined) assert.deepEqual(parse(printStack(spec), role).spec, spec);
    }),
    { numRuns: 2000 },
  );
});

test('a megabyte of nonsense is read in linear time', () => {
  for (const text of ['telnet,', '(', 'a,', 'tcp(nodelay ', '\\', '"', ' ', '1,'].map((part) => part.repeat(2 ** 20 / part.length))) {
    const work = () => void [parse(text, 'accepter'), parse(text, 'connector'), parse(`serialdev,/dev/x,${text}`, 'connector')];
    assert.ok(cpuMs(work) < 3000, text.slice(0, 8));
  }
});
