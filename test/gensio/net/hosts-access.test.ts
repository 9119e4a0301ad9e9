// The rules of TCP wrappers; where libwrap is installed it is asked, too, in this process.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccessClient } from '../../../src/gensio/context.ts';
import { type AccessDecision, judge, parseHosts } from '../../../src/gensio/net/hosts-access.ts';
import { testFolder } from '../../rig/keys.ts';

const dir = testFolder();
const pc: AccessClient = { daemon: 'ser2net', address: '192.0.2.7', name: 'pc.example.org', server: '198.51.100.1' };
const v6: AccessClient = { ...pc, address: '2001:db8::1', name: 'unknown' };
const patterns = join(dir, 'patterns');
const PATTERNS = '10.0.0.1\n192.0.2.  nobody\n';
writeFileSync(patterns, PATTERNS);
const patternsIn = (file: string): string => (file === patterns ? PATTERNS : '');

const asked = (allow: string, deny: string, visitor = pc): AccessDecision =>
  judge(parseHosts(allow), parseHosts(deny), visitor, patternsIn);
const ours = (allow: string, deny: string, visitor = pc): string => asked(allow, deny, visitor).verdict;
/** Whether a list of clients has the visitor. */
const fits = (clients: string, visitor = pc): boolean => ours('', `ALL: ${clients}\n`, visitor) === 'deny';

/** libwrap's answer; undefined: it is not here. */
function libwrap(): ((allow: string, deny: string, visitor: AccessClient) => string) | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const lib = koffi.load('libwrap.so.0');
    const ctl = lib.func('int hosts_ctl(const char *daemon, const char *name, const char *address, const char *user)');
    const paths = [join(dir, 'hosts.allow'), join(dir, 'hosts.deny')] as const;
    const tables = paths.map((path) => Buffer.from(`${path}\0`));
    koffi.encode(lib.symbol('hosts_allow_table'), 'void *', tables[0]);
    koffi.encode(lib.symbol('hosts_deny_table'), 'void *', tables[1]);
    return (allow, deny, { daemon, name, address }) => {
      writeFileSync(paths[0], allow);
      writeFileSync(paths[1], deny);
      // The tables point into these.
      assert.equal(tables.length, 2);
      return ctl(daemon, name ?? 'unknown', address, '') === 1 ? 'allow' : 'deny';
    };
  } catch {
    return undefined;
  }
}
const reference = libwrap();
const skip = reference === undefined && 'libwrap (or koffi) is not installed';

test('the first rule that fits decides, hosts.allow before hosts.deny, and whom no rule names is let in', () => {
  assert.equal(ours('', ''), 'allow');
  assert.equal(ours('', 'ALL: ALL\n'), 'deny');
  assert.equal(ours('ser2net: 192.0.2.\n', 'ALL: ALL\n'), 'allow');
  assert.equal(ours('ser2net: 192.0.3.\n', 'ALL: ALL\n'), 'deny');
  assert.equal(ours('ser2net-control: ALL\n', 'ALL: ALL\n'), 'deny');
  assert.equal(ours('ser2net-control: ALL\n', 'ALL: ALL\n', { ...pc, daemon: 'ser2net-control' }), 'allow');
  assert.equal(ours('', 'sshd, ser2net telnetd: ALL\n'), 'deny');
  assert.equal(ours('', 'ALL EXCEPT ser2net: ALL\n'), 'allow');
  assert.equal(ours('', 'ser2net@198.51.100.1: ALL\n'), 'deny');
  assert.equal(ours('', 'ser2net@198.51.100.2: ALL\n'), 'allow');
});

test('lines go on after a backslash, comments and empty ones say nothing, and one without a colon is told', () => {
  assert.equal(ours('', '# ALL: ALL\n\n   \nALL:\\\n 192.0.2.1, \\\n 192.0.2.7'), 'deny');
  assert.equal(ours('', '# comment \\\nALL: ALL\n'), 'allow');
  assert.deepEqual(parseHosts('ALL: x\\\n').rules[0]!.clients, [['x\\']]);
  assert.deepEqual(parseHosts('\n#x\nALL \\\n ALL\n').problems, [{ line: 4, text: 'missing ":" separator' }]);
});

const FITS = `ALL|all|KNOWN|192.0.2.|192.0.2.0/24|192.0.2.0/255.255.255.0|192.0.2.7/32|192.0.2.7|.example.org|.ORG|PC.example.org|192*.*7|*.example.org|p?.example.org
192.0.2.*|PC.*|pc.|192.0.2.0/24x|ALL@ALL|unknown@ALL|ALL EXCEPT 192.0.2. EXCEPT 192.0.2.7|ALL EXCEPT|192.0.2.0/255.0.255.0|128.0.0.0/1|0.0.0.0/0.0.0.0
192.0.2.07/32|*|192.0.2.7/24 .org|${patterns}|KNOWN EXCEPT LOCAL`;
const FITS_NOT = `LOCAL|UNKNOWN|PARANOID|192.0.2|192.0.2.7/24|0.0.0.0/0|192.0.2/24|example.org|192.0.2.7/255.255.255.255|[192.0.2.7]|192.0.2.0/33
192.0.2.0/|joe@ALL|KNOWN@ALL|ALL EXCEPT 192.0.2.7|EXCEPT 192.0.2.8|.|..|?|192.0.2./24|@group|@|pc.example.org?|192.0.2*2.7|[2001:db8::1]|[::]/0|/no/such/file
ALL EXCEPT ${patterns}|192.0.2.0/255.255.255`;
const FITS_V6 =
  'ALL|[2001:db8::1]|[2001:DB8:0::1]|[2001:db8::]/32|[2001:db8::5]/32|[2001:db8::1]/128|[::]/0|[2001:db8::2]/126|UNKNOWN|unknown|2001* LOCAL|[2001:db8::]/';
const FITS_V6_NOT =
  '2001:db8::1|[2001:db8::/32]|[2001:db8::]/129|[2001:db8::2]/127|[2001:db8:|[2001:db8::1]x|[]|KNOWN|LOCAL|PARANOID|.org|192.0.2.7|0.0.0.0/1|ALL EXCEPT [2001:db8::]/32';
const list = (text: string): string[] => text.split(/[|\n]/);

test('a list of clients has whom hosts_access(5) says it has', () => {
  for (const clients of list(FITS)) assert.equal(fits(clients), true, clients);
  for (const clients of list(FITS_NOT)) assert.equal(fits(clients), false, clients);
  for (const clients of list(FITS_V6)) assert.equal(fits(clients, v6), true, clients);
  for (const clients of list(FITS_V6_NOT)) assert.equal(fits(clients, v6), false, clients);
  assert.equal(fits('LOCAL', { ...pc, name: 'pc' }), true);
  assert.equal(fits('PARANOID', { ...pc, name: 'paranoid' }), true);
});

test('the same lists mean the same to libwrap', { skip }, () => {
  const there = (clients: string, visitor = pc): boolean => reference!('', `ALL: ${clients}\n`, visitor) === 'deny';
  for (const clients of [...list(FITS), ...list(FITS_NOT)]) assert.equal(there(clients), fits(clients), clients);
  for (const clients of [...list(FITS_V6), ...list(FITS_V6_NOT)]) assert.equal(there(clients, v6), fits(clients, v6), clients);
});

test('the options allow and deny turn a rule round; what cannot be understood or done lets nobody in, and is told', () => {
  assert.equal(ours('ALL: ALL: deny\n', ''), 'deny');
  assert.equal(ours('', 'ALL: ALL: allow\n'), 'allow');
  assert.equal(ours('', 'ALL: ALL: keepalive : severity auth.info : ALLOW\n'), 'allow');
  assert.equal(ours('ALL: ALL: severity auth\\:x\n', 'ALL: ALL\n'), 'allow');
  const told = (options: string): [string, ...string[]] => {
    const { verdict, problems } = asked(`ALL: ALL: ${options}\n`, '');
    return [verdict, ...problems.map(({ file, line, text }) => `${file} ${line} ${text}`)];
  };
  assert.deepEqual(told('(mail root)'), ['deny', "allow 1 bad option name: '(mail'"]);
  assert.deepEqual(told('allow : deny'), ['deny', "allow 1 option 'allow' must be at the end"]);
  assert.deepEqual(told('allow now'), ['deny', "allow 1 option 'allow' does not accept a value"]);
  assert.deepEqual(told('linger x'), ['deny', "allow 1 option 'linger' requires another value than 'x'"]);
  for (const option of ['spawn /bin/true', 'banners /etc', 'user joe', 'group dialout', 'umask 022', 'nice', 'nice +5'])
    assert.deepEqual(told(option), ['allow', `allow 1 option '${option.split(' ')[0]}' is not supported`]);
  for (const option of ['setenv A b', 'severity auth', 'linger 5', 'rfc931', 'rfc931 9', 'keepalive'])
    assert.deepEqual(told(option), ['allow']);
  assert.deepEqual(told('twist /bin/true'), ['deny', "allow 1 option 'twist' is not supported"]);
  assert.deepEqual(told('aclexec /bin/true'), ['deny', "allow 1 option 'aclexec' is not supported"]);
  assert.deepEqual(told('constructor'), ['deny', "allow 1 bad option name: 'constructor'"]);
  assert.deepEqual(
    asked('', 'ALL: 0.0.0.0/0 joe@ALL @g\n').problems.map(({ line, text }) => `${line} ${text}`),
    [
      "1 '0.0.0.0/0' fits nobody, as with libwrap; write ALL",
      "1 user names are not asked for: 'joe@ALL'",
      "1 netgroups are not supported: '@g'",
    ],
  );
});

test('the name of a visitor is asked for only where a rule cannot do without', () => {
  const nameless = { ...pc, name: undefined };
  assert.equal(ours('ALL: 192.0.2.\n', 'ALL: .org\n', nameless), 'allow');
  assert.equal(ours('', 'sshd: .org\nALL: 192.0.2.7 .org\n', nameless), 'deny');
  assert.equal(ours('', 'ALL: .org\n', nameless), 'name');
  assert.equal(ours('ALL: ALL EXCEPT PARANOID\n', '', nameless), 'name');
  assert.equal(ours('', 'ALL: LOCAL: deny\n', nameless), 'name');
});

const word = fc.constantFrom(
  ...['ALL', 'KNOWN', 'LOCAL', 'UNKNOWN', 'PARANOID', '192.0.2.', '192.0.2.7', '192.0.2.0/24', '192.0.2.0/255.255.255.0', '.example.org'],
  ...['*.org', 'pc*', 'EXCEPT', '[2001:db8::]/32', '[2001:db8::1]', '10.0.0.0/8', 'ser2net', 'ser2net@192.0.2.1', 'sshd', 'ALL@ALL', ','],
);
const wild = fc.string({ unit: fc.constantFrom(...'abAB.*?1[]/@, E'), maxLength: 12 }).filter((text) => !/(^|[\s,@])[/@]/.test(text));
const words = fc.array(fc.oneof({ weight: 8, arbitrary: word }, { weight: 1, arbitrary: wild }), { maxLength: 6 }).map((w) => w.join(' '));
const options = fc.constantFrom(
  '',
  '',
  '',
  ': allow',
  ': deny',
  ':keepalive',
  ': keepalive : allow',
  ': linger 5',
  ': nothing',
  ':',
  ': deny : allow',
);
const line = fc
  .tuple(words, words, options, fc.constantFrom('\n', '\n', ' \\\n', '\r\n'))
  .map(([daemons, clients, options, end]) => `${daemons}:${clients}${options}${end}`);
// A backslash before the end of the file confuses libwrap.
const file = fc.array(line, { maxLength: 4 }).map((lines) => `${lines.join('')}\n`);
const visitor = fc.record({
  daemon: fc.constantFrom('ser2net', 'ser2net-control', 'abA'),
  address: fc.constantFrom('192.0.2.7', '2001:db8::1', '10.1.1.1'),
  name: fc.constantFrom('pc.example.org', 'pc', 'unknown', 'paranoid', 'ab.AB'),
  // libwrap is not told our end.
  server: fc.constant('unknown'),
});

test('whatever the files say, libwrap says the same of everybody', { skip }, () => {
  fc.assert(
    fc.property(file, file, visitor, (allow, deny, who) => {
      assert.equal(ours(allow, deny, who), reference!(allow, deny, who));
    }),
    { numRuns: 500 },
  );
});

test('any text is read without a failure, and any rule decides; without a name it never decides otherwise than with any', () => {
  const text = fc.oneof(file, fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'AL:\\\n#[]/@*?.=1 ,E') }));
  fc.assert(
    fc.property(text, text, visitor, (allow, deny, who) => {
      const verdict = ours(allow, deny, who);
      assert.match(verdict, /^(allow|deny)$/);
      const without = ours(allow, deny, { ...who, name: undefined });
      if (without !== 'name') assert.equal(without, verdict);
    }),
  );
});

test('patterns with many stars and lists with many exceptions take no time', () => {
  assert.equal(fits('*a'.repeat(5000), { ...pc, name: 'a'.repeat(4000) }), false);
  assert.equal(fits(`ALL${' EXCEPT ALL'.repeat(100_000)}`), true);
  assert.equal(judge(parseHosts(''), parseHosts('ALL: /x\n'), pc, () => '/x /x /y 192.0.2.9').verdict, 'allow');
});
