// The daemon's life: read the configuration, start the engine, leave the foreground, serve until told to stop. Everything it needs
// is handed in, so that tests can live it through in one process.
import type { ReloadOutcome } from '../admin/commands.ts';
import type { Clock } from '../base/clock.ts';
import { libc } from '../base/libc.ts';
import type { Config } from '../config/model.ts';
import { withoutSecrets } from '../options/secrets.ts';
import type { TextSink } from '../system/text-sink.ts';
import { crashLines, keepAlive, onCrash } from '../system/this-process.ts';
import type { Background } from './background.ts';
import { type ConfigReader, type NoOutcome, type ReadOutcome, reportLines } from './configuration.ts';
import type { DaemonLog } from './log.ts';
import { MESSAGES } from './messages.ts';
import type { PidFile } from './pid-file.ts';
import { Reloader } from './reload.ts';
import { reloadWaiter } from './reload-answer.ts';
import type { RunOptions } from './run-options.ts';
import type { ServiceManager } from './service-manager.ts';
import { catchSignals } from './signals.ts';

/** What the daemon asks of the engine; Engine of port/engine.ts has it. */
export interface DaemonEngine {
  /** First time: starts everything; later: applies what differs. Resolves when all listeners were tried. */
  apply(config: Config): Promise<void>;
  /** Closes everything; resolves when done, within its bound. */
  stop(): Promise<void>;
  /** Log files were moved away: opens them again. */
  rotate?(): void;
  /** What is served, in words, for the log: how many ports, and what does not listen. */
  summary?(): string;
}

/** What the daemon offers the engine. */
export interface EngineHooks {
  /** For everything ports have to say. */
  readonly log: DaemonLog;
  /** For all timers. */
  readonly clock: Clock;
  /** Off with -u. */
  readonly uucpLocks: boolean;
  /** For the admin console's reload. */
  readonly reload: () => Promise<ReloadOutcome>;
  /** Ends the daemon, as the end of a session on standard input does. */
  readonly end: (code: number) => void;
}

/** What a daemon is made of. */
export interface DaemonEnv {
  /** The command line. */
  readonly options: RunOptions;
  /** Its configuration. */
  readonly reader: ConfigReader;
  /** Makes the ports; called once. */
  readonly makeEngine: (hooks: EngineHooks) => DaemonEngine;
  /** Also written to when the daemon cannot start. */
  readonly log: DaemonLog;
  /** For all timers. */
  readonly clock: Clock;
  /** systemd, if that started it. */
  readonly manager: ServiceManager;
  /** Of the foreground, or of the caller until the daemon is in the background. */
  readonly stderr: TextSink;
  /** stderr leads to systemd's journal, as syslog does; by default it does not. */
  readonly stderrIsJournal?: boolean;
  /** For the line of -r. */
  readonly stdout: TextSink;
  /** `undefined` without -P. */
  readonly pidFile: PidFile | undefined;
  /** Set in the process that goes to the background. */
  readonly background: Background | undefined;
}

/** Longest wait for the listeners before the daemon counts as started, ms: a name server that is silent must not hold up a boot. */
const START_LIMIT = 20_000;
/** Longest wait for an orderly stop, ms; the engine has its own, shorter one. */
const STOP_LIMIT = 10_000;

/** Resolves with the promise, or after ms whatever it does. */
function within(clock: Clock, ms: number, promise: Promise<void>): Promise<'done' | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve('late'));
    promise.then(
      () => {
        timer.cancel();
        resolve('done');
      },
      (err: unknown) => {
        timer.cancel();
        reject(err as Error);
      },
    );
  });
}

/** Gives the exit code. */
export async function runDaemon(env: DaemonEnv): Promise<number> {
  const daemon = new Daemon(env);
  try {
    return await daemon.run();
  } finally {
    daemon.release();
  }
}

class Daemon {
  readonly #env: DaemonEnv;
  readonly #reloader: Reloader;
  readonly #ended: Promise<number>;
  #end!: (code: number) => void;
  #engine: DaemonEngine | undefined;
  #phase: 'starting' | 'serving' | 'stopping' = 'starting';
  /** What was wrong with the configuration at the start. */
  #problems: readonly string[] = [];
  /** Reloads that were asked for before there was something to reload: whom to tell the outcome. */
  readonly #wanted: ((outcome: ReloadOutcome) => void)[] = [];
  readonly #release: (() => void)[] = [];

  constructor(env: DaemonEnv) {
    this.#env = env;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { reader, log, manager } = env;
    this.#reloader = new Reloader({
      reader,
      log,
      apply: async (config) => this.#engine?.apply(config),
      note: (text) => this.#print(text),
      before: () => {
        manager.reloading();
        // That is also what log rotation asks for, whatever the file says.
        this.#engine?.rotate?.();
      },
      after: (outcome) => manager.ready(this.#status(outcome)),
    });
  }

  async run(): Promise<number> {
    const { options, reader, log, background } = this.#env;
    this.#takeOver();
    if (options.debug) log.identify();
    const outcome = await reader.read('start');
    if (outcome.kind !== 'read') return this.#fail(outcome);
    this.#report(outcome);
    const engine = this.#env.makeEngine({
      log,
      clock: this.#env.clock,
      uucpLocks: options.uucpLocks,
      reload: async () => (this.#phase === 'serving' ? this.#reloader.request('admin') : { ok: false, problems: ['not serving'] }),
      end: (code) => this.#end(code),
    });
    this.#engine = engine;
    const started = within(this.#env.clock, START_LIMIT, engine.apply(outcome.reading.config)).catch((err: unknown) => this.#crash(err));
    // A stop asked for meanwhile does not wait for name servers.
    const early = await Promise.race([started.then(() => undefined), this.#ended]);
    if (early === undefined) this.#settle();
    const code = await this.#ended;
    await this.#stop(engine);
    background?.finish(code);
    return code;
  }

  /** Signals, failures nobody caught, and something that keeps the process alive without any listener. */
  #takeOver(): void {
    const uncatch = catchSignals({
      reload: () => {
        const tell = reloadWaiter(libc, this.#env.options.pidFile);
        if (this.#phase === 'serving') void this.#reloader.request('SIGHUP').then(tell);
        else this.#wanted.push(tell);
      },
      stop: () => this.#end(0),
    });
    this.#release.push(
      keepAlive(),
      onCrash((err) => this.#crash(err)),
      uncatch,
    );
  }

  release(): void {
    for (const run of this.#release.splice(0)) run();
    this.#env.log.close();
  }

  /** There is no configuration: the daemon was never there. */
  #fail({ kind, text, note }: NoOutcome): number {
    const { log, options, background } = this.#env;
    if (note !== undefined) this.#print(note);
    const logged = kind === 'unreadable' && log.record('err', text);
    // With -d the log has said it on stderr.
    if (kind === 'mixed' || !options.debug) this.#print(text, logged);
    background?.finish(1);
    return 1;
  }

  /** On stderr, as a line of text; where JSON was asked for there is nothing else. Not what the journal has from syslog already. */
  #print(text: string, logged = false): void {
    if (logged && this.#env.stderrIsJournal === true) return;
    if (this.#env.options.logFormat === 'text') this.#env.stderr(`${withoutSecrets(text)}\n`);
  }

  /** What ser2net 4.3.11 says about a configuration at its start: on stderr and to syslog, twice with -d. */
  #report({ reading, note }: ReadOutcome): void {
    const { log, options } = this.#env;
    if (note !== undefined) this.#print(note);
    const lines = reportLines(reading);
    this.#problems = lines.filter(({ level }) => level === 'err').map(({ text }) => text);
    for (const { level, text, placed } of lines) {
      if (level === 'info') log.log(level, text);
      else {
        const logged = log.record(level, text);
        // With -d the log has said it; ser2net 4.3.11 says what has a place in a YAML file a second time.
        if (!options.debug || placed === true) this.#print(text, logged);
      }
    }
  }

  /** The listeners were tried: from here on this is a daemon. */
  #settle(): void {
    const { options, log, pidFile, background, manager } = this.#env;
    if (background !== undefined) {
      log.identify();
      log.announce('notice', MESSAGES.startup);
    }
    const warning = pidFile?.write();
    if (warning !== undefined) log.announce('warning', warning);
    if (background !== undefined) {
      log.detach();
      background.finish(0);
    } else if (options.sayReady) this.#env.stdout('Ready\n');
    manager.ready(this.#status({ ok: true, problems: this.#problems }));
    const summary = this.#engine?.summary?.();
    if (summary !== undefined) log.log('notice', `Ready: ${summary}`);
    this.#phase = 'serving';
    const waiters = this.#wanted.splice(0);
    if (waiters.length === 0) return;
    void this.#reloader.request('SIGHUP').then((reload) => {
      for (const tell of waiters) tell(reload);
    });
  }

  /** What `systemctl status` shows: what is served, and what was wrong with the configuration that was read last. */
  #status({ ok, problems, unreadable }: ReloadOutcome): string {
    const served = this.#engine?.summary?.() ?? 'running';
    const why = unreadable ?? problems[0];
    const what = ok ? 'in the configuration' : 'the last reload was refused';
    return ok && why === undefined ? served : `${served}; ${what}: ${withoutSecrets(why ?? 'see the log').replaceAll('\n', ' ')}`;
  }

  async #stop(engine: DaemonEngine): Promise<void> {
    const { clock, log, manager, pidFile } = this.#env;
    this.#phase = 'stopping';
    manager.stopping();
    try {
      const how = await within(clock, STOP_LIMIT, engine.stop());
      if (how === 'late') log.announce('err', 'Not everything could be closed in time');
    } catch (err) {
      this.#say(err);
    }
    pidFile?.remove();
  }

  #crash(err: unknown): void {
    this.#say(err);
    this.#end(1);
  }

  /** A failure of our own, with where it was. */
  #say(err: unknown): void {
    for (const line of crashLines(err)) this.#env.log.announce('err', line);
  }
}
