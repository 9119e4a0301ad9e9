// TLS with other programs: socat's OpenSSL and the reference's own tool.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { Builder } from '../../../src/gensio/registry.ts';
import { directoryAuthority } from '../../../src/gensio/tls/authority.ts';
import { Ear, opened, until } from '../../compliance/ear.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { freePort, gensiot, noGensiot } from '../../rig/gensiot.ts';
import { allowCertificate } from '../../rig/keys.ts';
import { missing, type Program, program } from '../../rig/program.ts';
import { tcpSpec } from '../layer-spec.ts';
import { bob, clientOpts, dir, joe, server, serverOpts, ssl, sslPort } from './tls-rig.ts';

const noSocat = missing('socat');

/** Echoes what comes, and asserts that the far end program sees it. */
async function echo(g: Gensio, far: Program): Promise<Ear> {
  const ear = new Ear();
  g.up = ear;
  g.setReading(true);
  far.write('hello over TLS\n');
  await until(
    () => ear.text().includes('hello over TLS\n'),
    () => `the client's line; it says ${far.out()}`,
  );
  g.write(Buffer.from('and back\n'));
  await until(
    () => far.out().includes('and back'),
    () => `our line; it says ${far.out()}`,
  );
  return ear;
}
/** The connection that the program makes. */
async function accept(p: Awaited<ReturnType<typeof sslPort>>, far: Program): Promise<Gensio> {
  await until(
    () => p.accepted.length > 0,
    () => `a connection; failed: ${p.failed.map((e) => e.message)} ${far.out()}`,
  );
  return p.accepted[0]!;
}

test('socat openssl-connect talks to the port, with and without its own certificate', { skip: noSocat }, async (t) => {
  const socat = (port: number, more = ''): Program =>
    program(t, 'socat', '-', `openssl-connect:127.0.0.1:${port},cafile=${server.cert},commonname=server${more}`);
  const p = await sslPort(t, serverOpts());
  const stranger = socat(p.port);
  await echo(await accept(p, stranger), stranger);
  const q = await sslPort(t, serverOpts({ clientauth: true, CA: joe.cert }));
  const known = socat(q.port, `,cert=${joe.cert},key=${joe.key}`);
  const g = await accept(q, known);
  const ear = await echo(g, known);
  assert.equal(g.peer?.user, 'joe');
  assert.equal(g.peer?.authenticated, true);
  known.end();
  await until(() => ear.closes === 1, 'closed()');
  assert.equal(ear.error?.code, 'remclose');
});

test('our client talks to socat openssl-listen, which checks our certificate', { skip: noSocat }, async (t) => {
  const free = await freePort();
  const listen = `openssl-listen:${free},bind=127.0.0.1,reuseaddr,cert=${server.cert},key=${server.key},cafile=${joe.cert},verify=1`;
  const socat = program(t, 'socat', listen, '-');
  let client: Gensio | undefined;
  const trying = testEnv();
  for (let i = 0; client === undefined && i < 100; i++) {
    const g = new Builder(trying).connector(ssl(clientOpts({ key: joe.key, cert: joe.cert }), tcpSpec(free)));
    if ((await opened(g)) === undefined) client = g;
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(client, socat.out());
  const ear = new Ear();
  client.up = ear;
  client.setReading(true);
  client.write(Buffer.from('to socat\n'));
  await until(() => socat.out().includes('to socat'), socat.out);
  socat.write('from socat\n');
  await until(() => ear.text() === 'from socat\n', 'its line');
  assert.equal(client.peer?.user, 'server');
  client.close();
  await until(() => ear.closes === 1, 'closed()');
});

test('gensiot talks to the port, and is let in by its certificate in the authdir', { skip: noGensiot }, async (t) => {
  const authdir = join(dir, 'auth-gensiot');
  allowCertificate(authdir, 'joe', joe);
  const env = testEnv();
  const auth = directoryAuthority({ authdir, allowedUsers: ['joe'] }, env.log);
  const p = await sslPort(t, serverOpts({ clientauth: true }), Object.assign(testEnv({ auth }), { lines: env.lines }));
  const as = (who: typeof joe): Program => gensiot(t, `ssl(CA=${server.cert},key=${who.key},cert=${who.cert}),tcp,127.0.0.1,${p.port}`);
  const first = as(joe);
  const g = await accept(p, first);
  await echo(g, first);
  assert.equal(g.peer?.user, 'joe');
  as(bob);
  await until(() => p.failed.length === 1, 'a refusal');
  assert.equal(p.failed[0]?.code, 'protoerr');
});
