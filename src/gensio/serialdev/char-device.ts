// A device used as it is, without terminal settings: printers, FIFOs, `wronly`, the layer `dev`. What the event loop can watch
// (terminals, FIFOs) is watched. Of other devices that cannot be known, and trying ends the process; those are asked again and again.
import { constants, fstat, read, type Stats, write } from 'node:fs';
import { isatty } from 'node:tty';
import { blockingCalls } from '../../base/blocking-calls.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { bind, nextMicrotask } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { type Libc, SystemError } from '../../base/libc.ts';
import { ByteStream, type ByteStreamUp } from '../uv-handle.ts';
import { openDevice } from './device-open.ts';
import { type Bytes, OpenTerminal } from './open-terminal.ts';
import { type DrainLimits, notATerminal, type Terminal, type TerminalUp } from './terminal.ts';

interface CharDeviceConfig {
  readonly device: string;
  readonly limits: DrainLimits;
  readonly access: number;
  /** false: nothing is ever read. */
  readonly reads: boolean;
}

/** How soon a device that was not ready is asked again. */
const RETRY_MS = 20;
const READ_SIZE = 4096;

/** Bytes of a device that cannot be watched: one call at a time on a thread, and none that waits (the descriptor is nonblocking). */
class PolledBytes implements Bytes {
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #up: ByteStreamUp;
  readonly #queue: Buffer[] = [];
  #bytesQueued = 0;
  #full = false;
  #writing = false;
  #reading = false;
  #wantsRead = false;
  #writeTimer: Timer | undefined;
  #readTimer: Timer | undefined;
  #destroyed = false;
  #failed: Error | undefined;
  #buffer: Buffer | undefined;

  constructor(fd: number, clock: Clock, up: ByteStreamUp) {
    this.#fd = fd;
    this.#clock = clock;
    this.#up = up;
  }
  bufferedBytes(): number {
    return this.#bytesQueued;
  }
  remainingBytes(): number {
    return this.#bytesQueued;
  }
  write(data: Buffer): boolean {
    if (this.#destroyed || data.length === 0) return true;
    this.#queue.push(data);
    this.#bytesQueued += data.length;
    this.#full = true;
    this.#pump();
    return false;
  }
  #pump(): void {
    const first = this.#queue[0];
    if (this.#writing || first === undefined || this.#writeTimer !== undefined) return;
    this.#writing = true;
    write(
      this.#fd,
      first,
      0,
      first.length,
      null,
      bind((err, written) => {
        this.#writing = false;
        if (this.#destroyed) return this.#close();
        if (err !== null && err.code !== 'EAGAIN') return this.#fail(err);
        if (err === null) {
          this.#bytesQueued -= written;
          if (written === first.length) this.#queue.shift();
          else this.#queue[0] = first.subarray(written);
        }
        if (this.#queue.length === 0) {
          if (this.#full) {
            this.#full = false;
            this.#up.writable();
          }
        } else if (err !== null) {
          this.#writeTimer = this.#clock.after(RETRY_MS, () => {
            this.#writeTimer = undefined;
            this.#pump();
          });
        } else this.#pump();
      }),
    );
  }
  setReading(on: boolean): void {
    this.#wantsRead = on;
    if (on) this.#fill();
  }
  detachBuffer(): void {
    if (!this.#reading && this.#readTimer === undefined) this.#buffer = undefined;
  }
  #fill(): void {
    if (this.#reading || !this.#wantsRead || this.#destroyed || this.#readTimer !== undefined) return;
    this.#reading = true;
    this.#buffer ??= Buffer.allocUnsafe(READ_SIZE);
    const buffer = this.#buffer;
    read(
      this.#fd,
      buffer,
      0,
      buffer.length,
      null,
      bind((err, count) => {
        this.#reading = false;
        if (this.#destroyed) return this.#close();
        if (err !== null && err.code !== 'EAGAIN') return this.#fail(err);
        // An end that nobody wants to hear of yet is read once more.
        if (err === null && count === 0) return this.#wantsRead ? this.#up.ended() : undefined;
        if (err === null) this.#deliver(buffer.subarray(0, count));
        else {
          this.#readTimer = this.#clock.after(RETRY_MS, () => {
            this.#readTimer = undefined;
            this.#fill();
          });
        }
      }),
    );
  }
  /** Reading may have been turned off while the call was under way: then the piece waits. */
  #deliver(data: Buffer): void {
    if (this.#wantsRead) {
      this.#up.read(data);
      this.#fill();
      return;
    }
    this.#readTimer = this.#clock.after(RETRY_MS, () => {
      this.#readTimer = undefined;
      this.#deliver(data);
    });
  }
  #fail(err: Error): void {
    this.#failed = err;
    this.destroy();
  }
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#writeTimer?.cancel();
    this.#readTimer?.cancel();
    this.#close();
  }
  /** Not while a thread still uses the descriptor, which its owner closes. */
  #close(): void {
    if (!this.#reading && !this.#writing) nextMicrotask(() => this.#up.gone(this.#failed));
  }
}

/** A device that only moves bytes: all calls about a serial line give ENOTTY. */
export class CharDevice extends OpenTerminal implements Terminal {
  readonly #c: Libc | undefined;
  readonly #reads: boolean;
  /** `undefined` if the event loop has the only descriptor. */
  #fd: number | undefined;
  protected readonly bytes: Bytes;
  /** Closes the descriptor, once the bytes no longer use it. */
  #release: (() => void) | undefined;

  private constructor(c: Libc | undefined, clock: Clock, config: CharDeviceConfig, fd: number, watchable: boolean, up: TerminalUp) {
    super(clock, config.limits, false, up);
    this.#c = c;
    this.#reads = config.reads;
    this.#fd = fd;
    if (!watchable) this.bytes = new PolledBytes(fd, clock, this);
    else {
      // Of its own for the event loop, so that ours stays valid until we close it.
      const copy = c?.dup(fd) ?? fd;
      if (copy instanceof SystemError) throw copy;
      this.bytes = ByteStream.ofDescriptor(copy, this);
      if (copy === fd) this.#fd = undefined;
    }
  }

  /** Character devices and FIFOs; a plain file or anything else is 'oserr' (4.3.11 dies of it at the first byte). */
  static open(
    c: Libc | undefined,
    clock: Clock,
    config: CharDeviceConfig,
    up: TerminalUp,
    done: (got: CharDevice | GensioError) => void,
  ): void {
    const flags = constants.O_NOCTTY | constants.O_NONBLOCK;
    const opened = (fd: number | GensioError): void => {
      if (fd instanceof GensioError) return done(fd);
      fstat(
        fd,
        bind((err, stats) => {
          const got = err !== null ? fromSystemError(err) : CharDevice.#made(c, clock, config, fd, stats, up);
          if (got instanceof GensioError) blockingCalls.close(fd, () => done(got));
          else done(got);
        }),
      );
    };
    openDevice(config.device, config.access | flags, clock, (fd) => {
      // A printer that may be written by its users and read by nobody.
      if (fd instanceof GensioError && fd.code === 'perm' && !config.reads) {
        openDevice(config.device, constants.O_WRONLY | flags, clock, opened);
      } else opened(fd);
    });
  }
  static #made(
    c: Libc | undefined,
    clock: Clock,
    config: CharDeviceConfig,
    fd: number,
    stats: Stats,
    up: TerminalUp,
  ): CharDevice | GensioError {
    if (!stats.isCharacterDevice() && !stats.isFIFO()) return new GensioError('oserr', `${config.device} is not a device`);
    try {
      return new CharDevice(c, clock, config, fd, stats.isFIFO() || isatty(fd), up);
    } catch (err) {
      return fromSystemError(err);
    }
  }

  write(data: Buffer): boolean {
    return this.bytes.write(data);
  }
  override setReading(on: boolean): void {
    if (this.#reads) super.setReading(on);
  }
  change(): SystemError {
    return notATerminal('TCSETS2');
  }
  lines(): SystemError {
    return notATerminal('TIOCMGET');
  }
  setLine(): SystemError {
    return notATerminal('TIOCMSET');
  }
  setBreak(): SystemError {
    return notATerminal('TIOCSBRK');
  }
  timedBreak(): void {}
  purge(queue: 'input' | 'both'): void {
    if (this.#fd !== undefined) this.#c?.flush(this.#fd, queue);
  }

  protected remaining(): readonly number[] {
    const kernel = this.#fd === undefined ? 0 : (this.#c?.outputQueued(this.#fd) ?? 0);
    return [this.bytes.remainingBytes(), kernel instanceof SystemError ? 0 : kernel];
  }
  protected end(drained: boolean, gone: () => void): void {
    if (!drained && !this.bytesGone) this.purge('both');
    const fd = this.#fd;
    this.#fd = undefined;
    this.#release = () => (fd === undefined ? gone() : blockingCalls.close(fd, gone));
    this.bytes.destroy();
    if (this.bytesGone) this.#release();
  }
  override gone(err?: Error): void {
    super.gone(err);
    this.#release?.();
  }
}
