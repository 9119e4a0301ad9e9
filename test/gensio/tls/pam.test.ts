// PAM itself, with services in a folder of our own: nothing of the system's configuration is used and no root is needed.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directoryAuthority } from '../../../src/gensio/tls/authority.ts';
import { type PamAnswer, type PamQuestion, pamAsker } from '../../../src/gensio/tls/pam.ts';
import { until } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { testFolder } from '../../rig/keys.ts';

const dir = testFolder();
const ask = pamAsker();
/** A service of this name, with the lines of its file. Gives the question for it. */
function service(name: string, ...lines: string[]): PamQuestion {
  writeFileSync(join(dir, name), `${lines.join('\n')}\n`);
  return { service: name, user: 'joe', password: 'secret', confdir: dir };
}
async function answer(question: PamQuestion, asker = ask): Promise<PamAnswer> {
  let got: PamAnswer | undefined;
  asker(question, '', (a) => {
    got = a;
  });
  await until(() => got !== undefined, 'an answer');
  return got!;
}
/** Why PAM cannot be tried here. */
const missing = answer(service('probe', 'auth required pam_permit.so', 'account required pam_permit.so')).then(({ step, code, text }) =>
  code === 0 ? undefined : `PAM does not work here: ${step}: ${text}`,
);
/** Registers a test that is skipped where there is no libpam. */
function pamTest(name: string, run: (t: TestContext) => Promise<void>): void {
  test(name, { timeout: 60_000 }, async (t) => {
    const why = await missing;
    if (why !== undefined) return t.skip(why);
    await run(t);
  });
}
/** A program that is right about one password, for pam_exec. */
function checker(password: string): string {
  const file = join(dir, `is-${password.length}`);
  writeFileSync(file, `#!/bin/sh\nread -r given || test -n "$given" || exit 1\n[ "$given" = '${password}' ]\n`, { mode: 0o755 });
  return `auth required pam_exec.so expose_authtok quiet ${file}`;
}
const yes = 'account required pam_permit.so';

pamTest('the password reaches the module as it was given, and decides', async () => {
  const question = service('exec', checker('sécret wörd'), yes);
  const bytes = Buffer.from('sécret wörd').toString('latin1');
  assert.deepEqual((await answer({ ...question, password: bytes })).code, 0);
  const wrong = await answer({ ...question, password: 'secret' });
  assert.equal(wrong.step, 'authenticate');
  assert.notEqual(wrong.code, 0);
});

pamTest('a refusal tells how far it came, in words of PAM, and how long the client is to wait', async () => {
  const denied = await answer(service('deny', 'auth optional pam_faildelay.so delay=50000', 'auth required pam_deny.so', yes));
  assert.deepEqual([denied.step, denied.text], ['authenticate', 'Authentication failure']);
  assert.ok(denied.delayMs > 20 && denied.delayMs < 200, `${denied.delayMs} ms`);
  const locked = await answer(service('locked', 'auth required pam_permit.so', 'account required pam_deny.so'));
  assert.deepEqual([locked.step, locked.code === 0], ['account', false]);
  const old = await answer(service('old', 'auth required pam_permit.so', 'account required pam_debug.so acct=new_authtok_reqd'));
  assert.equal(old.step, 'expired');
});

pamTest('a service that is not there, or whose module is not, refuses', async () => {
  const none = await answer({ ...service('none', ''), service: 'no-such-service' });
  assert.equal(none.step, 'start', none.text);
  assert.notEqual(none.code, 0);
  assert.notEqual((await answer(service('broken', 'auth required pam_no_such_module.so', yes))).code, 0);
  assert.notEqual((await answer(service('empty'))).code, 0);
});

pamTest('the log says what ser2net says, without the password, and the one who asked hears only no', async () => {
  const env = testEnv();
  const question = service('words', checker('secret'), 'account required pam_permit.so');
  const withPam = (name: string) =>
    directoryAuthority({ authdir: dir, allowedUsers: undefined, pamauth: name }, env.log, (asked, source, done) =>
      ask({ ...asked, confdir: question.confdir }, source, done),
    );
  const login = async (name: string, user: string, password: string): Promise<string | undefined> => {
    const codes: (string | undefined)[] = [];
    withPam(name).password(user, Buffer.from(password), '192.0.2.1', (err) => void codes.push(err?.code));
    await until(() => codes.length === 1, 'an answer');
    return codes[0];
  };
  assert.equal(await login('words', 'joe', 'secret'), undefined);
  assert.deepEqual(env.lines.splice(0), ['info Accepted password for joe']);
  assert.equal(await login('words', 'joe', 'other'), 'authreject');
  assert.match(env.lines[0]!, /^err PAM authentication failed: \S/);
  assert.deepEqual(env.lines.splice(0).slice(1), ['err Error from application at password: Authentication tokens rejected']);
  service('locked', 'auth required pam_permit.so', 'account required pam_deny.so');
  assert.equal(await login('locked', 'joe', 'x'), 'authreject');
  assert.match(env.lines.splice(0)[0]!, /^err pam_acct_mgmt failed for joe: \S/);
  service('old', 'auth required pam_permit.so', 'account required pam_debug.so acct=new_authtok_reqd');
  assert.equal(await login('old', 'joe', 'x'), 'authreject');
  assert.equal(env.lines.splice(0)[0], 'err user joe password expired');
  assert.equal(await login('words', '../joe', 'secret'), 'authreject');
  assert.equal(await login('words', 'joe', 'x'.repeat(600)), 'authreject');
});

test('where there is no PAM the log says what it needs, and nobody gets in by a password', async () => {
  const env = testEnv();
  const authority = directoryAuthority({ authdir: dir, allowedUsers: undefined, pamauth: 'x' }, env.log, (_asked, _source, done) => {
    done({ step: 'load', code: -1, text: 'libpam.so.0: cannot open shared object file', delayMs: 0 });
    return () => undefined;
  });
  const codes: (string | undefined)[] = [];
  authority.password('joe', Buffer.from('secret'), '192.0.2.1', (err) => void codes.push(err?.code));
  assert.deepEqual(codes, ['authreject']);
  assert.equal(env.lines[0], 'err PAM authentication failed: pamauth needs libpam and koffi: libpam.so.0: cannot open shared object file');
});

/** A program in place of the one that asks PAM. */
function program(name: string, text: string): string {
  const file = join(dir, `${name}.mjs`);
  writeFileSync(file, text);
  return file;
}
const question: PamQuestion = { service: 's', user: 'u', password: 'p' };

test('a module that hangs holds up nobody, and is given up after a minute', async () => {
  const clock = new FakeClock();
  const hangs = pamAsker(clock, program('hang', 'setInterval(() => {}, 1000)'));
  let got: PamAnswer | undefined;
  hangs(question, '', (a) => {
    got = a;
  });
  clock.advance(59_999);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(got, undefined);
  clock.advance(1);
  await until(() => got !== undefined, 'an answer');
  assert.deepEqual(got, { step: 'process', code: -1, text: 'no answer in 60 s', delayMs: 0 });
  assert.equal(clock.timers, 0);
});

test('a process that crashes, says nonsense, or is not there, refuses', async () => {
  const said = (file: string): Promise<PamAnswer> => answer(question, pamAsker(undefined, file));
  assert.equal((await said(program('crash', 'process.kill(process.pid, "SIGSEGV")'))).text, 'no answer (SIGSEGV)');
  assert.equal((await said(program('mute', ''))).text, 'no answer (status 0)');
  for (const line of ['{}', '0', 'null', '{"code":0}', '[', '{"code":"0","delayMs":0}'])
    assert.equal((await said(program('says', `process.stdout.write(${JSON.stringify(line)})`))).code, -1, line);
  assert.equal((await said(join(dir, 'not-there.mjs'))).step, 'process');
});

test('a process that ends before it has read a long question refuses, and so does an answer that is too long to be one', async () => {
  const asker = pamAsker(undefined, program('deaf', 'process.exit(3)'));
  assert.equal((await answer({ ...question, password: 'x'.repeat(1 << 21) }, asker)).text, 'no answer (status 3)');
  const long = `' '.repeat(300000) + '{"step":"account","code":0,"delayMs":0}'`;
  assert.equal((await answer(question, pamAsker(undefined, program('long', `process.stdout.write(${long})`)))).step, 'process');
});

test('a refusal is handed on after the time PAM wants the client to wait', async () => {
  const clock = new FakeClock();
  const text = JSON.stringify({ step: 'authenticate', code: 7, text: 'no', delayMs: 2000 });
  let got: PamAnswer | undefined;
  pamAsker(clock, program('no', `process.stdout.write(${JSON.stringify(text)})`))(question, '', (a) => {
    got = a;
  });
  // The limit of a minute, then the wait.
  await until(() => clock.next !== undefined && clock.next <= 2000, 'the wait');
  clock.advance(1999);
  assert.equal(got, undefined);
  clock.advance(1);
  assert.equal(got!.code, 7);
});

test('four questions are asked at once, the others wait their turn, and those beyond a limit are refused', async () => {
  const waits = program('waits', 'process.stdin.resume(); process.stdout.write(\'{"step":"account","code":0,"delayMs":0}\')');
  const crowd = pamAsker(undefined, waits, 4);
  const codes: number[] = [];
  for (let i = 0; i < 4 + 4 + 10; i++) crowd(question, `192.0.2.${i % 4}`, ({ code }) => void codes.push(code));
  await until(() => codes.length >= 10 + 4, 'the first answers');
  assert.deepEqual(codes.slice(0, 10), Array(10).fill(-1));
  assert.equal(codes[10], 0);
  await until(() => codes.length === 10 + 8, 'those who waited');
});
