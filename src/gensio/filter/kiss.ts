// The filter kiss: packets to and from the terminal node controllers of packet radio, framed as the KISS protocol has it. C0 begins and
// ends a frame, DB DC stands for C0 in it and DB DD for DB; its first byte is the number of the controller and a command, 0 for data.
// What is written goes to controller 0, which is the only one that ser2net can name.
import type { Clock, Timer } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import type { GensioError } from '../../base/gensio-error.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Gensio } from '../gensio.ts';
import { PacketFilter } from '../packet-filter.ts';

type Opts = LayerOf<'kiss'>['opts'];

const FEND = 0xc0;
const FESC = 0xdb;
const TFEND = 0xdc;
const TFESC = 0xdd;
/** Low half of the first byte: what a frame is. */
const COMMAND = { data: 0, txdelay: 1, persist: 2, slottime: 3, fullduplex: 5, sethardware: 6 } as const;

const escaped = (bytes: Iterable<number>): number[] => {
  const out: number[] = [];
  for (const byte of bytes) {
    if (byte === FEND) out.push(FESC, TFEND);
    else if (byte === FESC) out.push(FESC, TFESC);
    else out.push(byte);
  }
  return out;
};

/** Data for controller 0 as one frame. */
export const encodeFrame = (data: Buffer): Buffer => Buffer.from([FEND, COMMAND.data, ...escaped(data), FEND]);

/** `0,2-4`: the end of a range is not part of it, as in gensio. Controller 0 is always there. */
export function controllersOf(text: string): ReadonlySet<number> {
  const numbers = new Set([0]);
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [from, to] = part.split('-').map(Number);
    if (to === undefined) numbers.add(from!);
    else for (let n = from!; n < to; n++) numbers.add(n);
  }
  return numbers;
}

/**
 * What a client tells its controllers when it begins, byte for byte as gensio 2.6.2 to 3.0.3 does: the marks of these frames are escaped,
 * too, so that controllers take them for noise before the first frame.
 */
export function firstBytes(opts: Opts): Buffer {
  const frames: number[] = [];
  const tenths = (ms: number): number => Math.floor((ms + 5) / 10);
  for (const n of [...controllersOf(opts.tncs)].sort((a, b) => a - b)) {
    const frame = (command: number, value: number): void => void frames.push(FEND, (n << 4) | command, value, FEND);
    frame(COMMAND.txdelay, tenths(opts.txdelay));
    frame(COMMAND.persist, opts.persist);
    frame(COMMAND.slottime, tenths(opts.slottime));
    frame(COMMAND.fullduplex, opts.fullduplex ? 1 : 0);
    if (opts.sethardware !== undefined) frame(COMMAND.sethardware, opts.sethardware);
  }
  return Buffer.from(escaped(frames));
}

/** Any cut of the input gives the same packets. */
export class FrameDecoder {
  readonly #frame: Buffer;
  readonly #controllers: ReadonlySet<number>;
  #length = 0;
  #escape = false;
  /** What follows until the end of the frame is thrown away. */
  #bad = false;

  /** max: bytes of a frame, its first one included; longer ones are dropped. */
  constructor(max: number, controllers: ReadonlySet<number>) {
    this.#frame = Buffer.alloc(max);
    this.#controllers = controllers;
  }
  /** Takes the next bytes; packet() gets what is data for one of the controllers. */
  push(chunk: Buffer, packet: (data: Buffer) => void): void {
    for (const byte of chunk) {
      if (byte === FEND) this.#end(packet);
      else if (this.#bad) continue;
      else if (this.#escape) {
        this.#escape = false;
        if (byte === TFEND) this.#keep(FEND);
        else if (byte === TFESC) this.#keep(FESC);
        else this.#bad = true;
      } else if (byte === FESC) this.#escape = true;
      else this.#keep(byte);
    }
  }
  #keep(byte: number): void {
    if (this.#length < this.#frame.length) this.#frame[this.#length++] = byte;
    else this.#bad = true;
  }
  #end(packet: (data: Buffer) => void): void {
    const first = this.#frame[0]!;
    const wanted = !this.#bad && this.#length > 1 && (first & 0x0f) === COMMAND.data && this.#controllers.has(first >> 4);
    const data = wanted ? Buffer.from(this.#frame.subarray(1, this.#length)) : undefined;
    this.#length = 0;
    this.#escape = false;
    this.#bad = false;
    if (data !== undefined) packet(data);
  }
}

/** Puts a Kenwood D710 into KISS. */
const d710 = (baud: number): string => `xflow on\rhbaud ${baud}\rkiss on\rrestart\r`;

class Kiss extends PacketFilter {
  readonly type = 'kiss';
  readonly #opts: Opts;
  readonly #server: boolean;
  readonly #clock: Clock;
  readonly #decoder: FrameDecoder;
  #opened = false;
  #timer: Timer | undefined;

  constructor({ opts }: LayerOf<'kiss'>, child: Gensio, server: boolean, clock: Clock) {
    super(child, clock);
    this.#opts = opts;
    this.#server = opts.server ?? server;
    this.#clock = clock;
    this.#decoder = new FrameDecoder(opts.readbuf, controllersOf(opts.tncs));
  }

  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#opened) return nextMicrotask(() => done());
    super.open((err) => {
      if (err !== undefined) return done(err);
      const { setupstr, setupDelay } = this.#opts;
      const setup = this.#opts.d7109600 ? d710(9600) : this.#opts.d710 ? d710(1200) : setupstr;
      if (setup === undefined || setup === '') return this.#begin(done);
      this.child.write(Buffer.from(setup, 'latin1'));
      this.#timer = this.#clock.after(setupDelay, () => this.#begin(done));
    });
  }
  #begin(done: () => void): void {
    this.#opened = true;
    if (!this.#server) this.child.write(firstBytes(this.#opts));
    done();
  }
  override abort(): void {
    this.#timer?.cancel();
    super.abort();
  }

  protected decode(data: Buffer): void {
    this.#decoder.push(data, (packet) => this.deliver(packet));
  }
  /**
   * More than a frame takes becomes several. gensio fills a frame with writebuf bytes of data, which a peer of the same settings drops: its
   * readbuf counts the first byte, too.
   */
  protected encode(data: Buffer): Buffer {
    const max = this.#opts.writebuf - 1;
    const parts: Buffer[] = [];
    for (let at = 0; at < data.length; at += max) parts.push(encodeFrame(data.subarray(at, at + max)));
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
  override write(data: Buffer): boolean {
    return this.silent || data.length === 0 || super.write(data);
  }
}

/** Makes the layer `kiss` on a child. */
export const kissFilter = (spec: LayerOf<'kiss'>, child: Gensio, server: boolean, { clock }: GensioEnv): Gensio =>
  new Kiss(spec, child, server, clock);
