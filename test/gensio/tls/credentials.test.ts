// The files of keys and certificates: when they are read, what is said of those that cannot be used, and how they are renewed.
import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Builder } from '../../../src/gensio/registry.ts';
import { reloadTls } from '../../../src/gensio/tls/credentials.ts';
import { RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { makeKey } from '../../rig/keys.ts';
import { bob, clientOpts, dir, joe, nodeClient, type Opts, pair, server, ssl, sslPort, weak, weakCert } from './tls-rig.ts';

test('files that cannot be used are told with the reason, once each time they are read: weak, encrypted, no key, expired', async () => {
  const text = join(dir, 'text');
  writeFileSync(text, 'hello');
  const old = makeKey(dir, 'old-server', { now: new Date('2020-01-01T00:00:00Z') });
  for (const [key, cert, code, line] of [
    [
      join(weak, 'weak.key'),
      weakCert,
      'certinvalid',
      `err ssl: the certificate ${weakCert} is too weak: its RSA key has 1024 bits, not 2048 or more`,
    ],
    [join(weak, 'encrypted.key'), weakCert, 'keynotfound', /err ssl: the key .*encrypted.key is encrypted, and a daemon has nobody to ask/],
    [join(weak, 'encrypted-old.key'), weakCert, 'keynotfound', /err ssl: the key .*encrypted-old.key is encrypted/],
    [text, server.cert, 'keynotfound', `err ssl: ${text} has no private key`],
    [server.key, text, 'certnotfound', `err ssl: ${text} has no certificate`],
    [server.key, join(dir, 'none'), 'certnotfound', `err ssl: ${join(dir, 'none')}: No such file or directory`],
    [old.key, old.cert, undefined, /warning ssl: .*old-server.crt: certificate has expired \(Dec 31 23:00:00 2019 GMT to Jan 31 /],
  ] as const) {
    const env = testEnv();
    for (let i = 0; i < 2; i++) assert.equal((await pair({ key, cert }, clientOpts({ allowAuthfail: true }), env)).errors[0]?.code, code);
    const said = env.lines.filter((l) => l.includes(' ssl: '));
    assert.equal(said.length, 1, said.join());
    if (typeof line === 'string') assert.equal(said[0], line);
    else assert.match(said[0]!, line);
  }
});

test("an accepter's files are read when a connection comes; missing ones cost that connection only", async (t) => {
  const [key, cert] = [join(dir, 'late.key'), join(dir, 'late.crt')];
  const p = await sslPort(t, { key, cert });
  nodeClient(t, p.port);
  await until(() => p.failed.length === 1, 'a failure');
  assert.equal(p.failed[0]?.message, 'Unable to find given certificate');
  assert.equal(p.failed[0]?.stage, 'allocating');
  copyFileSync(server.key, key);
  copyFileSync(server.cert, cert);
  reloadTls();
  nodeClient(t, p.port);
  await until(() => p.accepted.length === 1, 'a connection');
});

test('new files serve new connections, old ones live on, and broken files change nothing', async (t) => {
  const [key, cert] = [join(dir, 'renew.key'), join(dir, 'renew.crt')];
  const [one, two] = [makeKey(dir, 'one'), makeKey(dir, 'two')];
  copyFileSync(one.key, key);
  copyFileSync(one.cert, cert);
  const p = await sslPort(t, { key, cert });
  const subject = async (): Promise<string> => {
    const before = p.accepted.length;
    const s = nodeClient(t, p.port);
    let subject = '';
    s.once('secureConnect', () => {
      subject = s.getPeerX509Certificate()!.subject;
    });
    await until(() => p.accepted.length > before && subject !== '', 'a connection');
    return subject;
  };
  assert.equal(await subject(), 'CN=one');
  copyFileSync(two.cert, `${cert}.new`);
  renameSync(`${cert}.new`, cert);
  reloadTls();
  assert.equal(await subject(), 'CN=one', 'the key does not fit yet');
  assert.match(p.env.lines.join('\n'), /warning ssl: keeping the certificate in use/);
  copyFileSync(two.key, key);
  reloadTls();
  assert.equal(await subject(), 'CN=two');
  rmSync(key);
  reloadTls();
  assert.equal(await subject(), 'CN=two');
  const recorder = new RecordingUp();
  p.accepted[0]!.up = recorder;
  p.accepted[0]!.write(Buffer.from('x'));
  await settle();
  assert.equal(recorder.closes, 0);
});

test('a connector with files that are missing, wrong or no pair is refused when it is made', () => {
  const wrong = join(dir, 'wrong.pem');
  writeFileSync(wrong, 'nothing');
  const build = (opts: Opts): unknown => new Builder(testEnv()).connector(ssl(opts));
  const none = { key: join(dir, 'none'), cert: join(dir, 'none') };
  assert.throws(() => build(none), { message: 'Unable to find given certificate' });
  assert.throws(() => build({ key: wrong, cert: joe.cert }), { code: 'keynotfound' });
  assert.throws(() => build({ key: bob.key, cert: joe.cert }), { code: 'keyinvalid' });
  assert.throws(() => build(clientOpts({ CA: wrong })), { code: 'certnotfound' });
  assert.throws(() => build(clientOpts({ CA: join(dir, 'none') })), { code: 'certnotfound' });
  assert.doesNotThrow(() => build(clientOpts({ CA: join(dir, 'no-such-directory/') })));
});
