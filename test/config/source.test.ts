import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskFiles, formatOf, joinStrings, MAX_FILE, readSource, type SourceArgs } from '../../src/config/source.ts';
import { memoryFiles } from './memory-files.ts';

const args = (more: Partial<SourceArgs>): SourceArgs => ({ file: undefined, lines: [], strings: [], ...more });
const source = (more: Partial<SourceArgs>, files: Readonly<Record<string, string>> = {}) => {
  const got = readSource(args(more), memoryFiles(files));
  assert.ok('format' in got, JSON.stringify(got));
  return got;
};
const failure = (more: Partial<SourceArgs>, files: Readonly<Record<string, string>> = {}) => {
  const got = readSource(args(more), memoryFiles(files));
  assert.ok('failed' in got);
  return got;
};

test('a name ending in .yaml or a first line with %YAML is YAML, all else classic', () => {
  assert.equal(source({ file: 'a.yaml' }, { 'a.yaml': '2000:raw:0:x' }).format, 'yaml');
  assert.equal(source({ file: 'a.conf' }, { 'a.conf': '%YAML 1.1\n---\n' }).format, 'yaml');
  const classic = source({ file: 'a.conf' }, { 'a.conf': '2000:raw:0:/dev/x:9600\n' });
  assert.deepEqual([classic.format, classic.oldFormat, classic.diags], ['conf', true, []]);
});

test('a file of another name that is plainly YAML is read as YAML, with a warning', () => {
  for (const text of [
    'connection: &a\n  accepter: x\n',
    '# c\n\n---\ndefine: &x y\n',
    'connections:\n  a:\n',
    '# c\n%YAML 1.1\n',
    'define: &x y',
  ]) {
    const got = source({ file: 'ser2net.yml' }, { 'ser2net.yml': text });
    assert.deepEqual([got.format, got.diags.length], ['yaml', 1], text);
    assert.equal(got.diags[0]!.severity, 'warning');
  }
  for (const text of ['', '# c\n', 'BANNER:a:b\n', 'DEFAULT:speed:9600\n', 'led:x\n', 'localhost,2000:raw:0:x:9600']) {
    assert.equal(formatOf('x', Buffer.from(text)).format, 'conf', text);
  }
});

test('standard input is always YAML', () => {
  const got = source({ file: '-', stdin: () => Buffer.from('2000:raw') });
  assert.deepEqual([got.format, got.file, got.bytes.toString()], ['yaml', '<stdin>', '2000:raw']);
});

test('without -c the YAML file is looked for, then the classic one', () => {
  assert.equal(source({}, { '/etc/ser2net/ser2net.yaml': 'x', '/etc/ser2net.conf': 'y' }).file, '/etc/ser2net/ser2net.yaml');
  assert.equal(source({}, { '/etc/ser2net.conf': 'y' }).file, '/etc/ser2net.conf');
  assert.deepEqual(failure({}), {
    failed: "Unable to open config file '/etc/ser2net/ser2net.yaml' or old one '/etc/ser2net.conf': No such file or directory",
    reason: 'No such file or directory',
    stderr: false,
  });
  assert.equal(failure({ file: '/x.yaml' }).failed, "Unable to open config file '/x.yaml': No such file or directory");
});

test('-C and -Y without -c need no file, and what does not go together is refused', () => {
  assert.deepEqual([source({ lines: ['a'] }).format, source({ lines: ['a'] }).lines], ['conf', ['a']]);
  assert.deepEqual([source({ strings: ['a: b'] }).file, source({ strings: ['a: b'] }).bytes.toString()], ['<cmdline>', 'a: b\n']);
  assert.equal(failure({ lines: ['a'], strings: ['b'] }).failed, 'You cannot mix yaml and old config lines.');
  assert.equal(
    failure({ lines: ['a'], file: 'x.yaml' }, { 'x.yaml': '' }).failed,
    'You cannot mix old style config lines and a yaml config file.',
  );
  assert.equal(failure({ strings: ['a'], file: 'x' }, { x: '' }).failed, 'You cannot mix yaml config lines and an old style config file.');
});

test('-C lines go with a classic file, and -Y strings come after a YAML file', () => {
  assert.deepEqual(source({ lines: ['a'], file: 'x' }, { x: 'b' }).lines, ['a']);
  const got = source({ strings: ['a'], file: 'x.yaml' }, { 'x.yaml': 'b' });
  assert.deepEqual([got.bytes.toString(), got.diags], ['b\na\n', []]);
});

test('outside quotes # is a line end, and quotes are tracked across strings', () => {
  assert.equal(joinStrings(['a: b#  c: "#d \\"# e"', "f: '#", "#'", '']), 'a: b\n  c: "#d \\"# e"\nf: \'#\n#\'\n');
  assert.equal(joinStrings(["it's #1"]), "it's #1\n");
  assert.equal(joinStrings(["a: 'x\\'#b: c"]), "a: 'x\\'\nb: c\n");
});

test('the disk is read with its limits, and problems have the words of the system', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'config-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const files = diskFiles({ HOME: dir, X: 'y' });
  writeFileSync(join(dir, 'a'), 'text');
  writeFileSync(join(dir, 'big'), Buffer.alloc(MAX_FILE + 1));
  assert.equal(String(files.read(join(dir, 'a'))), 'text');
  assert.deepEqual(files.read(join(dir, 'none')), { reason: 'No such file or directory' });
  assert.deepEqual(files.read(dir), { reason: 'Is a directory' });
  assert.deepEqual(files.read(join(dir, 'a', 'b')), { reason: 'Not a directory' });
  assert.match((files.read(join(dir, 'big')) as { reason: string }).reason, /larger/);
  assert.deepEqual([...files.list(dir)!].sort(), ['a', 'big']);
  assert.equal(files.list(join(dir, 'a')), undefined);
  assert.deepEqual([files.exists(join(dir, 'a')), files.exists(join(dir, 'none'))], [true, false]);
  assert.deepEqual([files.home(''), files.home('no such user'), files.variable('X')], [dir, undefined, 'y']);
  const got = readSource(args({ file: dir }), files);
  assert.ok('format' in got && got.format === 'conf' && got.bytes.length === 0 && got.diags.length === 1);
});
