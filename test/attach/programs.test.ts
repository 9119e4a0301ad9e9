// Programs that use the line discipline of their terminal, on an attached device: a shell, stty, and the drivers of NUT for a UPS.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../rig/wait.ts';
import { attach, attachTestEnv, connected, Peer, type TestAttachEnv } from './attach-rig.ts';
import { MegatecUps } from './megatec-ups.ts';

interface Program {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  out(): string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}
function start(t: TestContext, command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  t.after(() => void child.kill('SIGKILL'));
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      out += data.toString();
    });
  }
  return { child, out: () => out, ended: new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal ?? -1))) };
}
/** A device whose server is `peer`. */
async function device(t: TestContext, peer = new Peer(t)): Promise<{ path: string; peer: Peer; env: TestAttachEnv }> {
  const env = attachTestEnv(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`);
  await connected(attachment);
  return { path: attachment.spec.device, peer, env };
}

test('a shell reads a line that ends with CR, and the server hears its echo', async (t) => {
  const { path, peer } = await device(t);
  const script = 'stty sane < "$1" && exec < "$1" > "$1" && echo ready && read line && echo "got $line" >&2';
  const shell = start(t, '/bin/sh', ['-c', script, 'sh', path]);
  await until('the shell to be ready', () => peer.got.includes('ready'));
  peer.send('hello\x7f!\r');
  assert.equal(await shell.ended, 0, shell.out());
  assert.equal(shell.out(), 'got hell!\n');
  await until('the echo', () => peer.got.toString() === 'ready\r\nhello\b \b!\r\n');
});

test('an interrupt character that comes ends the program whose terminal the device is', async (t) => {
  if (!existsSync('/usr/bin/setsid')) return t.skip('setsid is not installed');
  const { path, peer } = await device(t);
  // The leader of a session without a terminal gets the first one it opens.
  const script = 'exec < "$1" > "$1"; stty sane; trap "echo interrupted >&2; exit 3" INT; echo ready; while :; do sleep 1; done';
  const shell = start(t, '/usr/bin/setsid', ['--wait', '/bin/sh', '-c', script, 'sh', path]);
  await until('the shell to be ready', () => peer.got.includes('ready'));
  peer.send('abc\x03');
  assert.equal(await shell.ended, 3, shell.out());
  assert.equal(shell.out(), 'interrupted\n');
});

test('stty finds everything set as it wanted, whatever it sets', async (t) => {
  const { path } = await device(t);
  const script = `
    i=0
    while [ $i -lt 10 ]; do
      for settings in sane raw "icanon icrnl" "-icanon -icrnl 9600" "echo isig ixon" "cooked -echo" "raw 115200 cstopb"; do
        stty -F "$1" $settings || exit 1
      done
      i=$((i + 1))
    done`;
  const stty = start(t, '/bin/sh', ['-c', script, 'sh', path]);
  assert.equal(await stty.ended, 0, stty.out());
  assert.equal(stty.out(), '');
});

/** Where distributions put the drivers; NUT_DRIVERS may name another folder. */
const NUT = [process.env.NUT_DRIVERS ?? '', '/lib/nut', '/usr/lib/nut', '/usr/libexec/nut', '/usr/lib/ups/driver'];
const nutDriver = (name: string): string | undefined => NUT.map((dir) => join(dir, name)).find((path) => existsSync(path));

for (const name of ['blazer_ser', 'nutdrv_qx']) {
  const driver = nutDriver(name);
  test(`NUT's ${name} finds a UPS on the device, and reads its state`, {
    skip: driver === undefined ? `${name} of NUT is not installed` : false,
  }, async (t) => {
    const ups = new MegatecUps();
    const peer = new Peer(t);
    peer.onData = (data, socket) => void socket.write(ups.take(data));
    const { path, env } = await device(t, peer);
    const args = ['-s', 'ups', '-x', `port=${path}`, '-u', process.getuid?.() === 0 ? 'root' : String(process.env.USER), '-d', '1'];
    const run = start(t, driver!, args, {
      ...process.env,
      NUT_STATEPATH: env.dir,
      NUT_ALTPIDPATH: env.dir,
      NUT_CONFPATH: env.dir,
    });
    assert.equal(await run.ended, 0, run.out());
    for (const line of ['ups.status: OL', 'battery.voltage: 13.60', 'input.voltage: 229.7', 'ups.load: 17'])
      assert.ok(run.out().includes(`${line}\n`), `${line} in ${run.out()}`);
  });
}
