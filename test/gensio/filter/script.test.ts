import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptFilter } from '../../../src/gensio/filter/script.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { Builder } from '../../../src/gensio/registry.ts';
import type { LayerOf, LayerSpec } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { farGensio, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { linkedPair } from '../../rig/linked-gensio.ts';
import { layerSpec, tcpSpec } from '../layer-spec.ts';

/** Understands `stdio(noredir-stderr),sh -c 'the rest'` and echo, which is all these tests say. */
function parse(text: string): LayerSpec | undefined {
  const m = /^stdio\(noredir-stderr\),(.*)$/s.exec(text);
  if (m !== null) return layerSpec('stdio', { noredirStderr: true }, { argv: ['sh', '-c', m[1]!] });
  return text === 'echo' ? layerSpec('echo', { data: 'hi', noecho: true }, { rest: '' }) : undefined;
}
function make(opts: Partial<LayerOf<'script'>['opts']>, child: Gensio): Gensio {
  const env = testEnv({ parse });
  return scriptFilter(layerSpec('script', opts, { child: tcpSpec(1) }), child, false, env, new Builder(env));
}

compliance('script', {
  async make() {
    const [a, b] = linkedPair();
    const gensio = make({ script: 'exit 0' }, a);
    assert.equal(await opened(gensio), undefined);
    return { gensio, far: farGensio(b) };
  },
  unopened: () => make({ script: 'exit 0' }, linkedPair()[0]),
  refused: () => ({ gensio: make({ script: 'exit 3' }, linkedPair()[0]), code: 'localclosed' }),
});

test('the script talks to the layer below, then what comes goes up', async () => {
  const [a, b] = linkedPair();
  const far = farGensio(b);
  const gensio = make({ script: 'echo login; read answer; test "$answer" = welcome' }, a);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  const open = opened(gensio);
  await until(() => far.received().toString() === 'login\n', 'the login');
  far.send(Buffer.from('welcome\n'));
  assert.equal(await open, undefined);
  assert.equal(recorder.length, 0);
  far.send(Buffer.from('data'));
  gensio.setReading(true);
  await until(() => recorder.text() === 'data', 'data');
  gensio.abort();
});

test('an exit code that is not 0 fails the open', async () => {
  const [a, b] = linkedPair();
  const far = farGensio(b);
  const gensio = make({ script: 'read answer; test "$answer" = welcome' }, a);
  const open = opened(gensio);
  far.send(Buffer.from('go away\n'));
  assert.equal((await open)?.message, 'Local end closed connection');
  await until(() => far.closed(), 'the far end');
});

test('a stack instead of a script has its say, and its end is success', async () => {
  const child = new FakeGensio();
  const gensio = make({ gensio: 'echo' }, child);
  assert.equal(await opened(gensio), undefined);
  assert.equal(child.take().toString(), 'hi');
});

test('a far end that goes away meanwhile fails the open', async () => {
  const child = new FakeGensio();
  const gensio = make({ script: 'read x' }, child);
  const open = opened(gensio);
  await settle();
  child.end();
  assert.equal((await open)?.code, 'remclose');
});

test('one of the options is needed, and must mean something', () => {
  assert.throws(() => make({}, new FakeGensio()), { code: 'inval' });
  assert.throws(() => make({ gensio: 'nonsense' }, new FakeGensio()), { code: 'inval' });
});
