// What attach and console say when TLS with a server fails: what probably is wrong, and the option that helps. Servers are real:
// OpenSSL's, which sends alerts, our own port, which only closes, one of Node.js, and one that knows no TLS.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { tlsAdvice } from '../../src/attach/tls-advice.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import type { AttachOptions } from '../../src/options/attach.ts';
import { atTerminal } from '../cli/at-terminal.ts';
import { run } from '../cli/command-rig.ts';
import { sslPort, weak } from '../gensio/tls/tls-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { makeKey, testFolder } from '../rig/keys.ts';
import { missing, program } from '../rig/program.ts';
import { until } from '../rig/wait.ts';
import { attach, attachOptions, attachTestEnv, connected, Peer, target } from './attach-rig.ts';

const dir = testFolder();
const server = makeKey(dir, 'localhost');
const other = makeKey(dir, 'other');
const joe = makeKey(dir, 'joe', { use: 'client' });
const bob = makeKey(dir, 'bob', { use: 'client' });
const pin = `sha256:${server.x509.fingerprint256}`;
/** A server whose certificate, of a CA, is for plc.example and 127.0.0.1. */
const plc: TlsOptions = { key: readFileSync(join(weak, 'plc.key')), cert: readFileSync(join(weak, 'plc.crt')) };
const plcPin = `sha256:${new X509Certificate(plc.cert as Buffer).fingerprint256}`;

/** A server of Node.js. */
function nodeServer(t: TestContext, over: TlsOptions = {}, talk?: (socket: TLSSocket) => void): Promise<number> {
  const sockets = new Set<TLSSocket>();
  const listening = createServer({ key: readFileSync(server.key), cert: readFileSync(server.cert), ...over }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk?.(socket);
  });
  listening.on('tlsClientError', () => undefined);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listening.close();
  });
  return new Promise((resolve) => listening.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port)));
}

const ours = async (t: TestContext): Promise<number> =>
  (await sslPort(t, { key: server.key, cert: server.cert, clientauth: true, CA: joe.cert })).port;
/** OpenSSL's own server, which wants a certificate that joe has issued. */
async function openssl(t: TestContext): Promise<number> {
  const port = await freePort();
  const files = ['-key', server.key, '-cert', server.cert, '-CAfile', joe.cert];
  const running = program(t, 'openssl', 's_server', '-accept', `127.0.0.1:${port}`, ...files, '-Verify', '1', '-verify_return_error');
  await until('openssl', () => running.out().includes('ACCEPT'));
  return port;
}
const withoutTls = async (t: TestContext): Promise<number> => {
  const peer = new Peer(t);
  const port = await peer.listen();
  peer.onData = () => peer.send('what is this?\r\n');
  return port;
};

interface Case {
  readonly name: string;
  readonly skip?: string | false;
  readonly server: (t: TestContext) => Promise<number>;
  readonly options: Partial<AttachOptions>;
  readonly says: string;
}
const trusted = { tlsCa: server.cert };
const cases: readonly Case[] = [
  {
    name: 'an unknown server shows its fingerprint, and the options that trust it',
    server: (t) => nodeServer(t),
    options: {},
    says: `(self-signed certificate); the fingerprint of the server is ${pin}; if it is the right one, trust it with --tls-allow ${pin}, or its issuer with --tls-ca FILE`,
  },
  {
    name: 'a wrong CA: the same',
    server: (t) => nodeServer(t),
    options: { tlsCa: other.cert },
    says: `(self-signed certificate); the fingerprint of the server is ${pin}; if it is the right one, trust it with --tls-allow ${pin}, or its issuer with --tls-ca FILE`,
  },
  {
    name: 'a server that is not on the list',
    server: (t) => nodeServer(t),
    options: { ...trusted, tlsAllow: 'nobody' },
    says: `(not on the allow list); the fingerprint of the server is ${pin}; if it is the right one, trust it with --tls-allow ${pin}, or its issuer with --tls-ca FILE`,
  },
  {
    name: 'a certificate of the CA, but for another host',
    server: (t) => nodeServer(t, plc),
    options: { tlsCa: join(weak, 'ca.crt') },
    says: `(it is for plc.example, 127.0.0.1, not for localhost); the fingerprint of the server is ${plcPin}; if it is the right one, trust it with --tls-allow ${plcPin}, or its issuer with --tls-ca FILE`,
  },
  {
    name: 'our own port wants a client certificate, and only closes',
    server: ours,
    options: trusted,
    says: 'the server may want a client certificate: --tls-cert FILE and --tls-key FILE',
  },
  {
    name: 'our own port does not accept the client certificate',
    server: ours,
    options: { ...trusted, tlsCert: bob.cert, tlsKey: bob.key },
    says: `the server may not accept the certificate ${bob.cert}`,
  },
  {
    name: 'OpenSSL says that it wants a client certificate',
    skip: missing('openssl'),
    server: openssl,
    options: trusted,
    says: 'the server wants a client certificate: --tls-cert FILE and --tls-key FILE',
  },
  {
    name: 'OpenSSL says that it does not accept the client certificate',
    skip: missing('openssl'),
    server: openssl,
    options: { ...trusted, tlsCert: bob.cert, tlsKey: bob.key },
    says: `the server does not accept the certificate ${bob.cert}`,
  },
  {
    name: 'a server without TLS',
    server: withoutTls,
    options: trusted,
    says: 'the server does not speak TLS on this port',
  },
];

for (const { name, skip = false, server: serverOf, options, says } of cases) {
  test(`attach: ${name}`, { skip }, async (t) => {
    const env = attachTestEnv(t);
    const port = await serverOf(t);
    const attachment = attach(t, env, `tls://localhost:${port}`, { ...options, retryTime: 5, retryMax: 5 });
    await until('several attempts', () => env.lines.filter((line) => /cannot connect to/.test(line)).length > 3);
    // Never connected, and said once.
    const told = env.lines.filter((line) => !line.startsWith('debug ') && !line.startsWith('info ')).slice(1);
    assert.equal(told.length, 1, told.join('\n'));
    assert.ok(told[0]!.includes(`cannot connect to tls://localhost:${port}: `) && told[0]!.endsWith(says), told[0]);
    await new Promise<void>((resolve) => attachment.stop(resolve));
  });

  test(`console: ${name}`, { skip }, async (t) => {
    const port = await serverOf(t);
    const words = [
      ...(options.tlsCa === undefined ? [] : ['--tls-ca', options.tlsCa]),
      ...(options.tlsAllow === undefined ? [] : ['--tls-allow', options.tlsAllow]),
      ...(options.tlsCert === undefined ? [] : ['--tls-cert', options.tlsCert, '--tls-key', options.tlsKey!]),
    ];
    const { code, out, err } = await run(['console', ...words, `tls://localhost:${port}`], { stdin: '' });
    assert.deepEqual([code, out], [1, '']);
    assert.ok(err.startsWith(`ser2net console: cannot connect to tls://localhost:${port}: `) && err.endsWith(`${says}\n`), err);
  });
}

for (const [why, host, options] of [
  ['that the CA vouches for, called by a name of its certificate', '127.0.0.1', { tlsCa: join(weak, 'ca.crt') }],
  ['whose fingerprint is given, by whatever name it is called', 'localhost', { tlsCa: join(weak, 'ca.crt'), tlsAllow: plcPin }],
] as const satisfies readonly (readonly [string, string, Partial<AttachOptions>])[]) {
  test(`attach and console take a server ${why}`, async (t) => {
    const port = await nodeServer(t, plc, (socket) => void socket.write('hello'));
    const env = attachTestEnv(t);
    const attachment = attach(t, env, `tls://${host}:${port}`, options);
    await until('a connection', () => env.lines.some((line) => /connected to/.test(line)));
    await new Promise<void>((resolve) => attachment.stop(resolve));
    const words = ['--wait', '300m', '--tls-ca', options.tlsCa, ...('tlsAllow' in options ? ['--tls-allow', options.tlsAllow] : [])];
    const { code, out, err } = await run(['console', ...words, `tls://${host}:${port}`], { stdin: '' });
    assert.deepEqual([code, out], [0, 'hello'], err);
  });
}

test('a server that has spoken and then ends the connection is not said to have no TLS', async (t) => {
  const port = await nodeServer(t, {}, (socket) => void socket.end('bye'));
  const { code, out, err } = await run(['console', '--tls-ca', server.cert, `tls://localhost:${port}`], { stdin: '' });
  assert.deepEqual([code, out], [1, 'bye']);
  assert.match(err, /lost: Remote end closed connection\n$/);
});

test('what the server sends first over TLS is shown, also when it says it at once', async (t) => {
  const port = await nodeServer(t, {}, (socket) => void socket.write('login: '));
  const { pty, ended } = atTerminal(t, ['--tls-ca', server.cert, `tls://localhost:${port}`]);
  await pty.master.takeUntil('login: ');
  await pty.master.write('\x1dq');
  assert.equal(await ended, 0);
});

test('a server that likes us is said to be connected as soon as it says something', async (t) => {
  const env = attachTestEnv(t);
  const port = await nodeServer(t, {}, (socket) => void socket.write('hello'));
  const attachment = attach(t, env, `tls://localhost:${port}`, trusted);
  await connected(attachment);
  await until('the line', () => env.lines.some((line) => line.startsWith(`notice dev: connected to tls://localhost:${port} (`)));
  assert.equal(env.lines.filter((line) => line.includes('cannot connect')).length, 0);
});

test('an alert is the server speaking: it is sure what it wants', () => {
  const alert = (text: string): GensioError => new GensioError('protoerr', `error:0A00045C:SSL routines::tlsv13 alert ${text}`);
  const plain = target('tls://h:1');
  const withCert = target('tls://h:1', attachOptions({ tlsCert: '/joe.crt' }));
  assert.equal(
    tlsAdvice(alert('certificate required'), plain, true, '--'),
    'the server wants a client certificate: --tls-cert FILE and --tls-key FILE',
  );
  assert.equal(tlsAdvice(alert('unknown ca'), withCert, true, ''), 'the server does not accept the certificate /joe.crt');
  assert.equal(
    tlsAdvice(alert('certificate required'), plain, true, ''),
    'the server wants a client certificate: tls-cert: FILE and tls-key: FILE',
  );
  const stack = target('ssl(cert=),tcp,h,1');
  assert.equal(
    tlsAdvice(alert('certificate required'), stack, true, '--'),
    'the server wants a client certificate: cert=FILE and key=FILE',
  );
});

test('a certificate that has expired is not helped by its fingerprint, and plain TCP gets no advice', () => {
  const expired = new GensioError('certinvalid', 'certificate has expired', undefined, { fingerprint: 'AB:CD' });
  assert.equal(tlsAdvice(expired, target('tls://h:1'), true, '--'), 'the certificate of the server must be replaced (sha256:AB:CD)');
  assert.equal(tlsAdvice(new GensioError('remclose'), target('tcp://h:1'), false, '--'), undefined);
  assert.equal(tlsAdvice(new GensioError('connrefuse'), target('tls://h:1'), false, '--'), undefined);
  assert.match(tlsAdvice(new GensioError('timedout'), target('tls://h:1'), false, '--') ?? '', /does not speak TLS/);
});
