// Programs of a row: started with pipes or on a terminal of their own, watched for what they print, and always ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { openPty, type Pty, until } from '../rig/pty.ts';
import { PLACES } from './places.ts';

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written at the start; then its input ends. */
  readonly input?: string | Buffer;
  /** Takes its standard output instead of keeping it with what it prints. */
  readonly onOutput?: (data: Buffer) => void;
}

const PATH = PLACES.join(delimiter);
const KEPT = 200_000;

export class Running {
  readonly command: string;
  readonly child: ChildProcess;
  /** Exit code or name of the signal, when it has ended and its output was read. */
  ended: number | NodeJS.Signals | undefined;
  #output = '';
  #at = 0;
  readonly #pty: Pty | undefined;

  constructor(command: string, args: readonly string[], options: RunOptions, how: 'pipes' | 'terminal') {
    this.command = [command, ...args].join(' ');
    const env = { ...process.env, PATH, TERM: 'vt100', LC_ALL: 'C.UTF-8', NODE_OPTIONS: '', ...options.env };
    const cwd = options.cwd;
    if (how === 'pipes') {
      this.child = spawn(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    } else {
      this.#pty = openPty();
      const tty = this.#pty.slave!;
      this.#pty.master.onData = options.onOutput ?? ((data) => this.#add(data));
      const words = ['-c', '-w', 'sh', '-c', 'stty rows 24 cols 80; exec "$@"', 'sh', command, ...args];
      this.child = spawn('setsid', words, { env, cwd, stdio: [tty, tty, tty] });
    }
    this.child.stdout?.on('data', options.onOutput ?? ((data: Buffer) => this.#add(data)));
    this.child.stderr?.on('data', (data: Buffer) => this.#add(data));
    this.child.stdin?.on('error', () => undefined);
    this.child.on('error', (err) => {
      this.#add(Buffer.from(err.message));
      this.ended ??= 127;
    });
    this.child.on('close', (code, signal) => {
      this.ended ??= code ?? signal ?? 'SIGKILL';
    });
    if (options.input !== undefined) this.child.stdin?.end(options.input);
  }
  #add(data: Buffer): void {
    this.#output += data.toString('latin1');
    const over = this.#output.length - KEPT;
    if (over <= 0) return;
    this.#output = this.#output.slice(over);
    this.#at = Math.max(0, this.#at - over);
  }
  /** Standard output and error together (latin1), the last 200,000 characters. */
  get output(): string {
    return this.#output;
  }
  write(text: string | Buffer): void {
    if (this.#pty !== undefined) void this.#pty.master.write(text).catch(() => undefined);
    else this.child.stdin?.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }
  /** Ends its standard input. */
  end(): void {
    this.child.stdin?.end();
  }
  /** Waits for a text in what it prints and was not waited for yet; gives all up to its end. */
  async expect(what: string | RegExp, limitMs = 10_000): Promise<string> {
    const find = (): number => {
      const rest = this.#output.slice(this.#at);
      if (typeof what === 'string') return rest.includes(what) ? rest.indexOf(what) + what.length : -1;
      const found = what.exec(rest);
      return found === null ? -1 : found.index + found[0].length;
    };
    await until(`${what} from ${this.command}`, () => find() >= 0 || this.ended !== undefined, limitMs);
    const end = find();
    if (end < 0) throw new Error(`${this.command} ended (${this.ended}) before it said ${what}`);
    const got = this.#output.slice(this.#at, this.#at + end);
    this.#at += end;
    return got;
  }
  /** Waits for its end; gives the exit code. */
  async exit(limitMs = 20_000): Promise<number | NodeJS.Signals> {
    await until(`the end of ${this.command}`, () => this.ended !== undefined, limitMs);
    return this.ended!;
  }
  signal(signal: NodeJS.Signals): void {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, signal);
    } catch {
      // Gone already, or (a terminal's program before setsid) not a group yet.
      this.child.kill(signal);
    }
  }
  /** Asks it to end, and ends it when it does not. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.ended === undefined) this.signal(signal);
    try {
      await until('its end', () => this.ended !== undefined, 2000);
    } catch {
      this.signal('SIGKILL');
      await until('its end', () => this.ended !== undefined, 2000).catch(() => undefined);
    }
    // What it started may have stayed.
    this.signal('SIGKILL');
    if (this.#pty !== undefined) await this.#pty.close().catch(() => undefined);
  }
}
