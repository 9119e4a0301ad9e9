// A far machine that vanishes without a word: the daemon's own watch over its connections ends them in the time they were given.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import { libc } from '../../src/base/libc.ts';
import { generateCertificate } from '../../src/cli/certificate.ts';
import { Device } from '../torture/device.ts';
import { pause, until } from '../torture/limits.ts';
import { Subject } from '../torture/subject.ts';
import { Receiver, Talk } from '../torture/talk.ts';
import { FarNetwork, HERE } from './far-network.ts';

const network = libc() === undefined ? { why: 'koffi is not installed' } : await FarNetwork.lay();
const skip = 'why' in network && network.why;
after(() => {
  if ('close' in network) network.close();
});

/** The machine of the daemon is the test's own: any port is free. */
const PORT = 2000;
/** More than what was asked for: the kernel's timers are coarse, and this machine may be busy. */
const SLACK_MS = 10_000;

/** A daemon with one port `a` for the far machine, and a device. The accepter stands above `,HERE,PORT`. */
async function site(t: TestContext, accepter: (daemon: Subject) => string, connector?: string) {
  assert.ok(!('why' in network));
  const daemon = new Subject({ through: network.through, words: ['-l'] });
  const device = new Device(daemon.path('dev'), 'device');
  t.after(() => {
    network.plug();
    device.pull();
    daemon.remove();
  });
  device.plug();
  daemon.configure(
    `%YAML 1.1\n---\nconnection: &a\n  accepter: ${accepter(daemon)},${HERE},${PORT}\n  connector: ${connector ?? `serialdev,${device.link},115200n81,local`}\n`,
  );
  await daemon.start();
  /** A client on the far machine that is connected. */
  const call = async (): Promise<ReturnType<FarNetwork['call']>> => {
    const client = network.call(PORT);
    await until(
      () => `the far client: ${daemon.said}`,
      () => client.heard().includes('connected'),
    );
    return client;
  };
  const sessionEnds = (limit?: number): Promise<void> =>
    until(
      () => `the end of the session: ${daemon.said}`,
      () => daemon.said.includes('a: disconnected'),
      limit,
    );
  return { network, daemon, device, call, sessionEnds };
}

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
  test(name, { timeout: 60_000, skip }, async (t) => {
    const { network, daemon, device, call, sessionEnds } = await site(t, () => `tcp(${options})`);
    const first = await call();
    // The kernel counts from the last packet.
    const at = performance.now();
    first.child.stdin?.write('hello');
    await until('its words', () => device.receiver.text.includes('hello'));
    network.pull();
    if (talks) await device.say(new Talk(1, 'to nobody'), 100);
    await sessionEnds(within + SLACK_MS);
    assert.ok(performance.now() - at > within * 0.6, `after ${performance.now() - at} ms, too early`);
    first.child.kill('SIGKILL');
    network.plug();
    const next = await call();
    next.child.stdin?.write('again');
    await until('its words', () => device.receiver.text.includes('again'));
    next.child.kill('SIGKILL');
    await daemon.stop();
    assert.equal(daemon.exit, 0);
  });
}

test('a peer that was started again meanwhile, and knows nothing of the session, ends it', { timeout: 60_000, skip }, async (t) => {
  const { network, daemon, device, call, sessionEnds } = await site(t, () => 'tcp');
  const { child } = await call();
  network.pull();
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  network.plug();
  await device.say(new Talk(1, 'to nobody'), 100);
  await sessionEnds();
  await daemon.stop();
});

test('delay, loss and a cable that comes and goes cost time, and no byte in either direction', { timeout: 120_000, skip }, async (t) => {
  const { network, daemon, device, call } = await site(t, () => 'tcp');
  t.after(() => network.mend());
  const { child } = await call();
  const [out, back] = [new Talk(1, 'from the far client'), new Talk(2, 'to the far client')];
  const far = new Receiver('the far client');
  far.expect(back);
  device.receiver.expect(out);
  child.stdout?.on('data', (data: Buffer) => far.feed(data));
  if (!network.worsen()) t.diagnostic('this kernel has no netem: only the cable comes and goes');
  let going = true;
  const send = async (): Promise<void> => {
    child.stdin?.write(out.header);
    for (let i = 0; i < 100; i++) {
      child.stdin?.write(out.next(2000));
      await device.say(back, 2000);
      await pause(20);
    }
    going = false;
  };
  const flap = async (): Promise<void> => {
    while (going) {
      network.pull();
      await pause(60);
      network.plug();
      await pause(250);
    }
  };
  await Promise.all([send(), flap()]);
  await until(
    () => `${device.receiver.got(out)} of ${out.sent} at the device, ${far.got(back)} of ${back.sent} far away`,
    () => (device.receiver.complete(out) && far.complete(back)) || device.receiver.problem !== undefined || far.problem !== undefined,
    60_000,
  );
  assert.deepEqual([device.receiver.problem, far.problem], [undefined, undefined]);
  child.kill('SIGKILL');
  await daemon.stop();
  assert.equal(daemon.exit, 0);
});

test('a TLS client that vanishes in the middle of its handshake is given up after con-timeout', { timeout: 60_000, skip }, async (t) => {
  const ssl = (daemon: Subject): string => {
    const { key, cert } = generateCertificate({ use: 'server', commonName: 'half', now: new Date(), days: 2 });
    writeFileSync(daemon.path('key'), key, { mode: 0o600 });
    writeFileSync(daemon.path('cert'), cert);
    return `ssl(con-timeout=2s,key=${daemon.path('key')},cert=${daemon.path('cert')}),tcp`;
  };
  const { network, daemon, call } = await site(t, ssl, 'echo');
  const sockets = (): number => daemon.descriptors().get('socket') ?? 0;
  const idle = sockets();
  const at = performance.now();
  const { child } = await call();
  // The first bytes of a ClientHello of 512.
  child.stdin?.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]));
  await until('the connection', () => sockets() > idle);
  network.pull();
  await until(
    () => `the end of the handshake: ${daemon.said}`,
    () => sockets() <= idle,
    2000 + SLACK_MS,
  );
  assert.ok(performance.now() - at > 1900, 'too early');
  await until('what it says of that', () => /Error accepting a gensio: .*[Tt]ime/.test(daemon.said));
  child.kill('SIGKILL');
  await daemon.stop();
  assert.equal(daemon.exit, 0);
});
