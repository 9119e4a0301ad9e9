// examples/article: every command of its page, run against simulated modules. Names of the page become those of the test: files
// under /dev and /etc/ser2net, ports, the host, the user.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Application } from '../attach/application.ts';
import { freePort } from '../rig/free-port.ts';
import { openPty, type Pty } from '../rig/pty.ts';
import { MAIN, makeDirectory, until } from './command-rig.ts';

const ARTICLE = join(import.meta.dirname, '../../../examples/article');
const page = readFileSync(join(ARTICLE, 'README.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap((m) => m[1]!.trim().split('\n'));
const socat = existsSync('/usr/bin/socat') ? undefined : 'socat is not installed';
/** Opens and closes of the device, for each command. */
const CYCLES = 200;

const dir = makeDirectory();
mkdirSync(join(dir, 'dev'));
mkdirSync(join(dir, 'etc'));
const ports = [await freePort(), await freePort()] as const;
/** The modules: each answers a line with the line, its number in front. */
const modules: Pty[] = [0, 1].map((number) => {
  const pty = openPty({ raw: true });
  void (async () => {
    for (;;) await pty.master.write(`${number}:${(await pty.master.takeUntil('\n', 2 ** 31 - 1)).toString()}`);
  })().catch(() => undefined);
  return pty;
});
after(() => Promise.all(modules.map((pty) => pty.close())));

const uid = String(process.getuid?.() ?? 0);
const gid = String(process.getgid?.() ?? 0);
/** What is written for the machines of the page, written for this one. */
const here = (text: string): string =>
  text
    .replaceAll('/dev/ttyACM0', modules[0]!.path)
    .replaceAll('/dev/ttyACM1', modules[1]!.path)
    .replaceAll('/dev/lio', join(dir, 'dev/lio'))
    .replaceAll('/etc/ser2net/', join(dir, 'etc/'))
    .replaceAll('4001', String(ports[0]))
    .replaceAll('4002', String(ports[1]))
    .replaceAll(/\bplc(?=:| |,)/g, 'localhost')
    .replaceAll(/(user=|--user )operator\b/g, `$1${uid}`)
    .replaceAll(/(group=|--group )operators\b/g, `$1${gid}`);

const executed = new Set<string>();

/** The words of a command, `ser2net` being the built one and its files copies made for here. */
function words(command: string): string[] {
  executed.add(command);
  const [program = '', ...args] = here(command).split(' ');
  if (program !== 'ser2net') return [program, ...args];
  const named = args.indexOf('-c') + 1;
  if (named > 0) {
    const file = join(dir, args[named]!);
    writeFileSync(file, here(readFileSync(join(ARTICLE, args[named]!), 'utf8')));
    args[named] = file;
  }
  return [process.execPath, MAIN, ...(named > 0 ? ['-r'] : []), ...args];
}
const env = { ...process.env, RUNTIME_DIRECTORY: join(dir, 'run') };

/** Runs until the end of the test, or until stop() is called. */
function running(t: TestContext, command: string): { ready(): Promise<void>; stop(): Promise<void>; err(): string } {
  const [program = '', ...args] = words(command);
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  let out = '';
  child.stdout?.on('data', (data: Buffer) => {
    out += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
    err += data.toString();
  });
  const gone = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const stop = (): Promise<void> => {
    child.kill('SIGTERM');
    return gone;
  };
  t.after(stop);
  const ready = (): Promise<void> => until(`${command} to listen`, () => out === 'Ready\n');
  return { ready, stop, err: () => err };
}

/**
 * With waitslave another application has the device open meanwhile: alone, some opens take a second, and sooner or later one ends socat
 * (EAGAIN), whatever serves it.
 */
async function use(device: string, module: number, command: string): Promise<void> {
  await until(`${device} to be there`, () => existsSync(device));
  const other = new Application(device);
  // socat makes the link before the settings.
  await until('a raw terminal', () => (other.termios.oflag & 1) === 0 && (other.termios.lflag & 0o12) === 0);
  const stays = command.startsWith('socat') && command.includes('waitslave');
  if (!stays) other.close();
  for (let i = 0; i < CYCLES; i++) {
    const app = new Application(device);
    const answer = `${module}:set ${i}\n`;
    app.write(`set ${i}\n`);
    assert.equal((await app.take(answer.length)).toString(), answer);
    app.close();
  }
  if (stays) other.close();
}

const one = (pattern: RegExp): string => {
  const found = commands.find((command) => pattern.test(command));
  assert.ok(found !== undefined, `the page has no command like ${pattern}`);
  return found;
};
const clients = (from: string): string[] => {
  const part = page.slice(page.indexOf(from));
  const end = part.indexOf('\n## ', 3);
  return commands.filter(
    (command) => /^socat|^ser2net attach|client.*\.yaml$/.test(command) && (end < 0 ? part : part.slice(0, end)).includes(command),
  );
};
const skipFor = (command: string): string | false => (command.startsWith('socat') ? (socat ?? false) : false);
const plain = [...clients('## The workstation, with socat'), ...clients('## The workstation, with ser2net')];
const encrypted = clients('## Encrypted');

test('the page has the commands this test is about', () => {
  assert.equal(plain.length, 6);
  assert.equal(encrypted.length, 3);
});

for (const [i, command] of plain.entries()) {
  const server = one(i % 2 === 0 ? /-c ser2net\.conf/ : /-c ser2net\.yaml/);
  test(`${server} and ${command}`, { skip: skipFor(command) }, async (t) => {
    const daemon = running(t, server);
    await daemon.ready();
    const client = running(t, command);
    await use(join(dir, 'dev/lio0'), 0, command);
    await client.stop();
    await daemon.stop();
    await until('the device to be gone', () => !existsSync(join(dir, 'dev/lio0')));
  });
}

test('keys and certificates are made as the page says', () => {
  for (const command of commands.filter((each) => /gencert|^cat /.test(each))) {
    executed.add(command);
    const { status, stderr } = command.startsWith('cat ')
      ? spawnSync('/bin/sh', ['-c', here(command)], { encoding: 'utf8' })
      : // The server's name is the one the client connects to.
        spawnSync(process.execPath, words(command).slice(1), { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
});

for (const command of encrypted) {
  test(`encrypted: ${command.slice(0, 40)}...`, { skip: skipFor(command) }, async (t) => {
    const daemon = running(t, one(/-c ser2net-tls\.yaml/));
    await daemon.ready();
    const client = running(t, command);
    await use(join(dir, 'dev/lio0'), 0, command);
    if (command.includes('client-tls')) await use(join(dir, 'dev/lio1'), 1, command);
    await client.stop();
    await daemon.stop();
    await until('the device to be gone', () => !existsSync(join(dir, 'dev/lio0')));
  });
}

test('encrypted: the panel may use the second module and not the first', async (t) => {
  const daemon = running(t, one(/-c ser2net-tls\.yaml/));
  await daemon.ready();
  const panel = one(/attach.*tls:\/\//).replaceAll('workstation', 'panel');
  const refused = running(t, panel.replace('-n ', '-d '));
  const refusals = (): number => refused.err().match(/lost tls|cannot connect to tls/g)?.length ?? 0;
  await until('the refusal', () => refusals() > 0);
  const app = new Application(join(dir, 'dev/lio0'));
  app.write('set 1\n');
  const before = refusals();
  await until('another refusal', () => refusals() > before);
  assert.equal(app.peek().length, 0);
  app.close();
  await refused.stop();
  const allowed = running(t, panel.replace('4001', '4002').replace('lio0', 'lio1'));
  await use(join(dir, 'dev/lio1'), 1, panel);
  await allowed.stop();
  await daemon.stop();
});

test('no command of the page was left out', () => {
  const left = commands.filter((command) => !executed.has(command) && skipFor(command) === false);
  assert.deepEqual(left, []);
});
