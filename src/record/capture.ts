// What happens at a port, as a stream of pcapng for one connection: live, or what the port remembers. Only whole blocks are sent, so that
// a reader can show each packet as it comes. Nobody waits for the connection: what it does not take in time is lost to it, and told.
import type { Gensio } from '../gensio/gensio.ts';
import { withoutSecrets } from '../options/secrets.ts';
import type { RecordDirection } from '../options/sections/record.ts';
import type { PortObserver, PortView } from '../port/events.ts';
import type { History } from './history.ts';
import { EVENT, packetBlock, sectionHeader } from './pcapng.ts';
import { errorsOf, linesOf, modemText, PortNotes } from './port-notes.ts';
import type { Stamp } from './stamp.ts';

/** Bytes that wait for the connection; more are lost to it. */
const MAX_WAITING = 256 * 1024;
/** How much of a history is taken at once, bytes. */
const PIECE = 65536;
const NOTHING = Buffer.alloc(0);

/** A port that can be watched. */
export interface CapturedPort extends PortView {
  /** Adds an observer. Returns how to take it out. */
  watch(observer: PortObserver): () => void;
}

const headOf = ({ config }: PortView): Buffer => sectionHeader(config.name, withoutSecrets(config.connector.text), 'ser2net');

/** Sends what happens at a port from now on, until the connection is closed. ended: called once, then. */
export function capture(port: CapturedPort, directions: readonly RecordDirection[], gensio: Gensio, stamp: Stamp, ended: () => void): void {
  const stream = new CaptureStream(port, directions, gensio, stamp);
  const unwatch = port.watch(stream);
  stream.ended = () => {
    unwatch();
    ended();
  };
  stream.begin();
}

class CaptureStream extends PortNotes {
  readonly #port: PortView;
  readonly #gensio: Gensio;
  readonly #stamp: Stamp;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #full = false;
  #lost = 0;
  /** Called when the connection is closed. */
  ended: () => void = () => undefined;

  constructor(port: PortView, directions: readonly RecordDirection[], gensio: Gensio, stamp: Stamp) {
    super(port, directions);
    this.#port = port;
    this.#gensio = gensio;
    this.#stamp = stamp;
    // What it says is not listened to.
    gensio.up = { read: () => undefined, writable: () => this.#writable(), closed: () => this.ended() };
  }

  begin(): void {
    this.#stamp.sync();
    this.#send(headOf(this.#port));
    this.note(EVENT.status, `capture begins${this.#port.lineText().replace(/^,/, ', ')}`);
    this.#gensio.setReading(true);
  }

  protected data(direction: RecordDirection, data: Buffer): void {
    if (this.#waitingBytes + data.length > MAX_WAITING) {
      this.#lost += data.length;
      return;
    }
    this.#tellLost();
    this.#packet(direction === 'device' ? EVENT.rx : EVENT.tx, data);
  }
  protected note(event: number, text: string): void {
    if (this.#waitingBytes <= MAX_WAITING) this.#packet(event, NOTHING, text);
  }
  #tellLost(): void {
    if (this.#lost === 0) return;
    const text = `${this.#lost} bytes lost`;
    this.#lost = 0;
    this.#packet(EVENT.lost, NOTHING, text);
  }
  #packet(event: number, data: Buffer, comment?: string): void {
    this.#send(packetBlock({ time: this.#stamp.now(), event, lines: this.lines, data, comment }));
  }
  #send(block: Buffer): void {
    if (this.#full) {
      this.#waiting.push(block);
      this.#waitingBytes += block.length;
    } else if (!this.#gensio.write(block)) this.#full = true;
  }

  #writable(): void {
    const all = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#full = false;
    if (all.length > 0 && !this.#gensio.write(Buffer.concat(all))) this.#full = true;
    else this.#tellLost();
  }
}

/** Sends what a port remembers, and then closes the connection. ended: called once, when it is closed. */
export function sendHistory(port: PortView, history: History | undefined, gensio: Gensio, ended: () => void): void {
  let at = history?.start ?? 0;
  const end = history?.end ?? 0;
  let lines = 0;
  const next = (): void => {
    for (;;) {
      if (history === undefined || at >= end) return gensio.close();
      const to = Math.min(end, at + PIECE);
      const lost = Math.max(0, history.start - at);
      const blocks = lost === 0 ? [] : [packetBlock({ time: 0, event: EVENT.lost, lines, data: NOTHING, comment: `${lost} bytes lost` })];
      for (const said of history.said(at, to)) {
        if ('data' in said) blocks.push(packetBlock({ time: said.time, event: EVENT.rx, lines, data: said.data }));
        else if (said.event.on === 'modemstate') {
          lines = linesOf(said.event.state, lines);
          blocks.push(packetBlock({ time: said.time, event: EVENT.status, lines, data: NOTHING, comment: modemText(said.event.state) }));
        } else {
          for (const [event, comment] of errorsOf(said.event.state)) {
            blocks.push(packetBlock({ time: said.time, event, lines, data: NOTHING, comment }));
          }
        }
      }
      at = to;
      if (!gensio.write(Buffer.concat(blocks))) return;
    }
  };
  gensio.up = { read: () => undefined, writable: next, closed: ended };
  gensio.setReading(true);
  if (gensio.write(headOf(port))) next();
}
