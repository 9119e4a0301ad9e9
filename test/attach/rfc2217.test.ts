// Settings of an application at the other end of the wire: our own port, real ser2net and pyserial's RFC 2217 server where they are
// installed, and a server that refuses.
// Long because each rule is tried at each of these ends, with one set-up.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { NO_LINE } from '../../src/attach/line.ts';
import { RemoteLine } from '../../src/attach/remote-line.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { ConnectionConfig } from '../../src/config/model.ts';
import type { SerialControl } from '../../src/gensio/gensio.ts';
import { TERMIOS } from '../../src/gensio/serialdev/termios.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { CONNECTION } from '../../src/options/connection.ts';
import { defaults } from '../../src/options/row.ts';
import { Engine } from '../../src/port/engine.ts';
import { freePort } from '../rig/free-port.ts';
import { openPty, type Pty } from '../rig/pty.ts';
import { settle, stands, until } from '../rig/wait.ts';
import { Application } from './application.ts';
import { attach, attachTestEnv, connected, Detour, Peer, type TestAttachEnv } from './attach-rig.ts';

function connection(accepter: string, connector: string): ConnectionConfig {
  const stack = (text: string, role: 'accepter' | 'connector') => parseStack(text, role, new Defaults());
  return {
    name: 'con0',
    accepter: stack(accepter, 'accepter'),
    connector: stack(connector, 'connector'),
    device: undefined,
    timeout: 0,
    enable: true,
    options: defaults(CONNECTION),
    pos: { file: 'test', line: 1, col: 1, len: 0 },
  };
}

interface Server {
  readonly port: number;
  readonly device: Pty;
  restart(): Promise<void>;
}

/** Our own port with a pty as its device. */
async function ourPort(t: TestContext, env: TestAttachEnv): Promise<Server> {
  const device = openPty({ raw: true });
  const port = await freePort();
  const config = {
    format: 'yaml' as const,
    connections: [connection(`telnet(rfc2217),tcp,127.0.0.1,${port}`, `serialdev,${device.path},9600n81,local`)],
    rotators: [],
    leds: [],
    admin: undefined,
  };
  const make = async (): Promise<Engine> => {
    const gensio = { lockDir: undefined };
    const made = new Engine({ clock: systemClock, log: env.log, gensio });
    await made.apply(config);
    return made;
  };
  let engine = await make();
  t.after(async () => {
    await engine.stop();
    await device.close();
  });
  const restart = async (): Promise<void> => {
    await engine.stop();
    engine = await make();
  };
  return { port, device, restart };
}

/** The original with a pty as its device. */
async function realSer2net(t: TestContext, env: TestAttachEnv): Promise<Server> {
  const device = openPty({ raw: true });
  const port = await freePort();
  const file = join(env.dir, 'ser2net.yaml');
  writeFileSync(
    file,
    `%YAML 1.1\n---\nconnection: &con0\n  accepter: telnet(rfc2217),tcp,127.0.0.1,${port}\n  connector: serialdev,${device.path},9600n81,local\n`,
  );
  const start = () => spawn('/usr/sbin/ser2net', ['-n', '-u', '-c', file], { stdio: 'ignore' });
  let child = start();
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  t.after(async () => {
    await end();
    await device.close();
  });
  const restart = async (): Promise<void> => {
    await end();
    child = start();
  };
  return { port, device, restart };
}

const SERVERS = { 'our own port': ourPort, 'real ser2net': realSer2net } as const;

for (const [name, server] of Object.entries(SERVERS)) {
  const skip = name === 'real ser2net' && !existsSync('/usr/sbin/ser2net') ? 'ser2net is not installed' : false;

  test(`${name}: what the application sets is set there, and again after a restart`, { skip }, async (t) => {
    const env = attachTestEnv(t);
    const { port, device, restart } = await server(t, env);
    const attachment = attach(t, env, `rfc2217://127.0.0.1:${port}`);
    await connected(attachment);
    const app = new Application(attachment.spec.device);
    await until('the speed of the server', () => app.termios.ospeed === 9600);
    app.setSpeed(57600);
    await until('57600 there', () => device.settings().ospeed === 57600);
    app.set((now) => ({ ...now, cflag: now.cflag | TERMIOS.CSTOPB | TERMIOS.CRTSCTS }));
    const there = TERMIOS.CSTOPB | TERMIOS.CRTSCTS;
    await until('stop bits and flow control there', () => (device.settings().cflag & there) === there);
    app.set((now) => ({ ...now, cflag: now.cflag & ~there, iflag: now.iflag | TERMIOS.IXON }));
    await until(
      'XON/XOFF there',
      () => (device.settings().iflag & TERMIOS.IXON) !== 0 && (device.settings().cflag & TERMIOS.CRTSCTS) === 0,
    );
    app.write('\xff\xf0 data \x11');
    await until('data there', () => device.master.peek().toString('latin1') === '\xff\xf0 data \x11');
    await restart();
    await until('another connection', () => attachment.view.connections >= 2 && attachment.view.state === 'connected', 10_000);
    await until('57600 again', () => device.settings().ospeed === 57600);
    await device.master.write('hello');
    assert.equal((await app.take(5)).toString(), 'hello');
    app.close();
  });

  test(`${name}: settings come before the data that was written after them`, { skip }, async (t) => {
    const env = attachTestEnv(t);
    const { port, device } = await server(t, env);
    const attachment = attach(t, env, `rfc2217://127.0.0.1:${port}`, { onDemand: true });
    const app = new Application(attachment.spec.device);
    app.setSpeed(2400);
    app.write('at 2400');
    assert.equal((await device.master.takeBytes(7)).toString(), 'at 2400');
    assert.equal(device.settings().ospeed, 2400);
    app.close();
  });
}

test('a thousand times open, set, write, read, close: no byte is lost on the way to the device or back', async (t) => {
  const env = attachTestEnv(t);
  const { port, device } = await ourPort(t, env);
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${port}`);
  await connected(attachment);
  let sent = 0;
  for (let i = 0; i < 1000; i++) {
    const app = new Application(attachment.spec.device);
    // What pyserial, minicom and the like do at each open.
    if (i % 10 === 0) app.setSpeed(i % 20 === 0 ? 19200 : 115200);
    const question = Buffer.from([0xff, i & 255, 0x11, i >> 8, 0x0d, 0x00, 0xff]);
    app.write(question);
    sent += question.length;
    assert.deepEqual(await device.master.takeBytes(question.length), question);
    const answer = Buffer.from(question).reverse();
    await device.master.write(answer);
    assert.deepEqual(await app.take(answer.length), answer);
    app.close();
  }
  assert.deepEqual([attachment.view.bytesOut, attachment.view.bytesIn], [sent, sent]);
  assert.equal(attachment.view.connections, 1);
  await until('115200 there', () => device.settings().ospeed === 115200);
});

test('a network that delays and cuts: the last of many settings is in force at the end', async (t) => {
  const env = attachTestEnv(t);
  const { port, device } = await ourPort(t, env);
  const detour = new Detour(t, port);
  detour.delay = 5;
  detour.cut = 2;
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await detour.peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  for (const speed of [300, 1200, 74880, 115200, 38400, 4800]) {
    app.setSpeed(speed);
    await settle();
  }
  await until('4800 there', () => device.settings().ospeed === 4800);
  detour.cutAll();
  app.setSpeed(19200);
  await until('19200 there', () => device.settings().ospeed === 19200);
  app.close();
});

/** A server that speaks enough RFC 2217: what it was asked for, and answers as the test says. */
class Answering {
  readonly peer: Peer;
  readonly asked: string[] = [];
  /** The answer to a request; undefined: none. */
  answer: (code: number, value: number) => number | undefined = (_code, value) => value;
  #rest = Buffer.alloc(0);
  constructor(t: TestContext) {
    this.peer = new Peer(t);
    this.peer.server.on('connection', (socket) => socket.write(Buffer.from([255, 253, 44])));
    this.peer.onData = (data, socket) => {
      this.#rest = Buffer.concat([this.#rest, data]);
      for (;;) {
        const at = this.#rest.indexOf(Buffer.from([255, 250, 44]));
        const end = at < 0 ? -1 : this.#rest.indexOf(Buffer.from([255, 240]), at);
        if (end < 0) return;
        const body = this.#rest.subarray(at + 3, end);
        this.#rest = this.#rest.subarray(end + 2);
        const code = body[0]!;
        const value = code === 1 ? body.readUInt32BE(1) : body[1]!;
        this.asked.push(`${code}=${value}`);
        const answer = this.answer(code, value);
        if (answer === undefined || code === 12) continue;
        const reply = code === 1 ? [0, 0, answer >> 8, answer & 255] : [answer];
        socket.write(Buffer.from([255, 250, 44, code + 100, ...reply, 255, 240]));
      }
    };
  }
}

test('--speed, --flow, DTR and RTS are asked for at each connection, parity and size too', async (t) => {
  const env = attachTestEnv(t);
  const far = new Answering(t);
  const speed = { speed: 1200, parity: 'E', databits: 7, stopbits: 2 } as const;
  const options = { speed, flow: 'xonxoff', dtr: 'on', rts: 'off' } as const;
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await far.peer.listen()}`, options);
  const wanted = ['1=0', '5=8', '5=12', '1=1200', '2=7', '3=3', '4=2', '5=2'];
  await until('all of it', () => far.asked.length === wanted.length);
  assert.deepEqual(far.asked, wanted);
  far.asked.length = 0;
  far.peer.drop('reset');
  await until('all of it again', () => far.asked.length === wanted.length);
  assert.deepEqual(far.asked, wanted);
  const app = new Application(attachment.spec.device);
  assert.equal(app.termios.ospeed, 1200);
  far.asked.length = 0;
  app.setSpeed(9600);
  await until('only what changed', () => far.asked.length > 0);
  assert.deepEqual(far.asked, ['1=9600']);
  app.close();
});

test('what follows the target counts for that target, and fixed keeps the application from changing it', async (t) => {
  const env = attachTestEnv(t);
  const far = new Answering(t);
  far.answer = (code, value) => (code === 1 && value === 0 ? 9600 : value);
  const url = `rfc2217://127.0.0.1:${await far.peer.listen()}?speed=4800o&dtr=open`;
  const attachment = attach(t, env, url, {
    fixed: true,
    speed: { speed: 50, parity: undefined, databits: undefined, stopbits: undefined },
  });
  await until('the line', () => far.asked.length === 4);
  assert.deepEqual(far.asked, ['1=0', '5=9', '1=4800', '3=2']);
  const app = new Application(attachment.spec.device);
  app.setSpeed(9600);
  app.flush('both');
  await until('DTR and the flush', () => far.asked.length === 7);
  app.close();
  await until('DTR off', () => far.asked.length === 8);
  assert.deepEqual(far.asked.slice(4).sort(), ['12=3', '1=0', '5=8', '5=9']);
});

test('flushes, and hanging up with speed 0, reach the server', async (t) => {
  const env = attachTestEnv(t);
  const far = new Answering(t);
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await far.peer.listen()}`, {
    speed: { speed: 9600, parity: undefined, databits: undefined, stopbits: undefined },
  });
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  for (const queue of ['input', 'output', 'both'] as const) {
    const flushes = (): number => far.asked.filter((each) => each.startsWith('12=')).length;
    const before = flushes();
    app.flush(queue);
    await until(`the flush ${queue}`, () => flushes() > before);
  }
  assert.deepEqual(
    far.asked.filter((each) => each.startsWith('12=')),
    ['12=1', '12=2', '12=3'],
  );
  app.setSpeed(0);
  await until('the lines to drop', () => far.asked.includes('5=9') && far.asked.includes('5=12'));
  app.setSpeed(9600);
  await until('the lines to rise', () => far.asked.includes('5=8') && far.asked.at(-1) === '1=9600');
  app.close();
});

test('after a flush the application gets nothing that came before it, however much was on its way', async (t) => {
  const env = attachTestEnv(t);
  const far = new Answering(t);
  far.answer = (code, value) => (code === 1 && value === 0 ? 9600 : value);
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await far.peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  await until('the speed of the server', () => app.termios.ospeed === 9600);
  far.peer.send(Buffer.alloc(2_000_000, 0x6f));
  await until('a full pty', () => attachment.view.bytesIn > 60_000);
  await stands('what was taken', () => attachment.view.bytesIn);
  app.flush('input');
  await until('the flush there', () => far.asked.includes('12=1') && far.asked.at(-1) === '1=0');
  far.peer.send('new');
  const got = await app.take(3);
  // What the kernel had taken in a piece of 512 bytes may be left.
  await until('new', () => Buffer.concat([got, app.peek()]).toString().endsWith('new'));
  const all = Buffer.concat([got, app.peek()]).toString();
  assert.ok(all.length <= 512 + 3, `${all.length} bytes came`);
  app.close();
});

test('a server that agrees to RFC 2217 and answers nothing: what comes after a flush is not thrown away', async (t) => {
  const env = attachTestEnv(t);
  const far = new Answering(t);
  far.answer = () => undefined;
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await far.peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  app.setSpeed(115200);
  app.flush('input');
  await until('the flush there', () => far.asked.includes('12=1'));
  far.peer.send('new');
  assert.equal((await app.take(3)).toString(), 'new');
  app.close();
});

test('a refused speed is logged, and shown to the application; an answer that is close enough is fine', async (t) => {
  const env = attachTestEnv(t);
  const far = new Answering(t);
  far.answer = (code, value) => (code === 1 ? (value === 0 || value === 14400 ? 9600 : value + 100) : value);
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await far.peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  app.setSpeed(14400);
  await until('the speed in force', () => app.termios.ospeed === 9600);
  assert.ok(env.lines.includes('warning dev: the server refused speed 14400, its speed is 9600'));
  app.setSpeed(57600);
  await until('the request', () => far.asked.includes('1=57600'));
  // What follows the answer is here, so the answer has been.
  far.peer.send('!');
  await app.take(1);
  assert.equal(app.termios.ospeed, 57600);
  assert.equal(env.lines.filter((line) => line.includes('refused')).length, 1);
  app.close();
});

test('an answer that comes when another speed was asked for meanwhile is no refusal', async (t) => {
  const env = attachTestEnv(t);
  const answers: ((value: number) => void)[] = [];
  const speeds: number[] = [];
  const serial: SerialControl = {
    get() {},
    set: (_item, _value, done) => void answers.push(done as (value: number) => void),
    sendBreak() {},
    purge() {},
  };
  const line = new RemoteLine(serial, { speed: (inForce) => void speeds.push(inForce) }, env.log, 'dev');
  const want = (speed: number): void => line.want({ ...NO_LINE, speed });
  want(250_000);
  want(57_600);
  answers[0]!(57_600);
  assert.deepEqual([env.lines, speeds], [[], []]);
  answers[1]!(9600);
  assert.deepEqual([env.lines, speeds], [['warning dev: the server refused speed 57600, its speed is 9600'], [9600]]);
});

test('a server without RFC 2217 is said so once, and carries data', async (t) => {
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  peer.server.on('connection', (socket) => socket.write(Buffer.from([255, 254, 44])));
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  app.setSpeed(1200);
  app.setSpeed(2400);
  app.write('data');
  await until('data', () => peer.got.toString('latin1').endsWith('data'));
  assert.equal(env.lines.filter((line) => line.includes('does not offer RFC 2217')).length, 1);
  app.close();
});

test('a connection that is lost while a question is open is no server without RFC 2217', async (t) => {
  const env = attachTestEnv(t);
  const far = new Answering(t);
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${await far.peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  far.answer = () => undefined;
  app.setSpeed(1200);
  await until('the question', () => far.asked.includes('1=1200'));
  far.peer.drop('reset');
  await until('the next connection', () => attachment.view.connections === 2);
  assert.deepEqual(
    env.lines.filter((line) => line.includes('does not offer')),
    [],
  );
  app.close();
});

const PYSERIAL = `
import json, socket, sys, threading, time
import serial, serial.rfc2217
port = serial.serial_for_url('loop://', timeout=0.05)
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(1)
print(json.dumps({'port': server.getsockname()[1]}), flush=True)
client, _ = server.accept()
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
class Out:
    def write(self, data): client.sendall(data)
manager = serial.rfc2217.PortManager(port, Out())
last = None
def report():
    global last
    now = {'speed': port.baudrate, 'parity': port.parity, 'size': port.bytesize, 'stop': port.stopbits, 'rtscts': port.rtscts, 'xonxoff': port.xonxoff}
    if now != last:
        last = now
        print(json.dumps(now), flush=True)
def back():
    while True:
        data = port.read(port.in_waiting or 1)
        if data: client.sendall(b''.join(manager.escape(data)))
threading.Thread(target=back, daemon=True).start()
while True:
    data = client.recv(1024)
    if not data: break
    port.write(b''.join(manager.filter(data)))
    report()
`;
const hasPyserial = existsSync('/usr/bin/python3') && spawnSync('/usr/bin/python3', ['-c', 'import serial.rfc2217']).status === 0;

const APPLICATION = `
import json, sys, serial
device = sys.argv[1]
out = {}
with serial.Serial(device, 115200, timeout=10, exclusive=True) as port:
    port.write(b'\\xffhello')
    port.flush()
    out['first'] = port.read(6).hex()
    port.baudrate = 250000
    port.baudrate = 57600
    port.rtscts = True
    port.stopbits = 2
    port.reset_input_buffer()
    port.reset_output_buffer()
    port.write(b'again')
    out['second'] = port.read(5).decode()
    out['waiting'] = port.in_waiting
    for name, change in (('parity', lambda: setattr(port, 'parity', 'E')), ('lines', lambda: port.cts), ('other', lambda: serial.Serial(device, exclusive=True))):
        try:
            change()
        except Exception as err:
            out[name] = getattr(err, 'errno', None) or err.args[0]
cycles = 0
for i in range(100):
    with serial.Serial(device, (9600, 57600)[i % 2], timeout=10) as port:
        port.write(b'%d;' % i)
        if port.read(len(b'%d;' % i)) == b'%d;' % i: cycles += 1
out['cycles'] = cycles
print(json.dumps(out))
`;

for (const [name, server] of Object.entries(SERVERS)) {
  const missing = name === 'real ser2net' && !existsSync('/usr/sbin/ser2net') ? 'ser2net is not installed' : undefined;
  const skip = missing ?? (hasPyserial ? false : 'python3-serial is not installed');

  test(`${name}: pyserial as the application, which opens the device a hundred times`, { skip }, async (t) => {
    const env = attachTestEnv(t);
    const { port, device } = await server(t, env);
    void (async () => {
      for (;;) await device.master.write(await device.master.takeBytes(1, 2 ** 31 - 1));
    })().catch(() => undefined);
    const attachment = attach(t, env, `rfc2217://127.0.0.1:${port}`);
    await connected(attachment);
    const child = spawn('/usr/bin/python3', ['-c', APPLICATION, attachment.spec.device], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => void child.kill('SIGKILL'));
    let out = '';
    let ended = false;
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
    });
    child.on('close', () => {
      ended = true;
    });
    await until('the application to end', () => ended);
    assert.deepEqual(JSON.parse(out), {
      first: 'ff68656c6c6f',
      second: 'again',
      waiting: 0,
      // What no pseudo-terminal has is an error at once: EINVAL, ENOTTY. The lock is the system's: EAGAIN.
      parity: 22,
      lines: 25,
      other: 11,
      cycles: 100,
    });
    await until('the last speed there', () => device.settings().ospeed === 57600);
    assert.equal(attachment.view.connections, 1);
    assert.deepEqual(
      env.lines.filter((line) => /the server|no answer/.test(line)),
      [],
    );
  });
}

test('pyserial as the server: settings arrive, and data comes back', {
  skip: hasPyserial ? false : 'python3-serial is not installed',
}, async (t) => {
  const env = attachTestEnv(t);
  const child = spawn('/usr/bin/python3', ['-c', PYSERIAL], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => void child.kill('SIGKILL'));
  const reports: Record<string, unknown>[] = [];
  createInterface(child.stdout).on('line', (line) => reports.push(JSON.parse(line) as Record<string, unknown>));
  await until('the server', () => reports.length > 0, 10_000);
  const options = { speed: { speed: 2400, parity: 'E', databits: 7, stopbits: 1 } } as const;
  const attachment = attach(t, env, `rfc2217://127.0.0.1:${String(reports[0]!.port)}`, options);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  const settled = (wanted: object) => until(JSON.stringify(wanted), () => JSON.stringify(reports.at(-1)) === JSON.stringify(wanted));
  await settled({ speed: 2400, parity: 'E', size: 7, stop: 1, rtscts: false, xonxoff: false });
  app.set((now) => ({ ...now, cflag: now.cflag | TERMIOS.CSTOPB | TERMIOS.CRTSCTS }));
  await settled({ speed: 2400, parity: 'E', size: 7, stop: 2, rtscts: true, xonxoff: false });
  app.setSpeed(115200);
  await settled({ speed: 115200, parity: 'E', size: 7, stop: 2, rtscts: true, xonxoff: false });
  app.write('\xffround\xff');
  assert.equal((await app.take(7)).toString('latin1'), '\xffround\xff');
  assert.deepEqual(
    env.lines.filter((line) => line.startsWith('warning')),
    [],
  );
  app.close();
});
