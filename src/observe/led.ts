// led-rx, led-tx and led-conn: LEDs of /sys/class/leds that flash with the data of a port, or shine while it is used.
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import { readSmallFileLater, writeSmallFileLater } from '../base/safe-file.ts';
import { strerror } from '../base/strerror.ts';
import type { LedConfig } from '../config/model.ts';
import type { ObserverFactory, PortObserver } from '../port/events.ts';

/** Largest file of an LED, bytes: the names of all triggers. */
const MAX_FILE = 65_536;

/** One LED. Writes go out one after the other; a flash asked for while another is on its way is that one. */
class Led {
  readonly config: LedConfig;
  /** It is to shine, where it does not flash. */
  lit: boolean;
  readonly #dir: string;
  readonly #log: Log;
  #busy = false;
  #queue: [file: string, value: string][] = [];
  #flashing = false;
  /** Something did not work, and was told. */
  failed = false;
  #maxBrightness = '1';

  constructor(config: LedConfig, root: string, log: Log, lit: boolean) {
    this.config = config;
    this.lit = lit;
    this.#dir = join(root, config.device);
    this.#log = log;
    this.#setUp();
  }

  #setUp(): void {
    const { mode, duration, state } = this.config;
    const trigger = join(this.#dir, 'trigger');
    readSmallFileLater(trigger, { maxBytes: MAX_FILE }, (err, triggers) => {
      if (err !== null || triggers === undefined) return this.#complain(`led: Unable to open ${trigger}`);
      if (mode === 'transient' && !triggers.includes('transient')) {
        this.#complain(`led: missing transient trigger in ${trigger}, maybe you need to 'modprobe ledtrig-transient'`);
      }
      if (mode === 'solid') return this.#setUpSolid();
      this.#write('trigger', 'transient');
      this.#write('duration', String(duration));
      this.#write('state', String(state));
    });
  }
  #setUpSolid(): void {
    readSmallFileLater(join(this.#dir, 'max_brightness'), { maxBytes: MAX_FILE }, (_err, content) => {
      const [text] = /^[0-9]+/.exec(content?.toString('latin1') ?? '') ?? [];
      if (text !== undefined) this.#maxBrightness = text;
      this.#write('trigger', 'none');
      this.#write('brightness', this.lit ? this.#maxBrightness : '0');
    });
  }

  flash(): void {
    if (this.#flashing) return;
    this.#flashing = true;
    this.#write('activate', '1');
  }
  shine(on: boolean): void {
    this.lit = on;
    if (this.config.mode === 'solid') this.#write('brightness', on ? this.#maxBrightness : '0');
    else if (on) this.flash();
  }
  release(): void {
    this.#write('trigger', 'none');
    this.#write('brightness', '0');
  }

  #write(file: string, value: string): void {
    this.#queue.push([file, value]);
    if (!this.#busy) this.#next();
  }
  #next(): void {
    const next = this.#queue.shift();
    this.#busy = next !== undefined;
    if (next === undefined) return;
    const path = join(this.#dir, next[0]);
    // Never makes a file: an LED that is gone must not leave one behind.
    writeSmallFileLater(path, 'change', next[1], (err) => {
      if (next[0] === 'activate') this.#flashing = false;
      if (err !== null) this.#complain(`led: Unable to open ${path}: ${strerror(err)}`);
      this.#next();
    });
  }
  #complain(text: string): void {
    if (!this.failed) this.#log.log('err', text);
    this.failed = true;
  }
}

/** The LEDs of a configuration, and what ports do to them. */
export class Leds {
  readonly #root: string;
  readonly #log: Log;
  #leds = new Map<string, Led>();

  constructor(log: Log, root = '/sys/class/leds') {
    this.#log = log;
    this.#root = root;
  }

  /**
   * Puts the LEDs of a configuration in place of those before; one that did not change and works is left alone. One that did not work is
   * tried again: the module of its trigger may be loaded by now.
   */
  apply(configs: readonly LedConfig[]): void {
    const before = this.#leds;
    const same = (a: LedConfig, b: LedConfig): boolean =>
      a.device === b.device && a.duration === b.duration && a.state === b.state && a.mode === b.mode;
    this.#leds = new Map();
    const fresh: LedConfig[] = [];
    for (const config of configs) {
      const old = before.get(config.name);
      if (old !== undefined && !old.failed && same(old.config, config)) {
        this.#leds.set(config.name, old);
        before.delete(config.name);
      } else fresh.push(config);
    }
    // One that comes back with other settings is set up again: a late 0 would take its trigger away.
    const back = new Set(fresh.map(({ device }) => device));
    for (const old of before.values()) if (!back.has(old.config.device)) old.release();
    for (const config of fresh) {
      const lit = before.get(config.name)?.lit ?? false;
      this.#leds.set(config.name, new Led(config, this.#root, this.#log, lit));
    }
  }

  /** Gives a port the observers that drive its LEDs; none if it names none. */
  readonly observers: ObserverFactory = ({ config: { options } }) => {
    const { ledRx, ledTx, ledConn } = options;
    if (ledRx === undefined && ledTx === undefined && ledConn === undefined) return [];
    const led = (name: string | undefined): Led | undefined => (name === undefined ? undefined : this.#leds.get(name));
    let users = 0;
    const observer: PortObserver = {
      fromDevice: () => led(ledRx)?.flash(),
      toDevice: () => led(ledTx)?.flash(),
      userJoined: () => {
        if (users++ === 0) led(ledConn)?.shine(true);
      },
      userLeft: () => {
        if (--users === 0) led(ledConn)?.shine(false);
      },
    };
    return [observer];
  };
}
