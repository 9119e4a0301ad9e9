// A pseudo-terminal for applications, seen from its master: their data, what they set and flush, and whether any of them has it open.
// One slave descriptor is kept here, so that they come and go while the pty, its number and its settings stay. The line discipline is
// the kernel's own: an application finds a terminal, as on a serial port.
// Long because data, settings, flushes and opens come over one descriptor, and each is judged by the state of the others.
import { closeSync, constants, openSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../base/clock.ts';
import { applyRights } from '../base/file-rights.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import { type Libc, SystemError } from '../base/libc.ts';
import type { Termios } from '../base/termios.ts';
import { ByteStream } from '../gensio/uv-handle.ts';
import { firstTermios, type Line, withoutXonxoff, withSpeed } from './line.ts';
import type { PtyOpenEvent, PtyOpenWatch, Watched } from './pty-open-watch.ts';
import type { TermiosWatch } from './termios-watch.ts';

/** What the applications do. */
export interface PtyUp {
  /** The buffer is lent as in GensioUp.read. */
  read(data: Buffer): void;
  /** Applications have made room after write() returned false. */
  writable(): void;
  /** An application has called tcsetattr; what it set may be the same as before. */
  settings(termios: Termios): void;
  /** An application has flushed a queue: `input` is what it has not read, `output` what it wrote. */
  flushed(queue: Parameters<Libc['flush']>[1]): void;
  /** The first application has opened it, or the last one has closed it. */
  used(open: boolean): void;
  /** The pty is lost. Does not happen unless the system takes it away. */
  failed(err: GensioError): void;
}

/** What a pty needs from outside. */
export interface PtyEnv {
  /** For its timers. */
  readonly clock: Clock;
  /** For its system calls. */
  readonly libc: Libc;
  /** Reports opens; shared by all ptys of the process. */
  readonly opens: PtyOpenWatch;
  /** Reports settings; shared by all ptys of the process. */
  readonly settings: TermiosWatch;
}

/** What a pty is to be. */
export interface PtyOptions {
  /** Name or number; `undefined`: as the system makes it. */
  readonly owner: string | undefined;
  /** Name or number; `undefined`: as the system makes it. */
  readonly group: string | undefined;
  /** Permission bits; `undefined`: as the system makes it. */
  readonly mode: number | undefined;
  /** What its settings show at first. */
  readonly line: Line;
}

/** asm-generic/termbits.h */
const ISIG = 0o1;
const ECHO = 0o10;
const ECHONL = 0o100;
const NOFLSH = 0o200;
/** VINTR, VQUIT, VSUSP */
const SIGNALS = [0, 1, 10] as const;
const TIOCPKT_FLUSHREAD = 1;
const TIOCPKT_FLUSHWRITE = 2;
const TIOCPKT_STOP = 4;
const TIOCPKT_START = 8;
const FLUSHED = [undefined, 'input', 'output', 'both'] as const;
const OPEN = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
/** Bytes handed to the kernel's queue at a time, so that a flush finds the rest still here. */
const PIECE = 512;
/** While nothing is read, or the output is stopped, settings and flushes are looked for so often, ms. */
const STALL_MS = 100;
/** What is kept here for the next application before the network has to wait, where the kernel would echo it, bytes. */
const UNREAD = 4096;
/** After the last user seems to have gone: time until that is looked at once more, ms. */
const SURE_MS = 200;

/** A pseudo-terminal, from its making to close(). */
export class PtyMaster {
  /** Of the slave: `/dev/pts/N`. */
  readonly path: string;
  readonly #up: PtyUp;
  readonly #env: PtyEnv;
  readonly #libc: Libc;
  readonly #master: number;
  readonly #bytes: ByteStream;
  readonly #watched: Watched;
  /** -1: lost. */
  #slave: number;
  /** What is in force, as far as is known. */
  #termios: Termios;
  /** A tcsetattr of ours is to be forgotten. */
  #ours = false;
  /** The output of applications is stopped: by XOFF, or by tcflow(). */
  #stopped = false;
  #reading = false;
  /** Written and not handed on yet. */
  #rest: Buffer | undefined;
  /** The kernel takes no more just now. */
  #full = false;
  /** A character that makes a signal was handed on: the kernel flushes for it. */
  #signalled = false;
  #stall: Timer | undefined;
  #sure: Timer | undefined;
  #used = false;
  #closed = false;

  /** @throws GensioError when there can be no pty, or its rights cannot be as wanted */
  constructor(up: PtyUp, options: PtyOptions, env: PtyEnv) {
    const { libc } = env;
    this.#up = up;
    this.#env = env;
    this.#libc = libc;
    const fds: number[] = [];
    try {
      this.#master = openSync('/dev/ptmx', OPEN);
      fds.push(this.#master);
      must(libc.unlockPty(this.#master));
      this.path = `/dev/pts/${must(libc.ptyNumber(this.#master))}`;
      this.#slave = openSync(this.path, OPEN);
      fds.push(this.#slave);
      must(libc.setTermios(this.#slave, firstTermios(must(libc.getTermios(this.#slave)), options.line)));
      this.#termios = must(libc.getTermios(this.#slave));
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
    this.#watched = env.opens.add(this.path, (event) => this.#noticed(event));
    this.#watchSlave();
  }
  #watchSlave(): void {
    this.#env.settings.add(this.#slave, (certain) => this.#settingsChanged(certain));
  }
  #closeSlave(): void {
    if (this.#slave < 0) return;
    this.#env.settings.remove(this.#slave);
    closeSync(this.#slave);
    this.#slave = -1;
  }

  // ---- data

  /** As Gensio.write, to the applications, but data is copied: its owner may be gone before they read it. */
  write(data: Buffer): boolean {
    if (this.#closed) return true;
    const waiting = this.#rest;
    this.#rest = waiting === undefined ? Buffer.from(data) : Buffer.concat([waiting, data]);
    if (this.#full) return false;
    return this.#unheard() ? this.#rest.length < UNREAD : this.#handOn();
  }
  /** Nobody has it open, and the settings left behind would send back what comes: a port that is closed does not do that. */
  #unheard(): boolean {
    return !this.#used && (this.#termios.lflag & (ECHO | ECHONL)) !== 0;
  }
  /** As much as the kernel takes. Gives whether that was all. */
  #handOn(): boolean {
    const { lflag, cc } = this.#termios;
    const signals = (lflag & (ISIG | NOFLSH)) === ISIG ? SIGNALS.map((i) => cc[i]!).filter((char) => char !== 0) : [];
    for (let rest = this.#rest; rest !== undefined; rest = this.#rest) {
      this.#rest = rest.length > PIECE ? rest.subarray(PIECE) : undefined;
      const piece = rest.subarray(0, PIECE);
      if (signals.some((char) => piece.includes(char))) this.#signalled = true;
      if (!this.#bytes.write(piece)) {
        this.#full = true;
        return false;
      }
    }
    return true;
  }
  #drained(): void {
    this.#full = false;
    this.#handOnMore();
  }
  #handOnMore(): void {
    if (!this.#closed && !this.#full && !this.#unheard() && this.#handOn()) this.#up.writable();
  }
  /** Off at first. Settings and flushes are reported all the same, a little later. */
  setReading(on: boolean): void {
    if (this.#closed || this.#reading === on) return;
    this.#reading = on;
    this.#bytes.setReading(on);
    if (on) this.#settingsChanged(false);
    else this.#lookWhileStalled();
  }
  /** Bytes written that applications have not made room for. */
  queued(): number {
    return this.#bytes.bufferedBytes() + (this.#rest?.length ?? 0);
  }
  /** Whether an application has it open, as far as is known. */
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
    // What was set before it was written comes first.
    this.#env.settings.poll();
    if (!this.#closed) this.#up.read(data.subarray(1));
  }

  #status(control: number): void {
    if (!this.#used) this.#look();
    if ((control & TIOCPKT_STOP) !== 0) this.#stopped = true;
    if ((control & TIOCPKT_START) !== 0) this.#stopped = false;
    let queue = FLUSHED[control & (TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE)];
    // A signal's flush concerns what came before its character, and the kernel has done that. What was written goes, too.
    if (queue === 'both' && this.#signalled) queue = 'output';
    if (queue !== undefined) this.#signalled = false;
    if (queue === 'input' || queue === 'both') this.#flushAll();
    if (queue !== undefined) this.#up.flushed(queue);
    this.#env.settings.poll();
    this.#lookWhileStalled();
  }

  /** The kernel throws away only what an application could read at once; the rest is here, and on its way there. */
  #flushAll(): void {
    this.#rest = undefined;
    this.#libc.flush(this.#master, 'output');
    this.#libc.flush(this.#slave, 'input');
    this.#libc.flush(this.#master, 'output');
    this.#takeStatus();
  }

  /** Takes the status byte, if there is one, and no data: a read of one byte is that. */
  #takeStatus(): number {
    const got = this.#libc.readNow(this.#master, 1);
    return got instanceof SystemError ? 0 : (got[0] ?? 0);
  }

  #lookWhileStalled(): void {
    if (this.#closed || (this.#reading && !this.#stopped)) return;
    this.#stall ??= this.#env.clock.after(STALL_MS, () => {
      this.#stall = undefined;
      if (this.#closed || (this.#reading && !this.#stopped)) return;
      const control = this.#reading ? 0 : this.#takeStatus();
      if (control !== 0) this.#status(control);
      this.#settingsChanged(false);
      this.#lookWhileStalled();
    });
  }

  /** An application has set something, or may have. */
  #settingsChanged(certain: boolean): void {
    if (this.#closed || this.#ours) return;
    const now = this.#libc.getTermios(this.#master);
    if (now instanceof SystemError || (!certain && isDeepStrictEqual(now, this.#termios))) return;
    this.#termios = now;
    this.#up.settings(now);
  }
  /** Sets something that no application has set. */
  #set(termios: Termios): void {
    this.#termios = termios;
    this.#ours = true;
    this.#libc.setTermios(this.#master, termios);
    this.#env.settings.poll();
    this.#ours = false;
    // An application has set something in between.
    this.#settingsChanged(false);
  }

  /** Shows the speed in force, unless an application has set another one than `instead` meanwhile. */
  showSpeed(speed: number, instead?: number): void {
    const before = this.#termios;
    if (!this.#closed) this.#env.settings.poll();
    // What an application has just set comes first.
    if (this.#closed || this.#termios !== before || before.ospeed === speed) return;
    if (instead === undefined || before.ospeed === instead) this.#set(withSpeed(before, speed));
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
    this.#sure = this.#env.clock.after(ms, () => {
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
    this.#env.settings.poll();
    if (this.#closed) return true;
    // An application may have kept everybody else out, us too. A device that nobody has open lets in anybody again.
    const exclusive = c.isExclusive(this.#slave) === true;
    if (exclusive) c.setExclusive(this.#slave, false);
    this.#closeSlave();
    const alone = c.hungUp(this.#master);
    try {
      this.#slave = openSync(this.path, OPEN);
    } catch (err) {
      // Somebody took our rights on it, or there are no descriptors left.
      this.#lost(fromSystemError(err));
      return true;
    }
    this.#watchSlave();
    this.#settingsChanged(false);
    if (exclusive && !alone) c.setExclusive(this.#slave, true);
    if (alone && this.#stopped) this.#startOutput();
    return alone;
  }
  /** A device that was closed takes output again, whatever stopped it before. */
  #startOutput(): void {
    this.#stopped = false;
    this.#libc.startOutput(this.#slave);
    const termios = this.#termios;
    const without = withoutXonxoff(termios);
    if (without !== undefined) this.#set(without);
    this.#set(termios);
  }
  #setUsed(used: boolean): void {
    if (this.#used === used) return;
    this.#used = used;
    this.#up.used(used);
    if (used) this.#handOnMore();
  }

  /**
   * The applications that have it open see its end; those that open it from now on find it as it was. false: the system does not
   * allow that (it needs CAP_SYS_ADMIN), or the settings are lost: make a new one.
   */
  hangUp(): boolean {
    const { path } = this;
    const termios = this.#libc.getTermios(this.#master);
    if (this.#closed || termios instanceof SystemError || this.#libc.hangUpTerminal(this.#slave) !== undefined) return false;
    this.#libc.setExclusive(this.#slave, false);
    try {
      const next = openSync(path, OPEN);
      this.#closeSlave();
      this.#slave = next;
    } catch {
      return false;
    }
    // The kernel has set everything back.
    if (this.#libc.setTermios(this.#slave, termios) !== undefined) return false;
    this.#termios = termios;
    this.#stopped = false;
    this.#watchSlave();
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
    this.#closeSlave();
  }
}

function must<T>(value: T | SystemError): T {
  if (value instanceof SystemError) throw fromSystemError(value);
  return value;
}
