// The surroundings of one play: a directory, free ports, ptys, the program under test, and what each far end has received.
// It knows nothing of cases; play.ts drives it. Waiting is always for something, with a limit.
// Long because files, ptys, sockets and the program of one play live and end together.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { libc } from '../src/base/libc.ts';
import type { Termios } from '../src/base/termios.ts';
import { openPty, type Pty } from '../test/rig/pty.ts';

/** What a far end has received: bytes, then words (eof, lost, ...) for what happened after them. */
export class Inbox {
  #bytes: Buffer = Buffer.alloc(0);
  readonly states: string[] = [];
  /** Grows with everything that comes: what a wait for silence looks at. */
  count = 0;
  add(data: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, data]);
    this.count++;
  }
  say(state: string): void {
    this.states.push(state);
    this.count++;
  }
  peek(): Buffer {
    return this.#bytes;
  }
  take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }
}

const LOWEST_PORT = 20000;
const reserved = new Set<number>();

/** A port nobody listens on, below the range the system gives to clients, so that no client takes it meanwhile. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * 12000);
    if (reserved.has(port)) continue;
    reserved.add(port);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

const FLAGS: readonly [word: 'cflag' | 'iflag' | 'oflag' | 'lflag', bit: number, name: string][] = [
  ['cflag', 0o400, 'parenb'],
  ['cflag', 0o1000, 'parodd'],
  ['cflag', 0o10000000000, 'cmspar'],
  ['cflag', 0o100, 'cstopb'],
  ['cflag', 0o200, 'cread'],
  ['cflag', 0o2000, 'hupcl'],
  ['cflag', 0o4000, 'clocal'],
  ['cflag', 0o20000000000, 'crtscts'],
  ['iflag', 0o1, 'ignbrk'],
  ['iflag', 0o2, 'brkint'],
  ['iflag', 0o10, 'parmrk'],
  ['iflag', 0o20, 'inpck'],
  ['iflag', 0o40, 'istrip'],
  ['iflag', 0o400, 'icrnl'],
  ['iflag', 0o2000, 'ixon'],
  ['iflag', 0o10000, 'ixoff'],
  ['oflag', 0o1, 'opost'],
  ['lflag', 0o1, 'isig'],
  ['lflag', 0o2, 'icanon'],
  ['lflag', 0o10, 'echo'],
];
const HUPCL = 0o2000;
/** Data size and PARENB, which a pty does not keep. */
const PTY_LOSES = 0o60 | 0o400;

/** Settings in the words of stty, those that are set: `19200 cs8 cread clocal`. */
export function settingsText(t: Termios): string {
  const size = 5 + ((t.cflag & 0o60) >> 4);
  return [String(t.ospeed), `cs${size}`, ...FLAGS.filter(([w, bit]) => Math.floor((t[w] >>> 0) / bit) % 2 === 1).map(([, , n]) => n)].join(
    ' ',
  );
}

let shimPath: string | undefined | false;
/** The preloaded library that gives ptys modem lines, built at the first call; undefined without a C compiler. */
export function modemShim(): string | undefined {
  if (shimPath === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 's2n-shim-'));
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    const source = [join(import.meta.dirname, 'modemshim.c'), join(import.meta.dirname, '../../compat/modemshim.c')].find(existsSync);
    const out = join(dir, 'modemshim.so');
    const built = source && spawnSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-o', out, source, '-ldl'], { stdio: 'inherit' });
    shimPath = built && built.status === 0 ? out : false;
  }
  return shimPath || undefined;
}

/** The keys, certificates and users that a case with the setting `keys` finds in `%DIR/keys`. */
export function keysFolder(): string {
  const found = [join(import.meta.dirname, 'keys'), join(import.meta.dirname, '../../compat/keys')].find(existsSync);
  if (found === undefined) throw new Error('compat/keys is missing');
  return found;
}

interface Device {
  pty: Pty | undefined;
  /** The number under /dev/pts, which the shim goes by. */
  pts: string;
}

/** How the program is started: argv[0] is always `ser2net`. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** What a program writes at start where there is no mDNS daemon. */
const DROPPED = /^Unable to start mdns: Out of memory\n|^ser2net\[\d+\]: mdns: Can't allocate avahi client.*\n/gm;
/** Lines of the log that only this program has (difference 209). */
const OURS_ALONE =
  /^ser2net\[\d+\]: (?:Ready: .*|(?:control port|\S+): (?:cannot (?:open|listen on|accept a connection on) .*|\S+ (?:could be opened again|is listened on now|accepts connections again), after .*))\n/gm;

export class Rig {
  readonly dir = mkdtempSync(join(tmpdir(), 's2n-'));
  readonly inboxes = new Map<string, Inbox>();
  readonly sockets = new Map<string, Socket>();
  readonly #servers = new Map<string, Server>();
  readonly #devices = new Map<string, Device>();
  /** Placeholder to value, as they are known. */
  readonly values = new Map<string, string>();
  /** How many lines of the shim's record were taken in, by device. */
  readonly #eventsSeen = new Map<string, number>();
  readonly #shim: string | undefined;
  #child: ChildProcess | undefined;
  #pid: number | undefined;
  #stdout = '';
  #stderr = '';
  /** What a log= line has to come after. */
  #logAt = 0;
  /** Exit code or name of the signal, once the program has ended. */
  ended: string | undefined;
  closed = false;

  constructor(shim: string | undefined) {
    this.#shim = shim;
    this.values.set('%DIR', this.dir);
    if (shim !== undefined) mkdirSync(join(this.dir, 'modem'));
  }

  /** Fills the placeholders in; ports and devices come into being when they are first named. */
  async fill(text: string): Promise<string> {
    for (const [name] of text.matchAll(/%(?:PORT\d?|ADMIN|DEV\d?|LOCK)\b/g)) {
      if (this.values.has(name)) continue;
      const device = (word: string): string => join(this.dir, word.slice(1).toLowerCase());
      if (name === '%LOCK') this.values.set(name, `/var/lock/LCK..${device('%DEV').replaceAll('/', '_')}`);
      else this.values.set(name, name.startsWith('%DEV') ? device(name) : String(await freePort()));
    }
    return this.fillKnown(text);
  }
  fillKnown(text: string): string {
    return text.replace(/%(?:PORT\d?|ADMIN|DEV\d?|LOCK|DIR|PID|CPORT\d?)\b/g, (name) => this.values.get(name) ?? name);
  }
  /** Puts the placeholders back, longest value first; times of day become %TIME. */
  putBack(text: string): string {
    let out = text;
    for (const [name, value] of [...this.values].sort((a, b) => b[1].length - a[1].length)) {
      const plain = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      out = out.replace(new RegExp(/^\d/.test(value) ? `(?<!\\d)${plain}(?!\\d)` : `${plain}(?!\\w)`, 'g'), name);
    }
    return out.replace(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, '%TIME');
  }

  inbox(who: string): Inbox {
    const known = this.inboxes.get(who);
    if (known !== undefined) return known;
    const made = new Inbox();
    this.inboxes.set(who, made);
    return made;
  }

  /** Looks at what does not come by itself: ptys and the record of the shim. */
  look(): void {
    for (const [who, device] of this.#devices) {
      const data = device.pty?.master.take();
      if (data !== undefined && data.length > 0) this.inbox(who).add(data);
      if (this.#shim === undefined) continue;
      const modem = who.replace('dev', 'modem');
      const lines = this.#modemFile(device, 'events').split('\n').slice(0, -1);
      const seen = this.#eventsSeen.get(who) ?? 0;
      for (const line of lines.slice(seen)) this.inbox(modem).say(line);
      this.#eventsSeen.set(who, lines.length);
    }
  }
  #modemFile(device: Device, what: string): string {
    const path = join(this.dir, 'modem', `${device.pts}.${what}`);
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  }
  /** For the shim: input lines (`lines`) or calls that fail (`fault`). */
  setModem(who: string, what: 'lines' | 'fault', text: string): void {
    const device = this.#devices.get(who.replace('modem', 'dev'));
    if (device === undefined) throw new Error(`${who}: no such device`);
    writeFileSync(join(this.dir, 'modem', `${device.pts}.${what}`), text);
  }

  /** Makes the device that a path in the directory links to. */
  plug(who: string): void {
    const pty = openPty({ raw: true });
    const link = join(this.dir, who);
    rmSync(link, { force: true });
    symlinkSync(pty.path, link);
    const device = { pty, pts: pty.path.replace('/dev/pts/', '') };
    this.#devices.set(who, device);
    this.#eventsSeen.set(who, 0);
    if (this.#shim !== undefined) {
      // As a serial port is found after boot.
      const t = pty.settings();
      libc()?.setTermios(pty.slave!, { ...t, cflag: t.cflag | HUPCL });
      for (const what of ['lines', 'events', 'fault', 'cflag']) writeFileSync(join(this.dir, 'modem', `${device.pts}.${what}`), '');
    }
  }
  async unplug(who: string): Promise<void> {
    const device = this.#devices.get(who);
    if (device === undefined) throw new Error(`${who}: no such device`);
    rmSync(join(this.dir, who), { force: true });
    this.look();
    await device.pty?.close();
    device.pty = undefined;
  }
  device(who: string): Pty {
    const pty = this.#devices.get(who)?.pty;
    if (pty === undefined) throw new Error(`${who}: no such device`);
    return pty;
  }
  hasDevice(who: string): boolean {
    return this.#devices.has(who);
  }
  settings(who: string): string {
    const device = this.#devices.get(who);
    if (device?.pty === undefined) throw new Error(`${who}: no such device`);
    const t = device.pty.settings();
    const asked = Number(this.#modemFile(device, 'cflag') || Number.NaN);
    return settingsText(Number.isNaN(asked) ? t : { ...t, cflag: (t.cflag & ~PTY_LOSES) | (asked & PTY_LOSES) });
  }

  /** Starts the program. Its standard input gets the text and ends, or stays open. */
  start(command: Command, args: readonly string[], stdin: string | undefined): void {
    const env: NodeJS.ProcessEnv = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
    if (this.#shim !== undefined) {
      env.LD_PRELOAD = this.#shim;
      env.MODEMSHIM_DIR = join(this.dir, 'modem');
    }
    const child = spawn(command.file, [...command.args, ...args], { argv0: 'ser2net', cwd: this.dir, env, stdio: 'pipe' });
    this.#child = child;
    this.#pid = child.pid;
    if (child.pid !== undefined) this.values.set('%PID', String(child.pid));
    child.stdout.on('data', (data: Buffer) => {
      this.#stdout += data.toString('latin1');
      if (this.inboxes.has('std')) this.inbox('std').add(data);
    });
    child.stderr.on('data', (data: Buffer) => {
      this.#stderr += data.toString('latin1');
    });
    child.stdin.on('error', () => undefined);
    child.once('error', (err) => {
      this.ended = err.message;
    });
    // exit, not close: a program that goes into the background leaves its output open for a while.
    child.once('exit', (code, signal) => {
      this.ended = signal ?? String(code);
    });
    child.once('close', () => {
      this.closed = true;
    });
    if (stdin !== undefined) child.stdin.end(stdin, 'latin1');
  }
  /** From now on standard output is the channel std. */
  useStdio(): ChildProcess {
    if (!this.inboxes.has('std')) this.inbox('std').add(Buffer.from(this.stdout(), 'latin1'));
    return this.#child!;
  }
  isReady(): boolean {
    return this.#stdout.includes('Ready\n');
  }
  stdout(): string {
    return this.#stdout.replace(/^Ready\n/, '');
  }
  stderr(): string {
    return this.#stderr.replace(DROPPED, '').replace(OURS_ALONE, '');
  }
  /** Looks for a line of the log after the last one found. */
  takeLog(text: string): boolean {
    const at = this.#stderr.indexOf(`]: ${text}\n`, this.#logAt);
    if (at < 0) return false;
    this.#logAt = at + text.length;
    return true;
  }
  /** The process to signal from now on: one that went into the background. */
  adopt(pid: number): void {
    this.#pid = pid;
    this.values.set('%PID', String(pid));
  }
  signal(name: NodeJS.Signals): void {
    if (this.#pid !== undefined && this.isAlive()) process.kill(this.#pid, name);
  }
  isAlive(): boolean {
    if (this.#pid === undefined) return false;
    if (this.#pid === this.#child?.pid) return this.ended === undefined;
    // A zombie that nobody waits for has ended as well.
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${this.#pid}/status`, 'latin1'));
    } catch {
      return false;
    }
  }

  /** A client. Resolves when it is connected or refused (the word `refused` in its inbox). */
  connect(who: string, target: string): Promise<void> {
    const inbox = new Inbox();
    this.inboxes.set(who, inbox);
    this.sockets.get(who)?.destroy();
    const socket = /^\d+$/.test(target)
      ? netConnect({ port: Number(target), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      : netConnect({ path: target, allowHalfOpen: true });
    this.sockets.set(who, socket);
    this.#watch(socket, inbox);
    return new Promise((resolve) => {
      socket.once('connect', () => {
        if (who.startsWith('net')) this.values.set(who.replace('net', '%CPORT'), String(socket.localPort));
        resolve();
      });
      socket.once('error', () => resolve());
    });
  }
  #watch(socket: Socket, inbox: Inbox): void {
    socket.on('data', (data) => inbox.add(data));
    socket.on('end', () => inbox.say('eof'));
    socket.on('error', (err: NodeJS.ErrnoException) => {
      inbox.say(err.code === 'ECONNREFUSED' || err.code === 'ENOENT' ? 'refused' : 'lost');
    });
  }
  /** A peer the program may call: its calls are accepted and become the channel, with the word `accepted`. */
  listen(who: string, port: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const inbox = this.inbox(who);
      this.sockets.set(who, socket);
      inbox.say('accepted');
      this.#watch(socket, inbox);
    });
    this.#servers.set(who, server);
    // Somebody else may have the port for a moment: a connection of theirs that came from it.
    let tries = 0;
    return new Promise((resolve, reject) => {
      server.on('error', (err) => {
        if (++tries > 100) reject(err);
        else setTimeout(() => server.listen(Number(port), '127.0.0.1'), 20);
      });
      server.once('listening', resolve);
      server.listen(Number(port), '127.0.0.1');
    });
  }
  stopListening(who: string): void {
    this.#servers.get(who)?.close();
    this.#servers.delete(who);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.signal('SIGKILL');
    if (this.ended === undefined) this.#child?.kill('SIGKILL');
    for (const socket of this.sockets.values()) socket.destroy();
    for (const server of this.#servers.values()) server.close();
    for (const device of this.#devices.values()) await device.pty?.close();
    this.#child?.stdin?.destroy();
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    const lock = this.values.get('%LOCK');
    if (lock !== undefined) rmSync(lock, { force: true });
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** True when the kernel holds nothing that the peer of this socket has not read: the program has taken what was sent. */
export function isTaken(socket: Socket): boolean {
  const { localPort, remotePort } = socket;
  if (localPort === undefined || remotePort === undefined) return true;
  const port = (n: number): string => n.toString(16).toUpperCase().padStart(4, '0');
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'latin1').split('\n')) {
      const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
      if (local.endsWith(`:${port(remotePort)}`) && remote.endsWith(`:${port(localPort)}`)) return queues.endsWith(':00000000');
    }
  }
  return true;
}

/** Looks again every few milliseconds until it holds or the limit has passed; tells which. */
export async function waitFor(limitMs: number, holds: () => boolean): Promise<boolean> {
  const end = systemClock.now() + limitMs;
  for (;;) {
    if (holds()) return true;
    if (systemClock.now() >= end) return false;
    await new Promise<void>((resolve) => systemClock.after(2, resolve));
  }
}

/** Why no case can be played here, if so. */
export function whyNot(): string | undefined {
  return libc() === undefined ? 'no pty can be opened (koffi is not installed)' : undefined;
}
