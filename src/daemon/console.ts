// `ser2net console`: a terminal client for a port here or elsewhere. The terminal is in raw mode meanwhile, and as it was before
// afterwards, whatever happens.
import { closeSync, openSync, writeSync } from 'node:fs';
import { agreement } from '../attach/agreement.ts';
import { describe } from '../attach/attachment-spec.ts';
import { DEFAULT_ESCAPE, parseEscape } from '../attach/console/keys.ts';
import { type ConsoleLog, ConsoleSession } from '../attach/console/session.ts';
import { lineOfOptions, requestsFor } from '../attach/line.ts';
import { systemClock } from '../base/clock.ts';
import { fromSystemError, type GensioError } from '../base/gensio-error.ts';
import { noLog } from '../base/log.ts';
import { strerror } from '../base/strerror.ts';
import { Defaults } from '../config/defaults.ts';
import { parseStack } from '../config/gensio-str.ts';
import { type ParsedTarget, parseTarget, type Target, type TlsOptions, targetOfAccepter } from '../config/target.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { Builder } from '../gensio/registry.ts';
import { ATTACH, type LineWish } from '../options/attach.ts';
import { time } from '../options/kind.ts';
import { noFlags } from './command.ts';
import { makeReader } from './reader.ts';
import type { SubcommandIo, SubcommandOptions } from './subcommands.ts';

/** How long what was typed last may take to go out, ms. */
const FAREWELL_MS = 2000;

const textOf = (value: SubcommandOptions[string]): string | undefined => (typeof value === 'string' ? value : undefined);

interface Wish {
  readonly target: Target;
  readonly escape: number | 'none';
  readonly speed: LineWish | undefined;
  /** After the end of an input that is no terminal: how long to listen without hearing anything, ms. */
  readonly wait: number;
}

/** What the words mean; a text says what is wrong with them. */
export async function readConsoleWords(where: string, given: SubcommandOptions): Promise<Wish | string> {
  const tls: TlsOptions = {
    tlsCert: textOf(given.tlsCert),
    tlsKey: textOf(given.tlsKey),
    tlsCa: textOf(given.tlsCa),
    tlsAllow: textOf(given.tlsAllow),
  };
  const target = await findTarget(where, given, tls);
  if ('problem' in target) return target.problem;
  const escapeKey = given.escape === undefined ? DEFAULT_ESCAPE : parseEscape(String(given.escape));
  if (escapeKey === undefined) return `--escape: '${String(given.escape)}' is not a key such as ^], or none`;
  const speed = given.speed === undefined ? { ok: undefined } : ATTACH.speed.kind.parse(String(given.speed));
  if ('expected' in speed) return `--speed: '${String(given.speed)}' is not ${speed.expected}`;
  const wait = time('s').parse(textOf(given.wait) ?? '1');
  if ('expected' in wait) return `--wait: '${String(given.wait)}' is not ${wait.expected}`;
  return { target: target.ok, escape: escapeKey, speed: speed.ok ?? target.ok.options.speed, wait: wait.ok };
}

/** A URL, a connection of the configuration by its name, HOST:PORT or PORT, or a connector string. */
async function findTarget(where: string, given: SubcommandOptions, tls: TlsOptions): Promise<ParsedTarget> {
  const defaults = new Defaults();
  const file = textOf(given.config);
  if (where.includes('://')) return parseTarget(where, tls, defaults);
  const outcome = await makeReader({ ...noFlags('ser2net'), file }, { stdinDone: () => undefined }).read('start');
  if (outcome.kind === 'read') {
    const found = outcome.reading.config.connections.find(({ name }) => name === where)?.accepter.spec;
    if (found !== undefined) return targetOfAccepter(where, found, tls, defaults);
  } else if (file !== undefined) return { problem: outcome.text };
  const scheme = given.raw === true ? 'tcp' : 'rfc2217';
  if (/^[0-9]+$/.test(where)) return parseTarget(`${scheme}://localhost:${where}`, tls, defaults);
  if (/^(\[[^\]]+\]|[^:,/()\s]+):[^:,/()\s]+$/.test(where)) return parseTarget(`${scheme}://${where}`, tls, defaults);
  return parseTarget(where, tls, defaults);
}

/** Gives the exit code: 0 when the user ended it, 1 when there was no connection or it was lost. */
export async function runConsole(args: readonly string[], given: SubcommandOptions, io: SubcommandIo): Promise<number> {
  const [where = ''] = args;
  const wish = await readConsoleWords(where, given);
  if (typeof wish === 'string') {
    io.err(`ser2net console: ${wish}\n`);
    return 1;
  }
  const parse = (text: string, role: 'accepter' | 'connector') => parseStack(text, role, new Defaults()).spec;
  const alive = new MessageChannel().port1;
  alive.ref();
  const terminal = new Terminal();
  try {
    const gensio = new Builder({ clock: systemClock, log: noLog, lockDir: '/var/lock', parse }).connector(wish.target.spec);
    const err = await opened(gensio, terminal);
    if (err !== undefined) {
      io.err(`ser2net console: cannot connect to ${wish.target.text}: ${describe(err)}\n`);
      return 1;
    }
    const lost = await talk(gensio, terminal, wish, given);
    await closed(gensio);
    terminal.restore();
    if (lost !== undefined) io.err(`\nser2net console: lost ${wish.target.text}: ${describe(lost)}\n`);
    return lost === undefined ? 0 : 1;
  } catch (err) {
    terminal.restore();
    io.err(`ser2net console: ${describe(fromSystemError(err))}\n`);
    return 1;
  } finally {
    terminal.restore();
    alive.close();
  }
}

function opened(gensio: Gensio, terminal: Terminal): Promise<GensioError | undefined> {
  return new Promise((resolve) => {
    terminal.onEnd = () => {
      gensio.abort();
      resolve(fromSystemError(Object.assign(new Error('interrupted'), { code: 'EINTR' })));
    };
    gensio.up = { read: () => undefined, writable: () => undefined, closed: (err) => resolve(err ?? fromSystemError({ code: 'EPIPE' })) };
    gensio.open(resolve);
  });
}

function closed(gensio: Gensio): Promise<void> {
  return new Promise((resolve) => {
    const timer = systemClock.after(FAREWELL_MS, () => {
      gensio.abort();
      resolve();
    });
    gensio.up = {
      read: () => undefined,
      writable: () => undefined,
      closed: () => {
        timer.cancel();
        resolve();
      },
    };
    gensio.close();
    // One that is closed already says nothing more.
    if (gensio.queued() === 0) {
      timer.cancel();
      setImmediate(resolve);
    }
  });
}

/** Until the user quits, the input ends, or the connection is lost, which is what it gives then. */
function talk(gensio: Gensio, terminal: Terminal, wish: Wish, given: SubcommandOptions): Promise<GensioError | undefined> {
  return new Promise((resolve, reject) => {
    let heard = systemClock.now();
    const out = {
      write: (data: Buffer | string) => {
        heard = systemClock.now();
        return terminal.write(data);
      },
      say: (text: string) => {
        // Remarks are for people; a program gets what the port says, and nothing else.
        if (terminal.isTerminal) terminal.write(`\r\n[${text}]\r\n`);
      },
      openLog,
      ended: resolve,
    };
    const options = {
      escape: terminal.isTerminal ? wish.escape : ('none' as const),
      hex: given.hex === true,
      echo: given.echo === true,
      log: textOf(given.log),
      target: wish.target.text,
    };
    let session: ConsoleSession;
    terminal.onEnd = () => session.quit();
    try {
      terminal.makeRaw();
      session = new ConsoleSession(gensio, out, options);
      terminal.start(
        (data) => session.typed(data),
        () => session.drained(),
        () => {
          const look = (): void => {
            const left = wish.wait - (systemClock.now() - heard);
            if (left <= 0 && gensio.queued() === 0) session.quit();
            else systemClock.after(Math.max(left, 20), look);
          };
          heard = systemClock.now();
          look();
        },
      );
    } catch (err) {
      reject(err as Error);
      return;
    }
    session.drainedNetwork = () => terminal.resume();
    const { serial } = gensio;
    if (wish.speed === undefined || serial === undefined) return;
    const requests = requestsFor(lineOfOptions({ speed: wish.speed, flow: undefined }), undefined);
    agreement(
      serial,
      systemClock,
      () => undefined,
      () => {
        for (const { setting, value } of requests) serial.request(setting, value, () => undefined);
      },
    );
  });
}

function openLog(path: string): ConsoleLog {
  let fd: number;
  try {
    fd = openSync(path, 'a');
  } catch (err) {
    throw new Error(`cannot open ${path}: ${strerror(err)}`);
  }
  return {
    write(data) {
      try {
        writeSync(fd, data);
      } catch {
        // A full disk is no reason to end the conversation.
      }
    },
    close: () => closeSync(fd),
  };
}

/** Standard input and output of this process. */
class Terminal {
  readonly isTerminal = process.stdin.isTTY === true;
  /** TERM, HUP or INT came. */
  onEnd: () => void = () => undefined;
  #raw = false;
  readonly #signals: [NodeJS.Signals, () => void][] = [];
  /** A failure of our own must not leave the terminal raw. */
  readonly #crash = (err: unknown): void => {
    this.restore();
    process.stderr.write(`ser2net console: ${err instanceof Error ? err.stack : String(err)}\n`);
    process.exit(1);
  };

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
      process.stdin.setRawMode(true);
    });
    process.on('uncaughtException', this.#crash);
    process.on('unhandledRejection', this.#crash);
  }

  makeRaw(): void {
    if (!this.isTerminal) return;
    process.stdin.setRawMode(true);
    this.#raw = true;
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
  }
  resume(): void {
    process.stdin.resume();
  }
  write(data: Buffer | string): boolean {
    return process.stdout.write(data);
  }

  restore(): void {
    if (this.#raw) {
      this.#raw = false;
      process.stdin.setRawMode(false);
    }
    process.stdin.pause();
    for (const [signal, run] of this.#signals.splice(0)) process.off(signal, run);
    process.off('uncaughtException', this.#crash);
    process.off('unhandledRejection', this.#crash);
  }
}
