import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stdioConnector } from '../../../src/gensio/process/stdio.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance, pattern, writeAll } from '../../compliance/gensio.ts';
import { type FarEnd, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { type TestEnv, testEnv } from '../../rig/gensio-env.ts';
import { runs } from '../../rig/program.ts';
import { layerSpec } from '../layer-spec.ts';

const make = (argv: string[], opts: Partial<LayerOf<'stdio'>['opts']> = {}, env: TestEnv = testEnv()) =>
  stdioConnector(layerSpec('stdio', opts, { argv }), env);
async function run(argv: string[], opts: Partial<LayerOf<'stdio'>['opts']> = {}, env?: TestEnv): Promise<RecordingUp> {
  const gensio = make(argv, opts, env);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  assert.equal(await opened(gensio), undefined);
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'the end of the program');
  return recorder;
}

compliance('stdio with a program', {
  // cat is an echo: the peer is our own.
  without: ['far-close', 'close-seen', 'same-bytes', 'last-words', 'flow', 'bulk', 'back-pressure'],
  async make() {
    const gensio = make(['cat']);
    assert.equal(await opened(gensio), undefined);
    const far: FarEnd = {
      send: (data) => void gensio.write(Buffer.from(data)),
      unsent: () => 0,
      received: () => Buffer.alloc(0),
      receivedBytes: () => 0,
      setReading: () => undefined,
      close: () => undefined,
      closed: () => true,
    };
    return { gensio, far };
  },
  unopened: () => make(['cat']),
});

test('much data goes through a program unchanged, and waits when nobody reads', async () => {
  const gensio = make(['cat']);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  let sent = 0;
  while (recorder.during(() => gensio.write(pattern(65536))) && sent < 1 << 24) {
    sent += 65536;
    await settle(2);
  }
  assert.ok(sent < 1 << 24, 'a writer must wait');
  sent += 65536;
  gensio.setReading(true);
  await until(
    () => recorder.length === sent,
    () => `${recorder.length} of ${sent}`,
  );
  for (let i = 0; i < sent; i += 65536)
    assert.ok(
      recorder
        .data()
        .subarray(i, i + 65536)
        .equals(pattern(65536)),
    );
  gensio.setReading(true);
  await writeAll(gensio, recorder, Buffer.from('last'), 4);
  await until(() => recorder.length === sent + 4, 'the last bytes');
  gensio.close();
  await until(() => recorder.closes === 1, 'closed()');
});

test('what a program prints comes before its end, also when reading starts late', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 's2n-stdio-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'pid');
  const gensio = make(['sh', '-c', 'printf hello; echo $$ >"$1"', 'sh', file]);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  const pid = (): string => (existsSync(file) ? readFileSync(file, 'latin1').trim() : '');
  await until(() => pid() !== '', 'what it prints');
  await until(() => !existsSync(`/proc/${pid()}`), 'its end');
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'the end');
  assert.equal(recorder.text(), 'hello');
  assert.equal(recorder.error?.message, 'Remote end closed connection');
});

test('a program that cannot be run is a connection that ends, and a line in the log', async () => {
  const env = testEnv();
  const recorder = await run(['no-such-program-here'], {}, env);
  assert.equal(recorder.error?.code, 'remclose');
  assert.deepEqual(env.lines, ['info Err: no-such-program-here No such file or directory']);
  assert.equal((await run([])).error?.code, 'remclose');
});

test('standard error goes nowhere, or where standard output goes', async () => {
  assert.equal((await run(['sh', '-c', 'echo out; echo err >&2'])).text(), 'out\n');
  const both = await run(['sh', '-c', 'echo out; echo "$1" >&2', 'x', 'two words'], { stderrToStdout: true });
  assert.equal(both.text(), 'out\ntwo words\n');
});

test('start-dir is where it runs', async () => {
  assert.equal((await run(['pwd', '-P'], { startDir: '/tmp' })).text(), `${realpathSync('/tmp')}\n`);
});

test('close() ends its input and waits for it; abort() makes it end', async () => {
  const gensio = make(['sh', '-c', 'cat >/dev/null; exit 0']);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.close();
  await until(() => recorder.closes === 1, 'closed()');
  const stubborn = make(['sh', '-c', 'echo $$; exec sleep 1000']);
  const other = new RecordingUp();
  stubborn.up = other;
  await opened(stubborn);
  stubborn.setReading(true);
  await until(() => other.text().endsWith('\n'), 'its pid');
  stubborn.close();
  await settle();
  assert.equal(other.closes, 0);
  stubborn.abort();
  await until(() => other.closes === 1, 'closed()');
  await until(() => !runs(Number(other.text())), 'the end of the process');
});

test('raw without a terminal is an error', async () => {
  const gensio = make([], { self: true, raw: true });
  assert.ok((await opened(gensio)) !== undefined);
});

test('the address is the program with its words, open or not', async () => {
  const gensio = make(['/bin/sh', '-c', 'echo "a\\b"; cat']);
  const said = 'stdio,"/bin/sh" "-c" "echo \\"a\\\\b\\"; cat"';
  assert.equal(gensio.address(), said);
  await opened(gensio);
  assert.equal(gensio.address(), said);
  gensio.abort();
  assert.equal(make([], { self: true }).address(), 'stdio(self)');
});
