// The engine with what watches it: one thing to start, reload and stop.
import type { ReloadOutcome } from '../admin/commands.ts';
import { AdminServer } from '../admin/server.ts';
import { Attachments } from '../attach/attachments.ts';
import type { Config } from '../config/model.ts';
import { Defaults } from '../gensio/syntax/defaults.ts';
import { parseStack } from '../gensio/syntax/gensio-str.ts';
import { reloadTls } from '../gensio/tls/credentials.ts';
import { Leds } from '../observe/led.ts';
import { sessionLog } from '../observe/session-log.ts';
import { Traces } from '../observe/trace.ts';
import type { LayerSpec } from '../options/stack.ts';
import { Engine, type EngineEnv } from '../port/engine.ts';
import type { DaemonEngine, EngineHooks } from './daemon.ts';
import { linkEnv } from './link-env.ts';
import { COMPATIBLE } from './messages.ts';
import type { ReloadResult } from './reload.ts';

/** Where UUCP lock files go, as in gensio. */
const LOCK_DIR = '/var/lock';

/** Everything that works on a configuration. */
export class Assembly implements DaemonEngine {
  readonly #engine: Engine;
  readonly #admin: AdminServer;
  readonly #attachments: Attachments;
  readonly #leds: Leds;
  readonly #traces: Traces;

  constructor({ clock, log, uucpLocks, reload, end }: EngineHooks) {
    this.#leds = new Leds(log);
    this.#traces = new Traces(clock, log);
    const defaults = new Defaults();
    const gensio: EngineEnv['gensio'] = {
      lockDir: uucpLocks ? LOCK_DIR : undefined,
      parse: (text, role) => parseStack(text, role, defaults).spec,
    };
    this.#engine = new Engine({
      clock,
      log,
      gensio,
      observers: [this.#traces.observers, this.#leds.observers, sessionLog(clock, log)],
    });
    this.#attachments = new Attachments({ clock, log, gensio, link: linkEnv(), random: Math.random });
    // A port on our own standard input and output: the daemon ends with its one session, as inetd wants it.
    this.#engine.watchUsers((change, port) => {
      if (change === 'disconnected' && bottomOf(port.config.accepter.spec) === 'stdio') end(0);
    });
    const forAdmin = async (): Promise<ReloadOutcome> => outcome(await reload());
    this.#admin = new AdminServer({
      engine: this.#engine,
      clock,
      log,
      version: COMPATIBLE,
      reload: forAdmin,
      attachments: () => this.#attachments.views,
    });
  }

  async apply(config: Config): Promise<void> {
    this.#leds.apply(config.leds);
    // It wins an address that a connection wants, too.
    reloadTls();
    await this.#admin.apply(config.admin);
    await this.#engine.apply(config);
    await this.#attachments.apply(config.attachments ?? []);
  }

  rotate(): void {
    this.#traces.reopen();
  }

  async stop(): Promise<void> {
    await this.#admin.stop();
    await Promise.all([this.#engine.stop(), this.#attachments.stop()]);
    await this.#traces.written();
    this.#leds.apply([]);
  }
}

/** The type of the lowest layer. */
function bottomOf(spec: LayerSpec | undefined): LayerSpec['type'] | undefined {
  return spec !== undefined && 'child' in spec ? bottomOf(spec.child) : spec?.type;
}

/** The console shows what is wrong in a file; for a file that cannot be read it has only the system's words, as ser2net 4.3.11. */
function outcome({ ok, problems }: ReloadResult): ReloadOutcome {
  const unreadable = ok ? undefined : /^Unable to open config file .*: (.+)$/.exec(problems[0] ?? '')?.[1];
  return unreadable === undefined ? { ok, problems } : { ok, problems: [], unreadable };
}
