// The connector `serialdev,<device>,...`: locks the device, opens it the way it needs, watches its modem lines, and lets it go again.
import { constants } from 'node:fs';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { type Libc, libc, SystemError } from '../../base/libc.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { type Gensio, type GensioUp, nullUp, type SerialControl } from '../gensio.ts';
import { CharDevice } from './char-device.ts';
import { LineControl } from './control.ts';
import { LineErrorWatch } from './line-errors.ts';
import { ModemPoller, type ModemWatch, TIOCM } from './modemstate.ts';
import { openNodeSerialport } from './node-serialport.ts';
import type { DrainLimits, Terminal, TerminalUp } from './terminal.ts';
import { printSettings } from './termios.ts';
import { Tty } from './tty.ts';
import { isPseudoTerminal, lockDevice, locksByDefault, type UucpLock } from './uucp-lock.ts';

type Spec = LayerOf<'serialdev'> | LayerOf<'sdev'>;
type Opts = Spec['opts'];

/** One step of drain_time and char_drain_wait. */
const STEP_MS = 10;
const steps = (n: number | 'off'): number => (n === 'off' ? Number.POSITIVE_INFINITY : n * STEP_MS);

const drainLimits = (opts: Opts): DrainLimits => ({
  totalMs: steps(opts.drainTime),
  idleMs: steps(opts.charDrainWait),
});

/** What makes a device of a specification: settings and lines, or only bytes. */
type Kind = 'line' | 'bytes';

/** A serial device as the bottom of a connector: lock, line, modem lines and control of them. */
export class SerialDev implements Gensio, TerminalUp {
  readonly type = 'serialdev';
  up: GensioUp = nullUp;
  readonly #env: GensioEnv;
  readonly #device: string;
  readonly #opts: Opts;
  readonly #spec: Spec | undefined;
  readonly #c: () => Libc | undefined;
  readonly #kind: Kind;
  readonly #hardware: boolean;
  readonly #control: LineControl | undefined;
  #state: 'new' | 'opening' | 'open' | 'closing' | 'closed' = 'new';
  #terminal: Terminal | undefined;
  #lock: UucpLock | undefined;
  #watch: ModemWatch | undefined;
  #errors: LineErrorWatch | undefined;

  /** Without spec: only bytes, no lock (the layer `dev`). c is asked at open; without it the serialport package does what it can. */
  constructor(device: string, opts: Opts, spec: Spec | undefined, env: GensioEnv, c: () => Libc | undefined, hardware = false) {
    this.#hardware = hardware;
    this.#device = device;
    this.#opts = opts;
    this.#spec = spec;
    this.#env = env;
    this.#c = c;
    this.#kind = spec === undefined || spec.line.wronly ? 'bytes' : 'line';
    if (spec !== undefined && this.#kind === 'line') {
      const terminal = (): Terminal | undefined => (this.#state === 'open' ? this.#terminal : undefined);
      this.#control = new LineControl(spec.line, terminal, (on) => this.#watchErrors(on));
    }
  }

  /** undefined with `wronly`: such a port counts as not serial. */
  get serial(): SerialControl | undefined {
    return this.#control;
  }

  open(done: (err?: GensioError) => void): void {
    this.#state = 'opening';
    const lock = this.#takeLock();
    if (lock instanceof GensioError) {
      this.#state = 'closed';
      nextMicrotask(() => done(lock));
      return;
    }
    this.#lock = lock;
    this.#openTerminal((got) => {
      if (this.#state !== 'opening') {
        // Given up meanwhile: nobody waits for the answer, but perhaps for the end.
        if (got instanceof GensioError) this.#closed();
        else got.close(false, () => this.#closed());
        return;
      }
      if (got instanceof GensioError) {
        this.#state = 'closed';
        this.#unlock();
        return done(got);
      }
      this.#terminal = got;
      this.#state = 'open';
      done();
      this.#startWatch(got);
    });
  }

  /** lockDir undefined (-u): no lock of any kind, so that two programs may share a device. */
  #takeLock(): UucpLock | GensioError | undefined {
    const { lockDir, log } = this.#env;
    if (this.#device.includes('\0')) return new GensioError('inval', 'a NUL in the path');
    if (this.#spec === undefined || lockDir === undefined || !this.#wantsLock()) return undefined;
    return lockDevice(lockDir, this.#device, log);
  }
  #wantsLock(): boolean {
    const { uucplock, nouucplock } = this.#opts;
    return uucplock ?? (nouucplock === undefined ? locksByDefault(this.#device) : !nouucplock);
  }
  /** flock goes with the kind of device, not with the lock file: nouucplock alone does not turn it off. */
  #wantsFlock(): boolean {
    const { uucplock, nouucplock, flock } = this.#opts;
    if (!flock || this.#env.lockDir === undefined) return false;
    return uucplock === true || nouucplock === false || (locksByDefault(this.#device) && !isPseudoTerminal(this.#device));
  }

  #openTerminal(done: (got: Terminal | GensioError) => void): void {
    const { clock, log } = this.#env;
    const { wronly, rdonly } = this.#opts;
    const access = wronly && !rdonly ? constants.O_WRONLY : rdonly && !wronly ? constants.O_RDONLY : constants.O_RDWR;
    const config = { device: this.#device, limits: drainLimits(this.#opts), access };
    if (this.#spec === undefined || this.#kind === 'bytes') {
      const reads = this.#spec === undefined && access !== constants.O_WRONLY;
      CharDevice.open(this.#c(), clock, { ...config, reads }, this, done);
      return;
    }
    const full = { ...config, line: this.#spec.line, exclusive: this.#wantsFlock(), hardware: this.#hardware };
    const c = this.#c();
    if (c !== undefined) Tty.open(c, clock, log, full, this, done);
    else openNodeSerialport(clock, log, full, this, done);
  }

  #startWatch(terminal: Terminal): void {
    if (this.#control === undefined || this.#state !== 'open') return;
    this.#watch = {
      device: this.#device,
      look: () => terminal.lines(),
      report: (state) => {
        if (this.#state === 'open') this.up.event?.({ on: 'modemstate', state });
      },
    };
    ModemPoller.of(this.#env.clock).start(this.#watch);
  }

  #watchErrors(on: boolean): void {
    this.#errors?.stop();
    this.#errors = undefined;
    const terminal = this.#state === 'open' ? this.#terminal : undefined;
    if (!on || terminal?.lineErrors === undefined) return;
    const look = terminal.lineErrors.bind(terminal);
    this.#errors = new LineErrorWatch(this.#env.clock, look, (state) => {
      if (this.#state !== 'open') return;
      this.up.event?.({ on: 'linestate', state });
      // They are over as soon as they are told.
      this.up.event?.({ on: 'linestate', state: 0 });
    });
  }

  write(data: Buffer): boolean {
    if (this.#state !== 'open' || (this.#opts.rdonly && !this.#opts.wronly)) return true;
    return this.#terminal?.write(data) ?? true;
  }
  setReading(on: boolean): void {
    if (this.#state === 'open' && !this.#opts.wronly) this.#terminal?.setReading(on);
  }
  detachBuffer(): void {
    this.#terminal?.detachBuffer();
  }
  bufferedBytes(): number {
    return this.#terminal?.bufferedBytes() ?? 0;
  }

  close(): void {
    this.#close(true);
  }
  abort(): void {
    if (this.#state === 'open') this.#close(false);
    else if (this.#terminal !== undefined) this.#terminal.endDrain();
    else if (this.#state === 'opening' || this.#state === 'closing') {
      // The driver may not answer for a long time; what it gives then is closed at once.
      this.#state = 'closing';
      nextMicrotask(() => this.#ended());
    }
  }
  #close(wait: boolean, err?: GensioError): void {
    const before = this.#state;
    if (before === 'opening') this.#state = 'closing';
    if (before !== 'open') return;
    this.#state = 'closing';
    if (this.#watch !== undefined) ModemPoller.of(this.#env.clock).stop(this.#watch);
    this.#errors?.stop();
    this.#terminal?.close(wait, () => this.#closed(err));
  }
  /** The device is closed. */
  #closed(err?: GensioError): void {
    this.#terminal = undefined;
    this.#unlock();
    this.#ended(err);
  }
  #ended(err?: GensioError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.up.closed(err);
  }
  #unlock(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  address(): string {
    const offline = this.#state === 'open' ? '' : ' offline';
    if (this.#spec === undefined) return `${this.#device}${offline}`;
    if (this.#control === undefined) return `${this.#device} offline`;
    const settings = this.#state === 'open' ? this.#control.settings : this.#spec.line;
    const text = `${this.#device},${printSettings(settings)}`;
    if (offline !== '' || this.#terminal === undefined) return `${text} offline`;
    const lines = this.#terminal.lines();
    if (lines instanceof SystemError) return '';
    return `${text} ${lines & TIOCM.RTS ? 'RTSHI' : 'RTSLO'} ${lines & TIOCM.DTR ? 'DTRHI' : 'DTRLO'}`;
  }

  // From the device.
  read(data: Buffer): void {
    if (this.#state === 'open') this.up.read(data);
  }
  writable(): void {
    if (this.#state === 'open') this.up.writable();
  }
  lost(err: GensioError): void {
    this.#close(false, err);
  }
}

/** The connectors serialdev and sdev. */
export const createSerialDev = (spec: Spec, env: GensioEnv): SerialDev => new SerialDev(spec.device, spec.opts, spec, env, libc);

/** The same with another C library than the program's, or with none (tests); hardware: a pty is treated as a real line. */
export const createSerialDevWith = (spec: Spec, env: GensioEnv, c: Libc | undefined, hardware = false): SerialDev =>
  new SerialDev(spec.device, spec.opts, spec, env, () => c, hardware);

/** The connector dev: a character device as it is, without settings and locks. */
export function createDev(spec: LayerOf<'dev'>, env: GensioEnv): SerialDev {
  return new SerialDev(spec.path, spec.opts, undefined, env, libc);
}
