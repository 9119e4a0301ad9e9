// A serial device in memory, with modem lines, breaks and queues: what a pty does not have. The answers to setting requests come
// from the real LineControl; only the line below it is made up.
import { constants } from 'node:os';
import type { GensioError } from '../../src/base/gensio-error.ts';
import { SystemError } from '../../src/base/libc.ts';
import { LineControl } from '../../src/gensio/serialdev/control.ts';
import { modemLevels, TIOCM } from '../../src/gensio/serialdev/modemstate.ts';
import type { Terminal } from '../../src/gensio/serialdev/terminal.ts';
import type { LineSettings } from '../../src/gensio/serialdev/termios.ts';
import type { SerialLine } from '../../src/options/serialdev.ts';
import { FakeGensio } from './fake-gensio.ts';

/** `9600n81,local` */
export const PLAIN_LINE: SerialLine = {
  speed: 9600,
  parity: 'N',
  databits: 8,
  stopbits: 1,
  xonxoff: false,
  rtscts: false,
  local: true,
  hangupWhenDone: false,
  nobreak: false,
  lines: [],
  rs485: undefined,
  wronly: false,
};

/** The calls that FakeTerminal can be told to fail. */
export type Fault = 'change' | 'lines' | 'setLine' | 'setBreak';

/** A line that does what it is told and writes it down. */
export class FakeTerminal implements Terminal {
  settings: LineSettings | undefined;
  /** TIOCM bits of both directions: DTR and RTS on at first, as a driver leaves them. */
  bits: number = TIOCM.DTR | TIOCM.RTS;
  breakOn = false;
  timedBreaks = 0;
  readonly purges: ('input' | 'both')[] = [];
  /** errno names of calls that fail: `ENOTTY` for all four makes it a pty. */
  readonly faults = new Map<Fault, string>();
  #err(fault: Fault): SystemError | undefined {
    const code = this.faults.get(fault);
    if (code === undefined) return undefined;
    return new SystemError((constants.errno as Record<string, number>)[code] ?? constants.errno.EIO, fault);
  }
  write(): boolean {
    return true;
  }
  detachBuffer(): void {}
  setReading(): void {}
  bufferedBytes(): number {
    return 0;
  }
  change(settings: LineSettings): SystemError | undefined {
    const err = this.#err('change');
    if (err === undefined) this.settings = settings;
    return err;
  }
  lines(): number | SystemError {
    return this.#err('lines') ?? this.bits;
  }
  setLine(line: 'dtr' | 'rts', on: boolean): SystemError | undefined {
    const err = this.#err('setLine') ?? this.#err('lines');
    const bit = line === 'dtr' ? TIOCM.DTR : TIOCM.RTS;
    if (err === undefined) this.bits = on ? this.bits | bit : this.bits & ~bit;
    return err;
  }
  setBreak(on: boolean): SystemError | undefined {
    const err = this.#err('setBreak');
    if (err === undefined) this.breakOn = on;
    return err;
  }
  timedBreak(): void {
    this.timedBreaks++;
  }
  purge(queue: 'input' | 'both'): void {
    this.purges.push(queue);
  }
  close(_wait: boolean, done: () => void): void {
    done();
  }
  endDrain(): void {}
}

export interface FakeDeviceOptions {
  /** Changes to PLAIN_LINE. */
  readonly line?: Partial<SerialLine>;
  readonly address?: string;
  readonly open?: 'auto' | 'manual';
  readonly close?: 'auto' | 'manual';
}

/** A FakeGensio with a line below: `device.line.bits` and so on show what was asked of it. */
export class FakeDevice extends FakeGensio {
  readonly line: FakeTerminal;
  #levels = 0;

  constructor(options: FakeDeviceOptions = {}) {
    const line = new FakeTerminal();
    const config = { ...PLAIN_LINE, ...options.line };
    super({
      type: 'serialdev',
      address: options.address ?? '/dev/fake,9600N81,CLOCAL RTSHI DTRHI',
      serial: new LineControl(config, () => line),
      ...(options.open !== undefined && { open: options.open }),
      ...(options.close !== undefined && { close: options.close }),
    });
    this.line = line;
    this.#levels = 0;
  }

  /** As the poll right after the open: the state is reported once, changed or not. */
  override opened(err?: GensioError): void {
    super.opened(err);
    if (err === undefined) this.#report(true);
  }

  /** Sets input lines and reports the change, as the next poll would. */
  setInputs(inputs: { readonly cts?: boolean; readonly dsr?: boolean; readonly ri?: boolean; readonly cd?: boolean }): void {
    for (const [name, bit] of [
      ['cts', TIOCM.CTS],
      ['dsr', TIOCM.DSR],
      ['ri', TIOCM.RI],
      ['cd', TIOCM.CD],
    ] as const) {
      const on = inputs[name];
      if (on !== undefined) this.line.bits = on ? this.line.bits | bit : this.line.bits & ~bit;
    }
    this.#report(false);
  }
  #report(always: boolean): void {
    const levels = modemLevels(this.line.bits);
    const changes = (levels ^ this.#levels) >> 4;
    this.#levels = levels;
    if (always || changes !== 0) this.emit({ on: 'modemstate', state: levels | changes });
  }
}
