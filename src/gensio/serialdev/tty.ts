// One open terminal, driven through the C library: opened once, so that what waits on the line is kept and what was set before is
// known and put back. Why not by the serialport package: see node-serialport.ts. The bytes go through a second descriptor of the
// same open file, which belongs to the event loop; this one stays here for settings, lines and the end.
import { constants, fstatSync } from 'node:fs';
import type { Clock, Timer } from '../../base/clock.ts';
import { isPtyMajor, majorOf } from '../../base/devices.ts';
import { onImmediate } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { type Libc, type LineErrorCounts, SystemError } from '../../base/libc.ts';
import type { Log } from '../../base/log.ts';
import { runInSlices, type Steps } from '../../base/slices.ts';
import { strerror } from '../../base/strerror.ts';
import type { Termios } from '../../base/termios.ts';
import type { SerialLine } from '../../options/serialdev.ts';
import { ByteStream } from '../uv-handle.ts';
import { openDevice } from './device-open.ts';
import { TIOCM } from './modemstate.ts';
import { OpenTerminal } from './open-terminal.ts';
import { parseRs485 } from './rs485.ts';
import type { DrainLimits, Terminal, TerminalUp } from './terminal.ts';
import { atClose, type LineSettings, rawMode, withSettings } from './termios.ts';

/** What a terminal is opened with. */
export interface TtyConfig {
  /** Its path. */
  readonly device: string;
  /** The settings at open. */
  readonly line: SerialLine;
  /** How long output may take at close. */
  readonly limits: DrainLimits;
  /** flock and TIOCEXCL: nobody else who asks may have it meanwhile. */
  readonly exclusive: boolean;
  /** Of O_RDWR, O_RDONLY, O_WRONLY. */
  readonly access: number;
  /** Tests: what a pty is spared (waits at a break and at the close) is done all the same. */
  readonly hardware?: boolean;
}

/** A driver whose hardware is gone may never come back from close; it is let go then. */
const CLOSE_LIMIT_MS = 5000;
/** As long as TCSBRK 0 makes it. */
const BREAK_MS = 250;
/** A UART divides its clock: what it cannot do within this part of the wanted speed will not be understood. */
const SPEED_TOLERANCE = 0.05;

/** Texts logged once a device and not at each open. */
const said = new Set<string>();
const MAX_SAID = 4096;
function once(log: Log, text: string): void {
  if (said.has(text) || said.size >= MAX_SAID) return;
  said.add(text);
  log.log('warning', text);
}

/** A break is nothing on a pseudo-terminal, and its output has no transmitter to wait for. */
export const isPty = (fd: number): boolean => isPtyMajor(majorOf(fstatSync(fd).rdev));

/** A terminal device driven through the C library. */
export class Tty extends OpenTerminal implements Terminal {
  readonly #c: Libc;
  readonly #log: Log;
  readonly #config: TtyConfig;
  readonly #fd: number;
  readonly #found: Termios;
  /** Output lines at open; `undefined` if it has none. */
  readonly #foundLines: number | undefined;
  #asked: Termios;
  #settings: LineSettings;
  protected bytes: ByteStream | undefined;
  #break: Timer | undefined;
  #wrote = false;
  #looksAtSpeed = false;

  private constructor(c: Libc, clock: Clock, log: Log, config: TtyConfig, fd: number, found: Termios, up: TerminalUp) {
    super(clock, config.limits, !config.hardware && isPty(fd), up);
    this.#c = c;
    this.#log = log;
    this.#config = config;
    this.#fd = fd;
    this.#found = found;
    const lines = c.getLines(fd);
    this.#foundLines = lines instanceof SystemError ? undefined : lines;
    this.#settings = config.line;
    this.#asked = rawMode(found, config.line);
  }

  /** done once, later. Everything is undone when a step fails. */
  static open(c: Libc, clock: Clock, log: Log, config: TtyConfig, up: TerminalUp, done: (got: Tty | GensioError) => void): void {
    openDevice(config.device, config.access | constants.O_NOCTTY | constants.O_NONBLOCK, clock, (fd) => {
      if (fd instanceof GensioError) return done(fd);
      runInSlices(Tty.#made(c, clock, log, config, fd, up), clock, ({ tty, err }) => {
        if (tty === undefined) c.closeLater(fd, () => done(err));
        else if (err === undefined) done(tty);
        else tty.finish(false, () => done(err));
      });
    });
  }

  /** Each call may be slow: others come in between. err: what the opened terminal could not do. */
  static *#made(
    c: Libc,
    clock: Clock,
    log: Log,
    config: TtyConfig,
    fd: number,
    up: TerminalUp,
  ): Steps<{ readonly tty: Tty; readonly err: GensioError | undefined } | { readonly tty?: undefined; readonly err: GensioError }> {
    if (config.exclusive && c.flock(fd, 'exclusive') !== undefined)
      return { err: new GensioError('inuse', `${config.device} is locked by another program`) };
    const found = c.getTermios(fd);
    if (found instanceof SystemError) return { err: fromSystemError(found) };
    yield;
    const tty = new Tty(c, clock, log, config, fd, found, up);
    yield;
    return { tty, err: yield* tty.#setUp() };
  }

  *#setUp(): Steps<GensioError | undefined> {
    const { line, device } = this.#config;
    const rs485 = line.rs485 === undefined ? undefined : parseRs485(line.rs485);
    if (line.rs485 !== undefined && rs485 === undefined) return new GensioError('inval', `rs485=${line.rs485}`);
    let err = this.#c.setTermios(this.#fd, this.#asked);
    yield;
    if (err === undefined && rs485 !== undefined && rs485[0] !== 0) err = this.#c.setRs485(this.#fd, rs485);
    for (const { line: name, on } of line.lines) {
      err ??= this.setLine(name, on);
      yield;
    }
    if (err !== undefined) {
      if (err.syscall === 'ioctl TCSETS')
        once(this.#log, `serialdev: ${device}: the kernel has standard speeds only, not ${line.speed} bps`);
      return fromSystemError(err);
    }
    this.#checkSpeed();
    yield;
    const breakErr = line.nobreak ? undefined : this.#c.setBreak(this.#fd, false);
    if (breakErr !== undefined && breakErr.code !== 'ENOTTY') {
      once(this.#log, `serialdev: Setting break failed on ${device}, try adding the nobreak option: ${strerror(breakErr)}`);
    }
    yield;
    const copy = this.#c.dup(this.#fd);
    if (copy instanceof SystemError) return fromSystemError(copy);
    try {
      this.bytes = ByteStream.ofDescriptor(copy, this);
    } catch (thrown) {
      this.#c.close(copy);
      return fromSystemError(thrown);
    }
    // Last: it would also keep this program from opening the device again.
    if (this.#config.exclusive) this.#c.setExclusive(this.#fd, true);
    return undefined;
  }

  /** The driver keeps the nearest speed it has and says nothing. */
  #checkSpeed(): void {
    const now = this.#c.getTermios(this.#fd);
    const { speed } = this.#settings;
    if (now instanceof SystemError || Math.abs(now.ospeed - speed) <= speed * SPEED_TOLERANCE) return;
    once(this.#log, `serialdev: ${this.#config.device} cannot do ${speed} bps, its driver made it ${now.ospeed}`);
  }

  write(data: Buffer): boolean {
    this.#wrote = true;
    return this.bytes?.write(data) ?? true;
  }

  change(settings: LineSettings): SystemError | undefined {
    const asked = withSettings(this.#asked, settings);
    const err = this.#c.setTermios(this.#fd, asked);
    if (err !== undefined) return err;
    this.#asked = asked;
    this.#settings = settings;
    if (!this.#looksAtSpeed) onImmediate(() => this.#lookAtSpeed());
    this.#looksAtSpeed = true;
    return undefined;
  }
  /** Once for all that was set meanwhile. */
  #lookAtSpeed(): void {
    this.#looksAtSpeed = false;
    if (this.isOpen) this.#checkSpeed();
  }
  lines(): number | SystemError {
    return this.#c.getLines(this.#fd);
  }
  lineErrors(): LineErrorCounts | SystemError {
    return this.#c.lineErrors(this.#fd);
  }
  setLine(line: 'dtr' | 'rts', on: boolean): SystemError | undefined {
    const now = this.#c.getLines(this.#fd);
    if (now instanceof SystemError) return now;
    const bit = line === 'dtr' ? TIOCM.DTR : TIOCM.RTS;
    return this.#c.setLines(this.#fd, on ? now | bit : now & ~bit);
  }
  setBreak(on: boolean): SystemError | undefined {
    this.#break?.cancel();
    this.#break = undefined;
    return this.#c.setBreak(this.#fd, on);
  }
  timedBreak(): void {
    // On a pty the one call that does it all returns at once; on hardware it would stop everything for half a second.
    if (this.isPty) {
      this.#c.timedBreak(this.#fd);
      return;
    }
    if (this.setBreak(true) === undefined) this.#break = this.clock.after(BREAK_MS, () => void this.setBreak(false));
  }
  purge(queue: 'input' | 'both'): void {
    this.#c.flush(this.#fd, queue);
  }

  protected remaining(): readonly number[] {
    const kernel = this.#c.outputQueued(this.#fd);
    const inChip = this.#c.transmitterEmpty(this.#fd) === false ? 1 : 0;
    return [this.bytes?.remainingBytes() ?? 0, kernel instanceof SystemError ? 0 : kernel, inChip];
  }

  /**
   * Nothing here waits: the output is empty when the last descriptor closes, and that happens on a thread. Output that drained
   * is not thrown away once more: on a pty that would take what the other end has not read yet (as 4.3.11 does).
   */
  protected end(drained: boolean, gone: () => void): void {
    const late = this.clock.after(CLOSE_LIMIT_MS, gone);
    const putBack = this.#putBack(drained);
    runInSlices(putBack, this.clock, () =>
      this.#c.closeLater(this.#fd, () => {
        late.cancel();
        gone();
      }),
    );
  }
  *#putBack(drained: boolean): Steps<void> {
    const { exclusive, line } = this.#config;
    this.bytes?.destroy();
    if (this.#break !== undefined) {
      this.setBreak(false);
      yield;
    }
    this.#c.flush(this.#fd, drained && this.#wrote ? 'input' : 'both');
    yield;
    if (this.#foundLines !== undefined) this.#c.setLines(this.#fd, this.#foundLines);
    yield;
    this.#c.setTermios(this.#fd, atClose(this.#found, line.hangupWhenDone));
    yield;
    if (exclusive) this.#c.setExclusive(this.#fd, false);
  }
}
