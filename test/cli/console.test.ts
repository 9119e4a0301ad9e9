// `ser2net console` at a real terminal (a pty) and with its input from a pipe.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConsoleArgs } from '../../src/cli/console-target.ts';
import { Peer } from '../attach/attach-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { missing } from '../rig/program.ts';
import { must, needLibc, openPty, type Pty } from '../rig/pty.ts';
import { every } from '../rig/wait.ts';
import { atTerminal } from './at-terminal.ts';
import { MAIN, makeDirectory, run, start, until } from './command-rig.ts';

const dir = makeDirectory();
const LFLAG_ICANON = 2;
const isRaw = (pty: Pty): boolean => (pty.settings().lflag & LFLAG_ICANON) === 0;

test('at a terminal: keys go out one by one, what comes is shown, commands work, and the terminal is sane afterwards', async (t) => {
  const peer = new Peer(t);
  const { pty, ended } = atTerminal(t, ['--raw', `127.0.0.1:${await peer.listen()}`]);
  await pty.master.takeUntil('Ctrl-] ? for help');
  assert.ok(isRaw(pty));
  await pty.master.write('ab\x03\r');
  await until('the keys', () => peer.got.toString('latin1') === 'ab\x03\r');
  // LF stays LF: full-screen programs mean it so.
  peer.send('answer\nmore');
  await pty.master.takeUntil('answer\nmore');
  await pty.master.write('\x1dx');
  await pty.master.takeUntil('bytes in hexadecimal');
  peer.send('\x01');
  await pty.master.takeUntil('00000000  01 ');
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
  assert.ok(!isRaw(pty));
});

for (const how of ['the server closes', 'SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
  test(`the terminal is sane after ${how}`, async (t) => {
    const peer = new Peer(t);
    const { pty, child, ended } = atTerminal(t, ['--raw', `127.0.0.1:${await peer.listen()}`]);
    await pty.master.takeUntil('for help');
    await until('raw mode', () => isRaw(pty));
    if (how === 'the server closes') peer.drop('end');
    else child.kill(how);
    assert.equal(await ended, how === 'the server closes' ? 1 : 0);
    assert.ok(!isRaw(pty));
    if (how === 'the server closes') await pty.master.takeUntil(' lost: ');
  });
}

test('a terminal that is closed ends it by SIGHUP, and SIGUSR1 does not make it a server of a debugger', async (t) => {
  const peer = new Peer(t);
  const { pty, child, ended } = atTerminal(t, ['--raw', `127.0.0.1:${await peer.listen()}`]);
  await pty.master.takeUntil('for help');
  await until('raw mode', () => isRaw(pty));
  child.kill('SIGUSR1');
  await pty.master.write('x');
  await until('x', () => peer.got.toString() === 'x');
  assert.equal(pty.master.take().toString().trim(), ']');
  await pty.close();
  assert.equal(await ended, 'SIGHUP');
});

test('when nobody reads on what it prints, it ends, also at a terminal', async (t) => {
  const peer = new Peer(t);
  const pty = openPty();
  const child = spawn(process.execPath, [MAIN, 'console', '--raw', `127.0.0.1:${await peer.listen()}`], {
    stdio: [pty.slave!, 'pipe', pty.slave!],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await pty.close();
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await until('a connection', () => peer.sockets.length === 1);
  child.stdout!.destroy();
  t.after(every(20, () => peer.send('more\n')));
  assert.equal(await ended, 0);
  assert.ok(!isRaw(pty));
});

test('a resize, and being stopped and continued, leave it working', async (t) => {
  const peer = new Peer(t);
  const { pty, child, ended } = atTerminal(t, ['--raw', `127.0.0.1:${await peer.listen()}`]);
  await pty.master.takeUntil('for help');
  await until('raw mode', () => isRaw(pty));
  child.kill('SIGWINCH');
  child.kill('SIGSTOP');
  // What a shell does meanwhile.
  const c = needLibc();
  const raw = pty.settings();
  must(c.setTermios(pty.slave!, { ...raw, oflag: 5, lflag: 0o105073 }));
  child.kill('SIGCONT');
  await until('raw mode again', () => isRaw(pty) && (pty.settings().oflag & 1) === 0);
  await pty.master.write('typed');
  await until('what was typed', () => peer.got.toString() === 'typed');
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
  assert.ok(!isRaw(pty));
});

test('with --reconnect the session goes on after a loss, also one before the first connection, until the user quits', async (t) => {
  const first = new Peer(t);
  const port = await first.listen();
  await first.close();
  const { pty, ended } = atTerminal(t, ['--raw', '--reconnect', `127.0.0.1:${port}`]);
  await pty.master.takeUntil('retrying');
  assert.ok(!isRaw(pty));
  const second = new Peer(t);
  await second.listen(port);
  await pty.master.takeUntil('for help');
  await second.close();
  await pty.master.takeUntil('Remote end closed connection; reconnecting]');
  assert.ok(isRaw(pty));
  await pty.master.write('into the void\x1db');
  await pty.master.takeUntil('not connected');
  const third = new Peer(t);
  await third.listen(port);
  await pty.master.takeUntil('[reconnected to ');
  await pty.master.write('hello');
  await until('hello', () => third.got.toString() === 'hello');
  third.send('and back');
  await pty.master.takeUntil('and back');
  await third.close();
  await pty.master.takeUntil('reconnecting]');
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
  assert.ok(!isRaw(pty));
});

test('with --reconnect INT ends the wait for a first connection', async (t) => {
  const gone = new Peer(t);
  const port = await gone.listen();
  await gone.close();
  const { pty, child, ended } = atTerminal(t, ['--raw', '--reconnect', `127.0.0.1:${port}`]);
  await pty.master.takeUntil('retrying');
  child.kill('SIGINT');
  assert.equal(await ended, 1);
});

test('RFC 2217: a connection of the configuration by its name, speed and modem lines by command', async (t) => {
  const instrument = openPty({ raw: true });
  t.after(() => instrument.close());
  const port = await freePort();
  const file = join(dir, 'console.yaml');
  writeFileSync(
    file,
    `connection: &plc\n  accepter: telnet(rfc2217),tcp,localhost,${port}\n  connector: serialdev,${instrument.path},9600n81,local\n`,
  );
  const daemon = start(['-n', '-r', '-u', '-c', file]);
  await until('Ready', () => daemon.out() === 'Ready\n');
  const { pty, ended } = atTerminal(t, ['-c', file, 'plc']);
  await pty.master.takeUntil('connected to plc');
  await pty.master.write('\x1ds19200\r');
  await pty.master.takeUntil('speed 19200 set');
  assert.equal(instrument.settings().ospeed, 19200);
  await pty.master.write('hello');
  assert.equal((await instrument.master.takeBytes(5)).toString(), 'hello');
  await pty.master.write('\x1di');
  await pty.master.takeUntil('[19200N81]');
  await pty.master.write('\x1d.');
  assert.equal(await ended, 0);
  daemon.child.kill('SIGTERM');
  await daemon.ended;
});

test('RFC 2217 with --reconnect: the line that was asked for last is asked for again', async (t) => {
  const instrument = openPty({ raw: true });
  t.after(() => instrument.close());
  const port = await freePort();
  const file = join(dir, 'reconnect.yaml');
  writeFileSync(
    file,
    `connection: &plc\n  accepter: telnet(rfc2217),tcp,localhost,${port}\n  connector: serialdev,${instrument.path},9600n81,local\n`,
  );
  const launch = async () => {
    const daemon = start(['-n', '-r', '-u', '-c', file]);
    await until('Ready', () => daemon.out() === 'Ready\n');
    return daemon;
  };
  const before = await launch();
  const { pty, ended } = atTerminal(t, ['--reconnect', '--speed', '4800', `localhost:${port}`]);
  await pty.master.takeUntil('for help');
  await until('4800', () => instrument.settings().ospeed === 4800);
  await pty.master.write('\x1ds19200\r');
  await pty.master.takeUntil('speed 19200 set');
  before.child.kill('SIGKILL');
  await pty.master.takeUntil('reconnecting]');
  const after = await launch();
  await pty.master.takeUntil('[reconnected to ');
  await until('19200', () => instrument.settings().ospeed === 19200);
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
  after.child.kill('SIGTERM');
  await after.ended;
});

test('HOST:PORT sends a raw port nothing that was not typed, and shows what begins like telnet and is not', async (t) => {
  const peer = new Peer(t);
  const { pty, ended } = atTerminal(t, [`127.0.0.1:${await peer.listen()}`]);
  await pty.master.takeUntil('for help');
  peer.send(Buffer.of(255));
  await pty.master.write('AT\r');
  await until('what was typed', () => peer.got.length >= 3);
  assert.equal(peer.got.toString('latin1'), 'AT\r');
  peer.send('login: ');
  await pty.master.takeUntil('login: ');
  await pty.master.write('\x1ds9600\r');
  await pty.master.takeUntil('this is not RFC 2217');
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
  assert.equal(peer.got.toString('latin1'), 'AT\r');
});

test('HOST:PORT is RFC 2217 where the server begins with telnet', async (t) => {
  const instrument = openPty({ raw: true });
  t.after(() => instrument.close());
  const port = await freePort();
  const file = join(dir, 'spoken.yaml');
  writeFileSync(
    file,
    `connection: &plc\n  accepter: telnet(rfc2217),tcp,localhost,${port}\n  connector: serialdev,${instrument.path},9600n81,local\n  options:\n    banner: 'welcome '\n`,
  );
  const daemon = start(['-n', '-r', '-u', '-c', file]);
  await until('Ready', () => daemon.out() === 'Ready\n');
  const { pty, ended } = atTerminal(t, [`localhost:${port}`]);
  await pty.master.takeUntil('welcome ');
  await pty.master.write('\x1ds19200\r');
  await pty.master.takeUntil('speed 19200 set');
  assert.equal(instrument.settings().ospeed, 19200);
  await pty.master.write('\xff');
  assert.equal((await instrument.master.takeBytes(1))[0], 0xff);
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
  daemon.child.kill('SIGTERM');
  await daemon.ended;
});

const noLrzsz = missing('sz') || missing('rz');

/** The other side of a transfer: sz or rz in a folder of its own, on the one connection of the peer. */
function remote(t: TestContext, peer: Peer, command: string, words: readonly string[], cwd: string): Promise<number | null> {
  const child = spawn(command, words, { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => void child.kill('SIGKILL'));
  const [socket] = peer.sockets;
  child.stdout.on('data', (data: Buffer) => void socket!.write(data));
  child.stdin.on('error', () => undefined);
  peer.onData = (data) => void child.stdin.write(data);
  return new Promise((resolve) => child.on('exit', resolve));
}

for (const protocol of ['z', 'y', 'x'] as const) {
  test(`files go both ways by ${protocol}modem`, { skip: noLrzsz }, async (t) => {
    const peer = new Peer(t);
    const far = mkdtempSync(join(dir, 'far-'));
    const bytes = randomBytes(30_000);
    const file = join(dir, `${protocol}.bin`);
    writeFileSync(file, bytes);
    const { pty, ended } = atTerminal(t, ['--raw', `127.0.0.1:${await peer.listen()}`], dir);
    await pty.master.takeUntil('for help');
    const flag = { x: '--xmodem', y: '--ymodem', z: '--zmodem' }[protocol];
    const name = protocol === 'x' ? ['got.bin'] : [];
    const taken = remote(t, peer, 'rz', ['--binary', flag, ...name], far);
    await pty.master.write(`\x1df${protocol} ${file}\r`);
    await pty.master.takeUntil(`[sent ${file}]`);
    assert.equal(await taken, 0);
    // XMODEM fills the last block.
    const got = readFileSync(join(far, protocol === 'x' ? 'got.bin' : `${protocol}.bin`));
    assert.ok(got.subarray(0, bytes.length).equals(bytes) && (protocol === 'x' || got.length === bytes.length));
    const back = join(dir, `back-${protocol}`);
    writeFileSync(join(far, `back-${protocol}`), bytes);
    const given = remote(t, peer, 'sz', ['--binary', flag, `back-${protocol}`], far);
    await pty.master.write(`\x1dg${protocol}${protocol === 'x' ? ` ${back}` : ''}\r`);
    await pty.master.takeUntil('[received ');
    assert.equal(await given, 0);
    assert.ok(readFileSync(back).subarray(0, bytes.length).equals(bytes));
    peer.onData = () => undefined;
    await pty.master.write('\x1dq');
    assert.equal(await ended, 0);
  });
}

test('a file that is not there, and a transfer that is cancelled, are told, and the line goes on', { skip: noLrzsz }, async (t) => {
  const peer = new Peer(t);
  const { pty, ended } = atTerminal(t, ['--raw', `127.0.0.1:${await peer.listen()}`]);
  await pty.master.takeUntil('for help');
  await pty.master.write('\x1dfz /nowhere/x\r');
  await pty.master.takeUntil('[/nowhere/x was not sent: ');
  const file = join(dir, 'never');
  writeFileSync(file, 'x');
  await pty.master.write(`\x1dfx ${file}\r`);
  await pty.master.takeUntil('Ctrl-C cancels]');
  await pty.master.write('\x03');
  await pty.master.takeUntil(' was not sent: cancelled]');
  await until('the other side to hear', () => peer.got.includes(Buffer.alloc(8, 0x18)));
  peer.send('prompt> ');
  await pty.master.takeUntil('prompt> ');
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
});

test('notices take one line each, whether or not the port has ended its own', async (t) => {
  const peer = new Peer(t);
  const { pty, ended } = atTerminal(t, ['--raw', '--timestamps', `127.0.0.1:${await peer.listen()}`]);
  const greeting = await pty.master.takeUntil('for help]\r\n');
  assert.match(greeting.toString(), /^\[connected to /);
  await pty.master.write('\x1de');
  assert.equal((await pty.master.takeUntil(']\r\n')).toString(), '[local echo]\r\n');
  peer.send('login: ');
  assert.match((await pty.master.takeUntil('login: ')).toString(), /^\[\d\d:\d\d:\d\d\.\d\d\d\] login: $/);
  await pty.master.write('\x1de');
  assert.equal((await pty.master.takeUntil(']\r\n')).toString(), '\r\n[no local echo]\r\n');
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
});

test('with a pipe as input: it is sent, the answer is printed and nothing else, and it ends after a silence', async (t) => {
  const peer = new Peer(t);
  peer.onData = (data, socket) => void socket.write(data.toString().toUpperCase());
  const log = join(dir, 'console.log');
  const { code, out, err } = await run(['console', '--raw', '--wait', '200m', '--log', log, `127.0.0.1:${await peer.listen()}`], {
    stdin: 'id?\n',
  });
  assert.deepEqual([code, out, err], [0, 'ID?\n', '']);
  assert.equal(readFileSync(log, 'utf8'), 'ID?\n');
});

test('what cannot be connected to gives 1 and says why', async (t) => {
  const gone = new Peer(t);
  const port = await gone.listen();
  await gone.close();
  const { code, err } = await run(['console', '--raw', `127.0.0.1:${port}`]);
  assert.deepEqual(
    [code, err],
    [1, `ser2net console: cannot connect to tcp://127.0.0.1:${port}: Connection refused (connect ECONNREFUSED 127.0.0.1:${port})\n`],
  );
  const peer = new Peer(t);
  const where = `127.0.0.1:${await peer.listen()}`;
  const noLog = await run(['console', '--raw', '--log', '/nowhere/log', where], { stdin: '' });
  assert.deepEqual([noLog.code, noLog.err], [1, 'ser2net console: cannot open /nowhere/log: No such file or directory\n']);
  assert.match((await run(['console', '--escape', 'F1', 'h:1'])).err, /^ser2net console: --escape: 'F1' is not a key/);
  assert.match(
    (await run(['console', 'no-such-thing'])).err,
    /^ser2net console: no-such-thing: the configuration has no connection of that name; use HOST:PORT .*\n$/,
  );
  assert.match((await run(['console', 'quux://h:1'])).err, /'quux' is not a way to connect: tcp, .*rfc2217.* and unix are\n$/);
});

test('where to go: names of the configuration, hosts and ports, URLs, connectors', async () => {
  const file = join(dir, 'names.yaml');
  const body = (accepter: string): string => `  accepter: ${accepter}\n  connector: echo\n`;
  writeFileSync(
    file,
    `connection: &one\n${body('telnet,tcp,4001')}connection: &two\n${body('ssl(key=/k,cert=/c),tcp,10.0.0.1,4002')}connection: &three\n${body('mux,tcp,4003')}`,
  );
  const where = async (text: string, more = {}): Promise<string> => {
    const request = await parseConsoleArgs(text, { config: file, ...more });
    if (typeof request === 'string') return request;
    const layers: string[] = [];
    for (
      let at: typeof request.target.spec | undefined = request.target.spec;
      at !== undefined;
      at = 'child' in at ? at.child : undefined
    ) {
      layers.push('addrs' in at ? `${at.type} ${at.addrs[0]!.host} ${at.addrs[0]!.port}` : at.type);
    }
    return layers.join(', ');
  };
  assert.equal(await where('one'), 'telnet, tcp localhost 4001');
  assert.equal(await where('two'), 'ssl, tcp 10.0.0.1 4002');
  assert.equal(await where('three'), 'three: no way to connect to a port with the layer mux');
  assert.equal(await where('plc:4001'), 'tcp plc 4001');
  assert.equal(await where('plc:4001', { speed: '9600' }), 'telnet, tcp plc 4001');
  assert.equal(await where('[::1]:4001', { raw: true }), 'tcp ::1 4001');
  assert.equal(await where('4001'), 'tcp localhost 4001');
  assert.equal(await where('plc,4001'), 'tcp plc 4001');
  assert.equal(await where('tcp,4001'), 'tcp undefined 4001');
  assert.equal(await where('tls://plc:4001'), 'ssl, tcp plc 4001');
  assert.equal(await where('/dev/ttyS0,9600'), 'serialdev');
});
