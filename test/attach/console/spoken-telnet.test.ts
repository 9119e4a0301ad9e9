import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SpokenTelnet } from '../../../src/attach/console/spoken-telnet.ts';
import { ForwardingGensio, type Gensio } from '../../../src/gensio/gensio.ts';
import { FakeGensio, RecordingUp } from '../../rig/fake-gensio.ts';

/** In place of the layer telnet: shows that it is there, and passes everything through. */
class Shown extends ForwardingGensio {
  override readonly type = 'telnet';
  constructor(child: Gensio) {
    super();
    this.below = child;
    child.up = this;
  }
  override open(done: () => void): void {
    queueMicrotask(done);
  }
}

/** What arrives at the top for bytes that come in these pieces, and how often telnet was put on. */
async function heard(pieces: readonly Buffer[]): Promise<{ got: Buffer; telnet: number; sent: Buffer }> {
  const below = new FakeGensio();
  const up = new RecordingUp();
  let telnet = 0;
  const gensio = new SpokenTelnet(below, (child) => {
    telnet++;
    return new Shown(child);
  });
  gensio.up = up;
  gensio.setReading(true);
  for (const piece of pieces) {
    below.feed(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  below.end();
  return { got: up.take(), telnet, sent: below.take() };
}

const cut = (all: Buffer, at: readonly number[]): Buffer[] => {
  const places = [0, ...[...at].filter((n) => n < all.length).sort((a, b) => a - b), all.length];
  return places.slice(1).map((to, i) => all.subarray(places[i]!, to));
};

test('any bytes in any cut arrive whole and in order, nothing is sent, and two bytes decide about telnet', async () => {
  const bytes = fc.array(fc.constantFrom(255, 251, 240, 239, 65, 0), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(12), { maxLength: 4 }), async (given, at) => {
      const all = Buffer.from(given);
      const { got, telnet, sent } = await heard(cut(all, at).filter((piece) => piece.length > 0));
      assert.deepEqual(got, all);
      assert.equal(sent.length, 0);
      assert.equal(telnet, all[0] === 255 && (all[1] ?? 0) >= 240 && all[1] !== 255 ? 1 : 0);
    }),
  );
});
