// Whole stacks, put together by the builder, against the reference's own tool.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noLog } from '../../src/base/log.ts';
import { Builder } from '../../src/gensio/registry.ts';
import { directoryAuthority } from '../../src/gensio/tls/authority.ts';
import { LAYERS, type LayerSpec, type LayerType } from '../../src/options/stack.ts';
import { until } from '../compliance/recording-up.ts';
import { freePort } from '../rig/free-port.ts';
import { testEnv } from '../rig/gensio-env.ts';
import { gensiot, noGensiot } from '../rig/gensiot.ts';
import { allowCertificate, makeKey, testFolder } from '../rig/keys.ts';
import { talk } from '../rig/program.ts';
import { calling, listening } from '../rig/stack-ends.ts';
import { layerSpec, tcpSpec } from './layer-spec.ts';

const dir = testFolder();
const server = makeKey(dir, 'server');
const joe = makeKey(dir, 'joe', { use: 'client' });
allowCertificate(dir, 'joe', joe);

const ssl = (child: LayerSpec): LayerSpec => layerSpec('ssl', { key: server.key, cert: server.cert, CA: server.cert }, { child });
const certauth = (child: LayerSpec): LayerSpec => layerSpec('certauth', {}, { child });
const mux = (child: LayerSpec): LayerSpec => layerSpec('mux', {}, { child });
const relpkt = (child: LayerSpec): LayerSpec => layerSpec('relpkt', {}, { child });
const msgdelim = (child: LayerSpec): LayerSpec => layerSpec('msgdelim', {}, { child });
const trace = (child: LayerSpec): LayerSpec => layerSpec('trace', {}, { child });
const xlt = (child: LayerSpec): LayerSpec => layerSpec('xlt', { in: [[1, 2]], out: [[2, 1]] }, { child });
const telnet = (child: LayerSpec): LayerSpec => layerSpec('telnet', {}, { child });

const sslText = `ssl(CA=${server.cert})`;
const loginText = `certauth(username=joe,key=${joe.key},cert=${joe.cert})`;
const STACKS: readonly (readonly [string, (tcp: LayerSpec) => LayerSpec])[] = [
  [`mux,${loginText},${sslText}`, (tcp) => mux(certauth(ssl(tcp)))],
  [`telnet,${sslText}`, (tcp) => telnet(ssl(tcp))],
  [`relpkt,msgdelim,${sslText}`, (tcp) => trace(relpkt(msgdelim(ssl(tcp))))],
  [`telnet,mux,${sslText}`, (tcp) => xlt(telnet(mux(ssl(tcp))))],
  [`${sslText},telnet`, (tcp) => ssl(telnet(tcp))],
];

const LINE = `hello ${'y'.repeat(3000)}\n`;

for (const [text, make] of STACKS) {
  test(`gensiot talks to our ${text.replace(/\([^)]*\)/g, '()')},tcp`, { skip: noGensiot }, async (t) => {
    const auth = directoryAuthority({ authdir: dir, allowedUsers: undefined }, noLog);
    const { port, accepted, failed, env } = await listening(t, make(tcpSpec(0)), testEnv({ auth }));
    const far = gensiot(t, `${text},tcp,127.0.0.1,${port}`);
    await until(
      () => accepted.length === 1,
      () => `${far.out()} ${failed} ${env.lines}`,
    );
    await talk(accepted[0]!, far, 'we', LINE);
  });
}

test('our telnet,mux,ssl,tcp talks to gensiot', { skip: noGensiot }, async (t) => {
  const port = await freePort();
  const far = gensiot(t, '-a', `telnet,mux,ssl(key=${server.key},cert=${server.cert}),tcp,127.0.0.1,${port}`);
  await talk(await calling(telnet(mux(ssl(tcpSpec(port)))), far.out), far, 'we', LINE);
});

test('every layer that is not marked as unsupported can be built, and the others say why', () => {
  const builder = new Builder(testEnv({ parse: () => layerSpec('echo', {}, { rest: '' }) }));
  const options: { readonly [T in LayerType]?: object } = {
    ratelimit: { xmitDelay: 1 },
    script: { gensio: 'echo' },
    ssl: { key: undefined, cert: '' },
  };
  for (const [name, info] of Object.entries(LAYERS)) {
    const type = name as LayerType;
    const child = type === 'certauth' ? layerSpec('ssl', { key: undefined, cert: '' }, { child: tcpSpec(1) }) : tcpSpec(1);
    const spec = layerSpec(
      type,
      (options[type] ?? {}) as never,
      { child, addrs: [], path: '/x', argv: [], rest: '', device: '/dev/x', line: {} } as never,
    ) as LayerSpec;
    for (const role of info.roles) {
      if ('unsupported' in info) assert.throws(() => builder[role](spec), { code: 'notsup' }, `${role} ${name}`);
      else assert.doesNotThrow(() => builder[role](spec), `${role} ${name}`);
    }
  }
});
