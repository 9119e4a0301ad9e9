// What the tests of ssl share: keys of a server and of two clients, both ends of a connection in memory, and a port on loopback.
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { sslFilter } from '../../../src/gensio/tls/tls.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { opened } from '../../compliance/recording-up.ts';
import { type TestEnv, testEnv } from '../../rig/gensio-env.ts';
import { makeKey, testFolder } from '../../rig/keys.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { type Listening, listening } from '../../rig/stack-ends.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

export const dir = testFolder();
export const server = makeKey(dir, 'server');
export const joe = makeKey(dir, 'joe', { use: 'client' });
export const bob = makeKey(dir, 'bob', { use: 'client' });

/** A certificate with an RSA key of 1024 bits, self-signed; the key as it is and encrypted. */
export const weak = join(import.meta.dirname, '../../../../test/fixtures/tls');
export const weakCert = join(weak, 'weak.crt');

export type Opts = Partial<LayerOf<'ssl'>['opts']>;
export const ssl = (opts: Opts, child = tcpSpec(0)): LayerOf<'ssl'> => layerSpec('ssl', opts, { child });
export const serverOpts = (over: Opts = {}): Opts => ({ key: server.key, cert: server.cert, ...over });
export const clientOpts = (over: Opts = {}): Opts => ({ key: undefined, cert: '', CA: server.cert, ...over });

/** Both ends on a pair in memory, handshake done (or not). */
export async function pair(
  a: Opts,
  b: Opts,
  env = testEnv(),
): Promise<{ s: Gensio; c: Gensio; errors: (GensioError | undefined)[]; env: TestEnv }> {
  const [x, y] = linkedPair();
  const s = sslFilter(ssl(a), x, true, env);
  const c = sslFilter(ssl(b), y, false, env);
  const errors = await Promise.all([opened(s), opened(c)]);
  return { s, c, errors, env };
}

/** An ssl port on loopback. */
export const sslPort = (t: TestContext, opts: Opts, env?: TestEnv): Promise<Listening> => listening(t, ssl(opts), env);

/** Node.js as a client, which takes any certificate. */
export function nodeClient(t: TestContext, port: number, over: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...over });
  socket.on('error', () => undefined);
  t.after(() => void socket.destroy());
  return socket;
}
