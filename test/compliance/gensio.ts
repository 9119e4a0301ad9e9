// One suite any layer must pass. A layer's test hands in a way to make one, open, with its far end.
// Long because it is one list of rules.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { GensioErrorCode } from '../../src/base/gensio-error.ts';
import type { Gensio } from '../../src/gensio/gensio.ts';
import { type FarEnd, opened, RecordingUp, settle, until } from './recording-up.ts';

export interface Rig {
  /** Open, reading off. */
  readonly gensio: Gensio;
  readonly far: FarEnd;
}

/** What a layer cannot promise by its nature. */
export type Lack =
  /** The peer cannot close (udp). */
  | 'far-close'
  /** The peer does not notice a close (udp). */
  | 'close-seen'
  /** Nothing holds back a writer (udp, file). */
  | 'back-pressure'
  /** Not reading does not reach the peer (udp, echo). */
  | 'flow'
  /** The bytes come back or are changed. */
  | 'same-bytes'
  /** Only small amounts (lossy or slow layers). */
  | 'bulk'
  /** What is written just before close() may be lost. */
  | 'last-words';

export interface Setup {
  make(t: TestContext): Promise<Rig> | Rig;
  /** A gensio not opened yet; closing it is the suite's business. */
  unopened?(t: TestContext): Promise<Gensio> | Gensio;
  /** A gensio whose open() fails, with the code it must fail with. */
  refused?(t: TestContext): Promise<{ gensio: Gensio; code?: GensioErrorCode }> | { gensio: Gensio; code?: GensioErrorCode };
  readonly without?: readonly Lack[];
  /** Bytes of the bulk tests; default 2 MiB. */
  readonly bulk?: number;
  /** Biggest single write and send; default 64 KiB. */
  readonly piece?: number;
  /** false: the peer has nothing of its own to send. */
  readonly sends?: false;
}

const ALL = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
/** What some protocol below may take for its own: IAC, SB, SE, FE, CR, LF, NUL, ESC. */
const NASTY = Buffer.from('fffafff0fffffffffdfffb2cfe01fe00fefe010d0a0d000a1b1b00ff', 'hex');

/** Bytes that do not repeat in step with any power of two. */
export function pattern(length: number, seed = 1): Buffer {
  const out = Buffer.allocUnsafe(length);
  let x = seed;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    out[i] = x >> 16;
  }
  return out;
}

/** Writes all of data in pieces as the contract wants it: after false, nothing until writable(). */
export async function writeAll(gensio: Gensio, recorder: RecordingUp, data: Buffer, piece: number): Promise<void> {
  for (let i = 0; i < data.length && recorder.closes === 0; i += piece) {
    const before = recorder.writables;
    if (!recorder.during(() => gensio.write(data.subarray(i, i + piece))))
      await until(() => recorder.writables > before || recorder.closes > 0, 'writable() after false');
    else if (i % (piece * 16) === 0) await settle(1);
  }
}

/** Declares the tests of the suite. */
export function compliance(name: string, setup: Setup): void {
  const lacks = (lack: Lack): boolean => setup.without?.includes(lack) ?? false;
  const piece = setup.piece ?? 65536;
  const bulk = setup.bulk ?? 2 * 1024 * 1024;
  const it = (title: string, run: (rig: Rig, recorder: RecordingUp, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${title}`, { timeout: 30_000 }, async (t) => {
      const rig = await setup.make(t);
      const recorder = new RecordingUp();
      rig.gensio.up = recorder;
      try {
        await run(rig, recorder, t);
      } finally {
        rig.gensio.abort();
        await settle();
        rig.far.close();
      }
      await until(() => recorder.closes > 0, 'closed() at the end');
      await settle();
      assert.deepEqual(recorder.broken, []);
      assert.equal(recorder.closes, 1);
    });
  };

  if (setup.unopened !== undefined) {
    const { unopened } = setup;
    test(`${name}: open() answers once, later, without an error; and it closes again`, { timeout: 30_000 }, async (t) => {
      const gensio = await unopened(t);
      const recorder = new RecordingUp();
      gensio.up = recorder;
      assert.equal((await opened(gensio))?.message, undefined);
      gensio.close();
      await until(() => recorder.closes === 1, 'closed()');
      await settle();
      assert.deepEqual(recorder.broken, []);
    });
    test(`${name}: close() while it opens ends it`, { timeout: 30_000 }, async (t) => {
      const gensio = await unopened(t);
      const recorder = new RecordingUp();
      gensio.up = recorder;
      let dones = 0;
      gensio.open(() => dones++);
      gensio.close();
      await until(() => recorder.closes + dones > 0, 'an end');
      gensio.abort();
      await settle();
      assert.ok(recorder.closes <= 1 && dones <= 1);
      assert.deepEqual(recorder.broken, []);
    });
  }
  if (setup.refused !== undefined) {
    const { refused } = setup;
    test(`${name}: a failed open() says why, once, and nothing follows`, { timeout: 30_000 }, async (t) => {
      const { gensio, code } = await refused(t);
      const recorder = new RecordingUp();
      gensio.up = recorder;
      const err = await opened(gensio);
      assert.ok(err !== undefined, 'open() must fail');
      if (code !== undefined) assert.equal(err.code, code, err.detail);
      gensio.abort();
      await settle();
      assert.ok(recorder.closes <= 1);
      assert.deepEqual(recorder.broken, []);
    });
  }

  if (setup.sends !== false)
    it('nothing is read before setReading(true)', async ({ gensio, far }, recorder) => {
      far.send(Buffer.from('early'));
      await settle();
      assert.equal(recorder.length, 0);
      gensio.setReading(true);
      await until(() => recorder.length >= 5, 'the bytes');
    });

  if (setup.sends !== false)
    it('reading switched on and off at once reads nothing', async ({ gensio, far }, recorder) => {
      far.send(Buffer.from('early'));
      await settle();
      gensio.setReading(true);
      gensio.setReading(false);
      // What came while it was on may have been handed up already; nothing comes now.
      const seen = recorder.chunks.length;
      await settle();
      assert.equal(recorder.chunks.length, seen);
      gensio.setReading(true);
      await until(() => recorder.length >= 5, 'the bytes');
    });

  if (!lacks('same-bytes') && setup.sends !== false) {
    it('bytes pass unchanged both ways, however they are cut', async ({ gensio, far }, recorder) => {
      gensio.setReading(true);
      let sent = 0;
      for (const bytes of [ALL, NASTY]) {
        const step = bytes === NASTY ? 1 : 61;
        for (let cut = 1; cut < bytes.length; cut += step) {
          const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
          for (const part of parts) {
            far.send(part);
            recorder.during(() => gensio.write(part));
          }
          sent += bytes.length;
          await until(
            () => recorder.length >= sent && far.receivedBytes() >= sent,
            () => `cut at ${cut}: up ${recorder.length}, down ${far.receivedBytes()} of ${sent}`,
          );
          assert.deepEqual(recorder.data().subarray(-bytes.length), bytes, `up, cut at ${cut}`);
          assert.deepEqual(far.received().subarray(-bytes.length), bytes, `down, cut at ${cut}`);
        }
      }
    });
  }

  if (!lacks('same-bytes') && !lacks('bulk')) {
    it('much data passes unchanged both ways at once', async ({ gensio, far }, recorder) => {
      gensio.setReading(true);
      const up = pattern(bulk, 7);
      const down = pattern(bulk, 11);
      for (let i = 0; i < up.length; i += piece) far.send(up.subarray(i, i + piece));
      await writeAll(gensio, recorder, down, piece);
      await until(
        () => recorder.length >= up.length && far.receivedBytes() >= down.length,
        () => `up ${recorder.length} of ${up.length}, down ${far.receivedBytes()} of ${down.length}`,
        20_000,
      );
      assert.ok(recorder.data().equals(up), 'up');
      assert.ok(far.received().equals(down), 'down');
      await until(() => gensio.bufferedBytes() === 0, 'an empty queue');
    });
  }

  if (!lacks('back-pressure')) {
    it('write() gives false when the far end takes no more, and writable() comes once when it does', async ({ gensio, far }, recorder) => {
      far.setReading(false);
      const data = pattern(piece);
      let sent = 0;
      let full = false;
      for (let i = 0; i < 4096 && !full; i++) {
        full = !recorder.during(() => gensio.write(Buffer.from(data)));
        sent += piece;
        if (full) {
          // Some of it may leave at once; full for good is what counts.
          const before = recorder.writables;
          await settle(50);
          if (recorder.writables > before) full = false;
        }
      }
      assert.ok(full, `took ${sent} bytes without ever saying no`);
      assert.ok(gensio.bufferedBytes() > 0, 'bufferedBytes() while it is full');
      const before = recorder.writables;
      far.setReading(true);
      await until(() => recorder.writables > before, 'writable()');
      await until(
        () => far.receivedBytes() === sent,
        () => `${far.receivedBytes()} of ${sent} bytes at the far end`,
      );
      await settle();
      assert.equal(recorder.writables, before + 1);
      await until(() => gensio.bufferedBytes() === 0, 'an empty queue');
    });
  }

  if (!lacks('flow')) {
    it('setReading(false) reaches the far end, and nothing is lost', async ({ gensio, far }, recorder) => {
      const data = pattern(piece);
      let sent = 0;
      for (let i = 0; i < 4096; i++) {
        far.send(Buffer.from(data));
        sent += piece;
        await settle(3);
        if (far.unsent() > 4 * piece) break;
      }
      assert.ok(far.unsent() > 0, `the far end got rid of ${sent} bytes nobody read`);
      assert.equal(recorder.length, 0);
      gensio.setReading(true);
      await until(
        () => recorder.length >= sent,
        () => `${recorder.length} of ${sent} bytes`,
      );
      assert.equal(recorder.length, sent);
      if (!lacks('same-bytes'))
        for (let i = 0; i < sent; i += piece)
          assert.ok(
            recorder
              .data()
              .subarray(i, i + piece)
              .equals(data),
          );
    });
  }

  it('setReading(false) inside read() stops it there', async ({ gensio, far }, recorder) => {
    let stopped = 0;
    recorder.onRead = () => {
      stopped = recorder.chunks.length;
      gensio.setReading(false);
    };
    gensio.setReading(true);
    let sent = 0;
    for (let i = 0; i < 8; i++) {
      far.send(pattern(Math.min(piece, 3000), i));
      sent += Math.min(piece, 3000);
    }
    await until(() => stopped > 0, 'the first bytes');
    const seen = recorder.chunks.length;
    await settle();
    assert.equal(recorder.chunks.length, seen, 'read() while reading is off');
    recorder.onRead = undefined;
    gensio.setReading(true);
    if (!lacks('flow') || !lacks('bulk'))
      await until(
        () => recorder.length >= sent,
        () => `${recorder.length} of ${sent} bytes`,
      );
  });

  if (setup.sends !== false)
    it('what was handed up before detachBuffer() stays as it is while reading goes on', async ({ gensio, far }, recorder) => {
      const kept: Buffer[] = [];
      recorder.onRead = (data) => {
        kept.push(data);
        gensio.setReading(false);
      };
      gensio.setReading(true);
      for (let i = 1; i <= 3; i++) {
        far.send(pattern(Math.min(piece, 3000), i));
        await until(() => kept.length >= i, `piece ${i}`);
        gensio.detachBuffer?.();
        gensio.setReading(true);
      }
      await settle();
      assert.ok(Buffer.concat(kept).equals(recorder.data()));
    });

  for (const how of ['close', 'abort'] as const) {
    if (setup.sends === false) break;
    it(`what was handed up before reading was turned off stays as it is through ${how}(), and when a next one reads`, async ({
      gensio,
      far,
    }, recorder, t) => {
      const some = (seed: number): Buffer => pattern(Math.min(piece, 3000), seed);
      const got: [kept: Buffer, copy: Buffer][] = [];
      recorder.onRead = (data) => {
        got.push([data, Buffer.from(data)]);
        gensio.setReading(false);
      };
      gensio.setReading(true);
      far.send(some(1));
      await until(() => got.length > 0, 'the first bytes');
      const [kept, copy] = got[0]!;
      far.send(some(2));
      await settle();
      assert.ok(kept.equals(copy), 'while reading is off');
      gensio[how]();
      await until(() => recorder.closes === 1, 'closed()');
      far.send(some(3));
      await settle();
      assert.ok(kept.equals(copy), 'while it closes');
      gensio.abort();
      far.close();
      await settle();
      const next = await setup.make(t);
      const nextEar = new RecordingUp();
      next.gensio.up = nextEar;
      next.gensio.setReading(true);
      next.far.send(some(4));
      await until(() => nextEar.length > 0, 'the next bytes');
      assert.ok(kept.equals(copy), 'when the next one reads');
      next.gensio.abort();
      next.far.close();
      await until(() => nextEar.closes > 0, 'closed()');
    });
  }

  if (!lacks('last-words')) {
    it('what was written before close() arrives', async ({ gensio, far }, recorder) => {
      const data = lacks('bulk') ? pattern(300) : pattern(Math.min(bulk, 300_000));
      gensio.setReading(true);
      if (lacks('back-pressure')) gensio.write(data);
      else await writeAll(gensio, recorder, data, piece);
      gensio.close();
      await until(
        () => far.receivedBytes() >= data.length,
        () => `${far.receivedBytes()} of ${data.length} bytes`,
      );
      if (!lacks('same-bytes')) assert.ok(far.received().equals(data));
      await until(() => recorder.closes === 1, 'closed()');
      assert.equal(recorder.error?.message, undefined);
      if (!lacks('close-seen')) await until(() => far.closed(), 'the close at the far end');
    });
  }

  it('close() ends in closed() without an error; a second one, and calls after it, do nothing', async ({ gensio }, recorder) => {
    gensio.setReading(true);
    recorder.during(() => gensio.close());
    gensio.close();
    await until(() => recorder.closes === 1, 'closed()');
    assert.equal(recorder.error?.message, undefined);
    gensio.close();
    gensio.abort();
    recorder.during(() => gensio.write(Buffer.from('too late')));
    gensio.setReading(true);
    gensio.setReading(false);
    await settle();
    assert.equal(recorder.writables, 0);
  });

  it('close() inside read() ends in closed() with no read() between', async ({ gensio, far }, recorder) => {
    recorder.onRead = () => {
      recorder.onRead = () => recorder.broken.push('read after close()');
      gensio.close();
    };
    gensio.setReading(true);
    for (let i = 0; i < 4; i++) far.send(pattern(Math.min(piece, 2000), i));
    await until(() => recorder.closes === 1, 'closed()');
  });

  it('abort() ends in closed(), also after close(), also when the far end takes nothing', async ({ gensio, far }, recorder) => {
    if (!lacks('back-pressure')) {
      far.setReading(false);
      for (let i = 0; i < 512 && gensio.write(pattern(piece)); i++) await settle(1);
    }
    gensio.close();
    recorder.during(() => gensio.abort());
    await until(() => recorder.closes === 1, 'closed()');
    if (!lacks('close-seen')) {
      far.setReading(true);
      await until(() => far.closed(), 'the close at the far end');
    }
  });

  if (!lacks('far-close')) {
    it('when the far end closes, what it sent comes first, then closed(remclose)', async ({ gensio, far }, recorder) => {
      const data = lacks('bulk') ? pattern(300) : pattern(Math.min(bulk, 200_000));
      for (let i = 0; i < data.length; i += piece) far.send(data.subarray(i, i + piece));
      far.close();
      await settle();
      assert.equal(recorder.length, 0);
      gensio.setReading(true);
      await until(
        () => recorder.closes === 1,
        () => `closed(); ${recorder.length} of ${data.length} bytes came`,
      );
      assert.equal(recorder.length, data.length);
      if (!lacks('same-bytes')) assert.ok(recorder.data().equals(data));
      assert.equal(recorder.error?.code, 'remclose');
      assert.equal(gensio.write(Buffer.from('too late')), true);
    });
  }
}
