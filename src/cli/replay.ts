// `ser2net replay`: a recording becomes a device again.
import { closeSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { DeviceLink } from '../attach/device-link.ts';
import { NO_LINE } from '../attach/line.ts';
import { PtyMaster } from '../attach/pty-master.ts';
import { PtyOpenWatch } from '../attach/pty-open-watch.ts';
import { TermiosWatch } from '../attach/termios-watch.ts';
import { systemClock } from '../base/clock.ts';
import { GensioError } from '../base/gensio-error.ts';
import { libc } from '../base/libc.ts';
import { openFile } from '../base/safe-file.ts';
import { strerror } from '../base/strerror.ts';
import { EVENT } from '../record/pcapng.ts';
import { PcapngReader } from '../record/pcapng-reader.ts';
import { type Piece, Player, sleepExactly } from '../record/player.ts';
import { keepAlive, linkEnv } from '../system/this-process.ts';
import type { SubcommandIo, SubcommandOptions } from './subcommand.ts';

/** How much of the file is read at once, bytes. */
const WINDOW = 65536;

/** What the device said, piece by piece, out of an open file. raw: it is bytes and nothing else. The pieces are good until the next one. */
export function piecesOf(fd: number, raw: boolean): () => Piece | undefined {
  const window = Buffer.alloc(WINDOW);
  const reader = new PcapngReader();
  let ready: Piece[] = [];
  let next = 0;
  const more = (): boolean => {
    const n = readSync(fd, window);
    if (n === 0) return false;
    const data = window.subarray(0, n);
    ready = raw ? [{ time: 0, data }] : reader.push(data).filter(({ event, data }) => event === EVENT.rx && data.length > 0);
    next = 0;
    return true;
  };
  return () => {
    while (next >= ready.length) if (!more()) return undefined;
    return ready[next++];
  };
}

/** Why something failed, for people. */
function reason(err: unknown): string {
  if (err instanceof GensioError) return err.detail ?? err.message;
  return (err as NodeJS.ErrnoException).errno === undefined ? (err as Error).message : strerror(err);
}

/** Gives the exit status: 0 when it was played and nobody has the device open any more, or after TERM or INT; 1 for trouble. */
export async function replay(file: string, given: SubcommandOptions, io: SubcommandIo): Promise<number> {
  const fail = (text: string): number => {
    io.err(`ser2net replay: ${text}\n`);
    return 1;
  };
  const raw = file.endsWith('.raw');
  if (!raw && !file.endsWith('.pcapng')) return fail(`${file}: only recordings that end in .pcapng or .raw can be played`);
  const fullSpeed = raw || given.fullSpeed === true;
  const c = libc();
  if (c === undefined) return fail('needs the package koffi, which is not installed');
  let fd: number;
  try {
    fd = openFile(file, 'read', { links: true });
  } catch (err) {
    return fail(`${file}: ${reason(err)}`);
  }
  const letEnd = keepAlive();
  const link = typeof given.device === 'string' ? new DeviceLink(resolve(given.device), linkEnv()) : undefined;
  let pty: PtyMaster | undefined;
  let player: Player | undefined;
  try {
    const next = piecesOf(fd, raw);
    // What is no recording is told before there is a device.
    const first = next();
    if (first === undefined) return fail(`${file}: the device says nothing in it`);
    let before: Piece | undefined = first;
    return await new Promise<number>((finish) => {
      let played = false;
      const device = new PtyMaster(
        {
          // What programs write has nobody who reads it.
          read: () => undefined,
          writable: () => player?.writable(),
          settings: () => undefined,
          flushed: () => undefined,
          used: (open) => {
            if (open) player?.start();
            else if (played) finish(0);
          },
          failed: (err: GensioError) => finish(fail(reason(err))),
        },
        { owner: undefined, group: undefined, mode: undefined, line: NO_LINE },
        { clock: systemClock, libc: c, opens: new PtyOpenWatch(c, systemClock), settings: new TermiosWatch(c, systemClock) },
      );
      pty = device;
      player = new Player(
        () => {
          try {
            const piece = before ?? next();
            before = undefined;
            return piece;
          } catch (err) {
            finish(fail(`${file}: ${reason(err)}`));
            return undefined;
          }
        },
        {
          // A device talks on when nobody listens; but at full speed it waits.
          write: (data) => (device.used || fullSpeed ? device.write(data) : true),
          done: () => {
            played = true;
            if (!device.used) finish(0);
          },
        },
        systemClock,
        { fullSpeed, sleep: sleepExactly },
      );
      link?.point(device.path);
      device.setReading(true);
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => finish(0));
      io.out(`${link?.path ?? device.path}\n`);
    });
  } catch (err) {
    return fail(`${file}: ${reason(err)}`);
  } finally {
    player?.stop();
    link?.remove();
    pty?.close();
    closeSync(fd);
    letEnd();
  }
}
