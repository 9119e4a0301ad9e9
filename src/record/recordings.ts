// The recordings of all ports: made for ports that have one, written together a few times a second.
import type { Clock } from '../base/clock.ts';
import { runIn } from '../base/fault-domain.ts';
import type { Log } from '../base/log.ts';
import { withoutSecrets } from '../options/secrets.ts';
import type { RecordOptions } from '../options/sections/record.ts';
import type { PortView } from '../port/events.ts';
import { formOf } from './form.ts';
import { Recording, type RecordingEnv } from './recording.ts';
import type { RecordingFiles } from './recording-files.ts';
import { Stamp } from './stamp.ts';

/** From the first byte of a batch to its being written, ms. After a crash no more than this and the time for writing are missing. */
export const TICK_MS = 80;

/** All recordings. */
export class Recordings {
  readonly #env: RecordingEnv;
  readonly #clock: Clock;
  /** Those with something to write. */
  #dirty = new Set<Recording>();
  /** Those that may have a file open. */
  readonly #active = new Set<Recording>();
  /** By port, the last one made. */
  readonly #byPort = new Map<string, Recording>();
  #ticking = false;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#env = {
      clock,
      log,
      stamp: new Stamp(clock),
      dirty: (recording) => {
        this.#dirty.add(recording);
        if (!this.#ticking) this.#tickLater();
      },
      started: (recording) => void this.#active.add(recording),
      finished: (recording) => void this.#active.delete(recording),
      inUse: new Map<string, RecordingFiles>(),
    };
  }

  /** The times of all that is kept. */
  get stamp(): Stamp {
    return this.#env.stamp;
  }

  /** A recording of a port, to watch it; `undefined` if the options name no file. It waits for the one before it of the same port. */
  make(view: PortView, options: RecordOptions): Recording | undefined {
    const { file } = options;
    const { name, connector } = view.config;
    const before = this.#byPort.get(name);
    this.#byPort.delete(name);
    const form = file === undefined ? undefined : formOf(file, { port: name, device: withoutSecrets(connector.text) });
    if (file === undefined || form === undefined) return undefined;
    const recording = new Recording(view, { ...options, file }, form, this.#env, before);
    this.#byPort.set(name, recording);
    return recording;
  }

  #tickLater(): void {
    this.#ticking = true;
    this.#env.stamp.sync();
    // On behalf of nobody: what it writes belongs to many.
    runIn(undefined, () => this.#clock.after(TICK_MS, () => this.#tick()));
  }
  #tick(): void {
    this.#ticking = false;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const recording of dirty) recording.flush();
  }

  /** Closes and opens every file, under the same name: after they were moved away. */
  reopen(): void {
    for (const recording of this.#active) recording.reopen();
  }
  /** Resolves when all that was recorded is written, or given up. */
  async written(): Promise<void> {
    await Promise.all([...this.#active].map((recording) => recording.written()));
  }
}
