// A byte stream on a descriptor and on a socket, once through Node's inside and once with documented interfaces only.
import assert from 'node:assert/strict';
import { createConnection, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ByteStream, type ByteStreamUp, forcePublicInterfaces } from '../../src/gensio/uv-handle.ts';
import { must, needLibc, openPty, until } from '../rig/pty.ts';

/** Hears everything. */
class Ear implements ByteStreamUp {
  got = Buffer.alloc(0);
  writables = 0;
  ends = 0;
  gones: (Error | undefined)[] = [];
  onRead: (data: Buffer) => void = () => undefined;
  read(data: Buffer): void {
    this.got = Buffer.concat([this.got, data]);
    this.onRead(data);
  }
  writable(): void {
    this.writables++;
  }
  ended(): void {
    this.ends++;
  }
  gone(err?: Error): void {
    this.gones.push(err);
  }
}

async function pair(t: TestContext): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const accepted = new Promise<Socket>((done) => server.once('connection', done));
  const far = createConnection({ port: (server.address() as { port: number }).port, host: '127.0.0.1', allowHalfOpen: true });
  far.on('error', () => undefined);
  t.after(() => {
    server.close();
    far.destroy();
  });
  return { near: await accepted, far };
}

const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));

for (const plain of [false, true]) {
  const how = plain ? ', with documented interfaces only' : '';
  const set = (t: TestContext): void => {
    forcePublicInterfaces(plain);
    t.after(() => forcePublicInterfaces(false));
  };
  /** A stream on an accepted socket, and its other end. */
  const streaming = async (t: TestContext): Promise<{ recorder: Ear; stream: ByteStream; far: Socket }> => {
    set(t);
    const { near, far } = await pair(t);
    const recorder = new Ear();
    const stream = ByteStream.ofSocket(near, recorder);
    t.after(() => stream.destroy());
    return { recorder, stream, far };
  };

  test(`more than the far end takes is written piece by piece, in order, and writable comes once${how}`, async (t) => {
    const { recorder, stream, far } = await streaming(t);
    const piece = bytesOf(1 << 20);
    let sent = 0;
    while (stream.write(piece)) sent += piece.length;
    sent += piece.length;
    assert.equal(stream.write(piece), false, 'it still takes everything');
    sent += piece.length;
    assert.ok(stream.bufferedBytes() > 0);
    assert.equal(recorder.writables, 0);
    let got = 0;
    far.on('data', (data: Buffer) => {
      for (let i = 0; got + i < sent && i < data.length; i += 4093) assert.equal(data[i], piece[(got + i) % piece.length]);
      got += data.length;
    });
    await until('all to arrive', () => got === sent);
    await until('writable', () => recorder.writables === 1);
    assert.equal(stream.bufferedBytes(), 0);
    const all = sent;
    assert.equal(stream.write(Buffer.from('x')), true);
    await until('one more', () => got === all + 1);
    assert.equal(recorder.writables, 1);
  });

  test(`the end comes after all that was written, and what the far end says after it is still heard${how}`, async (t) => {
    const { recorder, stream, far } = await streaming(t);
    const piece = bytesOf(8 << 20);
    stream.write(piece);
    let order = '';
    stream.end(() => {
      order += 'sent ';
    });
    assert.equal(stream.write(Buffer.from('too late')), true);
    let got = 0;
    far.on('data', (data: Buffer) => {
      got += data.length;
    });
    far.on('end', () => {
      order += 'end ';
      far.end('goodbye');
    });
    stream.setReading(true);
    await until('goodbye', () => recorder.got.toString() === 'goodbye');
    await until('the end', () => recorder.ends === 1);
    assert.equal(got, piece.length);
    assert.equal(order, 'sent end ');
    stream.destroy();
    await until('gone', () => recorder.gones.length === 1);
    assert.deepEqual(recorder.gones, [undefined]);
  });

  test(`nothing is read while reading is off, also not after on and off in one turn${how}`, async (t) => {
    const { recorder, stream, far } = await streaming(t);
    far.write('first');
    stream.setReading(true);
    stream.setReading(false);
    await new Promise((done) => setImmediate(() => setImmediate(done)));
    assert.equal(recorder.got.length, 0);
    recorder.onRead = () => stream.setReading(false);
    stream.setReading(true);
    await until('first', () => recorder.got.toString() === 'first');
    far.write('second');
    await new Promise((done) => setImmediate(() => setImmediate(done)));
    assert.equal(recorder.got.toString(), 'first');
    recorder.onRead = () => undefined;
    stream.setReading(true);
    await until('second', () => recorder.got.toString() === 'firstsecond');
  });

  test(`a far end that resets is an error with its code, told once, also with writes under way${how}`, async (t) => {
    set(t);
    const { near, far } = await pair(t);
    const recorder = new Ear();
    const stream = ByteStream.ofSocket(near, recorder);
    stream.write(bytesOf(8 << 20));
    let sent = 0;
    stream.end(() => {
      sent++;
    });
    far.resetAndDestroy();
    stream.setReading(true);
    await until('gone', () => recorder.gones.length === 1);
    assert.match(String((recorder.gones[0] as NodeJS.ErrnoException).code), /^(ECONNRESET|EPIPE)$/);
    await until('the answer to end', () => sent === 1);
    assert.equal(stream.write(Buffer.from('x')), true);
    assert.equal(stream.bufferedBytes(), 0);
    assert.equal(stream.fd, undefined);
  });

  test(`a terminal that is full takes the rest later; destroying it meanwhile ends everything${how}`, async (t) => {
    set(t);
    const pty = openPty({ raw: true });
    t.after(() => pty.close());
    const recorder = new Ear();
    const { openSync, constants } = await import('node:fs');
    const fd = openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    const stream = ByteStream.ofDescriptor(fd, recorder);
    pty.master.setReading(false);
    const piece = bytesOf(50_000);
    let sent = 0;
    while (stream.write(piece)) sent += piece.length;
    sent += piece.length;
    pty.master.setReading(true);
    const got = await pty.master.takeBytes(sent);
    for (let i = 0; i < sent; i += piece.length) assert.ok(got.subarray(i, i + piece.length).equals(piece));
    await until('writable', () => recorder.writables === 1);
    pty.master.setReading(false);
    while (stream.write(piece));
    stream.destroy();
    await until('gone', () => recorder.gones.length === 1);
    assert.deepEqual(recorder.gones, [undefined]);
    assert.equal(recorder.writables, 1);
  });

  test(`the master of a pty that is full takes the rest when an application reads; nothing else waits meanwhile${how}`, async (t) => {
    set(t);
    const c = needLibc();
    const { openSync, constants } = await import('node:fs');
    const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
    const fd = openSync('/dev/ptmx', flags);
    must(c.unlockPty(fd));
    const slave = openSync(`/dev/pts/${must(c.ptyNumber(fd))}`, flags);
    must(c.setTermios(slave, { ...must(c.getTermios(slave)), iflag: 0, oflag: 0, lflag: 0 }));
    const recorder = new Ear();
    const stream = ByteStream.ofDescriptor(fd, recorder);
    stream.setReading(true);
    const piece = bytesOf(10_000);
    let sent = 0;
    while (stream.write(piece)) sent += piece.length;
    sent += piece.length;
    assert.equal(stream.write(piece), false, 'it still takes everything');
    sent += piece.length;
    assert.ok(stream.bufferedBytes() > 0);
    const { writeSync } = await import('node:fs');
    writeSync(slave, 'still heard');
    await until('what the application writes', () => recorder.got.toString() === 'still heard');
    assert.equal(recorder.writables, 0);
    let got = Buffer.alloc(0);
    await until('everything', () => {
      const data = c.readNow(slave, 65536);
      if (Buffer.isBuffer(data)) got = Buffer.concat([got, data]);
      return got.length >= sent;
    });
    for (let i = 0; i < sent; i += piece.length) assert.ok(got.subarray(i, i + piece.length).equals(piece));
    await until('writable', () => recorder.writables === 1);
    assert.equal(stream.bufferedBytes(), 0);
    while (stream.write(piece));
    stream.destroy();
    await until('gone', () => recorder.gones.length === 1);
    assert.deepEqual(recorder.gones, [undefined]);
    c.close(slave);
  });
}
