// Those who watch one port, and how it tells them. One that throws is taken out: it must not disturb the port.
import type { Log } from '../base/log.ts';
import type { PortObserver } from './events.ts';

/** The observers of one port. */
export class Observers {
  readonly #port: string;
  readonly #log: Log;
  #all: readonly PortObserver[] = [];
  /** Of these, those that stay when the configuration changes. */
  readonly #watchers = new Set<PortObserver>();

  /** port: its name, for the log. */
  constructor(port: string, log: Log) {
    this.#port = port;
    this.#log = log;
  }

  /** Puts the observers of another configuration in the place of the last one's. */
  renew(made: readonly PortObserver[]): void {
    this.#all = [...made, ...this.#watchers];
  }
  /** Adds one that stays when the configuration changes. Returns how to take it out. */
  watch(observer: PortObserver): () => void {
    this.#watchers.add(observer);
    this.#all = [...this.#all, observer];
    return () => this.#remove(observer);
  }
  #remove(observer: PortObserver): void {
    this.#watchers.delete(observer);
    this.#all = this.#all.filter((other) => other !== observer);
  }

  /** To be asked before tell() where a buffer comes by. */
  get any(): boolean {
    return this.#all.length > 0;
  }
  /** Calls say for each; one that throws is removed, and logged. */
  tell(say: (observer: PortObserver) => void): void {
    for (const observer of this.#all) {
      try {
        say(observer);
      } catch (err) {
        this.#remove(observer);
        this.#log.log('err', `${this.#port}: an observer failed and was taken out: ${err instanceof Error ? err.stack : String(err)}`);
      }
    }
  }
}
