// One fault at a time over a scripted session: the daemon serves on, or ends with a message; never is anything silently wrong.
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { generateCertificate } from '../../src/cli/certificate.ts';
import { Client, type Protocol } from '../torture/client.ts';
import { Device } from '../torture/device.ts';
import { pause, until } from '../torture/limits.ts';
import { Random } from '../torture/random.ts';
import { freePorts, LOCKS, Subject } from '../torture/subject.ts';
import { Talk } from '../torture/talk.ts';
import { buildShim, type Failure, type Fault, OPS, type Op, Shim } from './shim.ts';

/** What each call can come back with. */
const FAILURES: Readonly<Record<Op, readonly Failure[]>> = {
  open: ['EMFILE', 'EIO', 'EACCES', 'EINTR'],
  read: ['short', 'EINTR', 'EAGAIN', 'EIO', 'ECONNRESET'],
  write: ['short', 'EINTR', 'EAGAIN', 'EIO', 'ENOSPC', 'ENODEV'],
  ioctl: ['EIO', 'ENODEV', 'EINTR', 'EAGAIN'],
  accept: ['EMFILE', 'EAGAIN', 'EINTR', 'EIO'],
  fsync: ['EIO'],
  link: ['EIO', 'ENOSPC', 'EACCES'],
};
/** Of calls that move bytes: nobody may notice these. */
const HARMLESS: readonly Failure[] = ['short', 'EINTR', 'EAGAIN'];
/** Until the daemon has tried again whatever it tries again. */
const RECOVERY_MS = 15_000;

export interface FaultOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
  /** Each fault once, in order, whatever the seed. */
  readonly all?: boolean;
}

class Script {
  readonly #daemon: Subject;
  readonly #raw: { readonly place: number; readonly device: Device };
  readonly #telnet: { readonly place: number; readonly device: Device };
  readonly #tls: { readonly place: number; readonly device: Device };
  readonly #admin: number;
  #ids = 1;

  constructor(daemon: Subject, base: number) {
    this.#daemon = daemon;
    this.#admin = base;
    const device = (name: string): Device => {
      const made = new Device(daemon.path(`dev-${name}`), name);
      made.plug();
      return made;
    };
    this.#raw = { place: base + 1, device: device('raw') };
    this.#telnet = { place: base + 2, device: device('telnet') };
    this.#tls = { place: base + 3, device: device('tls') };
  }
  configure(): void {
    const { link: raw } = this.#raw.device;
    const { link: telnet } = this.#telnet.device;
    const { link: tls } = this.#tls.device;
    const [key, cert] = [this.#daemon.path('key.pem'), this.#daemon.path('cert.pem')];
    const made = generateCertificate({ use: 'server', commonName: 'faults', now: new Date(), days: 2 });
    writeFileSync(key, made.key, { mode: 0o600 });
    writeFileSync(cert, made.cert);
    this.#daemon.configure(`%YAML 1.1
---
admin:
  accepter: tcp,127.0.0.1,${this.#admin}

connection: &raw
  accepter: tcp,127.0.0.1,${this.#raw.place}
  connector: serialdev(nouucplock=false),${raw},115200n81,local
  options:
    trace-read: ${this.#daemon.path('trace-read')}
    trace-write: ${this.#daemon.path('trace-write')}
    accepter-retry-time: 1

connection: &telnet
  accepter: telnet(rfc2217),tcp,127.0.0.1,${this.#telnet.place}
  connector: serialdev(nouucplock=false),${telnet},115200n81,local
  options:
    accepter-retry-time: 1

connection: &tls
  accepter: ssl(key=${key},cert=${cert}),tcp,127.0.0.1,${this.#tls.place}
  connector: serialdev(nouucplock=false),${tls},115200n81,local
  options:
    accepter-retry-time: 1
`);
  }

  /**
   * Everything once. strict: all of it has to work. Otherwise a session may come to nothing, which its client must be told.
   */
  async run(strict: boolean): Promise<void> {
    await this.#session(this.#raw, 'raw', strict);
    await this.#session(this.#telnet, 'telnet', strict);
    await this.#session(this.#tls, 'tls', strict);
    await this.#adminTalk(strict);
    this.#daemon.kill('SIGHUP');
    await pause(30);
  }
  async #session(
    { place, device }: { readonly place: number; readonly device: Device },
    protocol: Protocol,
    strict: boolean,
  ): Promise<void> {
    const from = this.#daemon.saidSoFar;
    const client = new Client(this.#ids++, protocol, place);
    const answer = new Talk(this.#ids++, 'answer');
    device.receiver.expect(client.talk);
    client.receiver.expect(answer);
    const wait = async (what: string, holds: () => boolean): Promise<boolean> => {
      const state = (): string =>
        `${what} on ${protocol}: ${device.receiver.got(client.talk)} of ${client.talk.sent} at the device, ${client.receiver.got(answer)} of ${answer.sent} back; '${client.receiver.text}' ${client.error?.message ?? ''}`;
      await until(state, () => holds() || client.closed || client.ended || !this.#daemon.alive).catch((err: unknown) => {
        if (strict) throw err;
        // Nobody was told, and nothing came: that is what must not be.
        throw new Error(`silence after a fault: ${(err as Error).message}`);
      });
      const problem = device.receiver.problem ?? client.receiver.problem;
      if (problem !== undefined) throw new Error(problem);
      if (strict && !holds()) throw new Error(`ended: ${state()}`);
      return holds();
    };
    try {
      client.greet();
      if (!(await wait('first words', () => device.receiver.complete(client.talk)))) return;
      if (protocol === 'telnet')
        client.raw(Buffer.from([255, 251, 44, 255, 250, 44, 1, 0, 0, 37, 128, 255, 240, 255, 250, 44, 5, 8, 255, 240]));
      void client.say(500);
      void device.say(answer, 500);
      if (!(await wait('an exchange', () => device.receiver.complete(client.talk) && client.receiver.complete(answer)))) return;
      void client.say(3);
      if (!(await wait('last words', () => device.receiver.complete(client.talk)))) return;
      if (strict && protocol === 'raw') {
        this.#locked(device);
        await this.#traced('trace-write', client.talk, from);
        await this.#traced('trace-read', answer, from);
      }
      client.socket.end();
      await until('the daemon to hang up', () => client.closed || !this.#daemon.alive, strict ? undefined : 8000);
    } finally {
      client.destroy();
      device.receiver.forget(client.talk);
    }
  }
  /** The lock file of an open device is whole: it has the number of the daemon in it. */
  #locked(device: Device): void {
    const mark = device.link.replaceAll('/', '_');
    for (const name of this.#daemon.locks().filter((lock) => lock.endsWith(mark))) {
      const content = readFileSync(join(LOCKS, name), 'latin1');
      if (content !== `${String(this.#daemon.pid).padStart(10)}\n`)
        throw new Error(`the lock file ${name} says ${JSON.stringify(content)}`);
    }
  }
  /** What was said stands in the trace, or the trace or the log says that something is missing. */
  async #traced(name: string, talk: Talk, from: number): Promise<void> {
    const read = (): Buffer => readFileSync(this.#daemon.path(name)).subarray(-5000);
    const said = Buffer.concat([talk.header, talk.bytes(0, talk.sent)]);
    await until(
      () => `${said.length} bytes in ${name}, which ends with ${JSON.stringify(read().subarray(-600).toString('latin1'))}`,
      () => read().includes(said) || read().includes(' bytes lost]') || this.#daemon.saidSince(from).includes('write to trace file'),
    );
  }
  async #adminTalk(strict: boolean): Promise<void> {
    let heard = '';
    const socket = connect(this.#admin, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      heard += data.toString();
    });
    socket.on('connect', () => socket.write('showport raw\r\nversion\r\n'));
    const done = (): boolean => heard.includes('version: 4') && heard.endsWith('-> ');
    await until(
      () => `the admin port: '${heard}'`,
      () => done() || socket.destroyed || !this.#daemon.alive,
      strict ? undefined : 8000,
    );
    socket.destroy();
    if (strict && !done()) throw new Error(`the admin port hung up: '${heard}'`);
  }
  close(): void {
    this.#raw.device.pull();
    this.#telnet.device.pull();
    this.#tls.device.pull();
  }
}

/** Runs the faults; rejects at the first one that is not stood. Gives how many were, and how many made the daemon end. */
export async function faults({
  seed,
  seconds,
  say,
  all = false,
}: FaultOptions): Promise<{ readonly stood: number; readonly ended: number } | { readonly why: string }> {
  const daemon = new Subject({});
  const built = buildShim(daemon.dir);
  if ('why' in built) {
    daemon.remove();
    return built;
  }
  const word = daemon.dir.split('/').at(-1)!;
  const shim = new Shim(daemon.path('control'), word);
  const subject = new Subject({ dir: daemon.dir, env: { LD_PRELOAD: built.library, FAULTSHIM_FILE: shim.path }, words: ['-l'] });
  const script = new Script(subject, await freePorts(4));
  script.configure();
  let stood = 0;
  let ended = 0;
  try {
    await startFaults(shim, subject, script, all ? 12 : 2, seed);
    await subject.start();
    await script.run(true);
    const before = OPS.map((op) => shim.seen(op));
    await script.run(true);
    await pause(300);
    // The counts differ a little from run to run; a few more are tried, and do nothing.
    const plan: Fault[] = OPS.flatMap((op, i) => {
      const count = shim.seen(op) - before[i]!;
      return FAILURES[op].flatMap((failure) => Array.from({ length: count }, (_, n): Fault => ({ op, nth: n + 1, failure })));
    });
    say(`${plan.length} faults: ${OPS.map((op, i) => `${op} ${shim.seen(op) - before[i]!}`).join(', ')}`);
    const random = new Random(seed);
    const descriptors = [...subject.descriptors().values()].reduce((a, b) => a + b, 0);
    const end = performance.now() + seconds * 1000;
    for (let i = 0; i < plan.length && (all || performance.now() < end); i++) {
      const fault = all ? plan[i]! : random.pick(plan);
      const name = `fault ${fault.failure} at ${fault.op} ${fault.nth} (seed ${seed})`;
      const from = subject.saidSoFar;
      try {
        const harmless = HARMLESS.includes(fault.failure) && ['read', 'write', 'accept'].includes(fault.op);
        shim.arm(fault);
        await script.run(harmless);
        shim.disarm();
        if (!subject.alive) {
          ended++;
          if (subject.saidSince(from) === '') throw new Error(`the daemon ended with ${subject.exit} without a word`);
          await subject.start();
        }
        const problem = subject.problem();
        if (problem !== undefined) throw new Error(problem);
        await recovered(script, subject, descriptors);
        stood++;
      } catch (err) {
        throw new Error(
          `${name}, ${shim.fired ? 'which struck' : 'which did not strike'}: ${(err as Error).message}\n${subject.saidSince(from).slice(-2500)}`,
        );
      }
    }
    await subject.stop();
  } finally {
    script.close();
    shim.close();
    subject.remove();
  }
  return { stood, ended };
}

/** Faults while it starts: it is up, and in the end serves, or has ended and said why. */
async function startFaults(shim: Shim, subject: Subject, script: Script, count: number, seed: number): Promise<void> {
  const plan = (['open', 'read'] as const).flatMap((op) =>
    [1, 2].flatMap((nth) => (['EMFILE', 'EIO', 'EINTR'] as const).map((failure): Fault => ({ op, nth, failure }))),
  );
  const random = new Random(seed, 1);
  for (let i = 0; i < count; i++) {
    const fault = count >= plan.length ? plan[i]! : random.pick(plan);
    shim.arm(fault);
    await subject.start();
    shim.disarm();
    try {
      if (!subject.alive) {
        if (subject.exit === 0 || subject.said === '') throw new Error(`it ended with ${subject.exit} and said '${subject.said}'`);
        continue;
      }
      await script.run(true);
      await subject.stop();
    } catch (err) {
      throw new Error(
        `fault ${fault.failure} at ${fault.op} ${fault.nth} of the start: ${(err as Error).message}\n${subject.said.slice(-1500)}`,
      );
    }
  }
}

/** The daemon does everything again, and holds nothing of what failed. */
async function recovered(script: Script, subject: Subject, descriptors: number): Promise<void> {
  const end = performance.now() + RECOVERY_MS;
  for (;;) {
    try {
      await script.run(true);
      break;
    } catch (err) {
      if (performance.now() > end) throw err;
      await pause(100);
    }
  }
  const open = (): number => [...subject.descriptors().values()].reduce((a, b) => a + b, 0);
  await until(
    () => `descriptors to be given back: ${open()} of ${descriptors}, ${JSON.stringify([...subject.descriptors()])}`,
    () => open() <= descriptors,
  );
}
