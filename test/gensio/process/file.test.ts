import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileConnector } from '../../../src/gensio/process/file.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { compliance, pattern, writeAll } from '../../compliance/gensio.ts';
import { opened, RecordingUp, settle, until } from '../../compliance/recording-up.ts';
import { testFolder } from '../../rig/keys.ts';
import { layerSpec } from '../layer-spec.ts';

const dir = testFolder();
let n = 0;
const fresh = (content?: Buffer | string): string => {
  const path = join(dir, `f${n++}`);
  if (content !== undefined) writeFileSync(path, content);
  return path;
};
const make = (opts: Partial<LayerOf<'file'>['opts']>) => fileConnector(layerSpec('file', opts, { rest: '' }));

compliance('file', {
  without: ['back-pressure', 'flow', 'close-seen', 'far-close', 'bulk'],
  async make() {
    // The input grows under the reader, as a log does: the end is not the end.
    const [infile, outfile] = [fresh(pattern(100_000)), fresh('')];
    const gensio = make({ infile, outfile, readClose: false });
    assert.equal(await opened(gensio), undefined);
    return {
      gensio,
      far: {
        send: () => undefined,
        unsent: () => 0,
        received: () => readFileSync(outfile),
        receivedBytes: () => statSync(outfile).size,
        setReading: () => undefined,
        close: () => undefined,
        closed: () => true,
      },
    };
  },
  unopened: () => make({ infile: fresh('x'), outfile: fresh('') }),
  refused: () => ({ gensio: make({ infile: join(dir, 'none') }), code: 'notfound' }),
  sends: false,
});

test('what detachBuffer() was said of stays as it is when reading goes on', async () => {
  const data = pattern(100);
  const gensio = make({ infile: fresh(data), readbuf: 16 });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  const kept: Buffer[] = [];
  recorder.onRead = (piece) => {
    kept.push(piece);
    gensio.setReading(false);
  };
  assert.equal(await opened(gensio), undefined);
  gensio.setReading(true);
  for (let i = 1; i < 7; i++) {
    await until(() => kept.length === i, 'a piece');
    gensio.detachBuffer?.();
    gensio.setReading(true);
  }
  await until(() => kept.length === 7, 'the last piece');
  assert.ok(Buffer.concat(kept).equals(data));
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'the end');
});

test('a file is read whole, then the end is told; nothing comes while reading is off', async () => {
  const data = pattern(300_000);
  const gensio = make({ infile: fresh(data) });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  await settle();
  assert.equal(recorder.length, 0);
  recorder.onRead = () => {
    gensio.setReading(false);
    setImmediate(() => gensio.setReading(true));
  };
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'the end');
  assert.ok(recorder.data().equals(data));
  assert.equal(recorder.error?.code, 'remclose');
});

test('what was being read when reading was switched off waits', async () => {
  const gensio = make({ infile: fresh('abc') });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  gensio.setReading(false);
  await settle(50);
  assert.equal(recorder.length, 0);
  gensio.setReading(true);
  await until(() => recorder.closes === 1, 'the end');
  assert.equal(recorder.text(), 'abc');
});

test('read_close=false stops at the end and stays open', async () => {
  const gensio = make({ infile: fresh('abc'), readClose: false });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.setReading(true);
  await until(() => recorder.length === 3, 'data');
  await settle(50);
  assert.equal(recorder.closes, 0);
  gensio.close();
  await until(() => recorder.closes === 1, 'closed()');
});

test('an output file must exist unless create says otherwise, and keeps what is behind what is written', async () => {
  const path = fresh();
  assert.equal((await opened(make({ outfile: path })))?.message, 'Value or file not found');
  assert.equal(existsSync(path), false);
  const write = async (text: string, opts: Partial<LayerOf<'file'>['opts']>): Promise<string> => {
    const gensio = make({ outfile: path, ...opts });
    const recorder = new RecordingUp();
    gensio.up = recorder;
    assert.equal(await opened(gensio), undefined);
    await writeAll(gensio, recorder, Buffer.from(text), 2);
    gensio.close();
    await until(() => recorder.closes === 1, 'closed()');
    return readFileSync(path, 'utf8');
  };
  assert.equal(await write('123456', { create: true, perm: 0o600 }), '123456');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(await write('ab', {}), 'ab3456');
  assert.equal(await write('xy', { append: true }), 'ab3456xy');
  assert.equal(await write('new', { trunc: true }), 'new');
});

test('a full disk ends the connection with an error', { skip: !existsSync('/dev/full') && 'no /dev/full' }, async () => {
  const gensio = make({ outfile: '/dev/full' });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  await opened(gensio);
  gensio.write(Buffer.from('x'));
  await until(() => recorder.closes === 1, 'closed()');
  assert.equal(recorder.error?.message, 'OS error, see logs');
});

test('the address names both files, open or not', async () => {
  const [infile, outfile] = [fresh('x'), fresh('')];
  const gensio = make({ infile, outfile });
  assert.equal(gensio.address(), `file(infile=${infile},outfile=${outfile})`);
  await opened(gensio);
  assert.equal(gensio.address(), `file(infile=${infile},outfile=${outfile})`);
  gensio.abort();
  assert.equal(make({ outfile }).address(), `file(outfile=${outfile})`);
  assert.equal(make({}).address(), 'file()');
});

test('an output pipe that nobody reads is an error, and one that is read takes what is written', async () => {
  const path = fresh();
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  assert.equal((await opened(make({ outfile: path })))?.code, 'oserr');
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const gensio = make({ outfile: path });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  assert.equal(await opened(gensio), undefined);
  // More than a pipe holds.
  const data = pattern(200_000);
  gensio.write(data);
  const got: Buffer[] = [];
  await until(() => {
    const piece = Buffer.alloc(65_536);
    try {
      got.push(piece.subarray(0, readSync(reader, piece)));
    } catch {
      // Nothing is there yet.
    }
    return got.reduce((sum, { length }) => sum + length, 0) === data.length;
  }, 'all of it');
  assert.ok(Buffer.concat(got).equals(data));
  gensio.close();
  await until(() => recorder.closes === 1, 'closed()');
  closeSync(reader);
});

test('an input pipe waits for whoever writes, and ends when the writer has gone', async () => {
  const path = fresh();
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const gensio = make({ infile: path });
  const recorder = new RecordingUp();
  gensio.up = recorder;
  assert.equal(await opened(gensio), undefined);
  gensio.setReading(true);
  const writer = openSync(path, 'w');
  writeSync(writer, 'one');
  await until(() => recorder.text() === 'one', 'the first piece');
  writeSync(writer, 'two');
  await until(() => recorder.text() === 'onetwo', 'the second piece');
  assert.equal(recorder.closes, 0);
  closeSync(writer);
  await until(() => recorder.closes === 1, 'the end');
  assert.equal(recorder.error?.code, 'remclose');
});
