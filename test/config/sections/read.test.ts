// This program's own sections: where they may stand, what they say, and that a fault in one costs nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connections, read } from './reading.ts';

const TWO = connections('a', 'b');
const door = (accepter: string, more = ''): string => `  doors:\n    - accepter: ${accepter}\n${more}`;
const ports = (...args: Parameters<typeof read>) => Object.fromEntries(read(...args).sections?.ports ?? []);

test('a section says more about the connection of its name, in FILE or beside it', () => {
  const section = `port: &a\n  writers: one\n${door('tcp,localhost,3001', '      rights: [read, write]\n')}`;
  for (const { sections, problems } of [
    read(TWO + section),
    read(TWO, { '10-a.yaml': section }),
    read(TWO, { 'a.yaml': `%YAML 1.1\n---\n${section}` }),
  ]) {
    assert.deepEqual(problems, []);
    assert.deepEqual([...sections!.ports.keys()], ['a']);
    const { values } = sections!.ports.get('a')!;
    assert.equal(values.writers, 'one');
    assert.equal(values.takeover, 'ask');
    assert.equal(values.doors[0]!.accepter!.text, 'tcp,localhost,3001');
    assert.deepEqual(values.doors[0]!.rights, { names: undefined, others: ['read', 'write'] });
    assert.equal(values.doors[0]!.maxConnections, 16);
    assert.equal(values.doors[0]!.behind, 262144);
  }
});

test('without sections there is nothing', () => {
  assert.equal(read(TWO).sections, undefined);
  assert.equal(read(TWO, { 'empty.yaml': '# nothing\n' }).sections, undefined);
});

test('sections for one connection add up; what is given twice switches the second section off', () => {
  const first = 'port: &a\n  writers: one\n';
  const read1 = read(TWO, { '1.yaml': first, '2.yaml': 'port: &a\n  takeover: now\n' });
  assert.deepEqual(read1.problems, []);
  assert.equal(read1.sections!.ports.get('a')!.values.takeover, 'now');
  assert.equal(read1.sections!.ports.get('a')!.values.writers, 'one');
  const twice = read(TWO, { '1.yaml': first, '2.yaml': 'port: &a\n  writers: all\n  takeover: now\n' });
  assert.deepEqual(twice.problems, [
    "f.yaml.d/2.yaml:2:12: error: 'writers' is given in another section for the same connection; this one is off [duplicate-key] | see f.yaml.d/1.yaml, line 1",
  ]);
  assert.equal(twice.sections!.ports.get('a')!.values.writers, 'one');
  assert.equal(twice.sections!.ports.get('a')!.values.takeover, 'ask');
});

test('port-defaults holds for every connection, and the section of one goes before it', () => {
  const got = ports(`${TWO}port-defaults:\n  writers: one\n  takeover: never\nport: &b\n  takeover: now\n`);
  assert.deepEqual([got.a!.values.writers, got.a!.values.takeover], ['one', 'never']);
  assert.deepEqual([got.b!.values.writers, got.b!.values.takeover], ['one', 'now']);
  const { problems } = read(`${TWO}port-defaults:\n${door('tcp,3000')}`);
  assert.deepEqual(problems, ["f.yaml:8:3: error: 'doors' is not a key here [unknown-key]"]);
});

test('a line of a classic file is named by its port text, also where that is no anchor', () => {
  const classic = '2000:raw:0:/dev/ttyS0:9600\nlocalhost,2001:raw:0:/dev/ttyS1:9600\n';
  const got = ports(
    classic,
    { 'x.yaml': "port: &2000\n  writers: one\nport:\n  name: 'localhost,2001'\n  writers: one\n" },
    { file: 's.conf' },
  );
  assert.deepEqual(Object.keys(got), ['2000', 'localhost,2001']);
});

test('a section that names no connection is an error with the nearest name', () => {
  const { problems, sections } = read(connections('console1'), { 'x.yaml': 'port: &consle1\n  writers: one\n' });
  assert.deepEqual(problems, ["f.yaml.d/x.yaml:1:7: error: there is no connection 'consle1' [not-found] | did you mean 'console1'?"]);
  assert.equal(sections, undefined);
});

test('FILE.d holds sections of this program only', () => {
  const others = ['connection', 'connections', 'define', 'default', 'include', 'rotator', 'admin', 'attachment'];
  for (const key of others) {
    const { problems, sections } = read(TWO, { 'x.yaml': `${key}: &z\n  accepter: tcp,1\nport: &a\n  writers: one\n` });
    assert.deepEqual(problems, [
      `f.yaml.d/x.yaml:1:1: error: '${key}' cannot stand here [unknown-section] | put it in the file beside this folder; here are only port, port-defaults`,
    ]);
    assert.equal(sections!.ports.get('a')!.values.writers, 'one');
  }
  assert.deepEqual(read(TWO, { 'x.yaml': 'prot: &a\n  writers: one\n' }).problems, [
    "f.yaml.d/x.yaml:1:1: error: 'prot' is not a section [unknown-section] | did you mean 'port'?",
  ]);
  assert.deepEqual(read(TWO, { 'x.yaml': '- port\n' }).problems, [
    'f.yaml.d/x.yaml:1:1: error: there are only sections here, each with its name and a colon [bad-value]',
  ]);
});

test('a file that FILE includes is read once, as a part of FILE', () => {
  const text = `${TWO}include: f.yaml.d/x.yaml\n`;
  const file = `${connections('c').replace('2001', '2003')}port: &c\n  writers: one\n`;
  const { problems, sections, reading } = read(text, { 'x.yaml': file });
  assert.deepEqual(problems, []);
  assert.deepEqual([...sections!.ports.keys()], ['c']);
  assert.equal(reading.config.connections.length, 3);
});

test('a fault in a section stops and changes nothing of FILE, whatever it is', () => {
  const sane = read(TWO).reading.config;
  const faults = [
    'port: &a\n  wirters: one\n',
    'port: &a\n  writers: [one]\n',
    'port: &a\n  writers: two\n',
    'port: &a\n',
    'port: 2000\n',
    'port:\n  writers: one\n',
    'port: &a\n  doors:\n    accepter: tcp,1\n',
    'port: &a\n  doors:\n    - rights: [read]\n',
    'port: &a\n  doors:\n    - accepter: tcp(,1\n',
    'port: &a\n  rights: {operator: [read]}\n',
    'port: &a\n  rights: *nobody\n',
    'port-defaults: &x\n  writers: one\n',
    "port: &a\n  writers: 'one\n",
    'port: &a\n\twriters: one\n',
    'port: &a\n  writers: one\n   takeover: now\n',
    'port: &a\n  rights: [read\n',
    'port: &a\n  - x\n  writers: one\n',
    `port: &a\n  rights: ${'['.repeat(100)}${']'.repeat(100)}\n`,
  ];
  for (const fault of faults) {
    for (const got of [read(`${connections('a')}${fault}${connections('b').replace('2001', '2002')}`), read(TWO, { 'x.yaml': fault })]) {
      assert.notDeepEqual(got.problems, [], fault);
      assert.equal(got.sections, undefined, fault);
      assert.equal(got.reading.complete, true, fault);
      const plain = ({ connections: all }: typeof sane) => all.map(({ pos: _, ...rest }) => rest);
      assert.deepEqual(plain(got.reading.config), plain(sane), fault);
    }
  }
});

test('a problem has the place, the hint and the nearest name that those of FILE have', () => {
  assert.deepEqual(read(`${TWO}port: &a\n  wirters: one\n  takeover: nver\n`).problems, [
    "f.yaml:8:3: error: 'wirters' is not a key here [unknown-key] | did you mean 'writers'?",
    "f.yaml:9:13: error: 'nver' of 'takeover' is not one of ask, now, never [bad-value]",
  ]);
  assert.deepEqual(read(`${TWO}port: &a\n  rights: [read, wirte]\n`).problems, [
    "f.yaml:8:18: error: 'wirte' is not one of read, write, control [bad-value] | did you mean 'write'?",
  ]);
  assert.deepEqual(read(`${TWO}prot: &a\n  writers: one\n`).problems, [
    "f.yaml:7:1: error: 'prot' is not a section [unknown-section] | did you mean 'port'?",
  ]);
});

test('rights by name need a stack that proves names', () => {
  const named = '      rights: {operator: [read]}\n';
  const problems = (accepter: string): number => read(`${TWO}port: &a\n${door(accepter, named)}`).problems.length;
  for (const none of ['tcp,3000', 'telnet,tcp,3000', 'ssl,tcp,3000', 'unix,/tmp/x']) assert.equal(problems(none), 1, none);
  for (const some of ['ssl(clientauth),tcp,3000', 'certauth,ssl,tcp,3000', 'telnet(rfc2217),ssl(clientauth),tcp,localhost,3000']) {
    assert.equal(problems(some), 0, some);
  }
  assert.deepEqual(read(`${TWO}port-defaults:\n  rights: {operator: [read]}\n`).problems, [
    "f.yaml:8:11: error: rights by name, but nobody proves a name to 'tcp,localhost,2001' of the connection 'a' [bad-value] | names are proved by certauth, or by a certificate: ssl(...,CA=...,clientauth)",
  ]);
});

test('a restricted door beside a main accepter that restricts nobody is told, unless that is on loopback', () => {
  const open = (accepter: string, more = ''): readonly string[] =>
    read(`connection: &a\n  accepter: ${accepter}\n  connector: serialdev,/dev/x\nport: &a\n${more}${door('tcp,localhost,3001')}`).problems;
  assert.deepEqual(open('tcp,2001'), [
    "f.yaml:6:17: warning: this door restricts its clients, but 'tcp,2001' of the same connection lets everyone do everything [questionable] | add 'rights:' to the port, or let the connection listen on localhost",
  ]);
  assert.equal(open('telnet,tcp,192.168.1.1,2001').length, 1);
  for (const local of ['tcp,localhost,2001', 'tcp,127.0.0.1,2001', 'unix,/tmp/x']) assert.deepEqual(open(local), [], local);
  assert.deepEqual(open('tcp,2001', '  rights: [read]\n'), []);
});

test('a door that wants an address which something else has is told', () => {
  assert.deepEqual(read(`${TWO}port: &a\n${door('tcp,localhost,2002')}`).problems, [
    "f.yaml:9:17: warning: 'tcp,localhost,2002' uses the same address as the connection 'b' [duplicate-listener] | see f.yaml, line 5",
  ]);
});

test('names that FILE defines can be used in a section', () => {
  const text = `define: &where localhost,3001\ndefine: &how one\n${TWO}`;
  const section = `port: &a\n  writers: *how\n${door("'tcp,*(where)'")}`;
  for (const { sections, problems } of [read(text + section), read(text, { 'x.yaml': section })]) {
    assert.deepEqual(problems, []);
    assert.equal(sections!.ports.get('a')!.values.doors[0]!.accepter!.text, 'tcp,localhost,3001');
    assert.equal(sections!.ports.get('a')!.values.writers, 'one');
  }
});

test('at a reload what was in force stays where there is a fault now, and goes where it was taken out', () => {
  const good = 'port: &a\n  writers: one\n';
  const first = read(TWO, { 'x.yaml': good, 'y.yaml': 'port: &b\n  writers: one\n' });
  const faulty = ['port: &a\n  writers: two\n', "port: &a\n  writers: 'one\n", 'port: &a\n  wirters: all\n'];
  for (const text of faulty) {
    const { sections } = read(TWO, { 'x.yaml': text, 'y.yaml': 'port: &b\n  takeover: now\n' }, { before: first.parts });
    assert.equal(sections!.ports.get('a')!.values.writers, 'one', text);
    assert.equal(sections!.ports.get('b')!.values.writers, 'all', text);
  }
  const writable = read(TWO, { 'x.yaml': 'port: &a\n  writers: all\n' }, { before: first.parts, writable: ['f.yaml.d/x.yaml'] });
  assert.equal(writable.sections!.ports.get('a')!.values.writers, 'one');
  assert.equal(read(TWO, {}, { before: first.parts }).sections, undefined);
  const inFile = read(TWO + good);
  const broken = read(`${TWO}port: &a\n  writers: 'one\n`, {}, { before: inFile.parts });
  assert.equal(broken.sections!.ports.get('a')!.values.writers, 'one');
});

test('a folder or file that others may write is ignored, with a message', () => {
  const folder = { 'x.yaml': 'port: &a\n  writers: one\n', 'y.yaml': 'port: &b\n  writers: one\n' };
  const all = read(TWO, folder, { writable: ['f.yaml.d'] });
  assert.equal(all.sections, undefined);
  assert.deepEqual(all.problems, [
    "f.yaml.d:1:1: error: the folder 'f.yaml.d' is ignored: its group or others may write it [include] | chmod go-w f.yaml.d",
  ]);
  const one = read(TWO, folder, { writable: ['f.yaml.d/x.yaml'] });
  assert.deepEqual([...one.sections!.ports.keys()], ['b']);
  assert.equal(one.problems.length, 1);
});
