// Doors of a running daemon: sections beside its file, TLS with names, a socket in the file system, and a reload.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { freePort } from '../rig/free-port.ts';
import { makeKey, testFolder } from '../rig/keys.ts';
import { program } from '../rig/program.ts';
import { until } from '../rig/wait.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.js');
const DIR = testFolder();

/** A client, and what it has been sent. */
class Client {
  readonly socket: Socket;
  got = '';
  closed = false;
  constructor(t: TestContext, socket: Socket) {
    this.socket = socket;
    socket.on('data', (data: Buffer) => {
      this.got += data.toString('latin1');
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => undefined);
    t.after(() => void socket.destroy());
  }
  async has(text: string): Promise<void> {
    await until(
      () => `${JSON.stringify(text)} in ${JSON.stringify(this.got)}`,
      () => this.got.includes(text),
    );
  }
}

/** A daemon with one port, whose device returns what it is sent, and these sections beside its file. */
async function serve(t: TestContext, name: string, sections: string) {
  const file = join(DIR, `${name}.yaml`);
  const main = await freePort();
  writeFileSync(file, `connection: &con\n  accepter: tcp,127.0.0.1,${main}\n  connector: echo\n`);
  mkdirSync(`${file}.d`, { mode: 0o755 });
  chmodSync(`${file}.d`, 0o755);
  const put = (text: string): void => {
    writeFileSync(join(`${file}.d`, 'doors.yaml'), text);
    chmodSync(join(`${file}.d`, 'doors.yaml'), 0o644);
  };
  put(sections);
  const daemon = program(t, process.execPath, MAIN, '-d', '-l', '-c', file);
  await until(
    () => `the ready line in ${daemon.out()}`,
    () => daemon.out().includes('Ready: 1 port, all listening'),
  );
  const tcp = (port: number): Client => new Client(t, connect(port, '127.0.0.1'));
  return { main, put, daemon, tcp };
}

test('rights hold from the first client on, by the name in a verified certificate; a fault at a reload changes nothing', async (t) => {
  const server = makeKey(DIR, 'localhost');
  const [alice, bob] = ['alice', 'bob'].map((name) => makeKey(DIR, name, { use: 'client' }));
  const ca = join(DIR, 'ca.crt');
  writeFileSync(ca, `${readFileSync(alice!.cert, 'utf8')}${readFileSync(bob!.cert, 'utf8')}`);
  const [tls, raw] = [await freePort(), await freePort()];
  const unix = join(DIR, 'door');
  const stack = `ssl(key=${server.key},cert=${server.cert},CA=${ca},clientauth),tcp,127.0.0.1,${tls}`;
  const sections = `port: &con
  rights: [read]
  doors:
    - {accepter: '${stack}', rights: {alice: [read, write], '*': [read]}}
    - {accepter: 'tcp,127.0.0.1,${raw}'}
    - {accepter: 'unix,${unix}', rights: [write]}
`;
  const { main, put, daemon, tcp } = await serve(t, 'rights', sections);
  const secure = ({ key, cert }: { key: string; cert: string }): Client =>
    new Client(
      t,
      connectTls({ port: tls, host: '127.0.0.1', key: readFileSync(key), cert: readFileSync(cert), rejectUnauthorized: false }),
    );
  const [own, reader] = [tcp(main), tcp(raw)];
  own.socket.write('from the main accepter;');
  reader.socket.write('from a reader;');
  const [a, b] = [secure(alice!), secure(bob!)];
  b.socket.write('from bob;');
  const blind = new Client(t, connect(unix));
  // Whoever is there gets what the device says, which is what it was sent: all have come in before.
  const everyone = [own, reader, a, b];
  await until(
    () => `all clients in ${daemon.out()}`,
    () => [...daemon.out().matchAll(/ connected/g)].length >= 5,
  );
  a.socket.write('from alice;');
  for (const client of everyone) await client.has('from alice;');
  blind.socket.write('from the socket;');
  for (const client of everyone) await client.has('from the socket;');
  assert.deepEqual(
    everyone.map(({ got }) => got),
    Array.from({ length: 4 }, () => 'from alice;from the socket;'),
  );
  assert.equal(blind.got, '');

  put(sections.replace('rights: [read]', 'rights: [raed]'));
  daemon.child.kill('SIGHUP');
  await until('the fault in the log', () => daemon.out().includes("doors.yaml:2:12: error: 'raed' is not one of read, write, control"));
  a.socket.write('still there;');
  await reader.has('still there;');
  put(sections.replace(`    - {accepter: 'tcp,127.0.0.1,${raw}'}\n`, ''));
  daemon.child.kill('SIGHUP');
  await until('the end of the reader', () => reader.closed);
  assert.deepEqual([own.closed, a.closed, b.closed, blind.closed], [false, false, false, false]);
});

test('a client that speaks RFC 2217, one of plain bytes and one of telnet share a port, and one of them writes', async (t) => {
  const [auto, telnet] = [await freePort(), await freePort()];
  const { tcp, daemon } = await serve(
    t,
    'kinds',
    `port: &con
  writers: one
  takeover: now
  doors:
    - {accepter: 'tcp,127.0.0.1,${auto}', rights: [read, write], auto: true}
    - {accepter: 'telnet,tcp,127.0.0.1,${telnet}', rights: [read, write], escape: '\\x05c'}
`,
  );
  const [plain, program2217, person] = [tcp(auto), tcp(auto), tcp(telnet)];
  program2217.socket.write(Buffer.from([255, 251, 44]));
  await program2217.has('\xff\xfb');
  await until('all clients', () => [...daemon.out().matchAll(/ connected/g)].length >= 3);
  plain.socket.write('plain;');
  for (const client of [plain, program2217, person]) await client.has('plain;');
  person.socket.write('x\x05cw');
  await person.has('has the right to write, what you type is dropped; ^Ec f asks for it');
  await person.has('(writes)');
  person.socket.write('\x05cfperson;');
  for (const client of [plain, program2217, person]) await client.has('person;');
  assert.equal(plain.got, 'plain;person;');
  assert.match(daemon.out(), /con: ipv4,127\.0\.0\.1,\d+ has taken the right to write from ipv4,127\.0\.0\.1,\d+/);
});
