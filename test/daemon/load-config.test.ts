import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeReader } from '../../src/daemon/load-config.ts';
import { noFlags, type RunOptions } from '../../src/daemon/run-options.ts';

/** Reads a file of this text with these options. */
async function read(t: TestContext, text: string, options: Partial<RunOptions>) {
  const dir = mkdtempSync(join(tmpdir(), 'reader-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'a.yaml');
  writeFileSync(file, text);
  const outcome = await makeReader({ ...noFlags('ser2net'), file, ...options }, { stdinDone: () => undefined }).read('start');
  assert.equal(outcome.kind, 'read');
  const { config, diags } = outcome.reading;
  return { admin: config.admin, said: diags.map(({ classic }) => classic?.replace(`${dir}/`, '')) };
}

const NONE = '%YAML 1.1\n---\n';
const ADMIN = `${NONE}admin:\n  accepter: tcp,localhost,2001\n`;
const OWN = `${ADMIN}  options:\n    authdir-admin: /own\n`;

test('-p is in force, and an admin port of the file is one too many', async (t) => {
  assert.equal((await read(t, NONE, { admin: '2000' })).admin?.accepter.text, '2000');
  const both = await read(t, ADMIN, { admin: '2000' });
  assert.equal(both.admin?.accepter.text, '2000');
  assert.deepEqual(both.said, ['a.yaml:4(column 0): Admin port already configured']);
});

test('a -p that means nothing leaves room for the admin port of the file', async (t) => {
  const { admin, said } = await read(t, ADMIN, { admin: 'tcp(nonsense),1' });
  assert.equal(admin?.accepter.text, 'tcp,localhost,2001');
  assert.deepEqual(said, ['Unable to allocate controller accepter: Invalid data to parameter']);
  assert.equal((await read(t, NONE, { admin: 'tcp(nonsense),1' })).admin?.accepter.error, 'inval');
});

test('-A names the users of an admin port whose section names none', async (t) => {
  assert.equal((await read(t, ADMIN, {})).admin?.authdir, '/etc/ser2net/auth');
  assert.equal((await read(t, ADMIN, { authdirAdmin: '/a' })).admin?.authdir, '/a');
  assert.equal((await read(t, OWN, { authdirAdmin: '/a' })).admin?.authdir, '/own');
  assert.equal((await read(t, NONE, { authdirAdmin: '/a', admin: '2000' })).admin?.authdir, '/a');
  assert.equal((await read(t, NONE, { authdirAdmin: '/a' })).admin, undefined);
});

test('-C as a directory is where the users of the admin port are, unless -A says otherwise', async (t) => {
  assert.equal((await read(t, ADMIN, { directory: '/conf' })).admin?.authdir, '/conf/auth');
  assert.equal((await read(t, ADMIN, { directory: '/conf', authdirAdmin: '/a' })).admin?.authdir, '/a');
});

test('-a names the users of connections that name none, -s the signature of those that give none', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'reader-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'a.yaml');
  const connection = (name: string, ...options: string[]): string =>
    `connection: &${name}\n  accepter: tcp,1\n  connector: echo\n  options:\n    kickolduser: true\n${options.map((o) => `    ${o}\n`).join('')}`;
  writeFileSync(
    file,
    `${connection('a')}${connection('b', 'authdir: /own', 'signature: own')}default:\n  name: signature\n${connection('c')}`,
  );
  const outcome = await makeReader({ ...noFlags('ser2net'), file, authdir: '/all', signature: 'sig' }, { stdinDone: () => undefined }).read(
    'start',
  );
  assert.equal(outcome.kind, 'read');
  const got = outcome.reading.config.connections.map(({ options }) => [options.authdir, options.signature]);
  assert.deepEqual(got, [
    ['/all', 'sig'],
    ['/own', 'own'],
    ['/all', 'sig'],
  ]);
});

test('strings with a classic file are a mistake that is noticed when the file is open', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'reader-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'a.conf');
  writeFileSync(file, '2000:raw:0:/dev/ttyS0\n');
  const reader = makeReader({ ...noFlags('ser2net'), file, strings: { kind: 'yaml', texts: ['x: y'] } }, { stdinDone: () => undefined });
  const outcome = await reader.read('start');
  assert.deepEqual(
    [outcome.kind, outcome.kind !== 'read' && outcome.text],
    ['mixed', 'You cannot mix yaml config lines and an old style config file.'],
  );
  assert.match(outcome.note ?? '', /old config file format/);
});

/** A reader of FILE, and what writes into FILE.d. */
function withFolder(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'sections-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'a.yaml');
  writeFileSync(file, 'connection: &con\n  accepter: tcp,localhost,2001\n  connector: echo\n');
  const reader = makeReader({ ...noFlags('ser2net'), file });
  const put = (name: string, text: string, mode = 0o644): void => {
    mkdirSync(`${file}.d`, { recursive: true, mode: 0o755 });
    writeFileSync(join(`${file}.d`, name), text);
    chmodSync(join(`${file}.d`, name), mode);
  };
  const read = async (when: 'start' | 'reload') => {
    const outcome = await reader.read(when);
    assert.equal(outcome.kind, 'read');
    const { config, diags } = outcome.reading;
    return {
      writers: config.sections?.ports.get('con')?.values.writers,
      takeover: config.sections?.ports.get('con')?.values.takeover,
      diags,
    };
  };
  return { file, reader, put, read };
}

test('without sections the reading is there at once: nothing is loaded for them', (t) => {
  const { reader, put } = withFolder(t);
  assert.ok(!(reader.read('start') instanceof Promise));
  put('README', 'not a configuration');
  put('.hidden.yaml', 'port: &con\n  writers: one\n');
  assert.ok(!(reader.read('start') instanceof Promise));
});

test('files in FILE.d are read with FILE, and again at each reload; what has a fault then stays as it was', async (t) => {
  const { file, put, read } = withFolder(t);
  put('1.yaml', 'port: &con\n  writers: one\n');
  put('2.yaml', 'port: &con\n  takeover: now\n');
  assert.deepEqual(await read('start'), { writers: 'one', takeover: 'now', diags: [] });
  put('1.yaml', 'port: &con\n  writers: some\n');
  put('2.yaml', 'port: &con\n  takeover: never\n');
  const { diags, ...faulty } = await read('reload');
  assert.deepEqual(faulty, { writers: 'one', takeover: 'never' });
  assert.deepEqual(
    diags.map(({ pos }) => `${pos.file}:${pos.line}`),
    [`${file}.d/1.yaml:2`],
  );
  put('1.yaml', 'port: &con\n  writers: all\n');
  assert.deepEqual(await read('reload'), { writers: 'all', takeover: 'never', diags: [] });
  rmSync(`${file}.d`, { recursive: true });
  assert.deepEqual(await read('reload'), { writers: undefined, takeover: undefined, diags: [] });
});

test('a reload that is not put in force does not put its sections in force either', async (t) => {
  const { file, put, read } = withFolder(t);
  put('1.yaml', 'port: &con\n  writers: one\n');
  await read('start');
  const sane = readFileSync(file, 'utf8');
  writeFileSync(file, `${sane}bogus: x\n`);
  put('1.yaml', 'port: &con\n  writers: all\n');
  await read('reload');
  writeFileSync(file, sane);
  put('1.yaml', 'port: &con\n  writers: bogus\n');
  assert.equal((await read('reload')).writers, 'one');
});

test('a file in FILE.d that others may write is ignored', async (t) => {
  const { put, read } = withFolder(t);
  put('1.yaml', 'port: &con\n  writers: one\n', 0o664);
  const { writers, diags } = await read('start');
  assert.equal(writers, undefined);
  assert.match(diags[0]!.text, /is ignored: its group or others may write it$/);
});
