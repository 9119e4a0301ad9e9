// The modem lines of all open devices, looked at once a second by one timer. Reports are NOTIFY-MODEMSTATE bits (RFC 2217).
// A change between two looks and back is not seen, as with ser2net 4.3.11.
import type { Clock, Timer } from '../../base/clock.ts';
import { SystemError } from '../../base/libc.ts';

/** Bits of TIOCMGET, asm-generic/termios.h. */
export const TIOCM = { DTR: 0x002, RTS: 0x004, CTS: 0x020, CD: 0x040, RI: 0x080, DSR: 0x100 } as const;

const POLL_MS = 1000;
/** With more devices than this a second is cut into as many slices: on some adapters a look takes a millisecond. */
const SLICES = 8;
/** Looks at one device take no more than this part of the time: where a look takes 10 ms, the next is after a second, with 500 ms after 50. */
const SHARE = 1 / 100;
/** Devices whose last state is kept; a configuration has fewer. */
const MAX_REMEMBERED = 16384;

/** The high half of the RFC's modem state: CTS 0x10, DSR 0x20, RI 0x40, CD 0x80. */
export const modemLevels = (tiocm: number): number =>
  (tiocm & TIOCM.CTS ? 0x10 : 0) | (tiocm & TIOCM.DSR ? 0x20 : 0) | (tiocm & TIOCM.RI ? 0x40 : 0) | (tiocm & TIOCM.CD ? 0x80 : 0);

/** One device under watch. look gives TIOCM bits or why not; ENOTTY counts as all lines off and ends the watch. */
export interface ModemWatch {
  /** Its path: under it the last levels are kept. */
  readonly device: string;
  /** Reads the modem lines. */
  look(): number | SystemError;
  /** Levels and changes, as RFC 2217 has them. */
  report(state: number): void;
}

/** Looks for one clock. The last levels of a device outlive its close: the next open compares with them. */
export class ModemPoller {
  static readonly #byClock = new WeakMap<Clock, ModemPoller>();
  readonly #clock: Clock;
  #watches: ModemWatch[] = [];
  /** The next slice of the round. */
  #slice = 0;
  /** When a device that answers slowly is looked at again, ms of the clock. */
  readonly #notBefore = new WeakMap<ModemWatch, number>();
  readonly #levels = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** The one poller of a clock. */
  static of(clock: Clock): ModemPoller {
    const known = ModemPoller.#byClock.get(clock) ?? new ModemPoller(clock);
    ModemPoller.#byClock.set(clock, known);
    return known;
  }

  /** Reports the state at once, changed or not, and then each change until stop(). */
  start(watch: ModemWatch): void {
    this.#watches.push(watch);
    this.#look(watch, true);
    this.#arm();
  }
  /** Ends a watch; harmless if it has ended. */
  stop(watch: ModemWatch): void {
    if (!this.#watches.includes(watch)) return;
    // A new list: a round may be running over the old one.
    this.#watches = this.#watches.filter((other) => other !== watch);
    if (this.#watches.length > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#watches.length === 0) return;
    const slices = this.#watches.length > SLICES ? SLICES : 1;
    this.#timer = this.#clock.after(POLL_MS / slices, () => {
      this.#timer = undefined;
      const at = this.#slice % slices;
      this.#slice = at + 1;
      const part = (n: number): number => Math.floor((this.#watches.length * n) / slices);
      const slice = this.#watches.slice(part(at), part(at + 1));
      for (const watch of slice) if (this.#watches.includes(watch)) this.#look(watch, false);
      this.#arm();
    });
  }

  #look(watch: ModemWatch, always: boolean): void {
    const began = this.#clock.now();
    if (began < (this.#notBefore.get(watch) ?? 0)) return;
    const before = this.#levels.get(watch.device) ?? 0;
    const seen = watch.look();
    const took = this.#clock.now() - began;
    if (took > POLL_MS * SHARE) this.#notBefore.set(watch, began + took / SHARE);
    const none = seen instanceof SystemError;
    // Only "there are no such lines" is an answer; any other failure leaves what was known.
    const levels = !none ? modemLevels(seen) : seen.code === 'ENOTTY' ? 0 : before;
    if (none && seen.code === 'ENOTTY') this.stop(watch);
    if (levels !== before) {
      if (this.#levels.size >= MAX_REMEMBERED) this.#levels.clear();
      this.#levels.set(watch.device, levels);
    }
    const changes = (levels ^ before) >> 4;
    if (always || changes !== 0) watch.report(levels | changes);
  }
}
