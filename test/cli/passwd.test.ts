// `ser2net passwd`: what it writes and with which rights, what it refuses, and that the terminal shows nothing of a password.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { type PasswdOptions, type PasswordSource, passwd } from '../../src/cli/passwd.ts';
import { checkPassword, directoryAuthority } from '../../src/gensio/tls/authority.ts';
import { openPty } from '../rig/pty.ts';
import { MAIN, makeDirectory, run } from './command-rig.ts';

const dir = makeDirectory();
const noPtys = libc() === undefined && 'koffi is not installed: no ptys';

/** What is said when these lines are given. */
async function passwdOf(user: string, options: PasswdOptions, given: readonly (string | undefined)[], typed = false) {
  const out: (string | Buffer)[] = [];
  const err: string[] = [];
  const lines = [...given];
  let closed = 0;
  const source: PasswordSource = { typed, ask: async () => lines.shift(), close: () => void closed++ };
  const io = { out: (text: string | Buffer) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await passwd(user, options, io, source);
  return { code, out: out.join(''), err: err.join(''), closed };
}
const fits = (line: string, password: string): Promise<boolean> =>
  new Promise((resolve) => checkPassword(line, Buffer.from(password), resolve));

test('the user can log in with the password then, and with no other; nobody else can read the file', async () => {
  const authdir = join(dir, 'auth');
  const { code, out, err, closed } = await passwdOf('bob', { authdir }, ['geheim']);
  const path = join(authdir, 'bob', 'password');
  assert.deepEqual({ code, out, err, closed }, { code: 0, out: `${path}\n`, err: '', closed: 1 });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(authdir, 'bob')).mode & 0o007, 0);
  assert.match(readFileSync(path, 'latin1'), /^\$scrypt\$[^\n]+\n$/);
  const authority = directoryAuthority({ authdir, allowedUsers: undefined }, { log: () => undefined } as never);
  const answer = (password: string) => new Promise((resolve) => authority.password('bob', Buffer.from(password), '', resolve));
  assert.equal(await answer('geheim'), undefined);
  assert.ok((await answer('geheim2')) instanceof Error);
});

test('a password that is there is replaced, and what else the user has stays', async () => {
  const authdir = join(dir, 'again');
  mkdirSync(join(authdir, 'eve', 'allowed_certs'), { recursive: true });
  writeFileSync(join(authdir, 'eve', 'password'), 'old\n', { mode: 0o644 });
  assert.equal((await passwdOf('eve', { authdir, plain: true }, ['grün ü'])).code, 0);
  assert.equal(readFileSync(join(authdir, 'eve', 'password'), 'utf8'), 'grün ü\n');
  assert.equal(statSync(join(authdir, 'eve', 'password')).mode & 0o777, 0o600);
  assert.ok(existsSync(join(authdir, 'eve', 'allowed_certs')));
});

test('printed, the line fits the password and no file is written', async () => {
  const authdir = join(dir, 'printed');
  const { code, out } = await passwdOf('bob', { authdir, print: true }, ['x']);
  assert.equal(code, 0);
  assert.equal(await fits(out.trimEnd(), 'x'), true);
  assert.equal(existsSync(authdir), false);
});

test('files belong to whom the directory of all users was given', {
  skip: process.getuid?.() !== 0 && 'only root gives files away',
}, async () => {
  const authdir = join(dir, 'given');
  mkdirSync(authdir);
  chownSync(authdir, 1234, 2345);
  assert.equal((await passwdOf('bob', { authdir }, ['x'])).code, 0);
  for (const path of [join(authdir, 'bob'), join(authdir, 'bob', 'password')]) {
    const { uid, gid } = statSync(path);
    assert.deepEqual([uid, gid], [1234, 2345], path);
  }
});

test('what cannot be a password or a user is refused, and nothing is changed', async () => {
  const authdir = join(dir, 'refused');
  for (const [user, given, typed, code, words] of [
    ['a/b', ['x'], false, 2, /'a\/b' cannot be a user name/],
    ['..', ['x'], false, 2, /cannot be a user name/],
    ['bob', [undefined], false, 1, /no password given; nothing changed/],
    ['bob', ['one', 'two'], true, 1, /do not match; nothing changed/],
    ['bob', ['one', undefined], true, 1, /do not match/],
    ['bob', ['x'.repeat(101)], false, 1, /at most/],
    ['bob', ['ü'.repeat(51)], false, 1, /at most/],
    ['bob', ['a\0b'], false, 1, /NUL byte/],
    ['bob', ['$scrypt$x'], false, 1, /begin with \$scrypt/],
  ] as const) {
    const said = await passwdOf(user, { authdir }, given, typed);
    assert.equal(said.code, code, user + given);
    assert.match(said.err, words);
    assert.equal(said.err.includes('one'), false);
    assert.equal(existsSync(authdir), false);
  }
  assert.equal((await passwdOf('bob', { authdir, print: true }, ['x'.repeat(100)])).code, 0);
  writeFileSync(join(dir, 'file'), '');
  const nowhere = await passwdOf('bob', { authdir: join(dir, 'file', 'auth') }, ['x']);
  assert.deepEqual([nowhere.code, nowhere.err], [1, `passwd: ${dir}/file/auth/bob/password: Not a directory\n`]);
  const made = await passwdOf('bob', { authdir: join(dir, 'new', 'auth') }, ['x']);
  assert.deepEqual([made.code, statSync(join(dir, 'new', 'auth')).mode & 0o777], [0, 0o755]);
});

test('where nothing may be written, that is said', { skip: process.getuid?.() === 0 && 'root may write anywhere' }, async () => {
  const authdir = join(dir, 'closed');
  mkdirSync(authdir);
  chmodSync(authdir, 0o500);
  const { code, err } = await passwdOf('bob', { authdir }, ['x']);
  assert.deepEqual([code, err], [1, `passwd: ${authdir}/bob/password: Permission denied\n`]);
});

test('the command takes the first line of standard input', async () => {
  const authdir = join(dir, 'command');
  const { code, out, err } = await run(['passwd', 'bob', '--authdir', authdir], { stdin: 'first\nsecond\n' });
  assert.deepEqual([code, out, err], [0, `${authdir}/bob/password\n`, '']);
  assert.equal(await fits(readFileSync(join(authdir, 'bob', 'password'), 'latin1').trimEnd(), 'first'), true);
  assert.equal((await run(['passwd', 'bob', '--authdir', authdir], { stdin: '' })).code, 1);
});

test('at a terminal it is asked for twice, and not shown', { skip: noPtys }, async (t) => {
  const authdir = join(dir, 'terminal');
  const pty = openPty();
  t.after(() => pty.close());
  const child = spawn(process.execPath, [MAIN, 'passwd', 'bob', '--authdir', authdir], { stdio: [pty.slave!, 'ignore', pty.slave!] });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.on('close', resolve));
  const first = await pty.master.takeUntil('New password for bob: ');
  await pty.master.write('top1\x7f2\r');
  const second = await pty.master.takeUntil('Retype it: ');
  await pty.master.write('top2\r');
  assert.equal(await ended, 0);
  assert.equal(Buffer.concat([first, second]).includes('top'), false);
  assert.equal(await fits(readFileSync(join(authdir, 'bob', 'password'), 'latin1').trimEnd(), 'top2'), true);
  // Echo is on again.
  assert.notEqual(pty.settings().lflag & 8, 0);
});
