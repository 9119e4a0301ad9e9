// The terminal of `ser2net console`: standard input and output of this process, raw meanwhile and as they were before afterwards,
// whatever ends it.
import { isatty } from 'node:tty';
import { libc, SystemError } from '../base/libc.ts';
import { crashLines, onCrash } from '../system/this-process.ts';

/** Of oflag: LF becomes CR LF, and more. */
const OPOST = 1;

/** Standard input and output of this process. */
export class Terminal {
  /** Whether standard input is one; without it nothing is made raw. */
  readonly isTerminal = process.stdin.isTTY === true;
  /** TERM, HUP or INT came. */
  onEnd: () => void = () => undefined;
  #raw = false;
  readonly #signals: [NodeJS.Signals, () => void][] = [];
  /** A failure of our own must not leave the terminal raw. */
  readonly #forgetCrash = onCrash((err) => {
    this.restore();
    process.stderr.write(`ser2net console: ${crashLines(err).join('\n')}\n`);
    process.exit(1);
  });

  constructor() {
    const on = (signal: NodeJS.Signals, run: () => void): void => {
      process.on(signal, run);
      this.#signals.push([signal, run]);
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const) on(signal, () => this.onEnd());
    // Stopped and continued: the shell has had the terminal meanwhile.
    on('SIGCONT', () => {
      if (!this.#raw) return;
      process.stdin.setRawMode(false);
      this.#setRaw();
    });
  }

  /** Passes keys on one by one and without echo, until restore(). */
  makeRaw(): void {
    if (!this.isTerminal) return;
    this.#raw = true;
    this.#setRaw();
  }
  /** Node leaves LF to be made CR LF, which full-screen programs on the port do not expect. */
  #setRaw(): void {
    process.stdin.setRawMode(true);
    const c = libc();
    const termios = c?.getTermios(0);
    if (c === undefined || termios === undefined || termios instanceof SystemError) return;
    c.setTermios(0, { ...termios, oflag: termios.oflag & ~OPOST });
  }
  /** typed gives whether more is welcome; after false resume() says so. */
  start(typed: (data: Buffer) => boolean, drained: () => void, ended: () => void): void {
    const { stdin, stdout } = process;
    stdin.on('data', (data: Buffer) => {
      if (!typed(data)) stdin.pause();
    });
    // A terminal that is gone takes the session with it.
    stdin.on('end', () => (this.isTerminal ? this.onEnd() : ended()));
    stdin.on('error', () => this.onEnd());
    stdout.on('drain', drained);
    // Nobody reads on: `| head`.
    stdout.on('error', () => this.onEnd());
  }
  /** Reads on after pause(). */
  resume(): void {
    process.stdin.resume();
  }
  write(data: Buffer | string): boolean {
    return process.stdout.write(data);
  }

  /** Puts everything back as it was; the object is of no more use. */
  restore(): void {
    if (this.#raw) {
      this.#raw = false;
      process.stdin.setRawMode(false);
    }
    process.stdin.pause();
    for (const [signal, run] of this.#signals.splice(0)) process.off(signal, run);
    this.#forgetCrash();
  }
  /** A terminal that was closed cannot be set back, on which Node would abort: the process ends as one does that is hung up. */
  endIfGone(): void {
    if (this.isTerminal && !isatty(0)) process.kill(process.pid, 'SIGHUP');
  }
}
