// The daemon out of its parts: what serves a configuration, and what the life of the daemon (daemon.ts) needs from outside.
import { existsSync, fstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { AdminServer } from '../admin/server.ts';
import type { ProgramFacts } from '../admin/show-state.ts';
import { Attachments } from '../attach/attachments.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { LOCK_DIR } from '../base/devices.ts';
import { libc } from '../base/libc.ts';
import type { Config } from '../config/model.ts';
import type { KeptListeners } from '../gensio/context.ts';
import { warmUp } from '../gensio/serialdev/warm-up.ts';
import { bottomOf } from '../gensio/syntax/stack.ts';
import { reloadTls } from '../gensio/tls/credentials.ts';
import { Leds } from '../observe/led.ts';
import { sessionLog } from '../observe/session-log.ts';
import { Traces } from '../observe/trace.ts';
import { Engine, summaryOf } from '../port/engine.ts';
import { THIS_HOST } from '../system/host.ts';
import { textSink } from '../system/text-sink.ts';
import { linkEnv } from '../system/this-process.ts';
import { ownVersion } from '../system/version.ts';
import { whoHas } from '../system/who-has.ts';
import { type Background, dropStdin } from './background.ts';
import type { DaemonEngine, DaemonEnv, EngineHooks } from './daemon.ts';
import { makeReader } from './load-config.ts';
import { DaemonLog, DatagramTarget, jsonSink } from './log.ts';
import { COMPATIBLE } from './messages.ts';
import { PidFile } from './pid-file.ts';
import type { Rooms } from './rooms.ts';
import type { RunOptions } from './run-options.ts';
import { systemdManager } from './service-manager.ts';

/** Everything runDaemon() needs, for this process. */
export async function composeDaemon(options: RunOptions, background: Background | undefined): Promise<DaemonEnv> {
  const { pid } = process;
  const manager = systemdManager(process.env);
  const stderr = background?.stderr ?? textSink(2);
  const log = new DaemonLog({
    clock: systemClock,
    pid,
    level: options.level,
    syslog: new DatagramTarget(libc),
    ...(options.foreground && options.logFormat === 'json' && { json: await jsonSink(stderr, pid) }),
    ...(options.debug && { copy: stderr }),
    ...(options.foreground && { fallback: stderr }),
  });
  return {
    options,
    reader: makeReader(options, background === undefined ? {} : { stdinDone: dropStdin }),
    makeEngine: (hooks) => new Service(hooks, manager.listeners),
    log,
    clock: systemClock,
    manager,
    stderr,
    stderrIsJournal: background === undefined && isJournal(2, process.env.JOURNAL_STREAM),
    stdout: textSink(1),
    pidFile: options.pidFile === undefined ? undefined : new PidFile(resolve(options.pidFile), pid),
    background,
  };
}

/** What serves a configuration: the ports, the control port, attachments, traces and LEDs. */
class Service implements DaemonEngine {
  readonly #engine: Engine;
  readonly #admin: AdminServer;
  readonly #attachments: Attachments;
  readonly #leds: Leds;
  readonly #traces: Traces;
  readonly #clock: Clock;
  readonly #log: DaemonLog;
  readonly #whoHas: ReturnType<typeof whoHas>;
  /** What this program's own sections add, once there are any. */
  #rooms: Promise<Rooms> | undefined;
  /** Terminals can be opened at full speed, or will be in a moment. */
  #warm = false;

  constructor({ clock, log, uucpLocks, reload, end }: EngineHooks, listeners: KeptListeners | undefined) {
    this.#clock = clock;
    this.#log = log;
    this.#leds = new Leds(log);
    this.#traces = new Traces(clock, log);
    const gensio = { lockDir: uucpLocks ? LOCK_DIR : undefined, listeners };
    const observers = [this.#traces.observers, this.#leds.observers, sessionLog(clock, log)];
    const whoHasIt = whoHas(THIS_HOST, () => clock.now());
    this.#whoHas = whoHasIt;
    this.#engine = new Engine({ clock, log, gensio, observers, whoHas: whoHasIt });
    this.#attachments = new Attachments({ clock, log, gensio, link: linkEnv(), random: Math.random, optionStyle: '' });
    // A port on our own standard input and output: the daemon ends with its one session, as inetd wants it.
    this.#engine.watchUsers((change, { config: { accepter } }) => {
      if (change === 'disconnected' && bottomOf(accepter.spec)?.type === 'stdio') end(0);
    });
    this.#admin = new AdminServer({
      engine: this.#engine,
      clock,
      log,
      version: COMPATIBLE,
      reload,
      attachments: () => this.#attachments.views,
      program: programFacts(clock),
      captures: async () => (await this.#loadRooms()).record(),
      whoHas: whoHasIt,
    });
  }

  #loadRooms(): Promise<Rooms> {
    const env = { engine: this.#engine, clock: this.#clock, log: this.#log, whoHas: this.#whoHas };
    this.#rooms ??= import('./rooms.ts').then(({ Rooms }) => new Rooms(env));
    return this.#rooms;
  }

  summary(): string {
    return summaryOf(this.#engine.ports);
  }

  async apply(config: Config): Promise<void> {
    this.#leds.apply(config.leds);
    // Before the ports: what restricts them holds from their first client on.
    if (config.sections !== undefined || this.#rooms !== undefined) await (await this.#loadRooms()).apply(config.sections);
    // It wins an address that a connection wants, too.
    reloadTls();
    await this.#admin.apply(config.admin);
    await this.#engine.apply(config);
    await this.#attachments.apply(config.attachments ?? []);
    if (!this.#warm && config.connections.some(({ connector }) => bottomOf(connector.spec)?.type === 'serialdev')) {
      this.#warm = true;
      warmUp(this.#clock);
    }
  }

  rotate(): void {
    this.#traces.reopen();
    void this.#rooms?.then((rooms) => rooms.reopen());
  }

  async stop(): Promise<void> {
    await this.#admin.stop();
    await Promise.all([this.#engine.stop(), this.#attachments.stop()]);
    await this.#traces.written();
    await (await this.#rooms)?.written();
    this.#leds.apply([]);
  }
}

/** What the control port says of this process. */
function programFacts(clock: Clock): ProgramFacts {
  const started = clock.wall();
  const from = clock.now();
  return {
    program: ownVersion,
    pid: process.pid,
    started,
    uptime: () => Math.floor((clock.now() - from) / 1000),
    hasDevice: (path) => (path.startsWith('/dev/') ? existsSync(path) : undefined),
  };
}

/** Whether a descriptor leads to systemd's journal, by the device and inode that systemd names in `JOURNAL_STREAM`. */
function isJournal(fd: number, stream: string | undefined): boolean {
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(fd);
  return stream === `${dev}:${ino}`;
}
