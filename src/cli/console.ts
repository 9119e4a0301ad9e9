// `ser2net console`: a terminal client for local and remote ports.
import { closeSync, openSync, writeSync } from 'node:fs';
import { describe } from '../attach/attachment-spec.ts';
import { awaitRfc2217 } from '../attach/await-rfc2217.ts';
import { Backoff } from '../attach/backoff.ts';
import { ProvenConnection } from '../attach/console/proven.ts';
import { type ConsoleLog, ConsoleSession } from '../attach/console/session.ts';
import { lineOfOptions, requestsFor } from '../attach/line.ts';
import { tlsAdvice } from '../attach/tls-advice.ts';
import { systemClock, type Timer } from '../base/clock.ts';
import { LOCK_DIR } from '../base/devices.ts';
import { GensioError } from '../base/gensio-error.ts';
import { noLog } from '../base/log.ts';
import { strerror } from '../base/strerror.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { Builder } from '../gensio/registry.ts';
import type { LineWish } from '../options/attach.ts';
import { keepAlive } from '../system/this-process.ts';
import { type ConsoleRequest, connectorFor, parseConsoleArgs } from './console-target.ts';
import { startTransfer } from './file-transfer.ts';
import { type SubcommandIo, type SubcommandOptions, textOption } from './subcommand.ts';
import { Terminal } from './terminal.ts';

/** How long what was typed last may take to go out, ms. */
const FAREWELL_MS = 2000;
/** How long one attempt to connect again may take, ms, and the waits between them. */
const CONNECT_MS = 10_000;
const RETRY = { first: 500, max: 10_000, random: Math.random };

/** Gives the exit code: 0 when the user ended it, 1 when there was no connection or it was lost. */
export async function runConsole(args: readonly string[], given: SubcommandOptions, io: SubcommandIo): Promise<number> {
  const [where = ''] = args;
  const request = await parseConsoleArgs(where, given);
  if (typeof request === 'string') {
    io.err(`ser2net console: ${request}\n`);
    return 1;
  }
  const builder = new Builder({ clock: systemClock, log: noLog, lockDir: LOCK_DIR });
  const connect = (): ProvenConnection => new ProvenConnection(connectorFor(request, builder), systemClock);
  const whyNot: WhyNot = (err, gensio) => {
    const advice = gensio.isProven ? undefined : tlsAdvice(err, request.target, gensio.isUnproven, '--');
    return advice === undefined ? describe(err) : `${describe(err)}; ${advice}`;
  };
  const letEnd = keepAlive();
  const past = given.history === undefined ? undefined : await (await import('./port-stream.ts')).wantedHistory(where, given);
  if (typeof past === 'string') {
    io.err(`ser2net console: ${past}\n`);
    letEnd();
    return 1;
  }
  const terminal = new Terminal();
  try {
    if (past !== undefined) terminal.write(past);
    const gensio = await reach(
      connect,
      terminal,
      (err, failed, again) => {
        io.err(`ser2net console: cannot connect to ${request.target.text}: ${whyNot(err, failed)}${again ? '; retrying' : ''}\n`);
      },
      given.reconnect === true,
    );
    if (gensio === undefined) return 1;
    const lost = await talk(gensio, connect, terminal, request, given, whyNot);
    terminal.restore();
    if (lost !== undefined) io.err(`\nser2net console: connection to ${request.target.text} lost: ${lost}\n`);
    return lost === undefined ? 0 : 1;
  } catch (err) {
    terminal.restore();
    io.err(`ser2net console: ${err instanceof GensioError ? describe(err) : (err as Error).message}\n`);
    return 1;
  } finally {
    terminal.restore();
    terminal.endIfGone();
    letEnd();
  }
}

/** Why there is no connection, in words. */
type WhyNot = (err: GensioError, gensio: ProvenConnection) => string;

/** The first connection; with again it is tried until it works. `undefined` if there is none, which failed() was told. */
async function reach(
  connect: () => ProvenConnection,
  terminal: Terminal,
  failed: (err: GensioError, gensio: ProvenConnection, again: boolean) => void,
  again: boolean,
): Promise<ProvenConnection | undefined> {
  const backoff = new Backoff(RETRY);
  for (let first = true; ; first = false) {
    const gensio = connect();
    const err = await opened(gensio, terminal);
    if (err === undefined) return gensio;
    const over = !again || err.code === 'interrupted';
    if (first || over) failed(err, gensio, !over);
    if (over) return undefined;
    const enough = await new Promise<boolean>((resolve) => {
      const timer = systemClock.after(backoff.next(), () => resolve(false));
      terminal.onEnd = () => {
        timer.cancel();
        resolve(true);
      };
    });
    if (enough) return undefined;
  }
}

/** Until it is open, or failed, or the user has enough. */
function opened(gensio: Gensio, terminal?: Terminal): Promise<GensioError | undefined> {
  return new Promise((resolve) => {
    if (terminal !== undefined)
      terminal.onEnd = () => {
        resolve(new GensioError('interrupted'));
        gensio.abort();
      };
    gensio.up = { read: () => undefined, writable: () => undefined, closed: (err) => resolve(err ?? new GensioError('remclose')) };
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
    if (gensio.bufferedBytes() === 0) {
      timer.cancel();
      setImmediate(resolve);
    }
  });
}

/** Until the user quits, the input ends, or the connection is lost for good: then it gives the reason. */
async function talk(
  first: ProvenConnection,
  connect: () => ProvenConnection,
  terminal: Terminal,
  request: ConsoleRequest,
  given: SubcommandOptions,
  whyNot: WhyNot,
): Promise<string | undefined> {
  let gensio = first;
  const ended = new Promise<string | undefined>((resolve, reject) => {
    let heard = systemClock.now();
    /** Whether the terminal is at the beginning of a line. */
    let fresh = true;
    const freshly = (text: string): void => void terminal.write(`${fresh ? '' : '\r\n'}${text}`);
    const again = terminal.isTerminal && given.reconnect === true ? new Reconnect(connect, (next) => join(next)) : undefined;
    const out = {
      write: (data: Buffer | string) => {
        heard = systemClock.now();
        if (data.length > 0) fresh = data.at(-1) === (typeof data === 'string' ? '\n' : 10);
        return terminal.write(data);
      },
      say: (text: string) => {
        // Remarks are for people; a program gets what the port says, and nothing else.
        if (!terminal.isTerminal) return;
        freshly(`[${text}]\r\n`);
        fresh = true;
      },
      ask: (question: string) => {
        freshly(`[${question}: `);
        fresh = false;
      },
      now: () => systemClock.wall(),
      transfer: startTransfer,
      openLog,
      explain: (err: GensioError) => whyNot(err, gensio),
      ...(again && {
        lost: () => {
          gensio.abort();
          again.start();
        },
      }),
      ended: (err: GensioError | undefined) => {
        again?.stop();
        resolve(err && whyNot(err, gensio));
      },
    };
    const options = {
      escape: terminal.isTerminal ? request.escape : ('none' as const),
      hex: given.hex === true,
      echo: given.echo === true,
      timestamps: given.timestamps === true,
      mappings: request.mappings,
      log: textOption(given.log),
      target: request.target.text,
    };
    let session: ConsoleSession;
    const join = (next: ProvenConnection): void => {
      gensio = next;
      session.join(next);
      askFor(session.line ?? request.speed, next);
    };
    terminal.onEnd = () => session.quit();
    try {
      terminal.makeRaw();
      session = new ConsoleSession(gensio, out, options);
      terminal.start(
        (data) => session.typed(data),
        () => session.drained(),
        () => {
          const look = (): void => {
            const left = request.wait - (systemClock.now() - heard);
            if (left <= 0 && gensio.bufferedBytes() === 0) session.quit();
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
    askFor(request.speed, gensio);
  });
  try {
    return await ended;
  } finally {
    await closed(gensio);
  }
}

/** Connects again and again after a loss, until it works or stop() is called. */
class Reconnect {
  readonly #connect: () => ProvenConnection;
  readonly #joined: (gensio: ProvenConnection) => void;
  readonly #backoff = new Backoff(RETRY);
  #timer: Timer | undefined;
  #attempt: Gensio | undefined;
  #over = false;
  constructor(connect: () => ProvenConnection, joined: (gensio: ProvenConnection) => void) {
    this.#connect = connect;
    this.#joined = joined;
  }
  start(): void {
    this.#timer = systemClock.after(this.#backoff.next(), () => {
      const gensio = this.#connect();
      this.#attempt = gensio;
      const limit = systemClock.after(CONNECT_MS, () => gensio.abort());
      void opened(gensio).then((err) => {
        limit.cancel();
        if (this.#over) return;
        this.#attempt = undefined;
        if (err !== undefined) {
          gensio.abort();
          return this.start();
        }
        this.#backoff.reset();
        this.#joined(gensio);
      });
    });
  }
  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#attempt?.abort();
  }
}

/** Requests line settings from the server as soon as it accepts requests. */
function askFor(line: LineWish | undefined, { serial }: Gensio): void {
  if (line === undefined || serial === undefined) return;
  const requests = requestsFor(lineOfOptions({ speed: line, flow: undefined }), undefined);
  awaitRfc2217(
    serial,
    systemClock,
    () => undefined,
    () => {
      for (const { item, value } of requests) serial.set(item, value, () => undefined);
    },
  );
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
