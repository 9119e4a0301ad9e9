// The reference's own way of logging in, where it is installed: gtlssh and gtlssh-keygen with a home of their own, on a terminal,
// against a port with certauth.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { libc } from '../../../src/base/libc.ts';
import { ptyConnector } from '../../../src/gensio/process/pty.ts';
import { createServer, readConfig } from '../../../src/index.ts';
import { opened, RecordingUp, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { makeKey, testFolder } from '../../rig/keys.ts';
import { missing } from '../../rig/program.ts';
import { openPty } from '../../rig/pty.ts';
import { layerSpec } from '../layer-spec.ts';

const skip = missing('gtlssh') || missing('gtlssh-keygen') || (libc() === undefined && 'no koffi');
const dir = testFolder();

/** A home with a key of its own, as `gtlssh-keygen setup` makes it. */
function makeHome(user: string): string {
  const home = mkdtempSync(join(dir, 'home-'));
  const { status, stderr } = spawnSync('gtlssh-keygen', ['-f', '--commonname', user, 'setup'], {
    env: { ...process.env, HOME: home },
    encoding: 'latin1',
  });
  assert.equal(status, 0, stderr);
  return home;
}

interface Line {
  readonly recorder: RecordingUp;
  say(text: string): void;
}

/** Starts a port with this accepter and a gtlssh that calls it as user; the device is the peer of pty. */
async function call(t: TestContext, home: string, user: string, accepter: string, options: readonly string[] = []) {
  const authdir = join(home, 'auth');
  const certs = join(authdir, 'joe', 'allowed_certs');
  mkdirSync(certs, { recursive: true });
  writeFileSync(join(authdir, 'joe', 'password'), 'secret\n');
  const key = makeKey(dir, `server-${user}`);
  const pty = openPty({ raw: true });
  const log: string[] = [];
  const { config } = readConfig(`connection: &p
  accepter: ${accepter},ssl(key=${key.key},cert=${key.cert}),tcp,127.0.0.1,0
  connector: serialdev,${pty.path},9600n81,local
  options:
    authdir: ${authdir}
    banner: "WELCOME"
`);
  const server = createServer(config, { lockDir: false, log: { log: (_level, text) => void log.push(text) } });
  server.on('error', () => undefined);
  await server.start();
  const argv = ['env', `HOME=${home}`, 'gtlssh', ...options, '-p', String(server.port('p')?.listening), `${user}@127.0.0.1`];
  const terminal = ptyConnector(layerSpec('pty', {}, { argv }), testEnv());
  const recorder = new RecordingUp();
  terminal.up = recorder;
  assert.equal(await opened(terminal), undefined);
  terminal.setReading(true);
  t.after(async () => {
    terminal.abort();
    await server.stop();
    await pty.close();
  });
  const line: Line = { recorder, say: (text) => void terminal.write(Buffer.from(text)) };
  await shown(line, 'Add this certificate? (y/n)');
  line.say('y\n');
  return { line, pty, log };
}
const shown = (line: Line, text: string): Promise<void> =>
  until(
    () => line.recorder.text().includes(text),
    () => `'${text}'; there is ${JSON.stringify(line.recorder.text())}`,
  );

/** The banner came; then both directions. */
async function works({ line, pty }: Awaited<ReturnType<typeof call>>): Promise<void> {
  await shown(line, 'WELCOME');
  await pty.master.write('from the device');
  await shown(line, 'from the device');
  line.say('typed');
  await pty.master.takeUntil('typed');
}

for (const [accepter, options] of [
  ['mux,certauth', []],
  ['telnet(rfc2217),mux,certauth', ['-r']],
] as const) {
  test(`gtlssh ${options.join(' ')} logs in at ${accepter} with its key in allowed_certs`, { skip }, async (t) => {
    const home = makeHome('joe');
    const certs = join(home, 'auth', 'joe', 'allowed_certs');
    mkdirSync(certs, { recursive: true });
    copyFileSync(join(home, '.gtlssh', 'default.crt'), join(certs, 'joe.crt'));
    assert.equal(spawnSync('gtlssh-keygen', ['rehash', certs]).status, 0);
    await works(await call(t, home, 'joe', accepter, options));
  });
}

test('gtlssh asks for the password when the key is not known, and the right one lets it in', { skip }, async (t) => {
  const started = await call(t, makeHome('joe'), 'joe', 'mux,certauth(enable-password)');
  await shown(started.line, 'Password:');
  started.line.say('secret\n');
  await works(started);
});

for (const [what, accepter, user, answer] of [
  ['the wrong password', 'mux,certauth(enable-password)', 'joe', 'guess\n'],
  ['a user that is not there', 'mux,certauth(enable-password)', 'bob', 'secret\n'],
  ['an unknown key where passwords are not enabled', 'mux,certauth', 'joe', undefined],
] as const) {
  test(`gtlssh is refused with ${what}`, { skip }, async (t) => {
    const { line, pty, log } = await call(t, makeHome(user), user, accepter);
    if (answer !== undefined) {
      await shown(line, 'Password:');
      line.say(answer);
    }
    await shown(line, 'Authentication tokens rejected');
    await until(() => log.some((text) => text.includes('Error accepting a gensio: Authentication tokens rejected')), 'the log to say it');
    assert.doesNotMatch(line.recorder.text(), /WELCOME/);
    assert.equal(pty.master.received, 0);
  });
}
