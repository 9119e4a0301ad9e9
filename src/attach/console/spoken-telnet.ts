// A connection that becomes telnet when the server begins with telnet, and stays as it is when it begins otherwise: a device on a raw
// port is sent nothing that nobody typed.
import { nextMicrotask } from '../../base/fault-domain.ts';
import type { GensioError } from '../../base/gensio-error.ts';
import { ForwardingGensio, type Gensio } from '../../gensio/gensio.ts';

const IAC = 255;
/** IAC SB, WILL, WONT, DO, DONT, or a command: what a server of telnet begins with. Two IACs are a byte of data. */
const speaksTelnet = (data: Buffer): boolean => data[0] === IAC && data[1] !== undefined && data[1] >= 240 && data[1] !== IAC;

/** What was read already comes first again; the rest passes through. */
class ReadAgain extends ForwardingGensio {
  override readonly type: string;
  declare protected below: Gensio;
  #first: Buffer | undefined;
  #wanted = false;

  constructor(below: Gensio, first: Buffer) {
    super();
    this.type = below.type;
    this.below = below;
    this.#first = first;
  }
  override setReading(on: boolean): void {
    this.#wanted = on;
    if (this.#first === undefined || !on) this.below.setReading(on);
    else nextMicrotask(() => this.#deliver());
  }
  #deliver(): void {
    const first = this.#first;
    if (!this.#wanted || first === undefined) return;
    this.#first = undefined;
    this.up.read(first);
    if (this.#wanted) this.below.setReading(true);
  }
}

/** A connection to a port that may speak telnet or not. */
export class SpokenTelnet extends ForwardingGensio {
  override readonly type = 'telnet';
  declare protected below: Gensio;
  readonly #telnetOn: (child: Gensio) => Gensio;
  #undecided = true;
  #begun: Buffer | undefined;
  #wanted = false;

  /** telnetOn puts the layer telnet on a connection that is open, as a client. */
  constructor(below: Gensio, telnetOn: (child: Gensio) => Gensio) {
    super();
    this.below = below;
    below.up = this;
    this.#telnetOn = telnetOn;
  }

  override setReading(on: boolean): void {
    this.#wanted = on;
    super.setReading(on);
  }

  override read(data: Buffer): void {
    if (!this.#undecided) return super.read(data);
    const begun = Buffer.concat([this.#begun ?? Buffer.alloc(0), data]);
    this.#begun = begun;
    // It takes two bytes to know.
    if (begun.length === 1 && begun[0] === IAC) return;
    this.#undecided = false;
    this.#begun = undefined;
    if (speaksTelnet(begun)) this.#becomeTelnet(begun);
    else super.read(begun);
  }
  #becomeTelnet(begun: Buffer): void {
    const raw = this.below;
    raw.setReading(false);
    const again = new ReadAgain(raw, begun);
    raw.up = again;
    const telnet = this.#telnetOn(again);
    this.below = telnet;
    telnet.up = this;
    telnet.open((err?: GensioError) => {
      if (err !== undefined) this.up.closed(err);
    });
    telnet.setReading(this.#wanted);
  }

  /** A lone byte that might have become more is data after all. */
  override closed(err?: GensioError): void {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun !== undefined) this.up.read(begun);
    super.closed(err);
  }
}
