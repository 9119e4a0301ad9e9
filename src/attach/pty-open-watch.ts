// Notices when applications open and close the slaves of our ptys: inotify, one descriptor for all of them (a user may have 128).
// Events of a kind that follow each other are merged by the kernel, so an event says "look", not "one more".
import type { Clock, Timer } from '../base/clock.ts';
import { type Libc, SystemError } from '../base/libc.ts';
import { ByteStream } from '../gensio/uv-handle.ts';

const IN_CLOSE_WRITE = 0x8;
const IN_CLOSE_NOWRITE = 0x10;
const IN_OPEN = 0x20;
const IN_Q_OVERFLOW = 0x4000;
/** sizeof(struct inotify_event) without its name; watches on files have none. */
const EVENT = 16;
/** Where there is no inotify: how often the owner is told to look, ms. */
const LOOK_MS = 250;

/** `open`: a program opened it. `close`: one closed it, and others may have it open. `look`: nothing is known. */
export type PtyOpenEvent = 'open' | 'close' | 'look';
/** Called for each event, or for several that the kernel merged. */
type PtyOpenListener = (event: PtyOpenEvent) => void;

/** One slave being watched. */
export interface Watched {
  /** Reports the events so far now; with `silently` drops them, and gives their number. */
  drain(silently: boolean): number;
  /** Ends the watch. */
  remove(): void;
}

interface Entry {
  readonly listener: PtyOpenListener;
  /** `undefined` if inotify could not take it. */
  readonly watch: number | undefined;
}

/** Reports opens and closes of slaves. Shared by all attachments of a process. */
export class PtyOpenWatch {
  readonly #libc: Libc;
  readonly #clock: Clock;
  #stream: ByteStream | undefined;
  #fd: number | undefined;
  readonly #byWatch = new Map<number, Entry>();
  readonly #blind = new Set<Entry>();
  #timer: Timer | undefined;
  /** Whose events are dropped just now, and how many were. */
  readonly #silenced = new Map<Entry, number>();

  constructor(libc: Libc, clock: Clock) {
    this.#libc = libc;
    this.#clock = clock;
  }

  /** Watches a slave, `/dev/pts/N`. Never fails: where inotify is missing the listener is told to look four times a second. */
  add(path: string, listener: PtyOpenListener): Watched {
    const fd = this.#open();
    const watch = fd === undefined ? undefined : this.#libc.addWatch(fd, path, IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE);
    const entry: Entry = { listener, watch: typeof watch === 'number' ? watch : undefined };
    if (entry.watch !== undefined) this.#byWatch.set(entry.watch, entry);
    else {
      this.#blind.add(entry);
      this.#lookLater();
    }
    return {
      drain: (silently) => (entry.watch === undefined ? 0 : this.#drain(entry, silently)),
      remove: () => this.#remove(entry),
    };
  }

  #open(): number | undefined {
    if (this.#fd !== undefined) return this.#fd;
    const fd = this.#libc.inotify();
    if (fd instanceof SystemError) return undefined;
    try {
      this.#stream = ByteStream.ofDescriptor(fd, {
        read: (data) => this.#events(data),
        writable: () => undefined,
        ended: () => undefined,
        gone: () => undefined,
      });
    } catch {
      this.#libc.close(fd);
      return undefined;
    }
    this.#stream.setReading(true);
    this.#fd = fd;
    return fd;
  }

  #remove(entry: Entry): void {
    this.#blind.delete(entry);
    if (entry.watch !== undefined && this.#byWatch.delete(entry.watch) && this.#fd !== undefined) {
      this.#libc.removeWatch(this.#fd, entry.watch);
    }
    if (this.#byWatch.size > 0) return;
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#fd = undefined;
    if (this.#blind.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #drain(entry: Entry, silently: boolean): number {
    if (silently) this.#silenced.set(entry, 0);
    for (let data = this.#read(); data !== undefined; data = this.#read()) this.#events(data);
    const dropped = this.#silenced.get(entry) ?? 0;
    this.#silenced.delete(entry);
    return dropped;
  }
  #read(): Buffer | undefined {
    if (this.#fd === undefined) return undefined;
    const data = this.#libc.readNow(this.#fd, 4096);
    return data instanceof SystemError || data.length === 0 ? undefined : data;
  }

  /** struct inotify_event: watch, mask, cookie, length of the name. */
  #events(data: Buffer): void {
    const words = new DataView(data.buffer, data.byteOffset, data.length);
    for (let at = 0; at + EVENT <= data.length; at += EVENT + words.getUint32(at + 12, LITTLE)) {
      const mask = words.getUint32(at + 4, LITTLE);
      if ((mask & IN_Q_OVERFLOW) !== 0) for (const entry of [...this.#byWatch.values()]) entry.listener('look');
      const entry = this.#byWatch.get(words.getInt32(at, LITTLE));
      if (entry === undefined) continue;
      const dropped = this.#silenced.get(entry);
      if (dropped !== undefined) this.#silenced.set(entry, dropped + 1);
      else if ((mask & IN_OPEN) !== 0) entry.listener('open');
      else if ((mask & (IN_CLOSE_WRITE | IN_CLOSE_NOWRITE)) !== 0) entry.listener('close');
    }
  }

  #lookLater(): void {
    if (this.#timer !== undefined || this.#blind.size === 0) return;
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#timer = undefined;
      for (const entry of [...this.#blind]) entry.listener('look');
      this.#lookLater();
    });
  }
}

const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
