// The layer stdio: a program run for each open, with its standard input and output as the peer; or the daemon's own.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { listenTo, nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { libc, SystemError } from '../../base/libc.ts';
import { strerror } from '../../base/strerror.ts';
import type { Termios } from '../../base/termios.ts';
import { printArgv } from '../../base/text.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { type Accepter, type AccepterUp, type Gensio, type GensioUp, nullUp } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { ByteStream, type ByteStreamUp } from '../uv-handle.ts';
import { FileGensio, kindOfDescriptor, openAgain, openTerminal } from './file.ts';

type Stdio = LayerOf<'stdio'>;

/** Time between asking a program to end and making it. */
const KILL_MS = 2000;

/** What address() says of the daemon's own input and output. */
const OWN = 'stdio(self)';
const addressOf = ({ opts, argv }: Stdio): string => (opts.self || opts.console ? OWN : `stdio,${printArgv(argv)}`);

/** Two streams, one for each direction, as one connection. */
class TwoStreams implements Gensio {
  readonly type = 'stdio';
  readonly #address: string;
  up: GensioUp = nullUp;
  #input!: ByteStream;
  #output!: ByteStream;
  #outputGone = false;
  #state: 'open' | 'closing' | 'gone' = 'open';
  /** close() waits for this, too: the end of the program. */
  #mayEnd: (ended: () => void) => void = (ended) => ended();
  #abort: () => void = () => undefined;
  /** Runs when it is over, whichever way. */
  #cleanUp: () => void = () => undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** make gives the streams; they report to what it is given. */
  attach(make: (input: ByteStreamUp, output: ByteStreamUp) => readonly [ByteStream, ByteStream]): void {
    [this.#input, this.#output] = make(
      {
        read: (data) => {
          if (this.#state === 'open') this.up.read(data);
        },
        writable: () => undefined,
        ended: () => this.#farEnd(),
        gone: (err) => this.#farEnd(err),
      },
      {
        read: () => undefined,
        writable: () => {
          if (this.#state === 'open') this.up.writable();
        },
        ended: () => undefined,
        gone: () => {
          // The peer takes no more; what it still says counts. A writer that waits is let go.
          this.#outputGone = true;
          if (this.#state === 'open') this.up.writable();
        },
      },
    );
  }
  onEnd(mayEnd: (ended: () => void) => void, abort: () => void, cleanUp: () => void = () => undefined): void {
    this.#mayEnd = mayEnd;
    this.#abort = abort;
    this.#cleanUp = cleanUp;
  }
  #farEnd(err?: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'gone';
    this.#release();
    this.up.closed(err === undefined || (err as NodeJS.ErrnoException).code === 'EIO' ? new GensioError('remclose') : fromSystemError(err));
  }
  #release(): void {
    this.#cleanUp();
    this.#input.destroy();
    this.#output.end(() => this.#output.destroy());
  }

  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => done());
  }
  write(data: Buffer): boolean {
    return this.#state !== 'open' || this.#outputGone || this.#output.write(data);
  }
  setReading(on: boolean): void {
    if (this.#state === 'open') this.#input.setReading(on);
  }
  detachBuffer(): void {
    this.#input.detachBuffer();
  }
  bufferedBytes(): number {
    return this.#output.bufferedBytes();
  }
  address(): string {
    return this.#address;
  }
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    // What the program still says is thrown away, or it might wait for a reader for ever.
    this.#input.detachBuffer();
    this.#input.setReading(true);
    this.#output.end(() => this.#mayEnd(() => this.#over()));
  }
  abort(): void {
    if (this.#state === 'gone') return;
    this.#state = 'closing';
    this.#abort();
    nextMicrotask(() => this.#over());
  }
  #over(): void {
    if (this.#state !== 'closing') return;
    this.#state = 'gone';
    this.#cleanUp();
    this.#input.destroy();
    this.#output.destroy();
    this.up.closed();
  }
}

/** A connection that ends as soon as it is read: what is left of a program that could not be run. */
class EndedGensio extends FileGensio {
  constructor(address: string) {
    super('stdio', address, { input: undefined, output: undefined, endCloses: true, readbuf: 16 });
  }
  override setReading(on: boolean): void {
    if (on) onImmediate(() => this.finish(new GensioError('remclose')));
  }
}

/** A program that runs, and its exit code, once known; 128 and the signal's number when one ended it, 127 when it never ran. */
interface Program {
  /** The program's standard input and output. */
  readonly gensio: Gensio;
  /** Calls done once, with the exit code; later if the program is still running. */
  exited(done: (code: number) => void): void;
}

/** Runs the program of a stdio layer. Its gensio is open. */
export function startProgram(spec: Stdio, env: GensioEnv): Program {
  const { argv, opts } = spec;
  const [program, ...args] = argv;
  const address = addressOf(spec);
  const never = (): Program => ({ gensio: new EndedGensio(address), exited: (done) => done(program === undefined ? 0 : 127) });
  if (program === undefined) return never();
  // Nobody reads a standard error of its own, so it gets none that could fill up. Merging needs a shell in between.
  const merged = opts.stderrToStdout;
  const child: ChildProcess = listenTo(
    merged
      ? spawn('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', ...argv], { cwd: opts.startDir, stdio: ['pipe', 'pipe', 'ignore'] })
      : spawn(program, args, { cwd: opts.startDir, stdio: ['pipe', 'pipe', opts.noredirStderr ? 'inherit' : 'ignore'] }),
  );
  // Where its words would be seen, so is this.
  child.on('error', (err) => env.log.log(opts.noredirStderr ? 'err' : 'info', `Err: ${program} ${strerror(err)}`));
  if (child.pid === undefined) return never();
  const gensio = new TwoStreams(address);
  gensio.attach((input, output) => [
    ByteStream.ofSocket(child.stdout as Socket, input),
    ByteStream.ofSocket(child.stdin as Socket, output),
  ]);
  let exited = false;
  let exitCode = 0;
  const waiting: (() => void)[] = [];
  child.once('exit', (code, signal) => {
    exited = true;
    exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    for (const run of waiting.splice(0)) run();
  });
  const end = (): void => {
    if (exited) return;
    child.kill('SIGTERM');
    env.clock.after(KILL_MS, () => {
      if (!exited) child.kill('SIGKILL');
    });
  };
  gensio.onEnd((ended) => {
    if (exited) ended();
    else waiting.push(ended);
  }, end);
  const exitedDone = (done: (code: number) => void): void => {
    if (exited) done(exitCode);
    else waiting.push(() => done(exitCode));
  };
  return { gensio, exited: exitedDone };
}

/** Puts a terminal in raw mode; gives the way back. Throws oserr when it is none. */
function makeRaw(fd: number): () => void {
  const c = libc();
  const before: Termios | SystemError | undefined = c?.getTermios(fd);
  if (c === undefined || before === undefined || before instanceof SystemError) throw new GensioError('oserr', 'raw needs a terminal');
  c.setTermios(fd, { ...before, iflag: 0, oflag: 0, lflag: 0 });
  return () => void c.setTermios(fd, before);
}

/** Over standard input and output, or the terminal. Throws a GensioError. */
function ownStreams(opts: Pick<Stdio['opts'], 'console' | 'raw' | 'readbuf'>): Gensio {
  // Beside a file the other one is read or written as a file is, and so must wait.
  const waits = kindOfDescriptor(0) === 'file' || kindOfDescriptor(1) === 'file';
  const input = opts.console ? openTerminal() : openAgain(0, 'r', waits);
  const output = opts.console ? openTerminal() : openAgain(1, 'w', waits);
  if (kindOfDescriptor(input) === 'file' || kindOfDescriptor(output) === 'file') {
    if (opts.raw) throw new GensioError('oserr', 'raw needs a terminal');
    return new FileGensio('stdio', OWN, { input, output, endCloses: true, readbuf: opts.readbuf });
  }
  const restore = opts.raw ? makeRaw(input) : () => undefined;
  const gensio = new TwoStreams(OWN);
  gensio.attach((inUp, outUp) => [ByteStream.ofDescriptor(input, inUp), ByteStream.ofDescriptor(output, outUp)]);
  gensio.onEnd(
    (ended) => ended(),
    () => undefined,
    restore,
  );
  return gensio;
}

/** Makes the layer `stdio`: this process's own input and output, or those of a program it runs. */
export const stdioConnector = (spec: Stdio, env: GensioEnv): Gensio =>
  new LazyConnector('stdio', addressOf(spec), (done) => {
    nextMicrotask(() => {
      let gensio: Gensio;
      try {
        gensio = spec.opts.self || spec.opts.console ? ownStreams(spec.opts) : startProgram(spec, env).gensio;
      } catch (err) {
        return done(fromSystemError(err));
      }
      done(undefined, gensio);
    });
    return { cancel: () => undefined };
  });

/** One connection, made at once, on the daemon's own standard input and output. */
export function stdioAccepter(spec: Stdio): Accepter {
  let up: AccepterUp = { accepted: () => undefined, failed: () => undefined };
  let given = false;
  return {
    type: 'stdio',
    get up() {
      return up;
    },
    set up(value: AccepterUp) {
      up = value;
    },
    listen(done) {
      nextMicrotask(() => {
        let gensio: Gensio | undefined;
        try {
          if (!given) gensio = ownStreams(spec.opts);
        } catch (err) {
          return done(fromSystemError(err));
        }
        given = true;
        done();
        if (gensio !== undefined) up.accepted(gensio);
      });
    },
    close: (done) => nextMicrotask(done),
    port: () => undefined,
  };
}
