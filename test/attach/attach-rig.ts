// Attachments under test: real ptys, real TCP, a plain server or our own ports, and a proxy that drops, delays
// and cuts between them.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Attachment } from '../../src/attach/attachment.ts';
import type { AttachEnv } from '../../src/attach/attachment-spec.ts';
import { type AttachmentsEnv, attachEnv } from '../../src/attach/attachments.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { parseTarget, type Target } from '../../src/gensio/syntax/target.ts';
import { ATTACH, type AttachOptions } from '../../src/options/attach.ts';
import { defaults } from '../../src/options/row.ts';
import { until } from '../rig/pty.ts';

export const attachOptions = (over: Partial<AttachOptions> = {}): AttachOptions => ({
  ...defaults(ATTACH),
  retryTime: 20,
  retryMax: 100,
  ...over,
});

export function target(text: string, options: AttachOptions = attachOptions()): Target {
  const got = parseTarget(text, options, new Defaults());
  if ('problem' in got) throw new Error(got.problem);
  return got.ok;
}

export interface TestAttachEnv extends AttachEnv {
  readonly gensio: AttachmentsEnv['gensio'];
  /** `level text`, one for each line. */
  readonly lines: string[];
  readonly dir: string;
}

/** A folder, a log and the rest. */
export function attachTestEnv(t: TestContext, over: { clock?: Clock } = {}): TestAttachEnv {
  const dir = mkdtempSync(join(tmpdir(), 's2n-attach-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const lines: string[] = [];
  const clock = over.clock ?? systemClock;
  const log = { log: (level: string, text: string) => void lines.push(`${level} ${text}`) };
  const parse = (text: string, role: 'accepter' | 'connector') => parseStack(text, role, new Defaults()).spec;
  const gensio = { lockDir: undefined, parse };
  const env = attachEnv({
    clock,
    log,
    gensio,
    link: { stateDir: join(dir, 'state'), pid: process.pid },
    random: () => 0,
    optionStyle: '--',
  });
  if (env === undefined) throw new Error('koffi is not installed: npm ci');
  return { ...env, gensio, lines, dir };
}

/** A started attachment; its device is `<dir>/<name>`. Stopped with the test. */
export function attach(
  t: TestContext,
  env: TestAttachEnv,
  targets: string | readonly string[],
  over: Partial<AttachOptions> = {},
  name = 'dev',
): Attachment {
  const options = attachOptions(over);
  const list = typeof targets === 'string' ? [targets] : targets;
  const spec = { name, device: join(env.dir, name), targets: list.map((text) => target(text, options)), options };
  const attachment = new Attachment(spec, env);
  t.after(() => new Promise<void>((resolve) => attachment.stop(resolve)));
  attachment.start();
  return attachment;
}

export const connected = (attachment: Attachment): Promise<void> => until('a connection', () => attachment.view.state === 'connected');

/** A TCP server that keeps what comes, and what its clients are. */
export class Peer {
  readonly server: Server;
  readonly sockets: Socket[] = [];
  #got: Buffer[] = [];
  /** What happens with each piece that comes: it is kept, and more when given. */
  onData: (data: Buffer, socket: Socket) => void = () => undefined;
  paused = false;

  constructor(t: TestContext) {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.splice(this.sockets.indexOf(socket), 1));
      socket.on('data', (data) => {
        this.#got.push(data);
        this.onData(data, socket);
      });
      if (this.paused) socket.pause();
    });
    t.after(() => this.close());
  }
  listen(port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => resolve(this.port));
    });
  }
  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
  get got(): Buffer {
    this.#got = [Buffer.concat(this.#got)];
    return this.#got[0]!;
  }
  clear(): void {
    this.#got = [];
  }
  send(data: Buffer | string): void {
    for (const socket of this.sockets) socket.write(data);
  }
  /** Ends all connections with a reset, or in order. */
  drop(how: 'reset' | 'end'): void {
    for (const socket of [...this.sockets]) how === 'reset' ? socket.resetAndDestroy() : socket.end();
  }
  close(): Promise<void> {
    for (const socket of [...this.sockets]) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

/** Passes connections on to another port; the test makes it late, silent, or cuts it. */
export class Detour {
  readonly peer: Peer;
  readonly #far: number;
  /** Each piece in both directions waits so long, ms. */
  delay = 0;
  /** Pieces are cut into so many bytes. */
  cut = 65536;
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  constructor(t: TestContext, far: number) {
    this.#far = far;
    this.peer = new Peer(t);
    this.peer.server.on('connection', (near) => this.#join(near));
    t.after(() => this.cutAll());
  }
  #join(near: Socket): void {
    const far = connect(this.#far, '127.0.0.1');
    far.on('error', () => near.destroy());
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    const over = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.on('close', over);
    far.on('close', over);
    near.on('data', (data) => this.#pass(data, far));
    far.on('data', (data) => this.#pass(data, near));
  }
  #pass(data: Buffer, to: Socket): void {
    for (let i = 0; i < data.length; i += this.cut) {
      const piece = data.subarray(i, i + this.cut);
      if (this.delay === 0) to.write(piece);
      else systemClock.after(this.delay, () => to.write(piece));
    }
  }
  /** Drops every connection at once. */
  cutAll(): void {
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }
}
