// A terminal by way of the serialport package, for machines where the C library cannot be called (no koffi). Second choice: its
// open throws away what waits on the line and overwrites the settings that must be put back at close (tried on a pty: 12 bytes
// waiting became 0, speed 38400 became 9600 and stayed so), a change of speed throws both queues away, and only the speed can
// change at run time; no mark or space parity, no RS-485, no flow control by request, no CLOCAL or HUPCL off, RI unknown.
// What it cannot do is 'notsup'. Its own reading and writing is not used: with both directions full it can stop for good.
import { close, constants } from 'node:fs';
import { constants as os } from 'node:os';
import { isatty } from 'node:tty';
import type { SerialPort } from 'serialport';
import type { Clock, Timer } from '../../base/clock.ts';
import { bind, nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { SystemError } from '../../base/libc.ts';
import type { Log } from '../../base/log.ts';
import { ByteStream } from '../uv-handle.ts';
import { openDevice } from './device-open.ts';
import { TIOCM } from './modemstate.ts';
import { OpenTerminal } from './open-terminal.ts';
import { parseRs485 } from './rs485.ts';
import { notATerminal, type Terminal, type TerminalUp } from './terminal.ts';
import type { LineSettings } from './termios.ts';
import { isPty, type TtyConfig } from './tty.ts';

type Binding = Awaited<ReturnType<(typeof SerialPort)['binding']['open']>>;

const PARITIES = { N: 'none', E: 'even', O: 'odd', M: undefined, S: undefined } as const;
const BREAK_MS = 250;

/** The package's errors have a text and no code: `Error: Permission denied, cannot open /dev/x`. */
function fromBinding(err: unknown): GensioError {
  const text = err instanceof Error ? err.message : String(err);
  if (/cannot lock|temporarily unavailable|busy/i.test(text)) return new GensioError('inuse', text);
  if (/No such file/i.test(text)) return new GensioError('notfound', text);
  if (/Permission denied/i.test(text)) return new GensioError('perm', text);
  return new GensioError('oserr', text);
}

const notSupported = (call: string): SystemError => new SystemError(os.errno.EOPNOTSUPP, call);

/** What of the configuration is not possible; `undefined` if all of it is. */
function impossible({ line }: TtyConfig): GensioError | undefined {
  const rs485 = line.rs485 === undefined ? undefined : parseRs485(line.rs485);
  if (line.rs485 !== undefined && rs485 === undefined) return new GensioError('inval', `rs485=${line.rs485}`);
  if (PARITIES[line.parity] === undefined) return new GensioError('notsup', 'mark and space parity need koffi');
  if (rs485 !== undefined && rs485[0] !== 0) return new GensioError('notsup', 'rs485 needs koffi');
  return undefined;
}

/** done once, later. */
export function openNodeSerialport(
  clock: Clock,
  log: Log,
  config: TtyConfig,
  up: TerminalUp,
  done: (got: Terminal | GensioError) => void,
): void {
  const wrong = impossible(config);
  if (wrong !== undefined) {
    nextMicrotask(() => done(wrong));
    return;
  }
  openDevice(config.device, config.access | constants.O_NOCTTY | constants.O_NONBLOCK, clock, (fd) => {
    if (fd instanceof GensioError) return done(fd);
    const failed = (err: GensioError): void =>
      close(
        fd,
        bind(() => done(err)),
      );
    if (!isatty(fd)) return failed(new GensioError('oserr', `${config.device} is not a terminal`));
    NodeSerialport.open(clock, log, config, fd, up).then(
      bind(done),
      bind((err: unknown) => failed(fromBinding(err))),
    );
  });
}

class NodeSerialport extends OpenTerminal implements Terminal {
  readonly #binding: Binding;
  protected readonly bytes: ByteStream;
  #settings: LineSettings;
  /** What was last set or seen; `undefined` if it has no such lines. DTR and RTS cannot be read: a driver raises them at open. */
  #lines: number | undefined;
  #holdsBreak = false;
  #asking = false;
  #break: Timer | undefined;
  #letGo: (() => void) | undefined;

  private constructor(clock: Clock, config: TtyConfig, binding: Binding, fd: number, lines: number | undefined, up: TerminalUp) {
    super(clock, config.limits, isPty(fd), up);
    this.#binding = binding;
    this.#settings = config.line;
    this.#lines = lines;
    this.bytes = ByteStream.ofDescriptor(fd, this);
  }

  /** fd: a descriptor of the terminal, for its bytes; the package has one of its own. */
  static async open(clock: Clock, log: Log, config: TtyConfig, fd: number, up: TerminalUp): Promise<Terminal> {
    const { SerialPort: Package } = await import('serialport');
    const { line } = config;
    const binding = await Package.binding.open({
      path: config.device,
      baudRate: line.speed,
      dataBits: line.databits,
      stopBits: line.stopbits,
      parity: PARITIES[line.parity] ?? 'none',
      rtscts: line.rtscts,
      xon: line.xonxoff,
      xoff: line.xonxoff,
      hupcl: line.hangupWhenDone,
      lock: config.exclusive,
    });
    try {
      const seen = await binding.get().then(
        (s) => statusBits(s) | TIOCM.DTR | TIOCM.RTS,
        () => undefined,
      );
      let lines = seen;
      for (const { line: name, on } of line.lines) lines = withLine(lines ?? TIOCM.DTR | TIOCM.RTS, name, on);
      if (line.lines.length > 0 || (seen !== undefined && !line.nobreak)) await binding.set(outputs(lines ?? 0, false));
      if (!line.local || !line.hangupWhenDone) {
        log.log('debug', `serialdev: ${config.device}: without koffi CLOCAL stays on and HUPCL stays as it is`);
      }
      return new NodeSerialport(clock, config, binding, fd, lines, up);
    } catch (err) {
      await binding.close().catch(() => undefined);
      throw err;
    }
  }

  write(data: Buffer): boolean {
    return this.bytes.write(data);
  }

  change(settings: LineSettings): SystemError | undefined {
    const { speed } = this.#settings;
    const keys = Object.keys(settings) as (keyof LineSettings)[];
    if (keys.some((key) => key !== 'speed' && settings[key] !== this.#settings[key])) return notSupported('update');
    this.#settings = settings;
    if (settings.speed !== speed) this.#run(this.#binding.update({ baudRate: settings.speed }));
    return undefined;
  }
  /** What was seen last; the next look is started. */
  lines(): number | SystemError {
    if (this.#lines === undefined) return notATerminal('TIOCMGET');
    if (!this.#asking && this.isOpen) {
      this.#asking = true;
      this.#run(
        this.#binding.get().then((s) => {
          this.#lines = statusBits(s) | ((this.#lines ?? 0) & (TIOCM.DTR | TIOCM.RTS));
        }),
        () => {
          this.#asking = false;
        },
      );
    }
    return this.#lines;
  }
  setLine(line: 'dtr' | 'rts', on: boolean): SystemError | undefined {
    if (this.#lines === undefined) return notATerminal('TIOCMSET');
    this.#lines = withLine(this.#lines, line, on);
    this.#run(this.#binding.set(outputs(this.#lines, this.#holdsBreak)));
    return undefined;
  }
  /** The package writes break and lines in one, so it cannot set a break where there are no lines. */
  setBreak(on: boolean): SystemError | undefined {
    this.#break?.cancel();
    this.#break = undefined;
    if (this.#lines === undefined) return notATerminal('TIOCSBRK');
    this.#holdsBreak = on;
    this.#run(this.#binding.set(outputs(this.#lines, on)));
    return undefined;
  }
  timedBreak(): void {
    if (this.setBreak(true) === undefined) this.#break = this.clock.after(BREAK_MS, () => void this.setBreak(false));
  }
  /** One queue alone cannot be thrown away, and output must not go with the input. */
  purge(queue: 'input' | 'both'): void {
    if (queue === 'both') this.#run(this.#binding.flush());
  }
  /** A failure shows in the data, or nowhere: the answer was given when the call was made. */
  #run(call: Promise<unknown>, after: () => void = () => undefined): void {
    const over = bind(after);
    call.then(over, over);
  }

  /** The kernel's own queue cannot be seen: the last close waits for it, on a thread. */
  protected remaining(): readonly number[] {
    return [this.bytes.remainingBytes()];
  }
  /** When only the kernel's queue is waited for, the thread that does so is left to it. */
  override endDrain(): void {
    super.endDrain();
    this.#letGo?.();
  }
  /** What the kernel holds goes out when the rest has. */
  protected end(drained: boolean, gone: () => void): void {
    if (this.#break !== undefined) this.setBreak(false);
    this.bytes.destroy();
    const flushed = drained ? Promise.resolve() : this.#binding.flush().catch(() => undefined);
    this.#letGo = gone;
    this.#run(
      flushed.then(() => this.#binding.close()),
      gone,
    );
  }
}

const statusBits = (s: { cts: boolean; dsr: boolean; dcd: boolean }): number =>
  (s.cts ? TIOCM.CTS : 0) | (s.dsr ? TIOCM.DSR : 0) | (s.dcd ? TIOCM.CD : 0);
const withLine = (lines: number, line: 'dtr' | 'rts', on: boolean): number => {
  const bit = line === 'dtr' ? TIOCM.DTR : TIOCM.RTS;
  return on ? lines | bit : lines & ~bit;
};
const outputs = (lines: number, brk: boolean): { dtr: boolean; rts: boolean; brk: boolean } => ({
  dtr: (lines & TIOCM.DTR) !== 0,
  rts: (lines & TIOCM.RTS) !== 0,
  brk,
});
