// The device side of a port: one connector after the other, each opened once. Knows nothing of users.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { GensioError } from '../base/gensio-error.ts';
import { type Gensio, type GensioEvent, nullUp } from '../gensio/gensio.ts';

/** What the device does to its port. */
export interface DeviceUp {
  /** err: it could not be opened, and is closed again. */
  deviceOpened(err?: GensioError): void;
  fromDevice(data: Buffer): void;
  deviceWritable(): void;
  /** Once, after it was open or being opened. */
  deviceClosed(err: GensioError | undefined): void;
  deviceEvent(event: GensioEvent): void;
}

/** How long closing may take before the device is cut off: four ticks of the reference. */
const CLOSE_LIMIT_MS = 4000;

export class PortDevice {
  readonly #make: () => Gensio | GensioError;
  readonly #up: DeviceUp;
  readonly #deadlines: Deadlines;
  readonly #limit: Deadline;
  #gensio: Gensio | undefined;
  /** Why there is none. */
  #why: GensioError | undefined;
  /** It takes no more until it says so. */
  full = false;
  /** Bytes since it was opened. */
  read = 0;
  written = 0;
  /** A client changed the line: it is not as configured. */
  lineChanged = false;

  /** make: a new connector, closed; or why there is none now, such as a file that is missing: at each open it is tried again. */
  constructor(make: () => Gensio | GensioError, up: DeviceUp, deadlines: Deadlines) {
    this.#make = make;
    this.#up = up;
    this.#deadlines = deadlines;
    this.#limit = { due: Infinity, run: () => this.#gensio?.abort() };
    this.#renew();
  }

  /** The connector in use, or the next to be opened. */
  get gensio(): Gensio | undefined {
    return this.#gensio;
  }

  open(): void {
    if (this.#gensio === undefined) this.#renew();
    const gensio = this.#gensio;
    this.full = false;
    this.lineChanged = false;
    if (gensio === undefined) return this.#up.deviceOpened(this.#why);
    gensio.up = {
      read: (data) => this.#up.fromDevice(data),
      writable: () => {
        this.full = false;
        this.#up.deviceWritable();
      },
      closed: (err) => this.#closed(gensio, err),
      event: (event) => this.#up.deviceEvent(event),
    };
    gensio.open((err) => {
      if (this.#gensio !== gensio) return;
      if (err !== undefined) {
        gensio.up = nullUp;
        gensio.abort();
        this.#renew();
      }
      this.#up.deviceOpened(err);
    });
  }

  /** false: it takes no more until deviceWritable(). */
  write(data: Buffer): boolean {
    this.written += data.length;
    if (this.#gensio === undefined || this.#gensio.write(data)) return !this.full;
    this.full = true;
    return false;
  }

  setReading(on: boolean): void {
    this.#gensio?.setReading(on);
  }
  /** Somebody who is not waited for still has what was read last. */
  detachBuffer(): void {
    this.#gensio?.detachBuffer?.();
  }

  /** What was written goes out, within a limit; deviceClosed() follows. */
  close(): void {
    this.#gensio?.setReading(false);
    this.#deadlines.arm(this.#limit, CLOSE_LIMIT_MS);
    this.#gensio?.close();
  }

  #closed(gensio: Gensio, err: GensioError | undefined): void {
    if (this.#gensio !== gensio) return;
    this.#renew();
    this.#up.deviceClosed(err);
  }
  #renew(): void {
    this.#deadlines.cancel(this.#limit);
    const made = this.#make();
    [this.#gensio, this.#why] = made instanceof GensioError ? [undefined, made] : [made, undefined];
  }
}
