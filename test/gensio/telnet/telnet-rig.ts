// One end of a telnet connection over a layer in memory, with somebody above it.
import type { GensioError } from '../../../src/base/gensio-error.ts';
import { textOf } from '../../../src/gensio/telnet/names.ts';
import { telnetClient, telnetServer } from '../../../src/gensio/telnet/telnet.ts';
import { settle } from '../../compliance/recording-up.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio, RecordingUp } from '../../rig/fake-gensio.ts';
import { telnetOptions } from './options.ts';

/** An accepted connection with somebody above it who reads; what the layer sends first is taken away. */
export function accepted(options: string) {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const net = telnetServer(child, telnetOptions(options), clock);
  const up = new RecordingUp();
  net.up = up;
  net.setReading(true);
  child.take();
  return { clock, child, net, up };
}
export type Accepted = ReturnType<typeof accepted>;

/** A connector being opened; done is what open() said. */
export async function connecting(options: string) {
  const clock = new FakeClock();
  const child = new FakeGensio();
  const dev = telnetClient(child, telnetOptions(options), clock);
  const up = new RecordingUp();
  dev.up = up;
  const done: (GensioError | undefined)[] = [];
  dev.open((err) => void done.push(err));
  await settle(1);
  return { clock, child, dev, up, done };
}
export const sent = (child: FakeGensio): string => textOf(child.take());
/** How it ended; undefined: it did not. */
export const endOf = (up: RecordingUp): RecordingUp['end'] => up.end;
