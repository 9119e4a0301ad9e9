import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, lstatSync, openSync, readlinkSync, readSync, statSync, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { libc } from '../../../src/base/libc.ts';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { ptyConnector } from '../../../src/gensio/process/pty.ts';
import { ByteStream } from '../../../src/gensio/uv-handle.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance } from '../../compliance/gensio.ts';
import { type FarEnd, opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { testEnv } from '../../rig/gensio-env.ts';
import { testFolder } from '../../rig/keys.ts';
import { runs } from '../../rig/program.ts';
import { layerSpec } from '../layer-spec.ts';

const skip = libc() === undefined && 'no koffi';
const dir = testFolder();
let n = 0;
const fresh = (): string => join(dir, `p${n++}`);
const make = (opts: Partial<LayerOf<'pty'>['opts']>, argv: string[] = []): Gensio =>
  ptyConnector(layerSpec('pty', opts, { argv }), testEnv());
const openSlave = (path: string): number => openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);

/** A far end that has the slave open. */
function farSlave(t: TestContext, path: string): FarEnd {
  const chunks: Buffer[] = [];
  const waiting: Buffer[] = [];
  let closed = false;
  let closing = false;
  const more = (): void => {
    while (waiting.length > 0 && bytes.bufferedBytes() === 0) bytes.write(waiting.shift()!);
    if (closing && waiting.length === 0 && bytes.bufferedBytes() === 0) bytes.end(() => bytes.destroy());
  };
  const bytes = ByteStream.ofDescriptor(openSlave(path), {
    read: (data) => void chunks.push(Buffer.from(data)),
    writable: more,
    ended: () => bytes.destroy(),
    gone: () => {
      closed = true;
    },
  });
  bytes.setReading(true);
  t.after(() => bytes.destroy());
  return {
    send: (data) => {
      waiting.push(Buffer.from(data));
      more();
    },
    unsent: () => waiting.reduce((sum, b) => sum + b.length, 0) + bytes.bufferedBytes(),
    received: () => Buffer.concat(chunks),
    receivedBytes: () => chunks.reduce((sum, b) => sum + b.length, 0),
    setReading: (on) => bytes.setReading(on),
    close: () => {
      closing = true;
      more();
    },
    closed: () => closed,
  };
}

if (!skip) {
  compliance('pty', {
    piece: 4096,
    bulk: 300_000,
    async make(t) {
      const gensio = make({ raw: true });
      assert.equal(await opened(gensio), undefined);
      return { gensio, far: farSlave(t, gensio.address()) };
    },
    unopened: () => make({}),
    refused: () => ({ gensio: make({ link: '/no/such/folder/link' }), code: 'notfound' }),
    // The kernel throws away what the slave has not read when the master closes.
    without: ['last-words'],
  });
}

test('the link is there while it is open, and only its own is removed', { skip }, async () => {
  const link = fresh();
  const gensio = make({ link });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  assert.equal(await opened(gensio), undefined);
  assert.equal(readlinkSync(link), gensio.address());
  const second = make({ link });
  assert.equal((await opened(second))?.message, 'Value already exists');
  gensio.close();
  await until(() => recorder.closes === 1, 'closed()');
  assert.equal(existsSync(link), false);
  symlinkSync('/nowhere', link);
  const forced = make({ link, forcelink: true });
  const other = new RecordingUp();
  forced.up = other;
  assert.equal(await opened(forced), undefined);
  assert.equal(readlinkSync(link), forced.address());
  const thief = make({ link, forcelink: true });
  const third = new RecordingUp();
  thief.up = third;
  await opened(thief);
  forced.close();
  await until(() => other.closes === 1, 'closed()');
  assert.equal(readlinkSync(link), thief.address());
  thief.close();
  await until(() => third.closes === 1, 'closed()');
  assert.equal(lstatSync(dir).isDirectory(), true);
});

test('perm sets the rights of the slave; with a program it is an error', { skip }, async () => {
  const gensio = make({ perm: 0o660 });
  assert.equal(await opened(gensio), undefined);
  assert.equal(statSync(gensio.address()).mode & 0o777, 0o660);
  gensio.abort();
  assert.equal((await opened(make({ perm: 0o660 }, ['cat'])))?.message, 'Parameters inconsistent in call');
});

test('without raw the line discipline echoes; with raw it does not', { skip }, async () => {
  for (const raw of [false, true]) {
    const gensio = make({ raw });
    const recorder = new RecordingUp();
    gensio.up = recorder;
    await opened(gensio);
    const fd = openSlave(gensio.address());
    gensio.setReading(true);
    gensio.write(Buffer.from('hi\n'));
    const buffer = Buffer.alloc(10);
    await until(() => {
      try {
        return readSync(fd, buffer) > 0;
      } catch {
        return false;
      }
    }, 'the line at the slave');
    writeSync(fd, 'x');
    await until(() => recorder.text().endsWith('x'), 'x');
    assert.equal(recorder.text(), raw ? 'x' : 'hi\r\nx');
    closeSync(fd);
    await until(() => recorder.closes === 1, 'the end when the last user leaves');
    assert.equal(recorder.error?.code, 'remclose');
  }
});

test('before anybody opens the slave it is simply quiet', { skip }, async () => {
  const gensio = make({});
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  await settle(50);
  assert.equal(recorder.closes, 0);
  gensio.abort();
});

test('a program runs with the slave as its controlling terminal, and its end is the end', { skip }, async () => {
  const gensio = make({}, ['sh', '-c', 'test -t 0 && read line </dev/tty && echo "got $line"']);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  gensio.write(Buffer.from('hello\n'));
  await until(
    () => recorder.closes === 1,
    () => `the end; it said ${JSON.stringify(recorder.text())}`,
  );
  assert.equal(recorder.text(), 'hello\r\ngot hello\r\n');
  assert.equal(recorder.error?.code, 'remclose');
});

test('closing hangs up the program', { skip }, async () => {
  const gensio = make({}, ['sh', '-c', 'echo $$; exec sleep 1000']);
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  await until(() => recorder.text().endsWith('\n'), 'its pid');
  gensio.close();
  await until(() => recorder.closes === 1, 'closed()');
  await until(() => !runs(Number(recorder.text())), 'the end of the process');
});
