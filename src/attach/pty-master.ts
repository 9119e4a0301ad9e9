// A pseudo-terminal for applications, seen from its master: their data, what they set (packet mode with EXTPROC reports every tcsetattr
// and flush), and whether any of them has it open. One slave descriptor is kept here, so that they come and go while the pty, its
// number and its settings stay.
import { closeSync, constants, openSync } from 'node:fs';
import type { Clock, Timer } from '../base/clock.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import { type Libc, SystemError, type Termios } from '../base/libc.ts';
import type { Queue } from '../base/serial.ts';
import { applyRights } from '../gensio/net/unix.ts';
import { ByteStream } from '../gensio/uv-handle.ts';
import { firstTermios, type Line, TERMIOS, withSpeed } from './line.ts';
import type { PtyOpenEvent, PtyOpenWatch, Watched } from './pty-open-watch.ts';

/** What the applications do. */
export interface PtyUp {
  /** The buffer is lent as in GensioUp.read. */
  read(data: Buffer): void;
  writable(): void;
  /** An application has called tcsetattr; what it set may be the same as before. */
  settings(termios: Termios): void;
  /** tcflush: in, what it has not read; out, what it wrote. */
  flushed(queue: Queue): void;
  /** The first application has opened it, or the last one has closed it. */
  used(open: boolean): void;
  /** The pty is lost. Does not happen unless the system takes it away. */
  failed(err: GensioError): void;
}

export interface PtyOptions {
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly mode: number | undefined;
  /** What its settings show at first. */
  readonly line: Line;
}

const TIOCPKT_FLUSHREAD = 1;
const TIOCPKT_FLUSHWRITE = 2;
const TIOCPKT_IOCTL = 64;
const FLUSHED = [undefined, 'input', 'output', 'both'] as const;
const OPEN = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
/** Bytes handed to the kernel's queue at a time, so that a flush finds the rest still here. */
const PIECE = 512;
/** While nothing is read, settings and flushes are looked for so often, ms. */
const STALL_MS = 100;
/** After the last user seems to have gone: time until that is looked at once more, ms. */
const SURE_MS = 200;

export class PtyMaster {
  readonly path: string;
  readonly #up: PtyUp;
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #master: number;
  readonly #bytes: ByteStream;
  readonly #watched: Watched;
  /** -1: lost. */
  #slave: number;
  #reading = false;
  /** Written and not handed on yet. */
  #rest: Buffer | undefined;
  #stall: Timer | undefined;
  #sure: Timer | undefined;
  #used = false;
  #closed = false;

  /** @throws GensioError when there can be no pty, or its rights cannot be as wanted */
  constructor(up: PtyUp, options: PtyOptions, watch: PtyOpenWatch, libc: Libc, clock: Clock) {
    this.#up = up;
    this.#libc = libc;
    this.#clock = clock;
    const fds: number[] = [];
    try {
      this.#master = openSync('/dev/ptmx', OPEN);
      fds.push(this.#master);
      must(libc.unlockPty(this.#master));
      this.path = `/dev/pts/${must(libc.ptyNumber(this.#master))}`;
      this.#slave = openSync(this.path, OPEN);
      fds.push(this.#slave);
      must(libc.setTermios(this.#slave, firstTermios(must(libc.getTermios(this.#slave)), options.line)));
      must(libc.setPacketMode(this.#master, true));
      this.#takeStatus();
      applyRights(this.path, {
        perm: options.mode,
        owner: options.owner,
        group: options.group,
        umode: undefined,
        gmode: undefined,
        omode: undefined,
      });
      this.#bytes = ByteStream.ofDescriptor(this.#master, {
        read: (data) => this.#read(data),
        writable: () => this.#drained(),
        ended: () => this.#lost(new GensioError('remclose')),
        gone: (err) => this.#lost(err === undefined ? new GensioError('remclose') : fromSystemError(err)),
      });
    } catch (err) {
      for (const fd of fds) closeSync(fd);
      throw fromSystemError(err);
    }
    this.#watched = watch.add(this.path, (event) => this.#noticed(event));
  }

  // ---- data

  /** As Gensio.write, to the applications, but data is copied: its owner may be gone before they read it. */
  write(data: Buffer): boolean {
    if (this.#closed) return true;
    const waiting = this.#rest;
    this.#rest = waiting === undefined ? Buffer.from(data) : Buffer.concat([waiting, data]);
    return waiting === undefined && this.#handOn();
  }
  /** As much as the kernel takes. Gives whether that was all. */
  #handOn(): boolean {
    for (let rest = this.#rest; rest !== undefined; rest = this.#rest) {
      this.#rest = rest.length > PIECE ? rest.subarray(PIECE) : undefined;
      if (!this.#bytes.write(rest.subarray(0, PIECE))) return false;
    }
    return true;
  }
  #drained(): void {
    if (!this.#closed && this.#handOn()) this.#up.writable();
  }
  /** Off at first. Settings and flushes are reported all the same, a little later. */
  setReading(on: boolean): void {
    if (this.#closed || this.#reading === on) return;
    this.#reading = on;
    this.#bytes.setReading(on);
    if (!on) this.#stall ??= this.#clock.after(STALL_MS, () => this.#stalled());
  }
  /** Bytes written that applications have not made room for. */
  queued(): number {
    return this.#bytes.bufferedBytes() + (this.#rest?.length ?? 0);
  }
  get used(): boolean {
    return this.#used;
  }

  #read(data: Buffer): void {
    if (this.#closed) return;
    const control = data[0]!;
    if (control !== 0) return this.#status(control);
    if (data.length === 1) return;
    // Whoever writes is there, or was.
    if (!this.#used) this.#look();
    this.#up.read(data.subarray(1));
  }

  #status(control: number): void {
    if (!this.#used) this.#look();
    const queue = FLUSHED[control & (TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE)];
    let more = control;
    if (queue === 'input' || queue === 'both') more |= this.#flushAll();
    if (queue !== undefined) this.#up.flushed(queue);
    if ((more & TIOCPKT_IOCTL) === 0 || this.#closed) return;
    const termios = this.#libc.getTermios(this.#master);
    if (termios instanceof SystemError) return;
    if ((termios.lflag & TERMIOS.EXTPROC) !== 0) return this.#up.settings(termios);
    // Whoever sets everything anew takes our ear away; what else it set stays.
    this.#libc.setTermios(this.#master, { ...termios, lflag: termios.lflag | TERMIOS.EXTPROC });
    this.#takeStatus();
    const now = this.#libc.getTermios(this.#master);
    this.#up.settings(now instanceof SystemError ? termios : now);
  }

  /** The kernel throws away only what an application could read at once; the rest is here, and on its way there. Gives the status. */
  #flushAll(): number {
    this.#rest = undefined;
    this.#libc.flush(this.#master, 'output');
    this.#libc.flush(this.#slave, 'input');
    this.#libc.flush(this.#master, 'output');
    return this.#takeStatus();
  }

  /** Takes the status byte, if there is one, and no data: a read of one byte is that. */
  #takeStatus(): number {
    const got = this.#libc.readNow(this.#master, 1);
    return got instanceof SystemError ? 0 : (got[0] ?? 0);
  }

  #stalled(): void {
    this.#stall = undefined;
    if (this.#closed || this.#reading) return;
    const control = this.#takeStatus();
    if (control !== 0) this.#status(control);
    if (!this.#closed && !this.#reading) this.#stall = this.#clock.after(STALL_MS, () => this.#stalled());
  }

  /** Shows the speed in force, unless an application has set another one than `instead` meanwhile. */
  showSpeed(speed: number, instead?: number): void {
    // What an application has just set comes first.
    const control = this.#closed ? 0 : this.#takeStatus();
    if (control !== 0) this.#status(control);
    if ((control & TIOCPKT_IOCTL) !== 0) return;
    const termios = this.#closed ? undefined : this.#libc.getTermios(this.#master);
    if (termios === undefined || termios instanceof SystemError || termios.ospeed === speed) return;
    if (instead !== undefined && termios.ospeed !== instead) return;
    this.#libc.setTermios(this.#master, withSpeed(termios, speed));
    this.#takeStatus();
    const now = this.#libc.getTermios(this.#master);
    // An application has set something in between.
    if (!(now instanceof SystemError) && now.ospeed !== speed) this.#up.settings(now);
  }

  // ---- applications

  #noticed(event: PtyOpenEvent): void {
    if (this.#closed) return;
    if (event === 'open') this.#setUsed(true);
    else this.#look();
  }

  /** Finds out whether anybody else has the slave open: without ours the master is hung up then. Nobody can tell from outside. */
  #look(): void {
    this.#watched.drain(true);
    const alone = this.#isAlone();
    if (this.#closed) return;
    // Ours were two. With more, something happened in between, and it is looked at again.
    const strange = this.#watched.drain(true) > 2;
    this.#setUsed(!alone);
    this.#sure?.cancel();
    this.#sure = undefined;
    // One opened it just between our look and our return: the next look sees it.
    if (alone || strange) this.#lookAgain(strange ? 1 : SURE_MS);
  }
  #lookAgain(ms: number): void {
    this.#sure = this.#clock.after(ms, () => {
      this.#sure = undefined;
      if (this.#closed) return;
      this.#watched.drain(true);
      const alone = this.#isAlone();
      if (this.#closed) return;
      this.#watched.drain(true);
      this.#setUsed(!alone);
    });
  }
  #isAlone(): boolean {
    const c = this.#libc;
    // An application may have kept everybody else out, us too. A device that nobody has open lets in anybody again.
    const exclusive = c.isExclusive(this.#slave) === true;
    if (exclusive) c.setExclusive(this.#slave, false);
    closeSync(this.#slave);
    const alone = c.hungUp(this.#master);
    try {
      this.#slave = openSync(this.path, OPEN);
    } catch (err) {
      // Somebody took our rights on it, or there are no descriptors left.
      this.#slave = -1;
      this.#lost(fromSystemError(err));
      return true;
    }
    if (exclusive && !alone) c.setExclusive(this.#slave, true);
    return alone;
  }
  #setUsed(used: boolean): void {
    if (this.#used === used) return;
    this.#used = used;
    this.#up.used(used);
  }

  /**
   * The applications that have it open see its end; those that open it from now on find it as it was. false: the system does not
   * allow that (it needs CAP_SYS_ADMIN), or the settings are lost: make a new one.
   */
  hangUp(): boolean {
    const { path } = this;
    const termios = this.#libc.getTermios(this.#master);
    if (this.#closed || termios instanceof SystemError || this.#libc.hangUpTerminal(this.#slave) !== undefined) return false;
    const hungUp = this.#slave;
    this.#libc.setExclusive(hungUp, false);
    this.#slave = -1;
    try {
      this.#slave = openSync(path, OPEN);
    } catch {
      return false;
    } finally {
      closeSync(hungUp);
    }
    // The kernel has set everything back.
    const raw = { ...termios, iflag: termios.iflag & (TERMIOS.IXON | TERMIOS.IXOFF), oflag: 0, lflag: TERMIOS.EXTPROC };
    if (this.#libc.setTermios(this.#slave, raw) !== undefined) return false;
    this.#rest = undefined;
    this.#libc.flush(this.#master, 'output');
    this.#libc.flush(this.#slave, 'both');
    this.#takeStatus();
    this.#look();
    return true;
  }

  #lost(err: GensioError): void {
    if (this.#closed) return;
    this.close();
    this.#up.failed(err);
  }

  /** Applications that have it open see its end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stall?.cancel();
    this.#sure?.cancel();
    this.#watched.remove();
    this.#bytes.destroy();
    if (this.#slave >= 0) closeSync(this.#slave);
  }
}

function must<T>(value: T | SystemError): T {
  if (value instanceof SystemError) throw fromSystemError(value);
  return value;
}
