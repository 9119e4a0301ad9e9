// The device side of a port: one connector after the other, each opened once. Knows nothing of users.
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import { PARITY_OF } from '../base/serial.ts';
import type { ConnectionConfig } from '../config/model.ts';
import { type Gensio, type GensioEvent, nullUp, type SerialControl } from '../gensio/gensio.ts';
import type { StackBuilder } from '../gensio/stack-builder.ts';
import { keptOpen } from '../gensio/syntax/stack-properties.ts';
import type { SerialLine } from '../options/serialdev.ts';
import { LOG } from './messages.ts';

/** What the device does to its port. */
export interface DeviceUp {
  /** In force now: each connector is made from it. */
  readonly config: ConnectionConfig;
  /** err: it could not be opened, and is closed again. */
  deviceOpened(err?: GensioError): void;
  /** Data of the device; borrowed as in GensioUp.read. */
  fromDevice(data: Buffer): void;
  /** It takes more, after write() gave false. */
  deviceWritable(): void;
  /** Once, after it was open or being opened. */
  deviceClosed(err: GensioError | undefined): void;
  /** What it says besides data. */
  deviceEvent(event: GensioEvent): void;
}

/** How long closing may take before the device is cut off: four ticks of the reference. */
const CLOSE_LIMIT_MS = 4000;
/** How often a device that clients wait for is looked for. */
const HOLD_MS = 500;

interface DeviceEnv {
  readonly deadlines: Deadlines;
  readonly log: Log;
  readonly builder: StackBuilder;
}

/** The device of a port, whichever connector stands for it now. */
export class PortDevice {
  readonly #up: DeviceUp;
  readonly #env: DeviceEnv;
  readonly #limit: Deadline;
  #gensio: Gensio | undefined;
  /** Why there is none. */
  #why: GensioError | undefined;
  /** It takes no more until it says so. */
  full = false;
  /** Bytes since it was opened. */
  read = 0;
  /** Bytes since it was opened. */
  written = 0;
  /** A client changed the line: it is not as configured. */
  lineChanged = false;

  constructor(up: DeviceUp, env: DeviceEnv) {
    this.#up = up;
    this.#env = env;
    this.#limit = { due: Infinity, run: () => this.#gensio?.abort() };
    this.renew();
  }

  /** The connector in use, or the next to be opened. */
  get gensio(): Gensio | undefined {
    return this.#gensio;
  }

  /** Opens a connector; deviceOpened() follows. */
  open(): void {
    if (this.#gensio === undefined) this.renew();
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
        this.renew();
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

  /** As {@link Gensio.setReading}. */
  setReading(on: boolean): void {
    this.#gensio?.setReading(on);
  }
  /** Somebody who is not waited for still has what was read last. */
  detachBuffer(): void {
    this.#gensio?.detachBuffer?.();
  }

  /** It is closed: the counters start over. */
  reset(): void {
    this.full = false;
    this.read = 0;
    this.written = 0;
  }

  /** What was written goes out, within a limit; deviceClosed() follows. */
  close(): void {
    this.#gensio?.setReading(false);
    this.#env.deadlines.arm(this.#limit, CLOSE_LIMIT_MS);
    this.#gensio?.close();
  }

  #closed(gensio: Gensio, err: GensioError | undefined): void {
    if (this.#gensio !== gensio) return;
    this.renew();
    this.#up.deviceClosed(err);
  }
  /** Makes the next connector, as the configuration says now. Only while none is open. */
  renew(): void {
    this.#env.deadlines.cancel(this.#limit);
    const made = this.#make();
    [this.#gensio, this.#why] = made instanceof GensioError ? [undefined, made] : [made, undefined];
  }
  /** A new connector, closed; or why it cannot be made now, such as a file that is missing: at each open it is tried again. */
  #make(): Gensio | GensioError {
    const { name, connector, options } = this.#up.config;
    const { spec } = connector;
    if (spec === undefined) return new GensioError('notsup');
    const hold = options.hold ?? 'off';
    try {
      return this.#env.builder.connector(hold === 'off' ? spec : keptOpen(spec, HOLD_MS, hold === 'drop'));
    } catch (err) {
      const error = fromSystemError(err);
      const { message, detail } = error;
      this.#env.log.log('err', LOG.enableFailed(name, detail === undefined ? message : `${message}: ${detail}`));
      return error;
    }
  }
}

/** Asks an open device for everything that can be set while it is open. */
export function askLine(serial: SerialControl, line: SerialLine): void {
  const ignore = (): void => undefined;
  serial.set('speed', line.speed, ignore);
  serial.set('databits', line.databits, ignore);
  serial.set('parity', PARITY_OF[line.parity], ignore);
  serial.set('stopbits', line.stopbits, ignore);
  serial.set('flow', line.rtscts ? 'rtscts' : line.xonxoff ? 'xonxoff' : 'none', ignore);
  for (const { line: name, on } of line.lines) serial.set(name, on, ignore);
}
