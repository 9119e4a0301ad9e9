import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dummyAccepter, echoConnector } from '../../../src/gensio/process/echo.ts';
import { compliance } from '../../compliance/gensio.ts';
import { type FarEnd, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { layerSpec } from '../layer-spec.ts';

const make = (opts: Parameters<typeof layerSpec<'echo'>>[1] = {}) => echoConnector(layerSpec('echo', opts, { rest: '' }));

compliance('echo', {
  without: ['far-close', 'close-seen', 'back-pressure', 'flow', 'same-bytes', 'bulk', 'last-words'],
  make() {
    const gensio = make();
    const far: FarEnd = {
      send: (data) => void gensio.write(data),
      unsent: () => 0,
      received: () => Buffer.alloc(0),
      receivedBytes: () => 0,
      setReading: () => undefined,
      close: () => undefined,
      closed: () => false,
    };
    return { gensio, far };
  },
  unopened: () => make(),
});

test('what is written comes back, in order, and a writer waits while nobody reads', async () => {
  const gensio = make();
  const recorder = new RecordingUp();
  gensio.up = recorder;
  assert.equal(await opened(gensio), undefined);
  let sent = 0;
  while (recorder.during(() => gensio.write(Buffer.alloc(1000, sent & 255)))) sent += 1000;
  sent += 1000;
  assert.ok(sent <= 70_000);
  gensio.setReading(true);
  await until(() => recorder.length === sent && recorder.writables === 1, 'all of it');
});

test('data comes first; with noecho it is all, and the end follows', async () => {
  const gensio = make({ data: 'hello', noecho: true });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.write(Buffer.from('lost'));
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'closed()');
  assert.equal(recorder.text(), 'hello');
  assert.equal(recorder.error?.code, 'remclose');
});

test('noecho without data swallows everything and stays', async () => {
  const gensio = make({ noecho: true });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  gensio.write(Buffer.from('lost'));
  await settle();
  assert.equal(recorder.length + recorder.closes, 0);
});

test('dummy listens and accepts nothing', async () => {
  const accepter = dummyAccepter();
  accepter.up = { accepted: () => assert.fail(), failed: () => assert.fail() };
  assert.equal(await new Promise((resolve) => accepter.listen(resolve)), undefined);
  await new Promise<void>((resolve) => accepter.close(resolve));
});
