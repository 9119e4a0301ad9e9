// Taking the configuration again: read all of it, and only when that worked hand it to the engine, which changes what differs.
import type { ReloadOutcome } from '../admin/commands.ts';
import type { Config } from '../config/model.ts';
import { type ConfigReader, reportLines } from './configuration.ts';
import type { DaemonLog } from './log.ts';
import { MESSAGES } from './messages.ts';

/** announce() says a thing whatever the level in force. */
type ReloadLog = Pick<DaemonLog, 'log' | 'announce'>;

/** What a reload says and does to others. */
interface ReloadEnv {
  readonly reader: ConfigReader;
  readonly apply: (config: Config) => Promise<void>;
  readonly log: ReloadLog;
  /** Says the note of a classic file, as at the start. */
  readonly note: (text: string) => void;
  /** For the service manager. */
  readonly before: () => void;
  readonly after: (outcome: ReloadOutcome) => void;
}

type ReloadCause = keyof typeof MESSAGES.reload;

/** Reloads one after the other; requests made during one are answered by the next. */
export class Reloader {
  readonly #env: ReloadEnv;
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  constructor(env: ReloadEnv) {
    this.#env = env;
  }

  /** Requests made while one runs become one more run. Never rejects. */
  request(cause: ReloadCause): Promise<ReloadOutcome> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running !== undefined) {
      this.#next = this.#running.then(() => {
        this.#next = undefined;
        return this.#start(cause);
      });
      return this.#next;
    }
    return this.#start(cause);
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#next !== undefined) await (this.#next ?? this.#running);
  }

  #start(cause: ReloadCause): Promise<ReloadOutcome> {
    const run = this.#run(cause).finally(() => {
      if (this.#running === run) this.#running = undefined;
    });
    this.#running = run;
    return run;
  }

  async #run(cause: ReloadCause): Promise<ReloadOutcome> {
    const { reader, log, before, after } = this.#env;
    // Started from -Y or -C alone: nothing to read again, and not a word about it, ser2net 4.3.11.
    if (!reader.reloadable) return { ok: true, problems: [] };
    log.announce('info', MESSAGES.reload[cause]);
    before();
    const outcome = await this.#read().catch((err: unknown) => {
      const text = `Reload failed: ${(err as Error).message}`;
      log.announce('err', text);
      return { ok: false, problems: [text] };
    });
    after(outcome);
    return outcome;
  }

  async #read(): Promise<ReloadOutcome> {
    const { reader, apply, log, note } = this.#env;
    const outcome = await reader.read('reload');
    if (outcome.kind !== 'read') {
      log.announce('err', outcome.text);
      const { text, reason } = outcome;
      return reason === undefined ? { ok: false, problems: [text] } : { ok: false, problems: [], unreadable: reason };
    }
    if (outcome.note !== undefined) note(outcome.note);
    const problems = reportLines(outcome.reading);
    for (const { level, text } of problems) log.log(level, text);
    const texts = problems.filter(({ level }) => level === 'err').map(({ text }) => text);
    if (!outcome.reading.complete) {
      log.log('info', 'The configuration was not read to its end: nothing was changed');
      return { ok: false, problems: texts };
    }
    await apply(outcome.reading.config);
    return { ok: true, problems: texts };
  }
}
