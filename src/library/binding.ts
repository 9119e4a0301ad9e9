// A binding for the streams of the serialport packages: programs written for local ports use ports elsewhere. The shapes are those of
// @serialport/bindings-interface 1.2; they are written out here so that its types are no part of ours.

import { type Clock, systemClock } from '../base/clock.ts';
import { GensioError } from '../base/gensio-error.ts';
import { noLog } from '../base/log.ts';
import type { SerialParity } from '../base/serial.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { Builder } from '../gensio/registry.ts';
import { parseTarget, type Target } from '../gensio/syntax/target.ts';
import { layerEnv } from './open.ts';
import { GensioSerial } from './serial.ts';

/** The target, the line settings to request from the server, and TLS files. */
export interface Ser2netOpenOptions {
  /**
   * `rfc2217://host:port`; `rfc2217s://` over TLS; `tcp://`, `tls://`, `telnet://`, `unix://PATH` without control of the line; or any
   * connector of ser2net.yaml(5).
   */
  path: string;
  /** Speed in bit/s. This and the settings below are requested from the server; ignored where the target has no control of the line. */
  baudRate: number;
  /** Bits per character. Default: 8. */
  dataBits?: 5 | 6 | 7 | 8;
  /** Stop bits. Default: 1. */
  stopBits?: 1 | 1.5 | 2;
  /** none, even, odd, mark or space. */
  parity?: string;
  /** Flow control by RTS and CTS; takes precedence over xon and xoff. Default: false. */
  rtscts?: boolean;
  /** Flow control by XON and XOFF, in both directions, if this or xoff is true. Default: false. */
  xon?: boolean;
  /** As xon. */
  xoff?: boolean;
  /** Ignored: it has no meaning over a network. */
  xany?: boolean;
  /** Ignored, as xany. */
  hupcl?: boolean;
  /** Ignored, as xany. */
  lock?: boolean;
  /** For targets with TLS: certificates to check the server with (a file, PEM). Without it or tlsAllow no server is trusted. */
  tlsCa?: string;
  /** For targets with TLS: names separated by semicolons, one of which the certificate must have, or `sha256:FINGERPRINT`. */
  tlsAllow?: string;
  /** For targets with TLS: the certificate to show to the server (a file, PEM). */
  tlsCert?: string;
  /** For targets with TLS: the key of tlsCert (a file, PEM). Default: the same file. */
  tlsKey?: string;
}

/** What @serialport/bindings-interface tells of a port in a list. Lists are always empty here. */
export interface Ser2netPortInfo {
  /** The path to open. */
  path: string;
  /** Maker of the USB device, if known. */
  manufacturer: string | undefined;
  /** USB serial number, if known. */
  serialNumber: string | undefined;
  /** Plug-and-play identifier, if known. */
  pnpId: string | undefined;
  /** Where it is plugged in, if known. */
  locationId: string | undefined;
  /** USB product number in hexadecimal, if known. */
  productId: string | undefined;
  /** USB vendor number in hexadecimal, if known. */
  vendorId: string | undefined;
}

/** How often drain() looks whether everything has left. */
const DRAIN_STEP_MS = 5;
const PARITIES: readonly SerialParity[] = ['none', 'even', 'odd', 'mark', 'space'];

const canceled = (): Error => Object.assign(new Error('The port was closed'), { canceled: true });

interface Reader {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
  readonly resolve: (got: { buffer: Buffer; bytesRead: number }) => void;
  readonly reject: (err: Error) => void;
}

/** One open port. */
export class Ser2netPort {
  /** The options it was opened with, defaults filled in. */
  readonly openOptions: Required<Ser2netOpenOptions>;
  /** False from the call of `close()` on. A connection that is lost does not change it: reads and writes are rejected then. */
  isOpen = true;
  readonly #gensio: Gensio;
  readonly #serial: GensioSerial | undefined;
  readonly #clock: Clock;
  /** Came when nobody had asked for it. */
  #kept: Buffer[] = [];
  #reader: Reader | undefined;
  #writer: { readonly resolve: () => void; readonly reject: (err: Error) => void } | undefined;
  #over: Error | undefined;
  #ended: (() => void) | undefined;

  /** gensio is open. Programs get a port from Ser2netBinding.open(). */
  constructor(gensio: Gensio, serial: GensioSerial | undefined, openOptions: Required<Ser2netOpenOptions>, clock: Clock) {
    this.openOptions = openOptions;
    this.#gensio = gensio;
    this.#serial = serial;
    this.#clock = clock;
    gensio.up = {
      read: (data) => this.#came(data),
      writable: () => this.#taken(),
      closed: (err) => this.#closed(err ?? new GensioError('remclose')),
      event: (event) => serial?.received(event),
    };
    // Answers about the line come among the data.
    gensio.setReading(true);
  }

  #came(data: Buffer): void {
    const rest = this.#reader === undefined ? data : this.#deliver(this.#reader, data);
    if (rest.length === 0) return;
    this.#kept.push(Buffer.from(rest));
    this.#gensio.setReading(false);
  }
  /** Gives what did not fit. */
  #deliver({ buffer, offset, length, resolve }: Reader, data: Buffer): Buffer {
    this.#reader = undefined;
    const bytesRead = data.copy(buffer, offset, 0, Math.min(length, data.length));
    resolve({ buffer, bytesRead });
    return data.subarray(bytesRead);
  }
  #taken(): void {
    this.#writer?.resolve();
    this.#writer = undefined;
  }
  #closed(why: Error): void {
    this.#over = this.isOpen ? why : canceled();
    this.#reader?.reject(this.#over);
    this.#writer?.reject(this.#over);
    this.#reader = undefined;
    this.#writer = undefined;
    this.#ended?.();
  }
  #check(): void {
    if (!this.isOpen) throw new Error('Port is not open');
    if (this.#over !== undefined) throw this.#over;
  }
  #need(): GensioSerial {
    this.#check();
    if (this.#serial === undefined) throw new Error(`${this.openOptions.path} has no control of the serial port`);
    return this.#serial;
  }

  /** Closes the connection, within 5 s; pending reads and writes are rejected with `canceled: true`. @throws Error: it is not open */
  async close(): Promise<void> {
    if (!this.isOpen) throw new Error('Port is not open');
    this.isOpen = false;
    this.#reader?.reject(canceled());
    this.#writer?.reject(canceled());
    this.#reader = undefined;
    this.#writer = undefined;
    if (this.#over !== undefined) return;
    const limit = this.#clock.after(5000, () => this.#gensio.abort());
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      this.#gensio.close();
    });
    limit.cancel();
  }

  /** Reads into `buffer` at `offset` at least one byte and at most `length`. Rejects when the connection ends or `close()` is called. */
  async read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    if (!this.isOpen) throw canceled();
    return new Promise((resolve, reject) => {
      const reader: Reader = { buffer, offset, length, resolve, reject };
      const first = this.#kept.shift();
      if (first !== undefined) {
        const rest = this.#deliver(reader, first);
        if (rest.length > 0) this.#kept.unshift(rest);
        else if (this.#kept.length === 0 && this.#over === undefined) this.#gensio.setReading(true);
      } else if (this.#over !== undefined) reject(this.#over);
      else this.#reader = reader;
    });
  }

  /** Resolves when more may be written, not when the bytes have been sent; `drain()` waits for that. */
  async write(buffer: Buffer): Promise<void> {
    this.#check();
    if (buffer.length === 0 || this.#gensio.write(buffer)) return;
    await new Promise<void>((resolve, reject) => {
      this.#writer = { resolve, reject };
    });
  }

  /** Requests another speed, in bit/s. @throws GensioError as `GensioSerial.set()`; Error: the target has no control of the line */
  async update({ baudRate }: { baudRate: number }): Promise<void> {
    await this.#need().set({ speed: baudRate });
  }

  /** brk, dtr and rts are driven; cts and dsr belong to the peer. */
  async set({ brk, dtr, rts }: { brk?: boolean; cts?: boolean; dsr?: boolean; dtr?: boolean; rts?: boolean }): Promise<void> {
    await this.#need().setLines({
      ...(brk !== undefined && { break: brk }),
      ...(dtr !== undefined && { dtr }),
      ...(rts !== undefined && { rts }),
    });
  }

  /** As reported last; all off before the first report. */
  async get(): Promise<{ cts: boolean; dsr: boolean; dcd: boolean }> {
    const state = this.#need().modemState;
    return { cts: state?.cts ?? false, dsr: state?.dsr ?? false, dcd: state?.cd ?? false };
  }

  /** The speed in force, in bit/s, as the server answers. @throws GensioError: it did not answer */
  async getBaudRate(): Promise<{ baudRate: number }> {
    return { baudRate: (await this.#need().get()).speed };
  }

  /** What came and was not read is dropped here and there; what was not sent is dropped there. */
  async flush(): Promise<void> {
    this.#check();
    this.#kept = [];
    this.#serial?.purge('both');
    this.#gensio.setReading(true);
  }

  /** Resolves when everything has left this process: RFC 2217 has no word for "sent on the line". */
  async drain(): Promise<void> {
    this.#check();
    while (this.isOpen && this.#over === undefined && this.#gensio.bufferedBytes() > 0) {
      await new Promise<void>((resolve) => void this.#clock.after(DRAIN_STEP_MS, resolve));
    }
    this.#check();
  }
}

function targetOf({ path, tlsCa, tlsAllow, tlsCert, tlsKey }: Ser2netOpenOptions): Target {
  const got = parseTarget(path, { tlsCa, tlsAllow, tlsCert, tlsKey });
  if ('problem' in got) throw new GensioError('inval', got.problem);
  return got.ok;
}

const opened = (gensio: Gensio): Promise<void> =>
  new Promise((resolve, reject) => {
    gensio.open((err) => {
      if (err === undefined) return resolve();
      gensio.abort();
      reject(err);
    });
  });

async function open(options: Ser2netOpenOptions): Promise<Ser2netPort> {
  const target = targetOf(options);
  const { baudRate, dataBits = 8, stopBits = 1, parity = 'none', rtscts = false, xon = false, xoff = false } = options;
  const wanted = PARITIES.find((each) => each === parity);
  if (wanted === undefined) throw new GensioError('inval', `'${parity}' is no parity`);
  const gensio = new Builder(layerEnv({ log: noLog })).connector(target.spec);
  await opened(gensio);
  const serial = target.controls && gensio.serial !== undefined ? new GensioSerial(gensio.serial) : undefined;
  const { tlsCa = '', tlsAllow = '', tlsCert = '', tlsKey = '', xany = false, hupcl = true, lock = true } = options;
  const all = { ...options, dataBits, stopBits, parity, rtscts, xon, xoff, xany, hupcl, lock, tlsCa, tlsAllow, tlsCert, tlsKey };
  const port = new Ser2netPort(gensio, serial, all, systemClock);
  if (serial === undefined) return port;
  try {
    const flow = rtscts ? 'rtscts' : xon || xoff ? 'xonxoff' : 'none';
    await serial.set({ speed: baudRate, databits: dataBits, parity: wanted, stopbits: stopBits, flow });
    const { dtr, rts } = target.options;
    await serial.setLines({
      ...((dtr === 'on' || dtr === 'off') && { dtr: dtr === 'on' }),
      ...((rts === 'on' || rts === 'off') && { rts: rts === 'on' }),
    });
  } catch (err) {
    gensio.abort();
    throw err;
  }
  return port;
}

/** `new SerialPortStream({ binding: Ser2netBinding, path: 'rfc2217://host:port', baudRate: 115200 })` */
export const Ser2netBinding = {
  /** Ports elsewhere cannot be listed. */
  list: async (): Promise<Ser2netPortInfo[]> => [],
  /** @throws GensioError: detail says what is wrong in words */
  open,
} as const;
