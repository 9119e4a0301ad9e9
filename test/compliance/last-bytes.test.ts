// What one end sends before it closes reaches the other end whole, then the close: through a running port, for every layer as
// connector and as accepter. The suite in gensio.ts says the same of single layers; here the port stands between.
// Long because every kind of end is made here.
import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createConnection, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { createServer, readConfig, type Ser2netServer } from '../../src/index.ts';
import { allowCertificate, makeKey, testFolder } from '../rig/keys.ts';
import { openPty } from '../rig/pty.ts';
import { pattern } from './gensio.ts';
import { until } from './recording-up.ts';

const dir = testFolder();
const noLibc = libc() === undefined && 'no koffi';
let count = 0;
const fresh = (): string => join(dir, `x${count++}`);
const server = makeKey(dir, 'server');
const joe = makeKey(dir, 'joe', { use: 'client' });
allowCertificate(join(dir, 'auth'), 'joe', joe);

/** More than the sockets on the way hold (tcp_wmem and tcp_rmem, 4 to 6 MB each at most), so that somebody has to wait. */
const MUCH = 16 * 1024 * 1024;

/** Runs one connection; `run.port` is where it listens, if it has a number. */
async function start(t: TestContext, accepter: string, connector: string, options = ''): Promise<{ server: Ser2netServer; port: number }> {
  const text = `connection: &p\n  accepter: ${accepter}\n  connector: ${connector}\n  options:\n    authdir: ${join(dir, 'auth')}\n${options}`;
  const { config, diags } = readConfig(text);
  assert.deepEqual(diags, []);
  const running = createServer(config, { lockDir: false });
  running.on('error', (err) => t.diagnostic(err.message));
  await running.start();
  t.after(() => running.stop());
  assert.equal(running.port('p')?.failure, undefined);
  return { server: running, port: running.port('p')?.listening ?? 0 };
}

/** One end of a connection, as a socket that writes down what came. */
class End {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  bytes = 0;
  ended = false;
  error: Error | undefined;
  constructor(t: TestContext, socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.#chunks.push(data);
      this.bytes += data.length;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (err) => {
      this.error = err;
    });
    t.after(() => socket.destroy());
  }
  /** Waits for the end and compares what came until then. */
  async got(wanted: Buffer): Promise<void> {
    await until(
      () => this.ended || this.error !== undefined,
      () => `the end; ${this.bytes} of ${wanted.length} bytes came`,
    );
    assert.equal(this.error, undefined);
    assert.equal(this.bytes, wanted.length);
    assert.ok(Buffer.concat(this.#chunks).equals(wanted));
  }
}

const connect = (t: TestContext, to: number | string): End =>
  new End(t, typeof to === 'number' ? createConnection({ port: to, host: '127.0.0.1' }) : createConnection({ path: to }));

/** A device that is a socket server; its first connection. */
async function device(t: TestContext, path?: string): Promise<{ port: number; end: () => Promise<End> }> {
  let first: End | undefined;
  const listener: Server = createNetServer({ allowHalfOpen: true }, (socket) => {
    first ??= new End(t, socket);
  });
  await new Promise<void>((resolve) => (path === undefined ? listener.listen(0, '127.0.0.1', resolve) : listener.listen(path, resolve)));
  t.after(() => void listener.close());
  const address = listener.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const end = async (): Promise<End> => {
    await until(() => first !== undefined, 'the port to open the device');
    return first!;
  };
  return { port, end };
}

/** Both directions between a client and a device that is a socket. */
async function bothWays(t: TestContext, run: (device: string) => Promise<number | string>, amount = MUCH): Promise<void> {
  const data = pattern(amount, 3);
  await t.test('the device closes', async (t) => {
    const far = await device(t);
    const client = connect(t, await run(`tcp,127.0.0.1,${far.port}`));
    (await far.end()).socket.end(data);
    await client.got(data);
  });
  await t.test('the device closes while the client does not read', async (t) => {
    const far = await device(t);
    const client = connect(t, await run(`tcp,127.0.0.1,${far.port}`));
    const end = await far.end();
    client.socket.pause();
    end.socket.end(data);
    await until(() => end.socket.writableLength === 0 || end.socket.bytesWritten > amount / 16, 'some bytes to leave');
    client.socket.resume();
    await client.got(data);
  });
  await t.test('the client closes', async (t) => {
    const far = await device(t);
    const client = connect(t, await run(`tcp,127.0.0.1,${far.port}`));
    const end = await far.end();
    client.socket.end(data);
    await end.got(data);
  });
  await t.test('the client closes while the device does not read', async (t) => {
    const far = await device(t);
    const client = connect(t, await run(`tcp,127.0.0.1,${far.port}`));
    const end = await far.end();
    end.socket.pause();
    client.socket.end(data);
    await until(() => client.socket.bytesWritten > amount / 16, 'some bytes to leave');
    end.socket.resume();
    await end.got(data);
  });
}

test('tcp to tcp', (t) => bothWays(t, async (to) => (await start(t, 'tcp,127.0.0.1,0', to)).port));

for (const above of ['', 'telnet,', 'xlt(in=200:201),'])
  test(`a client of ${above}tcp that is long gone: the device gets the rest of what it sent when it reads again`, async (t) => {
    const far = await device(t);
    const { server: run, port } = await start(t, `${above}tcp,127.0.0.1,0`, `tcp,127.0.0.1,${far.port}`);
    const client = connect(t, port);
    const end = await far.end();
    end.socket.pause();
    // In pieces, each another, until one is not taken any more: it waits in the kernel.
    const pieces: Buffer[] = [];
    const taken = (): number => run.port('p')?.counters.toDevice ?? 0;
    for (let turns = 0; turns < 500; turns++) {
      if (taken() === pieces.length * 65536) {
        // Telnet leaves ASCII alone.
        pieces.push(pattern(65536, pieces.length).map((byte) => byte & 0x7f) as Buffer);
        client.socket.write(pieces.at(-1)!);
        turns = 0;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(client.socket.writableLength, 0);
    client.socket.end();
    await until(() => run.port('p')?.users.length === 0, 'the client to be let go');
    assert.equal(run.port('p')?.state, 'closing');
    end.socket.resume();
    await end.got(Buffer.concat(pieces));
  });

/** Waits until nothing moves any more. */
async function standstill(count: () => number): Promise<number> {
  for (let turns = 0, before = -1; turns < 500; turns++) {
    if (count() !== before) turns = 0;
    before = count();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return count();
}

// When a device closes, its last bytes are read only after all before them have left; here some are still in the process.
test('a client that is closed while it does not read: what was taken off the device for it still arrives', async (t) => {
  const far = await device(t);
  const { server: run, port } = await start(t, 'tcp,127.0.0.1,0', `tcp,127.0.0.1,${far.port}`, '    kickolduser: true\n');
  const client = connect(t, port);
  const end = await far.end();
  client.socket.pause();
  const data = pattern(MUCH, 16);
  end.socket.write(data);
  const had = await standstill(() => run.port('p')?.counters.fromDevice ?? 0);
  assert.ok(had > 0 && had < MUCH, `${had} bytes`);
  const next = connect(t, port);
  await until(() => run.port('p')?.users[0]?.peer.endsWith(`,${next.socket.localPort}`) === true, 'the next client');
  client.socket.resume();
  await client.got(data.subarray(0, had));
});

test('the accepter unix', (t) =>
  bothWays(t, async (to) => {
    const path = fresh();
    await start(t, `unix,${path}`, to);
    return path;
  }));

test('the connector unix', (t) =>
  bothWays(t, async (to) => {
    const path = fresh();
    await start(t, `unix,${path}`, to);
    return (await start(t, 'tcp,127.0.0.1,0', `unix,${path}`)).port;
  }));

const tlsServer = `ssl(key=${server.key},cert=${server.cert})`;
// Without `cert=` a connector wants the default certificate, as the reference does.
const tlsClient = `ssl(CA=${server.cert},cert=)`;
const login = `certauth(username=joe,key=${joe.key},cert=${joe.cert})`;
/** What the accepter of one port and the connector of another have above tcp. */
const PAIRS: readonly (readonly [string, string, number?])[] = [
  ['telnet,', 'telnet,'],
  ['telnet(rfc2217),', 'telnet(rfc2217),'],
  [`${tlsServer},`, `${tlsClient},`],
  [`certauth,${tlsServer},`, `${login},${tlsClient},`],
  ['mux,', 'mux,'],
  [`mux,certauth,${tlsServer},`, `mux,${login},${tlsClient},`],
  ['relpkt,msgdelim,', 'relpkt,msgdelim,', 2_000_000],
  ['xlt(in=1:2,in=2:1,out=1:2,out=2:1),', 'xlt(in=1:2,in=2:1,out=1:2,out=2:1),'],
  [`trace(dir=both,file=${join(dir, 'trace')}),`, `trace(dir=both,file=${join(dir, 'trace2')}),`, 1_000_000],
  ['ratelimit(xmit_len=65536,xmit_delay=1m),', 'ratelimit(xmit_len=65536,xmit_delay=1m),'],
  ['chardelay,', 'chardelay,'],
];
for (const [above, beside, amount] of PAIRS) {
  test(`accepter and connector ${above.replace(/=[^,)]*/g, '=')}tcp`, (t) =>
    bothWays(
      t,
      async (to) => {
        const { port } = await start(t, `${above}tcp,127.0.0.1,0`, to);
        return (await start(t, 'tcp,127.0.0.1,0', `${beside}tcp,127.0.0.1,${port}`)).port;
      },
      amount,
    ));
}

// While the script runs it gets what comes: so nothing is sent before that is over.
test('the connector script', async (t) => {
  const data = pattern(MUCH, 15);
  for (const closer of ['the device', 'the client']) {
    await t.test(`${closer} closes`, async (t) => {
      const far = await device(t);
      const { port } = await start(t, 'tcp,127.0.0.1,0', `script(script=true),tcp,127.0.0.1,${far.port}`, '    banner: open\n');
      const client = connect(t, port);
      const end = await far.end();
      await until(() => client.bytes === 4, 'the banner');
      const [from, to] = closer === 'the device' ? [end, client] : [client, end];
      from.socket.end(data);
      await to.got(to === client ? Buffer.concat([Buffer.from('open'), data]) : data);
    });
  }
});

test('the accepter conacc', async (t) => {
  const data = pattern(MUCH, 4);
  for (const closer of ['the device', 'the client']) {
    await t.test(`${closer} closes`, async (t) => {
      const far = await device(t);
      const near = await device(t);
      await start(t, `conacc(retry-time=600000),tcp,127.0.0.1,${near.port}`, `tcp,127.0.0.1,${far.port}`);
      const [client, end] = [await near.end(), await far.end()];
      const [from, to] = closer === 'the device' ? [end, client] : [client, end];
      from.socket.end(data);
      await to.got(data);
    });
  }
});

test('the connector keepopen: the client closes', async (t) => {
  const data = pattern(MUCH, 5);
  const far = await device(t);
  const client = connect(t, (await start(t, 'tcp,127.0.0.1,0', `keepopen(retry-time=600000),tcp,127.0.0.1,${far.port}`)).port);
  const end = await far.end();
  client.socket.end(data);
  await end.got(data);
});

test('the connector keepopen: what the device sent before it closed arrives, and the client stays', async (t) => {
  const data = pattern(MUCH, 6);
  const far = await device(t);
  const client = connect(t, (await start(t, 'tcp,127.0.0.1,0', `keepopen(retry-time=600000),tcp,127.0.0.1,${far.port}`)).port);
  (await far.end()).socket.end(data);
  await until(
    () => client.bytes === MUCH,
    () => `${client.bytes} bytes came`,
  );
  assert.equal(client.ended, false);
});

const source = fresh();
writeFileSync(source, pattern(MUCH, 8));

for (const held of [false, true]) {
  const how = held ? ', also to a client that does not read at first' : '';
  for (const connector of [`stdio,cat ${source}`, `file(infile=${source})`]) {
    test(`the connector ${connector.replace(source, 'FILE')}: all of it arrives${how}`, async (t) => {
      const client = connect(t, (await start(t, 'tcp,127.0.0.1,0', connector)).port);
      if (held) {
        client.socket.pause();
        await new Promise((resolve) => client.socket.once('readable', resolve));
        client.socket.resume();
      }
      await client.got(pattern(MUCH, 8));
    });
  }
  test(`the connector pty,cat FILE: all of it arrives${how}`, { skip: noLibc }, async (t) => {
    const client = connect(t, (await start(t, 'tcp,127.0.0.1,0', `pty(raw),cat ${source}`)).port);
    if (held) {
      client.socket.pause();
      await new Promise((resolve) => client.socket.once('readable', resolve));
      client.socket.resume();
    }
    await client.got(pattern(MUCH, 8));
  });
}

test('the connectors stdio and file take all that a client sends before it closes', async (t) => {
  const data = pattern(MUCH, 9);
  for (const make of [(to: string) => `stdio,sh -c 'cat > ${to}'`, (to: string) => `file(outfile=${to},create)`]) {
    const to = fresh();
    const client = connect(t, (await start(t, 'tcp,127.0.0.1,0', make(to))).port);
    client.socket.end(data);
    // Not read each time: what is tested runs in this process, too.
    const written = (): number => statSync(to, { throwIfNoEntry: false })?.size ?? 0;
    await until(
      () => written() >= MUCH,
      () => `${make(to)}: ${written()} bytes`,
    );
    assert.ok(readFileSync(to).equals(data));
  }
});

// A terminal that hangs up loses what the kernel still has of it, whoever reads: so the rule is for what was taken off it.
test('the connector serialdev: what the device sent and the kernel has handed over arrives when it hangs up', {
  skip: noLibc,
}, async (t) => {
  const c = libc()!;
  const waiting = 'chardelay-min: 100000\n    chardelay-max: 100000\n    chardelay-scale: 1000';
  for (const [size, options] of [
    [1, ''],
    [4000, ''],
    [700, `    ${waiting}\n`],
    [64 * 1024, ''],
  ] as const) {
    const pty = openPty({ raw: true, keepOpen: false });
    t.after(() => pty.close());
    const run = await start(t, 'tcp,127.0.0.1,0', `serialdev,${pty.path},115200n81,local`, options);
    const client = connect(t, run.port);
    await until(() => run.server.port('p')?.state === 'open', 'the session');
    const data = pattern(size, size);
    await pty.master.write(data);
    await until(
      () => c.outputQueued(pty.master.fd) === 0 && (run.server.port('p')?.counters.fromDevice ?? 0) === size,
      'the bytes to be taken',
    );
    pty.master.close();
    await client.got(data);
  }
});

test('the connector serialdev: it hangs up while a client does not read: all that was taken off it still arrives', {
  skip: noLibc,
}, async (t) => {
  const pty = openPty({ raw: true, keepOpen: false });
  t.after(() => pty.close());
  const run = await start(t, 'tcp,127.0.0.1,0', `serialdev,${pty.path},115200n81,local`);
  const client = connect(t, run.port);
  await until(() => run.server.port('p')?.state === 'open', 'the session');
  client.socket.pause();
  const data = pattern(MUCH, 14);
  const taken = (): number => run.server.port('p')?.counters.fromDevice ?? 0;
  void pty.master.write(data).catch(() => undefined);
  // The client's socket is full then.
  const had = await standstill(taken);
  assert.ok(had > 0 && had < MUCH, `${had} bytes`);
  pty.master.close();
  client.socket.resume();
  // What the kernel had not handed over may come or be lost; nothing is missing in between.
  await until(
    () => client.ended,
    () => `the end; ${client.bytes} of ${had} bytes came`,
  );
  assert.ok(client.bytes >= had, `${client.bytes} of ${had} bytes came`);
  await client.got(data.subarray(0, client.bytes));
});

test('the connector serialdev takes all that a client sends before it closes', { skip: noLibc }, async (t) => {
  const pty = openPty({ raw: true });
  t.after(() => pty.close());
  const run = await start(t, 'tcp,127.0.0.1,0', `serialdev,${pty.path},115200n81,local`);
  for (const size of [1, 4096, 1024 * 1024]) {
    const data = pattern(size, size);
    connect(t, run.port).socket.end(data);
    assert.ok((await pty.master.takeBytes(size)).equals(data));
    await until(() => run.server.port('p')?.state === 'unconnected', 'the end of the session');
  }
  assert.equal(pty.master.take().length, 0);
});

test('the connector pty: what an application wrote before it closed arrives, and it gets what a client sent', {
  skip: noLibc,
}, async (t) => {
  const link = fresh();
  const run = await start(t, 'tcp,127.0.0.1,0', `pty(raw,link=${link})`);
  const client = connect(t, run.port);
  await until(() => existsSync(link), 'the link');
  const slave = openSync(link, constants.O_RDWR | constants.O_NOCTTY);
  const data = pattern(3000, 12);
  writeSync(slave, data);
  closeSync(slave);
  await client.got(data);
});
