// What the tests of serialdev share: a device on a pty that is ended with the test, and the peer of the pty for the suite of all layers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { noLog } from '../../../src/base/log.ts';
import type { GensioEnv } from '../../../src/gensio/context.ts';
import { createSerialDev, type SerialDev } from '../../../src/gensio/serialdev/serialdev.ts';
import type { SerialLine } from '../../../src/options/serialdev.ts';
import type { LayerOf } from '../../../src/options/stack.ts';
import { opened, RecordingUp } from '../../compliance/recording-up.ts';
import { PLAIN_LINE } from '../../rig/fake-device.ts';
import { ask as askByNumber, type Setting } from '../../rig/numbers.ts';
import { openPty, type Pty, type PtyMaster, until } from '../../rig/pty.ts';
import { layerSpec } from '../layer-spec.ts';

/** For locks and what else a test makes. */
export const root = mkdtempSync(join(tmpdir(), 'serialdev-'));
after(() => rmSync(root, { recursive: true }));

export type Opts = Partial<LayerOf<'serialdev'>['opts']>;
export const spec = (device: string, line: Partial<SerialLine> = {}, opts: Opts = {}): LayerOf<'serialdev'> =>
  layerSpec('serialdev', opts, { device, line: { ...PLAIN_LINE, ...line } });
export const env = (locks: 'locks' | 'no locks' = 'locks'): GensioEnv => ({
  clock: systemClock,
  log: noLog,
  lockDir: locks === 'locks' ? root : undefined,
});

/** A device on a pty, not open yet; both are ended with the test. */
export function rig(
  t: TestContext,
  line: Partial<SerialLine> = {},
  opts: Opts = {},
  pty: Pty = openPty({ raw: true }),
  make: (spec: LayerOf<'serialdev'>, env: GensioEnv) => SerialDev = createSerialDev,
) {
  const dev = make(spec(pty.path, line, opts), env());
  const recorder = new RecordingUp();
  dev.up = recorder;
  t.after(async () => {
    dev.abort();
    await pty.close();
  });
  const ask = (setting: Setting, value: number): number | undefined => {
    let got: number | undefined;
    askByNumber(dev.serial!, setting, value, (answer) => {
      got = answer;
    });
    return got;
  };
  return { dev, recorder, pty, master: pty.master, ask };
}
export async function opensWell(dev: SerialDev): Promise<void> {
  const err = await opened(dev);
  assert.equal(err, undefined, err?.detail);
}
export async function closesWell(dev: SerialDev, recorder: RecordingUp): Promise<void> {
  dev.close();
  await until('closed()', () => recorder.closes === 1);
  assert.equal(recorder.error, undefined);
  assert.deepEqual(recorder.broken, []);
}

/** For the suite of all layers. Closing the master of a pty throws away what nobody read, so this far end cannot say last words. */
export const farEnd = (master: PtyMaster) => {
  let unsent = 0;
  return {
    send: (data: Buffer) => {
      unsent += data.length;
      master.write(data).then(
        () => {
          unsent -= data.length;
        },
        () => undefined,
      );
    },
    unsent: () => unsent,
    received: () => master.peek(),
    receivedBytes: () => master.received,
    setReading: (on: boolean) => master.setReading(on),
    close: () => master.close(),
    closed: () => true,
  };
};
