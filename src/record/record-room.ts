// What recordings and histories add to the ports that want them. A port is watched, and its device is held open where it is recorded;
// nothing of a port waits for what happens here.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Gensio, GensioEvent } from '../gensio/gensio.ts';
import type { PortOptions } from '../options/sections/port.ts';
import type { RecordDirection } from '../options/sections/record.ts';
import type { Sections } from '../options/sections/table.ts';
import type { PortObserver } from '../port/events.ts';
import type { PortPart, PortRoom, RoomPort } from '../port/port-room.ts';
import { type CapturedPort, capture, sendHistory } from './capture.ts';
import { History } from './history.ts';
import type { Recording } from './recording.ts';
import { Recordings } from './recordings.ts';
import type { Stamp } from './stamp.ts';

/** Of a section, what is done here. */
type Wanted = Partial<Pick<PortOptions, 'history' | 'record'>>;

/** How much of a history is copied at once, bytes. */
const PIECE = 65536;

/** Recordings and histories of all ports. */
export class RecordRoom implements PortRoom {
  readonly #recordings: Recordings;
  readonly #parts = new Set<RecordPart>();
  #sections: Sections | undefined;

  constructor(clock: Clock, log: Log) {
    this.#recordings = new Recordings(clock, log);
  }

  /** Puts sections in force, also for ports at work. */
  apply(sections: Sections | undefined): void {
    this.#sections = sections;
    for (const part of this.#parts) part.update();
  }
  /** Called once for each port. */
  attach(port: RoomPort): RecordPart {
    return new RecordPart(port, this.#recordings, () => this.#sections?.ports.get(port.name)?.values ?? {}, this.#parts);
  }
  /**
   * Gives a connection what happens at a port, as pcapng: from now on until it is closed, or what is remembered. ended: called once, when
   * it is closed.
   */
  capture(port: CapturedPort, what: readonly RecordDirection[] | 'history', gensio: Gensio, ended: () => void): void {
    if (what !== 'history') return capture(port, what, gensio, this.#recordings.stamp, ended);
    const part = [...this.#parts].find((each) => each.port === port);
    sendHistory(port, part?.history, gensio, ended);
  }
  /** Closes and opens every file, under the same name: after they were moved away. */
  reopen(): void {
    this.#recordings.reopen();
  }
  /** Resolves when all that was recorded is written, or given up. */
  written(): Promise<void> {
    return this.#recordings.written();
  }
}

/** Recording and history of one port. */
class RecordPart implements PortPart {
  /** Which port it is. */
  readonly port: RoomPort;
  readonly #recordings: Recordings;
  readonly #wanted: () => Wanted;
  readonly #started: Set<RecordPart>;
  /** In force. */
  #now: Wanted = {};
  #recording: Recording | undefined;
  /** What is remembered; `undefined` if nothing is. */
  history: History | undefined;
  /** What ends the history, the watching for the recording, and holding the device open. */
  #endHistory: (() => void) | undefined;
  #unwatch: (() => void) | undefined;
  #release: (() => void) | undefined;

  constructor(port: RoomPort, recordings: Recordings, wanted: () => Wanted, started: Set<RecordPart>) {
    this.port = port;
    this.#recordings = recordings;
    this.#wanted = wanted;
    this.#started = started;
  }

  /** The port is in service. */
  start(): void {
    this.#started.add(this);
    this.update();
    if (this.#recording !== undefined) this.#release ??= this.port.hold();
  }
  /** It is not any more, or is to change: its device is not held. What is recorded ends with the device, what is remembered stays. */
  stop(done: () => void): void {
    this.#started.delete(this);
    this.#letGo();
    done();
  }
  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Puts in force what is wanted now; what is wanted as before goes on. */
  update(): void {
    const { history, record } = this.#wanted();
    if (history !== this.#now.history) this.#remember(history);
    if (!isDeepStrictEqual(record, this.#now.record)) this.#record(record);
    this.#now = { history, record };
  }

  #remember(size: number | undefined): void {
    const { port } = this;
    this.#endHistory?.();
    this.#endHistory = undefined;
    this.history = undefined;
    port.history = undefined;
    if (size === undefined) return;
    const history = new History(size);
    this.history = history;
    port.history = { recent: () => piecesOf(history) };
    this.#endHistory = port.watch(new HistoryWatch(history, this.#recordings.stamp));
  }

  #record(options: Wanted['record']): void {
    const { port } = this;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#recording?.closed('no longer recorded');
    this.#recording = options === undefined ? undefined : this.#recordings.make(port, options);
    if (this.#recording === undefined) return this.#letGo();
    this.#unwatch = port.watch(this.#recording);
    if (port.isOpen) this.#recording.opened();
    if (this.#started.has(this)) this.#release ??= port.hold();
  }
}

/** Copies of what a history has now. */
function* piecesOf(history: History): Iterable<Buffer> {
  const { end } = history;
  for (let at = history.start; at < end; ) {
    const { data, next } = history.read(at, Math.min(PIECE, end - at));
    at = next;
    yield Buffer.from(data);
  }
}

/** Remembers what the device says; nothing else. */
class HistoryWatch implements PortObserver {
  readonly #history: History;
  readonly #stamp: Stamp;
  constructor(history: History, stamp: Stamp) {
    this.#history = history;
    this.#stamp = stamp;
  }
  opened(): void {
    this.#stamp.sync();
  }
  fromDevice(data: Buffer): void {
    this.#history.push(data, this.#stamp.now());
  }
  deviceEvent(event: GensioEvent): void {
    if (event.on === 'modemstate' || event.on === 'linestate') this.#history.note(event, this.#stamp.now());
  }
}
