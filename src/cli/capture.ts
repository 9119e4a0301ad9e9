// `ser2net capture`: what happens at a port, as Wireshark reads it, live or into a file.
import { closeSync, writeSync } from 'node:fs';
import { describe } from '../attach/attachment-spec.ts';
import { systemClock } from '../base/clock.ts';
import { LOCK_DIR } from '../base/devices.ts';
import { noLog } from '../base/log.ts';
import { openFile } from '../base/safe-file.ts';
import { strerror } from '../base/strerror.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { Builder } from '../gensio/registry.ts';
import { EVENT, packetBlock, sectionHeader } from '../record/pcapng.ts';
import { errorsOf, linesOf, modemText } from '../record/port-notes.ts';
import { Stamp } from '../record/stamp.ts';
import { keepAlive } from '../system/this-process.ts';
import { connectorFor, parseConsoleArgs } from './console-target.ts';
import type { ControlFlags } from './control.ts';
import { hostAndPort } from './host-and-port.ts';
import { askForCapture } from './port-stream.ts';
import type { SubcommandIo, SubcommandOptions } from './subcommand.ts';

const FILE_MODE = 0o640;
const NOTHING = Buffer.alloc(0);

/** Where a capture goes. */
interface Sink {
  /** Whole blocks. false: it takes no more until drained(). */
  write(blocks: Buffer): boolean;
  /** Called when it takes more again. */
  drained: () => void;
  /** Called once when it takes nothing more at all; `undefined`: nobody reads on. */
  failed: (why: string | undefined) => void;
  close(): void;
}

function fileSink(path: string): Sink {
  const fd = openFile(path, 'replace', { links: true, mode: FILE_MODE });
  const sink: Sink = {
    write: (blocks) => {
      try {
        for (let at = 0; at < blocks.length; ) at += writeSync(fd, blocks, at);
      } catch (err) {
        sink.failed(`cannot write to ${path}: ${strerror(err)}`);
      }
      return true;
    },
    drained: () => undefined,
    failed: () => undefined,
    close: () => closeSync(fd),
  };
  return sink;
}

function stdoutSink(): Sink {
  const { stdout } = process;
  const sink: Sink = {
    write: (blocks) => stdout.write(blocks),
    drained: () => undefined,
    failed: () => undefined,
    close: () => undefined,
  };
  stdout.on('drain', () => sink.drained());
  stdout.once('error', () => sink.failed(undefined));
  return sink;
}

/** Captures until it is ended. Gives the exit status: 0 after TERM, INT or the end of whoever reads it; 1 for trouble. */
export async function capture(where: string, given: SubcommandOptions, flags: ControlFlags, io: SubcommandIo): Promise<number> {
  const fail = (why: string): number => {
    io.err(`ser2net capture: ${why}\n`);
    return 1;
  };
  const file = typeof given.write === 'string' && given.write !== '-' ? given.write : undefined;
  if (file === undefined && process.stdout.isTTY) {
    return fail(`not to a terminal: use -w FILE, or a pipe such as: ser2net capture ${where} | wireshark -k -i -`);
  }
  let sink: Sink;
  try {
    sink = file === undefined ? stdoutSink() : fileSink(file);
  } catch (err) {
    const { errno, message } = err as NodeJS.ErrnoException;
    return fail(`${file}: ${errno === undefined ? message : strerror(err)}`);
  }
  const letEnd = keepAlive();
  let gensio: Gensio | string | undefined;
  try {
    return await new Promise<number>((finish) => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => finish(0));
      sink.failed = (why) => finish(why === undefined ? 0 : fail(why));
      sink.drained = () => typeof gensio === 'object' && gensio.setReading(true);
      const put = (blocks: Buffer): void => {
        // Copied: what was read is only borrowed.
        if (!sink.write(Buffer.from(blocks)) && typeof gensio === 'object') gensio.setReading(false);
      };
      const lost = (why: string | undefined): void => finish(fail(why ?? 'the connection was closed'));
      const begin =
        where.includes('://') || hostAndPort(where) !== undefined
          ? asClient(where, given, put, lost)
          : askForCapture(where, false, flags, { blocks: put, ended: lost });
      void begin.then((got) => {
        gensio = got;
        if (typeof got === 'string') finish(fail(got));
      });
    });
  } finally {
    if (typeof gensio === 'object') gensio.abort();
    sink.close();
    letEnd();
  }
}

/** Connects as any client does, and captures what it sees. Gives the connection, or why there is none. */
async function asClient(
  where: string,
  given: SubcommandOptions,
  put: (blocks: Buffer) => void,
  lost: (why: string) => void,
): Promise<Gensio | string> {
  const request = await parseConsoleArgs(where, given);
  if (typeof request === 'string') return request;
  const builder = new Builder({ clock: systemClock, log: noLog, lockDir: LOCK_DIR });
  const gensio = connectorFor(request, builder);
  const stamp = new Stamp(systemClock);
  let lines = 0;
  const say = (event: number, data: Buffer, comment?: string): void => {
    stamp.sync();
    put(packetBlock({ time: stamp.now(), event, lines, data, comment }));
  };
  let isOpen = false;
  return new Promise((resolve) => {
    gensio.up = {
      read: (data) => say(EVENT.rx, data),
      writable: () => undefined,
      closed: (err) => {
        if (!isOpen) return;
        say(EVENT.complete, NOTHING, `closed${err === undefined ? '' : `: ${describe(err)}`}`);
        lost(err === undefined ? 'the connection was closed' : `connection to ${where} lost: ${describe(err)}`);
      },
      event: (event) => {
        if (event.on === 'modemstate') {
          lines = linesOf(event.state, lines);
          say(EVENT.status, NOTHING, modemText(event.state));
        } else if (event.on === 'linestate') for (const [what, text] of errorsOf(event.state)) say(what, NOTHING, text);
      },
    };
    gensio.open((err) => {
      if (err !== undefined) {
        gensio.abort();
        return resolve(`cannot connect to ${where}: ${describe(err)}`);
      }
      isOpen = true;
      put(sectionHeader(where, 'as a client', 'ser2net'));
      gensio.setReading(true);
      resolve(gensio);
    });
  });
}
