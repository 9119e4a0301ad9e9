// TLS with other programs: socat's OpenSSL and the reference's own tool.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { noLog } from '../../../src/base/log.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { directoryAuthority } from '../../../src/gensio/tls/authority.ts';
import { until } from '../../compliance/recording-up.ts';
import { freePort } from '../../rig/free-port.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { gensiot, noGensiot } from '../../rig/gensiot.ts';
import { allowCertificate } from '../../rig/keys.ts';
import { missing, type Program, program, talk } from '../../rig/program.ts';
import { calling, type Listening } from '../../rig/stack-ends.ts';
import { tcpSpec } from '../layer-spec.ts';
import { bob, clientOpts, dir, joe, server, serverOpts, ssl, sslPort } from './tls-rig.ts';

const noSocat = missing('socat');

/** The connection that the program makes. */
async function accept(p: Listening, far: Program): Promise<Gensio> {
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
  await talk(await accept(p, stranger), stranger, 'we');
  const q = await sslPort(t, serverOpts({ clientauth: true, CA: joe.cert }));
  const known = socat(q.port, `,cert=${joe.cert},key=${joe.key}`);
  const g = await accept(q, known);
  assert.equal(g.peer?.user, 'joe');
  assert.equal(g.peer?.authenticated, true);
  await talk(g, known, 'they');
});

test('our client talks to socat openssl-listen, which checks our certificate', { skip: noSocat }, async (t) => {
  const free = await freePort();
  const listen = `openssl-listen:${free},bind=127.0.0.1,reuseaddr,cert=${server.cert},key=${server.key},cafile=${joe.cert},verify=1`;
  const socat = program(t, 'socat', listen, '-');
  const client = await calling(ssl(clientOpts({ key: joe.key, cert: joe.cert }), tcpSpec(free)), socat.out);
  assert.equal(client.peer?.user, 'server');
  await talk(client, socat, 'we');
});

test('gensiot talks to the port, and is let in by its certificate in the authdir', { skip: noGensiot }, async (t) => {
  const authdir = join(dir, 'auth-gensiot');
  allowCertificate(authdir, 'joe', joe);
  const auth = directoryAuthority({ authdir, allowedUsers: ['joe'] }, noLog);
  const p = await sslPort(t, serverOpts({ clientauth: true }), testEnv({ auth }));
  const as = (who: typeof joe): Program => gensiot(t, `ssl(CA=${server.cert},key=${who.key},cert=${who.cert}),tcp,127.0.0.1,${p.port}`);
  const first = as(joe);
  const g = await accept(p, first);
  assert.equal(g.peer?.user, 'joe');
  await talk(g, first, 'they');
  as(bob);
  await until(() => p.failed.length === 1, 'a refusal');
  assert.equal(p.failed[0]?.code, 'protoerr');
});
