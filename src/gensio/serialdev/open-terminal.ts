// What the three open devices (tty.ts, char-device.ts, node-serialport.ts) have in common: how they come to an end. A device is lost,
// which is told once, or it is closed. At the close output goes out first, where that is wanted and still possible; the close is
// done when nothing of the device is open any more.
import type { Clock } from '../../base/clock.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import type { ByteStreamUp } from '../uv-handle.ts';
import { type ByteFlow, Drain, type DrainLimits, type Terminal, type TerminalUp } from './terminal.ts';

/** The bytes of a device: what is needed of a ByteStream. */
export interface Bytes extends ByteFlow {
  /** Bytes that may still go out, also those given to the system. */
  remainingBytes(): number;
  /** Closes the descriptor; what has not been written is lost. */
  destroy(): void;
}

/** What all open devices share: reading, and the two ways to their end. */
export abstract class OpenTerminal
  implements ByteStreamUp, Pick<Terminal, 'setReading' | 'detachBuffer' | 'bufferedBytes' | 'close' | 'endDrain'>
{
  protected readonly clock: Clock;
  protected readonly isPty: boolean;
  /** `undefined` until it is open. */
  protected abstract readonly bytes: Bytes | undefined;
  protected bytesGone = false;
  readonly #limits: DrainLimits;
  readonly #up: TerminalUp;
  /** draining: a close waits for output. closing: it is let go. */
  #state: 'open' | 'draining' | 'closing' = 'open';
  #lost = false;
  #drain: Drain | undefined;
  #closed: (() => void) | undefined;

  constructor(clock: Clock, limits: DrainLimits, isPty: boolean, up: TerminalUp) {
    this.clock = clock;
    this.#limits = limits;
    this.isPty = isPty;
    this.#up = up;
  }

  /** What Drain looks at. */
  protected abstract remaining(): readonly number[];
  /** Closes everything, the bytes too. drained: no output is left. gone: all but the bytes is closed; more calls do nothing. */
  protected abstract end(drained: boolean, gone: () => void): void;

  protected get isOpen(): boolean {
    return this.#state === 'open';
  }
  setReading(on: boolean): void {
    if (this.isOpen) this.bytes?.setReading(on);
  }
  detachBuffer(): void {
    this.bytes?.detachBuffer();
  }
  bufferedBytes(): number {
    return this.bytes?.bufferedBytes() ?? 0;
  }

  close(wait: boolean, done: () => void): void {
    if (!this.isOpen) return;
    this.bytes?.setReading(false);
    this.#state = 'draining';
    const finish = (drained: boolean): void => this.finish(drained, done);
    if (wait && !this.#lost) this.#drain = new Drain(this.clock, this.#limits, () => this.remaining(), finish);
    else finish(false);
  }
  endDrain(): void {
    this.#drain?.stop();
  }
  protected finish(drained: boolean, done: () => void): void {
    this.#state = 'closing';
    let restGone = false;
    this.#closed = () => {
      if (!restGone || (this.bytes !== undefined && !this.bytesGone)) return;
      this.#closed = undefined;
      done();
    };
    this.end(drained, () => {
      restGone = true;
      this.#closed?.();
    });
  }

  // From the bytes.
  read(data: Buffer): void {
    if (this.#state === 'open') this.#up.read(data);
  }
  writable(): void {
    if (this.#state === 'open') this.#up.writable();
  }
  ended(): void {
    this.#fail(new GensioError('remclose'));
  }
  gone(err?: Error): void {
    this.bytesGone = true;
    this.#fail(err === undefined ? new GensioError('remclose') : deviceError(err, this.isPty));
    this.#closed?.();
  }
  #fail(err: GensioError): void {
    if (this.#lost || this.#state === 'closing') return;
    this.#lost = true;
    if (this.#state === 'draining') this.#drain?.stop();
    else this.#up.lost(err);
  }
}

/** A pty whose other end went gives EIO now and then instead of an end; hardware that goes has several words for it. */
function deviceError(err: Error, pty: boolean): GensioError {
  const { code, message } = err as NodeJS.ErrnoException;
  if (pty && code === 'EIO') return new GensioError('remclose', message);
  return code === 'ENXIO' || code === 'ENODEV' ? new GensioError('ioerr', message) : fromSystemError(err);
}
