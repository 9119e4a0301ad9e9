// One connection of an attachment: an attempt, and what it becomes. It asks the server for line settings where that is possible; what
// becomes of the bytes, and what follows a loss, is up to the attachment.
import type { Clock, Timer } from '../base/clock.ts';
import { GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import { refusalIn } from '../base/refusals.ts';
import type { Queue } from '../base/serial.ts';
import type { Gensio } from '../gensio/gensio.ts';
import type { Target } from '../gensio/syntax/target.ts';
import { awaitRfc2217 } from './await-rfc2217.ts';
import { RemoteLine } from './remote-line.ts';

/** How long what was written last may take to go out at the end, ms. */
const FAREWELL_MS = 2000;

/** What a connection tells. Nothing comes after lost(), close() or abort(). */
interface ConnectionUp {
  /** It can be used: line settings first, then data. */
  opened(): void;
  /** Data. The buffer is lent as in GensioUp.read. */
  read(data: Buffer): void;
  /** The network takes more after write() gave false. */
  writable(): void;
  /** So many bytes came that are not for applications: older than a flush, or the sentence with which the server turned us away. */
  dropped(bytes: number, refusal: string | undefined): void;
  /** The speed in force at the server. asked: the one that it was asked for and refused, if any. */
  speed(inForce: number, asked: number | undefined): void;
  /** The attempt failed, or the connection ended, once. */
  lost(err: GensioError): void;
}

/** An attempt to connect to one target, and the connection it becomes. */
export class Connection {
  /** Where it leads. */
  readonly target: Target;
  readonly #gensio: Gensio;
  readonly #up: ConnectionUp;
  readonly #env: { readonly clock: Clock; readonly log: Log };
  readonly #name: string;
  /** The timeout of the attempt. */
  #timer: Timer | undefined;
  #line: RemoteLine | undefined;
  #state: 'connecting' | 'open' | 'over' = 'connecting';
  #since = 0;
  #heard = 0;
  /** Flushes that the server has not come to yet: what arrives before is thrown away. */
  #flushing = 0;
  /** The server has told its speed: it answers questions. */
  #answers = false;
  #full = false;

  /** Begins to connect. timeout: of the attempt, ms. name: for the log. */
  constructor(
    target: Target,
    gensio: Gensio,
    up: ConnectionUp,
    env: { readonly clock: Clock; readonly log: Log },
    name: string,
    timeout: number,
  ) {
    this.target = target;
    this.#gensio = gensio;
    this.#up = up;
    this.#env = env;
    this.#name = name;
    this.#timer = env.clock.after(timeout, () => this.#lost(new GensioError('timedout')));
    gensio.up = {
      read: (data) => this.#read(data),
      writable: () => {
        this.#full = false;
        up.writable();
      },
      closed: (err) => this.#lost(err ?? new GensioError('remclose')),
    };
  }

  /** Begins the attempt. */
  open(): void {
    this.#gensio.open((err) => {
      if (this.#state !== 'connecting') return;
      if (err !== undefined) this.#lost(err);
      else this.#agree();
    });
  }

  /** Until the server can be asked for settings nothing is sent, so that they come before data. */
  #agree(): void {
    const { serial } = this.#gensio;
    this.#timer?.cancel();
    if (!this.target.controls || serial === undefined) return this.#opened();
    this.#gensio.setReading(true);
    const speed = (inForce: number): void => {
      if (this.#state === 'over') return;
      this.#answers = true;
      this.#up.speed(inForce, undefined);
    };
    this.#timer = awaitRfc2217(serial, this.#env.clock, speed, () => {
      if (this.#state !== 'connecting') return;
      const refused = (inForce: number, asked: number): void => this.#up.speed(inForce, asked);
      this.#line = new RemoteLine(serial, { speed: refused }, this.#env.log, this.#name);
      this.#opened();
    });
  }
  #opened(): void {
    this.#state = 'open';
    this.#since = this.#env.clock.now();
    this.#up.opened();
  }

  #read(data: Buffer): void {
    if (this.#state === 'over') return;
    const refusal = this.#heard === 0 ? refusalIn(data) : undefined;
    this.#heard += data.length;
    if (refusal !== undefined || this.#flushing > 0) this.#up.dropped(data.length, refusal);
    else this.#up.read(data);
  }

  #lost(err: GensioError): void {
    if (this.#state === 'over') return;
    this.#up.lost(err);
    this.abort();
  }

  /** Whether it can be used: opened() was told, and it is not over. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }
  /** A TLS handshake is done, and nothing has come from the server since: it may still refuse our certificate. */
  get isUnproven(): boolean {
    return this.#gensio.peer !== undefined && this.#heard === 0 && !this.#answers;
  }
  /** How long it has been open, ms; 0 if it never was. */
  get age(): number {
    return this.#since === 0 ? 0 : this.#env.clock.now() - this.#since;
  }
  /** The server's line; `undefined` if it cannot be asked for settings. */
  get line(): RemoteLine | undefined {
    return this.#line;
  }
  /** The peer, as the network names it; '' if it has no name. */
  get address(): string {
    return this.#gensio.address();
  }
  /** Written and not sent yet, bytes. */
  get unsent(): number {
    return this.isOpen ? this.#gensio.bufferedBytes() : 0;
  }
  /** The network takes no more, and still holds the buffer written last. */
  get isFull(): boolean {
    return this.#full;
  }

  /** As Gensio.write: takes everything, and says whether more is welcome. */
  write(data: Buffer): boolean {
    if (!this.#gensio.write(data)) this.#full = true;
    return !this.#full;
  }
  /** As Gensio.setReading. */
  setReading(on: boolean): void {
    if (this.isOpen) this.#gensio.setReading(on);
  }

  /** An application has flushed a queue: the server's goes too, and what is on its way from there. */
  flush(queue: Queue): void {
    if (this.#line === undefined) return;
    this.#line.purge(queue);
    // Where questions are not answered (no line at that port) nothing would tell when to stop throwing away.
    if (queue === 'output' || !this.#answers) return;
    this.#flushing++;
    this.#line.mark(() => {
      this.#flushing--;
    });
  }

  #end(): boolean {
    const wasOpen = this.isOpen;
    this.#state = 'over';
    this.#timer?.cancel();
    this.#line?.end();
    return wasOpen;
  }
  /** Ends it at once. */
  abort(): void {
    if (this.#state === 'over') return;
    this.#end();
    this.#gensio.abort();
  }
  /** Ends it once what was written has gone out, which may take two seconds. done is called once. */
  close(done: () => void): void {
    const gensio = this.#gensio;
    if (!this.#end()) {
      gensio.abort();
      return done();
    }
    const limit = this.#env.clock.after(FAREWELL_MS, () => gensio.abort());
    gensio.up = {
      read: () => undefined,
      writable: () => undefined,
      closed: () => {
        limit.cancel();
        done();
      },
    };
    gensio.setReading(true);
    gensio.close();
  }
}
