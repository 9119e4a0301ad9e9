// trace-read, trace-write and trace-both: what went through a port, as ser2net 4.3.11 writes it down.
import { AppendFile, type AppendStep } from '../base/append-file.ts';
import type { Clock } from '../base/clock.ts';
import { bind, nextMicrotask } from '../base/fault-domain.ts';
import type { Log } from '../base/log.ts';
import { strerror } from '../base/strerror.ts';
import { hexDump, twoDigits } from '../base/text.ts';
import { escapesOf, expandDevstr } from '../config/devstr.ts';
import type { ObserverFactory, PortObserver, PortView, UserView } from '../port/events.ts';

interface Trace {
  /** As configured: equal texts share a file. */
  readonly text: string;
  readonly hexdump: boolean;
  readonly timestamp: boolean;
  readonly read: boolean;
  readonly write: boolean;
}

/** `YYYY/MM/DD HH:MM:SS `, local time. */
const traceTime = (t: ReturnType<Clock['wall']>): string =>
  `${t.getFullYear()}/${twoDigits(t.getMonth() + 1)}/${twoDigits(t.getDate())} ${twoDigits(t.getHours())}:${twoDigits(t.getMinutes())}:${twoDigits(t.getSeconds())} `;

/** Rows of up to eight bytes: `term 30 31  |01|`, the hexadecimal part padded to eight columns. */
export const hexdump = (data: Buffer, side: 'term' | 'tcp ', stamp: string): string =>
  hexDump(data, 8, (hex, text) => `${stamp}${side} ${hex.padEnd(24)} |${text}|\n`);

/** The open traces of all ports: a signal may ask for all files to be opened again. */
export class Traces {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Set<PortTrace>();
  readonly #ending = new Set<Promise<void>>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Gives a port the observers that write its trace files; none if it has no traces. */
  readonly observers: ObserverFactory = (view) => {
    const { options: o } = view.config;
    const traces: Trace[] = [];
    // The order in which the reference opens them: the first of equal names decides how the file looks.
    const add = (text: string | undefined, hexdump: boolean, timestamp: boolean, read: boolean, write: boolean): void => {
      if (text !== undefined) traces.push({ text, hexdump, timestamp, read, write });
    };
    add(o.traceWrite, o.traceWriteHexdump, o.traceWriteTimestamp, false, true);
    add(o.traceRead, o.traceReadHexdump, o.traceReadTimestamp, true, false);
    add(o.traceBoth, o.traceBothHexdump, o.traceBothTimestamp, true, true);
    return traces.length === 0 ? [] : [new PortTrace(view, traces, this.#clock, this.#log, this.#open, this.#ending)];
  };

  /** Resolves when all that was traced is written. */
  async written(): Promise<void> {
    await Promise.all(this.#ending);
  }

  /** Closes and opens every file, under the same name: after they were moved away. */
  reopen(): void {
    for (const trace of this.#open) trace.reopen();
  }
}

class PortTrace implements PortObserver {
  readonly #view: PortView;
  readonly #traces: readonly Trace[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #all: Set<PortTrace>;
  readonly #ending: Set<Promise<void>>;
  /** By configured text. */
  readonly #files = new Map<string, { file: AppendFile; hexdump: boolean; timestamp: boolean }>();

  constructor(view: PortView, traces: readonly Trace[], clock: Clock, log: Log, all: Set<PortTrace>, ending: Set<Promise<void>>) {
    this.#ending = ending;
    this.#view = view;
    this.#traces = traces;
    this.#clock = clock;
    this.#log = log;
    this.#all = all;
  }

  opened(): void {
    const { config } = this.#view;
    for (const { text, hexdump, timestamp } of this.#traces) {
      if (this.#files.has(text)) continue;
      const path = expandDevstr(text, {
        ...escapesOf(config),
        serialText: this.#view.lineText(),
        peer: this.#view.firstPeer(),
        now: this.#clock.wall(),
        fileName: true,
      }).toString('utf8');
      this.#files.set(text, { file: this.#openFile(path), hexdump, timestamp });
    }
    this.#all.add(this);
  }

  #openFile(path: string, before?: AppendFile): AppendFile {
    const failed = (err: NodeJS.ErrnoException, what: AppendStep): void => {
      const name = this.#view.config.name;
      const reason = strerror(err);
      this.#log.log(
        'err',
        what === 'open' ? `Unable to open trace file ${path}: ${reason}` : `Unable to write to trace file on port ${name}: ${reason}`,
      );
    };
    return new AppendFile(path, failed, { before });
  }

  reopen(): void {
    for (const entry of this.#files.values()) {
      entry.file.end();
      entry.file = this.#openFile(String(entry.file.target), entry.file);
    }
  }

  userJoined(user: UserView): void {
    this.#note(`OPEN (${user.peer})`);
  }
  userLeft(_user: UserView, reason: string): void {
    this.#note(`CLOSE netcon (${reason})`);
  }
  closed(reason: string): void {
    this.#note(`CLOSE port (${reason})`);
    // Users that are still there are closed right after this, and that is noted too.
    for (const { file } of this.#files.values()) {
      this.#ending.add(file.done);
      void file.done.then(bind(() => void this.#ending.delete(file.done)));
    }
    nextMicrotask(() => {
      for (const { file } of this.#files.values()) file.end();
      this.#files.clear();
      this.#all.delete(this);
    });
  }
  fromDevice(data: Buffer): void {
    for (const t of this.#traces) if (t.read) this.#data(t.text, data, 'term');
  }
  toDevice(data: Buffer): void {
    for (const t of this.#traces) if (t.write) this.#data(t.text, data, 'tcp ');
  }

  #note(text: string): void {
    for (const { file, timestamp } of this.#files.values()) {
      if (timestamp) file.append(Buffer.from(`${traceTime(this.#clock.wall())}${text}\n`));
    }
  }
  #data(text: string, data: Buffer, side: 'term' | 'tcp '): void {
    const entry = this.#files.get(text);
    if (entry === undefined) return;
    const stamp = entry.timestamp ? traceTime(this.#clock.wall()) : '';
    entry.file.append(entry.hexdump ? Buffer.from(hexdump(data, side, stamp)) : Buffer.from(data));
  }
}
