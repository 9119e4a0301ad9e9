// The layer pty: a new pseudo terminal, its slave for another program, one run here or any that opens it.
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, readlinkSync, readSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { nextMicrotask, onImmediate } from '../../base/fault-domain.ts';
import { applyRights } from '../../base/file-rights.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { type Libc, libc, SystemError } from '../../base/libc.ts';
import { printArgv } from '../../base/text.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import { type Gensio, type GensioUp, nullUp } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import { ByteStream, type ByteStreamUp, TTY_READ } from '../uv-handle.ts';

type Pty = LayerOf<'pty'>;

/** The master side. */
class PtyGensio implements Gensio, ByteStreamUp {
  readonly type = 'pty';
  up: GensioUp = nullUp;
  readonly #bytes: ByteStream;
  readonly #address: string;
  readonly #cleanUp: () => void;
  #state: 'open' | 'closing' | 'gone' = 'open';
  #reading = false;
  #slaveClosed = false;

  constructor(fd: number, address: string, cleanUp: () => void) {
    this.#address = address;
    this.#cleanUp = cleanUp;
    this.#bytes = ByteStream.ofDescriptor(fd, this);
  }
  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => done());
  }
  write(data: Buffer): boolean {
    return this.#state !== 'open' || this.#bytes.write(data);
  }
  setReading(on: boolean): void {
    this.#reading = on;
    if (this.#state !== 'open') return;
    if (!this.#slaveClosed) this.#bytes.setReading(on);
    else if (on) onImmediate(() => this.#drain());
  }
  detachBuffer(): void {
    this.#bytes.detachBuffer();
  }
  bufferedBytes(): number {
    return this.#bytes.bufferedBytes();
  }
  address(): string {
    return this.#address;
  }
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#bytes.setReading(false);
    this.#bytes.end(() => this.#bytes.destroy());
  }
  abort(): void {
    if (this.#state === 'gone') return;
    this.#state = 'closing';
    this.#bytes.destroy();
  }
  read(data: Buffer): void {
    if (this.#state === 'open') this.up.read(data);
  }
  writable(): void {
    if (this.#state === 'open') this.up.writable();
  }
  /** libuv takes a hang-up for the end although a terminal gives its last bytes piece by piece: they are fetched here. */
  ended(): void {
    if (this.#state !== 'open' || this.#slaveClosed) return;
    this.#slaveClosed = true;
    if (this.#reading) this.#drain();
  }
  #drain(): void {
    while (this.#state === 'open' && this.#reading) {
      const buffer = Buffer.allocUnsafe(TTY_READ);
      let n = 0;
      try {
        n = this.#bytes.fd === undefined ? 0 : readSync(this.#bytes.fd, buffer);
      } catch {
        // EIO: that was all. EAGAIN: somebody has opened it again; too late.
      }
      if (n === 0) return this.#bytes.destroy();
      this.up.read(buffer.subarray(0, n));
    }
  }
  /** The last user of the slave has closed it: the kernel says EIO. */
  gone(err?: Error): void {
    if (this.#state === 'gone') return;
    const asked = this.#state === 'closing';
    this.#state = 'gone';
    this.#cleanUp();
    const lost = err !== undefined && (err as NodeJS.ErrnoException).code !== 'EIO';
    this.up.closed(asked ? undefined : lost ? fromSystemError(err) : new GensioError('remclose'));
  }
}

/** Makes the link. An existing one is replaced in one step when forced. */
function makeLink(slave: string, link: string, force: boolean): void {
  if (!force) return symlinkSync(slave, link);
  const temporary = `${link}.new-${slave.replaceAll('/', '')}`;
  rmSync(temporary, { force: true });
  symlinkSync(slave, temporary);
  try {
    renameSync(temporary, link);
  } catch (err) {
    rmSync(temporary, { force: true });
    throw err;
  }
}
function removeLink(slave: string, link: string): void {
  try {
    // Somebody else may have taken the name since.
    if (readlinkSync(link) === slave) rmSync(link, { force: true });
  } catch {
    // It is gone already.
  }
}

/**
 * Runs a program with the slave as its controlling terminal: the shell is the leader of a new session, so the first terminal
 * it opens becomes that. A leading `-` asks for a login shell.
 */
function runOn(slave: string, { argv, opts }: Pty): void {
  const [program = '', ...args] = argv;
  const login = program.startsWith('-');
  const command = login ? [program.slice(1), '-l', ...args] : [program, ...args];
  const child = spawn('/bin/sh', ['-c', 'exec "$@" <>"$0" >&0 2>&0', slave, ...command], {
    cwd: opts.startDir,
    detached: true,
    stdio: 'ignore',
  });
  child.on('error', () => undefined);
  child.unref();
}

function openPty(spec: Pty, c: Libc): PtyGensio {
  const { opts, argv } = spec;
  const rights = [opts.umode, opts.gmode, opts.omode, opts.perm, opts.owner, opts.group];
  if (argv.length > 0 && rights.some((right) => right !== undefined)) {
    throw new GensioError('inconsistent', 'rights are for a terminal that other programs open');
  }
  const must = <T>(value: T | SystemError): T => {
    if (value instanceof SystemError) throw fromSystemError(value);
    return value;
  };
  const fd = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  let linked: string | undefined;
  let slave: string;
  try {
    must(c.unlockPty(fd));
    slave = `/dev/pts/${must(c.ptyNumber(fd))}`;
    if (opts.raw) must(c.setTermios(fd, { ...must(c.getTermios(fd)), iflag: 0, oflag: 0, lflag: 0 }));
    if (argv.length === 0) applyRights(slave, opts);
    if (opts.link !== undefined) {
      makeLink(slave, opts.link, opts.forcelink);
      linked = opts.link;
    }
    if (argv.length > 0) runOn(slave, spec);
  } catch (err) {
    closeSync(fd);
    throw fromSystemError(err);
  }
  return new PtyGensio(fd, argv.length > 0 ? printArgv(argv) : slave, () => {
    if (linked !== undefined) removeLink(slave, linked);
  });
}

/** Its address is its program, or the path of the slave where others are to open it. */
export const ptyConnector = (spec: Pty, _env: GensioEnv): Gensio =>
  new LazyConnector('pty', printArgv(spec.argv), (done) => {
    nextMicrotask(() => {
      const c = libc();
      if (c === undefined) return done(new GensioError('notsup', 'pty needs koffi'));
      let gensio: PtyGensio;
      try {
        gensio = openPty(spec, c);
      } catch (err) {
        return done(fromSystemError(err));
      }
      done(undefined, gensio);
    });
    return { cancel: () => undefined };
  });
