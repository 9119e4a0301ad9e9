// The engine with what watches it: one thing to start, reload and stop.
import { Defaults } from '../config/defaults.ts';
import { parseStack } from '../config/gensio-str.ts';
import type { Config } from '../config/model.ts';
import { Leds } from '../observe/led.ts';
import { sessionLog } from '../observe/sessions.ts';
import { Traces } from '../observe/trace.ts';
import { Engine } from '../port/engine.ts';
import type { DaemonEngine, EngineHooks } from './run.ts';

/** Where UUCP lock files go, as in gensio. */
const LOCK_DIR = '/var/lock';

/** Everything that works on a configuration. */
export class Assembly implements DaemonEngine {
  readonly #engine: Engine;
  readonly #leds: Leds;
  readonly #traces: Traces;
  #started = false;

  constructor({ clock, log, uucpLocks }: EngineHooks) {
    this.#leds = new Leds(log);
    this.#traces = new Traces(clock, log);
    const defaults = new Defaults();
    this.#engine = new Engine({
      clock,
      log,
      gensio: { lockDir: uucpLocks ? LOCK_DIR : undefined, parse: (text, role) => parseStack(text, role, defaults).spec },
      observers: [this.#traces.observers, this.#leds.observers, sessionLog(clock, log)],
    });
  }

  async apply(config: Config): Promise<void> {
    this.#leds.apply(config.leds);
    // A reload is also what log rotation asks for.
    if (this.#started) this.#traces.reopen();
    this.#started = true;
    await this.#engine.apply(config);
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    this.#leds.apply([]);
  }
}
