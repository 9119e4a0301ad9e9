// What a run does to the daemon: one row an action, with how often it is done. Each ends when what must follow has followed.
// Long because it is one table, with a function for each row.
import { connect as connectTcp, createConnection, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { Client } from './client.ts';
import type { Lane, PortPlan, Session } from './lane.ts';
import { LIMIT_MS, pause, until } from './limits.ts';
import type { Random } from './random.ts';

/** What all lanes have in common. */
export interface Whole {
  readonly adminPort: number;
  /** Writes the configuration of all lanes and has it read; resolves when it is in force. */
  reload(): Promise<void>;
}
interface Action {
  readonly weight: number;
  readonly run: (lane: Lane, random: Random, whole: Whole) => Promise<void>;
}

const some = (random: Random): number => (random.chance(70) ? random.between(1, 300) : random.between(300, 20_000));

/** A session that is there, or a new one; undefined: no place for one. */
async function anySession(lane: Lane, random: Random): Promise<Session | undefined> {
  if (lane.sessions.length > 0 && !(lane.free().length > 0 && random.chance(25))) return random.pick(lane.sessions);
  const free = lane.free();
  return free.length === 0 ? undefined : lane.join(random.pick(free));
}

async function connect(lane: Lane, random: Random): Promise<void> {
  const free = lane.free();
  if (free.length > 0) await lane.exchange(await lane.join(random.pick(free)), some(random), some(random));
}

async function exchange(lane: Lane, random: Random): Promise<void> {
  const session = await anySession(lane, random);
  if (session !== undefined) await lane.exchange(session, some(random), some(random));
}

/** Everybody on a port with room for several hears the same. */
async function broadcast(lane: Lane, random: Random): Promise<void> {
  const port = lane.ports.find((p) => p.users > 1)!;
  if (!port.device.present) return;
  while (lane.on(port).length < 2) await lane.join(port);
  const heard = lane.on(port);
  const talk = lane.newTalk(`to all on ${port.name}`);
  for (const { client } of heard) client.receiver.expect(talk);
  await port.device.say(talk, some(random));
  await until(
    () => `all to hear ${talk.sent} bytes of ${port.name}: ${heard.map(({ client }) => client.receiver.got(talk)).join(' ')}`,
    () => heard.every(({ client }) => client.receiver.complete(talk)) || lane.problem() !== undefined,
  );
}

/** Last bytes before the end of the sending side still come out at the device. */
async function halfClose(lane: Lane, random: Random): Promise<void> {
  const session = await anySession(lane, random);
  if (session === undefined) return;
  await session.client.say(some(random));
  await session.client.end();
  const { receiver } = session.port.device;
  const { talk } = session.client;
  await until(
    () => `last words on ${session.port.name}: ${receiver.got(talk)} of ${talk.sent}`,
    () => receiver.complete(talk) || receiver.problem !== undefined,
  );
  lane.drop(session);
}

async function reset(lane: Lane, random: Random): Promise<void> {
  const session = await anySession(lane, random);
  if (session === undefined) return;
  if (session.port.users === 1) void session.client.say(some(random));
  if (session.port.users === 1 && random.chance(50)) void session.port.device.say(session.answer, some(random));
  if (random.chance(50)) await pause(random.below(5));
  session.client.reset();
  lane.drop(session);
  await until(`${session.client.name} to be reset`, () => session.client.closed);
}

/** One end takes nothing for a while; then everything comes. */
async function stall(lane: Lane, random: Random): Promise<void> {
  const session = await anySession(lane, random);
  if (session === undefined || lane.on(session.port).length > 1) return;
  const { client, answer, port } = session;
  const size = random.between(10_000, 400_000);
  if (random.chance(50)) {
    client.setReading(false);
    const said = port.device.say(answer, size);
    await pause(random.below(40));
    client.setReading(true);
    await said;
  } else {
    port.device.setReading(false);
    const said = client.say(size);
    await pause(random.below(40));
    port.device.setReading(true);
    await said;
  }
  await lane.arrived(session);
}

async function flood(lane: Lane, random: Random): Promise<void> {
  const session = await anySession(lane, random);
  if (session === undefined || lane.on(session.port).length > 1) return;
  const size = random.between(100_000, 1_500_000);
  const way = random.below(3);
  await lane.exchange(session, way === 0 ? 0 : size, way === 1 ? 0 : size);
}

/** The device goes in the middle of something; it comes back, and works. */
async function vanish(lane: Lane, random: Random): Promise<void> {
  const port = random.pick(lane.ports);
  const sessions = lane.on(port);
  for (const { client } of sessions) if (port.users === 1 && random.chance(50)) void client.say(some(random));
  if (sessions.length === 1 && random.chance(50)) void port.device.say(sessions[0]!.answer, some(random));
  if (random.chance(50)) await pause(random.below(5));
  port.device.pull();
  for (const session of sessions) {
    await until(
      () => `${session.client.name} to be told that ${port.name} is gone`,
      () => session.client.closed || session.client.ended,
    );
    lane.drop(session);
  }
  if (random.chance(50)) await refusedFor(lane, port, /Device open failure/);
  port.device.plug();
  if (!lane.rotator.ports.includes(port)) await lane.exchange(await lane.join(port), some(random), some(random));
}

/** A client that is turned away with these words. */
async function refusedFor(lane: Lane, port: PortPlan, words: RegExp): Promise<void> {
  const client = new Client(lane.nextId(), port.protocol, port.place);
  await until(
    () => `${client.name} to be refused with ${words}: '${client.receiver.text}' ${client.error?.message ?? ''}`,
    () => client.closed || client.ended,
  );
  client.destroy();
  if (client.error === undefined && !words.test(client.receiver.text))
    throw new Error(`${client.name} heard '${client.receiver.text}', not ${words}`);
}

async function full(lane: Lane): Promise<void> {
  const port = lane.ports.find((p) => p.users === 1 && !p.kick && lane.on(p).length === 1);
  if (port !== undefined) await refusedFor(lane, port, /Port already in use\r\n/);
}

async function kick(lane: Lane, random: Random): Promise<void> {
  const port = lane.ports.find((p) => p.kick)!;
  if (!port.device.present) return;
  const old = lane.on(port)[0] ?? (await lane.join(port));
  lane.drop(old);
  const session = await lane.join(port);
  await until(`${old.client.name} to be kicked`, () => old.client.closed || old.client.ended);
  await lane.exchange(session, some(random), some(random));
}

/** Clients that come and go before anything happens. */
async function churn(lane: Lane, random: Random): Promise<void> {
  const places = [...lane.ports.filter((p) => lane.on(p).length === 0).map((p) => p.place), lane.rotator.place];
  const sockets: Socket[] = [];
  for (let i = random.between(3, 25); i > 0; i--) {
    const place = random.pick(places);
    const socket = typeof place === 'number' ? connectTcp(place, '127.0.0.1') : connectTcp(place);
    const how = random.below(4);
    const { header } = lane.newTalk('somebody passing by');
    socket.on('error', () => undefined);
    socket.on('connect', () => {
      if (how === 0 && typeof place === 'number') socket.resetAndDestroy();
      else if (how === 1) socket.end();
      else if (how === 2) socket.end(header);
      else socket.destroy();
    });
    socket.resume();
    sockets.push(socket);
  }
  await until('the churn to be over', () => sockets.every((s) => s.destroyed));
}

/** As many as there are ports behind the rotator get one each; the next is refused. */
async function rotate(lane: Lane, random: Random): Promise<void> {
  const { place, ports } = lane.rotator;
  if (!ports.every((p) => p.device.present && lane.on(p).length === 0)) return;
  const callers: Client[] = [];
  const portOf = (client: Client): PortPlan | undefined => ports.find((p) => p.device.receiver.complete(client.talk));
  const call = async (): Promise<Client> => {
    const client = new Client(lane.nextId(), 'raw', place);
    for (const port of ports) port.device.receiver.expect(client.talk);
    client.greet();
    await until(
      () => `the rotator to answer ${client.name}: '${client.receiver.text}'`,
      () => portOf(client) !== undefined || client.closed || client.ended || lane.problem() !== undefined,
    );
    return client;
  };
  const forget = (client: Client): void => {
    for (const port of ports) port.device.receiver.forget(client.talk);
  };
  // Who was there before may still be on the way out: then it is tried again.
  const end = performance.now() + LIMIT_MS;
  while (callers.length < ports.length) {
    const client = await call();
    if (portOf(client) !== undefined) callers.push(client);
    else {
      client.destroy();
      forget(client);
      const { text } = client.receiver;
      if (client.error === undefined && !NO_FREE_PORT.test(text)) throw new Error(`the rotator said '${text}'`);
      if (performance.now() > end) throw new Error(`the rotator gives ${callers.length} of ${ports.length} ports: '${text}'`);
      await pause(20);
    }
  }
  const late = await call();
  late.destroy();
  forget(late);
  if (late.error === undefined && !NO_FREE_PORT.test(late.receiver.text))
    throw new Error(`the rotator, all of whose ports are taken, said '${late.receiver.text}'`);
  for (const client of callers) {
    const session = { port: portOf(client)!, client, answer: lane.newTalk('answer through the rotator') };
    client.receiver.expect(session.answer);
    lane.sessions.push(session);
    await lane.exchange(session, some(random), some(random));
  }
  if (ports.some((p) => lane.on(p).length !== 1)) throw new Error('the rotator gave two clients the same port');
  for (const client of callers) {
    await client.end();
    forget(client);
  }
  for (const session of lane.sessions.filter((s) => ports.includes(s.port))) lane.drop(session);
}
const NO_FREE_PORT = /^No free port found\r\n$/;

const IAC = 255;
const [SE, SB, DO, WILL] = [240, 250, 253, 251];
/** Settings that leave eight clean bits: anything else changes what comes out, as it should. */
function comPort(random: Random): Buffer {
  const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  const body = random.pick<() => number[]>([
    () => [0, ...Buffer.from('torture').subarray(0, random.below(8))],
    () => [1, ...u32(random.pick([0, 300, 9600, 19200, 115200, 12345, 4_000_000_000]))],
    () => [2, random.pick([0, 8, 9, 200])],
    () => [3, random.pick([0, 1, 6, 77])],
    () => [4, random.pick([0, 1, 2, 99])],
    () => [5, random.pick([0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20, 200])],
    () => [10, random.below(256)],
    () => [11, random.below(256)],
    () => [random.between(13, 255), ...random.bytes(random.below(8))],
    () => [1, ...random.bytes(random.below(3))],
    () => [],
  ])();
  return Buffer.from([IAC, SB, 44, ...body.flatMap((b) => (b === IAC ? [IAC, IAC] : [b])), IAC, SE]);
}
async function storm(lane: Lane, random: Random): Promise<void> {
  const port = lane.ports.find((p) => p.protocol === 'telnet')!;
  if (!port.device.present) return;
  const session = lane.on(port)[0] ?? (await lane.join(port));
  for (let i = random.between(1, 60); i > 0; i--) {
    const what = random.below(6);
    if (what < 3) session.client.raw(comPort(random));
    else if (what === 3) session.client.raw(Buffer.from([IAC, random.pick([WILL, 252, DO, 254]), random.below(250)]));
    else if (what === 4) session.client.raw(Buffer.from([IAC, random.pick([241, 242, 243, 244, 245, 246, 247, 248, 249])]));
    else session.client.raw(Buffer.from([IAC, SB, random.below(240), ...random.bytes(random.below(60)).map((b) => b & 127), IAC, SE]));
    if (random.chance(10)) await pause(1);
  }
  await lane.exchange(session, some(random), some(random));
}

/** A stream below TLS that is cut after so many bytes, in either direction. */
class CutStream extends Duplex {
  #left: number;
  readonly #socket: Socket;
  constructor(socket: Socket, left: number) {
    super();
    this.#left = left;
    this.#socket = socket;
    socket.on('data', (data) => {
      if (this.#passes(data) === data.length) this.push(data);
    });
    socket.on('close', () => this.destroy());
    socket.on('error', () => this.destroy());
  }
  #passes(data: Buffer): number {
    const n = Math.min(this.#left, data.length);
    this.#left -= n;
    if (this.#left === 0) setImmediate(() => this.#socket.destroy());
    return n;
  }
  override _read(): void {}
  override _write(data: Buffer, _encoding: string, done: () => void): void {
    const n = this.#passes(data);
    if (n > 0) this.#socket.write(data.subarray(0, n));
    done();
  }
}
async function cutHandshake(lane: Lane, random: Random): Promise<void> {
  const port = lane.ports.find((p) => p.protocol === 'tls')!;
  const place = port.place as number;
  const sockets: Socket[] = [];
  for (let i = random.between(1, 6); i > 0; i--) {
    const socket = createConnection(place, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    const how = random.below(4);
    const bytes = random.bytes(random.between(1, 400));
    if (how === 0) socket.on('connect', () => socket.end(bytes));
    else if (how === 1) socket.on('connect', () => setTimeout(() => socket.resetAndDestroy(), 5));
    else {
      const tls = connectTls({ socket: new CutStream(socket, random.between(1, 2600)), rejectUnauthorized: false });
      tls.on('error', () => undefined);
      tls.on('secureConnect', () => socket.destroy());
    }
    socket.resume();
  }
  await until('the cut handshakes to be over', () => sockets.every((s) => s.destroyed));
}

/** A session of the admin port that was given a prompt. Four are served at a time: who comes fifth tries again. */
async function adminSession(place: number): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
  for (const end = performance.now() + LIMIT_MS; ; ) {
    const socket = connectTcp(place, '127.0.0.1');
    let heard = '';
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      heard += data.toString('latin1');
    });
    await until(
      () => `a prompt of the admin port: '${heard}'`,
      () => heard.endsWith('-> ') || socket.destroyed,
    );
    if (heard.endsWith('-> ')) return { socket, heard: () => heard };
    socket.destroy();
    if (performance.now() > end) throw new Error(`the admin port takes nobody: '${heard}'`);
    await pause(10);
  }
}
/** Says these words; gives all that was heard, once everything is answered. wait false: leaves at once. */
async function adminTalk(whole: Whole, words: readonly Buffer[], wait: boolean): Promise<string> {
  const { socket, heard } = await adminSession(whole.adminPort);
  try {
    for (const word of words) socket.write(word);
    if (!wait) return '';
    // A line that is too long swallows what came with it: asked again then.
    let asked = -Infinity;
    const answered = (): boolean => {
      if (performance.now() > asked + 500) {
        asked = performance.now();
        socket.write('\r\nversion\r\n');
      }
      return /\r\nversion: .*-> $/s.test(heard()) || socket.destroyed;
    };
    await until(() => `an answer of the admin port: '${heard().slice(-300)}'`, answered);
    if (socket.destroyed && !/\r\nversion: /.test(heard())) throw new Error(`the admin port hung up: ${heard().slice(-300)}`);
    return heard();
  } finally {
    socket.destroy();
  }
}
async function admin(lane: Lane, random: Random, whole: Whole): Promise<void> {
  const port = random.pick(lane.ports);
  const line = (): Buffer =>
    random.pick<() => Buffer>([
      () => Buffer.from('showport\r\n'),
      () => Buffer.from(`showport ${port.name}\r\n`),
      () => Buffer.from('showshortport\r\n'),
      () => Buffer.from('help\r\n'),
      () => Buffer.from(`setporttimeout ${port.name} 0\r\n`),
      () => Buffer.from(`setportcontrol ${port.name} DTRHI RTSLO\r\n`),
      () => Buffer.from(`monitor ${random.pick(['tcp', 'term'])} ${port.name}\r\nmonitor stop\r\n`),
      () => Buffer.from('monitor\r\nshowport nosuch\r\nsetporttimeout x y\r\n'),
      () => Buffer.from(`${'x'.repeat(random.between(1, 5000))}\r\n`),
      () => Buffer.from(random.bytes(random.between(1, 60)).map((b) => (b === 4 || b === 255 ? 32 : b))),
    ])();
  const words = Array.from({ length: random.between(1, 6) }, line);
  // Words of noise may turn the answers into YAML; then nobody waits for a prompt.
  const wait = !words.some((w) => w.includes('yaml') || w.includes('%YAML'));
  await adminTalk(whole, words, wait);
}
/** A user is thrown out by the admin port. */
async function disconnect(lane: Lane, random: Random, whole: Whole): Promise<void> {
  const session = await anySession(lane, random);
  if (session === undefined) return;
  const sessions = lane.on(session.port);
  await adminTalk(whole, [Buffer.from(`disconnect ${session.port.name}\r\n`)], true);
  for (const each of sessions) {
    await until(`${each.client.name} to be disconnected`, () => each.client.closed || each.client.ended);
    lane.drop(each);
  }
}

/** Brings, changes and takes away ports without a device; changes one that is in use. */
async function reload(lane: Lane, random: Random, whole: Whole): Promise<void> {
  const texts = ['', 'hello', 'one two', 'x'.repeat(200)];
  const was = Object.fromEntries(lane.spares.map(({ place, kind, banner }) => [place, `${kind} with '${banner}'`]));
  for (const spare of lane.spares) {
    if (random.chance(50)) spare.kind = random.pick(['none', 'raw', 'raw', 'telnet', 'broken', 'off'] as const);
    if (random.chance(50)) spare.banner = random.pick(texts);
  }
  const held = random.chance(50) ? lane.sessions[0] : undefined;
  if (held !== undefined) held.port.banner = random.pick(texts);
  // One in use takes nobody until it has changed: all who are on the held one leave below.
  for (const port of lane.ports)
    if ((port === held?.port || lane.on(port).length === 0) && random.chance(20))
      port.speed = random.pick(['115200n81', '9600n81', '38400e82']);
  await whole.reload();
  for (const spare of lane.spares) {
    const { kind, place, banner } = spare;
    const served = kind === 'raw' || kind === 'telnet';
    let heard = '';
    let why = '';
    const before = was[spare.place];
    const look = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connectTcp(place as number, '127.0.0.1');
        heard = '';
        socket.on('connect', () => socket.write('ping'));
        socket.on('data', (data) => {
          heard += data.toString('latin1');
          if (served && heard.endsWith(`${banner}ping`)) socket.destroy();
        });
        socket.setTimeout(2000, () => socket.destroy());
        socket.on('error', (err) => {
          why = err.message;
        });
        socket.on('close', () => resolve(served ? heard.endsWith(`${banner}ping`) : heard === ''));
      });
    await until(() => `port ${place} to be ${kind} with '${banner}', after ${before}: '${heard}' ${why}`, look);
  }
  if (held === undefined) return;
  // The session goes on; the next one has the new banner.
  await lane.exchange(held, some(random), some(random));
  for (const session of lane.on(held.port)) {
    await session.client.end();
    lane.drop(session);
  }
  const next = await lane.join(held.port);
  await until(
    () => `the new banner of ${held.port.name}: '${next.client.receiver.text}'`,
    () => next.client.receiver.text.endsWith(held.port.banner),
  );
}

/** A port is taken out of service under its users' feet, and comes back. */
async function disable(lane: Lane, random: Random, whole: Whole): Promise<void> {
  const port = random.pick(lane.ports.filter((p) => !lane.rotator.ports.includes(p)));
  const sessions = lane.on(port);
  port.enabled = false;
  await whole.reload();
  for (const session of sessions) {
    await until(`${session.client.name} to be closed, as ${port.name} is disabled`, () => session.client.closed || session.client.ended);
    lane.drop(session);
  }
  port.enabled = true;
  await whole.reload();
  if (port.device.present) await lane.exchange(await lane.join(port), some(random), some(random));
}

export const ACTIONS: Readonly<Record<string, Action>> = {
  connect: { weight: 12, run: connect },
  exchange: { weight: 16, run: exchange },
  broadcast: { weight: 5, run: broadcast },
  halfClose: { weight: 8, run: halfClose },
  reset: { weight: 8, run: reset },
  stall: { weight: 6, run: stall },
  flood: { weight: 3, run: flood },
  vanish: { weight: 6, run: vanish },
  full: { weight: 3, run: full },
  kick: { weight: 4, run: kick },
  churn: { weight: 5, run: churn },
  rotate: { weight: 4, run: rotate },
  storm: { weight: 6, run: storm },
  cutHandshake: { weight: 5, run: cutHandshake },
  admin: { weight: 5, run: admin },
  disconnect: { weight: 3, run: disconnect },
  reload: { weight: 4, run: reload },
  disable: { weight: 2, run: disable },
};

/** Names, each as often as it weighs. */
export const DECK: readonly string[] = Object.entries(ACTIONS).flatMap(([name, { weight }]) => new Array<string>(weight).fill(name));
