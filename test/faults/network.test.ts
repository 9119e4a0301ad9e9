// A far machine that vanishes without a word: the daemon's own watch over its connections ends them in the time they were given.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { Device } from '../torture/device.ts';
import { until } from '../torture/limits.ts';
import { Subject } from '../torture/subject.ts';
import { Talk } from '../torture/talk.ts';
import { FarNetwork, HERE } from './far-network.ts';

const network = libc() === undefined ? { why: 'koffi is not installed' } : await FarNetwork.lay();
after(() => {
  if ('close' in network) network.close();
});

/** The machine of the daemon is the test's own: any port is free. */
const PORT = 2000;
/** More than what was asked for: the kernel's timers are coarse, and this machine may be busy. */
const SLACK_MS = 4000;

interface Case {
  readonly name: string;
  readonly options: string;
  /** The device says something after the cable was pulled. */
  readonly talks: boolean;
  readonly within: number;
}
const CASES: readonly Case[] = [
  { name: 'keepalive finds a silent peer dead', options: 'keepalive,keepidle=1,keepintvl=1,keepcnt=2', talks: false, within: 3000 },
  { name: 'user-timeout ends a connection whose bytes nobody acknowledges', options: 'user-timeout=1500', talks: true, within: 1500 },
];

for (const { name, options, talks, within } of CASES) {
  test(name, { timeout: 60_000 }, async (t) => {
    if ('why' in network) return t.skip(network.why);
    const daemon = new Subject({ through: network.through, words: ['-l'] });
    const device = new Device(daemon.path('dev'), 'device');
    try {
      device.plug();
      daemon.configure(
        `%YAML 1.1\n---\nconnection: &a\n  accepter: tcp(${options}),${HERE},${PORT}\n  connector: serialdev,${device.link},9600n81,local\n`,
      );
      await daemon.start();
      const first = network.call(PORT);
      await until(
        () => `the far client: ${daemon.said}`,
        () => first.heard().includes('connected'),
      );
      first.child.stdin?.write('hello');
      await until('its words', () => device.receiver.text.includes('hello'));
      network.pull();
      const at = performance.now();
      if (talks) await device.say(new Talk(1, 'to nobody'), 100);
      await until(
        () => `the end of the session: ${daemon.said}`,
        () => daemon.said.includes('a: disconnected'),
        within + SLACK_MS,
      );
      assert.ok(performance.now() - at > within * 0.6, `after ${performance.now() - at} ms, too early`);
      first.child.kill('SIGKILL');
      network.plug();
      const next = network.call(PORT);
      await until('the next client', () => next.heard().includes('connected'));
      next.child.stdin?.write('again');
      await until('its words', () => device.receiver.text.includes('again'));
      next.child.kill('SIGKILL');
      await daemon.stop();
      assert.equal(daemon.exit, 0);
    } finally {
      network.plug();
      device.pull();
      daemon.remove();
    }
  });
}

test('a peer that was started anew meanwhile, and knows nothing of the session, ends it', { timeout: 60_000 }, async (t) => {
  if ('why' in network) return t.skip(network.why);
  const daemon = new Subject({ through: network.through, words: ['-l'] });
  const device = new Device(daemon.path('dev'), 'device');
  try {
    device.plug();
    daemon.configure(
      `%YAML 1.1\n---\nconnection: &a\n  accepter: tcp,${HERE},${PORT}\n  connector: serialdev,${device.link},9600n81,local\n`,
    );
    await daemon.start();
    const first = network.call(PORT);
    await until('the far client', () => first.heard().includes('connected'));
    network.pull();
    const gone = new Promise((resolve) => first.child.once('exit', resolve));
    first.child.kill('SIGKILL');
    await gone;
    network.plug();
    await device.say(new Talk(1, 'to nobody'), 100);
    await until(
      () => `the end of the session: ${daemon.said}`,
      () => daemon.said.includes('a: disconnected'),
    );
    await daemon.stop();
  } finally {
    network.plug();
    device.pull();
    daemon.remove();
  }
});
