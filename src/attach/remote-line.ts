// The serial line of a server, driven over RFC 2217: what is wanted, what was requested, what was answered.
import type { Log } from '../base/log.ts';
import type { Queue } from '../base/serial.ts';
import type { SerialControl } from '../gensio/gensio.ts';
import type { TargetOptions } from '../options/attach.ts';
import { controlLine, isHonoured, type Line, type LineRequest, requestsFor } from './line.ts';

/** What a line tells. */
interface RemoteLineUp {
  /** The server has another speed than the one requested; both in bit/s. */
  speed(inForce: number, asked: number): void;
}

/** One connection's line. */
export class RemoteLine {
  readonly #serial: SerialControl;
  readonly #up: RemoteLineUp;
  readonly #say: (text: string) => void;
  #asked: Line | undefined;
  /** The last request for a speed: ser2net may answer an earlier one with what is in force by then. */
  #speed: LineRequest | undefined;
  readonly #lines: { dtr?: boolean; rts?: boolean } = {};
  #refusing = false;
  #over = false;
  /** Questions are not answered: none is asked just for the moment of its answer. */
  #silent = false;

  constructor(serial: SerialControl, up: RemoteLineUp, log: Log, name: string) {
    this.#serial = serial;
    this.#up = up;
    this.#say = (text) => log.log('warning', `${name}: ${text}`);
  }

  /** Asks for what differs from what was asked for before. */
  want(line: Line): void {
    const requests = requestsFor(line, this.#asked);
    this.#asked = line;
    for (const request of requests) this.#ask(request);
  }

  /** The modem lines as the options want them; used: an application has the device open. */
  modemLines(options: Pick<TargetOptions, 'dtr' | 'rts'>, used: boolean): void {
    for (const name of ['dtr', 'rts'] as const) {
      const wanted = options[name];
      const on = wanted === undefined ? undefined : wanted === 'open' ? used : wanted === 'on';
      if (on === undefined || this.#lines[name] === on) continue;
      this.#lines[name] = on;
      this.#ask(controlLine(name, on));
    }
  }

  /** Flushes a queue of the server. */
  purge(queue: Queue): void {
    this.#serial.purge(queue);
  }

  /** Calls done with the answer to a question asked now: what was received before is older than this call. At once if the server never answers. */
  mark(done: () => void): void {
    if (this.#silent) return done();
    this.#serial.get('speed', (answer) => {
      if (answer === undefined || answer === null) this.#silent = true;
      done();
    });
  }

  /** Ignores answers from now on. */
  end(): void {
    this.#over = true;
  }

  #ask(request: LineRequest): void {
    const { item, value, text } = request;
    if (item === 'speed') this.#speed = request;
    let asking = true;
    this.#serial.set(item, value, (answer) => {
      // Without an answer, and not at once: the connection was lost meanwhile.
      if (this.#over || (answer === undefined && !asking)) return;
      if (answer === undefined) {
        // Said once: a server without RFC 2217 has none of it.
        if (!this.#refusing) this.#say(`the server cannot be asked for ${text}: it does not offer RFC 2217`);
        this.#refusing = true;
      } else if (answer === null) this.#say(`no answer to the request for ${text}`);
      else if (!isHonoured(request, answer)) {
        if (item === 'speed' && this.#speed !== request) return;
        this.#say(`the server refused ${text}${item === 'speed' ? `, its speed is ${answer}` : ''}`);
        if (item === 'speed') this.#up.speed(Number(answer), value);
      }
    });
    asking = false;
  }
}
