// All attachments of a configuration, and the way from one configuration to the next: what did not change is not touched.
import { isDeepStrictEqual } from 'node:util';
import type { Timer } from '../base/clock.ts';
import { type FaultDomain, runIn } from '../base/fault-domain.ts';
import { fromSystemError } from '../base/gensio-error.ts';
import { libc } from '../base/libc.ts';
import { type Log, logFailure } from '../base/log.ts';
import type { AttachConfig } from '../config/model.ts';
import type { GensioEnv } from '../gensio/context.ts';
import { Builder } from '../gensio/registry.ts';
import { Attachment } from './attachment.ts';
import { type AttachEnv, type AttachmentSpec, type AttachmentView, describe } from './attachment-spec.ts';
import { PtyOpenWatch } from './pty-open-watch.ts';
import { TermiosWatch } from './termios-watch.ts';

/** Wait before a device that could not be made is tried again, ms. */
const AGAIN_MS = 10_000;

/** What attachments need from outside. */
export interface AttachmentsEnv extends Omit<AttachEnv, 'libc' | 'opens' | 'settings' | 'builder'> {
  /** What layers need besides clock and log. */
  readonly gensio: Omit<GensioEnv, 'clock' | 'log'>;
}

/** How far an application may be ahead of the network, besides what the peer's machine takes, bytes. */
const TCP_AHEAD = 16384;

/** What attachments of one process share; `undefined` if this machine cannot have any (no koffi). */
export function attachEnv(env: AttachmentsEnv): AttachEnv | undefined {
  const c = libc();
  if (c === undefined) return undefined;
  const { clock, log, gensio } = env;
  // An error of a layer is why an attempt failed: the attachment tells it once, and not at each attempt.
  const quiet: Log = { log: (level, text) => log.log(level === 'err' ? 'debug' : level, text) };
  const builder = new Builder({ ...gensio, clock, log: quiet, tcpAhead: TCP_AHEAD });
  return { ...env, libc: c, opens: new PtyOpenWatch(c, clock), settings: new TermiosWatch(c, clock), builder };
}

interface Entry extends FaultDomain {
  config: AttachConfig;
  attachment: Attachment;
  /** Set while the device could not be made, or the attachment has failed. */
  retry: Timer | undefined;
}

const specOf = ({ name, device, targets, options }: AttachConfig): AttachmentSpec => ({
  name: `attachment ${name}`,
  device,
  targets,
  options,
});

const same = ({ pos: _a, ...a }: AttachConfig, { pos: _b, ...b }: AttachConfig): boolean => isDeepStrictEqual(a, b);

/** The attachments of a process. */
export class Attachments {
  readonly #given: AttachmentsEnv;
  #env: AttachEnv | undefined;
  #entries: Entry[] = [];
  #stopped = false;

  constructor(env: AttachmentsEnv) {
    this.#given = env;
  }

  /** The state of each, in the order of the configuration. */
  get views(): readonly AttachmentView[] {
    return this.#entries.map(({ config, attachment }) => ({ ...attachment.view, name: config.name }));
  }

  /** Puts a list in force. Resolves when everything that had to go is gone. Never rejects: what fails is logged and tried again. */
  async apply(configs: readonly AttachConfig[]): Promise<void> {
    const wanted = configs.filter((c, i) => c.enable && configs.findIndex((o) => o.enable && o.device === c.device) === i);
    const before = new Map(this.#entries.map((entry) => [entry.config.name, entry]));
    const next: Entry[] = [];
    const coming: AttachConfig[] = [];
    for (const config of wanted) {
      const entry = before.get(config.name);
      if (entry !== undefined && (same(entry.config, config) || entry.attachment.change(specOf(config)))) {
        before.delete(config.name);
        entry.config = config;
        next.push(entry);
      } else coming.push(config);
    }
    // Old links go before new ones come: they may want the same name.
    await this.#stop([...before.values()]);
    // Meanwhile the program may have begun to end.
    if (this.#stopped) return;
    for (const config of coming) {
      const entry = this.#start(config);
      if (entry !== undefined) next.push(entry);
    }
    const order = wanted.map(({ name }) => name);
    this.#entries = next.sort((a, b) => order.indexOf(a.config.name) - order.indexOf(b.config.name));
  }

  /** Ends all of them, for good. Resolves when their links are gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const entries = this.#entries;
    this.#entries = [];
    await this.#stop(entries);
  }

  async #stop(entries: readonly Entry[]): Promise<void> {
    await Promise.all(
      entries.map((entry) => {
        entry.retry?.cancel();
        return new Promise<void>((resolve) => entry.attachment.stop(resolve));
      }),
    );
  }

  #start(config: AttachConfig): Entry | undefined {
    this.#env ??= attachEnv(this.#given);
    if (this.#env === undefined) {
      this.#given.log.log('err', `attachment ${config.name}: not possible here without the package koffi`);
      return undefined;
    }
    const attachment = new Attachment(specOf(config), this.#env);
    const entry: Entry = { config, attachment, retry: undefined, failed: (err) => this.#failed(entry, err) };
    runIn(entry, () => this.#try(entry));
    return entry;
  }

  #try(entry: Entry): void {
    entry.retry = undefined;
    try {
      entry.attachment.start();
    } catch (err) {
      const { log, clock } = this.#given;
      log.log('err', `attachment ${entry.config.name}: cannot create ${entry.config.device}: ${describe(fromSystemError(err))}`);
      entry.retry = clock.after(AGAIN_MS, () => this.#try(entry));
    }
  }

  /** Its code failed where it never should: it is ended, and another one takes its place. The others do not notice. */
  #failed(entry: Entry, err: unknown): void {
    const { log, clock } = this.#given;
    logFailure(log, err, (stack) => `Internal error in attachment ${entry.config.name}, which is started again: ${stack}`);
    if (this.#stopped || entry.retry !== undefined) return;
    entry.retry = clock.after(AGAIN_MS, () => {
      entry.attachment = new Attachment(specOf(entry.config), this.#env!);
      this.#try(entry);
    });
    entry.attachment.stop(() => undefined);
  }
}
